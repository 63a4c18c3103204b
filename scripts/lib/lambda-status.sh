# `deploy.sh lambda status`: prints what is deployed.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lambda_main

lambda_status() {
    local function
    lambda_read
    lambda_api_find
    if [[ -z $(lambda_deployed '') ]]; then
        say "lambda: nothing is deployed under the name $name in $region"
        say "lambda: try   ./deploy.sh lambda --name $name --region $region"
        return
    fi
    {
        printf 'FUNCTION\tVERSION\tCALLS TO A NEWER VERSION\tBUNDLE\tMEMORY\tLAST DEPLOYMENT\n'
        for function in $(lambda_deployed ''); do
            lambda_status_function "$function"
        done
    } | lambda_table
    [[ -z $api_id ]] || printf '\nHTTP API   %s\n' "$(lambda_api_url)"
    lambda_status_schedules
    lambda_status_queue work 'work queue'
    lambda_status_queue dead-letters 'dead letters'
}

# Prints lines of words between tabs as columns.
lambda_table() {
    awk -F '\t' '
        { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } columns = NF }
        END {
            for (row = 1; row <= NR; row++) {
                for (i = 1; i < columns; i++) printf "%-" width[i] + 2 "s", cell[row, i]
                print cell[row, columns]
            }
        }'
}

# Says whether the alias serves the same bytes as the zip in dist/.
lambda_status_function() {
    local alias sum='' file=$dist/zip/$1.zip
    alias=$(lambda_alias_of "$1")
    [[ ! -f $file ]] || sum=$(openssl dgst -sha256 -binary "$file" | base64 --wrap=0)
    jq -r --arg name "$name-$1" --argjson alias "$alias" --arg sum "$sum" '
        ($alias // {}) as $alias
        | (map(select(.FunctionName == $name and .Version == ($alias.FunctionVersion // "$LATEST")))[0] // {}) as $serves
        | [$name, ($alias.FunctionVersion // "no alias"),
            ($alias.RoutingConfig.AdditionalVersionWeights // {} | to_entries[0]
                | if . == null then "-" else "\(.value * 100) % to version \(.key)" end),
            (if $sum == "" then "-" elif $serves.CodeSha256 == $sum then "the same" else "differs" end),
            "\($serves.MemorySize // "-") MB", ($alias.Description // "-" | if . == "" then "-" else . end)]
        | join("\t")' "$work/all.json"
}

lambda_status_schedules() {
    local found='' schedule now=''
    look found scheduler list-schedules --group-name "$name" --query 'Schedules[].Name' || return 0
    for schedule in $(jq -r 'sort[]' <<<"$found"); do
        look now scheduler get-schedule --name "$schedule" --group-name "$name" \
            --query '[ScheduleExpression, State]' || continue
        printf 'schedule   %s: %s\n' "$schedule" "$(jq -r 'join(", ") | ascii_downcase' <<<"$now")"
    done
}

lambda_status_queue() {
    local url='' count=''
    look url sqs get-queue-url --queue-name "$name-$1" --query QueueUrl --output text || return 0
    look count sqs get-queue-attributes --queue-url "$url" --attribute-names ApproximateNumberOfMessages \
        --query Attributes.ApproximateNumberOfMessages --output text || return 0
    printf 'queue      %s: %s messages\n' "$name-$1" "$count"
}
