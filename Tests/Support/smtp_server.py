#!/usr/bin/env python3
"""A mail server (aiosmtpd). The local part of the recipient selects whether it accepts the mail:

later          450 to the recipient          message-later    451 to the message
never          550 to the recipient          message-never    554 to the message
once           450 the first time only       needs-auth       530 to the recipient
hang           no reply to the recipient     close            ends the connection inside of the message
anything else  accepts the mail

--starttls, --smtps   encryption, with a certificate for localhost by a private authority
--auth                requires the user `mailer@acme` and the password `p:ss wörd/@`
--no-sender           553 to every sender
--silent              never sends anything
--hang-on-quit        never answers QUIT

Prints its port, the port of its HTTP control server, and with encryption the certificate files of its authority and
of an unrelated authority. The control server answers GET /messages with all accepted mail, as Python's `email`
package reads it, and GET /commands with some of the received commands, in order: connect, STARTTLS, AUTH, MAIL,
QUIT. Ends with standard input.
"""
import os
import sys

try:
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
except ImportError:
    # The package belongs to Debian's interpreter, but another interpreter may come first on the PATH.
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

import asyncio
import json
import logging
import tempfile
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from certificates import Certificates
from read_mail import read_mail

# Some tests expect the client to reject the certificate, or to send a password without encryption.
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

USER, PASSWORD = b"mailer@acme", "p:ss wörd/@".encode()
messages, commands, seen = [], [], set()


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if "--no-sender" in sys.argv:
            return "553 5.1.8 That is no sender of ours"
        envelope.mail_from = address
        return "250 2.1.0 Fine"

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind = address.split("@")[0]
        if kind == "hang":
            await asyncio.sleep(3600)
        is_first = address not in seen
        seen.add(address)
        if kind == "later" or kind == "once" and is_first:
            return f"450 4.2.1 <{address}> is busy"
        if kind == "never":
            return f"550-5.1.1 <{address}>\r\n550 5.1.1 is nobody"
        if kind == "needs-auth":
            return "530 5.7.0 Authentication required"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Fine"

    async def handle_DATA(self, server, session, envelope):
        kind = envelope.rcpt_tos[0].split("@")[0]
        if kind == "close":
            server.transport.abort()
            return "250 never heard"
        if kind == "message-later":
            return "451 Try again"
        if kind == "message-never":
            return "554 5.6.0 Not such a message"
        messages.append(describe(server, session, envelope))
        return "250 2.0.0 Taken"

    async def handle_QUIT(self, server, session, envelope):
        if "--hang-on-quit" in sys.argv:
            await asyncio.sleep(3600)
        return "221 2.0.0 Bye"


def describe(server, session, envelope):
    return {
        **read_mail(envelope.content),
        "envelope": [envelope.mail_from, *envelope.rcpt_tos],
        "hello": session.host_name,
        "encrypted": session.ssl is not None or "--smtps" in sys.argv,
        "authenticated": bool(session.authenticated),
    }


class Server(SMTP):
    def connection_made(self, transport):
        commands.append("connect")
        super().connection_made(transport)

    async def smtp_AUTH(self, argument):
        commands.append("AUTH")
        await super().smtp_AUTH(argument)

    async def smtp_STARTTLS(self, argument):
        commands.append("STARTTLS")
        await super().smtp_STARTTLS(argument)

    async def smtp_MAIL(self, argument):
        commands.append("MAIL")
        await super().smtp_MAIL(argument)

    async def smtp_QUIT(self, argument):
        commands.append("QUIT")
        await super().smtp_QUIT(argument)


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data == LoginPassword(USER, PASSWORD), handled=False)


class Control(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        body = json.dumps({"/messages": messages, "/commands": commands}[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


async def silent(reader, writer):
    await reader.read()


async def listen(ready, certificates):
    context = certificates.context() if {"--starttls", "--smtps"} & set(sys.argv) else None
    options = {"auth_required": "--auth" in sys.argv, "auth_require_tls": False, "authenticator": authenticate}
    if "--starttls" in sys.argv:
        options["tls_context"] = context
    loop = asyncio.get_running_loop()
    implicit = context if "--smtps" in sys.argv else None
    if "--silent" in sys.argv:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
    else:
        server = await loop.create_server(
            lambda: Server(Handler(), hostname="localhost", loop=loop, **options), "127.0.0.1", 0, ssl=implicit
        )
    ready(server.sockets[0].getsockname()[1])
    await asyncio.sleep(1 << 20)


def main():
    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(folder)
        control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
        threading.Thread(target=control.serve_forever, daemon=True).start()

        def ready(port):
            print(port, control.server_port, certificates.path("authority.pem"), certificates.path("stranger.pem"),
                  flush=True)  # fmt: skip

        threading.Thread(target=lambda: asyncio.run(listen(ready, certificates)), daemon=True).start()
        sys.stdin.read()
    os._exit(0)


main()
