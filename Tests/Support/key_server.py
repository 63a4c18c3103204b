#!/usr/bin/env python3
"""A token issuer that publishes its signing keys at /keys; a control server on a second port sets its behavior.

Prints both ports. With --tls the first port uses TLS for localhost, and the certificate file of the authority
follows. Ends with standard input.

Control server:
    POST /keys      publish the body
    POST /mode      the behavior of /keys from now on:
                        serve       with the keys
                        fail        with 503 and the keys
                        redirect    with 302 to /moved, which has the keys
                        large       with 300 KiB, the keys first and then blanks
                        html        with 200 and a page
                        hang        not at all
                        cut         with half of the keys
    GET  /requests  the number of requests so far, for any path
    GET  /accepted  the number of connections
"""
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
from certificates import Certificates


class Issuer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.requests = 0
        self.accepted = 0
        self.mode = "serve"
        self.keys = b'{"keys":[]}'

    def get_request(self):
        connection, address = super().get_request()
        with self.lock:
            self.accepted += 1
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        pass  # Some tests expect the client to reject the certificate.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        issuer = self.server
        with issuer.lock:
            issuer.requests += 1
            mode, keys = issuer.mode, issuer.keys
        if self.path == "/moved":
            self.answer(200, keys)
        elif self.path != "/keys":
            self.answer(404, b"")
        elif mode == "serve":
            self.answer(200, keys, [("Content-Type", "application/json")])
        elif mode == "fail":
            self.answer(503, keys)
        elif mode == "redirect":
            self.answer(302, keys, [("Location", "/moved")])
        elif mode == "large":
            self.answer(200, keys + b" " * (300 * 1024 - len(keys)))
        elif mode == "html":
            self.answer(200, b"<html><body>Sign in</body></html>", [("Content-Type", "text/html")])
        elif mode == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            self.wfile.write(keys[: len(keys) // 2])
            self.close_connection = True
        else:
            self.rfile.read(1)  # Waits until the client closes the connection.
            self.close_connection = True


class Control(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    issuer = None

    def log_message(self, *arguments):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.issuer.lock:
            if self.path == "/keys":
                self.issuer.keys = body
            elif self.path == "/mode":
                self.issuer.mode = body.decode()
            content = str({"/requests": self.issuer.requests, "/accepted": self.issuer.accepted}.get(self.path, "")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer


def main():
    with tempfile.TemporaryDirectory() as directory:
        issuer = Control.issuer = Issuer()
        control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
        control.daemon_threads = True
        words = [str(issuer.server_port), str(control.server_port)]
        if "--tls" in sys.argv:
            certificates = Certificates(directory)
            issuer.context = certificates.context()
            words.append(certificates.path("authority.pem"))
        for server in (issuer, control):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        print(*words, flush=True)
        sys.stdin.read()


main()
