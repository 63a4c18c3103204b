#!/usr/bin/env python3
"""A receiver of webhooks that verifies signatures with Standard Webhooks' own library; needs clients.lock.txt.

Prints its port and the port of its control server. Ends with standard input.

The first part of a path selects the answer, whether or not the signature is valid; the rest names the receiver:
    /200/a            with this status and two bytes
    /503x2/a          with this status the first two times, then with 200
    /retry-3600/a     with 429 and Retry-After
    /redirect/a       with 302 to /200/elsewhere
    /poison/a         with 500 if the body contains "poison", else with 200
    /slow-1.5/a       with 200 after this many seconds
    /hang/a           never
    /endless/a        with 200 and a body that does not end

Control server:
    POST /secret/200/a  sets the secret of this path to the body
    GET  /messages      the received messages, oldest first
    GET  /busiest       the largest number of messages that one path answered at the same time
"""
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # Some tests expect the client to close the connection early.


class State:
    lock = threading.Lock()
    secrets, messages, counts, busy = {}, [], {}, {}
    busiest = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *arguments):
        pass

    def content(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, body=b"ok", headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Receiver(Handler):
    def verified(self, body):
        try:
            Webhook(State.secrets[self.path]).verify(body, dict(self.headers.items()))
            return True
        except (KeyError, ValueError, WebhookVerificationError):
            return False

    def do_GET(self):
        body = self.content()
        with State.lock:
            headers = self.headers
            State.messages.append({
                "path": self.path, "method": self.command, "body": body.decode(), "verified": self.verified(body),
                "id": headers.get("webhook-id", ""), "timestamp": headers.get("webhook-timestamp", ""),
                "type": headers.get("content-type", ""), "agent": headers.get("user-agent", ""),
                "trace": headers.get("traceparent", ""), "state": headers.get("tracestate", ""),
                "xray": headers.get("x-amzn-trace-id", ""),
            })
            count = State.counts[self.path] = State.counts.get(self.path, 0) + 1
            busy = State.busy[self.path] = State.busy.get(self.path, 0) + 1
            State.busiest = max(State.busiest, busy)
        try:
            self.behave(self.path.split("/")[1], count, body)
        finally:
            with State.lock:
                State.busy[self.path] -= 1

    do_POST = do_GET

    def behave(self, name, count, body):
        if status := re.fullmatch(r"(\d{3})(?:x(\d+))?", name):
            is_over = status[2] and count > int(status[2])
            self.answer(200 if is_over else int(status[1]))
        elif name.startswith("retry-"):
            self.answer(429, headers=[("Retry-After", name[6:])])
        elif name == "redirect":
            self.answer(302, headers=[("Location", "/200/elsewhere")])
        elif name == "poison":
            self.answer(500 if b"poison" in body else 200)
        elif name.startswith("slow-"):
            time.sleep(float(name[5:]))
            self.answer(200)
        elif name == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 4096)
                self.wfile.flush()
        else:
            self.rfile.read(1)  # Waits until the client closes the connection.
            self.close_connection = True


class Control(Handler):
    def do_POST(self):
        with State.lock:
            State.secrets[self.path.removeprefix("/secret")] = self.content().decode()
        self.answer(200)

    def do_GET(self):
        with State.lock:
            content = State.messages if self.path == "/messages" else State.busiest
            self.answer(200, json.dumps(content).encode())


def main():
    servers = [Server(("127.0.0.1", 0), Receiver), Server(("127.0.0.1", 0), Control)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*(server.server_port for server in servers), flush=True)
    sys.stdin.read()


main()
