# Shared by deploy.sh and the scripts: messages, errors, and the folder of the static libraries.
# shellcheck shell=bash

# Text is UTF-8 even if no locale is set, as in a minimal container.
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly static_folder="$root/.build/static"

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# wrong_usage MESSAGE: ends a target of deploy.sh because of its arguments. deploy.sh sets `target`.
wrong_usage() {
    # shellcheck disable=SC2154
    printf 'error: %s; see ./deploy.sh %s --help\n' "$1" "$target" >&2
    exit 64
}

# environment_check FILE: ends a target of deploy.sh if FILE has other lines than NAME=VALUE, comments and empty lines.
# The line is not printed, because it can be a secret.
environment_check() {
    local line number=0
    [[ -f $1 && -r $1 ]] || wrong_usage "--env takes a readable file, not '$1'"
    while IFS= read -r line || [[ -n $line ]]; do
        number=$((number + 1))
        [[ -z $line || $line == '#'* || $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] ||
            wrong_usage "$1:$number: the line is not NAME=VALUE"
        [[ ! $line =~ ^[^=]*=(\".*\"|\'.*\')$ ]] ||
            wrong_usage "$1:$number: the value has quotation marks, which would become part of it"
    done <"$1"
}

# Prints the comment block at the top of the calling script, which is its help text.
usage() {
    awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

# Runs a command, or only prints it in a dry run.
run() {
    if [[ ${dry_run:-no} == yes ]]; then
        printf '%s\n' "$(quoted "$@")"
    else
        "$@"
    fi
}

# Prints words in the form in which a shell reads them. Quotes them only if necessary.
quoted() {
    local word line=''
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]]; then
            line+="$word "
        else
            line+="${word@Q} "
        fi
    done
    printf '%s' "${line% }"
}

have() {
    command -v "$1" >/dev/null
}

# Runs a command and writes its output to a log. If the command fails, prints the end of the log and fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "$(quoted "$@") failed; the whole output is in $log"
    fi
}

# Whether a text is the name of a container image, with a tag or a digest or neither.
check_image_name() {
    local part='[a-z0-9]+([._-]+[a-z0-9]+)*'
    [[ $1 =~ ^([a-zA-Z0-9.-]+(:[0-9]+)?/)?$part(/$part)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$ ]]
}
