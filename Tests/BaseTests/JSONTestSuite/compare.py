"""Says where the project's JSON reader and Python's disagree.

Each line of standard input is a document in hexadecimal, a space, and either "-", where the reader refused it, or what
the reader made of it, in hexadecimal too: JSON in which numbers became strings ("i:" and the integer, "d:" and the bits
of the nearest double, "none" where it is infinite) and strings start with "s:".

Documents that the reader refuses by a stricter rule of its own are expected to be refused.
"""

import json
import struct
import sys

MAXIMUM_BYTES = 1 << 20
MAXIMUM_DEPTH = 32


class Refused(Exception):
    pass


def refuse(text):
    raise Refused(text)


def integer(text):
    value = int(text) if len(text) < 25 else 1 << 64
    return f"i:{value}" if -(1 << 63) <= value < 1 << 63 else double(text)


def double(text):
    value = float(text)
    return "none" if value in (float("inf"), float("-inf")) else "d:" + struct.pack(">d", value).hex()


class Number(str):
    """A number in its form, so that it is not taken for a string."""


class Object(list):
    """The members of an object, in order."""


def form(value, depth=0):
    """A document's value in the form that the reader's is handed over in."""
    if isinstance(value, (Object, list)) and depth == MAXIMUM_DEPTH:
        raise Refused("depth")
    if isinstance(value, Object):
        keys = [text(key) for key, _ in value]
        if len(set(keys)) < len(keys):
            raise Refused("duplicate key")
        return Object((key, form(member, depth + 1)) for key, (_, member) in zip(keys, value))
    if isinstance(value, list):
        return [form(element, depth + 1) for element in value]
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return "s:" + text(value)
    return value


def text(string):
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in string):
        raise Refused("character")
    return string


def expected(document):
    """The value of a document; None, in a tuple of its own, for refusal."""
    if len(document) > MAXIMUM_BYTES:
        return None
    try:
        value = json.loads(
            document.decode("utf-8"),
            parse_int=lambda digits: Number(integer(digits)),
            parse_float=lambda digits: Number(double(digits)),
            parse_constant=refuse,
            object_pairs_hook=Object,
        )
        return (form(value),)
    except (Refused, ValueError, RecursionError):
        return None


def same(left, right):
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right))
    if isinstance(left, tuple):
        return left[0] == right[0] and same(left[1], right[1])
    return left == right


def main():
    accepted = refused = 0
    for line in sys.stdin:
        document, answer = line.rstrip("\n").split(" ")
        document = bytes.fromhex(document)
        ours = None
        if answer != "-":
            ours = (json.loads(bytes.fromhex(answer).decode("utf-8"), object_pairs_hook=Object),)
        theirs = expected(document)
        if (ours is None) != (theirs is None) or (ours is not None and not same(ours[0], theirs[0])):
            print(f"{document[:200]!r}: {ours!r:.200} is not {theirs!r:.200}")
        accepted += theirs is not None
        refused += theirs is None
    print(f"{accepted} accepted, {refused} refused")


main()
