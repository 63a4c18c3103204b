# Removes what a deployment no longer has, or all of it, for `deploy.sh lambda`.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lambda_main

# Deletes functions of the deployment that are not in its list: endpoints that no longer exist, and those that --single
# combines. Routes of the API were changed before.
lambda_remove_rest() {
    local function
    for function in $(lambda_deployed ''); do
        [[ " ${functions[*]} " == *" $function "* ]] || lambda_remove_function "$function"
    done
}

# Deletes a function with its versions, alias, permissions and URL.
lambda_remove_function() {
    remove lambda delete-function --function-name "$name-$1"
    say "lambda: $name-$1 deleted"
}

# Deletes everything that a deployment makes, in the reverse order. Secrets and the database stay.
lambda_destroy() {
    local function one
    lambda_read
    lambda_destroy_mappings
    lambda_destroy_schedules
    lambda_api_find
    if [[ -n $api_id ]]; then
        remove apigatewayv2 delete-api --api-id "$api_id"
        say "lambda: HTTP API $api_id deleted"
    fi
    for function in $(lambda_deployed ''); do
        lambda_remove_function "$function"
    done
    for one in endpoints operator owner scheduler; do
        lambda_destroy_role "$name-$region-$one"
    done
    for one in endpoints operator owner; do
        lambda_destroy_log_group "/aws/lambda/$name-$one"
    done
    lambda_destroy_queue work
    lambda_destroy_queue dead-letters
    if ((changed == 0)); then
        say "lambda: nothing is deployed under the name $name in $region"
    elif [[ $dry_run == no ]]; then
        say "lambda: nothing of $name is left in $region; the database and the secrets are as they were"
    fi
    say "lambda: try   ./deploy.sh lambda status --name $name --region $region"
}

lambda_destroy_mappings() {
    local id found=''
    look found lambda list-event-source-mappings \
        --event-source-arn "arn:$partition:sqs:$region:$account:$name-work" \
        --query "EventSourceMappings[?contains(FunctionArn, ':function:$name-runWorker')].UUID" || return 0
    for id in $(jq -r '.[]' <<<"$found"); do
        remove lambda delete-event-source-mapping --uuid "$id"
    done
}

# Some seconds pass until AWS has deleted a group with its schedules, so they are deleted first.
lambda_destroy_schedules() {
    local schedule found=''
    look found scheduler list-schedules --group-name "$name" --query 'Schedules[].Name' || return 0
    for schedule in $(jq -r '.[]' <<<"$found"); do
        remove scheduler delete-schedule --name "$schedule" --group-name "$name"
    done
    look found scheduler get-schedule-group --name "$name" || return 0
    remove scheduler delete-schedule-group --name "$name"
}

lambda_destroy_role() {
    local policies='' policy
    look policies iam list-role-policies --role-name "$1" --query PolicyNames || return 0
    for policy in $(jq -r '.[]' <<<"$policies"); do
        remove iam delete-role-policy --role-name "$1" --policy-name "$policy"
    done
    remove iam delete-role --role-name "$1"
}

lambda_destroy_log_group() {
    local found=''
    look found logs describe-log-groups --log-group-name-prefix "$1" --query "logGroups[?logGroupName=='$1'] | [0]" || return 0
    [[ -z $found || $found == null ]] || remove logs delete-log-group --log-group-name "$1"
}

lambda_destroy_queue() {
    local url=''
    look url sqs get-queue-url --queue-name "$name-$1" --query QueueUrl --output text || return 0
    lambda_owns_queue "$url" || return 0
    remove sqs delete-queue --queue-url "$url"
}
