#!/usr/bin/env python3
"""Runs the aws CLI without its start-up time: the start takes most of the time of a call to a server on the same machine.

    aws_server.py serve SOCKET   imports the aws CLI once, prints `ready` and forks for each call; ends with standard input
    aws_server.py call SOCKET ARGUMENT...   runs `aws ARGUMENT...` in a fork of the server, with the caller's environment,
                                            working directory and standard streams, and exits with its status
"""
import array
import json
import os
import signal
import socket
import sys
import traceback

SERVICES = (
    "apigatewayv2 cloudformation events iam kms lambda logs resourcegroupstaggingapi scheduler secretsmanager sqs ssm sts"
).split()


def call(path, arguments):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    order = json.dumps({"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}).encode()
    streams = array.array("i", [0, 1, 2])
    connection.sendmsg([len(order).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    connection.sendall(order)
    status = connection.recv(1)
    os._exit(status[0] if status else 1)


def run(connection):
    size, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(12))
    streams = array.array("i")
    streams.frombytes(ancillary[0][2])
    wanted, order = int.from_bytes(size, "big"), b""
    while len(order) < wanted:
        order += connection.recv(wanted - len(order))
    order = json.loads(order)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    # The CLI finds its own data by this variable, which it sets when it is imported.
    data = os.environ["AWS_DATA_PATH"]
    os.environ.clear()
    os.environ.update(order["environment"], AWS_DATA_PATH=data)
    os.chdir(order["folder"])
    sys.argv = ["aws"] + order["arguments"]
    try:
        import awscli.clidriver

        status = awscli.clidriver.main()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status & 255]))


def serve(path):
    import awscli.clidriver

    # Every process that is forked has the descriptions of the services already.
    driver = awscli.clidriver.create_clidriver()
    loader = driver.session.get_component("data_loader")
    driver.session.get_available_services()
    for service in SERVICES:
        loader.load_service_model(service, "service-2")
    # Recent versions of the CLI contain a botocore of their own.
    sys.modules[type(loader).__module__].create_loader = lambda *arguments: loader

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    if os.fork() == 0:
        # Standard input ends with the process that started the server.
        server = os.getppid()
        sys.stdin.buffer.read()
        os.kill(server, 9)
        os._exit(0)
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                run(connection)
            except BaseException:
                traceback.print_exc()
            os._exit(0)
        connection.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["call"] and len(sys.argv) > 2:
        call(sys.argv[2], sys.argv[3:])
    elif sys.argv[1:2] == ["serve"] and len(sys.argv) == 3:
        serve(sys.argv[2])
    else:
        sys.exit(__doc__)
