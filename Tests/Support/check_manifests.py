"""Validates manifests of Kubernetes for three of its versions: check_manifests.py FILE ... (- for the input)

A Knative Service is not among the schemas of Kubernetes. Its revision is a pod's specification with two more fields, and
is checked as that. Prints each problem, and at the end the number of valid objects.
"""

import sys

import kubernetes_validate
import yaml

VERSIONS = ("1.30", "1.33", "1.36")
problems = objects = 0


def pod_of(service):
    specification = dict(service["spec"]["template"]["spec"])
    for field in ("containerConcurrency", "timeoutSeconds"):
        specification.pop(field, None)
    for container in specification["containers"]:
        # Knative probes the only port if a probe names none.
        for probe in ("readinessProbe", "livenessProbe"):
            container[probe]["httpGet"].setdefault("port", container["ports"][0]["containerPort"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "revision"}, "spec": specification}


def containers(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "containers":
                yield from ((node, container) for container in value)
            else:
                yield from containers(value)


for path in sys.argv[1:]:
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        documents = [document for document in yaml.safe_load_all(file) if document]
    for document in documents:
        if document["kind"] == "Kustomization":
            continue
        objects += 1
        name = f"{path}: {document['kind']} {document['metadata']['name']}"
        knative = document["apiVersion"].startswith("serving.knative.dev/")
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(pod_of(document) if knative else document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                problems += 1
                print(f"{name}: Kubernetes {version}: {error.message}")
        for pod, container in containers(document):
            security = container.get("securityContext", {})
            wanted = {
                "non-root": (pod.get("securityContext", {}) | security).get("runAsNonRoot"),
                "read-only root": security.get("readOnlyRootFilesystem"),
                "no capabilities": security.get("capabilities", {}).get("drop") == ["ALL"],
                "no escalation": security.get("allowPrivilegeEscalation") is False,
                "memory request and limit": {"requests", "limits"} <= set(container.get("resources", {})),
            }
            for rule, holds in wanted.items():
                if not holds:
                    problems += 1
                    print(f"{name}: {container['name']}: {rule}")

print(f"{objects} objects, {problems} problems")
sys.exit(1 if problems else 0)
