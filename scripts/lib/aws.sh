# Calls the aws CLI for `deploy.sh lambda`: finds the account, tells absent resources from errors, prints in a dry run.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of the caller: work, region, dry_run, offline, answer, changed

# Chooses the region and checks the credentials.
aws_begin() {
    local caller='' tool
    for tool in aws jq; do
        have "$tool" || fail "$tool is not on PATH; scripts/setup lambda installs what ./deploy.sh lambda needs"
    done
    region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}}
    [[ -n $region ]] || fail 'no AWS region: set AWS_REGION, or name one with --region'
    export AWS_REGION=$region AWS_DEFAULT_REGION=$region AWS_DEFAULT_OUTPUT=json AWS_PAGER=''
    export AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-6}
    if caller=$(aws sts get-caller-identity --query '[Account, Arn]' --output text 2>"$work/error"); then
        read -r account caller <<<"$caller"
        partition=$(cut -d : -f 2 <<<"$caller")
        return
    fi
    if [[ $dry_run == yes ]]; then
        say "note: AWS was not asked ($(aws_error)); the commands are those of a first deployment"
        account=123456789012 offline=yes
    elif grep -qi 'locate credentials' "$work/error"; then
        fail 'no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure'
    else
        fail "AWS does not accept the credentials, or cannot be reached: $(aws_error)"
    fi
}

# Version 1 of the CLI sends the calls of SQS to Amazon in any case, unless the address is an argument.
aws() {
    local address=${AWS_ENDPOINT_URL_SQS:-${AWS_ENDPOINT_URL:-}}
    if [[ $1 == sqs && -n $address ]]; then
        command aws --endpoint-url "$address" "$@"
    else
        command aws "$@"
    fi
}

# look VARIABLE COMMAND...: stores the answer of a command that only reads. Returns 1 if there is no such resource.
look() {
    local -n look_answer=$1
    shift
    look_answer=''
    [[ $offline == no ]] || return 1
    if look_answer=$(aws "$@" 2>"$work/error"); then return 0; fi
    grep -qE '\((ResourceNotFoundException|NoSuchEntity|NotFoundException|404)\)|NonExistentQueue|QueueDoesNotExist' \
        "$work/error" || aws_failed "$@"
    return 1
}

# change PLACEHOLDER COMMAND...: runs a command that changes something and stores its answer in `answer`. A dry run
# prints the command, and the answer is the placeholder.
change() {
    local placeholder=$1
    shift
    changed=$((changed + 1))
    if [[ $dry_run == yes ]]; then
        printf 'aws %s\n' "$(quoted "$@")"
        answer=$placeholder
    else
        answer=$(aws "$@" 2>"$work/error") || aws_failed "$@"
    fi
}

# remove COMMAND...: as `change`, for a command that deletes something. That it is gone already is no error.
remove() {
    local ignored
    if [[ $dry_run == yes ]]; then
        change '' "$@"
    elif look ignored "$@"; then
        changed=$((changed + 1))
    fi
}

# change_soon COMMAND...: as `change`. A new role takes some seconds until other services know it.
change_soon() {
    local attempt
    if [[ $dry_run == no ]]; then
        for attempt in 1 2 3 4 5 6 7 8 9 10; do
            if answer=$(aws "$@" 2>"$work/error"); then
                changed=$((changed + 1))
                return
            fi
            grep -qE 'cannot be assumed|is not authorized to perform|execution role' "$work/error" || break
            say "lambda: waiting until AWS knows the new role ($attempt)"
            sleep 3
        done
        aws_failed "$@"
    fi
    change '' "$@"
}

aws_error() {
    tr '\n' ' ' <"$work/error" | sed -E 's/^ +//; s/ +$//'
}

# Arguments never contain secrets: those are in files.
aws_failed() {
    fail "aws $1 $2 failed: $(aws_error)"
}

# aws_same FILE FILE: whether two files have the same JSON, in any order of members.
aws_same() {
    cmp -s <(jq -S . "$1") <(jq -S . "$2")
}
