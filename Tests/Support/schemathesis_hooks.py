"""Hooks for schemathesis: whole numbers without a fraction, and a check of what is refused although it is valid."""

import re

import schemathesis

# Codes of 422 that depend on earlier calls, not on the input.
CODES = {"idempotency_mismatch", "invalid_cursor"}

# Fields of violations (without indexes) whose rules concern other fields, other members or earlier answers.
FIELDS = [
    r"cursor",  # must come from an earlier answer
    r"scopes",  # admin:ops is not for a key of one team
    r"",  # since before until
    r"(plan\.)?steps.*",  # names are unique, dependencies and references name other steps, tools have rules of their own
]


def whole(value):
    """The value with 78 in place of 78.0, which JSON Schema treats as the same and the endpoints refuse."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(member) for key, member in value.items()}
    return [whole(element) for element in value] if isinstance(value, list) else value


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.check
def semantic_rules(ctx, response, case):
    """Refuses 422 for valid data, other than for the rules above."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    if problem["code"] in CODES:
        return
    for violation in problem.get("errors", []):
        field = re.sub(r"\[\d+\]", "", violation["field"])
        if not any(re.fullmatch(pattern, field) for pattern in FIELDS):
            raise AssertionError(f"Valid data was refused: {violation}")
    if not problem.get("errors"):
        raise AssertionError(f"Valid data was refused: {problem}")
