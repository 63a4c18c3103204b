"""Records the messages that a client sends to Postgres, and derives new calls from the recording.

The protocol is "Frontend/Backend Protocol" in the PostgreSQL documentation. The output is in the format of replay.c.
"""

import os
import random
import select
import socket
import struct
import subprocess

TEXTUAL = {25, 114, 3802}  # text, json, jsonb


class Statement:
    def __init__(self, sql, types):
        self.sql, self.types, self.formats, self.values, self.tag = sql, types, [], [], None

    def shape(self):
        return self.sql, self.types, self.formats, self.tag


SYNC = None


class Wire:
    """A socket in `folder` that forwards connections to the server's socket."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        os.makedirs(folder, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{folder}/.s.PGSQL.5432")
        self.listener.listen()

    def run(self, program, environment, data):
        """Runs a client. Returns its status, its output, and its statements, with SYNC where it waited."""
        with subprocess.Popen(
            program, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            process.stdin.write(data)
            process.stdin.close()
            sent, received = b"", b""
            # A client that never connects ends instead.
            while not select.select([self.listener], [], [], 0.05)[0] and process.poll() is None:
                pass
            if process.poll() is None:
                sent, received = self._relay(self.listener.accept()[0])
            output = process.stdout.read().decode()
        return process.returncode, output, _statements(sent, received)

    def _relay(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(f"{self.server}/.s.PGSQL.5432")
            passed = {client: b"", server: b""}
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(1 << 16)
                    passed[end] += data
                    if not data:
                        return passed[client], passed[server]
                    (server if end is client else client).sendall(data)


def _messages(data):
    while data:
        (length,) = struct.unpack_from("!I", data, 1)
        yield data[:1], data[5 : 1 + length]
        data = data[1 + length :]


def _statements(sent, received):
    if not sent:
        return []
    statements = []
    for kind, body in _messages(sent[struct.unpack_from("!I", sent)[0] :]):
        if kind == b"P":
            _, sql, rest = body.split(b"\0", 2)
            statements.append(Statement(sql, struct.unpack_from(f"!{int.from_bytes(rest[:2], 'big')}I", rest, 2)))
        elif kind == b"B":
            statements[-1].formats, statements[-1].values = _values(body.split(b"\0", 2)[2])
        elif kind == b"S":
            statements.append(SYNC)
        elif kind not in (b"D", b"E", b"X"):
            raise ValueError(f"a message that cannot be replayed: {kind}")
    tags = [body[:-1] for kind, body in _messages(received) if kind == b"C"]
    for statement, tag in zip([s for s in statements if s is not SYNC], tags, strict=True):
        statement.tag = tag
    return statements


def _values(body):
    def number(form):
        nonlocal body
        (value,) = struct.unpack_from(form, body)
        body = body[struct.calcsize(form) :]
        return value

    formats = [number("!h") for _ in range(number("!h"))]
    values = []
    for _ in range(number("!h")):
        length = number("!i")
        values.append(None if length < 0 else body[:length])
        body = body[max(length, 0) :]
    return formats * (len(values) if len(formats) == 1 else 1) or [0] * len(values), values


class Recording:
    """Two calls of one program with different targets. They show which values depend on the target or are random."""

    def __init__(self, first, second):
        (self.statements, self.forms), (others, other_forms) = first, second
        if [s and s.shape() for s in self.statements] != [s and s.shape() for s in others]:
            raise ValueError("two calls have sent different statements")
        self.chances = [
            s and [_differences(_replace(a, self.forms, other_forms), b) for a, b in zip(s.values, other.values)]
            for s, other in zip(self.statements, others)
        ]

    def call(self, forms):
        """Returns a call with another target, in the format of replay.c. Random values are generated again."""
        parts = []
        for statement, chances in zip(self.statements, self.chances):
            if statement is SYNC:
                parts.append(b"S")
                continue
            parts += [b"Q", struct.pack("i", len(statement.values)), _text(statement.sql)]
            for type, format, value, chance in zip(statement.types, statement.formats, statement.values, chances):
                value = _redraw(_replace(value, self.forms, forms), chance, type in TEXTUAL)
                parts += [b"P", struct.pack("Ii", type, format), _text(value)]
            parts += [b"T", _text(statement.tag)]
        return b"".join(parts)


def _text(text):
    return struct.pack("i", -1) if text is None else struct.pack("i", len(text)) + text + b"\0"


def _replace(value, old, new):
    for one, other in zip(old, new):
        value = value and value.replace(one, other)
    return value


def _differences(one, other):
    """Returns the offsets where values differ, or none if the lengths differ, as for milliseconds: either is valid."""
    if one == other or one is None or other is None or len(one) != len(other):
        return []
    return [i for i in range(len(one)) if one[i] != other[i]]


def _redraw(value, places, is_text):
    bytes = bytearray(value or b"")
    for place in places:
        kinds = ["0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"] if is_text else []
        kind = next((kind.encode() for kind in kinds if chr(bytes[place]) in kind), range(256))
        bytes[place] = random.choice(kind)
    return value if value is None else b"%b" % bytes
