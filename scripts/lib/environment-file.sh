# Reads the file with the variables of functions for `deploy.sh lambda`, `terraform` and `sam`.
# shellcheck shell=bash disable=SC2154 # the caller sets `work`, a private folder for temporary files

# shellcheck disable=SC2034 # part of the help of the targets
readonly environment_help="The file of variables has lines NAME=value, and sections in brackets. Lines before the first section are for all
functions. A section names a group or functions, as in [runWorker deliverOutbox]; a function's own section wins over
its group's. The groups are:

  [endpoints]  all functions that serve HTTP requests; DATABASE_URL names the functions' role
  [operator]   runWorker, deliverOutbox and purge; DATABASE_URL names the operator's role
  [owner]      migrate and createOperatorKey; DATABASE_URL names the owner of the schema

A value can be the ARN of a secret in Secrets Manager or of a parameter in the SSM Parameter Store. The function then
reads the value when it starts, and only the roles of the functions that have it may read it:

  DATABASE_URL=arn:aws:secretsmanager:eu-central-1:123456789012:secret:nofx-app-a1b2c3
  DATABASE_URL=arn:aws:secretsmanager:eu-central-1:123456789012:secret:nofx-a1b2c3:url    (a member of a JSON secret)
  NOFX_JWT_SECRET=arn:aws:ssm:eu-central-1:123456789012:parameter/nofx/jwt-secret"

# Variables that Lambda sets, and that would choose another transport, endpoint or caller.
readonly environment_reserved='^(_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY.*|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|RUNTIME_DIR)|NOFX_FUNCTION|NOFX_TOKEN)$'

# Variables that contain a secret. DATABASE_URL and NOFX_SMTP_URL contain one only if they contain a password.
readonly environment_secret='^(NOFX_JWT_SECRET|NOFX_WEBHOOK_KEY|NOFX_SECRETS|[A-Z_]*_API_KEY)$'

# The name of a variable's secret in AWS: a secret with an optional JSON member, or a parameter.
readonly environment_reference='^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+(:[^:]*(:[^:]*(:[^:]*)?)?)?|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9/_.-]+)$'

# environment_read FILE: writes a JSON object for each section to $work/environment/<section>.json.
environment_read() {
    local file=$1 line number=0 section sections=(all) text name
    local -A seen=()
    mkdir -p "$work/environment"
    [[ -f $file && -r $file ]] || fail "cannot read the file of variables '$file'"
    while IFS= read -r line || [[ -n $line ]]; do
        number=$((number + 1))
        line=${line%$'\r'}
        case $line in
        '' | '#'*) ;;
        '['*) environment_section ;;
        *) environment_line ;;
        esac
    done <"$file"
    for text in "$work"/environment/*.list; do
        [[ -f $text ]] || continue
        name=$(basename "$text" .list)
        jq -Rs 'split("\u0000") | [range(0; length - 1; 2) as $i | {key: .[$i], value: .[$i + 1]}] | from_entries' \
            <"$text" >"$work/environment/$name.json"
        rm "$text"
    done
}

environment_section() {
    [[ $line =~ ^\[([A-Za-z]+( [A-Za-z]+)*)\]\ *$ ]] ||
        fail "$file:$number: a section is [endpoints], [operator], [owner] or [<names of functions>]"
    read -r -a sections <<<"${BASH_REMATCH[1]}"
    for section in "${sections[@]}"; do
        [[ $section =~ ^(endpoints|operator|owner|nofx)$ || -d $root/Functions/$section ]] ||
            fail "$file:$number: there is no group and no function '$section'"
    done
}

# Neither the line nor the value is printed, because it can be a secret.
environment_line() {
    local value
    [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || fail "$file:$number: the line is not NAME=value"
    name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    [[ ! $name =~ $environment_reserved ]] || fail "$file:$number: $name is set by Lambda, or has no use there"
    if [[ ${#value} -ge 2 && (${value:0:1} == '"' || ${value:0:1} == "'") && ${value: -1} == "${value:0:1}" ]]; then
        value=${value:1:-1}
    fi
    [[ $value != arn:*:secretsmanager:* && $value != arn:*:ssm:* || $value =~ $environment_reference ]] ||
        fail "$file:$number: $name is not a complete ARN of a secret or parameter; see --help"
    for section in "${sections[@]}"; do
        [[ -z ${seen[$section $name]:-} ]] || fail "$file:$number: $name is there twice for $section"
        seen[$section $name]=yes
        printf '%s\0%s\0' "$name" "$value" >>"$work/environment/$section.list"
    done
}

# environment_of FUNCTION GROUP: prints the variables of a function as a JSON object.
environment_of() {
    local part parts=()
    for part in all "$2" "$1"; do
        [[ ! -f $work/environment/$part.json ]] || parts+=("$work/environment/$part.json")
    done
    if ((${#parts[@]} == 0)); then
        printf '{}'
    else
        jq -s 'add' "${parts[@]}"
    fi
}

# environment_all: prints all sections, {"<section>": {"<name>": "<value>"}}.
environment_all() {
    local sections=("$work"/environment/*.json)
    if [[ -f ${sections[0]} ]]; then
        jq -n '[inputs | {(input_filename | split("/") | last | rtrimstr(".json")): .}] | add' "${sections[@]}"
    else
        printf '{}'
    fi
}

# environment_check NAME FILE: checks the variables of one function, a JSON object in FILE.
environment_check() {
    local bytes
    bytes=$(jq 'to_entries | map((.key | utf8bytelength) + (.value | utf8bytelength)) | add // 0' "$2")
    ((bytes <= 4096)) ||
        fail "the variables of $1 have $bytes bytes; Lambda allows 4096. Move large values to Secrets Manager"
}

# environment_plain FILE: prints the names of variables whose secret is written in the file itself.
environment_plain() {
    jq -r --arg reference "$environment_reference" --arg secret "$environment_secret" 'to_entries[]
        | select((.value | test($reference) | not) and .value != ""
            and ((.key | test($secret))
                or (.key == "DATABASE_URL" or .key == "NOFX_SMTP_URL")
                    and (.value | test("://[^/@]*:[^/@]+@|password=[^ ]"))))
        | .key' "$1"
}

# environment_references FILE: prints the ARNs that the variables of a function name, without the JSON member.
environment_references() {
    jq -r --arg reference "$environment_reference" '.[] | select(test($reference)) | split(":")[0:7] | join(":")' "$1" |
        LC_ALL=C sort -u
}
