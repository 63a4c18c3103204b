# `deploy.sh http`: serves all endpoints over HTTP on this machine.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and reads `dry_run`

readonly http_help="Usage: ./deploy.sh http [OPTION ...]

Serves every endpoint at POST /<name> until SIGTERM or Ctrl-C: lighttpd in front of processes of nofx, which answer by
FastCGI. It runs in the foreground, needs no root, and keeps its files in a private temporary folder.

  --port N            the port; by default \$PORT, or 8080
  --address ADDRESS   the address; 127.0.0.1 by default, 0.0.0.0 for all addresses of IPv4
  --processes N       the number of processes of nofx; each has one database connection and answers one request at a
                      time; by default twice the number of processors, at most 16
  --env FILE          lines NAME=VALUE for nofx, instead of or beside the variables of this shell
  --drain SECONDS     how long the server accepts requests after SIGTERM; 0 by default
  --program FILE      the program nofx; by default dist/nofx, which is built if it is missing
  --dry-run           print the commands, run nothing

SIGTERM answers all requests that have begun. SIGHUP replaces the processes of nofx without losing a request, so that
they use a new program or a new environment file."

http_main() {
    local port=${PORT:-8080} address=127.0.0.1 processes='' environment='' drain=0 program='' dry_run=no
    local folder='' server='' server_environment=()
    http_arguments "$@"
    http_check_settings
    run "$root/scripts/setup" http
    http_find_program
    http_environment
    if [[ $dry_run == yes ]]; then
        run env "${server_environment[@]}" "$root/deploy/http/serve"
        return
    fi
    http_check_port
    http_serve
}

http_arguments() {
    while (($# > 0)); do
        case $1 in
        --port | --address | --processes | --env | --drain | --program)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            case $1 in
            --env) environment=$2 ;;
            *) printf -v "${1#--}" '%s' "$2" ;;
            esac
            shift
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$http_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
}

http_check_settings() {
    http_number --port "$port" 1 65535
    [[ -z $processes ]] || http_number --processes "$processes" 1 512
    http_number --drain "$drain" 0 3600
    [[ $address =~ ^([0-9a-fA-F:.]+|[A-Za-z0-9.-]+)$ ]] || wrong_usage "--address takes an address, not '$address'"
    if [[ -n $environment ]]; then
        environment_check "$environment"
        environment=$(readlink -f "$environment")
    fi
    if [[ -n $program ]]; then
        [[ -f $program && -x $program ]] || wrong_usage "--program takes an executable file, not '$program'"
        program=$(readlink -f "$program")
    fi
    [[ -n ${DATABASE_URL:-} ]] || { [[ -n $environment ]] && grep -q '^DATABASE_URL=.' "$environment"; } ||
        [[ $dry_run == yes ]] || fail "DATABASE_URL is not set. For the database of this machine:
       ./deploy.sh local && eval \"\$(./deploy.sh local env)\" && ./deploy.sh http"
}

# http_number OPTION VALUE LEAST MOST
http_number() {
    if [[ ! $2 =~ ^[0-9]{1,5}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        wrong_usage "$1 takes a number from $3 to $4, not '$2'"
    fi
}

http_find_program() {
    [[ -z $program ]] || return 0
    program=$root/dist/nofx
    [[ -x $program ]] || run "$root/deploy.sh" bundle
}

# The variables of deploy/http/serve. Those of nofx are the caller's.
http_environment() {
    server_environment=(
        "PORT=$port" "ADDRESS=$address" "NOFX_PROGRAM=$program" "NOFX_DRAIN_SECONDS=$drain"
        "NOFX_PROCESSES=$processes" "NOFX_ENVIRONMENT_FILE=$environment"
    )
}

# The address of a client on this machine.
http_client_address() {
    case $address in
    0.0.0.0 | '::') printf 'localhost' ;;
    *) printf '%s' "$address" ;;
    esac
}

http_answers() {
    (exec 3<>"/dev/tcp/$(http_client_address)/$port") 2>/dev/null
}

http_check_port() {
    ! http_answers || fail "port $port is in use; name another one with --port"
}

http_serve() {
    local status=0
    folder=$(mktemp -d "${TMPDIR:-/tmp}/nofx-http.XXXXXX")
    # The name of a socket has at most 107 bytes.
    if ((${#folder} > 80)); then
        rmdir "$folder"
        folder=$(mktemp -d /tmp/nofx-http.XXXXXX)
    fi
    trap 'rm -rf "$folder"' EXIT
    # With its own process group the server gets a Ctrl-C once, from here.
    set -m
    env "${server_environment[@]}" NOFX_FOLDER="$folder" "$root/deploy/http/serve" </dev/null &
    server=$!
    trap 'kill -TERM "$server" 2>/dev/null' TERM INT
    trap 'kill -HUP "$server" 2>/dev/null' HUP
    http_wait_until_ready
    while kill -0 "$server" 2>/dev/null; do
        status=0
        wait "$server" || status=$?
    done
    exit "$status"
}

http_wait_until_ready() {
    local status=0
    until http_answers; do
        if ! kill -0 "$server" 2>/dev/null; then
            wait "$server" || status=$?
            fail "the server did not start (status $status)"
        fi
        sleep 0.05
    done
    say "http: process $$ serves $(http_client_address):$port; SIGTERM or Ctrl-C ends it, SIGHUP reloads it"
    say "http: try   curl http://$(http_client_address):$port/readyz"
    # shellcheck disable=SC2016 # the user's shell expands the token
    say "http: or    curl -H \"Authorization: Bearer \$NOFX_TOKEN\" -d '{\"name\":\"Acme\"}'" \
        "http://$(http_client_address):$port/createTeam"
}
