# Roles, log groups and the queue of dead letters for `deploy.sh lambda`.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lambda_main

# Prints the ARN of a group's role. Names of roles are unique in an account, so they contain the region.
lambda_role() {
    printf 'arn:%s:iam::%s:role/%s-%s-%s' "$partition" "$account" "$name" "$region" "$1"
}

# Makes the log groups and roles of the groups that have functions.
lambda_roles() {
    local one function
    for one in endpoints operator owner; do
        : >"$work/references"
        mkdir -p "$work/variables"
        for function in "${functions[@]}"; do
            [[ ${group[$function]} == "$one" ]] || continue
            lambda_variables "$function" "$one"
        done
        lambda_group_has_functions "$one" || continue
        lambda_logs "$one"
        lambda_policy "$one" >"$work/policy.json"
        lambda_role_with "$one" lambda.amazonaws.com
    done
}

lambda_group_has_functions() {
    local function
    for function in "${functions[@]}"; do
        [[ ${group[$function]} != "$1" ]] || return 0
    done
    return 1
}

# Stores the variables of a function in $work/variables/. A plain secret works, but everyone who may read the function's
# configuration can read it.
lambda_variables() {
    local file=$work/variables/$1.json plain
    if [[ -n $env_file ]]; then
        environment_of "$1" "$2" >"$file"
    else
        lambda_latest "$1" | jq '.Environment.Variables // {}' >"$file"
    fi
    environment_check "$1" "$file"
    for plain in $(environment_plain "$file"); do
        [[ " ${warned:-} " != *" $plain "* ]] ||  continue
        warned="${warned:-} $plain"
        say "warning: the value of $plain is stored in the configuration of functions; an ARN of a secret keeps it out"
    done
    if [[ -n $env_file ]] && ! jq -e 'has("DATABASE_URL")' "$file" >/dev/null; then
        say "warning: $1 has no DATABASE_URL; it answers 500 misconfigured"
    fi
}

lambda_logs() {
    local group_name=/aws/lambda/$name-$1 found=''
    look found logs describe-log-groups --log-group-name-prefix "$group_name" \
        --query "logGroups[?logGroupName=='$group_name'] | [0]" || true
    if [[ -z $found || $found == null ]]; then
        change '' logs create-log-group --log-group-name "$group_name" --tags "nofx-stack=$name"
    fi
    if [[ $(jq -r '.retentionInDays // 0' <<<"${found:-null}") != "$retention" ]]; then
        change '' logs put-retention-policy --log-group-name "$group_name" --retention-in-days "$retention"
    fi
}

# Prints the policy of a group: its own logs, the secrets of its functions, and what the options ask for. With --functions
# the other functions of the group keep the rights that they need.
lambda_policy() {
    local function reference now='' source='' vpc=$subnets
    [[ $1 != operator || $queue != yes ]] || source=arn:$partition:sqs:$region:$account:$name-work
    if ((${#chosen[@]} > 0)) &&
        look now iam get-role-policy --role-name "$(basename "$(lambda_role "$1")")" --policy-name nofx; then
        [[ $now != *sqs:ReceiveMessage* ]] || source=arn:$partition:sqs:$region:$account:$name-work
        [[ $now != *ec2:CreateNetworkInterface* ]] || vpc=kept
    fi
    for function in "${functions[@]}" $(lambda_deployed "$1"); do
        [[ ${group[$function]:-} == "$1" ]] || continue
        [[ -f $work/variables/$function.json ]] ||
            lambda_latest "$function" | jq '.Environment.Variables // {}' >"$work/variables/$function.json"
        environment_references "$work/variables/$function.json"
    done | LC_ALL=C sort -u >"$work/references"
    : >"$work/keys"
    while read -r reference; do
        lambda_secret "$reference" >>"$work/keys"
    done <"$work/references"
    jq -n --arg logs "arn:$partition:logs:$region:$account:log-group:/aws/lambda/$name-$1:*" \
        --arg dead "$([[ $1 != operator ]] || printf '%s' "$dead_letters_arn")" \
        --arg work "$source" --arg vpc "$vpc" --rawfile references "$work/references" --rawfile keys "$work/keys" '
        def lines: split("\n") | map(select(. != "")) | unique;
        def allow(actions; resources): select(resources | length > 0)
            | {Effect: "Allow", Action: actions, Resource: resources};
        ($references | lines) as $all
        | {Version: "2012-10-17", Statement: [
            allow(["logs:CreateLogStream", "logs:PutLogEvents"]; [$logs]),
            allow(["secretsmanager:GetSecretValue"]; $all | map(select(test(":secretsmanager:")))),
            allow(["ssm:GetParameter"]; $all | map(select(test(":ssm:")))),
            allow(["kms:Decrypt"]; $keys | lines),
            allow(["sqs:SendMessage"]; [$dead] | map(select(. != ""))),
            allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]; [$work] | map(select(. != ""))),
            allow(["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
                "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"];
                [$vpc] | map(select(. != "") | "*"))
        ]}'
}

# Checks that a secret or parameter exists, and prints the ARN of the key that encrypts it. The keys that AWS manages need
# no right of their own.
lambda_secret() {
    local found='' key=''
    [[ $offline == no ]] || return 0
    case $1 in
    *:secretsmanager:*)
        look found secretsmanager describe-secret --region "$(cut -d : -f 4 <<<"$1")" --secret-id "$1" ||
            fail "there is no secret $1"
        [[ $(jq -r .ARN <<<"$found") == "$1" ]] ||
            fail "the ARN of the secret is $(jq -r .ARN <<<"$found"), with six characters at its end, not $1"
        key=$(jq -r '.KmsKeyId // ""' <<<"$found")
        ;;
    *)
        look found ssm describe-parameters --region "$(cut -d : -f 4 <<<"$1")" \
            --parameter-filters "Key=Name,Values=/${1#*:parameter/},${1#*:parameter/}" --query 'Parameters[0]' || true
        [[ -n $found && $found != null ]] || fail "there is no parameter $1"
        key=$(jq -r '.KeyId // ""' <<<"${found:-null}")
        ;;
    esac
    case $key in
    '' | alias/aws/*) ;;
    arn:*:key/*) printf '%s\n' "$key" ;;
    *)
        look found kms describe-key --key-id "$key" || fail "there is no key $key, which encrypts $1"
        jq -r .KeyMetadata.Arn <<<"$found"
        ;;
    esac
}

# lambda_role_with GROUP SERVICE: makes a role that SERVICE may take, with the policy in $work/policy.json.
lambda_role_with() {
    local role found='' policy=''
    role=$(basename "$(lambda_role "$1")")
    jq -n --arg service "$2" --arg account "$account" '{Version: "2012-10-17", Statement: [{Effect: "Allow",
        Principal: {Service: $service}, Action: "sts:AssumeRole"}
        + if $service == "scheduler.amazonaws.com" then {Condition: {StringEquals: {"aws:SourceAccount": $account}}}
            else {} end]}' >"$work/trust.json"
    if ! look found iam get-role --role-name "$role"; then
        change '' iam create-role --role-name "$role" --assume-role-policy-document "file://$work/trust.json" \
            --description "NOFX Control Plane: $1 of $name" --tags "Key=nofx-stack,Value=$name"
    fi
    if look policy iam get-role-policy --role-name "$role" --policy-name nofx; then
        jq .PolicyDocument <<<"$policy" >"$work/policy.now.json"
        ! aws_same "$work/policy.json" "$work/policy.now.json" || return 0
    fi
    change '' iam put-role-policy --role-name "$role" --policy-name nofx --policy-document "file://$work/policy.json"
}

# The queue of dead letters gets the events of schedules that failed, and messages that failed five times.
lambda_dead_letters() {
    lambda_group_has_functions operator || return 0
    lambda_queue_with dead-letters '{"MessageRetentionPeriod":"1209600","SqsManagedSseEnabled":"true"}'
    dead_letters_arn=arn:$partition:sqs:$region:$account:$name-dead-letters
}

# Whether a deployment with this name made a queue.
lambda_owns_queue() {
    local tags=''
    look tags sqs list-queue-tags --queue-url "$1" --query Tags || return 1
    jq -e --arg name "$name" '(. // {})."nofx-stack" == $name' <<<"${tags:-null}" >/dev/null
}

# lambda_queue_with NAME ATTRIBUTES: makes a queue, or changes the attributes that differ.
lambda_queue_with() {
    local url='' now=''
    printf '%s' "$2" >"$work/attributes.json"
    if ! look url sqs get-queue-url --queue-name "$name-$1" --query QueueUrl --output text; then
        change '' sqs create-queue --queue-name "$name-$1" --attributes "file://$work/attributes.json" \
            --tags "nofx-stack=$name"
        return
    fi
    lambda_owns_queue "$url" ||
        fail "the queue $name-$1 was not made by a deployment with the name $name; choose another --name"
    look now sqs get-queue-attributes --queue-url "$url" --attribute-names All --query Attributes || true
    printf '%s' "$now" | jq -e --slurpfile want "$work/attributes.json" '
        . as $now | $want[0] | to_entries | all(.key as $k | .value as $v
            | ($now[$k] // "" | try fromjson catch $v) == ($v | try fromjson catch $v))' >/dev/null ||
        change '' sqs set-queue-attributes --queue-url "$url" --attributes "file://$work/attributes.json"
}
