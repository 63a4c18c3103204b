"""The reference program in Python: createTeam with psycopg. Reads one event from standard input, writes one line."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import uuid

import psycopg
from psycopg.types.json import Jsonb

import statements


def end(status, code):
    sys.stdout.write(json.dumps({"code": code}, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    os._exit(status)


def decode(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)


def verify(token, secret, issuer, audience):
    """Checks an HS256 token as createTeam does and returns its subject, which must be a UUID."""
    header, payload, signature = token.split(".")
    fields = json.loads(decode(header))
    if fields["alg"] != "HS256" or "crit" in fields:
        raise ValueError("header")
    code = hmac.new(secret.encode(), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(code, decode(signature)):
        raise ValueError("signature")
    claims, now = json.loads(decode(payload)), time.time()
    if claims["iss"] != issuer or claims["aud"] != audience:
        raise ValueError("issuer or audience")
    if now + 60 < max(claims.get("nbf", 0), claims.get("iat", 0)) or now >= claims["exp"] + 60:
        raise ValueError("times")
    if "iat" in claims and claims["exp"] > claims["iat"] + 86400:
        raise ValueError("lifetime")
    return uuid.UUID(claims["sub"])


def make_uuid():
    milliseconds = time.time_ns() // 1_000_000
    bits = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return uuid.UUID(int=bits)


def create(url, user, issuer, name):
    """Sends the whole transaction at once."""
    record = {"credential": "session", "requestId": str(make_uuid()), "ip": None, "userAgent": None}
    suffix = "-" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(6))
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        cursor, other = connection.cursor(), connection.cursor()
        with connection.pipeline():
            other.execute(statements.begin)
            other.execute(statements.limits, ("9750", "2000"))
            other.execute(statements.enter, (7, user, issuer, str(user), None, None, False, None))
            other.execute(statements.rate, (20, f"{user} writes", 1_000_000, 20))
            other.execute(statements.lock, (user,))
            cursor.execute(
                statements.create,
                (user, None, suffix, name, make_uuid(), name, None, user, 20, True, 20, user, "team.created", "team", Jsonb(record)),
            )
            other.execute(statements.commit)
        columns = [column.name for column in cursor.description]
        return dict(zip(columns, cursor.fetchone()))


def main():
    event = sys.stdin.read()
    issuer = os.environ["NOFX_JWT_ISSUER"]
    try:
        user = verify(
            os.environ["NOFX_TOKEN"], os.environ["NOFX_JWT_SECRET"], issuer, os.environ["NOFX_JWT_AUDIENCE"]
        )
    except (KeyError, ValueError):
        end(77, "invalid_token")
    name = json.loads(event)["name"]
    if not 2 <= len(name) <= 100 or "<" in name or ">" in name:
        end(65, "validation_failed")
    team = create(os.environ["DATABASE_URL"], user, issuer, name)
    answer = {
        "id": str(team["id"]),
        "name": team["name"],
        "slug": team["slug"],
        "ownerId": str(team["owner_id"]),
        "role": team["role"],
        "permissions": team["permissions"],
        "billingEmail": team["billing_email"],
        "settings": team["settings"],
        "version": team["version"],
        "createdAt": team["created_at"].isoformat().replace("+00:00", "Z"),
        "updatedAt": team["updated_at"].isoformat().replace("+00:00", "Z"),
    }
    sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")


main()
