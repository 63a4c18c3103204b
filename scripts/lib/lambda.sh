# `deploy.sh lambda`: deploys a bundle to AWS Lambda through the aws CLI.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root`; other files use the variables

for part in environment-file aws lambda-roles lambda-functions lambda-api lambda-events lambda-remove lambda-status; do
    # shellcheck source=/dev/null # each of them is checked by itself
    source "$root/scripts/lib/$part.sh"
done

readonly lambda_help="Usage: ./deploy.sh lambda [OPTION ...]              deploy, or bring a deployment up to date
       ./deploy.sh lambda --rollback [OPTION ...]   return to the state before the last deployment
       ./deploy.sh lambda status | destroy [--name NAME] [--region REGION] [--dry-run]

Deploys the bundle in dist/ to AWS Lambda. Each endpoint is a function NAME-<endpoint> with the runtime provided.al2023,
published versions and the alias live. An HTTP API has a route per endpoint; EventBridge schedules start runWorker,
deliverOutbox and purge. Roles may write to their own log group, read the secrets of their functions and send to the
queue for dead letters. The command can be run again at any time: it compares what AWS has with what you ask for, and
changes and uploads only what differs. It finds its resources by their names and by the tag nofx-stack.

What to deploy:
  --single               one function NAME-nofx with the program nofx serves all routes. runWorker, deliverOutbox, purge
                         and migrate are functions of their own in any case, because they have other roles
  --functions NAME,NAME  only these endpoints; other functions of the deployment stay as they are
  --dist FOLDER          the bundle; dist/ by default, which ./deploy.sh bundle fills
  --env FILE             the variables of the functions, see below. Without it, functions keep the variables they have
  --memory MB            memory of each function, 128 to 10240; 512 by default
  --retention DAYS       how long logs are kept; 30 by default
  --vpc-subnets ID,ID --vpc-security-groups ID,ID
                         run the functions in a VPC, for a database that the internet does not reach
  --keep N               published versions that each function keeps beside those in use; 3 by default

How callers reach it:
  --front api | urls | none
                         an HTTP API (the default), a Function URL per function, or only direct invocation
  --jwt-issuer URL --jwt-audience NAME[,NAME]
                         the HTTP API checks tokens before it calls a function. It then refuses API keys. The function
                         checks tokens itself in any case
  --cors-origin URL[,URL]
                         origins of web pages that may call the HTTP API
  --schedule NAME=EXPRESSION
                         when a function starts: 'rate(5 minutes)', 'cron(0 3 * * ? *)', or off; by default rate(1
                         minute) for runWorker and deliverOutbox, and rate(1 hour) for purge; several times
  --queue                an SQS queue NAME-work starts runWorker; failed messages end in the queue NAME-dead-letters

How versions change:
  --canary PERCENT       send 1 to 99 percent of the calls to the new version. Run the command again without it to send
                         all calls there
  --rollback             end a canary deployment, or point the alias of each function that the last deployment changed
                         to the version before

Where:
  --name NAME            the name of the deployment; nofx by default
  --region REGION        by default AWS_REGION, AWS_DEFAULT_REGION or the aws CLI's configuration
  --dry-run              print the commands that change something, and run only those that read

$environment_help"

lambda_main() {
    # Settings
    local action=deploy name=nofx region='' dist=$root/dist env_file='' memory=512 retention=30 keep=3 dry_run=no
    local single=no chosen=() subnets='' groups='' front=api issuer='' audiences='' origins='' canary=0 queue=no
    local -A schedules=([runWorker]='rate(1 minute)' [deliverOutbox]='rate(1 minute)' [purge]='rate(1 hour)')
    # What AWS says
    local work account='' partition=aws offline=no answer='' changed=0 uploaded=0 release
    # The functions, and for each of them its access, methods, time limit and group
    local functions=() api_id='' queue_arn='' dead_letters_arn=''
    local -A access=() methods=() limits=() group=()
    lambda_arguments "$@"
    lambda_check_arguments
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -rf '$work'" EXIT
    # What is wrong in the arguments and files is said before AWS is asked.
    lambda_select
    if [[ $action == deploy ]]; then
        lambda_check_bundle
        [[ -z $env_file ]] || environment_read "$env_file"
    fi
    aws_begin
    case $action in
    deploy) lambda_deploy ;;
    rollback) lambda_rollback ;;
    status) lambda_status ;;
    destroy) lambda_destroy ;;
    esac
}

# MARK: - Arguments

lambda_arguments() {
    local option given=()
    case ${1:-} in
    status | destroy)
        action=$1
        shift
        ;;
    esac
    while (($# > 0)); do
        given+=("$1")
        case $1 in
        --single) single=yes ;;
        --queue) queue=yes ;;
        --rollback) action=rollback ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$lambda_help"
            exit 0
            ;;
        --functions | --dist | --env | --memory | --retention | --vpc-subnets | --vpc-security-groups | --keep | \
            --front | --jwt-issuer | --jwt-audience | --cors-origin | --schedule | --canary | --name | --region)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            lambda_value "$1" "$2"
            shift
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
    for option in "${given[@]}"; do
        case $action:$option in
        deploy:* | *:--name | *:--region | *:--dry-run | rollback:--rollback | rollback:--functions) ;;
        *) wrong_usage "$option cannot be used with ${action/rollback/--rollback}" ;;
        esac
    done
}

lambda_value() {
    case $1 in
    --functions) IFS=, read -r -a chosen <<<"$2" ;;
    --dist) dist=$2 ;;
    --env) env_file=$2 ;;
    --memory) memory=$2 ;;
    --retention) retention=$2 ;;
    --vpc-subnets) subnets=$2 ;;
    --vpc-security-groups) groups=$2 ;;
    --keep) keep=$2 ;;
    --front) front=$2 ;;
    --jwt-issuer) issuer=$2 ;;
    --jwt-audience) audiences=$2 ;;
    --cors-origin) origins=$2 ;;
    --schedule) lambda_schedule "$2" ;;
    --canary)
        [[ $2 =~ ^[1-9][0-9]?$ ]] || wrong_usage "--canary takes 1 to 99, not '$2'"
        canary=$2
        ;;
    --name) name=$2 ;;
    --region) region=$2 ;;
    esac
}

lambda_schedule() {
    local function=${1%%=*} expression=${1#*=}
    [[ $1 == ?*=* && -n ${schedules[$function]:-} ]] ||
        wrong_usage "--schedule takes runWorker, deliverOutbox or purge with an expression, as in 'purge=rate(1 hour)', not '$1'"
    [[ $expression =~ ^(off|rate\([1-9][0-9]*\ (minutes?|hours?|days?)\)|cron\([^()]+\))$ ]] ||
        wrong_usage "--schedule $function takes 'rate(5 minutes)', 'cron(0 3 * * ? *)' or off, not '$expression'"
    schedules[$function]=$expression
}

lambda_check_arguments() {
    local days='1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653'
    [[ $name =~ ^[a-z][a-z0-9-]{0,19}$ && $name != *- ]] ||
        wrong_usage "--name takes up to 20 lower-case letters, digits and hyphens, not '$name'"
    [[ -z $region || $region =~ ^[a-z]{2}(-[a-z]+)+-[0-9]+$ ]] ||
        wrong_usage "--region takes a region such as eu-central-1, not '$region'"
    [[ $memory =~ ^[1-9][0-9]{2,4}$ && memory -ge 128 && memory -le 10240 ]] ||
        wrong_usage "--memory takes 128 to 10240, not '$memory'"
    [[ " $days " == *" $retention "* ]] ||
        wrong_usage "--retention takes one of the numbers of days that CloudWatch knows: $days"
    [[ $keep =~ ^[0-9]{1,3}$ ]] || wrong_usage "--keep takes a number up to 999, not '$keep'"
    [[ $front =~ ^(api|urls|none)$ ]] || wrong_usage "--front takes api, urls or none, not '$front'"
    [[ -z $subnets && -z $groups ||
        $subnets =~ ^subnet-[0-9a-f]+(,subnet-[0-9a-f]+)*$ && $groups =~ ^sg-[0-9a-f]+(,sg-[0-9a-f]+)*$ ]] ||
        wrong_usage '--vpc-subnets takes subnet-...,subnet-... and --vpc-security-groups takes sg-...,sg-...; both or none'
    [[ -z $issuer && -z $audiences || $issuer =~ ^https://[^[:space:]]+$ && -n $audiences ]] ||
        wrong_usage '--jwt-issuer takes an https URL and needs --jwt-audience'
    [[ -z $issuer && -z $origins || $front == api ]] || wrong_usage "--jwt-issuer and --cors-origin need --front api"
    [[ -z $env_file || -f $env_file ]] ||
        wrong_usage "there is no file '$env_file'; --env takes a file of variables"
}

# Reads the list of endpoints, and chooses the functions and their groups.
lambda_select() {
    local function words=()
    "$root/scripts/endpoints" --list >"$work/endpoints"
    while read -r -a words; do
        function=${words[0]}
        access[$function]=${words[1]} methods[$function]=${words[2]} limits[$function]=${words[3]}
        case $function:${words[1]} in
        migrate:* | createOperatorKey:*) group[$function]=owner ;;
        *:operatorOnly) group[$function]=operator ;;
        *) group[$function]=endpoints ;;
        esac
        [[ $single == yes && ${group[$function]} == endpoints ]] || functions+=("$function")
    done <"$work/endpoints"
    # The longest limit of an endpoint that it serves.
    limits[nofx]=30 group[nofx]=endpoints
    [[ $single == no ]] || functions=(nofx "${functions[@]}")
    for function in "${chosen[@]}"; do
        [[ " ${functions[*]} " == *" $function "* ]] ||
            wrong_usage "there is no function '$function'; the functions are: ${functions[*]}"
    done
    if ((${#chosen[@]} > 0)); then
        mapfile -t functions < <(printf '%s\n' "${chosen[@]}" | LC_ALL=C sort -u)
    fi
}

# MARK: - Deploying

lambda_deploy() {
    local function
    lambda_bundle
    lambda_read
    release=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    lambda_dead_letters
    lambda_roles
    for function in "${functions[@]}"; do
        lambda_function
    done
    lambda_front
    lambda_schedules
    lambda_queue
    if ((${#chosen[@]} == 0)); then lambda_remove_rest; fi
    if [[ $dry_run == yes ]]; then
        say "lambda: $changed commands would change something, $uploaded of them upload a function"
        return
    fi
    say "lambda: ${#functions[@]} functions, $uploaded uploaded, $changed changes"
    lambda_next
}

# Builds the bundle if there is none in dist/.
lambda_bundle() {
    [[ $dist == "$root/dist" && ! -f $dist/manifest.json ]] || return 0
    if [[ $dry_run == yes ]]; then
        run ./deploy.sh bundle
        dist=''
    else
        "$root/deploy.sh" bundle
        lambda_check_bundle
    fi
}

# The bundle must have a zip of each function. A missing bundle in dist/ is built later.
lambda_check_bundle() {
    local function
    [[ $dist != "$root/dist" || -f $dist/manifest.json ]] || return 0
    [[ -d $dist ]] || wrong_usage "there is no folder '$dist'; --dist takes the folder of a bundle"
    [[ -f $dist/manifest.json ]] || wrong_usage "'$dist' has no manifest.json; ./deploy.sh bundle makes a bundle in dist/"
    for function in "${functions[@]}"; do
        [[ -f $dist/zip/$function.zip ]] ||
            fail "'$dist' has no zip/$function.zip; run ./deploy.sh bundle, or name the functions with --functions"
    done
}

# Prints what the user does next.
lambda_next() {
    local example=createTeam url=''
    [[ " ${functions[*]} " == *" createTeam "* || $single == yes ]] || example=${functions[0]}
    if [[ -n ${group[migrate]:-} && " ${functions[*]} " == *' migrate '* ]]; then
        say "lambda: bring the database up to date:"
        say "    aws lambda invoke --region $region --function-name $name-migrate:live /dev/stdout"
    fi
    case $front in
    api) url="$(lambda_api_url)/$example" ;;
    urls) url="$(lambda_function_url "$([[ $single == yes ]] && printf nofx || printf '%s' "$example")")$example" ;;
    esac
    if [[ -n $url && ${group[$example]} == endpoints ]]; then
        say "lambda: try   curl -X POST $url -H \"Authorization: Bearer \$NOFX_TOKEN\" -d '{\"name\":\"Initech\"}'"
    else
        say "lambda: try   ./deploy.sh lambda status --name $name --region $region"
    fi
}
