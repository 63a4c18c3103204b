# `deploy.sh image`: one function in an otherwise empty container image.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root` and reads `dry_run`

readonly image_help="Usage: ./deploy.sh image [--function NAME] [--base IMAGE] [--tag TAG] [--dry-run]

Builds a container image that holds one function and a bundle of CA certificates, with Docker where its daemon
answers, else with buildah.

  --function  createTeam by default; nofx has every endpoint
  --base      image with Swift 6.2 or later on Debian; swift:6.3-bookworm by default (scripts/base-image makes one)
  --tag       nofx/<function in lower case> by default
  --dry-run   print the commands, run nothing"

image_main() {
    local function=createTeam base='' tag='' dry_run=no arguments=() runner=podman
    image_arguments "$@"
    tag=${tag:-nofx/${function,,}}
    [[ $function == nofx || -d $root/Functions/$function ]] || fail "there is no function '$function'"
    arguments=(--build-arg "FUNCTION=$function" --tag "$tag" --file "$root/Dockerfile")
    if [[ -n $base ]]; then
        arguments+=(--build-arg "BASE=$base")
    fi
    image_build
    [[ $dry_run == yes ]] ||
        say "image: try   $runner run -i --rm --read-only --cap-drop=all $(quoted "$tag") < event.json"
}

image_arguments() {
    while (($# > 0)); do
        case $1 in
        --function | --base | --tag)
            [[ -n ${2:-} ]] || fail "$1 takes a value"
            case $1 in
            --function) function=$2 ;;
            --base) base=$2 ;;
            --tag) tag=$2 ;;
            esac
            shift
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$image_help"
            exit 0
            ;;
        *) fail "unknown argument '$1'; see ./deploy.sh image --help" ;;
        esac
        shift
    done
}

image_build() {
    if have docker && docker version >/dev/null 2>&1; then
        runner=docker
        run docker build "${arguments[@]}" "$root"
    else
        have buildah || run "$root/scripts/setup" image
        run buildah build --isolation chroot --layers "${arguments[@]}" "$root"
    fi
}
