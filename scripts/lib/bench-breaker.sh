# `scripts/bench breaker`: the time to acquire a healthy circuit breaker.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

# shellcheck source-path=SCRIPTDIR source=bench-server.sh
source "$root/scripts/lib/bench-server.sh"

readonly breaker_help="Usage: scripts/bench breaker [--rounds N] [--calls N]

Compares the time to acquire a healthy circuit breaker, through the store that functions use, with a bare SELECT of the
breaker's row by its key through the same kind of connection. It uses 1, 16 and 64 connections, each in a separate
process. All processes make their calls at the same time, in alternating rounds of the two kinds. With more connections
than processors the calls wait for each other, which also increases the difference. Therefore the budget applies to one
connection. The server runs with fsync off, and no call may write.

  --rounds  number of rounds of each kind; 20 by default
  --calls   number of calls of each connection in a round; 500 by default"

readonly breaker_build=$root/.build/bench/breaker

bench_breaker() {
    local rounds=20 calls=500 before
    breaker_arguments "$@"
    "$root/scripts/setup" bench
    mkdir -p "$breaker_build"
    breaker_compile
    server_start
    printf '{"grantOperatorTo":"%s"}' "$database_operator" |
        DATABASE_URL=$(connection "$database_owner") quietly "$breaker_build/migrate.log" breaker_program migrate
    before=$(breaker_writes)
    breaker_report | tee "$breaker_build/report.txt"
    [[ $(breaker_writes) == "$before" ]] || fail 'a healthy call wrote something'
}

breaker_arguments() {
    while (($# > 0)); do
        case $1 in
        --rounds | --calls)
            [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || fail "$1 takes a number up to 999999"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        -h | --help)
            printf '%s\n' "$breaker_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see scripts/bench breaker --help" ;;
        esac
        shift
    done
}

breaker_compile() {
    local name
    for name in migrate benchBreaker; do
        quietly "$breaker_build/$name.log" swift build --package-path "$root" --scratch-path "$root/.build" \
            --configuration release --product "$name" 9>&-
    done
}

# breaker_program NAME: runs a program of this benchmark's build, without optional settings.
breaker_program() {
    env --unset=LOG_LEVEL NOFX_JWT_SECRET=0123456789abcdef0123456789abcdef NOFX_JWT_ISSUER=https://bench.example \
        NOFX_JWT_AUDIENCE=nofx "$root/.build/release/$1"
}

breaker_report() {
    printf '\nmilliseconds a call; %s rounds; Postgres %s (fsync off), unix socket; %s x %s\n\n' "$rounds" \
        "$(server_version)" "$(nproc)" "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
    DATABASE_URL=$(connection "$database_operator") interruptibly \
        /usr/bin/python3 -B "$root/Benchmarks/breaker/rounds.py" "$root/.build/release/benchBreaker" "$rounds" "$calls"
}

# Prints the number of rows written into the schema. It waits until all sessions have ended, because a session reports
# its numbers at its end.
breaker_writes() {
    until [[ $(query postgres -c "SELECT count(*) FROM pg_stat_activity WHERE datname = '$database_name'") == 0 ]]; do
        sleep 0.1
    done
    query "$database_name" -c "
        SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE schemaname = 'nofx'"
}
