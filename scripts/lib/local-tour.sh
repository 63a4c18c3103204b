# What `deploy.sh local` does with a database that is ready: tokens, and some events with their answers.
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

# Runs a function as a user would. What a web server or a platform might have left in the environment is not theirs.
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
    env "${clean[@]}" -u NOFX_JWKS "${environment[@]}" LOG_LEVEL="${LOG_LEVEL:-warning}" "$build/debug/$name" 9>&-
}

# What the functions need to know, as NAME=VALUE.
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

# Variables by which a function takes its caller for a web server or a cloud platform.
local_foreign_variables() {
    local names='HTTP_.*|Http_.*|fprocess|REQUEST_METHOD|SERVER_PROTOCOL|GATEWAY_INTERFACE|AWS_LAMBDA_.*|__OW_.*'
    compgen -e | grep -xE "$names" | grep -xv HTTP_PROXY || true
}

# MARK: - The secret and the token

# A file that only its owner reads, whole or not there.
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
    NOFX_JWT_SECRET=$secret NOFX_JWT_ISSUER=$local_issuer NOFX_JWT_AUDIENCE=$local_audience \
        "$build/debug/issueToken" --subject "$1" --email "$1@example.com" --lifetime 86400
}

# MARK: - The tour

# The main job, on real events: a team is made, somebody joins it, and it changes hands. The team of the tour before
# goes first, so that tours alone never use up what a user may own; a user who has used it up gets to see the tour in
# another name.
local_tour() {
    local team answer colleague approver approver_name
    colleague=$(local_issue colleague)
    team=$(cat "$folder_here/tour" 2>/dev/null || true)
    [[ ! $team =~ ^[0-9a-f-]{36}$ ]] || token=$colleague local_quietly deleteTeam "{\"teamId\":\"$team\"}" >/dev/null ||
        local_quietly deleteTeam "{\"teamId\":\"$team\"}" >/dev/null || true
    answer=$(local_quietly createTeam '{"name":"Acme"}') || true
    if [[ $answer == *'"code":"quota_exceeded"'* ]]; then
        say "local: $local_subject owns as many teams as one may; the tour is another user's"
        caller=tour-$(head -c 8 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
        token=$(local_issue "$caller")
        answer=$(local_quietly createTeam '{"name":"Acme"}') || true
    fi
    approver=$token
    approver_name=$caller
    local_show createTeam '{"name":"Acme"}' "$answer"
    team=$(local_member_of "$answer" id) || fail 'createTeam did not answer a team'
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

# A colleague is invited, accepts, gets another role, and then the team; what follows is the new owner's.
local_join() {
    local member
    local_call inviteMember "{\"teamId\":\"$team\",\"email\":\"colleague@example.com\",\"message\":\"Join us.\"}"
    token=$colleague caller=colleague local_call acceptInvite "{\"token\":\"$(local_member_of "$answer" acceptToken)\"}"
    member=$(local_member_of "$answer" memberId) || fail 'acceptInvite did not answer a member'
    local_call updateMemberRole "{\"teamId\":\"$team\",\"memberId\":\"$member\",\"role\":\"admin\"}"
    local_call transferOwnership "{\"teamId\":\"$team\",\"memberId\":\"$member\"}"
    token=$colleague
    caller=colleague
    local_call listMembers "{\"teamId\":\"$team\"}"
    local_call listActivity "{\"teamId\":\"$team\",\"limit\":3}"
}

# How the AI providers' breakers stand, and where there is a provider a question, at whose cost, and what was used.
local_providers() {
    local question
    local_call aiHealth '{}'
    if [[ -z $(local_provider) ]]; then
        say 'local: no AI provider is asked; set ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENAI_BASE_URL to have one,' \
            'and a codegen step in the run'
        return
    fi
    question="{\"prompt\":\"Say hello in one word.\",\"maxTokens\":200,\"teamId\":\"$team\"}"
    # That a provider does not answer is no fault of what the tour shows.
    answer=$(printf '%s' "$question" | local_function ask) || true
    local_show ask "$question" "$answer"
    local_call aiUsage "{\"teamId\":\"$team\"}"
}

# A text among the members of an answer.
local_member_of() {
    [[ $1 =~ \"$2\":\"([0-9A-Za-z_-]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Sends an event and shows it with its answer, which stays in `answer`.
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

# The line to try next, as it works from where the caller is.
local_next() {
    local script=$root/deploy.sh program=$build/debug/createTeam prefix='' variable
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
