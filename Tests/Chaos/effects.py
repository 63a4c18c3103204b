"""The target of steps' side effects: a server that executes a request once per idempotency key."""

import http.server
import random
import threading
import time


class Effects:
    def __init__(self, seed, patience):
        self.random = random.Random(seed)
        self.patience = patience
        self.lock = threading.Lock()
        self.keys = {}  # by path: the number of requests per key
        effects = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                status = effects.take(self.path, self.headers.get("idempotency-key"))
                if status is None:
                    # The request was executed, but the client gets no response.
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # The client was killed.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, key):
        with self.lock:
            kind = self.random.random()
            if kind < 0.05:
                return 503
            keys = self.keys.setdefault(path, {})
            keys[key] = keys.get(key, 0) + 1
        if kind < 0.07:
            time.sleep(self.patience * 1.2)
        elif kind < 0.12:
            return None
        else:
            time.sleep((kind - 0.12) * 0.1)
        return 200

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
