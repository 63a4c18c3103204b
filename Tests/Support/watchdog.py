"""An imitation of OpenFaaS's watchdogs, which start a process for each HTTP request.

Usage: watchdog.py PORT MODE PROGRAM ARGUMENT ...

MODE is classic (openfaas/classic-watchdog), streaming or serializing (openfaas/of-watchdog). What a function can notice
is as in their sources: the variables `Http_*` in the environment of the watchdog, when the body and its end arrive, which
of the output reaches the client and with which status, and what a timeout (`exec_timeout`) does. The environment of this
process is the function's too. The watchdogs themselves are programs in Go that no package of Debian or PyPI has.
"""

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, mode, *command = sys.argv[1:]


def canonical(name):
    """The spelling that Go gives to the name of a header field."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def seconds(text):
    """A duration of Go in seconds."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    if text.isdigit():
        return float(text)
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)([a-z]+)", text))


timeout = seconds(os.environ.get("exec_timeout", "0"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def environment(self):
        """The function's variables. Go keeps the last of several with one name."""
        variables = dict(os.environ)
        seen = set()
        for name, value in self.headers.items():
            name = canonical(name)
            if name not in seen and name not in ("Host", "Transfer-Encoding"):
                variables["Http_" + name.replace("-", "_")] = value
            seen.add(name)
        path, _, query = self.path.partition("?")
        variables["Http_Method"] = self.command
        if mode == "classic":
            length = "-1" if self.is_chunked() else self.headers.get("Content-Length", "0")
            variables["Http_ContentLength"] = variables["Http_Content_Length"] = length
            variables["Http_Host"] = self.headers.get("Host", "")
        if self.is_chunked():
            variables["Http_Transfer_Encoding"] = "chunked"
        if query:
            variables["Http_Query"] = query
        if path:
            variables["Http_Path"] = path
        return variables

    def is_chunked(self):
        return self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    def body(self):
        """The parts of the body, as they come."""
        if self.is_chunked():
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            part = self.rfile.read1(min(left, 65536))
            if not part:
                self.close_connection = True
                return
            left -= len(part)
            yield part

    def respond(self, status, body, content_type=None):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def start(self):
        return subprocess.Popen(
            command, env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None
        )

    def run(self, body):
        """Runs the function on a complete body."""
        process = self.start()
        try:
            output, _ = process.communicate(body, timeout=timeout or None)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        return process.returncode, output

    def answer(self):
        content_type = os.environ.get("content_type")
        if mode == "streaming":
            return self.stream(content_type or "application/octet-stream")
        # A body without a length, as a chunked one, is none for the serializing mode.
        status, output = self.run(b"" if mode == "serializing" and self.is_chunked() else b"".join(self.body()))
        failure = f"exit status {status}" if status > 0 else "signal: killed"
        if mode == "classic":
            if status < 0:
                return self.respond(408, b"Killed process.\n")
            if status:
                return self.respond(500, failure.encode() + b"\n" + output)
            return self.respond(200, output, content_type or self.headers.get("Content-Type"))
        if status:
            return self.respond(500, failure.encode(), content_type or "application/octet-stream")
        return self.respond(200, output, content_type or "application/octet-stream")

    def stream(self, content_type):
        process = self.start()
        timer = threading.Timer(timeout, process.kill) if timeout else None
        if timer:
            timer.start()

        def feed():
            try:
                for part in self.body():
                    process.stdin.write(part)
                process.stdin.close()
            except OSError:
                pass  # The function does not read any more.

        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        # The status is 200 whatever the function does; the length is not known.
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while part := process.stdout.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")
        process.wait()
        feeder.join()
        if timer:
            timer.cancel()

    def do_POST(self):
        try:
            self.answer()
        except OSError:
            self.close_connection = True

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def do_HEAD(self):
        if mode == "classic":
            self.respond(405, b"")
        else:
            self.do_POST()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # The client left.


Server(("127.0.0.1", int(port)), Handler).serve_forever()
