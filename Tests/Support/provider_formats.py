"""The providers' wire formats: answers, streams, errors and headers."""
import base64
import json
import struct

PIECES = ["Hello", ", wörld", " 日本", "!"]
TEXT = "".join(PIECES)
THOUGHTS = ["First ", "this."]
THOUGHT = "".join(THOUGHTS)

KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 408: "timeout_error", 409: "conflict_error", 413: "request_too_large",
    422: "invalid_request_error", 429: "rate_limit_error", 500: "api_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip


class Anthropic:
    """Messages: POST /v1/messages."""

    @staticmethod
    def headers(number):
        limits = [("limit", "50"), ("remaining", "49"), ("reset", "2030-01-01T00:00:00Z")]
        return [("request-id", f"req_{number:04}")] + [
            (f"anthropic-ratelimit-{of}-{name}", value) for of in ("requests", "tokens") for name, value in limits
        ]

    @staticmethod
    def answer(model, text=TEXT):
        return {
            "id": "msg_01", "type": "message", "role": "assistant", "model": model,
            "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 12, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 4,
                      "output_tokens": 7},
        }  # fmt: skip

    @classmethod
    def events(cls, model, pieces=PIECES, usage=True):
        whole = cls.answer(model)
        start = whole | {"content": [], "stop_reason": None, "usage": whole["usage"] | {"output_tokens": 1}}
        yield "message_start", {"type": "message_start", "message": start}
        yield "content_block_start", {
            "type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""},
        }  # fmt: skip
        yield "ping", {"type": "ping"}
        for piece in pieces:
            delta = {"type": "text_delta", "text": piece}
            yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        yield "message_delta", {
            "type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": whole["usage"],
        }  # fmt: skip
        yield "message_stop", {"type": "message_stop"}

    @classmethod
    def thinking_answer(cls, model):
        answer = cls.answer(model)
        thought = {"type": "thinking", "thinking": THOUGHT, "signature": "c2ln"}
        return answer | {"content": [thought, {"type": "redacted_thinking", "data": "eA=="}, *answer["content"]]}

    @classmethod
    def thinking_events(cls, model):
        events = list(cls.events(model))
        yield events[0]
        thought = {"type": "thinking", "thinking": "", "signature": ""}
        yield "content_block_start", {"type": "content_block_start", "index": 0, "content_block": thought}
        for piece in THOUGHTS:
            delta = {"type": "thinking_delta", "thinking": piece}
            yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        signature = {"type": "signature_delta", "signature": "c2ln"}
        yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": signature}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        for name, data in events[1:]:
            yield name, data | ({"index": 1} if "index" in data else {})

    @staticmethod
    def error(status, code=None, kind=None, message="as asked for"):
        error = {"type": kind or KINDS.get(status, "api_error" if status >= 500 else KINDS[400]), "message": message}
        if code:
            error["details"] = {"error_code": code}
        return {"type": "error", "error": error, "request_id": "req_body"}

    @classmethod
    def failed_stream(cls):
        return "error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}

    spend_limit = {"code": "enforced_spend_limit_reached", "kind": "rate_limit_error"}


class Chat:
    """Chat completions: POST /v1/chat/completions."""

    @staticmethod
    def headers(number):
        return [
            ("x-request-id", f"req_{number:04}"), ("openai-processing-ms", "5"),
            ("x-ratelimit-limit-requests", "60"), ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "6m0s"), ("x-ratelimit-limit-tokens", "9000"),
            ("x-ratelimit-remaining-tokens", "8990"), ("x-ratelimit-reset-tokens", "20ms"),
        ]  # fmt: skip

    usage = {
        "prompt_tokens": 19, "completion_tokens": 7, "total_tokens": 26,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2},
    }  # fmt: skip

    @classmethod
    def answer(cls, model, text=TEXT):
        message = {"role": "assistant", "content": text, "refusal": None}
        return {
            "id": "chatcmpl-01", "object": "chat.completion", "created": 1, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": cls.usage,
        }  # fmt: skip

    @classmethod
    def events(cls, model, pieces=PIECES, usage=True):
        def chunk(choices, usage=None):
            return None, {
                "id": "chatcmpl-01", "object": "chat.completion.chunk", "created": 1, "model": model,
                "choices": choices, "usage": usage,
            }  # fmt: skip

        def delta(content, finish=None):
            return chunk([{"index": 0, "delta": content, "finish_reason": finish}])

        yield delta({"role": "assistant", "content": ""})
        for piece in pieces:
            yield delta({"content": piece})
        yield delta({}, "stop")
        if usage:
            yield chunk([], cls.usage)
        yield None, "[DONE]"

    @classmethod
    def thinking_answer(cls, model):
        answer = cls.answer(model)
        answer["choices"][0]["message"]["reasoning_content"] = THOUGHT
        return answer

    @classmethod
    def thinking_events(cls, model):
        events = list(cls.events(model))
        yield events[0]
        for piece in THOUGHTS:
            delta = {"content": None, "reasoning_content": piece}
            yield None, events[0][1] | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield from events[1:]

    @staticmethod
    def error(status, code=None, kind=None, message="as asked for"):
        kind = kind or {429: "requests", 503: "service_unavailable_error"}.get(
            status, "server_error" if status >= 500 else "invalid_request_error"
        )
        code = code or {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}.get(status)
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    @classmethod
    def failed_stream(cls):
        return None, cls.error(503, code="server_is_overloaded", message="Overloaded")

    spend_limit = {"code": "credit_balance_exhausted", "kind": "insufficient_quota"}


class Responses(Chat):
    """Responses: POST /v1/responses."""

    @staticmethod
    def message(text, status):
        part = {"type": "output_text", "text": text, "annotations": []}
        return {
            "type": "message", "id": "msg_01", "status": status, "role": "assistant",
            "content": [part] if status == "completed" else [],
        }  # fmt: skip

    @classmethod
    def answer(cls, model, text=TEXT, status="completed"):
        whole = status == "completed"
        return {
            "id": "resp_01", "object": "response", "created_at": 1, "model": model, "status": status, "error": None,
            "incomplete_details": None, "instructions": None, "metadata": {}, "parallel_tool_calls": True,
            "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto", "tools": [],
            "output": [cls.message(text, status)] if whole else [],
            "usage": {
                "input_tokens": 19, "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
                "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 26,
            } if whole else None,
        }  # fmt: skip

    @classmethod
    def events(cls, model, pieces=PIECES, usage=True):
        text = "".join(pieces)
        place = {"item_id": "msg_01", "output_index": 0, "content_index": 0}
        whole = cls.message(text, "completed")
        steps = [
            ("response.created", {"response": cls.answer(model, status="in_progress")}),
            ("response.output_item.added", {"output_index": 0, "item": cls.message("", "in_progress")}),
            ("response.content_part.added", place | {"part": {"type": "output_text", "text": "", "annotations": []}}),
            *(("response.output_text.delta", place | {"delta": piece, "logprobs": []}) for piece in pieces),
            ("response.output_text.done", place | {"text": text, "logprobs": []}),
            ("response.content_part.done", place | {"part": whole["content"][0]}),
            ("response.output_item.done", {"output_index": 0, "item": whole}),
            ("response.completed", {"response": cls.answer(model, text)}),
        ]
        for number, (name, fields) in enumerate(steps):
            yield name, {"type": name, "sequence_number": number} | fields

    @classmethod
    def thinking_answer(cls, model):
        answer = cls.answer(model)
        summary = [{"type": "summary_text", "text": THOUGHT}]
        return answer | {"output": [{"type": "reasoning", "id": "rs_01", "summary": summary}, *answer["output"]]}

    @classmethod
    def thinking_events(cls, model):
        place = {"item_id": "rs_01", "output_index": 0, "summary_index": 0}
        events = list(cls.events(model))
        yield events[0]
        for piece in THOUGHTS:
            name = "response.reasoning_summary_text.delta"
            yield name, {"type": name, "sequence_number": 1} | place | {"delta": piece}
        yield from events[1:-1]
        name, data = events[-1]
        yield name, data | {"response": cls.thinking_answer(model)}

    @classmethod
    def failed_stream(cls):
        return "error", {
            "type": "error", "sequence_number": 9, "code": "server_error", "message": "Overloaded", "param": None,
        }  # fmt: skip


class Embeddings(Chat):
    """Embeddings: POST /v1/embeddings."""

    @classmethod
    def answer(cls, model, question=None):
        """One embedding for each text, the last first: its index, half its length, and a quarter as often as needed."""
        question = question or {}
        texts = question.get("input") or [""]
        texts = [texts] if isinstance(texts, str) else texts
        data = []
        for index, text in enumerate(texts):
            numbers = [float(index), len(text) / 2] + [0.25] * ((question.get("dimensions") or 3) - 2)
            packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
            embedding = packed if question.get("encoding_format") == "base64" else numbers
            data.append({"object": "embedding", "index": index, "embedding": embedding})
        usage = {"prompt_tokens": 2 * len(texts), "total_tokens": 2 * len(texts)}
        return {"object": "list", "data": data[::-1], "model": model, "usage": usage}


def format_of(path):
    """The format of a path. A base URL may put anything before the path."""
    if path.endswith("/embeddings"):
        return Embeddings
    if path.endswith("/messages"):
        return Anthropic
    return Responses if path.endswith("/responses") else Chat


def encode(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event(name, data):
    """One event of a stream with the usual framing."""
    text = data.encode() if isinstance(data, str) else encode(data)
    return (b"event: %s\n" % name.encode() if name else b"") + b"data: " + text + b"\n\n"
