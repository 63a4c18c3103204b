#!/usr/bin/env python3
"""Measures programs on an imitation of Lambda's Runtime API: loop.py GETTEAM CREATETEAM FLOOR PYTHON CALLS STARTS

Prints the time from spawn until a program asks for its first event (ready) and until the first answer (cold), and the
time of a warm call from the delivery of the event to the arrival of the answer. getTeam's line in the log says how long
it waited for the database. FLOOR is a program that only answers: its time is that of the imitation and of the waiting
between processes. What getTeam takes beyond both is its overhead.
"""

import json
import os
import pathlib
import random
import select
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cold"))
from tokens import make_token  # noqa: E402

BUDGET = 0.2
PREFIX = "/2018-06-01"


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def event_of(token, body):
    """An event of an HTTP API, version 2.0."""
    return json.dumps({
        "version": "2.0", "routeKey": "POST /getTeam", "rawPath": "/getTeam", "rawQueryString": "",
        "headers": {"authorization": f"Bearer {token}", "content-type": "application/json"},
        "requestContext": {
            "accountId": "123456789012", "domainName": "x.example", "requestId": "JKJaXmPLvHcESHA=",
            "http": {"method": "POST", "path": "/getTeam", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "x"},
        },
        "body": body, "isBase64Encoded": False,
    }).encode()  # fmt: skip


class Program:
    """A program as Lambda starts it, and the connections that it makes."""

    def __init__(self, command, event, handler, has_log=False, expected=b'"statusCode":200'):
        self.event, self.has_log, self.expected = event, has_log, expected
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", "_HANDLER": handler,
                       "LAMBDA_TASK_ROOT": str(HERE), "AWS_LAMBDA_FUNCTION_NAME": handler, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                       "AWS_LAMBDA_FUNCTION_VERSION": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE if has_log else None)  # fmt: skip
        self.poll = select.poll()
        self.sockets, self.buffers = {}, {}
        self.watch(self.listener)
        self.polled, self.ready = None, None

    def watch(self, one):
        self.poll.register(one, select.POLLIN)
        self.sockets[one.fileno()] = one

    def drop(self, one):
        self.poll.unregister(one)
        del self.sockets[one.fileno()]
        one.close()

    def call(self):
        """Delivers an event; returns the seconds until the answer, and those of the database."""
        delivered = None
        while True:
            if self.polled and delivered is None:
                connection, self.polled = self.polled, None
                head = (
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "
                    f"8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\nLambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 15000}\r\n"
                    "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:x\r\n"
                    f"Content-Length: {len(self.event)}\r\n\r\n"
                )
                connection.sendall(head.encode() + self.event)
                delivered = time.perf_counter()
            for number, _ in self.poll.poll(30000) or sys.exit("a program does not answer"):
                one = self.sockets.get(number)
                if one is self.listener:
                    connection, _ = one.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.buffers[connection] = b""
                    self.watch(connection)
                elif one and self.read(one):
                    return time.perf_counter() - delivered, self.database_time()

    def read(self, connection):
        """Reads a request; returns whether it is the answer of the event."""
        data = connection.recv(65536)
        if not data:
            del self.buffers[connection]
            self.drop(connection)
            return False
        self.buffers[connection] += data
        head, separator, body = self.buffers[connection].partition(b"\r\n\r\n")
        if not separator:
            return False
        lines = head.decode().split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        if any(line.lower().startswith("expect:") for line in lines) and not body and length:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(body) < length:
            return False
        self.buffers[connection] = b""
        path = lines[0].split(" ")[1]
        if path.endswith("/invocation/next"):
            self.polled = connection
            self.ready = self.ready or time.perf_counter()
        elif path.endswith("/extension/register"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: x\r\nContent-Length: 2\r\n\r\n{}")
        elif path.endswith("/event/next"):
            # An extension without events waits until the end of the process.
            pass
        elif path.endswith("/response"):
            finished = time.perf_counter()
            if self.expected not in body.replace(b" ", b""):
                sys.exit(f"an unexpected answer: {body.decode()}")
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}")
            self.finished = finished
            return True
        elif not path.startswith(PREFIX) or "error" in path:
            sys.exit(f"{lines[0]}: {body.decode()}")
        return False

    def database_time(self):
        """The seconds that the program waited for the database in the call that has ended."""
        while self.has_log:
            line = json.loads(self.process.stderr.readline())
            if line["message"] == "call.ended":
                return line["databaseMs"] / 1000
        return 0.0

    def resident(self):
        """The largest resident memory in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024

    def stop(self):
        self.process.kill()
        self.process.wait()
        for one in list(self.sockets.values()):
            self.drop(one)
        if self.has_log:
            self.process.stderr.close()


def main():
    get_team, create_team, floor, python, calls, starts = sys.argv[1:]
    calls, starts = int(calls), int(starts)
    token = make_token("7d444840-9dc0-11d1-b245-5ffdce74fad2")
    made = subprocess.run(
        [create_team], input=b'{"name":"Acme"}', capture_output=True, check=True, env={**os.environ, "NOFX_TOKEN": token}
    )
    team = json.loads(made.stdout)["id"]
    event = event_of(token, json.dumps({"teamId": team}))
    kinds = {
        "getTeam": lambda: Program([get_team], event, "getTeam", has_log=True),
        "C, floor": lambda: Program([floor], event, "floor"),
        "awslambdaric": lambda: Program([python, "-m", "awslambdaric", "handler.handler"], event, "handler.handler"),
    }

    ready, cold = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}
    for number in range(starts + 1):
        for kind in random.sample(list(kinds), len(kinds)):
            program = kinds[kind]()
            _, spent = program.call()
            if number > 0:
                ready[kind].append((program.ready - program.started) * 1000)
                cold[kind].append((program.finished - program.started - spent) * 1000)
            program.stop()

    warm, beyond, memory = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}, {}
    programs = {kind: make() for kind, make in kinds.items()}
    for program in programs.values():
        for _ in range(50):
            program.call()
    for _ in range(max(1, calls // 100)):
        for kind in random.sample(list(kinds), len(kinds)):
            for _ in range(100):
                whole, spent = programs[kind].call()
                warm[kind].append(whole * 1000)
                beyond[kind].append((whole - spent) * 1000)
    for kind, program in programs.items():
        memory[kind] = program.resident()
        program.stop()

    columns = {"ready": ready, "cold": cold, "warm, with SQL": warm, "warm": beyond}
    print(" " * 14 + "".join(f"{name + ' p50':>20}{'p99':>9}" for name in columns) + f"{'resident':>11}")
    for kind in kinds:
        figures = (f"{percentile(one[kind], 0.5):20.3f}{percentile(one[kind], 0.99):9.3f}" for one in columns.values())
        print(f"{kind:14}{''.join(figures)}{memory[kind]:8.1f} MB")
    medians = {kind: [statistics.median(one[kind]) for one in (ready, cold, beyond)] for kind in kinds}
    ratios = [theirs / ours for theirs, ours in zip(medians["awslambdaric"], medians["getTeam"])]
    overhead = medians["getTeam"][2] - medians["C, floor"][2]
    print("\nWithout the time of the database, where nothing else is said. getTeam verifies a token, connects and reads a")
    print("team; awslambdaric only returns its event. It takes {:.1f} x, {:.1f} x and {:.2f} x as long as getTeam.".format(*ratios))
    print(f"overhead of a warm call of getTeam {overhead:.3f} ms; budget {BUDGET} ms: {'kept' if overhead <= BUDGET else 'EXCEEDED'}")


if __name__ == "__main__":
    main()
