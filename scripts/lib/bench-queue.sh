# `scripts/bench queue`: the steps of runs, from start to end.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

# shellcheck source-path=SCRIPTDIR source=bench-server.sh
source "$root/scripts/lib/bench-server.sh"

readonly queue_help="Usage: scripts/bench queue [--rounds N] [--pooled] [--forgetful] [PART ...]

Measures the queue of steps on a server with durable commits (fsync on):

  steps   empty steps, claimed and finished through the store that workers use, one by one and in batches of 100,
          with 1, 2, 4 and 8 connections, compared with pgbench, which sends the same statements; budget: half of that
  worker  runs of one step, processed by runWorker as a process, compared with procrastinate and pgqueuer, which
          process empty jobs; budget: 10 times procrastinate, and no less than pgqueuer with its default settings
  starts  the time to start runs of 1, 10, 100 and 1000 steps
  claims  the time of a claim while 10 thousand and 1 million jobs wait, of one tenant and of a thousand tenants;
          budget: 1.5 times

By default it measures all parts. Each round runs all compared programs once, in a new random order. The printed values
are the medians of the rounds.

  --rounds     number of rounds; 3 by default
  --pooled     connects this queue and pgbench through PgBouncer in transaction mode
  --forgetful  turns fsync off, to measure without the time of the disk"

readonly queue_build=$root/.build/bench/queue

bench_queue() {
    local rounds=3 port=5432 fsync=on parts=()
    queue_arguments "$@"
    "$root/scripts/setup" bench
    mkdir -p "$queue_build"
    queue_compile
    # shellcheck disable=SC2034 # server_start reads it
    server_settings=(
        "fsync = $fsync" 'synchronous_commit = on' 'full_page_writes = on' 'autovacuum = on' 'shared_buffers = 512MB'
        'max_wal_size = 8GB' 'logging_collector = off'
    )
    server_start
    printf '{"grantTo":"%s","grantOperatorTo":"%s"}' "$database_user" "$database_operator" |
        DATABASE_URL=$(connection "$database_owner") quietly "$queue_build/migrate.log" queue_program migrate
    query postgres -c 'CREATE DATABASE rivals'
    [[ $port == 5432 ]] || pooler_start
    queue_report | tee "$queue_build/report.txt"
}

queue_arguments() {
    while (($# > 0)); do
        case $1 in
        --rounds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,2}$ ]] || fail '--rounds takes a number up to 999'
            rounds=$2
            shift
            ;;
        --pooled) port=6432 ;;
        --forgetful) fsync=off ;;
        steps | worker | starts | claims) parts+=("$1") ;;
        -h | --help)
            printf '%s\n' "$queue_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see scripts/bench queue --help" ;;
        esac
        shift
    done
}

queue_compile() {
    local name
    for name in migrate benchQueue runWorker; do
        quietly "$queue_build/$name.log" swift build --package-path "$root" --scratch-path "$root/.build" \
            --configuration release --product "$name" 9>&-
    done
}

# queue_program COMMAND ...: runs a program without optional settings.
queue_program() {
    env --unset=LOG_LEVEL NOFX_JWT_SECRET=0123456789abcdef0123456789abcdef NOFX_JWT_ISSUER=https://bench.example \
        NOFX_JWT_AUDIENCE=nofx "$root/.build/release/$1"
}

queue_report() {
    local way='unix socket'
    [[ $port == 5432 ]] || way='through PgBouncer in transaction mode'
    printf '\n%s rounds; Postgres %s (fsync %s), %s; %s x %s\n' "$rounds" "$(server_version)" "$fsync" "$way" "$(nproc)" \
        "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
    # The scripts of pgbench are written where the server's user has write access.
    BENCH_FOLDER=$server_folder BENCH_DATABASE=$database_name BENCH_PORT=$port BENCH_OPERATOR=$database_operator \
        BENCH_USER=$database_user BENCH_PROGRAMS=$(postgres_folder) BENCH_BUILD=$root/.build/release \
        BENCH_RIVALS=$root/.build/python/rivals/bin/python NOFX_JWT_SECRET=0123456789abcdef0123456789abcdef \
        NOFX_JWT_ISSUER=https://bench.example NOFX_JWT_AUDIENCE=nofx \
        interruptibly /usr/bin/python3 -B "$root/Benchmarks/queue/report.py" "$rounds" "${parts[@]}"
}
