"""The parts of the OpenAPI document that are the same whatever the endpoints are, for openapi.py."""

STATUS_NAMES = {
    400: "MalformedRequest", 401: "NotAuthenticated", 402: "PaymentRequired", 403: "AccessDenied", 404: "NotFound",
    405: "MethodNotAllowed", 409: "Conflict", 413: "ContentTooLarge", 422: "ValidationFailed", 429: "TooManyRequests",
    499: "Cancelled", 500: "InternalError", 502: "BadGateway", 503: "ServiceUnavailable", 504: "GatewayTimeout",
}

MARKER = {
    "description": "A value that the worker replaces before the step runs; see docs/plans.md.",
    "anyOf": [
        {
            "type": "object",
            "description": "A part of another step's outputs.",
            "properties": {"$from": {"type": "string"}, "default": {}},
            "required": ["$from"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "description": "The content of an artifact of another step.",
            "properties": {
                "$artifact": {"type": "string"}, "encoding": {"type": "string", "enum": ["text", "base64"]}, "default": {},
            },
            "required": ["$artifact"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "description": "A secret of the step's scope.",
            "properties": {"$secret": {"type": "string", "pattern": "^[A-Za-z0-9_]{1,128}$"}},
            "required": ["$secret"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "description": "Texts, numbers, booleans and markers, put together as a text.",
            "properties": {"$text": {"type": "array", "items": {}, "minItems": 1, "maxItems": 1000}},
            "required": ["$text"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "description": "A value as JSON text; markers in it are replaced first.",
            "properties": {"$json": {}},
            "required": ["$json"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "description": "The value of a JSON text.",
            "properties": {"$parse": {}},
            "required": ["$parse"],
            "additionalProperties": False,
        },
    ],
}

SCHEMES = {
    "token": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "A JSON Web Token of the configured issuer. Operators have the scope admin:ops.",
    },
    "apiKey": {
        "type": "apiKey", "in": "header", "name": "X-API-Key",
        "description": "An API key that createApiKey made.",
    },
    "apiKeyAsBearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "nofx_…",
        "description": "The same key, for programs that send no other header than Authorization.",
    },
}

PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key", "in": "header", "required": False,
        "description": "Names the call: a repetition with the same key has no further effect and gets the same answer."
        " Web servers drop a header without a value.",
        "schema": {"type": "string", "maxLength": 255, "pattern": "^[!#-~]{0,255}$"},
    },
    "TraceParent": {
        "name": "traceparent", "in": "header", "required": False,
        "description": "The trace to which the call belongs (W3C Trace Context). A malformed value is ignored.",
        "schema": {"type": "string"},
        "example": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
}


def header(description, schema):
    return {"description": description, "schema": schema}


HEADERS = {
    "RequestId": header("The identifier by which the operator finds the call in the log.", {"type": "string"}),
    "IdempotencyReplayed": header("Present if this is the stored answer of an earlier call.", {"const": "true"}),
    "RateLimitLimit": header("The number of calls in a period.", {"type": "integer", "minimum": 0}),
    "RateLimitRemaining": header("The number of calls that are left.", {"type": "integer", "minimum": 0}),
    "RateLimitReset": header("The seconds until the period ends.", {"type": "integer", "minimum": 0}),
    "RetryAfter": header("The seconds after which a retry is useful.", {"type": "integer", "minimum": 0}),
    "WwwAuthenticate": header("The expected kind of credential.", {"type": "string"}),
    "Allow": header("The methods of the endpoint.", {"type": "string"}),
}


OPENAI_ERROR = {
    "type": "object",
    "description": "An error in OpenAI's form. The header X-Error-Code has the product's own code.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"], "description": "The field that the error is about."},
                "code": {"type": "string"},
            },
            "required": ["message", "type", "param", "code"],
        },
    },
    "required": ["error"],
}


def problem_schema(violations):
    return {
        "type": "object",
        "description": "An error (RFC 9457). Programs can rely on code; detail is for people and may change.",
        "properties": {
            "type": {"type": "string", "pattern": "^urn:nofx:error:[a-z0-9_]+$"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
            "detail": {"type": "string"},
            "requestId": {"type": "string"},
            "retryAfter": {"type": "integer", "minimum": 0},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string", "description": "Such as plan.steps[2].name; empty: the input itself."},
                        "code": {"type": "string", "enum": violations},
                        "detail": {"type": "string"},
                    },
                    "required": ["field", "code", "detail"],
                },
            },
        },
        "required": ["type", "title", "status", "code", "detail", "requestId"],
        "additionalProperties": True,
    }
