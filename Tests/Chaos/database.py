"""Database sessions that survive restarts of the server, and the server itself."""

import os
import subprocess
import threading
import time

import psycopg

PATIENCE = 60


class Session:
    """A connection that reconnects after a loss and then repeats the transaction."""

    def __init__(self, address, user=None):
        self.address = address
        self.user = user  # the user id of the caller for the SQL functions
        self.connection = None
        self.was_lost = False  # whether the last transaction was repeated, so that it may have been executed twice

    def rows(self, statement, *parameters):
        """Runs a statement in its own transaction and returns the rows."""
        return self.transact(lambda ask: ask(statement, *parameters))

    def value(self, statement, *parameters):
        rows = self.rows(statement, *parameters)
        return rows[0][0] if rows else None

    def transact(self, body):
        """Runs a body in a transaction, and repeats it after a lost connection."""
        self.was_lost = False
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                if self.connection is None or self.connection.closed:
                    # No prepared statements: the pooler may run the next transaction in another server session.
                    self.connection = psycopg.connect(self.address, autocommit=True, prepare_threshold=None)
                with self.connection.transaction():
                    if self.user is not None:
                        self.connection.execute("SELECT set_config('nofx.user_id', %s, true)", [self.user])
                    return body(self.ask)
            except psycopg.OperationalError:
                self.close()
                self.was_lost = True
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)

    def ask(self, statement, *parameters):
        cursor = self.connection.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Server:
    """The Postgres cluster of the test; its folder contains `data`, `log` and the socket."""

    def __init__(self, programs, folder, port):
        self.programs, self.folder, self.port = programs, folder, port
        self.owner = os.stat(os.path.join(folder, "data"))
        self.log_read = 0

    def address(self, database, role="postgres"):
        return f"host={self.folder} port={self.port} dbname={database} user={role}"

    def restart(self):
        """Ends the server without a shutdown, as a crash would, and starts it again."""
        who = {"user": self.owner.st_uid, "group": self.owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            [os.path.join(self.programs, "pg_ctl"), "restart", "--silent", "--wait", "--mode", "immediate"]
            + ["--pgdata", os.path.join(self.folder, "data"), "--log", os.path.join(self.folder, "log")],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **who,
        )  # fmt: skip

    def new_log_lines(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            log.seek(self.log_read)
            lines = log.read().splitlines()
            self.log_read = log.tell()
        return lines


class Poolers:
    """A PgBouncer in transaction mode for each role, in front of a database."""

    SCRIPT = os.path.join(os.path.dirname(__file__), "..", "Support", "pooler.py")

    def __init__(self, server, database, roles):
        self.processes, self.addresses = [], {}
        for role in roles:
            process = subprocess.Popen(
                ["/usr/bin/python3", self.SCRIPT, database, server.folder, str(server.port), role, "10"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            self.processes.append(process)
            port = process.stdout.readline().strip()
            self.addresses[role] = f"host=127.0.0.1 port={port} dbname={database} user={role}"

    def stop(self):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait()


class Counters:
    """Thread-safe counters of events, and the list of violations."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts, self.broken = {}, []

    def add(self, name, count=1):
        with self.lock:
            self.counts[name] = self.counts.get(name, 0) + count

    def break_(self, what):
        with self.lock:
            self.broken.append(what)

    def __getitem__(self, name):
        return self.counts.get(name, 0)
