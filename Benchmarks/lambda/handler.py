"""The handler of the peer: the least that a function in Python can do, without a database."""


def handler(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": event["body"]}
