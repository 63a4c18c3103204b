#!/usr/bin/env python3
"""AI providers with faults that no HTTP framework can produce, in each wire format (see provider_formats.py).

The model of a request selects the fault, `fault:NAME`, or the start of its path does, `/fault/NAME/v1/messages`. The
names are below. `NAME:WORD` passes an argument to the fault. `NAME*2` applies the fault to the first two requests of
each path; the third request gets a good answer. Any other request gets a good answer.

Prints its port, the port of a second server that only records its requests, and the control port. With `--tls KIND`
(see certificates.py) it also prints the certificate files of its authority and of an unrelated authority. Ends with
standard input. Control requests:
  GET  /requests     all requests to the first port: fault, at (seconds), method, path, headers, body
  GET  /elsewhere    the requests to the second server
  POST /answer/NAME  {"status", "headers": [[name, value]], "body"}: defines fault NAME from then on
"""
import collections
import email.utils
import fcntl
import gzip
import json
import socket
import struct
import sys
import tempfile
import termios
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
from certificates import Certificates
from provider_formats import PIECES, Embeddings, encode, event, format_of

EIGHT_MEGABYTES = 8 << 20
REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 429: "Too Many Requests", 529: "Overloaded"}

journal, elsewhere, answers = [], [], {}
counts = collections.Counter()
lock = threading.Lock()


class Request:
    """A received request and its connection."""

    def __init__(self, connection, method, path, headers, body):
        self.connection, self.method, self.path, self.headers, self.body = connection, method, path, headers, body
        self.number = 0
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        content = content if isinstance(content, dict) else {}
        self.question = content
        self.model = content.get("model") or ""
        self.wants_stream = content.get("stream") is True
        # OpenAI reports the usage of a streamed chat only on request.
        self.wants_usage = (content.get("stream_options") or {}).get("include_usage") is True
        self.fault, self.word = self.find_fault()
        self.format = format_of(path.split("?")[0])

    def find_fault(self):
        parts = self.path.split("/")
        name = self.model.removeprefix("fault:") if self.model.startswith("fault:") else ""
        if parts[1] == "fault" and len(parts) > 2:
            name = parts[2]
        with lock:
            counts[self.path, name] += 1
            number = counts[self.path, name]
        name, _, times = name.partition("*")
        if times and number > int(times):
            return "", ""
        fault, _, word = name.partition(":")
        return fault, word

    def told(self):
        """The request as the journal and the echo show it."""
        return {
            "fault": self.fault + (f":{self.word}" if self.word else ""), "at": time.monotonic(),
            "method": self.method, "path": self.path, "headers": self.headers,
            "body": self.body.decode("utf-8", "replace"),
        }  # fmt: skip

    # Writing

    def send(self, data):
        self.connection.sendall(data)

    def head(self, status=200, headers=(), length=None, kind="application/json"):
        """Writes a response head; without a length, the body is chunked."""
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", f"Date: {email.utils.formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if kind:
            lines.append(f"Content-Type: {kind}")
        lines.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def answer(self, body, status=200, headers=(), kind="application/json"):
        body = body if isinstance(body, bytes) else encode(body)
        self.head(status, [*self.format.headers(self.number), *headers], len(body), kind)
        self.send(body)
        return True

    def refuse(self, status, headers=(), **error):
        return self.answer(self.format.error(status, **error), status, headers)

    def chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def stream(self, pieces, ends=True):
        """Writes an event stream, one chunk per piece."""
        self.head(200, self.format.headers(self.number), kind="text/event-stream; charset=utf-8")
        for piece in pieces:
            self.chunk(piece)
        if ends:
            self.send(b"0\r\n\r\n")
        return ends

    def events(self, words=PIECES):
        """The pieces of a good stream, one per event."""
        return [event(name, data) for name, data in self.format.events(self.model, words, self.wants_usage)]

    def begun(self, words=2):
        """The pieces of a good stream, up to a number of words."""
        beginning = []
        for piece in self.events():
            beginning.append(piece)
            words -= any(json.dumps(word, ensure_ascii=False).encode() in piece for word in PIECES)
            if words == 0:
                return beginning

    def whole(self):
        if self.format is Embeddings:
            return encode(Embeddings.answer(self.model, self.question))
        return encode(self.format.answer(self.model))

    def half(self):
        """Half a good answer, streamed if the request asks for it."""
        if self.wants_stream:
            self.stream(self.begun(), ends=False)
        else:
            body = self.whole()
            self.head(200, self.format.headers(self.number), len(body))
            self.send(body[: len(body) // 2])

    def reset(self):
        """Ends the connection with a reset (RST) instead of a FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def wait_for_end(self):
        """Sends nothing more until the client leaves."""
        while self.connection.recv(4096):
            pass
        return False


FAULTS = {}


def fault(name):
    def keep(function):
        FAULTS[name] = function
        return function

    return keep


def healthy(request):
    return request.stream(request.events()) if request.wants_stream else request.answer(request.whole())


# MARK: Connections


@fault("close-early")
def close_early(request):
    return False


@fault("rst-early")
def rst_early(request):
    return request.reset()


@fault("rst-mid")
def rst_mid(request):
    request.half()
    # The peer's kernel delivers received data before it reports the reset.
    while struct.unpack("i", fcntl.ioctl(request.connection, termios.TIOCOUTQ, b"\0" * 4)) != (0,):
        time.sleep(0.001)
    return request.reset()


@fault("short-body")
def short_body(request):
    body = request.whole()
    request.head(200, length=len(body) + 10)
    request.send(body)
    return False


@fault("chunked-cut")
def chunked_cut(request):
    if request.wants_stream:
        return request.stream(request.begun(), ends=False)
    body = request.whole()
    request.head(200)
    request.chunk(body[:20])
    request.send(b"%x\r\n%s" % (len(body), body[20:40]))
    return False


@fault("partial-headers")
def partial_headers(request):
    request.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le")
    return False


@fault("silent")
def silent(request):
    return request.wait_for_end()


@fault("stall-mid")
def stall_mid(request):
    request.half()
    return request.wait_for_end()


@fault("drip")
def drip(request):
    """Endless white space, which is valid before JSON and meaningless in a stream."""
    request.head(200, kind="text/event-stream" if request.wants_stream else "application/json")
    while True:
        request.chunk(b"\n" if request.wants_stream else b" ")
        time.sleep(0.02)


@fault("slow")
def slow(request):
    """A good answer after a delay in milliseconds."""
    time.sleep(int(request.word) / 1000)
    return healthy(request)


@fault("slow-stream")
def slow_stream(request):
    """A good stream with a pause in milliseconds before each event."""
    def pieces():
        for piece in request.events():
            time.sleep(int(request.word) / 1000)
            yield piece

    return request.stream(pieces()) if request.wants_stream else healthy(request)


@fault("no-stream-options")
def no_stream_options(request):
    """A server in Mistral's manner, which refuses to be asked for the usage and tells it all the same."""
    if "stream_options" not in request.question:
        request.wants_usage = True
        return healthy(request)
    place = ["body", "stream_options", "include_usage"]
    detail = [{"type": "extra_forbidden", "loc": place, "msg": "Extra inputs are not permitted", "input": True}]
    error = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "code": None}
    return request.answer(error, 422)


@fault("pings")
def pings(request):
    """A good stream after as many comments as the argument says, which keep the connection alive."""
    def pieces():
        for _ in range(int(request.word)):
            yield b": ping\n\n"
            time.sleep(0.1)
        yield from request.events()

    return request.stream(pieces())


@fault("stall-head")
def stall_head(request):
    """A head, and nothing after it."""
    request.head(200, kind="text/event-stream" if request.wants_stream else "application/json")
    return request.wait_for_end()


@fault("redirect")
def redirect(request):
    target = f"http://127.0.0.1:{other.getsockname()[1]}{request.path}"
    return request.answer(b"", int(request.word or 307), [("Location", target)])


# MARK: Bodies


@fault("bad-gzip")
def bad_gzip(request):
    body = gzip.compress(request.whole())
    return request.answer(body[: len(body) // 2], headers=[("Content-Encoding", "gzip")])


@fault("compressed")
def compressed(request):
    """A good answer in the argument's content coding; `raw` is deflate without its header."""
    kind = {"gzip": 31, "deflate": 15, "raw": -15, "br": 31}[request.word]
    compressor = zlib.compressobj(9, zlib.DEFLATED, kind)
    headers = [("Content-Encoding", "deflate" if request.word == "raw" else request.word)]
    if not request.wants_stream:
        return request.answer(compressor.compress(request.whole()) + compressor.flush(), headers=headers)
    request.head(200, [*request.format.headers(request.number), *headers], kind="text/event-stream")
    for piece in request.events():
        request.chunk(compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH))
    request.chunk(compressor.flush())
    request.send(b"0\r\n\r\n")
    return True


@fault("bomb")
def bomb(request):
    """A gigabyte of white space in a megabyte: a compressed block that can follow itself."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(b" " * (1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
    return request.answer(head + block * (1 << 10), headers=[("Content-Encoding", "gzip")])


@fault("one-embedding")
def one_embedding(request):
    """An embedding of the first text only."""
    answer = Embeddings.answer(request.model, request.question)
    return request.answer(answer | {"data": answer["data"][-1:]})


@fault("thinking")
def thinking(request):
    """A good answer with the model's reasoning before it."""
    if request.wants_stream:
        return request.stream([event(*one) for one in request.format.thinking_events(request.model)])
    return request.answer(request.format.thinking_answer(request.model))


@fault("empty-200")
def empty_200(request):
    return request.answer(b"")


@fault("bad-json")
def bad_json(request):
    body = request.whole()
    return request.answer(body[: len(body) // 2])


@fault("html-200")
def html_200(request):
    return request.answer(b"<!DOCTYPE html><html><body>Bad gateway</body></html>", kind="text/html")


@fault("array-200")
def array_200(request):
    return request.answer([])


@fault("object-200")
def object_200(request):
    return request.answer({})


@fault("bad-utf8")
def bad_utf8(request):
    return request.answer(request.whole().replace("ö".encode(), b"\xf6"))


@fault("big-length")
def big_length(request):
    return request.answer(request.format.answer(request.model, "x" * EIGHT_MEGABYTES))


@fault("big-chunked")
def big_chunked(request):
    body = encode(request.format.answer(request.model, "x" * EIGHT_MEGABYTES))
    request.head(200, request.format.headers(request.number))
    for start in range(0, len(body), 1 << 16):
        request.chunk(body[start : start + (1 << 16)])
    request.send(b"0\r\n\r\n")
    return True


@fault("echo")
def echo(request):
    """A good answer whose text is the request as JSON."""
    text = encode(request.told()).decode()
    if request.wants_stream:
        return request.stream(request.events([text]))
    return request.answer(request.format.answer(request.model, text))


@fault("error-in-200")
def error_in_200(request):
    """An error in OpenRouter's form; the argument is the code."""
    error = {"message": "Provider returned error", "code": int(request.word or 502), "metadata": {"provider_name": "x"}}
    if request.wants_stream:
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        chunk = {"id": "gen-1", "object": "chat.completion.chunk", "created": 1, "model": request.model}
        return request.stream([*request.begun(), event(None, chunk | {"error": error, "choices": [choice]})])
    return request.answer({"error": error, "user_id": "user_1"})


# MARK: Statuses


@fault("status")
def status(request):
    """The argument is the status."""
    return request.refuse(int(request.word))


@fault("retry-after")
def retry_after(request):
    """429 with the argument as Retry-After."""
    return request.refuse(429, [("Retry-After", request.word)])


@fault("retry-after-ms")
def retry_after_ms(request):
    """429 with retry-after-ms from the argument, and a Retry-After of a minute for clients that ignore that header."""
    return request.refuse(429, [("retry-after-ms", request.word), ("Retry-After", "60")])


@fault("retry-after-date")
def retry_after_date(request):
    """429 with a Retry-After date as many seconds after the answer's date as the argument says."""
    return request.refuse(429, [("Retry-After", email.utils.formatdate(time.time() + int(request.word), usegmt=True))])


@fault("no-retry")
def no_retry(request):
    """A status that clients usually retry, with a header that forbids a retry."""
    return request.refuse(int(request.word or 500), [("x-should-retry", "false")])


@fault("do-retry")
def do_retry(request):
    """A status that clients usually do not retry, with a header that asks for a retry."""
    return request.refuse(int(request.word or 400), [("x-should-retry", "true")])


@fault("spend-limit")
def spend_limit(request):
    """429 for an exhausted budget; the argument replaces the usual code."""
    error = dict(request.format.spend_limit)
    if request.word:
        error["code"] = request.word
    return request.refuse(429, **error)


@fault("flat")
def flat(request):
    """An error in vLLM's form; the argument is the status."""
    status = int(request.word or 400)
    error = {"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": status}
    return request.answer(error, status)


@fault("string")
def string(request):
    """An error in Ollama's form; the argument is the status."""
    return request.answer({"error": f"model '{request.model}' not found"}, int(request.word or 404))


@fault("litellm")
def litellm(request):
    """An error in LiteLLM's form; the argument is the status."""
    code = request.word or "429"
    error = {"message": "litellm.RateLimitError: no", "type": "throttling_error", "param": None, "code": code}
    return request.answer({"error": error}, int(code), [("x-litellm-call-id", "c-1")])


@fault("openrouter")
def openrouter(request):
    """An error in OpenRouter's form; the argument is the status."""
    code = int(request.word or 402)
    return request.answer({"error": {"message": "Insufficient credits", "code": code}, "user_id": "u"}, code)


@fault("html")
def html(request):
    """An error of a proxy in front of the provider; the argument is the status."""
    return request.answer(b"<html><body>no</body></html>", int(request.word or 502), kind="text/html")


# MARK: Streams


@fault("sse-error")
def sse_error(request):
    """An overload error in the stream, after as many words as the argument says."""
    words = int(request.word or 0)
    return request.stream([*(request.begun(words) if words else []), event(*request.format.failed_stream())])


@fault("sse-truncated")
def sse_truncated(request):
    """A stream that ends cleanly after two words, without its final events."""
    return request.stream(request.begun(int(request.word or 2)))


@fault("sse-malformed")
def sse_malformed(request):
    name = "content_block_delta" if request.format.__name__ == "Anthropic" else None
    return request.stream([*request.begun(), event(name, '{"type":"content_block_delta","delta":{"te')])


@fault("sse-empty")
def sse_empty(request):
    return request.stream([])


@fault("sse-plain")
def sse_plain(request):
    """One JSON document in answer to a request for a stream."""
    return request.answer(request.whole())


@fault("sse-odd")
def sse_odd(request):
    """A valid stream with unusual framing; the argument selects it."""
    stream = b"".join(request.events())
    return request.stream(ODD_FRAMINGS[request.word](stream))


ODD_FRAMINGS = {
    "crlf": lambda stream: [stream.replace(b"\n", b"\r\n")],
    "cr": lambda stream: [stream.replace(b"\n", b"\r")],
    "comments": lambda stream: [b": hi\n\n", stream.replace(b"data: ", b": a\ndata: ").replace(b"\n\n", b"\n\n:\n\n")],
    "multiline": lambda stream: [stream.replace(b'","', b'",\ndata: "').replace(b'":{', b'":\ndata: {')],
    "no-space": lambda stream: [stream.replace(b"data: ", b"data:").replace(b"event: ", b"event:")],
    "fields": lambda stream: [stream.replace(b"data: ", b"id: 7\nretry: 10\nfoo: bar\ndata: ")],
    "bytes": lambda stream: [stream[index : index + 1] for index in range(len(stream))],
    "unended": lambda stream: [stream[:-1]],
    "bom": lambda stream: [b"\xef\xbb\xbf" + stream],
    "unknown": lambda stream: [b'event: news\ndata: {"type":"news","of":1}\n\n' + stream],
}


# MARK: Serving


def read_request(stream, connection):
    line = stream.readline()
    if not line:
        return None
    method, path, _ = line.decode("latin-1").split()
    headers = []
    for header in iter(stream.readline, b"\r\n"):
        if not header:
            return None
        name, _, value = header.decode("latin-1").partition(":")
        headers.append([name, value.strip()])
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Request(connection, method, path, headers, stream.read(length))


def respond(request):
    with lock:
        request.number = len(journal) + 1
        journal.append(request.told())
    if request.fault in answers:
        # Only its own headers, without those of a good answer.
        prepared = answers[request.fault]
        body = prepared.get("body", "").encode()
        request.head(prepared.get("status", 200), map(tuple, prepared.get("headers", [])), len(body))
        request.send(body)
        return True
    if request.fault and request.fault not in FAULTS:
        return request.refuse(400, message=f"no fault is called {request.fault}")
    return FAULTS.get(request.fault, healthy)(request)


def serve(connection, context):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        while (request := read_request(stream, connection)) and respond(request):
            pass
    except OSError:
        pass  # Some tests expect the client to leave or to reject the certificate.
    finally:
        # The stream shares the socket, which closes when both are closed.
        if "stream" in locals():
            stream.close()
        connection.close()


def serve_elsewhere(connection, _):
    with connection, connection.makefile("rb") as stream:
        if request := read_request(stream, connection):
            with lock:
                elsewhere.append(request.told())
            request.answer(request.whole())


def accept(listener, serve, context=None):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


class Control(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        with lock:
            body = encode({"/requests": journal, "/elsewhere": elsewhere}[self.path])
        self.reply(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answers[self.path.removeprefix("/answer/")] = json.loads(body)
        self.reply(b"{}")

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ControlServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


listener = socket.create_server(("127.0.0.1", 0), backlog=128)
other = socket.create_server(("127.0.0.1", 0), backlog=128)
control = ControlServer(("127.0.0.1", 0), Control)
with tempfile.TemporaryDirectory() as folder:
    words, context = [listener.getsockname()[1], other.getsockname()[1], control.server_port], None
    if "--tls" in sys.argv:
        certificates = Certificates(folder)
        context = certificates.context(sys.argv[sys.argv.index("--tls") + 1])
        words += [certificates.path("authority.pem"), certificates.path("stranger.pem")]
    threading.Thread(target=accept, args=(listener, serve, context), daemon=True).start()
    threading.Thread(target=accept, args=(other, serve_elsewhere), daemon=True).start()
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(*words, flush=True)
    sys.stdin.read()
