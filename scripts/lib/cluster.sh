# Private Postgres clusters: a permanent one for `deploy.sh local`, and temporary ones for tests and benchmarks.
#
# A cluster consists of a folder with `data` and `log` and a folder for its socket. Postgres refuses to run as root, so
# a script that runs as root starts the server as an unprivileged user.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

cluster_programs='' # the folder of initdb, pg_ctl and psql
cluster_as=()       # prefix that runs a command as the server's user; empty if that is the caller
cluster_user=''
cluster_url=''      # URL of the temporary cluster: its socket, its superuser

# MARK: - Programs and users

# Finds the newest installed Postgres, version 15 or later.
cluster_find_programs() {
    local folder version best=0
    for folder in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin; do
        [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/psql ]] || continue
        version=$("$folder/postgres" --version | sed -nE 's/^[^0-9]*([0-9]+).*/\1/p')
        if ((${version:-0} >= 15 && version > best)); then
            best=$version
            cluster_programs=$folder
        fi
    done
    ((best > 0)) || fail 'there is no Postgres 15 or later; run scripts/setup'
}

# Selects the user of the server: the caller or, if the caller is root, the first of the named users that exists.
cluster_use() {
    local name
    cluster_user=$(id -un 2>/dev/null || id -u)
    cluster_as=()
    [[ $(id -u) == 0 ]] || return 0
    for name in "$@"; do
        id -u "$name" >/dev/null 2>&1 || continue
        [[ $(id -u "$name") != 0 ]] || continue
        cluster_user=$name
        cluster_as=(setpriv "--reuid=$(id -u "$name")" "--regid=$(id -g "$name")" --clear-groups --)
        return
    done
    fail "Postgres does not run as root, and none of these users exists: $*"
}

# Runs a command as the server's user, with a clean environment and in a folder to which this user has access. The
# command must not inherit the caller's lock (9), because the server would hold it for its whole lifetime.
cluster_run() (
    cd /
    exec 9>&-
    exec env -i PATH="$cluster_programs:/usr/bin:/bin" LC_ALL=C.UTF-8 "${cluster_as[@]}" "$@"
)

# Creates a folder that only the server's user and root can enter. Fails if the folder belongs to another user.
cluster_make_folder() {
    local folder=$1
    if [[ ! -d $folder ]]; then
        mkdir -m 700 -- "$folder" || fail "$folder cannot be made"
        [[ ${#cluster_as[@]} == 0 ]] || chown "$cluster_user:" "$folder"
    fi
    if [[ -L $folder || $(stat -c %u "$folder") != "$(id -u "$cluster_user")" ]]; then
        # A run that was killed between mkdir and chown has left an empty folder that belongs to root.
        [[ ! -L $folder && -O $folder ]] && rmdir "$folder" 2>/dev/null && cluster_make_folder "$folder" && return
        fail "$folder does not belong to '$cluster_user'; remove it and try again"
    fi
}

# MARK: - A cluster's life

# Creates the cluster in the folder if it does not exist. The data folder gets the name `data` only when it is complete.
cluster_create() {
    local folder=$1 authentication=$2
    [[ ! -d $folder/data ]] || return 0
    rm -rf -- "$folder/data.new"
    cluster_run initdb --pgdata "$folder/data.new" --username postgres --encoding UTF8 --locale C.UTF-8 \
        --auth-local trust --auth-host "$authentication" --no-sync >"$folder/initdb.log" 2>&1 </dev/null ||
        cluster_failed 'initdb failed' "$folder/initdb.log"
    # shellcheck disable=SC2016 # for the inner shell
    echo "include = 'nofx.conf'" | cluster_run sh -c 'cat >>"$0/postgresql.conf"' "$folder/data.new"
    cluster_run mv "$folder/data.new" "$folder/data"
    rm -f "$folder/initdb.log"
}

cluster_failed() {
    [[ ! -r $2 ]] || tail -n 20 "$2" >&2
    fail "$1"
}

# Prints the process id of the server if it is running. The pid file may come from an earlier boot, and its number may
# now belong to another process.
cluster_process() {
    local data=$1/data process
    process=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
    [[ $process =~ ^[0-9]+$ && $(readlink "/proc/$process/cwd") == "$(readlink -f "$data")" ]] || return 1
    printf '%s' "$process"
}

# Starts the server, also after it was killed, with its socket in the folder. The settings are lines of postgresql.conf.
cluster_start() {
    local folder=$1 socket=$2
    shift 2
    if ! cluster_process "$folder" >/dev/null; then
        cluster_end_orphans "$folder/data" || return
        # A killed server leaves these files behind. They prevent a start if their process number is in use again.
        rm -f "$folder/data/postmaster.pid" "$socket"/.s.PGSQL.*
    fi
    # shellcheck disable=SC2016 # for the inner shell
    printf '%s\n' "unix_socket_directories = '$socket'" "$@" |
        cluster_run sh -c 'cat >"$0/nofx.conf"' "$folder/data"
    rm -f "$folder/log"
    cluster_run pg_ctl start --silent --wait --timeout 60 --pgdata "$folder/data" --log "$folder/log" \
        </dev/null >/dev/null 2>&1
}

# Ends the sessions of a killed server, because a new server cannot start while they run.
cluster_end_orphans() {
    local data process orphans try
    data=$(readlink -f "$1")
    for try in 1 2 3 4 5 6 7 8 9 10; do
        orphans=()
        for process in /proc/[0-9]*; do
            [[ $(readlink "$process/cwd" 2>/dev/null) != "$data" ]] || orphans+=("${process#/proc/}")
        done
        ((${#orphans[@]} > 0)) || return 0
        kill -s "$( ((try < 5)) && echo TERM || echo QUIT)" "${orphans[@]}" 2>/dev/null || true
        sleep "0.$try"
    done
    return 1
}

cluster_stop() {
    local folder=$1 mode=${2:-fast}
    cluster_process "$folder" >/dev/null || return 0
    cluster_run pg_ctl stop --silent --wait --timeout 30 --mode "$mode" --pgdata "$folder/data" >/dev/null 2>&1 ||
        cluster_run pg_ctl stop --silent --wait --mode immediate --pgdata "$folder/data" >/dev/null
}

# Runs psql as the superuser, without the settings of the caller's environment and home folder.
cluster_psql() {
    local socket=$1 port=$2 database=$3
    shift 3
    cluster_run psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 \
        --host "$socket" --port "$port" --username postgres --dbname "$database" "$@"
}

# MARK: - Temporary clusters

# The settings of the tests' clusters. Their databases are many and live only for seconds, so the clusters are not
# crash-safe and have no autovacuum.
# shellcheck disable=SC2034 # for the callers
cluster_for_tests=(
    'log_min_messages = fatal' 'autovacuum = off' 'checkpoint_timeout = 1h' 'max_wal_size = 4GB' 'max_connections = 400'
)

# Starts a fast cluster that is not crash-safe, on a socket and a free loopback port, with a database `test`. Sets
# `cluster_folder`, `cluster_port` and `cluster_url`. The caller can pass more settings and must stop the cluster.
cluster_throwaway_start() {
    cluster_find_programs
    # The user is not `postgres`, because tests must have no access to the other clusters of the machine.
    cluster_use nobody postgres
    cluster_throwaway_sweep
    cluster_folder=$(mktemp -d "/tmp/nofx-test.$$.XXXXXX")
    [[ ${#cluster_as[@]} == 0 ]] || chown "$cluster_user:" "$cluster_folder"
    cluster_create "$cluster_folder" scram-sha-256
    cluster_forgetful_start "$@"
}

# Starts the cluster in `cluster_folder`, whose databases may be lost in a crash.
cluster_forgetful_start() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        # Below the range of ports that the kernel assigns to clients.
        cluster_port=$((20000 + RANDOM % 10000))
        cluster_start "$cluster_folder" "$cluster_folder" "listen_addresses = '127.0.0.1'" \
            "port = $cluster_port" 'max_connections = 200' \
            'fsync = off' 'synchronous_commit = off' 'full_page_writes = off' "$@" && break
        if [[ $try == 10 ]] || ! grep -q 'Address already in use' "$cluster_folder/log"; then
            cluster_failed 'the cluster did not start' "$cluster_folder/log"
        fi
    done
    cluster_psql "$cluster_folder" "$cluster_port" postgres >/dev/null <<<"
        SELECT 'CREATE DATABASE test' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'test') \\gexec"
    cluster_find_url
}

# Sets the URL of the cluster in `cluster_folder` on `cluster_port`.
cluster_find_url() {
    # shellcheck disable=SC2034 # for the callers
    cluster_url="postgresql:///test?host=$cluster_folder&port=$cluster_port&user=postgres"
}

# Stops temporary clusters of this user whose script was killed.
cluster_throwaway_sweep() {
    local folder process
    for folder in /tmp/nofx-test.*; do
        process=${folder#/tmp/nofx-test.}
        process=${process%%.*}
        [[ -d $folder && ! -L $folder && $process =~ ^[0-9]+$ && ! -d /proc/$process ]] || continue
        [[ $(stat -c %u "$folder") == "$(id -u "$cluster_user")" ]] || continue
        cluster_stop "$folder" immediate || continue
        rm -rf -- "$folder"
    done
}

# Also works for a cluster whose start did not finish.
cluster_throwaway_stop() {
    [[ -n ${cluster_folder:-} ]] || return 0
    cluster_stop "$cluster_folder" immediate || true
    rm -rf -- "$cluster_folder"
    cluster_folder=''
}
