"""Validates software bills of materials against the schema of CycloneDX 1.5: check_sbom.py FILE ..."""

import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

for path in sys.argv[1:]:
    text = pathlib.Path(path).read_text(encoding="utf-8")
    if error := JsonStrictValidator(SchemaVersion.V1_5).validate_str(text):
        sys.exit(f"{path}: {error}")
    components = json.loads(text)["components"]
    libraries = [component for component in components if component["type"] == "library"]
    for component in libraries:
        url = PackageURL.from_string(component["purl"])
        if url.version != component["version"]:
            sys.exit(f"{path}: {component['name']} is {component['version']}, but {component['purl']}")
    print(f"{path}: {len(components)} components, {len(libraries)} libraries")
