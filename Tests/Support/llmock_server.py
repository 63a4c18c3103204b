#!/usr/bin/env python3
"""llmock, a third-party simulator of AI providers, on a free port; needs the packages of imitation.lock.txt.

Takes llmock's settings as NAME=VALUE, such as LLMOCK_RPM=2. Prints its port. Ends with standard input.
"""
import os
import socket
import sys
import threading

for setting in sys.argv[1:]:
    name, _, value = setting.partition("=")
    os.environ[name] = value

import uvicorn
from llmock.main import create_app


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(sockets[0].getsockname()[1], flush=True)


def leave():
    sys.stdin.read()
    # The test has ended, so the process ends without finishing open requests.
    os._exit(0)


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
threading.Thread(target=leave, daemon=True).start()
Server(uvicorn.Config(create_app(), log_level="error", lifespan="off")).run(sockets=[listener])
