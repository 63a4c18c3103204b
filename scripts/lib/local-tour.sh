# The part of `deploy.sh local` that runs when the database is ready: tokens, and some events with their responses.
# shellcheck shell=bash disable=SC2154 # local.sh sets the places, common.sh `root`
# shellcheck source-path=SCRIPTDIR source=local-runs.sh
source "$root/scripts/lib/local-runs.sh"

readonly local_issuer=nofx-local
readonly local_audience=nofx-local
readonly local_subject=developer
# What teams may use for which no operator has set it. Elsewhere the default leaves out AI and HTTP requests.
readonly local_tools=${NOFX_DEFAULT_TOOLS:-all}

secret=''
token=''
caller=$local_subject
environment=()

# MARK: - Functions

# Runs a function as a user would, without the variables that a web server or a cloud platform may have left in the
# environment.
local_function() {
    local name=$1 variable clean=() environment=()
    for variable in $(local_foreign_variables); do
        clean+=(-u "$variable")
    done
    local_environment
    case $name in
    migrate) environment=(DATABASE_URL="$migrate_url") ;;
    runWorker | ask) environment=(DATABASE_URL="$operator_url" NOFX_DEFAULT_TOOLS="$local_tools") ;;
    esac
    env "${clean[@]}" -u NOFX_JWKS "${environment[@]}" LOG_LEVEL="${LOG_LEVEL:-warning}" "$build/bin/$name" 9>&-
}

# Sets the configuration of the functions as NAME=VALUE.
local_environment() {
    environment=(
        DATABASE_URL="$database_url"
        NOFX_JWT_SECRET="$secret"
        NOFX_JWT_ISSUER="$local_issuer"
        NOFX_JWT_AUDIENCE="$local_audience"
        NOFX_TOKEN="$token"
        NOFX_DEFAULT_TOOLS="$local_tools"
    )
}

# Prints the variables that would make a function assume that a web server or a cloud platform started it.
local_foreign_variables() {
    local names='HTTP_.*|Http_.*|fprocess|REQUEST_METHOD|SERVER_PROTOCOL|GATEWAY_INTERFACE|AWS_LAMBDA_.*|__OW_.*'
    compgen -e | grep -xE "$names" | grep -xv HTTP_PROXY || true
}

# MARK: - The secret and the token

# Writes a file atomically that only its owner can read.
local_keep() {
    local file
    file=$(mktemp "$folder_here/.$1.XXXXXX")
    cat >"$file"
    mv -f "$file" "$folder_here/$1"
}

local_secret() {
    secret=$(cat "$folder_here/secret" 2>/dev/null || true)
    [[ ! $secret =~ ^[0-9a-f]{64}$ ]] || return 0
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | local_keep secret
    secret=$(<"$folder_here/secret")
}

# Reuses the stored token if it was signed with the current secret and is valid for at least one more hour.
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
    NOFX_JWT_SECRET=$secret NOFX_JWT_ISSUER=$local_issuer NOFX_JWT_AUDIENCE=$local_audience \
        "$build/bin/issueToken" --subject "$1" --email "$1@example.com" --lifetime 86400
}

# MARK: - The tour

# Shows the main operations with real events: a user creates a team, a colleague joins it, and the ownership is
# transferred. First it deletes the team of the previous tour, so that repeated tours do not reach the limit of teams
# for each owner. If the user has reached that limit, the tour runs as another user.
local_tour() {
    local team answer colleague approver approver_name
    colleague=$(local_issue colleague)
    team=$(cat "$folder_here/tour" 2>/dev/null || true)
    [[ ! $team =~ ^[0-9a-f-]{36}$ ]] || token=$colleague local_quietly deleteTeam "{\"teamId\":\"$team\"}" >/dev/null ||
        local_quietly deleteTeam "{\"teamId\":\"$team\"}" >/dev/null || true
    answer=$(local_quietly createTeam '{"name":"Acme"}') || true
    if [[ $answer == *'"code":"quota_exceeded"'* ]]; then
        say "local: $local_subject has reached the limit of owned teams; the tour continues as another user"
        caller=tour-$(head -c 8 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
        token=$(local_issue "$caller")
        answer=$(local_quietly createTeam '{"name":"Acme"}') || true
    fi
    approver=$token
    approver_name=$caller
    local_show createTeam '{"name":"Acme"}' "$answer"
    team=$(local_member_of "$answer" id) || fail 'the response of createTeam has no team id'
    printf '%s' "$team" | local_keep tour
    local_call getTeam "{\"teamId\":\"$team\"}"
    local_call listTeams '{"limit":3}'
    local_call updateTeam "{\"teamId\":\"$team\",\"name\":\"Acme Research\",\"billingEmail\":\"billing@example.com\"}"
    local_join
    local_call deleteTeam "{\"teamId\":\"$team\"}"
    local_call restoreTeam "{\"teamId\":\"$team\"}"
    local_runs
    local_providers
}

# Invites a colleague, who accepts, gets another role, and then becomes the owner. The new owner makes all later calls.
local_join() {
    local member
    local_call inviteMember "{\"teamId\":\"$team\",\"email\":\"colleague@example.com\",\"message\":\"Join us.\"}"
    token=$colleague caller=colleague local_call acceptInvite "{\"token\":\"$(local_member_of "$answer" acceptToken)\"}"
    member=$(local_member_of "$answer" memberId) || fail 'the response of acceptInvite has no member id'
    local_call updateMemberRole "{\"teamId\":\"$team\",\"memberId\":\"$member\",\"role\":\"admin\"}"
    local_call transferOwnership "{\"teamId\":\"$team\",\"memberId\":\"$member\"}"
    token=$colleague
    caller=colleague
    local_call listMembers "{\"teamId\":\"$team\"}"
    local_call listActivity "{\"teamId\":\"$team\",\"limit\":3}"
}

# Shows the circuit breakers of the AI providers. If a provider is configured, sends a question and shows its cost and
# the usage.
local_providers() {
    local question
    local_call aiHealth '{}'
    if [[ -z $(local_provider) ]]; then
        say 'local: no AI provider is configured; set ANTHROPIC_API_KEY, OPENAI_API_KEY, OPENAI_BASE_URL or NOFX_PROVIDERS' \
            'to add a question and a codegen step to the tour'
        return
    fi
    question="{\"prompt\":\"Say hello in one word.\",\"maxTokens\":200,\"teamId\":\"$team\"}"
    # A failing provider must not make the tour fail.
    answer=$(printf '%s' "$question" | local_function ask) || true
    local_show ask "$question" "$answer"
    local_call aiUsage "{\"teamId\":\"$team\"}"
}

# Prints the text value of a member of a response.
local_member_of() {
    [[ $1 =~ \"$2\":\"([0-9A-Za-z_-]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Sends an event, prints it with its response, and keeps the response in `answer`.
local_call() {
    answer=$(printf '%s' "$2" | local_function "$1") || {
        local_show "$1" "$2" "$answer"
        fail "$1 failed"
    }
    local_show "$1" "$2" "$answer"
}

local_quietly() {
    printf '%s' "$2" | local_function "$1" 2>>"$build/local.log"
}

local_show() {
    printf '%s as %s\n  event   %s\n  answer  %s\n' "$1" "$caller" "$2" "$3"
}

# Prints a command to try next, with paths that work in the caller's current folder.
local_next() {
    local script=$root/deploy.sh program=$build/bin/createTeam prefix='' variable
    if [[ $PWD == "$root" ]]; then
        script=./deploy.sh
        program=${program#"$root"/}
    fi
    for variable in $(local_foreign_variables); do
        prefix=${prefix:-env }"-u $variable "
    done
    # shellcheck disable=SC2016 # for the reader's shell
    printf '\nTry next:\n  eval "$(%s local env)"; echo '\''{"name":"Globex"}'\'' | %s%s\n' \
        "$(quoted "$script")" "$prefix" "$(quoted "$program")"
}
