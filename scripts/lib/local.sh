# `deploy.sh local`: builds and runs everything on this machine and shows a dozen calls.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`
# shellcheck source-path=SCRIPTDIR source=cluster.sh
source "$root/scripts/lib/cluster.sh"
# shellcheck source-path=SCRIPTDIR source=local-tour.sh
source "$root/scripts/lib/local-tour.sh"

readonly local_help="Usage: ./deploy.sh local [stop | status | reset | env] [--dry-run]

Builds the functions, starts a private Postgres under .local/, migrates it, creates a token for development, and runs
the functions with real events: it creates a team and starts a run. You can repeat it: it starts Postgres only if it is
not running.

  stop    stops the private Postgres and keeps its data
  status  shows the state of the private Postgres and the token; exits with 3 if Postgres is not running
  reset   stops the private Postgres and deletes its data, the secret and the token
  env     prints the environment of the functions, for: eval \"\$(./deploy.sh local env)\"

  --dry-run  print the commands, run nothing

If DATABASE_URL is set, the script uses that database and starts no Postgres. If NOFX_MIGRATE_URL is set, the migration
connects with it as the owner of the schema. If NOFX_OPERATOR_URL is set, the workers connect with it.
NOFX_BUILD_PATH is the build folder, .build by default."

local_main() {
    local action=run dry_run=no database_url='' migrate_url='' operator_url='' grant=''
    local_arguments "$@"
    # The Postgres package creates the user that runs the server.
    [[ $action != run || $dry_run == yes ]] || "$root/scripts/setup" build
    local_names
    if [[ $dry_run == yes ]]; then
        local_rehearse
        return
    fi
    case $action in
    run) local_run ;;
    env) local_env ;;
    stop) local_stop ;;
    status) local_status ;;
    reset) local_reset ;;
    esac
}

local_arguments() {
    local word chosen=''
    for word in "$@"; do
        case $word in
        stop | status | reset | env)
            [[ -z $chosen ]] || wrong_usage "'$chosen' and '$word' at once"
            chosen=$word
            action=$word
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$local_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$word'" ;;
        esac
    done
}

# MARK: - Where things are

# All names are derived from the path of the clone, so that several clones do not conflict.
local_names() {
    local folder=${XDG_RUNTIME_DIR:-/tmp} data
    folder_here=$root/.local
    build=${NOFX_BUILD_PATH:-$root/.build}
    clone=$(cd "$root" && pwd -P)
    clone=$(printf '%s' "$clone" | sha256sum | head -c 12)
    cluster_use postgres nobody
    # As root: an existing cluster keeps its user.
    for data in {"$folder_here/postgres","/var/tmp/nofx-$clone"}/data; do
        if [[ ${#cluster_as[@]} != 0 && -d $data ]]; then
            cluster_use "$(stat -c %U "$data")" postgres nobody
        fi
    done
    # The path of a socket is limited to 107 bytes.
    if [[ ! $folder =~ ^/[A-Za-z0-9_./-]{0,60}$ ]] || ! local_can -w "$folder"; then
        folder=/tmp
    fi
    socket=$folder/nofx-$clone
    local_place
    # If the server is running, its socket stays in its folder.
    if cluster_process "$cluster_folder" >/dev/null; then
        folder=$(sed -n 5p "$cluster_folder/data/postmaster.pid")
        [[ $folder != */nofx-"$clone" ]] || socket=$folder
    fi
    private_url="postgresql:///nofx?host=$socket&user=nofx_app"
}

# Tests a path with the permissions of the server's user.
local_can() {
    (cd / && "${cluster_as[@]}" test "$1" "$2")
}

# The cluster is in the clone, unless the server's user has no access to the clone.
local_place() {
    cluster_folder=$folder_here/postgres
    local_can -x "$root" || cluster_folder=/var/tmp/nofx-$clone
}

# DATABASE_URL may come from `local env` of this clone or another clone. Such a value is ignored.
local_database_is_given() {
    [[ -n ${DATABASE_URL:-} ]] || return 1
    [[ ! $DATABASE_URL =~ ^postgresql:///nofx\?host=/[A-Za-z0-9_./-]*/nofx-[0-9a-f]{12}\&user=nofx_app$ ]]
}

local_make_folder() {
    mkdir -p "$folder_here" || fail "$folder_here cannot be made"
    [[ -w $folder_here && -x $folder_here ]] || fail "$folder_here is not writable; it may belong to another user"
    # The server's user only needs to traverse the folder.
    chmod 711 "$folder_here" 2>/dev/null || true
}

# Only one script runs at a time. The kernel releases the lock when the process ends.
local_lock() {
    local_make_folder
    exec 9>"$folder_here/lock" || fail "$folder_here/lock is not writable; it may belong to another user"
    if ! flock --nonblock 9; then
        say 'local: waiting for another ./deploy.sh local to end'
        flock 9
    fi
}

# MARK: - The run

local_run() {
    local_lock
    local_build
    local_open_database
    local_migrate
    local_secret
    local_token
    say "local: teams may use these tools: $local_tools (NOFX_DEFAULT_TOOLS); setToolPolicy sets those of one team"
    local_tour
    local_next
}

local_build() {
    say 'local: building (the first time takes some minutes)'
    local product name
    for product in nofx issueToken ask; do
        quietly "$build/local.log" swift build --package-path "$root" --scratch-path "$build" --product "$product" 9>&-
    done
    # Each endpoint is a link to the program with all endpoints, because linking 47 programs takes longer than compiling
    # them.
    rm -rf "${build:?}/bin"
    mkdir -p "$build/bin"
    for name in nofx issueToken ask; do ln -s "../debug/$name" "$build/bin/$name"; done
    for name in "$root"/Functions/*/; do ln -s ../debug/nofx "$build/bin/$(basename "$name")"; done
}

local_open_database() {
    if local_database_is_given; then
        say 'local: using the database of DATABASE_URL'
        database_url=$DATABASE_URL
        migrate_url=${NOFX_MIGRATE_URL:-$DATABASE_URL}
        operator_url=${NOFX_OPERATOR_URL:-$migrate_url}
        return
    fi
    database_url=$private_url
    migrate_url=${private_url/%nofx_app/nofx_owner}
    operator_url=${private_url/%nofx_app/nofx_operator}
    cluster_find_programs
    local_start
    local_make_roles
}

local_start() {
    if cluster_process "$cluster_folder" >/dev/null && local_answers; then
        return
    fi
    if [[ $cluster_folder != "$folder_here"/* ]]; then
        say "local: $cluster_user, who runs Postgres, cannot enter $root; the data goes to $cluster_folder"
    fi
    cluster_make_folder "$cluster_folder"
    cluster_make_folder "$socket"
    # The server may be running without responding: its socket was deleted, or it is starting or stopping.
    cluster_stop "$cluster_folder"
    cluster_create "$cluster_folder" scram-sha-256
    say "local: starting Postgres, data in $cluster_folder"
    cluster_start "$cluster_folder" "$socket" "listen_addresses = ''" 'port = 5432' ||
        cluster_failed 'Postgres did not start' "$cluster_folder/log"
}

local_answers() {
    [[ -S $socket/.s.PGSQL.5432 ]] && cluster_psql "$socket" 5432 postgres --command 'SELECT' >/dev/null 2>&1
}

# Creates the owner of the schema, and roles without ownership for the functions and the workers.
local_make_roles() {
    cluster_psql "$socket" 5432 postgres <<-'END' >/dev/null
	SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['nofx_owner', 'nofx_app', 'nofx_operator']) AS name
	WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
	SELECT 'CREATE DATABASE nofx OWNER nofx_owner'
	WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'nofx') \gexec
	END
    grant=nofx_app
}

local_migrate() {
    local answer event='{}'
    if [[ -z $grant && $migrate_url != "$database_url" ]]; then
        cluster_find_programs
        grant=$("$cluster_programs/psql" --no-psqlrc --no-align --tuples-only --dbname "$database_url" \
            --command 'SELECT current_user') || fail 'DATABASE_URL does not lead to a database'
    fi
    [[ -z $grant ]] || event="{\"grantTo\":\"$grant\"}"
    local_database_is_given || event="{\"grantTo\":\"$grant\",\"grantOperatorTo\":\"nofx_operator\"}"
    if ! answer=$(printf '%s' "$event" | local_function migrate); then
        printf '%s\n' "$answer" >&2
        fail 'the migration failed'
    fi
}

# MARK: - The other actions

local_env() {
    local name
    if local_database_is_given; then
        database_url=$DATABASE_URL
        operator_url=${NOFX_OPERATOR_URL:-${NOFX_MIGRATE_URL:-$DATABASE_URL}}
    else
        database_url=$private_url
        operator_url=${private_url/%nofx_app/nofx_operator}
        cluster_process "$cluster_folder" >/dev/null ||
            say 'local: Postgres is not running; ./deploy.sh local starts it'
    fi
    [[ -x $build/bin/issueToken ]] || fail 'nothing is built here yet; run ./deploy.sh local'
    local_make_folder
    local_secret
    local_token
    local_environment
    environment+=(NOFX_OPERATOR_URL="$operator_url")
    for name in "${environment[@]}"; do
        printf 'export %s=%q\n' "${name%%=*}" "${name#*=}"
    done
}

local_stop() {
    local_lock
    cluster_find_programs
    if cluster_process "$cluster_folder" >/dev/null; then
        cluster_stop "$cluster_folder"
        say 'local: Postgres is stopped; its data stays'
    else
        say 'local: Postgres is not running'
    fi
}

local_status() {
    local process status=0 expiry
    if process=$(cluster_process "$cluster_folder"); then
        printf 'Postgres  runs as process %s, socket in %s\n' "$process" "$socket"
    else
        printf 'Postgres  is not running\n'
        status=3
    fi
    if [[ -d $cluster_folder/data ]]; then
        printf 'data      in %s\n' "$cluster_folder"
    else
        printf 'data      none yet\n'
    fi
    expiry=$(local_expiry "$(cat "$folder_here/token" 2>/dev/null || true)")
    if ((expiry > $(date +%s))); then
        printf 'token     for %s, until %s\n' "$local_subject" "$(date --date "@$expiry" '+%F %T %Z')"
    else
        printf 'token     no valid token; one is created when it is needed\n'
    fi
    if local_database_is_given; then
        printf 'DATABASE_URL is set: ./deploy.sh local and its env use that database\n'
    fi
    return "$status"
}

# Deletes everything that `local` created, and nothing else.
local_reset() {
    local folder
    local_lock
    for folder in "$folder_here/postgres" "/var/tmp/nofx-$clone"; do
        [[ -d $folder && ! -L $folder ]] || continue
        if cluster_process "$folder" >/dev/null; then
            cluster_find_programs
            cluster_stop "$folder"
        fi
        rm -rf -- "$folder" || fail "$folder cannot be removed"
        say "local: removed $folder"
    done
    [[ ! -d $socket || -L $socket ]] || rm -rf -- "$socket"
    rm -f "$folder_here"/{secret,token,tour} "$folder_here"/.{secret,token,tour}.??????
}

local_rehearse() {
    case $action in
    run)
        run "$root/scripts/setup" build
        run swift build --package-path "$root" --scratch-path "$build" --product nofx
        if ! local_database_is_given; then
            run initdb --pgdata "$cluster_folder/data" --username postgres --encoding UTF8 --locale C.UTF-8
            run pg_ctl start --pgdata "$cluster_folder/data" --log "$cluster_folder/log"
        fi
        run "$build/bin/migrate"
        run "$build/bin/issueToken" --subject "$local_subject" --email "$local_subject@example.com"
        for action in createTeam getTeam listTeams updateTeam deleteTeam restoreTeam; do
            run "$build/bin/$action"
        done
        ;;
    stop) run pg_ctl stop --mode fast --pgdata "$cluster_folder/data" ;;
    reset)
        run pg_ctl stop --mode fast --pgdata "$cluster_folder/data"
        run rm -rf "$cluster_folder" "$socket" "$folder_here/secret" "$folder_here/token" "$folder_here/tour"
        ;;
    *) run cat "$cluster_folder/data/postmaster.pid" "$folder_here/token" ;;
    esac
}
