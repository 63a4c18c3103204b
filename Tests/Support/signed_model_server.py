#!/usr/bin/env python3
"""A server of chat completions that takes only requests with a valid signature of AWS, which botocore computes again.

Usage: signed_model_server.py KEY_ID SECRET TOKEN REGION SERVICE

Prints its port. Answers 403 if the signature of a request is not the one of its content. Ends with standard input.
"""
import datetime
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID, SECRET, TOKEN, REGION, SERVICE = sys.argv[1:]


def expected(handler, body):
    """The value of Authorization that botocore makes for the request."""
    names = handler.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name: handler.headers[name] for name in names}
    request = AWSRequest("POST", f"http://{headers['host']}{handler.path}", data=body, headers=headers)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials(KEY_ID, SECRET, TOKEN), SERVICE, REGION)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return f"{auth.scope(request)}, SignedHeaders={';'.join(sorted(names))}, Signature={auth.signature(text, request)}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["Authorization"] or ""
        made = datetime.datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        is_fresh = abs((datetime.datetime.utcnow() - made).total_seconds()) < 300
        is_valid = is_fresh and signed == f"AWS4-HMAC-SHA256 Credential={expected(self, body)}"
        if is_valid and self.headers["x-amz-security-token"] == TOKEN:
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "signed"}}
            status, answer = 200, {"id": "c-1", "model": json.loads(body)["model"], "choices": [choice]}
        else:
            status, answer = 403, {"message": "The request signature we calculated does not match."}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
