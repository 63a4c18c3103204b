# Functions, versions and aliases for `deploy.sh lambda`.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lambda_main

# The alias that all callers use.
readonly lambda_alias=live

# The part of a function's configuration that a deployment decides, from what AWS answers or what is wanted.
readonly lambda_shape='{Role, Runtime, Handler, MemorySize, Timeout, Description,
    Variables: (.Environment.Variables // {}),
    Subnets: ((.VpcConfig.SubnetIds // []) | sort), SecurityGroups: ((.VpcConfig.SecurityGroupIds // []) | sort)}'

# MARK: - What AWS has

# Stores all versions of all functions of this deployment in $work/all.json, and the aliases and permissions of each
# function in $work/aliases/ and $work/policies/.
lambda_read() {
    local all='' foreign wanted
    mkdir -p "$work/aliases" "$work/policies" "$work/want"
    look all lambda list-functions --function-version ALL --query Functions || all='[]'
    wanted=$(printf '%s\n' "${functions[@]}" | jq -R . | jq -s --arg name "$name" 'map("\($name)-\(.)")')
    printf '%s' "$all" >"$work/account.json"
    # The role tells to which deployment a function belongs.
    jq --arg role "^arn:[^:]*:iam::[0-9]*:role/$name-$region-(endpoints|operator|owner)$" \
        'map(select(.Role | test($role)))' "$work/account.json" >"$work/all.json"
    foreign=$(jq -r --argjson wanted "$wanted" --slurpfile own "$work/all.json" '
        map(.FunctionName) - ($own[0] | map(.FunctionName)) | unique | map(select(IN($wanted[]))) | join(", ")' \
        "$work/account.json")
    [[ -z $foreign ]] || fail "$foreign exists and belongs to no deployment named $name; choose another --name"
    [[ $offline == no ]] || return 0
    # Four at once: most of the time is the start of the aws CLI.
    # shellcheck disable=SC2016 # the inner shell expands its arguments
    lambda_deployed '' | xargs -P 4 -I '{}' bash -euc '
        aws lambda list-aliases --function-name "$1-$2" >"$3/aliases/$2.json"
        aws lambda get-policy --function-name "$1-$2" --qualifier live --query Policy --output text \
            >"$3/policies/$2.json" 2>/dev/null || : >"$3/policies/$2.json"
    ' bash "$name" '{}' "$work" 2>"$work/error" || fail "AWS did not list the aliases of the functions: $(aws_error)"
}

# lambda_deployed GROUP: prints the names of the functions that AWS has, without the name of the deployment. GROUP can
# be empty.
lambda_deployed() {
    jq -r --arg name "$name-" --arg role "${1:+-$1}" \
        'map(select(.Role | endswith($role))) | map(.FunctionName | ltrimstr($name))
        | unique[]' "$work/all.json"
}

# Prints the current configuration of a function, or null.
lambda_latest() {
    jq --arg name "$name-$1" 'map(select(.FunctionName == $name and .Version == "$LATEST"))[0]' "$work/all.json"
}

# Prints the alias of a function, or null.
lambda_alias_of() {
    if [[ -s $work/aliases/$1.json ]]; then
        jq --arg alias "$lambda_alias" '.Aliases | map(select(.Name == $alias))[0]' "$work/aliases/$1.json"
    else
        printf null
    fi
}

# Prints the newest version that equals the current state of a function, or nothing.
lambda_published() {
    jq -r --arg name "$name-$1" "def shape: $lambda_shape;"'
        map(select(.FunctionName == $name)) as $all
        | ($all | map(select(.Version == "$LATEST"))[0]) as $latest
        | $all | map(select(.Version != "$LATEST" and .CodeSha256 == $latest.CodeSha256
            and (shape == ($latest | shape)))) | map(.Version | tonumber) | max // empty' "$work/all.json"
}

# MARK: - Functions

# Makes `$function` or brings it up to date, publishes a version if something changed, and moves the alias.
lambda_function() {
    local full=$name-$function zip=$dist/zip/$function.zip want=$work/want/$function.json now version='' architecture sum=''
    now=$work/now.json
    architecture=$(lambda_architecture)
    [[ -z $dist ]] || sum=$(openssl dgst -sha256 -binary "$zip" | base64 --wrap=0)
    lambda_wanted "$architecture" >"$want"
    lambda_latest "$function" >"$now"
    if [[ $(<"$now") == null ]]; then
        change_soon lambda create-function --cli-input-json "file://$want" --zip-file "fileb://$zip" --publish \
            --query Version --output text
        version=${answer:-1}
        uploaded=$((uploaded + 1))
        [[ $dry_run == yes ]] || aws lambda wait function-active-v2 --function-name "$full"
        say "lambda: $full made"
    else
        lambda_update
    fi
    lambda_move_alias
    lambda_prune
}

# The architecture of the bundle, in Lambda's words.
lambda_architecture() {
    local found=x86_64
    [[ -z $dist ]] || found=$(jq -r '.architecture // "x86_64"' "$dist/manifest.json")
    printf '%s' "$found"
}

# Prints the arguments of create-function. The limit of a function is longer than that of its calls, so that the function
# itself ends a call that takes too long, with an answer. Lambda's own limit is 900 seconds.
lambda_wanted() {
    local limit
    limit=$(jq -r --arg usual "${limits[$function]}" \
        '(.NOFX_TIMEOUT_MS // "" | tonumber? / 1000 | ceil) // ($usual | tonumber) | [. + 5, 900] | min' \
        "$work/variables/$function.json")
    jq -n --arg name "$name-$function" --arg handler "$function" --arg role "$(lambda_role "${group[$function]}")" \
        --argjson memory "$memory" --argjson limit "$limit" --arg architecture "$1" --arg stack "$name" \
        --arg group "/aws/lambda/$name-${group[$function]}" --arg subnets "$subnets" --arg groups "$groups" \
        --slurpfile variables "$work/variables/$function.json" '{
            FunctionName: $name, Description: "NOFX Control Plane: \($handler)", Runtime: "provided.al2023",
            Handler: $handler, Role: $role, MemorySize: $memory, Timeout: $limit, Architectures: [$architecture],
            Environment: {Variables: $variables[0]}, LoggingConfig: {LogFormat: "Text", LogGroup: $group},
            Tags: {"nofx-stack": $stack}
        } + if $subnets == "" then {}
            else {VpcConfig: {SubnetIds: ($subnets / ","), SecurityGroupIds: ($groups / ",")}} end'
}

# Uploads the code and changes the configuration where they differ.
lambda_update() {
    local differs=no
    if [[ -n $sum ]] && ! jq -e --arg sum "$sum" --arg architecture "$architecture" \
        '.CodeSha256 == $sum and (.Architectures // ["x86_64"])[0] == $architecture' "$now" >/dev/null; then
        change '' lambda update-function-code --function-name "$full" --zip-file "fileb://$zip" \
            --architectures "$architecture" --query CodeSha256
        uploaded=$((uploaded + 1)) differs=yes
        lambda_settled
        say "lambda: $full uploaded"
    fi
    if ! cmp -s <(jq -S "$lambda_shape" "$now") <(jq -S "$lambda_shape" "$want"); then
        # An empty list takes a function out of its VPC.
        jq 'del(.Tags, .Architectures) | .VpcConfig //= {SubnetIds: [], SecurityGroupIds: []}' "$want" \
            >"$work/configuration.json"
        change '' lambda update-function-configuration --cli-input-json "file://$work/configuration.json" \
            --query LastModified
        differs=yes
        lambda_settled
        say "lambda: $full configured"
    fi
    if [[ $differs == no ]]; then version=$(lambda_published "$function"); fi
    if [[ -z $version ]]; then
        change NEW lambda publish-version --function-name "$full" --query Version --output text
        version=$answer
    fi
}

lambda_settled() {
    [[ $dry_run == yes ]] || aws lambda wait function-updated-v2 --function-name "$full"
}

# MARK: - Aliases

# An alias's description says what a rollback needs: which deployment moved it, and from which version.
lambda_move_alias() {
    local alias main weights=''
    alias=$(lambda_alias_of "$function")
    if [[ $alias == null ]]; then
        change '' lambda create-alias --function-name "$full" --name "$lambda_alias" --function-version "$version" \
            --description "release=$release" --query AliasArn
        return
    fi
    main=$(jq -r .FunctionVersion <<<"$alias")
    weights=$(jq -c '.RoutingConfig.AdditionalVersionWeights // {}' <<<"$alias")
    if ((canary > 0)) && [[ $main != "$version" ]]; then
        lambda_weigh
    elif [[ $main != "$version" || $weights != '{}' ]]; then
        change '' lambda update-alias --function-name "$full" --name "$lambda_alias" --function-version "$version" \
            --routing-config AdditionalVersionWeights='{}' --description "$(lambda_moved)" --query AliasArn
        say "lambda: $full:$lambda_alias is version $version"
    fi
}

lambda_moved() {
    if [[ $main == "$version" ]]; then
        jq -r '.Description // ""' <<<"$alias"
    else
        printf 'release=%s previous=%s' "$release" "$main"
    fi
}

lambda_weigh() {
    local wanted
    wanted=$(jq -nc --arg version "$version" --argjson percent "$canary" '{($version): ($percent / 100)}')
    [[ $weights != "$wanted" ]] || return 0
    change '' lambda update-alias --function-name "$full" --name "$lambda_alias" --function-version "$main" \
        --routing-config "AdditionalVersionWeights={$version=$(jq -r '.[]' <<<"$wanted")}" --query AliasArn
    say "lambda: $full:$lambda_alias is version $main, and version $version for $canary % of the calls"
}

# Deletes published versions beside the newest, those of the alias and the one to which a rollback returns.
lambda_prune() {
    local old
    while read -r old; do
        remove lambda delete-function --function-name "$full" --qualifier "$old"
    done < <(jq -r --arg name "$full" --arg version "$version" --argjson keep "$keep" \
        --argjson canary "$canary" --argjson alias "$(lambda_alias_of "$function")" '
        # An alias that was moved returns to the version that it had; otherwise its description tells where to.
        ([$alias.FunctionVersion, $version, ($alias | select(.FunctionVersion == $version or $canary > 0)
                | .Description // "" | capture("previous=(?<v>[0-9]+)").v)]
            + ($alias.RoutingConfig.AdditionalVersionWeights // {} | keys)) as $used
        | map(select(.FunctionName == $name and .Version != "$LATEST") | .Version) - $used
        | sort_by(tonumber) | .[:(length - $keep | if . < 0 then 0 else . end)][]' "$work/all.json")
}

# MARK: - Rollback

# Ends a canary deployment if one is going on. Otherwise returns the aliases that the newest deployment moved.
lambda_rollback() {
    local function newest='' count=0 alias
    lambda_read
    : >"$work/rollback"
    for function in "${functions[@]}"; do
        alias=$(lambda_alias_of "$function")
        jq -r --arg function "$function" 'select(. != null) | [$function, .FunctionVersion,
            ((.RoutingConfig.AdditionalVersionWeights // {}) | length),
            (.Description // "" | (capture("release=(?<r>[^ ]+)").r // "-"), (capture("previous=(?<v>[0-9]+)").v // "-"))]
            | join(" ")' <<<"$alias" >>"$work/rollback"
    done
    [[ -s $work/rollback ]] || fail "nothing is deployed under the name $name in $region"
    if awk '$3 > 0 { found = 1 } END { exit !found }' "$work/rollback"; then
        lambda_rollback_canary
    else
        lambda_rollback_release
    fi
    say "lambda: try   ./deploy.sh lambda status --name $name --region $region"
}

lambda_rollback_canary() {
    local function main weights
    while read -r function main weights _; do
        ((weights > 0)) || continue
        change '' lambda update-alias --function-name "$name-$function" --name "$lambda_alias" \
            --function-version "$main" --routing-config AdditionalVersionWeights='{}' --query AliasArn
        say "lambda: $name-$function:$lambda_alias is version $main for all calls"
    done <"$work/rollback"
}

lambda_rollback_release() {
    local function main made previous newest count=0
    newest=$(awk '$4 != "-" { print $4 }' "$work/rollback" | LC_ALL=C sort | tail -n 1)
    awk -v newest="$newest" '$4 == newest && $5 != "-" { found = 1 } END { exit !found }' "$work/rollback" ||
        fail "the last deployment (${newest:-none}) is undone already or moved no alias to a newer version; deploy an \
earlier bundle to go back further"
    while read -r function main _ made previous; do
        [[ $made == "$newest" && $previous != - ]] || continue
        change '' lambda update-alias --function-name "$name-$function" --name "$lambda_alias" \
            --function-version "$previous" --description "release=$made rolled-back-from=$main" --query AliasArn
        say "lambda: $name-$function:$lambda_alias is version $previous again, no longer $main"
        count=$((count + 1))
    done <"$work/rollback"
    say "lambda: the deployment of $newest is undone for $count functions"
}
