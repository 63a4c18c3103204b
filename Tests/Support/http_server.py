#!/usr/bin/env python3
"""A plain HTTP server from Python's standard library; the path selects the answer.

Prints its port. With --tls KIND (see certificates.py) it also prints the certificate files of its authority and of
an unrelated authority. Ends with standard input.

/echo             the request as it came, as text
/redirect         302 to /echo
/redirect/PORT    302 to /size/1 of the server on another port
/status/N         status N
/size/N           N bytes
/connections      how many connections were accepted so far
/requests         how many requests came before this one
http://...        the word "proxied": the client took this server for a proxy
"""
import os
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
from certificates import Certificates


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    accepted = 0
    requests = 0
    context = None

    def get_request(self):
        connection, address = super().get_request()
        self.accepted += 1
        if self.context:
            # The thread of the connection performs the handshake, on first use.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        pass  # Some tests expect the client to reject the certificate.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = self.path.split("/")
        status, headers, content = 200, {}, b""
        if self.path.startswith("http://"):
            content = b"proxied"
        elif self.path == "/echo":
            content = (self.requestline + "\n" + "".join(f"{n}: {v}\n" for n, v in self.headers.items()) + "\n").encode(
                "latin-1"
            ) + body
        elif self.path == "/redirect":
            status, headers = 302, {"Location": "/echo"}
        elif parts[1] == "redirect":
            status, headers = 302, {"Location": f"http://127.0.0.1:{parts[2]}/size/1"}
        elif parts[1] == "status":
            status = int(parts[2])
        elif parts[1] == "size":
            content = b"x" * int(parts[2])
        elif self.path == "/connections":
            content = str(self.server.accepted).encode()
        elif self.path == "/requests":
            content = str(self.server.requests).encode()
        else:
            status = 404
        self.server.requests += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Mixed-Case", "  kept as it is\t")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer


def main():
    with tempfile.TemporaryDirectory() as directory:
        server = Server(("127.0.0.1", 0), Handler)
        words = [str(server.server_port)]
        if "--tls" in sys.argv:
            certificates = Certificates(directory)
            server.context = certificates.context(sys.argv[sys.argv.index("--tls") + 1])
            words += [certificates.path("authority.pem"), certificates.path("stranger.pem")]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(*words, flush=True)
        sys.stdin.read()


main()
