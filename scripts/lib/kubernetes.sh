# `deploy.sh kubernetes`: manifests for a Kubernetes cluster.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and reads `dry_run`

readonly kubernetes_help="Usage: ./deploy.sh kubernetes [OPTION ...]

Writes .build/kubernetes: a kustomization that names an overlay of deploy/kubernetes, your image and your namespace. If
kubectl is installed, also the manifests that it makes of it. --apply applies them.

  --image IMAGE      the image that ./deploy.sh image --http built, as the cluster pulls it: REGISTRY/nofx/http:TAG, or
                     better with its digest, REGISTRY/nofx/http@sha256:...; nofx/http by default
  --overlay NAME     development (one pod of each) or production (default)
  --namespace NAME   the namespace; nofx by default
  --apply            migrate the schema with a Job, wait for it, and apply the rest to kubectl's current context
  --dry-run          print the commands, run nothing

The cluster needs the Secrets nofx-app, nofx-operator and nofx-owner with DATABASE_URL for each of the three roles:
  kubectl --namespace nofx create secret generic nofx-app --from-env-file=FILE"

kubernetes_main() {
    local image=nofx/http overlay=production namespace=nofx apply=no dry_run=no
    local folder=$root/.build/kubernetes
    kubernetes_arguments "$@"
    [[ $apply == no || $image != nofx/http ]] || wrong_usage '--apply needs --image REGISTRY/nofx/http:TAG'
    [[ $apply == no || $dry_run == yes ]] || have kubectl || fail 'kubectl is not installed; see https://kubernetes.io/docs/tasks/tools'
    kubernetes_write migrate "deploy/kubernetes/migrate"
    kubernetes_write nofx "deploy/kubernetes/overlays/$overlay"
    if [[ $apply == yes ]]; then
        kubernetes_apply
        return
    fi
    kubernetes_render migrate
    kubernetes_render nofx
    [[ $dry_run == yes ]] || say "kubernetes: try   kubectl kustomize $(quoted "$folder/nofx"), then ./deploy.sh kubernetes --apply"
}

kubernetes_arguments() {
    while (($# > 0)); do
        case $1 in
        --image | --overlay | --namespace)
            [[ -n ${2:-} ]] || wrong_usage "$1 takes a value"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        --apply) apply=yes ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$kubernetes_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
    kubernetes_check_names
    [[ $overlay =~ ^[a-z]+$ && -d $root/deploy/kubernetes/overlays/$overlay ]] ||
        wrong_usage "there is no overlay '$overlay' in deploy/kubernetes/overlays"
}

kubernetes_check_names() {
    check_image_name "$image" || wrong_usage "--image takes NAME, NAME:TAG or NAME@sha256:DIGEST, not '$image'"
    [[ $namespace =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] || wrong_usage "'$namespace' is no name of a namespace"
}

# kubernetes_write NAME RESOURCE: writes a kustomization, whose paths are relative to it.
kubernetes_write() {
    if [[ $dry_run == yes ]]; then
        run mkdir -p "$folder/$1"
        say "would write $folder/$1/kustomization.yaml"
        return
    fi
    mkdir -p "$folder/$1"
    kubernetes_kustomization "$(realpath --relative-to="$folder/$1" "$root/$2")" >"$folder/$1/kustomization.yaml"
}

kubernetes_kustomization() {
    local name=${image%@*} tag=''
    if [[ ${name##*/} == *:* ]]; then
        tag=${name##*:}
        name=${name%:*}
    fi
    printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: %s\n' "$namespace"
    printf 'resources:\n  - %s\nimages:\n  - name: nofx/http\n    newName: %s\n' "$1" "$name"
    if [[ $image == *@* ]]; then
        printf '    digest: %s\n' "${image#*@}"
    elif [[ -n $tag ]]; then
        printf '    newTag: "%s"\n' "$tag"
    fi
}

kubernetes_render() {
    if ! have kubectl; then
        say "$target: kubectl is not installed; $folder/$1/kustomization.yaml is written"
    elif [[ $dry_run == yes ]]; then
        run kubectl kustomize "$folder/$1" --output "$folder/$1.yaml"
    else
        kubectl kustomize "$folder/$1" --output "$folder/$1.yaml"
        say "$target: $folder/$1.yaml"
    fi
}

# A Job cannot be changed, so the finished one of the last version is deleted. Migrating twice changes nothing.
kubernetes_apply() {
    local kubectl=(kubectl --namespace "$namespace")
    if [[ $dry_run == yes ]] || ! kubectl get namespace "$namespace" >/dev/null 2>&1; then
        run kubectl create namespace "$namespace"
    fi
    run "${kubectl[@]}" get secret nofx-app nofx-operator nofx-owner --output name
    run "${kubectl[@]}" delete job nofx-migrate --ignore-not-found --wait
    run "${kubectl[@]}" apply --kustomize "$folder/migrate"
    run "${kubectl[@]}" wait --for=condition=complete --timeout=900s job/nofx-migrate
    run "${kubectl[@]}" apply --kustomize "$folder/nofx"
    run "${kubectl[@]}" rollout status deployment/nofx-http --timeout=300s
    [[ $dry_run == yes ]] ||
        say "kubernetes: try   kubectl --namespace $namespace port-forward service/nofx 8080:80 and curl http://localhost:8080/readyz"
}
