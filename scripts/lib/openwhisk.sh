# `deploy.sh openwhisk`: actions of Apache OpenWhisk, by its API.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and reads `dry_run`

readonly openwhisk_help="Usage: ./deploy.sh openwhisk [destroy] --functions NAME,NAME --apihost URL [OPTION ...]
       ./deploy.sh openwhisk zip --functions NAME,NAME [OPTION ...]

Makes a web action of each function, in the package nofx: its zip has the program as \`exec\`, which the ActionLoop of
the runtime image starts. An action that has not changed is not uploaded.

  zip               only write the zips, .build/openwhisk/NAME.zip
  destroy           delete the actions that --functions names, and the package if it is empty
  --apihost URL     the address of the API, such as https://openwhisk.example; or \$OPENWHISK_APIHOST
  --functions       the functions
  --namespace NAME  the namespace; the one of the key by default
  --image IMAGE     a runtime image with ActionLoop; openwhisk/actionloop-base by default
  --dist FOLDER     the programs; dist/ by default, which is built if it lacks some
  --env FILE          lines NAME=VALUE for the functions
  --dry-run         print the commands, run nothing

The key is read from \$OPENWHISK_AUTH (USER:KEY, as wsk property get --auth prints it)."

openwhisk_main() {
    local action=deploy apihost=${OPENWHISK_APIHOST:-} namespace=_ image=openwhisk/actionloop-base environment='' dry_run=no
    local dist=$root/dist
    local functions=() variables=() folder=$root/.build/openwhisk name api status
    openwhisk_arguments "$@"
    openwhisk_check
    api=${apihost%/}/api/v1/namespaces/$namespace
    if [[ $action == destroy ]]; then
        openwhisk_destroy
        return
    fi
    run "$root/scripts/setup" openwhisk
    openwhisk_build
    [[ -z $environment ]] || mapfile -t variables < <(grep -E '^[A-Za-z_][A-Za-z0-9_]*=' "$environment")
    # The bodies of requests, and answers, contain the variables.
    umask 077
    # shellcheck disable=SC2064 # the folder is known now
    trap "rm -f $(quoted "$folder")/*.json $(quoted "$folder")/answer" EXIT
    run mkdir -p "$folder"
    [[ $action == zip ]] || openwhisk_call PUT '/packages/nofx?overwrite=true' '{"publish":false}'
    for name in "${functions[@]}"; do
        openwhisk_deploy "$name"
    done
    [[ $dry_run == yes ]] || openwhisk_advise
}

openwhisk_arguments() {
    while (($# > 0)); do
        case $1 in
        zip | destroy) action=$1 ;;
        --apihost | --namespace | --image | --env | --dist | --functions)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            case $1 in
            --functions) IFS=, read -r -a functions <<<"$2" ;;
            --env) environment=$2 ;;
            *) printf -v "${1#--}" '%s' "$2" ;;
            esac
            shift
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$openwhisk_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
}

openwhisk_check() {
    ((${#functions[@]} > 0)) || wrong_usage '--functions names the functions, separated by commas'
    for name in "${functions[@]}"; do
        [[ $name =~ ^[A-Za-z][A-Za-z0-9]*$ && -d $root/Functions/$name ]] || fail "there is no function '$name'"
    done
    [[ $namespace =~ ^[A-Za-z0-9_][A-Za-z0-9_@.\ -]*$ ]] || wrong_usage "'$namespace' is no name of a namespace"
    check_image_name "$image" || wrong_usage "--image takes the name of an image, not '$image'"
    [[ $dist == "$root/dist" || -d $dist ]] || wrong_usage "--dist takes a folder, not '$dist'"
    [[ -z $environment ]] || environment_check "$environment"
    [[ $action != zip ]] || return 0
    [[ $apihost =~ ^https?://[^/?#]+/?$ ]] || wrong_usage "--apihost takes an address such as https://openwhisk.example, not '$apihost'"
    [[ $dry_run == yes || ${OPENWHISK_AUTH:-} == *:* ]] || fail 'OPENWHISK_AUTH must have the key, USER:KEY'
}

openwhisk_build() {
    local missing=() IFS=,
    for name in "${functions[@]}"; do
        [[ -x $dist/$name ]] || missing+=("$name")
    done
    ((${#missing[@]} == 0)) || [[ $dist == "$root/dist" ]] || fail "${missing[*]} missing in $dist"
    ((${#missing[@]} == 0)) || run "$root/deploy.sh" bundle
}

openwhisk_deploy() {
    local digest there
    if [[ $dry_run == yes ]]; then
        run python3 -B "$root/scripts/lib/openwhisk.py" "$dist/$1" "$folder/$1.zip" "$folder/$1.json" "$image" </dev/null
        [[ $action == zip ]] || openwhisk_call PUT "/actions/nofx/$1?overwrite=true" "@$folder/$1.json"
        return
    fi
    digest=$(python3 -B "$root/scripts/lib/openwhisk.py" "$dist/$1" "$folder/$1.zip" "$folder/$1.json" \
        "$image" < <(((${#variables[@]} == 0)) || printf '%s\0' "${variables[@]}"))
    if [[ $action == zip ]]; then
        rm "$folder/$1.json"
        return
    fi
    openwhisk_request GET "/actions/nofx/$1?code=false"
    there=$(grep -oE '"value": *"[0-9a-f]{64}"' "$folder/answer" | grep -oE '[0-9a-f]{64}' || true)
    if [[ $status == 200 && $there == "$digest" ]]; then
        say "openwhisk: $1 has not changed"
    else
        openwhisk_call PUT "/actions/nofx/$1?overwrite=true" "@$folder/$1.json"
        say "openwhisk: $1 is uploaded"
    fi
    rm "$folder/$1.json"
}

# openwhisk_request METHOD PATH [BODY]: sets `status` and writes the answer to a file. The key is not on the command
# line, where other users of the machine would see it.
openwhisk_request() {
    local data=()
    [[ -z ${3:-} ]] || data=(--header 'Content-Type: application/json' --data-binary "$3")
    status=$(curl --silent --show-error --max-time 120 --config <(printf 'user = "%s"\n' "$OPENWHISK_AUTH") \
        --request "$1" "${data[@]}" --output "$folder/answer" --write-out '%{http_code}' "$api$2") ||
        fail "$apihost cannot be reached"
}

# The same for a request that must succeed.
openwhisk_call() {
    if [[ $dry_run == yes ]]; then
        run curl --user "\$OPENWHISK_AUTH" --request "$1" --data-binary "${3:-}" "$api$2"
        return
    fi
    openwhisk_request "$@"
    [[ $status == 2?? ]] || fail "$1 $api$2 answers $status: $(head -c 500 "$folder/answer")"
}

openwhisk_destroy() {
    mkdir -p "$folder"
    for name in "${functions[@]}"; do
        openwhisk_delete "/actions/nofx/$name"
    done
    [[ $dry_run == yes ]] || openwhisk_request GET '/packages/nofx'
    if [[ $dry_run == yes ]] || { [[ $status == 200 ]] && grep -qE '"actions": *\[ *\]' "$folder/answer"; }; then
        openwhisk_delete /packages/nofx
    fi
}

openwhisk_delete() {
    if [[ $dry_run == yes ]]; then
        openwhisk_call DELETE "$1"
        return
    fi
    openwhisk_request DELETE "$1"
    [[ $status == 2?? || $status == 404 ]] || fail "DELETE $api$1 answers $status: $(head -c 500 "$folder/answer")"
    say "openwhisk: ${1#/} is deleted"
}

openwhisk_advise() {
    if [[ $action == zip ]]; then
        say "openwhisk: try   $(quoted unzip -l "$folder/${functions[0]}.zip")"
    else
        say "openwhisk: try   curl -H \"Authorization: Bearer \$NOFX_TOKEN\" -H 'Content-Type: application/json' -d '{}'" \
            "${apihost%/}/api/v1/web/NAMESPACE/nofx/${functions[0]}"
    fi
}
