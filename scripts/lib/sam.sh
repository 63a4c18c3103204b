# `deploy.sh sam`: writes an AWS SAM template that deploys a bundle to AWS Lambda.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root` and reads `dry_run`

# shellcheck source-path=SCRIPTDIR source=terraform.sh
source "$root/scripts/lib/terraform.sh"

readonly sam_help="Usage: ./deploy.sh sam [OPTION ...]

Writes template.yaml, an AWS SAM template that deploys the bundle as ./deploy.sh lambda does. The template has parameters
for memory, log retention, a VPC, a key of your own that encrypts secrets, and CORS.

  --out FOLDER    where the template is written; deploy/out/sam by default
  --dist FOLDER   the bundle; dist/ by default. The template reads the zips from there
  --env FILE      the variables of the functions, see below
  --name NAME     the name of the deployment; nofx by default
  --single        one function with the program nofx serves all routes
  --front api | urls | none
                  an HTTP API (the default), a Function URL per function, or only direct invocation
  --jwt-issuer URL --jwt-audience NAME[,NAME]
                  the HTTP API checks tokens before it calls a function. It then refuses API keys
  --queue         an SQS queue starts runWorker
  --deployment T  how calls move to a new version, by CodeDeploy: Canary10Percent5Minutes, Linear10PercentEvery1Minute,
                  ...; at once by default
  --dry-run       print what would be written, write nothing

$environment_help

Many people can read a template, so a secret itself is refused in the file of variables; use the ARN of one."

sam_main() {
    local out=$root/deploy/out/sam dist=$root/dist env_file='' dry_run=no work name=nofx single=no queue=no
    local front=api issuer='' audiences='' deployment=''
    iac_arguments sam "$@"
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf '$work'" EXIT
    iac_bundle
    [[ -z $env_file ]] || iac_environment
    sam_functions >"$work/functions.json"
    environment_check functions <(jq '[.[].variables] | max_by(map(utf8bytelength) | add) // {}' "$work/functions.json")
    {
        printf '# Written by ./deploy.sh sam. Change its options, or deploy/sam/template.jq, and run it again.\n'
        sam_template
    } >"$work/template.yaml"
    if [[ $dry_run == yes ]]; then
        cat "$work/template.yaml"
        return
    fi
    run mkdir -p "$out"
    run cp "$work/template.yaml" "$out/template.yaml"
    say "sam: the template is $out/template.yaml"
    say "sam: try   sam deploy --guided --capabilities CAPABILITY_NAMED_IAM --template-file $(quoted "$out/template.yaml")"
}

# Prints the functions with their routes and variables.
sam_functions() {
    environment_all >"$work/sections.json"
    iac_endpoints | jq --argjson single "$([[ $single == yes ]] && echo true || echo false)" \
        --slurpfile sections "$work/sections.json" '
        map(. + {routes: [.name as $name | .methods[] | {method: ., path: "/\($name)"}]})
        | if $single then map(select(.group != "endpoints")) + [{
            name: "nofx", group: "endpoints", timeout: 30,
            routes: ([{method: "GET", path: "/healthz"}, {method: "GET", path: "/readyz"}] + map(.routes[]))
        }] else . end
        | map(. + {variables: (($sections[0].all // {}) + ($sections[0][.group] // {}) + ($sections[0][.name] // {}))})'
}

sam_template() {
    local architecture=x86_64
    [[ ! -f $dist/manifest.json ]] || architecture=$(jq -r '.architecture // "x86_64"' "$dist/manifest.json")
    jq -r -L "$root/deploy/sam" --arg name "$name" --arg bundle "$dist" --arg architecture "$architecture" \
        --arg front "$front" --arg issuer "$issuer" --arg audiences "$audiences" --arg deployment "$deployment" \
        --argjson queue "$([[ $queue == yes ]] && echo true || echo false)" \
        "include \"yaml\"; ($(<"$root/deploy/sam/template.jq")) | yaml(\"\")" "$work/functions.json"
}
