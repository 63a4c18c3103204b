# `deploy.sh image`: builds a container image of one function, or of all functions behind a web server.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root` and reads `dry_run`

readonly image_help="Usage: ./deploy.sh image [--function NAME | --http] [--base IMAGE] [--tag TAG] [--dry-run]

Builds a container image that contains one function and a bundle of CA certificates, or an image that serves all
functions over HTTP. Both contain their software bill of materials: /sbom.cdx.json. It uses Docker if the Docker daemon
is running, and buildah otherwise.

  --function  the function; createTeam by default; nofx contains every endpoint
  --http      lighttpd and nofx, which serve all functions over HTTP on port 8080 (see deploy/http/serve)
  --base      the image with Swift 6.2 or later on Debian: an image with its digest (swift@sha256:...) or a local image
              (localhost/..., which scripts/base-image builds); by default swift:6.3-bookworm, whose digest is looked
              up and printed
  --tag       the tag of the image; nofx/<function in lower case> or nofx/http by default
  --dry-run   print the commands, run nothing"

readonly default_base=swift:6.3-bookworm

image_main() {
    local function='' kind=function base='' tag='' dry_run=no arguments=() runner=podman
    image_arguments "$@"
    if [[ $kind == http ]]; then
        [[ -z $function ]] || wrong_usage '--http serves all functions; --function builds an image of one'
        function=nofx
        tag=${tag:-nofx/http}
    fi
    function=${function:-createTeam}
    tag=${tag:-nofx/${function,,}}
    check_image_name "$tag" || wrong_usage "--tag takes the name of an image, not '$tag'"
    [[ $function == nofx || -d $root/Functions/$function ]] || wrong_usage "there is no function '$function'"
    [[ -z $base || $base =~ ^localhost/.|@sha256:[0-9a-f]{64}$ ]] ||
        wrong_usage "--base takes an image with its digest (NAME@sha256:...), or one of this machine (localhost/NAME), not '$base'"
    if have docker && docker version >/dev/null 2>&1; then
        runner=docker
    elif [[ $dry_run == no ]]; then
        have buildah || "$root/scripts/setup" image
    fi
    image_base
    arguments=(
        --target "$kind" --build-arg "BASE=$base" --build-arg "FUNCTION=$function" --tag "$tag" --file "$root/Dockerfile"
        --build-arg "NOFX_ACCEPT_OLDER=${NOFX_ACCEPT_OLDER:-}" --label "org.opencontainers.image.base.name=$base"
    )
    image_build
    [[ $dry_run == no ]] || return 0
    if [[ $kind == http ]]; then
        say "image: try   $runner run --rm --read-only --cap-drop=all -p 8080:8080 --env-file FILE $(quoted "$tag")"
    else
        say "image: try   $runner run -i --rm --read-only --cap-drop=all $(quoted "$tag") < event.json"
    fi
}

image_arguments() {
    while (($# > 0)); do
        case $1 in
        --function | --base | --tag)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            case $1 in
            --function) function=$2 ;;
            --base) base=$2 ;;
            --tag) tag=$2 ;;
            esac
            shift
            ;;
        --http) kind=http ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$image_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
}

# A tag can name another image at the next build. A digest always names the same image.
image_base() {
    local digest
    [[ -z $base ]] || return 0
    if [[ $dry_run == yes ]]; then
        base=swift@sha256:DIGEST
        return
    fi
    image_pull "$default_base"
    base=${default_base%%:*}@$digest
    say "image: $default_base is --base $base"
}

image_pull() {
    case $runner in
    docker)
        run docker pull --quiet "$1" >/dev/null || fail "docker cannot pull $1; name another image with --base"
        digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$1")
        ;;
    *)
        run buildah pull --quiet "docker.io/library/$1" >/dev/null ||
            fail "buildah cannot pull $1; name another image with --base"
        digest=$(buildah inspect --type image --format '{{.FromImageDigest}}' "docker.io/library/$1")
        ;;
    esac
    digest=sha256:${digest##*sha256:}
}

image_build() {
    if [[ $runner == docker ]]; then
        run docker build "${arguments[@]}" "$root"
    else
        run buildah build --isolation chroot --layers "${arguments[@]}" "$root"
    fi
}
