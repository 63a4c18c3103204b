"""Writes the OpenAPI document of the web endpoints: `document()`, for scripts/docs.

The schemas come from `nofx describe`, the error codes from the sources, and the examples from docs/requests.http, whose
requests a test sends.
"""

import json
import re

from openapi_parts import HEADERS, MARKER, OPENAI_ERROR, PARAMETERS, SCHEMES, STATUS_NAMES, problem_schema

# What a successful call lets a caller do next: the inputs of other endpoints, by where their values are.
TEAM = "$request.body#/teamId"
RUN = "$request.body#/runId"
LINKS = {
    "createTeam": {"teamId": "$response.body#/id"},
    "listTeams": {"teamId": "$response.body#/items/0/id"},
    "inviteMember": {"teamId": TEAM, "inviteId": "$response.body#/id"},
    "listMembers": {"teamId": TEAM, "memberId": "$response.body#/items/0/id"},
    "createApiKey": {"keyId": "$response.body#/id"},
    "createWebhook": {"teamId": TEAM, "webhookId": "$response.body#/id"},
    "startRun": {"teamId": TEAM, "runId": "$response.body#/runId", "step": "$response.body#/steps/0/name"},
    "listRuns": {"teamId": TEAM, "runId": "$response.body#/items/0/runId"},
    "getRun": {
        "teamId": TEAM, "runId": RUN, "step": "$response.body#/steps/0/name",
        "name": "$response.body#/steps/0/artifacts/0/name",
    },
}
INVITATION = {"token": "$response.body#/acceptToken"}


def reference(kind, name):
    return {"$ref": f"#/components/{kind}/{name}"}


# MARK: - Names


def type_name(swift):
    """`Core.Page<Teams.Team.Draft>` is `TeamDraftPage`: without modules, an argument before its type."""
    swift = re.sub(r"\(extension in \w+\):", "", swift)
    if generic := re.fullmatch(r"([\w.]+)<(.*)>", swift):
        return type_name(generic[2]) + type_name(generic[1])
    return "".join(swift.split(".")[1:]).replace("NoInput", "EmptyInput")


def capitalized(name):
    return name[:1].upper() + name[1:]


class Components:
    """The schemas of the document. Objects inside of others get names of their own."""

    def __init__(self):
        self.schemas = {}

    def add(self, name, schema):
        """Adds a schema under a name, or under a longer one if another schema has that, and returns a reference."""
        number = 1
        unique = name
        while self.schemas.get(unique, schema) != schema:
            number += 1
            unique = f"{name}{number}"
        self.schemas[unique] = schema
        return reference("schemas", unique)

    def name_objects(self, schema, name, is_root=False, form=""):
        """Returns the schema with references in place of the objects in it; `form` is the name of one of its forms."""
        if not isinstance(schema, dict):
            return schema
        made = dict(schema)
        for key in ("items", "additionalProperties"):
            if isinstance(made.get(key), dict):
                made[key] = self.name_objects(made[key], name if key == "items" else name + "Value")
        if "properties" in made:
            made["properties"] = {
                key: self.name_objects(value, name + (form if key == "inputs" else "") + capitalized(singular(key, value)))
                for key, value in made["properties"].items()
            }
        for key in ("anyOf", "oneOf"):
            if key in made and not is_enumeration(made):
                made[key] = [self.name_objects(one, name, form=self.suffix(one, key) or form) for one in made[key]]
        if is_root:
            return made
        if is_enumeration(made):
            return self.add_enumeration(made, name)
        if made.get("type") == "object" and "properties" in made:
            if description := made.pop("description", None):
                return {"description": description, **self.add(name + form, made)}
            return self.add(name + form, made)
        return made

    def add_enumeration(self, schema, name):
        """Adds the names of a field under its last word, such as Role, because many objects have the same."""
        kept = {key: schema[key] for key in ("description", "default") if key in schema}
        values = {key: value for key, value in schema.items() if key not in kept}
        is_optional = "null" in values.get("type", []) or {"type": "null"} in values.get("anyOf", [])
        if "enum" in values:
            values = {"type": "string", "enum": [value for value in values["enum"] if value is not None]}
        else:
            values["anyOf"] = [one for one in values["anyOf"] if one != {"type": "null"}]
            if len(values["anyOf"]) == 1 and "anyOf" in values["anyOf"][0]:
                values = values["anyOf"][0]
        word = re.findall(r"[A-Z][a-z0-9]*", name)[-1]
        short = {"Allowed": "Tool", "Tools": "Tool"}.get(word, word)
        taken = self.schemas.get(short, values) == values
        found = self.add(short if taken else name, values)
        return {**kept, "anyOf": [found, {"type": "null"}]} if is_optional else {**kept, **found}

    @staticmethod
    def suffix(schema, key):
        """The name of a form: that of its tool."""
        tool = schema.get("properties", {}).get("tool", {})
        text = (tool.get("enum") or re.findall(r"\w+:\w+", tool.get("pattern", "")) or [""])[0]
        return "".join(capitalized(word) for word in re.split(r"\W+", text)) if key == "oneOf" else ""


def is_enumeration(schema):
    """Whether the values are names: several in a list, or some of them by a pattern."""
    if "enum" in schema:
        return len(schema["enum"]) > 1 and all(value is None or isinstance(value, str) for value in schema["enum"])
    forms = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    return bool(forms) and all(is_enumeration(one) or set(one) == {"type", "pattern"} for one in forms) and any(
        is_enumeration(one) for one in forms)


def singular(name, schema):
    return name[:-1] if schema.get("items") is not None and name.endswith("s") else name


# MARK: - Sources


def module_uses(package):
    """Returns the modules that each target of Package.swift uses, directly or indirectly."""
    uses = {}
    for name, text in re.findall(r'(?:function|module|wrapper)\(\s*"(\w+)"[^\[]*?uses: \[([^\]]*)\]', package):
        uses[name] = set(re.findall(r'"(\w+)"', text))
    for name, text in re.findall(r'\.target\(\s*name: "(\w+)",\s*dependencies: \[([^\]]*)\]', package):
        uses[name] = set(re.findall(r'"(\w+)"', text))
    functions = re.findall(r'\bfunction\(\s*"(\w+)"', package)
    for name in functions:
        uses[name] |= {name, "FunctionRuntime", "Core", "Base"}

    def closure(name, seen):
        for inner in uses.get(name, set()) - seen:
            seen.add(inner)
            closure(inner, seen)
        return seen

    return {name: closure(name, set()) for name in functions}


def examples(requests):
    """Returns the first input of each endpoint in a file of requests, with values in place of the variables."""
    found = {}
    pattern = r"(?ms)^POST \{\{\w+\}\}/(\w+)(?: HTTP/1\.1)?\n(?:[\w-]+: .*\n)*\n(\{.*?)(?=^###|\Z)"
    for name, body in re.findall(pattern, requests):
        filled = re.sub(r"\{\{([\w.$]+)\}\}", lambda hit: sample(hit[1]), body)
        found.setdefault(name, json.loads(filled))
    return found


def sample(variable):
    fixed = {
        "createApiKey.response.body.$.id": "0AbCdEfGhIjK", "inviteMember.response.body.$.acceptToken": "nofxi_" + "A" * 43,
        "unique": "7",
    }
    return fixed.get(variable, "0190b6a4-5a3e-7c61-9d2f-3f1b2a4c5d6e")


# MARK: - The document


def document(endpoints, errors, violations, package, requests, version):
    """Returns the text of docs/openapi.json.

    endpoints: what `nofx describe` printed. errors: for each code its statuses and the modules that contain it.
    """
    components, responses = Components(), {}
    components.schemas["Problem"] = problem_schema(violations)
    components.schemas["InputMarker"] = MARKER
    uses, inputs = module_uses(package), examples(requests)
    served = [one for one in endpoints if one["access"] != "operator"]
    paths = {}
    for one in served:
        codes = codes_of(one, errors, uses)
        name = capitalized(one["name"])
        given = components.add(type_name(one["inputType"]), components.name_objects(
            one["inputSchema"], type_name(one["inputType"]), is_root=True))
        result = components.add(type_name(one["outputType"]), components.name_objects(
            one["outputSchema"], type_name(one["outputType"]), is_root=True))
        answers = {str(one["successStatus"]): success(one, result)}
        if one["form"] == "openAI":
            answers |= openai_errors(codes, responses, components)
        else:
            for status in sorted(codes):
                answers[str(status)] = error_response(status, codes[status], responses, one["allowsGet"])
        post = operation(one, one["name"], answers)
        post["parameters"] = [reference("parameters", "IdempotencyKey"), reference("parameters", "TraceParent")]
        if one["form"] == "openAI":
            del post["parameters"][0]
        content = {"schema": given}
        if one["name"] in inputs:
            content["example"] = inputs[one["name"]]
        is_required = any(key in one["inputSchema"] for key in ("required", "oneOf", "allOf"))
        post["requestBody"] = {"required": is_required, "content": {"application/json": content}}
        paths[f"/{one['name']}"] = {"post": post}
        if one["allowsGet"]:
            get = operation(one, f"get{name}", answers)
            get["parameters"] = [reference("parameters", "TraceParent")]
            paths[f"/{one['name']}"]["get"] = get
    add_links(paths, served)
    others = ", ".join(one["name"] for one in endpoints if one["access"] == "operator")
    result = {
        "openapi": "3.1.0",
        "info": {
            "title": "NOFX Control Plane",
            "version": version,
            "description": "The web endpoints of the control plane. Each is called with a JSON object by POST. Endpoints"
            f" for operators' command lines and schedules ({others}) refuse web calls and are not listed. Written by"
            " scripts/docs.",
        },
        "servers": [{"url": "/", "description": "The gateway; /v1 and other prefixes work too."}],
        "tags": [{"name": subject} for subject in sorted({one["subject"] for one in served})],
        "security": [{name: []} for name in SCHEMES],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "responses": dict(sorted(responses.items())),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SCHEMES,
        },
    }
    return json.dumps(result, indent=1, ensure_ascii=False) + "\n"


def operation(one, identifier, answers):
    made = {
        "operationId": identifier, "summary": one["summary"], "tags": [one["subject"]],
        "responses": answers,
    }
    if one["access"] == "anyone":
        made["security"] = []
    return made


def success(one, schema):
    content = {"application/json": {"schema": schema}}
    if one["form"] == "openAI":
        content["text/event-stream"] = {"schema": {"type": "string"}}
    if one.get("textContentType"):
        content[one["textContentType"]] = {"schema": {"type": "string"}}
    headers = {
        "X-Request-Id": reference("headers", "RequestId"),
        "Idempotency-Replayed": reference("headers", "IdempotencyReplayed"),
        "RateLimit-Limit": reference("headers", "RateLimitLimit"),
        "RateLimit-Remaining": reference("headers", "RateLimitRemaining"),
        "RateLimit-Reset": reference("headers", "RateLimitReset"),
    }
    description = "The team, run or other object was created." if one["successStatus"] == 201 else "The call succeeded."
    return {"description": description, "headers": headers, "content": content}


def codes_of(one, errors, uses):
    """Returns the error codes that an endpoint's modules contain, by status."""
    modules = uses.get(one["name"], {"FunctionRuntime", "Core", "Base", "Postgres"}) | {"*"}
    found = {}
    for code, entry in errors.items():
        if "…" not in code and entry["modules"] & modules:
            for status in entry["status"]:
                found.setdefault(status, set()).add(code)
    if one["access"] == "anyone":
        found.pop(401, None)
    return found


def error_response(status, codes, responses, allows_get, as_reference=True):
    name = base = STATUS_NAMES.get(status, f"Status{status}")
    schema = {
        **reference("schemas", "Problem"),
        "properties": {"status": {"const": status}, "code": {"enum": sorted(codes)}},
    }
    headers = {"X-Request-Id": reference("headers", "RequestId")}
    if status in (429, 503):
        headers["Retry-After"] = reference("headers", "RetryAfter")
    if status == 401:
        headers["WWW-Authenticate"] = reference("headers", "WwwAuthenticate")
    if status == 405:
        headers["Allow"] = reference("headers", "Allow")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", base).capitalize()
    made = {"description": f"{words}.", "headers": headers, "content": {"application/problem+json": {"schema": schema}}}
    if not as_reference:
        return made
    number = 1
    while responses.get(name, made) != made:
        number += 1
        name = f"{base}{number}"
    responses[name] = made
    return reference("responses", name)


def openai_errors(codes, responses, components):
    """Returns the references to the errors of an endpoint in OpenAI's form, which has no status 422."""
    components.schemas["OpenAIError"] = OPENAI_ERROR
    references = {}
    for status in sorted({400 if status in (422, 499) else status for status in codes}):
        answer = json.loads(json.dumps(error_response(status, set(), {}, False, as_reference=False)))
        answer["content"] = {"application/json": {"schema": reference("schemas", "OpenAIError")}}
        name = f"OpenAI{STATUS_NAMES.get(status, f'Status{status}')}"
        responses[name] = answer
        references[str(status)] = reference("responses", name)
    return references


def add_links(paths, served):
    # Calls of AI providers are no part of a tour through the endpoints.
    linked = [one for one in served if one["form"] == "problem"]
    taken = {one["name"]: {field["name"]: field["required"] for field in one["input"]} for one in linked}
    for source, values in LINKS.items():
        own = [name for name in values if not values[name].startswith("$request")]
        for name, fields in taken.items():
            wanted = {field for field in fields if field in values}
            # The identifiers that an endpoint needs must all be known.
            needs = {field for field, required in fields.items() if required and field.endswith("Id")}
            if not set(own[:1]) <= set(fields) or not needs <= set(values) or name == source:
                continue
            link(paths, source, name, {field: values[field] for field in sorted(wanted)})
    link(paths, "inviteMember", "acceptInvite", INVITATION)
    for name, fields in taken.items():
        if "cursor" in fields:
            body = {"cursor": "$response.body#/nextCursor"}
            body |= {field: f"$request.body#/{field}" for field in ("teamId", "runId") if fields.get(field)}
            link(paths, name, name, body)


def link(paths, source, target, body):
    answers = paths[f"/{source}"]["post"]["responses"]
    status = next(status for status in answers if status.startswith("2"))
    answer = answers[status] = dict(answers[status])
    title = "next" if source == target else target
    answer.setdefault("links", {})[title] = {"operationId": target, "requestBody": body}
