#!/usr/bin/env python3
"""A mock of Lambda's Runtime API (version 2018-06-01) that is strict about what a runtime may send.

    lambda_runtime_api.py [--port P] [--event FILE]... [--count N] [--chunked N] [--answer 'WHAT STATUS TIMES']...
                          [--restart-after N] [--run PROGRAM ARGUMENT...]

Without --run it prints the ports of the Runtime API and of the control server, and ends with standard input.
With --run it starts the program as Lambda would and sends it the events (--count times). When all events have been
answered, or the program has ended, it prints the summary as one line of JSON and ends the program with SIGKILL, as
Lambda does. Its exit status is 0 if all events were answered without a violation of the protocol.

Control server:
    POST /events       queue the body as an event; headers of the request that begin with Lambda-Runtime- are
                       handed on as they are ("Lambda-Runtime-Trace-Id: -" leaves one out); X-Chunk: 7 sends the
                       event in chunks of 7 bytes. Answers the request id
    POST /answer       "next 500 1": answer the next 1 calls of next (or response, error, init, register) with 500.
                       Status 0 closes the connection without an answer
    POST /restart      close the listening socket and all connections, listen on the same port again after the
                       number of seconds in the body
    GET  /results      what was posted: [{"id", "kind", "status", "type", "bytes", "body"}], bodies cut at 64 KiB
    GET  /wait/N       the same, after N answers were posted
    GET  /summary      counts, and the violations of the protocol
"""
import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/2018-06-01/runtime"
EXTENSIONS = "/2020-01-01/extension"
LIMIT = 6_291_556
ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+")


class State:
    """The state of the mock, under one lock."""

    def __init__(self):
        self.changed = threading.Condition()
        self.queue = deque()
        self.pending = {}
        self.delivered = {}
        self.results = []
        self.faults = []
        self.orders = []
        self.connections = 0
        self.polls = 0
        self.restarts = 0
        self.initialization_error = None
        self.extensions = 0

    def fault(self, text):
        with self.changed:
            self.faults.append(text)

    def add(self, body, headers=None, chunk=0):
        identifier = str(uuid.uuid4())
        with self.changed:
            self.queue.append((identifier, body, headers or {}, chunk))
            self.changed.notify_all()
        return identifier

    def order(self, text):
        call, status, times = text.split()
        with self.changed:
            self.orders.append([call, int(status), int(times)])

    def ordered(self, call):
        """The status that a test ordered for this call; None without an order."""
        with self.changed:
            for order in self.orders:
                if order[0] == call and order[2] > 0:
                    order[2] -= 1
                    return order[1]
        return None

    def record(self, identifier, kind, status, error_type, body):
        with self.changed:
            text = body[:65536].decode("utf-8", "replace")
            result = {"id": identifier, "kind": kind, "status": status, "type": error_type, "body": text}
            result["bytes"] = len(body)
            self.results.append(result)
            if kind == "init":
                self.initialization_error = result
            self.changed.notify_all()

    def answered(self):
        """The number of answered events, rejected answers included; posts for unknown events do not count."""
        return sum(result["status"] != 400 for result in self.results)

    def summary(self):
        with self.changed:
            kinds = [result["kind"] for result in self.results]
            return {
                "connections": self.connections,
                "polls": self.polls,
                "responses": kinds.count("response"),
                "errors": kinds.count("error"),
                "initializationError": self.initialization_error,
                "unanswered": len(self.queue) + len(self.pending),
                "restarts": self.restarts,
                "extensions": self.extensions,
                "faults": self.faults,
            }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body=b"", headers=None, content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class RuntimeHandler(Handler):
    """The Runtime API, and the Extensions API as far as an internal extension needs it."""

    is_counted = False

    def refuse(self, status, kind):
        self.answer(status, json.dumps({"errorType": kind, "errorMessage": kind}).encode())

    def conclude(self, ordered):
        """Sends the ordered status, or success."""
        if ordered is None:
            self.answer(202, b'{"status":"OK"}')
        elif ordered == 0:
            self.close_connection = True
        else:
            self.refuse(ordered, "RequestEntityTooLarge" if ordered == 413 else "Ordered")

    def count(self):
        """Counts the connection, unless it is an extension's."""
        if not self.is_counted:
            self.is_counted = True
            with self.server.state.changed:
                self.server.state.connections += 1

    def wait_for_extension_event(self):
        """An internal extension without events never gets one."""
        if self.headers.get("Lambda-Extension-Identifier") != "extension-1":
            self.server.state.fault("an extension without its identifier")
            return self.refuse(403, "Extension.UnknownExtensionIdentifier")
        generation = self.server.generation
        with self.server.state.changed:
            self.server.state.extensions += 1
            self.server.state.changed.notify_all()
            self.server.state.changed.wait_for(lambda: self.server.generation != generation)
        self.close_connection = True

    def register_extension(self):
        body = self.read_body()
        state = self.server.state
        ordered = state.ordered("register")
        if ordered is not None:
            return self.conclude(ordered)
        if state.polls or not self.headers.get("Lambda-Extension-Name") or json.loads(body) != {"events": []}:
            state.fault("a wrong registration")
            return self.refuse(403, "Extension.InvalidStateTransition")
        self.answer(200, b'{"functionName":"mock"}', {"Lambda-Extension-Identifier": "extension-1"})

    def do_GET(self):
        state = self.server.state
        if self.path == EXTENSIONS + "/event/next":
            return self.wait_for_extension_event()
        self.count()
        if self.path != PREFIX + "/invocation/next":
            state.fault(f"GET {self.path}")
            return self.refuse(404, "NotFound")
        if int(self.headers.get("Content-Length") or 0) or "Transfer-Encoding" in self.headers:
            state.fault("a body on next")
        with state.changed:
            state.polls += 1
        ordered = state.ordered("next")
        if ordered is not None:
            return self.conclude(ordered)
        generation = self.server.generation
        with state.changed:
            # Events with a rejected answer are finished. No other event may be open when the next one is requested.
            for identifier, refused in list(state.pending.items()):
                if not refused:
                    state.faults.append(f"next before {identifier} was answered")
                del state.pending[identifier]
            while not state.queue and self.server.generation == generation:
                state.changed.wait()
            if self.server.generation != generation:
                self.close_connection = True
                return
            event = identifier, body, special, chunk = state.queue.popleft()
            state.pending[identifier] = False
            state.delivered = {identifier: event}
        headers = {
            "Lambda-Runtime-Aws-Request-Id": identifier,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 3) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:mock",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        }
        headers.update(special)
        headers = {name: value for name, value in headers.items() if value != "-"}
        if not chunk:
            return self.answer(200, body, headers)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        for start in range(0, len(body), chunk):
            piece = body[start : start + chunk]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        state = self.server.state
        if self.path == EXTENSIONS + "/register":
            return self.register_extension()
        self.count()
        if "Expect" in self.headers:
            state.fault("Expect on a post")
        if self.headers.get_content_type() != "application/json":
            state.fault(f"Content-Type {self.headers.get('Content-Type')} on {self.path}")
        if "Content-Length" not in self.headers:
            state.fault("no Content-Length")
        body = self.read_body()
        match = re.fullmatch(re.escape(PREFIX) + r"/(?:invocation/([^/]+)/(response|error)|(init)/error)", self.path)
        if not match:
            state.fault(f"POST {self.path}")
            return self.refuse(404, "NotFound")
        identifier, kind = match[1], match[2] or match[3]
        error_type = self.headers.get("Lambda-Runtime-Function-Error-Type")
        try:
            decoded = json.loads(body)
        except ValueError:
            decoded = None
            state.fault(f"{kind} is not JSON")
        if kind != "response":
            if not ERROR_TYPE.fullmatch(error_type or ""):
                state.fault(f"error type {error_type}")
            if not isinstance(decoded, dict) or not {"errorMessage", "errorType"} <= decoded.keys():
                state.fault(f"{kind} lacks errorMessage or errorType")
        if kind == "init":
            if state.polls:
                state.fault("init error after next")
                return self.refuse(403, "InvalidStateTransition")
            ordered = state.ordered(kind)
            state.record(None, kind, 202 if ordered is None else ordered, error_type, body)
            return self.conclude(ordered)
        with state.changed:
            known = state.pending.get(identifier)
        if known is None:
            state.record(identifier, kind, 400, error_type, body)
            return self.refuse(400, "InvalidRequestID")
        if known:
            state.fault(f"a second post for {identifier}")
            return self.refuse(403, "InvalidStateTransition")
        ordered = state.ordered(kind)
        if ordered is None and len(body) > LIMIT:
            ordered = 413
        with state.changed:
            if ordered is None:
                del state.pending[identifier]
            else:
                state.pending[identifier] = True
        # Recorded before the response, because the client may request the record immediately afterwards.
        state.record(identifier, kind, 202 if ordered is None else ordered, error_type, body)
        self.conclude(ordered)


class ControlHandler(Handler):
    """The control server of the tests."""

    def do_GET(self):
        state = self.server.state
        if self.path.startswith("/wait/"):
            with state.changed:
                state.changed.wait_for(lambda: len(state.results) >= int(self.path[6:]))
                return self.answer(200, json.dumps(state.results).encode())
        found = {"/results": lambda: state.results, "/summary": state.summary}.get(self.path)
        self.answer(200, json.dumps(found()).encode()) if found else self.answer(404)

    def do_POST(self):
        body = self.read_body()
        state = self.server.state
        if self.path == "/events":
            special = {n.title(): v for n, v in self.headers.items() if n.lower().startswith("lambda-runtime-")}
            self.answer(200, state.add(body, special, int(self.headers.get("X-Chunk") or 0)).encode())
        elif self.path == "/answer":
            state.order(body.decode())
            self.answer(200)
        elif self.path == "/restart":
            self.server.runtime.restart(float(body or 0))
            self.answer(200)
        else:
            self.answer(404)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # A client was killed during a request.


class RuntimeServer(Server):
    """A server that counts connections and can be restarted."""

    def __init__(self, port, state):
        super().__init__(("127.0.0.1", port), RuntimeHandler)
        self.state = state
        self.generation = 0
        self.open = set()

    def get_request(self):
        connection, address = super().get_request()
        with self.state.changed:
            self.open.add(connection)
        return connection, address

    def shutdown_request(self, request):
        with self.state.changed:
            self.open.discard(request)
        super().shutdown_request(request)

    def start(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def restart(self, seconds):
        self.shutdown()
        self.socket.close()
        with self.state.changed:
            self.generation += 1
            self.state.restarts += 1
            # Unanswered events are delivered again; events with a rejected answer are not.
            lost = [self.state.delivered[identifier] for identifier, done in self.state.pending.items() if not done]
            self.state.queue.extendleft(reversed(lost))
            self.state.pending.clear()
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.state.changed.notify_all()
        threading.Timer(seconds, self.listen_again).start()

    def listen_again(self):
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()
        self.server_activate()
        self.start()


def run(options, state, runtime):
    """Serves the events to a program, restarts in between if requested, and prints the result."""
    environment = dict(os.environ, AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{runtime.server_port}", _HANDLER="bootstrap")
    environment.setdefault("AWS_LAMBDA_FUNCTION_NAME", "mock")
    program = subprocess.Popen(options.run, env=environment, stdin=subprocess.DEVNULL)
    ended = threading.Thread(target=lambda: (program.wait(), notify(state)), daemon=True)
    ended.start()
    total = len(state.queue)

    def until(count):
        with state.changed:
            state.changed.wait_for(lambda: state.answered() >= count or program.poll() is not None)

    if options.restart_after:
        until(options.restart_after)
        runtime.restart(0.3)
    until(total)
    status = program.poll()
    if status is None:
        program.send_signal(signal.SIGKILL)
        program.wait()
    summary = dict(state.summary(), exitStatus=status)
    print(json.dumps(summary), flush=True)
    return 0 if status is None and not summary["faults"] and state.answered() >= total else 1


def notify(state):
    with state.changed:
        state.changed.notify_all()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--event", action="append", default=[], help="a file with one event")
    parser.add_argument("--count", type=int, default=1, help="how often each event is sent")
    parser.add_argument("--chunked", type=int, default=0, help="send events in chunks of so many bytes")
    parser.add_argument("--answer", action="append", default=[], help="like the control server's /answer")
    parser.add_argument("--restart-after", type=int, default=0, help="restart once after so many answers")
    parser.add_argument("--run", nargs=argparse.REMAINDER, help="the program to serve, and its arguments")
    options = parser.parse_args()

    state = State()
    for _ in range(options.count):
        for path in options.event:
            with open(path, "rb") as file:
                state.add(file.read(), chunk=options.chunked)
    for text in options.answer:
        state.order(text)
    runtime = RuntimeServer(options.port, state).start()
    if options.run:
        sys.exit(run(options, state, runtime))

    control = Server(("127.0.0.1", 0), ControlHandler)
    control.state, control.runtime = state, runtime
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(runtime.server_port, control.server_port, flush=True)
    sys.stdin.read()


main()
