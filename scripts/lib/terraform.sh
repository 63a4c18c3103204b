# `deploy.sh terraform`: writes a Terraform module that deploys a bundle to AWS Lambda.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root` and reads `dry_run`

# shellcheck source-path=SCRIPTDIR source=environment-file.sh
source "$root/scripts/lib/environment-file.sh"

readonly terraform_help="Usage: ./deploy.sh terraform [--out FOLDER] [--dist FOLDER] [--env FILE] [--dry-run]

Writes a Terraform module that deploys the bundle as ./deploy.sh lambda does: functions with versions and the alias live,
roles, an HTTP API or Function URLs, schedules, a queue and one for dead letters, and logs. The options of lambda are
variables of the module; variables.tf explains them. The command overwrites its own files and no others.

  --out FOLDER   where the module is written; deploy/out/terraform by default
  --dist FOLDER  the bundle; dist/ by default. The module reads the zips from there
  --env FILE     the variables of the functions, see below; they are written to environment.auto.tfvars.json
  --dry-run      print what would be written, write nothing

$environment_help

The module and its state are files that many people can read, so a secret itself is refused in the file of variables;
use the ARN of one. Keys of your own that encrypt secrets are named in kms_key_arns."

terraform_main() {
    local out=$root/deploy/out/terraform dist=$root/dist env_file='' dry_run=no work file
    iac_arguments terraform "$@"
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf '$work'" EXIT
    iac_bundle
    [[ -z $env_file ]] || iac_environment
    iac_endpoints >"$work/endpoints.json"
    terraform_variables >"$work/bundle.auto.tfvars.json"
    run mkdir -p "$out"
    for file in "$root"/deploy/terraform/*.tf "$work/endpoints.json" "$work/bundle.auto.tfvars.json"; do
        run cp "$file" "$out/"
    done
    if [[ -n $env_file ]]; then
        environment_all | jq '{environment: .}' >"$work/environment.auto.tfvars.json"
        run cp "$work/environment.auto.tfvars.json" "$out/"
    fi
    [[ $dry_run == no ]] || return 0
    say "terraform: the module is in $out"
    say "terraform: try   terraform -chdir=$(quoted "$out") init && terraform -chdir=$(quoted "$out") plan"
}

terraform_variables() {
    jq -n --arg bundle "$dist" '{bundle: $bundle}'
}

# MARK: - Shared with `sam`

# iac_arguments TARGET ARGUMENT...
iac_arguments() {
    local target=$1 help=${1}_help
    shift
    while (($# > 0)); do
        case $target:$1 in
        *:--out | *:--dist | *:--env | sam:--name | sam:--front | sam:--jwt-issuer | sam:--jwt-audience | sam:--deployment)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            iac_value "$1" "$2"
            shift
            ;;
        sam:--single) single=yes ;;
        sam:--queue) queue=yes ;;
        *:--dry-run) dry_run=yes ;;
        *:-h | *:--help)
            printf '%s\n' "${!help}"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
    have jq || fail 'jq is not on PATH; scripts/setup lambda installs it'
    [[ -z $env_file || -f $env_file ]] || wrong_usage "there is no file '$env_file'; --env takes a file of variables"
    [[ ! -e $out || -d $out ]] || wrong_usage "'$out' is not a folder"
    [[ -z ${issuer:-} && -z ${audiences:-} || ${issuer:-} =~ ^https://[^[:space:]]+$ && -n ${audiences:-} ]] ||
        wrong_usage '--jwt-issuer takes an https URL and needs --jwt-audience'
}

iac_value() {
    case $1 in
    --out) out=$2 ;;
    --dist) dist=$2 ;;
    --env) env_file=$2 ;;
    --name)
        name=$2
        [[ $name =~ ^[a-z][a-z0-9-]{0,18}[a-z0-9]$ ]] ||
            wrong_usage "--name takes 2 to 20 lower-case letters, digits and hyphens, not '$name'"
        ;;
    --front)
        front=$2
        [[ $front =~ ^(api|urls|none)$ ]] || wrong_usage "--front takes api, urls or none, not '$front'"
        ;;
    --jwt-issuer) issuer=$2 ;;
    --jwt-audience) audiences=$2 ;;
    --deployment)
        deployment=$2
        [[ $deployment =~ ^(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1|2|3|10)Minutes?|AllAtOnce)$ ]] ||
            wrong_usage "--deployment takes a kind of CodeDeploy such as Canary10Percent5Minutes, not '$deployment'"
        ;;
    esac
}

# Other tools read the zips from another folder, so the path is absolute.
iac_bundle() {
    if [[ $dry_run == yes && ! -d $dist ]]; then return; fi
    [[ -d $dist ]] || wrong_usage "there is no folder '$dist'; ./deploy.sh bundle makes a bundle in dist/"
    dist=$(cd "$dist" && pwd)
    [[ -f $dist/manifest.json && -d $dist/zip ]] || wrong_usage "'$dist' is no bundle; ./deploy.sh bundle makes one in dist/"
}

# Reads the file of variables and refuses secrets in it.
iac_environment() {
    local file plain
    environment_read "$env_file"
    for file in "$work"/environment/*.json; do
        [[ -f $file ]] || fail "'$env_file' has no variables"
        plain=$(environment_plain "$file" | paste -sd ' ')
        [[ -z $plain ]] ||
            fail "the file of variables contains the secret itself of: $plain. Store it in Secrets Manager or as a \
SecureString parameter, and write its ARN there"
    done
}

# Prints the list of endpoints in JSON.
iac_endpoints() {
    "$root/scripts/endpoints" --list | jq -Rn '[inputs / " " | {
        name: .[0],
        group: (if .[0] == "migrate" or .[0] == "createOperatorKey" then "owner" elif .[1] == "operatorOnly" then "operator" else "endpoints" end),
        methods: (if .[2] == "-" then [] else .[2] / "," end),
        timeout: (.[3] | tonumber)}]'
}
