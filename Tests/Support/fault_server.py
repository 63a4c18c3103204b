#!/usr/bin/env python3
"""A server that does to its client what networks and broken servers do; the path says what.

Prints its port and the port of a second socket that takes no more connections and refuses none.
Ends when standard input does.
"""
import itertools
import socket
import struct
import sys
import threading
import time

OK = b"HTTP/1.1 200 OK\r\n"


def read_request(stream):
    """The path of the next request, or None at the end of the connection."""
    if stream.peek(1)[:1] == b"\x16":
        return "/fine"  # A client that wants encryption gets what a server without any would say.
    line = stream.readline()
    if not line:
        return None
    length = 0
    for header in iter(stream.readline, b"\r\n"):
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    stream.read(length)
    return line.split()[1].decode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def pieces(connection):
    """Every byte of a chunked answer in a packet of its own."""
    text = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunk(b"piece %d;" % i) for i in range(5)) + chunk(b"")
    for index in range(len(text)):
        connection.sendall(text[index : index + 1])


def drip(connection):
    connection.sendall(OK + b"Content-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def silent(connection):
    connection.recv(1)


def cut(connection):
    connection.sendall(OK + b"Content-Length: 100\r\n\r\nonly this")
    return False


def cut_chunk(connection):
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"whole") + b"20\r\nhalf")
    return False


def cut_header(connection):
    connection.sendall(OK + b"Content-Le")
    return False


def empty(connection):
    return False


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def endless(connection):
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(chunk(b"x" * 4096))


def headers(connection):
    connection.sendall(OK)
    for number in itertools.count():
        connection.sendall(b"X-%d: %s\r\n" % (number, b"y" * 1000))


def garbage(connection):
    connection.sendall(b"this is not HTTP at all\r\n\r\n")
    return False


def interim(connection):
    connection.sendall(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Hint: early\r\n\r\n"
        + OK + b"X-Final: yes\r\nContent-Length: 4\r\n\r\ndone"
    )  # fmt: skip


def trailer(connection):
    connection.sendall(
        OK + b"Transfer-Encoding: chunked\r\nX-Role: user\r\n\r\n" + chunk(b"body") + b"0\r\nX-Role: admin\r\n\r\n"
    )


def folded(connection):
    connection.sendall(OK + b"X-Folded: one\r\n\ttwo\r\nX-Bytes: \xff\r\nContent-Length: 0\r\n\r\n")


def fine(connection):
    connection.sendall(OK + b"Content-Length: 4\r\n\r\nfine")


def fine_then_close(connection):
    fine(connection)
    return False


FAULTS = {name: f for name, f in globals().items() if callable(f) and getattr(f, "__code__", None)}


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = connection.makefile("rb")
    try:
        for number in itertools.count(1):
            path = read_request(stream)
            if path is None or path == "/second_dies" and number > 1:
                break
            if FAULTS.get(path[1:], fine)(connection) is False:
                break
    except OSError:
        pass
    finally:
        # The stream shares the socket, which closes with the last of the two.
        stream.close()
        connection.close()


def deaf_socket():
    """A socket whose queue is full, so that the kernel lets further connections hang."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        waiting.append(client)
    return listener, waiting


def accept(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0), backlog=64)
deaf, waiting = deaf_socket()
threading.Thread(target=accept, args=(listener,), daemon=True).start()
print(listener.getsockname()[1], deaf.getsockname()[1], flush=True)
sys.stdin.read()
