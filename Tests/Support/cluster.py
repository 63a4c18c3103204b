"""A Postgres cluster for one test, which can be stopped and started until standard input ends.

Prints the port of the control server, the folder of the socket and its port. The control server answers `GET /stop`
(a crash), `GET /shutdown` (an orderly shutdown) and `GET /start` after it is done.
"""

import glob
import http.server
import os
import pwd
import subprocess
import sys
import tempfile
import threading

PORT = "5432"
programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
if not programs:
    sys.exit("postgresql is not installed")
owner = "nobody" if os.geteuid() == 0 else None


def run(program, *arguments):
    subprocess.run(
        [os.path.join(programs[-1], program), *arguments],
        user=owner,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


with tempfile.TemporaryDirectory(prefix="nofx-cluster-") as place:
    if owner:
        os.chown(place, pwd.getpwnam(owner).pw_uid, -1)
    data = os.path.join(place, "data")
    options = f"-c listen_addresses= -c unix_socket_directories={place} -p {PORT} -c fsync=off -c max_connections=200"
    steps = {
        "/start": lambda: run("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", os.path.join(place, "log")),
        "/stop": lambda: run("pg_ctl", "stop", "-w", "-D", data, "-m", "immediate"),
        "/shutdown": lambda: run("pg_ctl", "stop", "-w", "-D", data, "-m", "fast"),
    }

    class Control(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            steps[self.path]()
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    steps["/start"]()
    control = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    try:
        print(control.server_port, place, PORT, flush=True)
        sys.stdin.read()
    finally:
        try:
            steps["/stop"]()
        except subprocess.CalledProcessError:
            pass  # A test may have stopped the server already.
