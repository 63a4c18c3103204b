# The HTTP API and the Function URLs of `deploy.sh lambda`.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lambda_main

lambda_front() {
    lambda_api_find
    case $front in
    api)
        lambda_api
        lambda_urls_remove
        ;;
    urls)
        lambda_api_remove
        lambda_urls
        ;;
    none)
        lambda_api_remove
        lambda_urls_remove
        ;;
    esac
}

# Whether requests from outside reach a function.
lambda_is_public() {
    [[ ${group[$1]:-} == endpoints ]]
}

# lambda_permit FUNCTION STATEMENT ARGUMENT...: lets a service or everyone invoke the alias of a function.
lambda_permit() {
    local function=$1 statement=$2
    shift 2
    if [[ -s $work/policies/$function.json ]]; then
        ! jq -e --arg id "$statement" '.Statement | any(.Sid == $id)' "$work/policies/$function.json" >/dev/null ||
            return 0
    fi
    change '' lambda add-permission --function-name "$name-$function" --qualifier "$lambda_alias" \
        --statement-id "$statement" "$@" --query Statement
}

# lambda_forbid FUNCTION PREFIX: removes the permissions whose names begin with PREFIX.
lambda_forbid() {
    local statement
    [[ -s $work/policies/$1.json ]] || return 0
    for statement in $(jq -r --arg prefix "$2" '.Statement[].Sid | select(startswith($prefix))' \
        "$work/policies/$1.json"); do
        remove lambda remove-permission --function-name "$name-$1" --qualifier "$lambda_alias" \
            --statement-id "$statement"
    done
}

# MARK: - HTTP API

lambda_api_find() {
    local found=''
    api_id=''
    look found apigatewayv2 get-apis --query Items || return 0
    api_id=$(jq -r --arg name "$name" \
        'map(select(.Name == $name and .Tags["nofx-stack"] == $name))[0].ApiId // ""' <<<"$found")
}

lambda_api_url() {
    local url=''
    if [[ $api_id == API_ID ]] ||
        ! look url apigatewayv2 get-api --api-id "$api_id" --query ApiEndpoint --output text; then
        url=https://API_ID.execute-api.$region.amazonaws.com
    fi
    printf '%s' "$url"
}

lambda_api() {
    local stages=''
    if [[ -z $api_id ]]; then
        change API_ID apigatewayv2 create-api --name "$name" --protocol-type HTTP --tags "nofx-stack=$name" \
            --description 'NOFX Control Plane' --query ApiId --output text
        api_id=$answer
    fi
    lambda_cors
    lambda_routes
    look stages apigatewayv2 get-stages --api-id "$api_id" --query 'Items[].StageName' || stages='[]'
    jq -e 'index("$default")' <<<"$stages" >/dev/null ||
        change '' apigatewayv2 create-stage --api-id "$api_id" --stage-name "\$default" --auto-deploy --query StageName
}

lambda_cors() {
    local now=''
    look now apigatewayv2 get-api --api-id "$api_id" --query 'CorsConfiguration.AllowOrigins' || now=null
    now=$(jq -r '. // [] | sort | join(",")' <<<"$now")
    if [[ -n $origins && $now != "$(tr , '\n' <<<"$origins" | LC_ALL=C sort | paste -sd ,)" ]]; then
        jq -n --arg origins "$origins" '{AllowOrigins: ($origins / ","), AllowMethods: ["GET", "POST"], MaxAge: 3600,
            AllowHeaders: ["authorization", "content-type", "idempotency-key", "x-api-key"]}' >"$work/cors.json"
        change '' apigatewayv2 update-api --api-id "$api_id" --cors-configuration "file://$work/cors.json" --query ApiId
    elif [[ -z $origins && -n $now ]]; then
        change '' apigatewayv2 delete-cors-configuration --api-id "$api_id"
    fi
}

# Makes or changes the authorizer; `authorizer` is its id. The routes of the API tell the id of an existing one. A route
# must not name an authorizer that is deleted, so lambda_routes deletes it.
lambda_authorizer() {
    local now=''
    authorizer=$(jq -r 'map(.AuthorizerId // empty)[0] // ""' "$work/routes.json")
    [[ -n $issuer ]] || return 0
    jq -n --arg issuer "$issuer" --arg audiences "$audiences" '{Issuer: $issuer, Audience: ($audiences / ",")}' \
        >"$work/jwt.json"
    if [[ -z $authorizer ]]; then
        change AUTHORIZER_ID apigatewayv2 create-authorizer --api-id "$api_id" --name jwt --authorizer-type JWT \
            --identity-source "\$request.header.Authorization" --jwt-configuration "file://$work/jwt.json" \
            --query AuthorizerId --output text
        authorizer=$answer
        return
    fi
    look now apigatewayv2 get-authorizer --api-id "$api_id" --authorizer-id "$authorizer" --query JwtConfiguration ||
        now='{}'
    printf '%s' "$now" >"$work/jwt.now.json"
    aws_same "$work/jwt.json" "$work/jwt.now.json" ||
        change '' apigatewayv2 update-authorizer --api-id "$api_id" --authorizer-id "$authorizer" \
            --jwt-configuration "file://$work/jwt.json" --query AuthorizerId
}

# Prints the routes: the key and the function that answers.
lambda_routes_wanted() {
    local function=$1 endpoint
    if [[ $function == nofx ]]; then
        printf 'GET /healthz\nGET /readyz\n'
        for endpoint in "${!access[@]}"; do
            lambda_routes_of "$endpoint"
        done | LC_ALL=C sort
    else
        lambda_routes_of "$function"
    fi
}

lambda_routes_of() {
    local method
    lambda_is_public "$1" || return 0
    for method in ${methods[$1]//,/ }; do
        printf '%s /%s\n' "$method" "$1"
    done
}

lambda_routes() {
    local function integrations='' routes='' route integration authorizer=''
    look integrations apigatewayv2 get-integrations --api-id "$api_id" --query Items || integrations='[]'
    look routes apigatewayv2 get-routes --api-id "$api_id" --query Items || routes='[]'
    printf '%s' "$integrations" >"$work/integrations.json"
    printf '%s' "$routes" >"$work/routes.json"
    lambda_authorizer
    : >"$work/routes.kept"
    : >"$work/integrations.kept"
    for function in "${functions[@]}"; do
        lambda_is_public "$function" || continue
        lambda_integration
        lambda_permit "$function" "api-$api_id" --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
            --source-arn "arn:$partition:execute-api:$region:$account:$api_id/*/*"
        while read -r route; do
            lambda_route
        done < <(lambda_routes_wanted "$function")
    done
    ((${#chosen[@]} == 0)) || return 0
    lambda_routes_remove
    if [[ -z $issuer && -n $authorizer ]]; then
        remove apigatewayv2 delete-authorizer --api-id "$api_id" --authorizer-id "$authorizer"
    fi
}

# Makes the integration of `$function`; `integration` is its id.
lambda_integration() {
    local uri=arn:$partition:lambda:$region:$account:function:$name-$function:$lambda_alias
    integration=$(jq -r --arg uri "$uri" 'map(select(.IntegrationUri == $uri))[0].IntegrationId // ""' \
        "$work/integrations.json")
    if [[ -z $integration ]]; then
        change "INTEGRATION_ID" apigatewayv2 create-integration --api-id "$api_id" --integration-type AWS_PROXY \
            --integration-uri "$uri" --payload-format-version 2.0 --timeout-in-millis 30000 \
            --query IntegrationId --output text
        integration=$answer
    fi
    printf '%s\n' "$integration" >>"$work/integrations.kept"
}

# Makes or changes `$route`. Health checks come from load balancers and monitors, which have no token.
lambda_route() {
    local now arguments=(--authorization-type NONE) wanted=NONE
    if [[ -n $issuer && $route != 'GET /healthz' && $route != 'GET /readyz' ]]; then
        arguments=(--authorization-type JWT --authorizer-id "$authorizer") wanted="JWT $authorizer"
    fi
    now=$(jq -c --arg key "$route" 'map(select(.RouteKey == $key))[0]' "$work/routes.json")
    printf '%s\n' "$route" >>"$work/routes.kept"
    if [[ $now == null ]]; then
        change '' apigatewayv2 create-route --api-id "$api_id" --route-key "$route" --target "integrations/$integration" \
            "${arguments[@]}" --query RouteId
    elif [[ $(jq -r '[.Target, .AuthorizationType // "NONE", .AuthorizerId // empty] | join(" ")' <<<"$now") != \
        "integrations/$integration $wanted" ]]; then
        change '' apigatewayv2 update-route --api-id "$api_id" --route-id "$(jq -r .RouteId <<<"$now")" \
            --target "integrations/$integration" "${arguments[@]}" --query RouteId
    fi
}

# Deletes routes and integrations that the deployment no longer has. The API belongs to the deployment alone.
lambda_routes_remove() {
    local id
    for id in $(jq -r --rawfile kept "$work/routes.kept" \
        '($kept / "\n") as $kept | .[] | select(.RouteKey | IN($kept[]) | not) | .RouteId' "$work/routes.json"); do
        remove apigatewayv2 delete-route --api-id "$api_id" --route-id "$id"
    done
    for id in $(jq -r --rawfile kept "$work/integrations.kept" \
        '($kept / "\n") as $kept | .[].IntegrationId | select(IN($kept[]) | not)' "$work/integrations.json"); do
        remove apigatewayv2 delete-integration --api-id "$api_id" --integration-id "$id"
    done
}

lambda_api_remove() {
    local function
    [[ -n $api_id ]] || return 0
    remove apigatewayv2 delete-api --api-id "$api_id"
    for function in $(lambda_deployed endpoints); do
        lambda_forbid "$function" api-
    done
}

# MARK: - Function URLs

lambda_function_url() {
    local url=''
    look url lambda get-function-url-config --function-name "$name-$1" --qualifier "$lambda_alias" --query FunctionUrl \
        --output text || url=https://FUNCTION.lambda-url.$region.on.aws/
    printf '%s' "${url%/}/"
}

# Everyone may call the URLs: the functions check the credential of each call. Lambda wants two permissions for that.
lambda_urls() {
    local function url=''
    for function in "${functions[@]}"; do
        lambda_is_public "$function" || continue
        look url lambda get-function-url-config --function-name "$name-$function" --qualifier "$lambda_alias" \
            --query FunctionUrl ||
            change '' lambda create-function-url-config --function-name "$name-$function" --qualifier "$lambda_alias" \
                --auth-type NONE --query FunctionUrl
        lambda_permit "$function" url --action lambda:InvokeFunctionUrl --principal '*' --function-url-auth-type NONE
        lambda_permit "$function" url-invoke --action lambda:InvokeFunction --principal '*' --invoked-via-function-url
    done
}

# A function has a URL if its alias has the permission.
lambda_urls_remove() {
    local function
    for function in $(lambda_deployed endpoints); do
        [[ -s $work/policies/$function.json ]] || continue
        jq -e '.Statement | any(.Sid == "url")' "$work/policies/$function.json" >/dev/null || continue
        remove lambda delete-function-url-config --function-name "$name-$function" --qualifier "$lambda_alias"
        lambda_forbid "$function" url
    done
}
