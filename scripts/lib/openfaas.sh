# `deploy.sh openfaas`: stack.yml and the build context of its image.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and reads `dry_run`

readonly openfaas_help="Usage: ./deploy.sh openfaas [--output FOLDER] [--program FILE] [--dry-run]

Writes stack.yml and the build context of its image for faas-cli. The context contains the program nofx, so that building
the image needs no Swift. Files that have not changed are not written.

  --output FOLDER  where they are written; .build/openfaas by default
  --program FILE   the program nofx; by default dist/nofx, which is built if it is missing
  --dry-run        print the commands, run nothing

faas-cli reads IMAGE, BASE (an image of Debian 12, with its digest) and OPENFAAS_URL from the environment."

openfaas_main() {
    local output=$root/.build/openfaas program='' dry_run=no file
    openfaas_arguments "$@"
    if [[ -z $program ]]; then
        program=$root/dist/nofx
        [[ -x $program && -f $root/dist/sbom.cdx.json ]] || run "$root/deploy.sh" bundle
    fi
    openfaas_copy "$root/deploy/openfaas/stack.yml" stack.yml
    openfaas_copy "$root/deploy/openfaas/Dockerfile" nofx/Dockerfile
    openfaas_copy "$program" nofx/nofx
    openfaas_copy "${program%/*}/sbom.cdx.json" nofx/sbom.cdx.json
    for file in "$root"/deploy/http/{rootfs,serve,lighttpd.conf,errors/*}; do
        openfaas_copy "$file" "nofx/${file#"$root"/deploy/http/}"
    done
    [[ $dry_run == yes ]] || say "openfaas: try   cd $(quoted "$output") && IMAGE=REGISTRY/nofx:TAG faas-cli up"
}

openfaas_arguments() {
    while (($# > 0)); do
        case $1 in
        --output)
            [[ -n ${2:-} ]] || wrong_usage '--output takes a folder'
            output=$(realpath --canonicalize-missing "$2")
            shift
            ;;
        --program)
            [[ -f ${2:-} && -x ${2:-} ]] || wrong_usage "--program takes an executable file, not '${2:-}'"
            program=$(readlink -f "$2")
            [[ -f ${program%/*}/sbom.cdx.json ]] || fail "there is no sbom.cdx.json beside $program; take it from a bundle"
            shift
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$openfaas_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
}

openfaas_copy() {
    local target=$output/$2 mode=644
    [[ $dry_run == yes ]] || ! cmp -s "$1" "$target" || return 0
    [[ ! -x $1 ]] || mode=755
    run install -D -m "$mode" "$1" "$target"
}
