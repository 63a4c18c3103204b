# `scripts/bench cold`: the time from spawn to exit of createTeam, or of every endpoint.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and `static_folder`

# shellcheck source-path=SCRIPTDIR source=bench-server.sh
source "$root/scripts/lib/bench-server.sh"
# shellcheck source-path=SCRIPTDIR source=bench-cold-all.sh
source "$root/scripts/lib/bench-cold-all.sh"

readonly cold_help="Usage: scripts/bench cold [--all] [--rounds N] [--dist FOLDER]

Measures the time from spawn to exit of createTeam, directly to Postgres and through PgBouncer. Compares it with
reference programs that verify the same token and send the same statements: C (static libpq, pipeline), Go (static,
pgx), Python (psycopg, pipeline). Each round runs every program once, in a new random order. \`start only\` is a call
with a forged token, which is rejected before a connection is opened. The server runs with fsync off.

With --all it measures every endpoint and compares it with a replay in C that sends the same bytes in the same number of
round trips. The replay is derived from two recorded calls of the endpoint. Each measured call has a separate team, with
20 rows for each list. The benchmark counts all rows that the calls inserted, updated and deleted: both programs must
make the same changes.

  --all     compare every endpoint with C, instead of createTeam with all languages
  --rounds  how often each program runs; 200 by default, 50 with --all
  --dist    the folder of the functions; by default dist/, which ./deploy.sh bundle fills if functions are missing"

readonly cold_sources=$root/Benchmarks/cold
readonly cold_build=$root/.build/bench/cold

bench_cold() {
    local rounds='' dist=$root/dist all=no functions=(createTeam migrate)
    cold_arguments "$@"
    "$root/scripts/setup" bench
    "$root/scripts/static-libs"
    mkdir -p "$cold_build"
    if [[ $all == yes ]]; then
        cold_all
    else
        cold_create_team
    fi
}

cold_create_team() {
    cold_bundle
    cold_compile_yardsticks
    cold_server
    cold_statements
    cold_measure
    cold_verify
    cold_report | tee "$cold_build/report.txt"
}

cold_server() {
    server_start
    pooler_start
    cold_environment
    printf '{"grantTo":"%s","grantOperatorTo":"%s"}' "$database_user" "$database_operator" |
        DATABASE_URL=$(connection "$database_owner") quietly "$cold_build/migrate.log" "$dist/migrate"
}

cold_arguments() {
    while (($# > 0)); do
        case $1 in
        --all) all=yes ;;
        --rounds)
            rounds=${2:-}
            [[ $rounds =~ ^[1-9][0-9]{0,3}$ ]] || fail '--rounds takes a number up to 9999'
            shift
            ;;
        --dist)
            [[ -d ${2:-} ]] || fail '--dist takes a folder'
            dist=$(cd "$2" && pwd)
            shift
            ;;
        -h | --help)
            printf '%s\n' "$cold_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see scripts/bench cold --help" ;;
        esac
        shift
    done
    if [[ $all == yes ]]; then
        rounds=${rounds:-50}
        functions=("$root"/Functions/*/)
        functions=("${functions[@]%/}")
        functions=("${functions[@]##*/}")
    else
        rounds=${rounds:-200}
    fi
}

# MARK: - Programs

cold_bundle() {
    local name missing=()
    for name in "${functions[@]}"; do
        [[ -x $dist/$name ]] || missing+=("$name")
    done
    if ((${#missing[@]} > 0)); then
        [[ $dist == "$root/dist" ]] || fail "${missing[*]} missing in $dist"
        "$root/deploy.sh" bundle --functions "$(cold_functions)"
    elif [[ -n $(find "$root/Sources" "$root/Functions" "$root/Database" -newer "$dist/${functions[0]}" \
        -name '*.s*' -type f -print -quit) ]]; then
        say 'bench: some sources are newer than the functions; ./deploy.sh bundle builds them again'
    fi
}

# Prints the functions that the benchmark needs and those already in dist/, because a new bundle replaces the old one.
cold_functions() {
    local file names=("${functions[@]}") IFS=,
    for file in "$dist"/*; do
        [[ ! -d $root/Functions/${file##*/} ]] || names+=("${file##*/}")
    done
    printf '%s' "${names[*]}"
}

# cold_compile_c NAME SOURCE...: compiles the reference program in C.
cold_compile_c() {
    quietly "$cold_build/c.log" gcc -std=gnu11 -O2 -Wall -Wextra -static -s -o "$cold_build/$1" \
        -I "$cold_build" -I "$static_folder/include" "${@:2}" "$cold_sources"/c/{token,yardstick}.c \
        -L "$static_folder/lib" -lpq -lpgcommon -lpgport -lssl -lcrypto -lm
    cold_install C "$cold_build/$1"
}

cold_compile_spawn() {
    quietly "$cold_build/c.log" gcc -std=gnu11 -O2 -Wall -Wextra -static -s -o "$cold_build/spawn" "$cold_sources/spawn.c"
}

cold_compile_yardsticks() {
    say 'bench: compiling the yardsticks'
    mkdir -p "$cold_build/go" "$cold_build/python"
    "$cold_sources/statements/embed" c >"$cold_build/statements.h"
    "$cold_sources/statements/embed" python >"$cold_build/python/statements.py"
    cp "$cold_sources/python/create_team.py" "$cold_build/python/"
    rm -rf "$cold_build/go/statements"
    cp -R "$cold_sources"/go/*.go "$cold_sources/statements" "$cold_build/go/"
    cold_compile_spawn
    cold_compile_c create-team "$cold_sources/c/create_team.c"
    (
        cd "$cold_build/go" || exit
        quietly "$cold_build/go.log" env GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS= CGO_ENABLED=0 \
            GOCACHE="$cold_build/go-cache" go build -ldflags '-s -w' -o "$cold_build/go-pgx" .
    )
    cold_install createTeam "$dist/createTeam"
    cold_install Go "$cold_build/go-pgx"
    # Precompiled bytecode, as in a Python installation.
    /usr/bin/python3 -m compileall -q "$cold_build/python"
}

# The way a file is written determines the size of its chunks in the page cache, which changes each start by tenths of a
# millisecond (linkers and strip write small chunks). Therefore all programs are copied in the same way.
cold_install() {
    mkdir -p "$cold_build/programs"
    rm -f "$cold_build/programs/$1"
    install -m 755 "$2" "$cold_build/programs/$1"
}

cold_environment() {
    NOFX_JWT_SECRET=$(head -c 32 /dev/urandom | base64 --wrap=0)
    export NOFX_JWT_SECRET NOFX_JWT_ISSUER=https://bench.example NOFX_JWT_AUDIENCE=nofx
    # The benchmark measures a function without optional settings.
    local name
    for name in $(compgen -e NOFX_) LOG_LEVEL; do
        case $name in
        NOFX_JWT_SECRET | NOFX_JWT_ISSUER | NOFX_JWT_AUDIENCE) ;;
        *) unset "$name" ;;
        esac
    done
}

# Runs a program from the benchmark's folder without writing bytecode files into the sources.
cold_tool() {
    /usr/bin/python3 -B "$cold_sources/$1" "${@:2}"
}

# cold_plan PATH CALLS STATUS PORT [NAME...]: prints lines for spawn.c.
cold_plan() {
    local url name
    url=$(connection "$database_user" "$4")
    for name in "${@:5}"; do
        printf '%s\t%s\t%s\t%s\t%s\t' "$name" "$1" "$3" "$cold_build/calls/$2/$name" "$url"
        case $name in
        createTeam | C | Go) printf '%s\n' "$cold_build/programs/$name" ;;
        Python) printf '%s\t%s\n' /usr/bin/python3 "$cold_build/python/create_team.py" ;;
        esac
    done
}

# cold_calls CALLS COUNT KIND [NAME...]: writes a call for each program and round.
cold_calls() {
    local name
    for name in "${@:4}"; do
        cold_tool calls.py "$cold_build/calls/$1/$name" "$2" "$3"
    done
}

# MARK: - Measuring

# Runs each program once, one after the other, and logs every statement on the server.
cold_statements() {
    local name names=(createTeam C Go Python)
    query postgres -c "ALTER SYSTEM SET log_statement = 'all'" -c 'SELECT pg_reload_conf()' >/dev/null
    rm -rf "$cold_build/calls"
    cold_calls statements 1 fresh "${names[@]}"
    # Sessions that begin before the server has reloaded its settings would not be logged.
    until [[ $(query postgres -c 'SHOW log_statement') == all ]]; do sleep 0.1; done
    for name in "${names[@]}"; do
        # Zero measured rounds: only the warm-up round runs.
        cold_plan straight statements 0 5432 "$name" | "$cold_build/spawn" 0 || fail "$name does not work"
    done
    query postgres -c "ALTER SYSTEM SET log_statement = 'none'" -c 'SELECT pg_reload_conf()' >/dev/null
    as_server cat "$server_folder/log/statements.json" | grep "\"user\":\"$database_user\"" >"$cold_build/statements.json"
    cold_tool same_statements.py "$cold_build/statements.json" "${names[@]}"
}

cold_measure() {
    local names=(createTeam C Go Python)
    say "bench: $(((rounds + 1) * 12)) calls"
    cold_calls refused "$((rounds + 1))" forged "${names[@]}"
    cold_calls straight "$((rounds + 1))" fresh "${names[@]}"
    cold_calls pooled "$((rounds + 1))" fresh "${names[@]}"
    {
        cold_plan 'start only' refused 77 6432 "${names[@]}"
        cold_plan straight straight 0 5432 "${names[@]}"
        cold_plan PgBouncer pooled 0 6432 "${names[@]}"
    } >"$cold_build/plan.tsv"
    interruptibly "$cold_build/spawn" "$rounds" <"$cold_build/plan.tsv" >"$cold_build/samples.tsv"
}

# Checks that every measured call created a team with its owner, and that nothing else was created.
cold_verify() {
    local expected=$(((rounds + 1) * 8 + 4)) made
    made=$(query "$database_name" -c "
        SELECT count(*) FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
        JOIN nofx.team_activity a ON a.team_id = t.id
        WHERE m.user_id = t.owner_id AND m.role = 'owner'")
    [[ $made == "$expected" ]] || fail "$made teams were made, not $expected"
}

cold_report() {
    local zipped
    zipped=$(zip -9 -q -j - "$dist/createTeam" | wc -c)
    cold_machine "Go $(go version | sed -E 's/.*go([0-9.]+).*/\1/'), Python $(/usr/bin/python3 -V | cut -d ' ' -f 2)"
    cold_tool report.py "$cold_build/samples.tsv" "$zipped"
}

# cold_machine [WORDS]: prints the machine and the versions of the software.
cold_machine() {
    printf '\nspawn to exit, %s rounds; Postgres %s (fsync off), %s%s; %s x %s\n\n' "$rounds" "$(server_version)" \
        "$(/usr/sbin/pgbouncer --version | head -n 1)" "${1:+, $1}" "$(nproc)" \
        "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
}
