#!/usr/bin/env python3
"""Calls chatCompletions with OpenAI's own client; needs the packages of clients.lock.txt.

Usage: chat_client.py BASE_URL KEY [--streams]

The provider behind the endpoint is provider_faults.py, whose models select faults. Prints each case, and ends with status
1 if an answer is not as the client expects it. With --streams, the pieces of a streamed answer must come one by one.
"""
import sys
import time

import openai

base_url, key, *flags = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=120)
QUESTION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}]
TEXT = "Hello, w\u00f6rld \u65e5\u672c!"
failures = 0


def case(name):
    def run(function):
        global failures
        try:
            function()
            print(f"ok {name}", flush=True)
        except Exception as error:
            failures += 1
            print(f"failed {name}: {type(error).__name__}: {error}", flush=True)

    return run


def ask(model="openai/gpt-4.1", messages=QUESTION, **fields):
    return client.chat.completions.create(model=model, messages=messages, **fields)


def expect(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


@case("a whole answer")
def whole():
    answer = ask(temperature=0.5, top_p=0.9, seed=1, user="u-1", stop=["\n\n\n"], max_completion_tokens=100, n=1)
    expect(answer.object, "chat.completion")
    expect(answer.choices[0].message.content, TEXT)
    expect(answer.choices[0].message.role, "assistant")
    expect(answer.choices[0].finish_reason, "stop")
    expect((answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens), (19, 7, 26))
    expect(answer.id.startswith("chatcmpl-"), True)
    expect(abs(answer.created - time.time()) < 3_600, True)


@case("a bare model, and content in parts")
def parts():
    messages = [{"role": "user", "content": [{"type": "text", "text": "Say "}, {"type": "text", "text": "hello."}]}]
    expect(ask("gpt-4.1", messages, max_tokens=50).choices[0].message.content, TEXT)


@case("a raw response has the request's identifier")
def raw():
    response = client.chat.completions.with_raw_response.create(model="openai/gpt-4.1", messages=QUESTION)
    expect(bool(response.headers.get("x-request-id")), True)
    expect(response.parse().choices[0].message.content, TEXT)


@case("a streamed answer")
def stream():
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    expect("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), TEXT)
    expect(chunks[0].choices[0].delta.role, "assistant")
    expect(chunks[-2].choices[0].finish_reason, "stop")
    expect((chunks[-1].choices, chunks[-1].usage.total_tokens), ([], 26))
    expect(len({chunk.id for chunk in chunks}), 1)
    expect({chunk.object for chunk in chunks}, {"chat.completion.chunk"})


@case("a streamed answer without usage")
def stream_without_usage():
    chunks = list(ask(stream=True))
    expect(chunks[-1].choices[0].finish_reason, "stop")
    expect([chunk.usage for chunk in chunks], [None] * len(chunks))


@case("the helper for streams")
def helper():
    with client.chat.completions.stream(model="openai/gpt-4.1", messages=QUESTION) as stream:
        for _ in stream:
            pass
        expect(stream.get_final_completion().choices[0].message.content, TEXT)


@case("a JSON Schema")
def schema():
    form = {"name": "answer", "strict": True, "schema": {"type": "object", "properties": {"sum": {"type": "integer"}},
            "required": ["sum"], "additionalProperties": False}}
    answer = ask("openai/fault:json", response_format={"type": "json_schema", "json_schema": form})
    expect(answer.choices[0].message.content, '{"sum":4}')


def refused(error, status, code, type=None, param=None, **call):
    try:
        ask(**call)
    except error as found:
        expect((found.status_code, found.code, found.param), (status, code, param))
        if type:
            expect(found.type, type)
        expect(bool(found.body["message"]), True)
        return found
    raise AssertionError("there was no error")


for model, error, status, code in [
    ("openai/fault:status:400", openai.BadRequestError, 400, "ai_bad_request"),
    ("openai/fault:status:404", openai.BadRequestError, 400, "model_not_found"),
    ("openai/fault:status:413", openai.APIStatusError, 413, "context_length_exceeded"),
    ("openai/fault:status:500", openai.InternalServerError, 502, "ai_upstream_error"),
    ("openai/fault:status:529", openai.InternalServerError, 503, "ai_overloaded"),
    ("openai/fault:bad-json", openai.InternalServerError, 502, "ai_bad_response"),
]:

    @case(f"{model} is a {error.__name__}")
    def fault(model=model, error=error, status=status, code=code):
        refused(error, status, code, model=model)

    @case(f"{model}, streamed, is a {error.__name__}")
    def streamed_fault(model=model, error=error, status=status, code=code):
        refused(error, status, code, model=model, stream=True)


@case("an error in the middle of a stream")
def cut():
    words = ""
    try:
        for chunk in ask("openai/fault:sse-truncated", stream=True):
            words += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        expect(error.code, "ai_truncated")
        return
    raise AssertionError(f"there was no error after {words!r}")


@case("tools are not supported")
def tools():
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    refused(openai.BadRequestError, 400, "validation_failed", "invalid_request_error", "tools", tools=[tool])


@case("several answers are not supported")
def count():
    refused(openai.BadRequestError, 400, "validation_failed", param="n", n=2)


def picture(url):
    return [{"role": "user", "content": [{"type": "text", "text": "What is it?"},
                                         {"type": "image_url", "image_url": {"url": url}}]}]


@case("images by address and as data")
def image():
    for url in ("https://images.test/a.png", "data:image/png;base64,iVBORw0KGgo="):
        expect(ask(messages=picture(url)).choices[0].message.content, TEXT)


@case("an image elsewhere")
def wrong_image():
    for url in ("http://images.test/a.png", "file:///etc/passwd", "data:image/png;base64,!"):
        messages = picture(url)
        refused(openai.BadRequestError, 400, "validation_failed", param="messages[0].content", messages=messages)


@case("an invalid temperature")
def temperature():
    refused(openai.BadRequestError, 400, "validation_failed", param="temperature", temperature=3)


@case("a wrong key")
def wrong_key():
    other = client.with_options(api_key="nofx_wrong")
    try:
        other.chat.completions.create(model="gpt-4.1", messages=QUESTION)
    except openai.AuthenticationError as error:
        expect((error.status_code, error.code, error.type), (401, "invalid_api_key", "authentication_error"))
        return
    raise AssertionError("there was no error")


@case("fields that are not known have no effect")
def unknown():
    expect(ask(extra_body={"surprise": {"a": [1]}}, metadata={"a": "b"}, store=True).choices[0].message.content, TEXT)


if "--streams" in flags:

    @case("the pieces of a stream come one by one")
    def pieces():
        # The provider sends nothing more after two words, until the client leaves.
        stream = ask("openai/fault:stall-mid", stream=True)
        first = next(iter(stream))
        expect(bool(first.choices[0].delta.content), True)
        stream.close()




# Last, because the provider is not asked for a second after it.
@case("a rate limit of the provider")
def rate_limit():
    error = refused(openai.RateLimitError, 429, "rate_limit_exceeded", "rate_limit_error", model="openai/fault:status:429")
    expect(error.response.headers.get("x-error-code"), "ai_rate_limited")
    error = refused(openai.RateLimitError, 429, "rate_limit_exceeded", model="openai/fault:status:429", stream=True)
    expect(int(error.response.headers["retry-after"]) >= 1, True)



# After it the key is not used any more.
@case("a key that the provider refuses")
def refused_key():
    refused(openai.InternalServerError, 502, "ai_auth_failed", "server_error", model="openai/fault:status:401")


sys.exit(1 if failures else 0)
