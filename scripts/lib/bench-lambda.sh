# `scripts/bench lambda`: cold and warm calls on an imitation of Lambda's Runtime API.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

# shellcheck source-path=SCRIPTDIR source=bench-cold.sh
source "$root/scripts/lib/bench-cold.sh"

readonly lambda_bench_help="Usage: scripts/bench lambda [--calls N] [--starts N] [--dist FOLDER]

Measures getTeam as a Lambda function: from spawn to the first answer (cold), and from the delivery of an event to the
arrival of its answer (warm). The event is that of an HTTP API with a signed token. The
function's line in the log says how long it waited for the database. In the same run the benchmark measures a C program
that only answers: what getTeam takes beyond both is the overhead of a warm call. It also measures awslambdaric, Lambda's runtime client for Python, with a handler that only returns its event. The Runtime API
is imitated in one process on this machine; a cold start on Lambda also loads the code and starts a virtual machine.

  --calls   warm calls of each program; 5000 by default
  --starts  cold starts of each program; 50 by default
  --dist    the folder of the functions; by default dist/, which ./deploy.sh bundle fills if functions are missing"

readonly lambda_bench_build=$root/.build/bench/lambda

bench_lambda() {
    local calls=5000 starts=50 dist=$root/dist functions=(createTeam getTeam migrate)
    lambda_bench_arguments "$@"
    "$root/scripts/setup" bench
    mkdir -p "$lambda_bench_build" "$cold_build"
    cold_bundle
    server_start
    cold_environment
    printf '{"grantTo":"%s","grantOperatorTo":"%s"}' "$database_user" "$database_operator" |
        DATABASE_URL=$(connection "$database_owner") quietly "$lambda_bench_build/migrate.log" "$dist/migrate"
    cc -O2 -Wall -Werror -o "$lambda_bench_build/floor" "$root/Benchmarks/lambda/floor.c"
    lambda_bench_report | tee "$lambda_bench_build/report.txt"
}

lambda_bench_arguments() {
    while (($# > 0)); do
        case $1 in
        --calls | --starts)
            [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || fail "$1 takes a number up to 999999"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        --dist)
            [[ -d ${2:-} ]] || fail '--dist takes a folder'
            dist=$(cd "$2" && pwd)
            shift
            ;;
        -h | --help)
            printf '%s\n' "$lambda_bench_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see scripts/bench lambda --help" ;;
        esac
        shift
    done
}

lambda_bench_report() {
    local python=$root/.build/python/cloud/bin/python
    printf '\nmilliseconds; %s warm calls, %s cold starts; Postgres %s (fsync off), unix socket; awslambdaric %s; %s x %s\n\n' \
        "$calls" "$starts" "$(server_version)" \
        "$("$python" -c 'import importlib.metadata as m; print(m.version("awslambdaric"))')" \
        "$(nproc)" "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
    DATABASE_URL=$(connection "$database_user") interruptibly /usr/bin/python3 -B "$root/Benchmarks/lambda/loop.py" \
        "$dist/getTeam" "$dist/createTeam" "$lambda_bench_build/floor" "$python" "$calls" "$starts"
}
