# Private Postgres clusters: for `deploy.sh local` one that stays, for tests and benchmarks ones that are thrown away.
#
# A cluster is a folder with `data` and `log`, and a folder for its socket. As root, which Postgres refuses to run
# as, the server belongs to an unprivileged user.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`

cluster_programs='' # the folder of initdb, pg_ctl and psql
cluster_as=()       # what puts a command into the hands of the server's user; nothing when that is the caller
cluster_user=''
cluster_url=''      # of the throw-away cluster, through its socket, as its superuser

# MARK: - Programs and users

# The newest Postgres from version 15 on.
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

# Chooses who runs the server: the caller or, as root, the first of the named users that exists.
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
    fail "Postgres does not run as root, and of these users there is none: $*"
}

# Runs a command as the server's user, with a clean environment and in a folder that this user can enter. The lock
# of the caller (9) stays behind, or the server would hold it for as long as it lives.
cluster_run() (
    cd /
    exec 9>&-
    exec env -i PATH="$cluster_programs:/usr/bin:/bin" LC_ALL=C.UTF-8 "${cluster_as[@]}" "$@"
)

# Makes a folder that only the server's user (and root) can enter, or fails when it is somebody else's.
cluster_make_folder() {
    local folder=$1
    if [[ ! -d $folder ]]; then
        mkdir -m 700 -- "$folder" || fail "$folder cannot be made"
        [[ ${#cluster_as[@]} == 0 ]] || chown "$cluster_user:" "$folder"
    fi
    if [[ -L $folder || $(stat -c %u "$folder") != "$(id -u "$cluster_user")" ]]; then
        # A run that was killed between mkdir and chown left it root's, and empty.
        [[ ! -L $folder && -O $folder ]] && rmdir "$folder" 2>/dev/null && cluster_make_folder "$folder" && return
        fail "$folder belongs to somebody else than '$cluster_user'; remove it and try again"
    fi
}

# MARK: - A cluster's life

# Makes the cluster in the folder, unless it is there. Only a finished one gets the name `data`.
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

# The server's process, when it is one: a file of an earlier boot may name a number that is somebody else's now.
cluster_process() {
    local data=$1/data process
    process=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
    [[ $process =~ ^[0-9]+$ && $(readlink "/proc/$process/cwd") == "$(readlink -f "$data")" ]] || return 1
    printf '%s' "$process"
}

# Starts the server, if need be after one that was killed, with its socket in the folder and with the settings, given
# as lines of postgresql.conf.
cluster_start() {
    local folder=$1 socket=$2
    shift 2
    if ! cluster_process "$folder" >/dev/null; then
        cluster_end_orphans "$folder/data" || return
        # Left by a killed server. They would be in the way if their process number is in use again.
        rm -f "$folder/data/postmaster.pid" "$socket"/.s.PGSQL.*
    fi
    # shellcheck disable=SC2016 # for the inner shell
    printf '%s\n' "unix_socket_directories = '$socket'" "$@" |
        cluster_run sh -c 'cat >"$0/nofx.conf"' "$folder/data"
    rm -f "$folder/log"
    cluster_run pg_ctl start --silent --wait --timeout 60 --pgdata "$folder/data" --log "$folder/log" \
        </dev/null >/dev/null 2>&1
}

# Ends the sessions of a server that was killed: no second server may start beside them.
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

# psql as the superuser, without what the caller's environment and home say.
cluster_psql() {
    local socket=$1 port=$2 database=$3
    shift 3
    cluster_run psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 \
        --host "$socket" --port "$port" --username postgres --dbname "$database" "$@"
}

# MARK: - Throw-away clusters

# What the tests' own clusters are started with. Their databases live for seconds and are many, so nothing is logged
# for a crash, and nobody vacuums.
# shellcheck disable=SC2034 # for the callers
cluster_for_tests=(
    'log_min_messages = fatal' 'autovacuum = off' 'checkpoint_timeout = 1h' 'max_wal_size = 4GB' 'max_connections = 400'
)

# Starts a fast and forgetful cluster on a socket and a free loopback port, with a database `test`: sets
# `cluster_folder`, `cluster_port` and `cluster_url`. More settings may be given. The caller removes it.
cluster_throwaway_start() {
    cluster_find_programs
    # Not `postgres`: what runs here must not reach the clusters of the machine.
    cluster_use nobody postgres
    cluster_throwaway_sweep
    cluster_folder=$(mktemp -d "/tmp/nofx-test.$$.XXXXXX")
    [[ ${#cluster_as[@]} == 0 ]] || chown "$cluster_user:" "$cluster_folder"
    cluster_create "$cluster_folder" scram-sha-256
    cluster_forgetful_start "$@"
}

# Starts the cluster in `cluster_folder` for databases that may be lost.
cluster_forgetful_start() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10; do
        # Below the ports that the kernel hands out to clients.
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

# Where the cluster in `cluster_folder` answers on `cluster_port`.
cluster_find_url() {
    # shellcheck disable=SC2034 # for the callers
    cluster_url="postgresql:///test?host=$cluster_folder&port=$cluster_port&user=postgres"
}

# Ends those of this user whose script was killed.
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

# Works also for one that was started half.
cluster_throwaway_stop() {
    [[ -n ${cluster_folder:-} ]] || return 0
    cluster_stop "$cluster_folder" immediate || true
    rm -rf -- "$cluster_folder"
    cluster_folder=''
}
