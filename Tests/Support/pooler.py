"""A PgBouncer in transaction mode in front of one database; ends with standard input.

Usage: pooler.py DATABASE FOLDER-OF-THE-SERVER'S-SOCKET PORT ROLE SERVERS

All clients use the database role ROLE. Prints the port on 127.0.0.1 when it listens.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile

database, folder, port, role, servers = sys.argv[1:]

program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
if program is None:
    sys.exit("pgbouncer is not installed")

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    listening = probe.getsockname()[1]

with tempfile.TemporaryDirectory() as place:
    os.chmod(place, 0o755)
    settings = os.path.join(place, "pgbouncer.ini")
    with open(settings, "w", encoding="utf-8") as file:
        file.write(
            f"[databases]\n{database} = host={folder} port={port} dbname={database} user={role}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listening}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = transaction\nmax_client_conn = 1200\ndefault_pool_size = {servers}\nserver_login_retry = 1\n"
        )
        if os.geteuid() == 0:
            # PgBouncer refuses to run as root, so it switches to another user.
            file.write("user = nobody\n")
    with subprocess.Popen([program, settings], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as pooler:
        for line in pooler.stderr:
            if "process up" in line:
                print(listening, flush=True)
                break
        else:
            sys.exit("pgbouncer did not start")
        # Drains the pipe, because a full pipe would block PgBouncer.
        log = subprocess.Popen(["cat"], stdin=pooler.stderr, stdout=subprocess.DEVNULL)
        sys.stdin.read()
        pooler.kill()
        log.kill()
