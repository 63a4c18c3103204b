#!/usr/bin/env python3
"""A server that simulates faults of networks and servers; the path selects the fault.

Prints three ports: its own, one whose connections hang (a full backlog), and one that accepts connections and never
answers. `/count/PATH` returns the number of requests for a path. Ends with standard input.
"""
import collections
import fcntl
import itertools
import socket
import struct
import sys
import termios
import threading
import time
import zlib

OK = b"HTTP/1.1 200 OK\r\n"

# The first bytes of a compressed body.
GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"

counts = collections.Counter()
told = threading.Event()


def read_request(stream):
    """The path of the next request, or None at the end of the connection."""
    if stream.peek(1)[:1] == b"\x16":
        return "/fine"  # A client that starts TLS gets the answer of a server without TLS.
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
    """Sends each byte of a chunked answer in its own packet."""
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


def reset_body(connection):
    connection.sendall(OK + b"Content-Length: 100\r\n\r\nonly this")
    # The peer's kernel delivers received data before it reports the reset.
    while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4)) != (0,):
        time.sleep(0.001)
    return reset(connection)


def stall(connection):
    connection.sendall(OK + b"Content-Length: 100\r\n\r\nonly this")
    connection.recv(1)


def stall_header(connection):
    connection.sendall(OK + b"X-Half: no")
    connection.recv(1)


def half(connection):
    """Sends half an answer, and the other half after a request for `/tell`."""
    connection.sendall(OK + b"Content-Length: 8\r\n\r\nhalf")
    told.wait()
    connection.sendall(b"rest")


def tell(connection):
    told.set()
    fine(connection)


def nothing(connection):
    connection.sendall(OK + b"Content-Length: 0\r\n\r\n")


def until_close(connection):
    connection.sendall(OK + b"\r\nwhat comes before the end")
    return False


def cut_gzip(connection):
    connection.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n" + GZIP_HEADER)


def compressed(connection, coding, data):
    connection.sendall(OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(data)) + data)


def deflated(data, bits):
    compressor = zlib.compressobj(9, zlib.DEFLATED, bits)
    return compressor.compress(data) + compressor.flush()


def gzip(connection):
    compressed(connection, b"gzip", deflated(b"fine", 31))


def gzip_pieces(connection):
    """Sends each byte of a compressed answer in its own packet."""
    connection.sendall(OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    data = deflated(b"piece;" * 1000, 31)
    for index in range(len(data)):
        connection.sendall(chunk(data[index : index + 1]))
    connection.sendall(chunk(b""))


def deflate(connection):
    compressed(connection, b"deflate", deflated(b"fine", 15))


def raw_deflate(connection):
    compressed(connection, b"deflate", deflated(b"fine", -15))


def empty_gzip(connection):
    compressed(connection, b"gzip", b"")


def wrong_gzip(connection):
    compressed(connection, b"gzip", b"this is not compressed at all")


def brotli(connection):
    compressed(connection, b"br", b"\x0b\x01\x80fine\x03")


def bomb(connection):
    """A gigabyte of zeros in a megabyte: a compressed block that can follow itself."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    compressed(connection, b"gzip", GZIP_HEADER + block * (1 << 10))


def eight_megabytes(connection):
    connection.sendall(OK + b"Content-Length: 8388608\r\n\r\n" + b"x" * 8388608)


def unavailable(connection):
    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy")


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
            counts[path] += 1
            if path.startswith("/count/"):
                count = str(counts[path.removeprefix("/count")]).encode()
                connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(count) + count)
                continue
            if FAULTS.get(path[1:], fine)(connection) is False:
                break
    except OSError:
        pass
    finally:
        # The stream shares the socket, which closes when both are closed.
        stream.close()
        connection.close()


def deaf_socket():
    """A listening socket with a full backlog, so that the kernel lets further connections hang."""
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
mute = socket.create_server(("127.0.0.1", 0), backlog=64)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
print(listener.getsockname()[1], deaf.getsockname()[1], mute.getsockname()[1], flush=True)
sys.stdin.read()
