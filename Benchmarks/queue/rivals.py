"""Lets another queue process empty jobs: rivals.py NAME ADDRESS JOBS. Prints the number of seconds it took.

Runs in the Python environment of rivals.lock.txt. Each queue is used as its documentation describes, with uvloop.
"""

import asyncio
import logging
import sys
import time

import uvloop


async def procrastinate(address, jobs):
    import procrastinate as library

    app = library.App(connector=library.PsycopgConnector(conninfo=address, min_size=4, max_size=12))

    @app.task(name="nothing")
    async def nothing():
        pass

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await nothing.batch_defer_async(*({} for _ in range(jobs)))
        began = time.monotonic()
        await app.run_worker_async(
            concurrency=10, wait=False, delete_jobs="always", listen_notify=False, install_signal_handlers=False
        )
        return time.monotonic() - began


async def pgqueuer(address, jobs, batch):
    import asyncpg
    from pgqueuer import PgQueuer
    from pgqueuer.queries import Queries
    from pgqueuer.types import QueueExecutionMode

    words = dict(word.split("=", 1) for word in address.split())
    connection = await asyncpg.connect(
        host=words["host"], port=int(words["port"]), user=words["user"], database=words["dbname"]
    )
    queue = PgQueuer.from_asyncpg_connection(connection)
    queries = Queries.from_asyncpg_connection(connection)
    if not await connection.fetchval("SELECT to_regclass('pgqueuer') IS NOT NULL"):
        await queries.install()

    @queue.entrypoint("nothing")
    async def nothing(job):
        pass

    for start in range(0, jobs, 1000):
        count = min(1000, jobs - start)
        await queries.enqueue(["nothing"] * count, [None] * count, [0] * count)
    began = time.monotonic()
    await queue.qm.run(batch_size=batch, mode=QueueExecutionMode.drain)
    seconds = time.monotonic() - began
    left = await connection.fetchval("SELECT count(*) FROM pgqueuer")
    await connection.close()
    if left:
        sys.exit(f"pgqueuer left {left} jobs")
    return seconds


logging.disable(logging.WARNING)
name, address, jobs = sys.argv[1], sys.argv[2], int(sys.argv[3])
if name == "procrastinate":
    print(uvloop.run(procrastinate(address, jobs)))
else:
    print(uvloop.run(pgqueuer(address, jobs, int(name.removeprefix("pgqueuer-")))))
sys.stdout.flush()
