# `scripts/bench cold`: spawn to exit of createTeam.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and `static_folder`

# shellcheck source-path=SCRIPTDIR source=bench-server.sh
source "$root/scripts/lib/bench-server.sh"

readonly cold_help="Usage: scripts/bench cold [--rounds N] [--dist FOLDER]

Times createTeam from spawn to exit, straight to Postgres and through PgBouncer, against yardsticks that verify the
same token and send the same statements: C (static libpq, pipeline), Go (static, pgx), Python (psycopg, pipeline).
All run once in every round, in an order drawn anew for each. \`start only\` is a call with a forged token, which is
refused before there is any connection. The server runs with fsync off.

  --rounds  how often each program is run; 200 by default
  --dist    where createTeam and migrate are; by default dist/, which ./deploy.sh bundle fills when they are missing"

readonly cold_sources=$root/Benchmarks/cold
readonly cold_build=$root/.build/bench/cold

bench_cold() {
    local rounds=200 dist=$root/dist
    cold_arguments "$@"
    "$root/scripts/setup" bench
    "$root/scripts/static-libs"
    cold_bundle
    cold_compile
    server_start
    pooler_start
    cold_environment
    printf '{"grantTo":"%s"}' "$database_user" |
        DATABASE_URL=$(connection "$database_owner") quietly "$cold_build/migrate.log" "$dist/migrate"
    cold_statements
    cold_measure
    cold_verify
    cold_report | tee "$cold_build/report.txt"
}

cold_arguments() {
    while (($# > 0)); do
        case $1 in
        --rounds)
            rounds=${2:-}
            [[ $rounds =~ ^[1-9][0-9]{0,4}$ ]] || fail '--rounds takes a number up to 99999'
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
}

# MARK: - Programs

cold_bundle() {
    if [[ ! -x $dist/createTeam || ! -x $dist/migrate ]]; then
        [[ $dist == "$root/dist" ]] || fail "createTeam or migrate is missing in $dist"
        "$root/deploy.sh" bundle --functions "$(cold_functions)"
    elif [[ -n $(find "$root/Sources" "$root/Functions/createTeam" -newer "$dist/createTeam" -name '*.swift' -print -quit) ]]; then
        say 'bench: some sources are newer than createTeam; ./deploy.sh bundle builds it again'
    fi
}

# What is needed here and what is in dist/ already, since a bundle takes the place of the one before.
cold_functions() {
    local file names=createTeam,migrate
    for file in "$dist"/*; do
        [[ ! -d $root/Functions/${file##*/} ]] || names+=,${file##*/}
    done
    printf '%s' "$names"
}

cold_compile() {
    say 'bench: compiling the yardsticks'
    mkdir -p "$cold_build/go" "$cold_build/python"
    "$cold_sources/statements/embed" c >"$cold_build/statements.h"
    "$cold_sources/statements/embed" python >"$cold_build/python/statements.py"
    cp "$cold_sources/python/create_team.py" "$cold_build/python/"
    rm -rf "$cold_build/go/statements"
    cp -R "$cold_sources"/go/*.go "$cold_sources/statements" "$cold_build/go/"
    quietly "$cold_build/c.log" gcc -std=gnu11 -O2 -Wall -Wextra -static -s -o "$cold_build/spawn" "$cold_sources/spawn.c"
    quietly "$cold_build/c.log" gcc -std=gnu11 -O2 -Wall -Wextra -static -s -o "$cold_build/c" \
        -I "$cold_build" -I "$static_folder/include" "$cold_sources"/c/*.c \
        -L "$static_folder/lib" -lpq -lpgcommon -lpgport -lssl -lcrypto -lm
    (
        cd "$cold_build/go" || exit
        quietly "$cold_build/go.log" env GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS= CGO_ENABLED=0 \
            GOCACHE="$cold_build/go-cache" go build -ldflags '-s -w' -o "$cold_build/go-pgx" .
    )
    cold_install createTeam "$dist/createTeam"
    cold_install C "$cold_build/c"
    cold_install Go "$cold_build/go-pgx"
    # Python keeps what it compiled, as an installation would.
    /usr/bin/python3 -m compileall -q "$cold_build/python"
}

# How a file was written decides how large the pieces are in which it lies in memory, and that is worth tenths of a
# millisecond at every start (linkers and strip write small ones). All programs are therefore written in the same way.
cold_install() {
    mkdir -p "$cold_build/programs"
    rm -f "$cold_build/programs/$1"
    install -m 755 "$2" "$cold_build/programs/$1"
}

cold_environment() {
    NOFX_JWT_SECRET=$(head -c 32 /dev/urandom | base64 --wrap=0)
    export NOFX_JWT_SECRET NOFX_JWT_ISSUER=https://bench.example NOFX_JWT_AUDIENCE=nofx
    unset NOFX_TOKEN NOFX_JWKS LOG_LEVEL NOFX_TIMEOUT_MS
    printf '{"name":"Acme"}' >"$cold_build/event.json"
}

# plan PATH TOKEN STATUS PORT [NAME...]: lines for the spawner.
cold_plan() {
    local path=$1 token=$2 status=$3 url name
    url=$(connection "$database_user" "$4")
    for name in "${@:5}"; do
        printf '%s\t%s\t%s\t%s\t%s\t' "$name" "$path" "$status" "$token" "$url"
        case $name in
        createTeam | C | Go) printf '%s\n' "$cold_build/programs/$name" ;;
        Python) printf '%s\t%s\n' /usr/bin/python3 "$cold_build/python/create_team.py" ;;
        esac
    done
}

# MARK: - Measuring

# Each program once, one after the other, with every statement in the server's log.
cold_statements() {
    local name names=(createTeam C Go Python)
    query postgres -c "ALTER SYSTEM SET log_statement = 'all'" -c 'SELECT pg_reload_conf()' >/dev/null
    "$cold_sources/tokens.py" 8 >"$cold_build/tokens"
    # Sessions begun before the server has read its settings again would not be logged.
    until [[ $(query postgres -c 'SHOW log_statement') == all ]]; do sleep 0.1; done
    for name in "${names[@]}"; do
        cold_plan straight fresh 0 5432 "$name" | cold_once "$name"
    done
    query postgres -c "ALTER SYSTEM SET log_statement = 'none'" -c 'SELECT pg_reload_conf()' >/dev/null
    as_server cat "$server_folder/log/statements.json" | grep "\"user\":\"$database_user\"" >"$cold_build/statements.json"
    "$cold_sources/same_statements.py" "$cold_build/statements.json" "${names[@]}"
}

# No rounds but the one that is not counted.
cold_once() {
    tail -n 1 "$cold_build/tokens" >"$cold_build/token"
    sed -i '$d' "$cold_build/tokens"
    "$cold_build/spawn" 0 "$cold_build/token" "$cold_build/event.json" || fail "$1 does not work"
}

cold_measure() {
    local names=(createTeam C Go Python) calls=$(((rounds + 1) * 12))
    "$cold_sources/tokens.py" "$calls" >"$cold_build/tokens"
    say "bench: $calls calls"
    {
        cold_plan 'start only' forged 77 6432 "${names[@]}"
        cold_plan straight fresh 0 5432 "${names[@]}"
        cold_plan PgBouncer fresh 0 6432 "${names[@]}"
    } >"$cold_build/plan.tsv"
    interruptibly "$cold_build/spawn" "$rounds" "$cold_build/tokens" "$cold_build/event.json" \
        <"$cold_build/plan.tsv" >"$cold_build/samples.tsv"
}

# Every call that was timed has made a team with its owner, and nothing else was made.
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
    printf '\nspawn to exit, %s rounds; Postgres %s (fsync off), %s, %s, Python %s; %s x %s\n\n' "$rounds" \
        "$(server_version)" "$(/usr/sbin/pgbouncer --version | head -n 1)" "$(go version | cut -d ' ' -f 3)" \
        "$(/usr/bin/python3 -c 'import platform; print(platform.python_version())')" "$(nproc)" \
        "$(sed -nE '/^model name/ { s/.*: //p; q }' /proc/cpuinfo)"
    "$cold_sources/report.py" "$cold_build/samples.tsv" "$zipped"
}
