"""Hooks for schemathesis: data for which JSON Schema is exact, and a check of what is refused although it is valid."""

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


def texts(value):
    """All strings in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from texts(member)
    elif isinstance(value, list):
        for element in value:
            yield from texts(element)


def is_comparable(text):
    """Whether JSON Schema can say if a text is valid.

    It cannot say that no string anywhere contains U+0000, nor that a length counts without the blanks at both ends.
    """
    return "\0" not in text and (len(text) <= 60 or text == text.strip())


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.hook
def filter_case(context, case):
    return all(is_comparable(text) for text in texts(case.body))


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
