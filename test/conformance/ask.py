"""Sends calls with boto3: each line of the input is one call as JSON, each line of the output what came of it.

A call: {"service": "ecs", "operation": "DescribeServices", "input": {...}}, and perhaps "pages": true for all pages of
it, or "events": 2 for the first events of its stream. Times are {"$date": MILLISECONDS}, bytes {"$bytes": BASE64}.
"""

import base64
import datetime
import json
import sys

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# No second attempt: what is refused is looked at. No prefix before a host that is an address.
CONFIG = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, parameter_validation=True)
clients = {}


def client(name):
    if name not in clients:
        clients[name] = boto3.client(
            name,
            region_name="eu-west-1",
            endpoint_url=sys.argv[1],
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=CONFIG,
        )
    return clients[name]


def read(value):
    if isinstance(value, dict):
        if "$date" in value:
            return EPOCH + datetime.timedelta(milliseconds=value["$date"])
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {key: read(inner) for key, inner in value.items()}
    return [read(inner) for inner in value] if isinstance(value, list) else value


def written(value):
    if isinstance(value, datetime.datetime):
        return {"$date": round((value - EPOCH).total_seconds() * 1000)}
    if isinstance(value, StreamingBody):
        value = value.read()
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: written(inner) for key, inner in value.items() if key != "ResponseMetadata"}
    return [written(inner) for inner in value] if isinstance(value, list) else value


def first(stream, count):
    events = []
    for event in stream:
        events.append(event)
        if len(events) == count:
            break
    stream.close()
    return events


def ask(call):
    sender, name = client(call["service"]), xform_name(call["operation"])
    given = read(call["input"])
    if call.get("pages"):
        return list(sender.get_paginator(name).paginate(**given))
    answer = getattr(sender, name)(**given)
    return {
        key: first(value, call["events"]) if isinstance(value, EventStream) else value
        for key, value in answer.items()
    }


for line in sys.stdin:
    try:
        result = {"answer": written(ask(json.loads(line)))}
    except ClientError as error:
        told = error.response
        result = {
            "refusal": {
                "exception": type(error).__name__,
                "code": told["Error"]["Code"],
                "message": told["Error"].get("Message", ""),
                "status": told["ResponseMetadata"]["HTTPStatusCode"],
            }
        }
    except Exception as error:  # What boto3 itself does not accept, on either side.
        result = {"failure": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
