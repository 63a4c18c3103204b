# `scripts/bench platforms`: cold and warm calls of createTeam on every platform that this machine can run or imitate.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

# shellcheck source-path=SCRIPTDIR source=bench-cold.sh
source "$root/scripts/lib/bench-cold.sh"

readonly platforms_bench_help="Usage: scripts/bench platforms [--calls N] [--dist FOLDER]

Runs the same program createTeam on standard input, on an imitation of Lambda's Runtime API, by FastCGI and CGI behind
lighttpd and nginx, and behind imitations of the watchdogs of OpenFaaS and of OpenWhisk's action proxy. Prints
the table of docs/deploying.md: the median time of a cold and a warm call, as a client sees it.

  --calls  warm calls on each platform; 200 by default
  --dist   the folder of the functions; by default dist/, which ./deploy.sh bundle fills if functions are missing"

readonly platforms_bench_build=$root/.build/bench/platforms

bench_platforms() {
    local calls=200 dist=$root/dist functions=(createTeam migrate)
    platforms_bench_arguments "$@"
    "$root/scripts/setup" test bench
    mkdir -p "$platforms_bench_build" "$cold_build"
    cold_bundle
    server_start
    cold_environment
    printf '{"grantTo":"%s","grantOperatorTo":"%s"}' "$database_user" "$database_operator" |
        DATABASE_URL=$(connection "$database_owner") quietly "$platforms_bench_build/migrate.log" "$dist/migrate"
    printf '\nmedians; %s warm calls; Postgres %s (fsync off), unix socket; %s x %s\n\n' "$calls" "$(server_version)" \
        "$(nproc)" "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
    DATABASE_URL=$(connection "$database_user") NOFX_WRITES_PER_MINUTE=0 NOFX_MAX_TEAMS=10000 LOG_LEVEL=warning \
        interruptibly /usr/bin/python3 -B "$root/Benchmarks/platforms/platforms.py" "$dist/createTeam" "$calls" |
        tee "$platforms_bench_build/report.md"
}

platforms_bench_arguments() {
    while (($# > 0)); do
        case $1 in
        --calls)
            [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || fail '--calls takes a number up to 999999'
            calls=$2
            shift
            ;;
        --dist)
            [[ -d ${2:-} ]] || fail '--dist takes a folder'
            dist=$(cd "$2" && pwd)
            shift
            ;;
        -h | --help)
            printf '%s\n' "$platforms_bench_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see scripts/bench platforms --help" ;;
        esac
        shift
    done
}
