# `deploy.sh systemd`: units and timers for a plain server.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and reads `dry_run`

readonly systemd_help="Usage: ./deploy.sh systemd [--root FOLDER | --install] [--program FILE] [--dry-run]

Writes the program nofx, its units and timers, and examples of its environment files below a folder, and checks the
units with systemd-analyze verify. Copy the tree to the server, or install it on this machine.

  --root FOLDER   where the tree is written; .build/systemd by default
  --install       install on this machine, as root: writes below /, creates the user nofx, and loads the units. If the
                  environment files exist, it also migrates the schema and starts or reloads the units
  --program FILE  the program nofx; by default dist/nofx, which is built if it is missing
  --dry-run       print the commands, run nothing

The units are in deploy/systemd: nofx-http (all endpoints over HTTP), nofx-worker, nofx-outbox and nofx-purge with
timers, nofx-migrate (one-shot), and nofx.socket with nofx@N for a web server of your own that speaks FastCGI. Files that have
not changed are not written."

# What nofx-http.service and nofx@.service, the operator's units, and nofx-migrate.service read.
readonly systemd_environments=(nofx operator owner)
readonly systemd_started=(nofx-http.service nofx-worker.service nofx-outbox.timer nofx-purge.timer)

systemd_main() {
    local folder='' install=no program='' dry_run=no
    systemd_arguments "$@"
    if [[ $install == yes ]]; then
        [[ -z $folder ]] || wrong_usage '--install writes below /; --root writes elsewhere'
        [[ $dry_run == yes || $(id -u) == 0 ]] || fail '--install needs root'
        run "$root/scripts/setup" http
    fi
    run "$root/scripts/setup" systemd
    folder=${folder:-$root/.build/systemd}
    [[ $install == no ]] || folder=''
    [[ -n $program ]] || systemd_find_program
    systemd_write
    if [[ $install == yes ]]; then
        systemd_load
    else
        systemd_verify
        [[ $dry_run == yes ]] || say "systemd: try   $(quoted find "$folder" -type f), then ./deploy.sh systemd --install on the server"
    fi
}

systemd_arguments() {
    while (($# > 0)); do
        case $1 in
        --root)
            [[ -n ${2:-} ]] || wrong_usage '--root takes a folder'
            folder=$(realpath --canonicalize-missing "$2")
            [[ $folder != / ]] || wrong_usage '--root takes another folder than /; --install writes there'
            shift
            ;;
        --program)
            [[ -f ${2:-} && -x ${2:-} ]] || wrong_usage "--program takes an executable file, not '${2:-}'"
            program=$(readlink -f "$2")
            shift
            ;;
        --install) install=yes ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$systemd_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
}

systemd_find_program() {
    program=$root/dist/nofx
    [[ -x $program ]] || run "$root/deploy.sh" bundle
}

# MARK: - Files

systemd_write() {
    local file name
    systemd_copy 755 "$program" usr/local/lib/nofx/nofx
    systemd_copy 755 "$root/deploy/http/serve" usr/local/lib/nofx/http/serve
    systemd_copy 644 "$root/deploy/http/lighttpd.conf" usr/local/lib/nofx/http/lighttpd.conf
    for file in "$root"/deploy/http/errors/*; do
        systemd_copy 644 "$file" "usr/local/lib/nofx/http/errors/${file##*/}"
    done
    for file in "$root"/deploy/systemd/*.{service,socket,timer}; do
        systemd_copy 644 "$file" "etc/systemd/system/${file##*/}"
    done
    systemd_copy 644 "$root/deploy/systemd/nofx.conf" usr/local/lib/sysusers.d/nofx.conf
    for name in "${systemd_environments[@]}"; do
        systemd_copy 644 "$root/deploy/systemd/$name.env.example" "etc/nofx/$name.env.example"
    done
}

# systemd_copy MODE FILE PATH: replaces a file at once, because a running program may have it open.
systemd_copy() {
    local target=$folder/$3
    if [[ -f $target && $(stat -c %a "$target") == "$1" ]] && cmp -s "$2" "$target"; then return; fi
    run install -D -m "$1" "$2" "$target.new"
    run mv "$target.new" "$target"
}

# Checks the units in a copy of the tree with systemd's own units and the programs that the units name. systemd-analyze
# may print a warning and succeed; every warning is an error here.
systemd_verify() {
    local units warnings copy
    if [[ $dry_run == yes ]]; then
        run systemd-analyze verify --man=no --root="$folder" nofx-http.service
        return
    fi
    units=("$folder"/etc/systemd/system/nofx*.{service,socket,timer})
    units=("${units[@]##*/}")
    copy=$(mktemp -d)
    mkdir -p "$copy"/{bin,lib/systemd/system}
    cp -R "$folder/." "$copy/"
    cp -R /lib/systemd/system/. "$copy/lib/systemd/system/"
    cp /bin/bash "$copy/bin/"
    warnings=$(systemd-analyze verify --man=no --root="$copy" "${units[@]/nofx@.service/nofx@1.service}" 2>&1) ||
        warnings+=' (failed)'
    rm -rf "$copy"
    [[ -z $warnings ]] || fail "systemd-analyze verify: $warnings"
    say "systemd: ${#units[@]} units in $folder are valid"
}

# MARK: - Installation

systemd_load() {
    local name missing=()
    run systemd-sysusers /usr/local/lib/sysusers.d/nofx.conf
    for name in "${systemd_environments[@]}"; do
        if [[ ! -f /etc/nofx/$name.env ]]; then
            missing+=("/etc/nofx/$name.env")
        elif [[ $dry_run == yes || $(stat -c %a "/etc/nofx/$name.env") != 600 ]]; then
            # systemd reads them as root. They contain passwords.
            run chmod 600 "/etc/nofx/$name.env"
        fi
    done
    if [[ $dry_run == no && ! -d /run/systemd/system ]]; then
        fail 'the files are installed, but systemd does not run on this machine'
    fi
    run systemctl daemon-reload
    if ((${#missing[@]} > 0)); then
        say "systemd: make ${missing[*]} from the examples beside them, then start this command again"
        [[ $dry_run == yes ]] || return 0
    fi
    run systemctl start nofx-migrate.service
    # A unit that runs has the old program. One that starts now has the new one.
    if [[ $dry_run == yes ]] || systemctl is-active --quiet nofx-http.service; then
        run systemctl reload nofx-http.service
    fi
    if [[ $dry_run == yes ]] || systemctl is-active --quiet nofx-worker.service; then
        run systemctl restart nofx-worker.service
    fi
    run systemctl enable --now "${systemd_started[@]}"
    [[ $dry_run == yes ]] || say 'systemd: try   curl http://127.0.0.1:8080/readyz'
}
