# Shared by deploy.sh and the scripts: messages, failures, the places where generated files live.
# shellcheck shell=bash

# Text is UTF-8 also where no locale is set, as in a bare container.
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

# Prints the comment block at the top of the calling script, which is its help.
usage() {
    awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"
}

# Runs a command, or prints it when the caller asked for a rehearsal.
run() {
    if [[ ${dry_run:-no} == yes ]]; then
        printf '%s\n' "$(quoted "$@")"
    else
        "$@"
    fi
}

# Words as a shell would read them back, plain where they can be.
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

# Runs a command that is only interesting when it fails: its output goes to a log, whose end is then shown.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "$(quoted "$@") failed; the whole output is in $log"
    fi
}
