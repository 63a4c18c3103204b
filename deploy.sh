#!/usr/bin/env bash
# Usage: ./deploy.sh TARGET [OPTION ...]
#
#   local       build, start a private Postgres under .local/, run the team functions on real events
#   bundle      every function fully static, in dist/, with a manifest
#   image       one function in an otherwise empty container image, or all functions behind a web server
#   http        all functions over HTTP, on this machine
#   systemd     units and timers for a server
#   kubernetes  manifests for a cluster, by kustomize
#   knative     a Knative Service
#   openfaas    stack.yml and its build context
#   openwhisk   actions, by OpenWhisk's API
#   lambda      the bundle on AWS Lambda, with an HTTP API, schedules and a queue; also status and destroy
#   terraform   a Terraform module that deploys the same as lambda
#   sam         an AWS SAM template that deploys the same as lambda
#
# Each takes --help and --dry-run, which prints the commands it would run.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/scripts/lib/common.sh"

main() {
    local target=${1:-}
    case $target in
    local | bundle | image | http | systemd | lambda | terraform | sam | kubernetes | knative | openfaas | openwhisk)
        shift
        # shellcheck source=/dev/null
        source "$root/scripts/lib/$target.sh"
        "${target}_main" "$@"
        ;;
    -h | --help) usage ;;
    '')
        usage >&2
        exit 64
        ;;
    *)
        printf "error: there is no target '%s'; see --help\n" "$target" >&2
        exit 64
        ;;
    esac
}

main "$@"
