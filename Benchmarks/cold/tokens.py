"""Creates valid tokens, as an identity provider does, and forged ones."""

import base64
import hashlib
import hmac
import json
import os
import time


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(subject, **claims):
    now = int(time.time())
    claims = {
        "iss": os.environ["NOFX_JWT_ISSUER"],
        "aud": os.environ["NOFX_JWT_AUDIENCE"],
        "sub": str(subject),
        "iat": now,
        "nbf": now,
        "exp": now + 14400,
        **claims,
    }
    head, payload = b'{"alg":"HS256","typ":"JWT"}', json.dumps(claims, separators=(",", ":")).encode()
    message = f"{_encode(head)}.{_encode(payload)}"
    code = hmac.new(os.environ["NOFX_JWT_SECRET"].encode(), message.encode(), hashlib.sha256).digest()
    return f"{message}.{_encode(code)}"


def forge_token(subject):
    token = make_token(subject)
    return token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBA")


def write_call(folder, number, token, expected, data):
    """Writes a call in the format of spawn.c."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(number)).write_bytes(f"{token}\n{expected}\n".encode() + data)
