#!/usr/bin/env python3
"""A collector of spans, which it parses with OpenTelemetry's own messages; needs collector.lock.txt.

Prints its port. Ends with standard input.

    POST /v1/traces           takes spans (OTLP/HTTP with JSON)
    POST /hang/v1/traces      never answers
    POST /status/N/v1/traces  answers with status N
    GET  /spans               the spans: trace, id, parent, name, kind, links, state, error, attributes, service, and
                              the header x-key of the request that brought them
    GET  /requests            how many requests came, also to the paths that take nothing
    GET  /trace/ID            the spans of a trace, one a line, indented by their parents
"""
import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

lock = threading.Lock()
spans = []
requests = 0


def with_base64(value):
    """The document with its identifiers as Protocol Buffers has them: OTLP writes them in hexadecimal digits instead."""
    if isinstance(value, list):
        return [with_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in ("traceId", "spanId", "parentSpanId")
        else with_base64(one)
        for key, one in value.items()
    }


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def read(body, key):
    message = json_format.ParseDict(with_base64(json.loads(body)), ExportTraceServiceRequest())
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano, span
                yield {
                    "trace": span.trace_id.hex(), "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                    "name": span.name, "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
                    "start": span.start_time_unix_nano, "end": span.end_time_unix_nano, "state": span.trace_state,
                    "links": [link.span_id.hex() for link in span.links],
                    "error": span.status.code == Status.STATUS_CODE_ERROR, "attributes": attributes(span.attributes),
                    "service": attributes(resource.resource.attributes), "key": key,
                }


def tree(trace):
    mine = sorted((span for span in spans if span["trace"] == trace), key=lambda span: span["start"])
    known = {span["id"] for span in mine}

    def lines(parent, depth):
        for span in mine:
            if (span["parent"] if span["parent"] in known else "") == parent:
                facts = " ".join(f"{name}={value}" for name, value in span["attributes"].items())
                milliseconds = (span["end"] - span["start"]) / 1_000_000
                yield f"{'  ' * depth}{span['name']} [{span['kind']}] {milliseconds:.1f} ms {facts}"
                yield from lines(span["id"], depth + 1)

    return "\n".join([f"trace {trace}", *lines("", 1), ""])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            if self.path == "/spans":
                self.answer(200, json.dumps(spans).encode())
            elif self.path == "/requests":
                self.answer(200, str(requests).encode())
            else:
                self.answer(200, tree(self.path.removeprefix("/trace/")).encode(), "text/plain")

    def do_POST(self):
        global requests
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            requests += 1
        match self.path.split("/"):
            case ["", "hang", *_]:
                self.rfile.read(1)  # Waits until the client closes the connection.
                self.close_connection = True
            case ["", "status", status, *_]:
                self.answer(int(status), b"{}")
            case ["", "v1", "traces"] if self.headers["Content-Type"] == "application/json":
                try:
                    found = list(read(body, self.headers.get("x-key", "")))
                except (AssertionError, ValueError, json_format.ParseError) as error:
                    print(error, file=sys.stderr)
                    return self.answer(400, b"{}")
                with lock:
                    spans.extend(found)
                self.answer(200, b'{"partialSuccess":{}}')
            case _:
                self.answer(404, b"{}")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
