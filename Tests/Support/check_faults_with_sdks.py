#!/usr/bin/env python3
"""Runs the providers' own client libraries against provider_faults.py; needs the packages of clients.lock.txt.

Prints each difference between a client's behavior and the tables below, and exits with 1 if there is one. The
tables also record surprising behavior of the clients: a cleanly cut stream counts as an answer, and spending limits
are retried.
"""
import json
import os
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
FOLDER = os.path.dirname(os.path.abspath(__file__))

# A result is a text with the output tokens, or an error class with the status and the parts that programs rely on.
ALL, HALF, NONE = "Hello, wörld 日本! (7)", "Hello, wörld (None)", " (None)"
LOST, LATE = "APIConnectionError", "APITimeoutError"
JSON, OBJECT, TYPE = "JSONDecodeError", "AttributeError", "TypeError"

# The result of each fault with Anthropic's client, OpenAI's chat client and OpenAI's responses client.
WHOLE = {
    "": [ALL] * 3,
    "slow:1": [ALL] * 3,
    "close-early": [LOST] * 3,
    "rst-early": [LOST] * 3,
    "rst-mid": [LOST] * 3,
    "short-body": [LOST] * 3,
    "chunked-cut": [LOST] * 3,
    "partial-headers": [LOST] * 3,
    "redirect": [ALL] * 3,
    "compressed:gzip": [ALL] * 3,
    "compressed:deflate": [ALL] * 3,
    "compressed:raw": [ALL] * 3,
    "thinking": [ALL] * 3,
    "bad-gzip": [JSON] * 3,
    "empty-200": [JSON] * 3,
    "bad-json": [JSON] * 3,
    "html-200": [OBJECT] * 3,
    "array-200": [OBJECT] * 3,
    "object-200": [TYPE] * 3,
    "bad-utf8": ["UnicodeDecodeError"] * 3,
    "big-length": ["x" * (8 << 20) + " (7)"] * 3,
    "big-chunked": ["x" * (8 << 20) + " (7)"] * 3,
    "error-in-200": [TYPE] * 3,
    "error-in-200:402": [TYPE] * 3,
    "status:400": ["BadRequestError 400 invalid_request_error"] * 3,
    "status:401": ["AuthenticationError 401 authentication_error"]
    + ["AuthenticationError 401 invalid_request_error invalid_api_key"] * 2,
    "status:402": ["PaymentRequiredError 402 billing_error"] + ["APIStatusError 402 invalid_request_error"] * 2,
    "status:403": ["PermissionDeniedError 403 permission_error"]
    + ["PermissionDeniedError 403 invalid_request_error"] * 2,
    "status:404": ["NotFoundError 404 not_found_error"]
    + ["NotFoundError 404 invalid_request_error model_not_found"] * 2,
    "status:409": ["ConflictError 409 conflict_error"] + ["ConflictError 409 invalid_request_error"] * 2,
    "status:413": ["ContentTooLargeError 413 request_too_large"] + ["APIStatusError 413 invalid_request_error"] * 2,
    "status:422": ["UnprocessableEntityError 422 invalid_request_error"] * 3,
    "status:429": ["RateLimitError 429 rate_limit_error"] + ["RateLimitError 429 requests rate_limit_exceeded"] * 2,
    "status:500": ["InternalServerError 500 api_error"] + ["InternalServerError 500 server_error"] * 2,
    "status:503": ["ServiceUnavailableError 503 api_error"]
    + ["InternalServerError 503 service_unavailable_error"] * 2,
    "status:504": ["GatewayTimeoutError 504 timeout_error"] + ["InternalServerError 504 server_error"] * 2,
    "status:529": ["OverloadedError 529 overloaded_error"] + ["InternalServerError 529 server_error"] * 2,
    "spend-limit": ["EnforcedSpendLimitReachedError 429 rate_limit_error enforced_spend_limit_reached"]
    + ["RateLimitError 429 insufficient_quota credit_balance_exhausted"] * 2,
    "flat": ["BadRequestError 400 BadRequestError 400"] * 3,
    "string": ["NotFoundError 404"] * 3,
    "litellm": ["RateLimitError 429 throttling_error 429"] * 3,
    "openrouter": ["PaymentRequiredError 402 402"] + ["APIStatusError 402 402"] * 2,
    "html:503": ["ServiceUnavailableError 503"] + ["InternalServerError 503"] * 2,
    "no-such-fault": ["BadRequestError 400 invalid_request_error"] * 3,
}

# The same with a timeout of two seconds.
WHOLE_LATE = {"silent": [LATE] * 3, "stall-mid": [LATE] * 3}
STREAMED_LATE = {"silent": [LATE] * 3, "stall-mid": ["ReadTimeout", LATE, LATE]}

# The same for streams. Both clients accept a stream that ends cleanly, even if the answer is incomplete.
STREAMED = {
    "": [ALL] * 3,
    "slow-stream:20": [ALL] * 3,
    "pings:3": [ALL] * 3,
    "no-stream-options": [ALL, "UnprocessableEntityError 422 invalid_request_error", ALL],
    "compressed:gzip": [ALL] * 3,
    "compressed:deflate": [ALL] * 3,
    "compressed:raw": [ALL] * 3,
    "thinking": [ALL] * 3,
    "close-early": [LOST] * 3,
    "rst-early": [LOST] * 3,
    "rst-mid": ["ReadError", LOST, LOST],
    "chunked-cut": ["RemoteProtocolError", LOST, LOST],
    "status:529": ["OverloadedError 529 overloaded_error"] + ["InternalServerError 529 server_error"] * 2,
    "error-in-200": [HALF, "APIError 502", "APIError 502"],
    "sse-error": ["APIStatusError 200 overloaded_error", "APIError service_unavailable_error server_is_overloaded",
                  "error server_error"],
    "sse-error:2": ["APIStatusError 200 overloaded_error", "APIError service_unavailable_error server_is_overloaded",
                    "error server_error"],
    "sse-truncated": [HALF] * 3,
    "sse-malformed": [JSON] * 3,
    "sse-empty": [NONE] * 3,
    "sse-plain": [NONE] * 3,
    "sse-odd:crlf": [ALL] * 3,
    "sse-odd:cr": [ALL] * 3,
    "sse-odd:comments": [ALL] * 3,
    "sse-odd:multiline": [ALL] * 3,
    "sse-odd:no-space": [ALL] * 3,
    "sse-odd:fields": [ALL] * 3,
    "sse-odd:bytes": [ALL] * 3,
    "sse-odd:unknown": [ALL] * 3,
    "sse-odd:bom": [ALL] * 3,
    # The clients drop an unterminated last event, as the standard requires. Only here does it carry data.
    "sse-odd:unended": [ALL, ALL, "Hello, wörld 日本! (None)"],
}  # fmt: skip

# For clients with two retries: the range of each wait before a retry, in seconds.
BACKOFF = [(0.375, 0.5), (0.75, 1)]
RETRIED = {
    "status:500": [BACKOFF] * 3,
    "status:529": [BACKOFF] * 3,
    "status:429": [BACKOFF] * 3,
    "status:400": [[]] * 3,
    "status:401": [[]] * 3,
    "status:404": [[]] * 3,
    "close-early": [BACKOFF] * 3,
    "rst-early*1": [BACKOFF[:1]] * 3,
    "status:503*1": [BACKOFF[:1]] * 3,
    "bad-json": [[]] * 3,
    "retry-after:7*1": [[(7, 7)]] * 3,
    "retry-after-ms:300*1": [[(0.3, 0.3)]] * 3,
    "retry-after-date:30*1": [[(20, 30)]] * 3,
    "retry-after:soon": [BACKOFF] * 3,
    "retry-after:-5": [BACKOFF] * 3,
    "retry-after:999999*1": [[(999999, 999999)], [], []],
    "no-retry:500": [[]] * 3,
    "do-retry:400": [BACKOFF] * 3,
    # Neither client knows that a retry cannot help when the money is used up.
    "spend-limit": [BACKOFF] * 3,
}


class Server:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(FOLDER, "provider_faults.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.port, self.elsewhere, self.control = self.process.stdout.readline().split()

    def requests(self, path="/requests"):
        return json.load(DIRECT.open(f"http://127.0.0.1:{self.control}{path}"))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def describe(error):
    """The class of an error, the status if there is one, and the parts that programs rely on."""
    words = [type(error).__name__]
    if getattr(error, "status_code", None):
        words.append(str(error.status_code))
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(inner, dict):
        code = (inner.get("details") or {}).get("error_code") or inner.get("code")
        words += [str(word) for word in (inner.get("type"), code) if word]
    return " ".join(words)


def instead_of_sleeping(client, waits):
    """Records how long a client would wait before its next attempt, and skips the wait."""
    calculate = client._calculate_retry_timeout

    def keep(*arguments, **options):
        waits.append(calculate(*arguments, **options))
        return 0

    client._calculate_retry_timeout = keep


class ProviderError(Exception):
    """An error event that the client passes on as an ordinary event."""


class Caller:
    """The providers' clients, with one method for each format, streamed and not."""

    def __init__(self, server, retries=0, timeout=60):
        self.waits = []
        options = {"api_key": "sk-test", "max_retries": retries, "timeout": timeout}
        self.anthropic = anthropic.Anthropic(base_url=f"http://127.0.0.1:{server.port}", **options)
        self.openai = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", **options)
        for client in (self.anthropic, self.openai):
            instead_of_sleeping(client, self.waits)

    def outcome(self, call, fault):
        try:
            text, tokens = getattr(self, call)(f"fault:{fault}" if fault else "model")
            return f"{text} ({tokens})"
        except ProviderError as error:
            return str(error)
        except Exception as error:
            return describe(error)

    def messages(self, model):
        answer = self.anthropic.messages.create(model=model, max_tokens=9, messages=[{"role": "user", "content": "?"}])
        return "".join(block.text for block in answer.content if block.type == "text"), answer.usage.output_tokens

    def messages_stream(self, model):
        text, tokens = "", None
        with self.anthropic.messages.create(
            model=model, max_tokens=9, messages=[{"role": "user", "content": "?"}], stream=True
        ) as events:
            for event in events:
                if event.type == "content_block_delta":
                    text += getattr(event.delta, "text", "")
                elif event.type == "message_delta":
                    tokens = event.usage.output_tokens
        return text, tokens

    def chat(self, model):
        answer = self.openai.chat.completions.create(model=model, messages=[{"role": "user", "content": "?"}])
        return answer.choices[0].message.content, answer.usage.completion_tokens

    def chat_stream(self, model):
        text, tokens = "", None
        with self.openai.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "?"}], stream=True,
            stream_options={"include_usage": True},
        ) as chunks:  # fmt: skip
            for chunk in chunks:
                text += "".join(choice.delta.content or "" for choice in chunk.choices or [])
                tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        return text, tokens

    def responses(self, model):
        answer = self.openai.responses.create(model=model, input="?")
        return answer.output_text, answer.usage.output_tokens

    def responses_stream(self, model):
        text, tokens = "", None
        with self.openai.responses.create(model=model, input="?", stream=True) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    text += event.delta
                elif event.type == "response.completed":
                    tokens = event.response.usage.output_tokens
                elif event.type == "error":
                    raise ProviderError(f"error {event.code}")
        return text, tokens


CALLS = ("messages", "chat", "responses")
STREAM_CALLS = ("messages_stream", "chat_stream", "responses_stream")


class Check:
    def __init__(self):
        self.server = Server()
        self.done, self.differences = 0, 0

    def compare(self, what, found, wanted):
        self.done += 1
        if found != wanted:
            self.differences += 1
            print(f"{what}: {str(found)[:200]} instead of {str(wanted)[:200]}")

    def outcomes(self, table, calls, **options):
        caller = Caller(self.server, **options)
        rows = [(call, fault, wanted) for fault, row in table.items() for call, wanted in zip(calls, row)]
        with ThreadPoolExecutor(12) as threads:
            found = threads.map(lambda row: caller.outcome(*row[:2]), rows)
            for (call, fault, wanted), outcome in zip(rows, found):
                self.compare(f"{call} of {fault or 'what is well'}", outcome, wanted)

    def retries(self):
        for fault, wanted in RETRIED.items():
            for call, waits in zip(CALLS, wanted):
                caller = Caller(self.server, retries=2)
                before = len(self.server.requests())
                outcome = caller.outcome(call, fault)
                what = f"{call} of {fault}, tried again"
                self.compare(f"{what}: attempts", len(self.server.requests()) - before, len(waits) + 1)
                fits = len(caller.waits) == len(waits) and all(
                    low <= wait <= high for wait, (low, high) in zip(caller.waits, waits)
                )
                self.compare(f"{what}: waits of {caller.waits} within {waits}", fits, True)
                if "*" in fault and waits:
                    self.compare(f"{what}: outcome", outcome, ALL)

    def what_is_sent(self):
        """The journal and the echo agree, and contain the known headers of the clients."""
        caller = Caller(self.server)
        for call in CALLS + STREAM_CALLS:
            text, _ = getattr(caller, call)("fault:echo")
            echo, noted = json.loads(text), self.server.requests()[-1]
            headers = {name.lower(): value for name, value in echo["headers"]}
            self.compare(f"{call}: echo", {**echo, "at": noted["at"]}, noted)
            self.compare(f"{call}: key", headers.get("authorization"), "Bearer sk-test")
            self.compare(f"{call}: model", json.loads(echo["body"])["model"], "fault:echo")

    def embeddings(self):
        """Embeddings, as numbers and in base64, plain and compressed."""
        client = Caller(self.server).openai
        for model in ("model", "fault:compressed:gzip"):
            for options in ({}, {"encoding_format": "float"}, {"dimensions": 4}):
                answer = client.embeddings.create(model=model, input=["a", "bc"], **options)
                found = {one.index: one.embedding for one in answer.data}
                rest = [0.25] * (options.get("dimensions", 3) - 2)
                self.compare(f"embeddings of {model}", found, {0: [0.0, 0.5, *rest], 1: [1.0, 1.0, *rest]})
                self.compare(f"embeddings of {model}: tokens", answer.usage.prompt_tokens, 4)

    def redirects(self):
        """Both clients follow redirects and do not send the key to the new address."""
        seen = self.server.requests("/elsewhere")
        paths = ["/v1/messages", "/v1/chat/completions", "/v1/responses"]
        self.compare("redirect: paths", sorted(request["path"] for request in seen), sorted(paths))
        keys = [value for request in seen for name, value in request["headers"] if name.lower() == "authorization"]
        self.compare("redirect: keys", keys, [])


def main():
    check = Check()
    check.outcomes(WHOLE, CALLS)
    check.redirects()
    check.outcomes(WHOLE_LATE, CALLS, timeout=2)
    check.outcomes(STREAMED, STREAM_CALLS)
    check.outcomes(STREAMED_LATE, STREAM_CALLS, timeout=2)
    check.what_is_sent()
    check.embeddings()
    check.retries()
    check.server.end()
    print(f"{check.done} comparisons, {check.differences} differences")
    return 1 if check.differences or not check.done else 0


sys.exit(main())
