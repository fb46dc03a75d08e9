"""Calls AWS operations with botocore. Each line of standard input is a request as JSON:
{"id": 7, "request": {"endpoint", "service", "operation", "params", "region", "access", "secret", "seconds"}}. Each line of standard
output is an answer: {"id": 7, "answer": {"output": …}}, {"id": 7, "answer": {"refusal": {"code", "message", "operation",
"status"}}} or {"id": 7, "error": "…"}. The variable packages holds the folder of the user's own packages."""

import base64
import collections
import concurrent.futures
import datetime
import json
import site
import sys
import threading

MAX_BODY = 4 << 20  # bytes of an answer that comes as a stream
MAX_ANSWER = 8 << 20  # bytes of JSON; whoever reads it takes no more
MAX_CLIENTS = 100

if packages:  # noqa: F821
    site.addsitedir(packages)  # noqa: F821
try:
    import botocore.config
    import botocore.exceptions
    import botocore.session
except ImportError as missing:
    print(json.dumps({"id": 0, "error": "botocore is not installed for %s (%s); pip install boto3" % (sys.executable, missing)}))
    sys.exit(1)

CONFIG = botocore.config.Config(
    connect_timeout=5,
    retries={"total_max_attempts": 1},
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
    max_pool_connections=20,
)
session = botocore.session.get_session()
clients = collections.OrderedDict()
making = threading.Lock()
writing = threading.Lock()


class Unknown(Exception):
    """What botocore knows nothing of."""


def client(request):
    """A client for each endpoint, service, Region and caller, the latest kept."""
    key = tuple(request[name] for name in ("endpoint", "service", "region", "access", "seconds"))
    with making:
        if key not in clients:
            if request["service"] not in session.get_available_services():
                raise Unknown("boto3 has no service %s" % request["service"])
            clients[key] = session.create_client(
                request["service"],
                region_name=request["region"],
                endpoint_url=request["endpoint"],
                aws_access_key_id=request["access"],
                aws_secret_access_key=request["secret"],
                config=CONFIG.merge(botocore.config.Config(read_timeout=request["seconds"])),
            )
        clients.move_to_end(key)
        if len(clients) > MAX_CLIENTS:
            clients.popitem(last=False)
        return clients[key]


def call(request):
    one = client(request)
    for method, operation in one.meta.method_to_api_mapping.items():
        if operation.lower() == request["operation"].lower():
            return plain(getattr(one, method)(**request["params"]))
    raise Unknown("boto3 has no operation %s.%s" % (request["service"], request["operation"]))


def plain(value):
    """What boto3 answers, with the types of JSON: times as ISO 8601 in UTC, bytes as text, or as base64 if they are none."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat() + "Z"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "read"):
        with value:
            body = value.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise ValueError("the answer's body has more than %d bytes" % MAX_BODY)
        return plain(body)
    raise ValueError("the answer holds a %s, which cannot be written as JSON" % type(value).__name__)


def refusal(error):
    about = error.response.get("Error", {})
    return {
        "code": str(about.get("Code", "Unknown")),
        "message": str(about.get("Message", "Unknown")),
        "operation": error.operation_name,
        "status": error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
    }


def serve(line):
    number = -1
    try:
        asked = json.loads(line)
        number = asked["id"]
        try:
            answer = {"id": number, "answer": {"output": call(asked["request"])}}
        except botocore.exceptions.ClientError as error:
            answer = {"id": number, "answer": {"refusal": refusal(error)}}
        text = json.dumps(answer, allow_nan=False)
        if len(text) > MAX_ANSWER:
            raise ValueError("the answer has more than %d bytes" % MAX_ANSWER)
    except Exception as error:
        text = json.dumps({"id": number, "error": str(error) or type(error).__name__})
    with writing:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def main():
    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
        for line in sys.stdin:
            pool.submit(serve, line)


main()
