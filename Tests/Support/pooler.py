"""A PgBouncer with the configuration of docs/pgbouncer.ini in front of one database; ends with standard input.

Usage: pooler.py DATABASE FOLDER-OF-THE-SERVER'S-SOCKET PORT ROLE SERVERS

Only the database, the addresses, the authentication and the number of connections to the server differ. All clients use the database role ROLE. Prints the port on 127.0.0.1 when it listens.
"""

import configparser
import os
import pathlib
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
    documented = pathlib.Path(__file__).resolve().parents[2] / "docs" / "pgbouncer.ini"
    configuration = configparser.ConfigParser(interpolation=None, delimiters=["="])
    configuration.read_string(documented.read_text(encoding="utf-8"))
    configuration["databases"] = {database: f"host={folder} port={port} dbname={database} user={role}"}
    own = configuration["pgbouncer"]
    own.update(listen_port=str(listening), auth_type="any", default_pool_size=servers)
    del own["auth_file"]
    if os.geteuid() == 0:
        # PgBouncer refuses to run as root, so it switches to another user.
        own["user"] = "nobody"
    with open(settings, "w", encoding="utf-8") as file:
        configuration.write(file)
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
