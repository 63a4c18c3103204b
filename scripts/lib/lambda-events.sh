# What starts functions without a caller, for `deploy.sh lambda`: EventBridge schedules and the queue of the worker.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lambda_main

# MARK: - Schedules

lambda_schedules() {
    local function found=''
    lambda_group_has_functions operator || return 0
    look found scheduler get-schedule-group --name "$name" --query Arn ||
        change '' scheduler create-schedule-group --name "$name" --tags "Key=nofx-stack,Value=$name"
    lambda_schedule_policy >"$work/policy.json"
    lambda_role_with scheduler scheduler.amazonaws.com
    for function in "${functions[@]}"; do
        [[ -n ${schedules[$function]:-} ]] || continue
        lambda_failures
        lambda_schedule_of "${schedules[$function]}"
    done
}

# The schedules may start the functions that have one, whichever of them are deployed now.
lambda_schedule_policy() {
    printf '%s\n' "${!schedules[@]}" | LC_ALL=C sort | jq -R . |
        jq -s --arg start "arn:$partition:lambda:$region:$account:function:$name-" --arg alias "$lambda_alias" '{
            Version: "2012-10-17",
            Statement: [{Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: map("\($start)\(.):\($alias)")}]}'
}

# Lambda tries an event again once. If it fails then too, or is five minutes old, the event goes to the queue of dead
# letters; the next schedule comes in any case.
lambda_failures() {
    local now=''
    look now lambda get-function-event-invoke-config --function-name "$name-$function" --qualifier "$lambda_alias" \
        --query '[MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig.OnFailure.Destination]' || now=null
    if [[ $(jq -c . <<<"$now") != "[1,300,\"$dead_letters_arn\"]" ]]; then
        change '' lambda put-function-event-invoke-config --function-name "$name-$function" --qualifier "$lambda_alias" \
            --maximum-retry-attempts 1 --maximum-event-age-in-seconds 300 \
            --destination-config "OnFailure={Destination=$dead_letters_arn}" --query LastModified
    fi
}

# lambda_schedule_of EXPRESSION: makes, changes or deletes the schedule of `$function`.
lambda_schedule_of() {
    local now='' verb=create
    if look now scheduler get-schedule --name "$function" --group-name "$name"; then
        verb=update
    fi
    if [[ $1 == off ]]; then
        [[ $verb == create ]] || remove scheduler delete-schedule --name "$function" --group-name "$name"
        return
    fi
    jq -n --arg name "$function" --arg group "$name" --arg expression "$1" --arg role "$(lambda_role scheduler)" \
        --arg arn "arn:$partition:lambda:$region:$account:function:$name-$function:$lambda_alias" '{
            Name: $name, GroupName: $group, ScheduleExpression: $expression, State: "ENABLED",
            FlexibleTimeWindow: {Mode: "OFF"},
            Target: {Arn: $arn, RoleArn: $role, Input: "{}", RetryPolicy: {MaximumRetryAttempts: 0}}}' >"$work/schedule.json"
    if [[ $verb == update ]]; then
        jq '{Name, GroupName, ScheduleExpression, State, FlexibleTimeWindow, Target: (.Target | {
            Arn, RoleArn, Input, RetryPolicy: {MaximumRetryAttempts: .RetryPolicy.MaximumRetryAttempts}})}' \
            <<<"$now" >"$work/schedule.now.json"
        ! aws_same "$work/schedule.json" "$work/schedule.now.json" || return 0
    fi
    change_soon scheduler "$verb-schedule" --cli-input-json "file://$work/schedule.json" --query ScheduleArn
    say "lambda: $function starts by ${1}"
}

# MARK: - The queue

# A message stays invisible for six times as long as a call may take, so that a slow call and its retries do not overlap.
lambda_queue() {
    local found='' url='' mapping arn=arn:$partition:sqs:$region:$account:$name-work limit
    [[ " ${functions[*]} " == *' runWorker '* ]] || return 0
    look found lambda list-event-source-mappings --event-source-arn "$arn" \
        --query "EventSourceMappings[?contains(FunctionArn, ':function:$name-runWorker')] | [0]" || found=null
    if [[ $queue == no ]]; then
        ((${#chosen[@]} > 0)) || lambda_queue_remove
        return
    fi
    limit=$(jq .Timeout "$work/want/runWorker.json")
    lambda_queue_with work "$(jq -nc --arg dead "$dead_letters_arn" --arg seconds "$((limit * 6))" '{
        VisibilityTimeout: $seconds, SqsManagedSseEnabled: "true",
        RedrivePolicy: ({deadLetterTargetArn: $dead, maxReceiveCount: 5} | tojson)}')"
    if [[ $(jq -r '.UUID // ""' <<<"${found:-null}") == '' ]]; then
        change_soon lambda create-event-source-mapping --function-name "$name-runWorker:$lambda_alias" \
            --event-source-arn "$arn" --batch-size 10 --function-response-types ReportBatchItemFailures --query UUID
        say "lambda: messages in $name-work start runWorker"
    elif [[ $(jq -r '.FunctionResponseTypes // [] | join(",")' <<<"$found") != ReportBatchItemFailures ]]; then
        change '' lambda update-event-source-mapping --uuid "$(jq -r .UUID <<<"$found")" \
            --function-response-types ReportBatchItemFailures --query UUID
    fi
}

# Without --queue, a queue that has messages is kept.
lambda_queue_remove() {
    local url='' left=''
    if [[ $(jq -r '.UUID // ""' <<<"${found:-null}") != '' ]]; then
        remove lambda delete-event-source-mapping --uuid "$(jq -r .UUID <<<"$found")"
    fi
    look url sqs get-queue-url --queue-name "$name-work" --query QueueUrl --output text || return 0
    lambda_owns_queue "$url" || return 0
    look left sqs get-queue-attributes --queue-url "$url" --attribute-names ApproximateNumberOfMessages \
        --query Attributes.ApproximateNumberOfMessages --output text || return 0
    if [[ $left == 0 ]]; then
        remove sqs delete-queue --queue-url "$url"
    else
        say "warning: the queue $name-work has $left messages and starts nothing any more; destroy deletes it"
    fi
}
