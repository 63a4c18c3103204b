# `deploy.sh knative`: all endpoints as a Knative Service.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root`; kubernetes.sh reads the variables

# shellcheck source-path=SCRIPTDIR source=kubernetes.sh
source "$root/scripts/lib/kubernetes.sh"

readonly knative_help="Usage: ./deploy.sh knative [OPTION ...]

Writes .build/knative: a kustomization that names deploy/knative, your image and your namespace. If kubectl is
installed, also the Service that it makes of it. --apply applies it. The ConfigMap nofx, the Secrets, the worker and the
schedules are those of ./deploy.sh kubernetes, which migrates the schema too.

  --image IMAGE      as for ./deploy.sh kubernetes
  --namespace NAME   the namespace; nofx by default
  --apply            apply it to kubectl's current context
  --dry-run          print the commands, run nothing"

knative_main() {
    local image=nofx/http namespace=nofx apply=no dry_run=no folder=$root/.build/knative
    knative_arguments "$@"
    [[ $apply == no || $image != nofx/http ]] || wrong_usage '--apply needs --image REGISTRY/nofx/http:TAG'
    [[ $apply == no || $dry_run == yes ]] || have kubectl || fail 'kubectl is not installed; see https://kubernetes.io/docs/tasks/tools'
    kubernetes_write nofx deploy/knative
    if [[ $apply == yes ]]; then
        run kubectl --namespace "$namespace" apply --kustomize "$folder/nofx"
        run kubectl --namespace "$namespace" wait --for=condition=Ready --timeout=300s services.serving.knative.dev/nofx
        [[ $dry_run == yes ]] || say "knative: try   kubectl --namespace $namespace get services.serving.knative.dev/nofx"
        return
    fi
    kubernetes_render nofx
    [[ $dry_run == yes ]] || say "knative: try   kubectl kustomize $(quoted "$folder/nofx"), then ./deploy.sh knative --apply"
}

knative_arguments() {
    while (($# > 0)); do
        case $1 in
        --image | --namespace)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        --apply) apply=yes ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$knative_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
    kubernetes_check_names
}
