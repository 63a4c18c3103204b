# The database of a benchmark: a private Postgres cluster and PgBouncer, which end with the script.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

readonly database_name=nofx
readonly database_owner=nofx_owner
readonly database_user=nofx_app
readonly database_operator=nofx_operator

# The folder of sockets and data. It is in /tmp, because socket paths must be short and the server's user must have
# access wherever the project is. Its name is saved, so that the next run can remove it if this run is killed.
server_folder=''
measuring_process=''
server_settings=() # lines of postgresql.conf that override the settings below

server_start() {
    local kept=$root/.build/bench/server
    if [[ -s $kept ]]; then
        server_folder=$(<"$kept")
        server_stop
    fi
    server_folder=$(mktemp -d /tmp/nofx-bench.XXXXXX)
    printf '%s\n' "$server_folder" >"$kept"
    trap server_stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [[ $(id -u) == 0 ]]; then
        chown postgres: "$server_folder"
    fi
    quietly "$root/.build/bench/initdb.log" as_server "$(postgres_folder)/initdb" --pgdata="$server_folder/data" \
        --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync
    server_configure
    printf '%s\n' "${server_settings[@]}" | as_server tee -a "$server_folder/data/postgresql.conf" >/dev/null
    quietly "$root/.build/bench/start.log" as_server "$(postgres_folder)/pg_ctl" start --wait --silent \
        --pgdata="$server_folder/data" --log="$server_folder/postgres.log"
    query postgres -c "CREATE ROLE $database_owner LOGIN" -c "CREATE ROLE $database_user LOGIN" \
        -c "CREATE ROLE $database_operator LOGIN" -c "CREATE DATABASE $database_name OWNER $database_owner" >/dev/null
}

# Benchmarks measure the round trips to the server and not its disk, unless they override these settings.
server_configure() {
    as_server tee -a "$server_folder/data/postgresql.conf" >/dev/null <<CONFIGURATION
listen_addresses = ''
unix_socket_directories = '$server_folder'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
timezone = 'UTC'
logging_collector = on
log_destination = 'jsonlog'
log_directory = '$server_folder/log'
log_filename = 'statements'
CONFIGURATION
}

# PgBouncer in transaction mode, as on a function platform, with a unix socket beside the server's socket.
pooler_start() {
    as_server tee "$server_folder/pgbouncer.ini" >/dev/null <<CONFIGURATION
[databases]
$database_name = host=$server_folder port=5432
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $server_folder
auth_type = trust
auth_file = $server_folder/users
pool_mode = transaction
log_connections = 0
log_disconnections = 0
stats_period = 3600
logfile = $server_folder/pgbouncer.log
pidfile = $server_folder/pgbouncer.pid
CONFIGURATION
    printf '"%s" ""\n' "$database_user" "$database_owner" "$database_operator" | as_server tee "$server_folder/users" >/dev/null
    quietly "$root/.build/bench/pooler.log" as_server /usr/sbin/pgbouncer --daemon "$server_folder/pgbouncer.ini"
    for _ in {1..100}; do
        [[ ! -S $server_folder/.s.PGSQL.6432 ]] || return 0
        sleep 0.1
    done
    fail "PgBouncer does not start; see $server_folder/pgbouncer.log"
}

server_stop() {
    local status=$?
    trap - EXIT INT TERM HUP
    if [[ -n $measuring_process ]]; then
        kill "$measuring_process" 2>/dev/null || true
    fi
    if [[ -n $server_folder && -d $server_folder ]]; then
        pooler_stop
        as_server "$(postgres_folder)/pg_ctl" stop --silent --mode=immediate --pgdata="$server_folder/data" \
            >/dev/null 2>&1 || true
        rm -rf "$server_folder"
    fi
    rm -f "$root/.build/bench/server"
    return "$status"
}

# Runs a long program so that a signal to the script is handled at once and not after the program ends.
interruptibly() {
    # A background process would otherwise have an empty standard input.
    "$@" <&0 &
    measuring_process=$!
    wait "$measuring_process"
    measuring_process=''
}

# If a killed run left the file behind, the number in it may now belong to another process.
pooler_stop() {
    local process
    process=$(cat "$server_folder/pgbouncer.pid" 2>/dev/null) || return 0
    if tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline" | grep -qF "$server_folder/"; then
        kill "$process"
    fi
}

# Postgres refuses to run as root. The server must not inherit the script's lock (9), which it would hold after the
# script ends.
as_server() {
    if [[ $(id -u) == 0 ]]; then
        setpriv --reuid=postgres --regid=postgres --init-groups --reset-env -- "$@" 9>&-
    else
        "$@" 9>&-
    fi
}

postgres_folder() {
    local folders=(/usr/lib/postgresql/*/bin)
    printf '%s' "${folders[-1]}"
}

# connection ROLE [PORT]: prints a connection string that all clients accept.
connection() {
    printf 'host=%s port=%s user=%s dbname=%s' "$server_folder" "${2:-5432}" "$1" "$database_name"
}

# query DATABASE PSQL-ARGUMENT...: runs psql as the cluster's superuser.
query() {
    psql --host="$server_folder" --username=postgres --dbname="$1" --no-psqlrc --quiet --tuples-only --no-align \
        --set=ON_ERROR_STOP=1 "${@:2}"
}

server_version() {
    query postgres -c 'SHOW server_version' | cut -d ' ' -f 1
}
