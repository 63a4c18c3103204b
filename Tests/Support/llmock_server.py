#!/usr/bin/env python3
"""llmock, a third party's imitation of AI providers, on a free port; needs what imitation.lock.txt names.

Takes settings of its own as NAME=VALUE, such as LLMOCK_RPM=2. Prints its port. Ends when standard input does.
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
    # Whatever it is busy with: the test that wanted an answer is over.
    os._exit(0)


listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
threading.Thread(target=leave, daemon=True).start()
Server(uvicorn.Config(create_app(), log_level="error", lifespan="off")).run(sockets=[listener])
