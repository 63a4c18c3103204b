#!/usr/bin/env python3
"""Makes tokens: tokens.py COUNT, one a line, each for a user of its own, with the user's name before it."""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import uuid


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


secret, now = os.environ["NOFX_JWT_SECRET"].encode(), int(time.time())
head = encode(b'{"alg":"HS256","typ":"JWT"}')
for _ in range(int(sys.argv[1])):
    subject = str(uuid.uuid4())
    claims = {
        "iss": os.environ["NOFX_JWT_ISSUER"],
        "aud": os.environ["NOFX_JWT_AUDIENCE"],
        "sub": subject,
        "iat": now,
        "nbf": now,
        "exp": now + 14400,
    }
    message = f"{head}.{encode(json.dumps(claims, separators=(',', ':')).encode())}"
    code = hmac.new(secret, message.encode(), hashlib.sha256).digest()
    print(subject, f"{message}.{encode(code)}")
