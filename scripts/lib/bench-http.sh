# `scripts/bench http`: getTeam and createTeam over HTTP, compared with FastAPI and Go.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

# shellcheck source-path=SCRIPTDIR source=bench-server.sh
source "$root/scripts/lib/bench-server.sh"

readonly http_bench_help="Usage: scripts/bench http [--rounds N] [--seconds N] [--connections N] [--processes N]

Sends getTeam and createTeam by wrk to ./deploy.sh http, to FastAPI with asyncpg under uvicorn, and to Go's net/http
with pgx. All verify the same tokens and send the same statements to the same database, which keeps the statements
(NOFX_PREPARED_STATEMENTS). Each round measures every server
once, in a new order; the report has the medians. Memory is that of all processes of a server after the load, with
shared pages counted once. Processor time is that of the server and of Postgres for each request; it does
not depend on the load of the machine. The Postgres server runs with fsync off, on the same processors.

  --rounds       number of rounds; 5 by default
  --seconds      length of a measurement; 8 by default
  --connections  connections of wrk; 32 by default
  --processes    processes of nofx and of uvicorn, and database connections of Go; 4 by default"

readonly http_sources=$root/Benchmarks/http
readonly http_build=$root/.build/bench/http
http_server=''

bench_http() {
    local rounds=5 seconds=8 connections=32 processes=4
    http_bench_arguments "$@"
    "$root/scripts/setup" bench
    mkdir -p "$http_build"
    [[ -x $root/dist/nofx ]] || "$root/deploy.sh" bundle
    http_compile_go
    server_start
    trap 'http_stop; server_stop' EXIT
    http_environment
    printf '{"grantTo":"%s","grantOperatorTo":"%s"}' "$database_user" "$database_operator" |
        DATABASE_URL=$(connection "$database_owner") quietly "$http_build/migrate.log" "$root/dist/nofx" migrate
    http_start nofx
    /usr/bin/python3 -B "$http_sources/prepare.py" "http://127.0.0.1:$http_port" "$http_build" 40000
    http_stop
    : >"$http_build/samples.tsv"
    http_rounds
    http_report | tee "$http_build/report.txt"
}

http_bench_arguments() {
    while (($# > 0)); do
        case $1 in
        --rounds | --seconds | --connections | --processes)
            [[ ${2:-} =~ ^[1-9][0-9]{0,2}$ ]] || fail "$1 takes a number up to 999"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        -h | --help)
            printf '%s\n' "$http_bench_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see scripts/bench http --help" ;;
        esac
        shift
    done
}

http_compile_go() {
    rm -rf "$http_build/go" "$http_build/statements"
    mkdir -p "$http_build/go" "$http_build/statements/createTeam"
    cp -R "$http_sources/statements/getTeam" "$http_build/statements/"
    cp "$root"/Benchmarks/cold/statements/*.sql "$http_build/statements/createTeam/"
    cp "$http_sources/go/server.go" "$root/Benchmarks/cold/go/token.go" "$http_build/go/"
    cp -R "$http_build/statements" "$http_build/go/"
    (
        cd "$http_build/go" || exit
        quietly "$http_build/go.log" env GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS= CGO_ENABLED=0 \
            GOCACHE="$root/.build/bench/go-cache" go build -ldflags '-s -w' -o "$http_build/server" .
    )
}

# The benchmark measures servers without optional settings.
http_environment() {
    local name
    for name in $(compgen -e NOFX_) LOG_LEVEL PORT; do unset "$name"; done
    NOFX_JWT_SECRET=$(head -c 32 /dev/urandom | base64 --wrap=0)
    export NOFX_JWT_SECRET NOFX_JWT_ISSUER=https://bench.example NOFX_JWT_AUDIENCE=nofx LOG_LEVEL=error NOFX_PREPARED_STATEMENTS=1
}

# MARK: - Servers

# http_start NAME: starts a server on a free port, sets `http_port`, and waits until it answers.
http_start() {
    local try command=()
    http_port=$((20000 + RANDOM % 10000))
    case $1 in
    nofx) command=("$root/deploy.sh" http --port "$http_port" --processes "$processes" --program "$root/dist/nofx") ;;
    Go) command=("$http_build/server" "$http_port" "$processes") ;;
    FastAPI)
        command=(
            "$root/.build/python/fastapi/bin/python" -m uvicorn --app-dir "$http_sources" --port "$http_port"
            --workers "$processes" --loop uvloop --http httptools --no-access-log --log-level error app:app
        )
        ;;
    esac
    DATABASE_URL=$(connection "$database_user") PGHOST=$server_folder PGUSER=$database_user PGDATABASE=$database_name \
        BENCH_STATEMENTS=$http_build/statements PYTHONDONTWRITEBYTECODE=1 \
        "${command[@]}" >"$http_build/$1.log" 2>&1 9>&- &
    http_server=$!
    for try in {1..300}; do
        [[ $(curl --silent --output /dev/null --write-out '%{http_code}' --data '{}' \
            "http://127.0.0.1:$http_port/getTeam" || true) != 4?? ]] || return 0
        kill -0 "$http_server" 2>/dev/null || break
        sleep 0.1
    done
    fail "$1 does not start ($try); see $http_build/$1.log"
}

http_stop() {
    [[ -n $http_server ]] || return 0
    kill "$http_server" 2>/dev/null || true
    wait "$http_server" 2>/dev/null || true
    http_server=''
}

# Prints the processes of a server: a process and its descendants.
http_processes() {
    local child children=()
    printf '%s\n' "$1"
    read -r -a children 2>/dev/null <"/proc/$1/task/$1/children" || true
    for child in "${children[@]}"; do
        http_processes "$child"
    done
}

# Prints the memory of processes in MiB.
http_memory() {
    local process
    for process in "$@"; do
        awk '$1 == "Pss:" { print $2 }' "/proc/$process/smaps_rollup" 2>/dev/null || true
    done | awk '{ sum += $1 } END { printf "%.1f", sum / 1024 }'
}

# Prints the processor time of a process and its descendants in ticks, with those that have ended.
http_ticks() {
    local process
    for process in $(http_processes "$1"); do
        sed 's/.*) //' "/proc/$process/stat" 2>/dev/null || true
    done | awk '{ sum += $12 + $13 + $14 + $15 } END { print sum + 0 }'
}

# MARK: - Measuring

http_rounds() {
    local round server
    for ((round = 1; round <= rounds; round++)); do
        say "bench: round $round of $rounds"
        for server in $(printf '%s\n' nofx FastAPI Go | shuf); do
            http_start "$server"
            http_measure getTeam "$server"
            http_measure createTeam "$server"
            http_stop
        done
    done
}

# The processor time of a request does not depend on what else the machine does.
http_measure() {
    local result postmaster own=() before_own before_database
    http_wrk "$1" 2 >/dev/null
    postmaster=$(as_server head -n 1 "$server_folder/data/postmaster.pid")
    before_own=$(http_ticks "$http_server")
    before_database=$(http_ticks "$postmaster")
    result=$(http_wrk "$1" "$seconds" | sed -n 's/^result\t//p')
    [[ -n $result ]] || fail "wrk printed no result for $2"
    mapfile -t own < <(http_processes "$http_server")
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$result" "$(http_memory "${own[@]}")" \
        "$(($(http_ticks "$http_server") - before_own))" "$(($(http_ticks "$postmaster") - before_database))" \
        >>"$http_build/samples.tsv"
}

http_wrk() {
    wrk --threads 2 --connections "$connections" --duration "${2}s" --timeout 20s \
        --script "$http_sources/load.lua" "http://127.0.0.1:$http_port" -- "$http_build/$1" "/$1"
}

http_report() {
    printf '\n%s rounds of %s s, %s connections, %s processes; Postgres %s (fsync off), unix socket; Go %s; %s x %s\n\n' \
        "$rounds" "$seconds" "$connections" "$processes" "$(server_version)" \
        "$(go version | sed -E 's/.*go([0-9.]+).*/\1/')" "$(nproc)" \
        "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
    /usr/bin/python3 -B "$http_sources/report.py" "$http_build/samples.tsv"
}
