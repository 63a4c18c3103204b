"""An imitation of the part of Apache OpenWhisk that a web action and its process meet.

Usage: action_proxy.py PORT MODE PROGRAM ARGUMENT ...

MODE is raw (annotation `raw-http`) or parameters. The process is started as the proxy of an ActionLoop runtime does it
(apache/openwhisk-runtime-go, executor.go): descriptor 3 for answers, no variables but its own and `__OW_*`, and a wait for
`{"ok":true}` if `__OW_WAIT_FOR_ACK` is set. Requests become activations, and results become responses, as in the
controller (apache/openwhisk, WebActions.scala). The environment of this process is the action's too.

    POST /-/invoke  a direct invocation: the body has the parameters
    POST /-/line    the body is a line for the process, as it is
    GET  /-/status  {"starts": …, "pid": …}
"""

import base64
import json
import os
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, mode, *command = sys.argv[1:]
LONGEST = 60


class Action:
    """The process, which serves one activation at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.starts = 0
        self.pid = None
        self.lines = None

    def start(self):
        reading, answers = os.pipe()
        lines, writing = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY)
        streams = [(os.POSIX_SPAWN_DUP2, lines, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, answers, 3)]
        environment = dict(os.environ, __OW_PROXY_VERSION="1.0", __OW_ACTION_NAME="/guest/nofx")
        self.pid = os.posix_spawn(command[0], command, environment, file_actions=streams)
        for descriptor in (answers, lines, null):
            os.close(descriptor)
        if self.lines:
            self.lines.close()
        self.lines, self.answers = os.fdopen(writing, "wb"), os.fdopen(reading, "rb")
        self.starts += 1
        if os.environ.get("__OW_WAIT_FOR_ACK") and json.loads(self.answers.readline() or b"{}") != {"ok": True}:
            raise ChildProcessError

    def has_ended(self):
        return self.pid is None or os.waitpid(self.pid, os.WNOHANG)[0] != 0

    def line(self, line):
        """The answer to a line; empty if the process ends instead."""
        with self.lock:
            if self.has_ended():
                self.start()
            try:
                self.lines.write(line.replace(b"\n", b"") + b"\n")
                self.lines.flush()
            except OSError:
                return b""
            return self.answers.readline()

    def activate(self, value, deadline=None):
        activation = {
            "value": value,
            "namespace": "guest",
            "action_name": "/guest/nofx",
            "api_host": "http://127.0.0.1",
            "api_key": "key:secret",
            "activation_id": os.urandom(16).hex(),
            "transaction_id": "1",
            "deadline": deadline or str(int((time.time() + LONGEST) * 1000)),
        }
        return self.line(json.dumps(activation, ensure_ascii=False).encode("utf-8", "surrogatepass"))


action = Action()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionError
        return body

    def respond(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def value(self, body):
        """The parameters of an activation by a request. Repeated header fields leave the last one."""
        path, _, query = self.path.partition("?")
        value = {
            "__ow_method": self.command.lower(),
            "__ow_headers": {name.lower(): text for name, text in self.headers.items()},
            "__ow_path": urllib.parse.unquote(path),
        }
        media_type = self.headers.get_content_type() if "Content-Type" in self.headers else ""
        is_json = media_type == "application/json" or media_type.endswith("+json")
        if mode == "raw":
            value["__ow_query"] = query
        else:
            value.update(urllib.parse.parse_qsl(query))
            if is_json:
                if body:
                    decoded = json.loads(body)
                    value.update(decoded if isinstance(decoded, dict) else {"__ow_body": decoded})
                return value
        if not body:
            value["__ow_body"] = ""
        elif media_type.startswith("text/") or media_type == "application/x-www-form-urlencoded":
            value["__ow_body"] = body.decode("utf-8", "replace")
        else:
            value["__ow_body"] = base64.b64encode(body).decode()
        return value

    def web(self, body):
        """The response to a web action's result."""
        line = action.activate(self.value(body), self.headers.get("X-Test-Deadline"))
        if not line.strip():
            return self.respond(400, b'{"error":"command exited"}')
        result = json.loads(line)
        if not isinstance(result, (dict, list)):
            return self.respond(502, b'{"error":"The action did not return a dictionary or array."}')
        result = result.get("error", result)
        if not isinstance(result, dict) or not isinstance(result.get("headers", {}), dict):
            return self.respond(400, b'{"error":"Response is not valid message/http."}')
        headers = list(result.get("headers", {}).items())
        content = result.get("body", "")
        if not isinstance(content, str):
            content = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        status = int(result.get("statusCode", 200 if content else 204))
        if not content:
            headers = [(name, text) for name, text in headers if name.lower() != "content-type"]
        return self.respond(status, content.encode(), headers)

    def do_POST(self):
        try:
            body = self.body()
            if self.path == "/-/status":
                status = {"starts": action.starts, "pid": action.pid}
                self.respond(200, json.dumps(status).encode())
            elif self.path == "/-/line":
                self.respond(200, action.line(body))
            elif self.path == "/-/invoke":
                self.respond(200, action.activate(json.loads(body)))
            else:
                self.web(body)
        except ValueError:
            self.respond(400, b'{"error":"The request content was malformed."}')
        except OSError:
            self.close_connection = True

    do_GET = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_POST


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # The client left.


Server(("127.0.0.1", int(port)), Handler).serve_forever()
