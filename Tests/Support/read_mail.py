#!/usr/bin/env python3
"""Reads mail as a mail program shows it, with Python's `email` package.

As a program: reads a mail from standard input, or from the given files, and prints one JSON object per mail and line.
"""
import email
import email.policy
import json
import sys


def read_mail(content):
    mail = email.message_from_bytes(content, policy=email.policy.default)
    sender = mail["From"].addresses[0]
    return {
        "raw": content.decode("latin-1"),
        "headers": mail.keys(),
        "from": [sender.display_name, sender.addr_spec],
        "to": [address.addr_spec for address in mail["To"].addresses],
        "subject": mail["Subject"],
        "id": mail["Message-ID"],
        "date": int(mail["Date"].datetime.timestamp()),
        "text": mail.get_content(),
        "defects": [str(defect) for part in [mail, *mail.values()] for defect in part.defects],
    }


if __name__ == "__main__":
    contents = [open(name, "rb").read() for name in sys.argv[1:]] or [sys.stdin.buffer.read()]
    for content in contents:
        print(json.dumps(read_mail(content)))
