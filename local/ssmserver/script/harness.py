"""Runs one script and calls its handler. Python's standard input has a request as JSON, standard output gets
{"payload": …} or {"failure": "…"} as one line. What the script prints goes to standard error."""

import importlib.metadata
import json
import os
import site
import sys
import traceback
import types

MAX_ITEMS = 100  # of a list that is returned
MAX_FAILURE = 8000  # characters
MAX_MEMORY = 1 << 30
MAX_FILE = 256 << 20


def bound(seconds):
    """Limits this process, and each of those it starts by itself."""
    try:
        import resource
    except ImportError:  # Windows
        return
    limits = {"RLIMIT_CORE": 0, "RLIMIT_CPU": seconds, "RLIMIT_DATA": MAX_MEMORY, "RLIMIT_FSIZE": MAX_FILE}
    for name, limit in limits.items():
        try:
            resource.setrlimit(getattr(resource, name), (limit, limit))
        except (AttributeError, ValueError, OSError):
            pass  # not known here, or lower already


def point_botocore():
    """Makes a botocore that is too old to know AWS_ENDPOINT_URL go there all the same, and not to AWS."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    try:
        version = importlib.metadata.version("botocore")
    except importlib.metadata.PackageNotFoundError:
        return
    if not endpoint or tuple(int(part) for part in version.split(".")[:2]) >= (1, 31):
        return
    import botocore.session

    create = botocore.session.Session.create_client

    def create_client(self, *args, **kwargs):
        if len(args) < 6 and kwargs.get("endpoint_url") is None:
            kwargs["endpoint_url"] = endpoint
        return create(self, *args, **kwargs)

    botocore.session.Session.create_client = create_client


def run(request):
    path = request["path"]
    sys.path.insert(0, os.path.dirname(path))
    sys.argv = [path]
    module = types.ModuleType("customer_script")
    module.__file__ = path
    sys.modules[module.__name__] = module
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    exec(code, module.__dict__)
    value = getattr(module, request["handler"])(request["events"], request["context"])
    if isinstance(value, (list, tuple)):
        value = value[:MAX_ITEMS]
    return value


def failure(error, path):
    """The traceback from the script's first frame on, an empty line, and "KeyError - 'x'"."""
    frames = traceback.extract_tb(error.__traceback__)
    while frames and frames[0].filename != path:
        del frames[0]
    lines = traceback.format_list(frames)
    if isinstance(error, SyntaxError):
        lines += traceback.format_exception_only(type(error), error)[:-1]
    try:
        message = str(error)
    except Exception:
        message = "an exception whose message cannot be read"
    text = type(error).__name__ + (" - " + message if message else "")
    if lines:
        text = "Traceback (most recent call last):\n" + "".join(lines) + "\n" + text
    if len(text) > MAX_FAILURE:
        text = text[: MAX_FAILURE // 2] + "\n[...]\n" + text[-MAX_FAILURE // 2 :]
    return text


def main():
    me = os.getpid()
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    bound(request["seconds"])
    if request["packages"]:
        site.addsitedir(request["packages"])
    point_botocore()
    try:
        payload = run(request)
        text = json.dumps({"payload": payload}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except BaseException as error:
        text = json.dumps({"failure": failure(error, request["path"])})
    if os.getpid() != me:
        os._exit(0)  # a fork that came back
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass
    answer.write(text.encode("utf-8", "replace") + b"\n")
    answer.flush()
    os._exit(0)  # threads and exit handlers of the script do not go on


main()
