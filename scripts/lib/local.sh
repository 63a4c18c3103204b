# `deploy.sh local`: everything on this machine, from a build to six answers.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`
# shellcheck source-path=SCRIPTDIR source=cluster.sh
source "$root/scripts/lib/cluster.sh"

readonly local_help="Usage: ./deploy.sh local [stop | status | reset | env] [--dry-run]

Builds the functions, starts a private Postgres under .local/, migrates it, makes a token for development, and runs
the team functions on real events. Run it as often as you like: it starts only what is not running.

  stop    stops the private Postgres; its data stays
  status  says what is running; exits with 3 when the private Postgres is not
  reset   stops it and deletes its data, the secret and the token
  env     prints the environment of the functions, for: eval \"\$(./deploy.sh local env)\"

  --dry-run  print the commands, run nothing

DATABASE_URL, if set, names the database to use instead; nothing is started then. The role that owns the schema is
taken from NOFX_MIGRATE_URL, if set, for the migration alone.
NOFX_BUILD_PATH is the build's folder, .build by default."

readonly local_issuer=nofx-local
readonly local_audience=nofx-local
readonly local_subject=developer

local_main() {
    local action=run dry_run=no database_url='' migrate_url='' grant=''
    local_arguments "$@"
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
            [[ -z $chosen ]] || local_wrong "'$chosen' and '$word' at once"
            chosen=$word
            action=$word
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$local_help"
            exit 0
            ;;
        *) local_wrong "unknown argument '$word'" ;;
        esac
    done
}

local_wrong() {
    printf 'error: %s; see ./deploy.sh local --help\n' "$1" >&2
    exit 64
}

# MARK: - Where things are

# All names come from the clone's path, so that clones do not meet.
local_names() {
    local folder=${XDG_RUNTIME_DIR:-/tmp}
    folder_here=$root/.local
    build=${NOFX_BUILD_PATH:-$root/.build}
    clone=$(cd "$root" && pwd -P)
    clone=$(printf '%s' "$clone" | sha256sum | head -c 12)
    cluster_use postgres nobody
    if [[ ${#cluster_as[@]} != 0 && -d $folder_here/postgres/data ]]; then
        # As root, in somebody's clone: the cluster stays theirs.
        cluster_use "$(stat -c %U "$folder_here/postgres/data")" postgres nobody
    fi
    # A socket's whole path has room for 107 bytes.
    if [[ ! $folder =~ ^/[A-Za-z0-9_./-]{0,60}$ ]] || ! local_can -w "$folder"; then
        folder=/tmp
    fi
    socket=$folder/nofx-$clone
    local_place
    private_url="postgresql:///nofx?host=$socket&user=nofx_app"
}

# Whether the server's user can get at a path.
local_can() {
    (cd / && "${cluster_as[@]}" test "$1" "$2")
}

# The cluster is in the clone, unless the server's user cannot get there.
local_place() {
    local parent=$root
    cluster_folder=$folder_here/postgres
    [[ ! -d $folder_here ]] || parent=$folder_here
    if ! local_can -x "$parent"; then
        cluster_folder=/var/tmp/nofx-$clone
    fi
}

# DATABASE_URL may be what `local env` of this clone or another one printed: that is not a wish.
local_database_is_given() {
    [[ -n ${DATABASE_URL:-} ]] || return 1
    [[ ! $DATABASE_URL =~ ^postgresql:///nofx\?host=/[A-Za-z0-9_./-]*/nofx-[0-9a-f]{12}\&user=nofx_app$ ]]
}

local_make_folder() {
    mkdir -p "$folder_here" || fail "$folder_here cannot be made"
    [[ -w $folder_here && -x $folder_here ]] || fail "$folder_here belongs to somebody else"
    # The server's user only passes through.
    chmod 711 "$folder_here" 2>/dev/null || true
}

# One at a time. The lock ends with the process, however that ends.
local_lock() {
    local_make_folder
    exec 9>"$folder_here/lock" || fail "$folder_here/lock belongs to somebody else"
    if ! flock --nonblock 9; then
        say 'local: another ./deploy.sh local is at work here; waiting for it'
        flock 9
    fi
}

# MARK: - The run

local_run() {
    "$root/scripts/setup" build
    local_lock
    local_build
    local_open_database
    local_migrate
    local_secret
    local_token
    local_tour
    local_next
}

local_build() {
    say 'local: building (the first time takes some minutes)'
    quietly "$build/local.log" swift build --package-path "$root" --scratch-path "$build" 9>&-
}

local_open_database() {
    if local_database_is_given; then
        say 'local: using the database of DATABASE_URL'
        database_url=$DATABASE_URL
        migrate_url=${NOFX_MIGRATE_URL:-$DATABASE_URL}
        return
    fi
    database_url=$private_url
    migrate_url=${private_url/%nofx_app/nofx_owner}
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
    # One that runs but does not answer: its socket was swept away, or it is on its way up or down.
    cluster_stop "$cluster_folder"
    cluster_create "$cluster_folder" scram-sha-256
    say "local: starting Postgres, data in $cluster_folder"
    cluster_start "$cluster_folder" "unix_socket_directories = '$socket'" "listen_addresses = ''" 'port = 5432' ||
        cluster_failed 'Postgres did not start' "$cluster_folder/log"
}

local_answers() {
    [[ -S $socket/.s.PGSQL.5432 ]] && cluster_psql "$socket" 5432 postgres --command 'SELECT' >/dev/null 2>&1
}

# The owner of the schema, and a role for the functions that owns nothing.
local_make_roles() {
    cluster_psql "$socket" 5432 postgres <<-'END' >/dev/null
	SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['nofx_owner', 'nofx_app']) AS name
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
    if ! answer=$(printf '%s' "$event" | local_function migrate); then
        printf '%s\n' "$answer" >&2
        fail 'the migration failed'
    fi
}

# Runs a function as a user would. What a web server or a platform might have left in the environment is not theirs.
local_function() {
    local name=$1 variable clean=() url=$database_url
    for variable in $(local_foreign_variables); do
        clean+=(-u "$variable")
    done
    [[ $name != migrate ]] || url=$migrate_url
    env "${clean[@]}" -u NOFX_JWKS DATABASE_URL="$url" NOFX_JWT_SECRET="${secret:-}" \
        NOFX_JWT_ISSUER="$local_issuer" NOFX_JWT_AUDIENCE="$local_audience" NOFX_TOKEN="${token:-}" \
        LOG_LEVEL="${LOG_LEVEL:-warning}" "$build/debug/$name" 9>&-
}

# Variables by which a function takes its caller for a web server or a cloud platform.
local_foreign_variables() {
    compgen -e | grep -E '^(HTTP_.*|Http_.*|fprocess|REQUEST_METHOD|SERVER_PROTOCOL|GATEWAY_INTERFACE|__OW_.*)$|^AWS_LAMBDA_RUNTIME_API$' ||
        true
}

# MARK: - The secret and the token

# A file that only its owner reads, whole or not there.
local_keep() {
    local file=$folder_here/$1
    (umask 077 && cat >"$file.new") && mv -f "$file.new" "$file"
}

local_secret() {
    secret=$(cat "$folder_here/secret" 2>/dev/null || true)
    [[ ! $secret =~ ^[0-9a-f]{64}$ ]] || return 0
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | local_keep secret
    secret=$(<"$folder_here/secret")
}

# Keeps a token while it is this secret's and has an hour to live.
local_token() {
    local kept
    kept=$(cat "$folder_here/token" 2>/dev/null || true)
    token=${kept##* }
    if [[ $kept != "$(local_secret_mark) "?* ]] || (($(local_expiry "$token") < $(date +%s) + 3600)); then
        token=$(local_issue "$local_subject")
        printf '%s %s' "$(local_secret_mark)" "$token" | local_keep token
    fi
}

local_secret_mark() {
    printf '%s' "$secret" | sha256sum | head -c 12
}

local_expiry() {
    local claims=${1#*.}
    claims=$(printf '%s==' "${claims%%.*}" | tr '_-' '/+' | base64 -d 2>/dev/null || true)
    [[ $claims =~ \"exp\":([0-9]{1,12}) ]] && printf '%s' "${BASH_REMATCH[1]}" || printf 0
}

local_issue() {
    [[ -x $build/debug/issueToken ]] || fail 'nothing is built here yet; run ./deploy.sh local'
    NOFX_JWT_SECRET=$secret NOFX_JWT_ISSUER=$local_issuer NOFX_JWT_AUDIENCE=$local_audience \
        "$build/debug/issueToken" --subject "$1" --email "$1@example.com" --lifetime 86400
}

# MARK: - The tour

# The main job, on real events. A team that an earlier tour left goes first, so that tours never use up what a user
# may own; who has used it up nevertheless gets a tour in another name.
local_tour() {
    local team
    local_forget_tour
    if [[ $(printf '{"name":"Acme"}' | local_function createTeam 2>/dev/null) == *'"code":"team_quota'* ]]; then
        :
    fi
}
