"""The reference server in Python: FastAPI and asyncpg under uvicorn. It verifies the same tokens as nofx and sends the same
statements. asyncpg cannot send several statements at once, so each is a round trip; it prepares and keeps them."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import time
import uuid

import asyncpg
from fastapi import FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field

SECRET = os.environ["NOFX_JWT_SECRET"].encode()
ISSUER, AUDIENCE = os.environ["NOFX_JWT_ISSUER"], os.environ["NOFX_JWT_AUDIENCE"]
ROOT = pathlib.Path(os.environ["BENCH_STATEMENTS"])
SQL = {f"{path.parent.name}/{path.stem}": path.read_text().strip() for path in ROOT.glob("*/*.sql")}


class Team(BaseModel):
    id: uuid.UUID
    name: str
    slug: str
    ownerId: uuid.UUID
    role: str
    permissions: list[str]
    billingEmail: str | None
    settings: dict
    version: int
    createdAt: str
    updatedAt: str


class CreateTeam(BaseModel):
    name: str = Field(min_length=2, max_length=100, pattern="^[^<>]*$")


class GetTeam(BaseModel):
    teamId: uuid.UUID


@contextlib.asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(
        host=os.environ["PGHOST"], user=os.environ["PGUSER"], database=os.environ["PGDATABASE"], min_size=1, max_size=4
    ) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def caller(authorization):
    """The subject of an HS256 token."""
    try:
        head, payload, signature = authorization.removeprefix("Bearer ").split(".")
        code = hmac.new(SECRET, f"{head}.{payload}".encode(), hashlib.sha256).digest()
        header, claims = json.loads(decode(head)), json.loads(decode(payload))
        if header["alg"] != "HS256" or "crit" in header or not hmac.compare_digest(code, decode(signature)):
            raise ValueError
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE or time.time() >= claims["exp"] + 60:
            raise ValueError
        return uuid.UUID(claims["sub"])
    except (ValueError, KeyError):
        raise HTTPException(401, "invalid_token") from None


async def begin(connection, endpoint, user):
    await connection.execute(SQL[f"{endpoint}/1-begin"])
    await connection.fetch(SQL[f"{endpoint}/2-limits"], "9750", "2000")
    await connection.fetch(SQL[f"{endpoint}/3-enter"], 7, user, ISSUER, str(user), None, None, False, None)


def team(row):
    return Team(
        id=row["id"], name=row["name"], slug=row["slug"], ownerId=row["owner_id"], role=row["role"],
        permissions=row["permissions"], billingEmail=row["billing_email"], settings=json.loads(row["settings"]),
        version=row["version"], createdAt=row["created_at"].isoformat(), updatedAt=row["updated_at"].isoformat(),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def transaction(endpoint, user):
    async with app.state.pool.acquire() as connection:
        try:
            await begin(connection, endpoint, user)
            yield connection
            await connection.execute("COMMIT")
        except BaseException:
            await connection.execute("ROLLBACK")
            raise


def describe(response):
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Request-Id"] = str(uuid.uuid4())


@app.post("/getTeam")
async def get_team(given: GetTeam, response: Response, authorization: str = Header()) -> Team:
    user = caller(authorization)
    async with transaction("getTeam", user) as connection:
        row = await connection.fetchrow(SQL["getTeam/4-team"], user, given.teamId)
    if row is None:
        raise HTTPException(404, "team_not_found")
    describe(response)
    return team(row)


@app.post("/createTeam", status_code=201)
async def create_team(given: CreateTeam, response: Response, authorization: str = Header()) -> Team:
    user = caller(authorization)
    record = json.dumps({"credential": "session", "requestId": str(uuid.uuid4()), "ip": None, "userAgent": None})
    suffix = "-" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(6))
    async with transaction("createTeam", user) as connection:
        await connection.fetch(SQL["createTeam/4-rate"], "20", f"{user} writes", 1000000, 20)
        await connection.fetch(SQL["createTeam/5-lock"], user)
        row = await connection.fetchrow(
            SQL["createTeam/6-create"], user, None, suffix, given.name, uuid.uuid4(), given.name, None, user, 20, True,
            20, user, "team.created", "team", record,
        )  # fmt: skip
    describe(response)
    return team(row)
