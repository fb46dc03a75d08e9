"""Checks of .ci/clients-script: python3 .ci/script/checks.py scripts|remote|moto ENDPOINT …

Everything goes over the wire of `bot local ssm`, so that what is checked is the program, and with nothing but Python's
own library, so that it runs where boto3 is not."""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request

ROLE = "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"
GUIDE = ". Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
POLL = "Step fails when it is Poll action status for completion. "
KB = 1024


class Server:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.documents = 0

    def open(self, path, data=None, headers=()):
        request = urllib.request.Request(self.endpoint + path, data=data, headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError("%s: %s" % (path, error.read())) from None

    def call(self, operation, **body):
        signed = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"X-Amz-Target": "AmazonSSM." + operation, "Content-Type": "application/x-amz-json-1.1", "Authorization": signed}
        return self.open("/", json.dumps(body).encode(), headers)

    def start(self, steps, role=""):
        self.documents += 1
        name = "Check-%d" % self.documents
        content = {"schemaVersion": "0.3", "assumeRole": role, "parameters": {"Name": {"type": "String", "default": "x"}}, "mainSteps": steps}
        self.call("CreateDocument", Name=name, DocumentType="Automation", Content=json.dumps(content))
        return self.call("StartAutomationExecution", DocumentName=name)["AutomationExecutionId"]

    def end(self, execution):
        for _ in range(600):
            got = self.call("GetAutomationExecution", AutomationExecutionId=execution)["AutomationExecution"]
            if got["AutomationExecutionStatus"] in ("Success", "Failed", "TimedOut", "Cancelled"):
                return got
            time.sleep(0.05)
        raise AssertionError("the execution does not end: %s" % got)

    def run(self, *steps, role=""):
        return self.end(self.start(list(steps), role))

    def script(self, source, role="", **more):
        return self.run(script(source, **more), role=role)

    def ledger(self, execution):
        return self.open("/control/aws-calls?execution=" + execution)["calls"]


def script(source, name="run", handler="main", payload=None, outputs=(), **more):
    inputs = {"Runtime": "python3.11", "Handler": handler, "InputPayload": payload or {}, "Script": source}
    step = {"name": name, "action": "aws:executeScript", "inputs": inputs, **more}
    if outputs:
        step["outputs"] = [dict(zip(("Name", "Selector", "Type"), each)) for each in outputs]
    return step


def api(service, operation, name="call", outputs=(), **inputs):
    step = {"name": name, "action": "aws:executeAwsApi", "inputs": {"Service": service, "Api": operation, **inputs}}
    if outputs:
        step["outputs"] = [dict(zip(("Name", "Selector", "Type"), each)) for each in outputs]
    return step


def outputs(execution, step=0):
    assert execution["AutomationExecutionStatus"] == "Success", execution.get("FailureMessage")
    return execution["StepExecutions"][step]["Outputs"]


def payload(execution):
    return json.loads(outputs(execution)["OutputPayload"][0])["Payload"]


def failure(execution):
    assert execution["AutomationExecutionStatus"] == "Failed", execution
    text = execution["FailureMessage"]
    assert text.endswith(GUIDE), text
    return text[: -len(GUIDE)]


def equal(got, want):
    assert got == want, "\ngot  %r\nwant %r" % (got, want)


def alive(pid):
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return not os.path.isdir("/proc")


def check_values(server):
    got = server.script(
        "def main(events, context):\n    return {'events': events, 'context': context, 'text': 'ä<&>{{x}}', 'half': 0.5, 'list': [1, None, True]}",
        payload={"name": "{{Name}}", "n": 12345678901234567890, "deep": {"list": ["{{Name}}", 1.5, False]}},
        outputs=[("Text", "$.Payload.text", "String"), ("N", "$.Payload.list[0]", "Integer"), ("Gone", "$.Payload.gone", "String")],
    )
    want = {"events": {"name": "x", "n": 12345678901234567890, "deep": {"list": ["x", 1.5, False]}}, "context": {}, "text": "ä<&>{{x}}", "half": 0.5, "list": [1, None, True]}
    equal(payload(got), want)
    equal({key: outputs(got)[key] for key in ("Text", "N", "Gone")}, {"Text": ["ä<&>{{x}}"], "N": ["1"], "Gone": [""]})
    for source, value in {"None": None, "'a'": "a", "list(range(300))": list(range(100)), "(1, 2)": [1, 2], "{1: 'a'}": {"1": "a"}, "'x' * 100000": "x" * 100000}.items():
        equal(payload(server.script("def main(events, context):\n    return " + source)), value)


def check_failures(server):
    lines = failure(server.script("def look(events):\n    return events['name']\n\ndef main(events, context):\n    return look(events)"))
    frame = r'  File "[^"]*/[0-9a-f-]{36}-\d{4}(-\d\d){5}/customer_script\.py", line %d, in %s\n    %s\n( *[~^]+\n)?'
    pattern = re.escape(POLL + "Traceback (most recent call last):\n") + frame % (5, "main", r"return look\(events\)")
    pattern += frame % (2, "look", r"return events\['name'\]") + r"\nKeyError - 'name'"
    assert re.fullmatch(pattern, lines), lines
    handler = "def main(events, context):\n    "
    for source, want in {
        "x = 1": "AttributeError - module 'customer_script' has no attribute 'main'",
        "def main(events, context)\n    return 1": "SyntaxError - ",
        "import no_such_package": "ModuleNotFoundError - No module named 'no_such_package'",
        "def main(events):\n    return 1": "TypeError - main() takes 1 positional argument but 2 were given",
        handler + "raise ValueError('not good')": "ValueError - not good",
        handler + "import sys; sys.exit(3)": "SystemExit - 3",
        handler + "import os; os._exit(3)": "the script ended before its handler returned: exit status 3",
        handler + "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": "the script ended before its handler returned: signal: segmentation fault",
        handler + "return object()": "TypeError - Object of type object is not JSON serializable",
        handler + "import datetime; return datetime.datetime.now()": "TypeError - Object of type datetime is not JSON serializable",
        handler + "return float('nan')": "ValueError - Out of range float values are not JSON compliant",
        handler + "return main(events, context)": "RecursionError - maximum recursion depth exceeded",
        handler + "a = []; a.append(a); return a": "ValueError - Circular reference detected",
        handler + "return 'x' * %d" % (100 * KB): "the script returned more than it may, which is 100 KB",
        handler + "return 'x' * 10**8": "the script returned more than it may, which is 100 KB",
        handler + "print('x' * %d)" % (100 * KB): "the script printed more than it may, which is 100 KB",
        handler + "\n    while True: print('x' * 10000)": "the script printed more than it may, which is 100 KB",
        handler + "return len([0] * 10**10)": "MemoryError",
        handler + "open('big', 'wb').truncate(10**10)": "OSError - [Errno 27] File too large",
    }.items():
        got = failure(server.script(source))
        assert got.startswith(POLL) and want in got, "%s\ngot  %s\nwant %s" % (source, got, want)


def check_isolation(server, boto):
    got = payload(server.script(
        "import os, sys\ndef main(events, context):\n    open('left', 'w').close()\n"
        "    return {'env': dict(os.environ), 'folder': os.getcwd(), 'in': sys.stdin.read(), 'file': __file__}"))
    env, folder = got["env"], os.path.realpath(got["folder"])
    equal(env.pop("AWS_ENDPOINT_URL"), server.endpoint)
    equal([env.pop("AWS_REGION"), env.pop("AWS_DEFAULT_REGION"), got["in"]], ["eu-west-1", "eu-west-1", ""])
    for key in ("HOME", "TMPDIR"):
        equal(os.path.realpath(env.pop(key)), folder)
    equal(os.path.realpath(got["file"]), os.path.join(folder, "customer_script.py"))
    for key in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG", "AWS_EC2_METADATA_DISABLED", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"):
        env.pop(key, None)
    equal(env, {})
    assert not os.path.exists(folder), folder
    keys = "import os\ndef main(events, context):\n    return sorted(k for k in os.environ if k.startswith('AWS_S') or k.startswith('AWS_A'))"
    equal(payload(server.script(keys)), ["AWS_SHARED_CREDENTIALS_FILE"])
    equal(payload(server.script(keys, role=ROLE)), ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE"])
    if boto == "no":
        print("boto3 is not here: scripts that use it are not checked")
        return
    documents = "import boto3\ndef main(events, context):\n    return len(boto3.client('ssm').list_documents()['DocumentIdentifiers'])"
    assert "NoCredentialsError - Unable to locate credentials" in failure(server.script(documents))
    got = server.script(documents, role=ROLE)
    assert payload(got) > 0
    execution = got["AutomationExecutionId"]
    session = "arn:aws:sts::123456789012:assumed-role/AmazonSSMAutomationRole/Automation-" + execution
    equal([(c["operation"], c["step"], c["role"], c["caller"]) for c in server.ledger(execution)], [("ssm.ListDocuments", "run", ROLE, session)])
    states = ("import boto3\ndef main(events, context):\n    ec2 = boto3.client('ec2')\n    one = events['InstanceId']\n    before = ec2.describe_instances(InstanceIds=[one])\n"
              "    ec2.stop_instances(InstanceIds=[one])\n    ec2.get_waiter('instance_stopped').wait(InstanceIds=[one], WaiterConfig={'Delay': 1})\n"
              "    after = ec2.describe_instances(InstanceIds=[one])\n"
              "    return [r['Reservations'][0]['Instances'][0]['State']['Name'] for r in (before, after)]")
    got = server.script(states, role=ROLE, payload={"InstanceId": "i-0bbbbbbbbbbbbbbb1"})
    equal(payload(got), ["running", "stopped"])
    equal({(c["operation"], c["role"]) for c in server.ledger(got["AutomationExecutionId"])}, {("ec2.DescribeInstances", ROLE), ("ec2.StopInstances", ROLE)})


def check_processes(server):
    """Whatever a script leaves behind is ended, and nothing waits for it."""
    for how in ("start_new_session=False", "start_new_session=True"):
        if how.endswith("True") and not os.path.isdir("/proc"):
            continue
        began = time.monotonic()
        pid = payload(server.script("import subprocess\ndef main(events, context):\n    return subprocess.Popen(['sleep', '1000'], %s).pid" % how))
        assert time.monotonic() - began < 5, how
        assert not alive(pid), how
    fork = "import os, time\ndef main(events, context):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n            time.sleep(1000)\n    return os.getpid()"
    began = time.monotonic()
    payload(server.script(fork))
    assert time.monotonic() - began < 5, "it waited for a daemon"
    threads = "import threading, time\ndef main(events, context):\n    threading.Thread(target=time.sleep, args=(1000,)).start()\n    return 1"
    equal(payload(server.script(threads)), 1)
    stubborn = "import os, signal, time\ndef main(events, context):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    open('%s', 'w').write(str(os.getpid()))\n    while True: pass"
    for how in ("time", "cancel"):
        mark = os.path.join(os.environ.get("TMPDIR", "/tmp"), "handrail-check-%d-%s" % (os.getpid(), how))
        execution = server.start([script(stubborn % mark, **({"timeoutSeconds": 2} if how == "time" else {}))])
        for _ in range(200):
            if os.path.exists(mark) and os.path.getsize(mark):
                break
            time.sleep(0.05)
        with open(mark) as file:
            pid = int(file.read())
        os.unlink(mark)
        assert alive(pid)
        if how == "cancel":
            server.call("StopAutomationExecution", AutomationExecutionId=execution, Type="Cancel")
        equal(server.end(execution)["AutomationExecutionStatus"], {"time": "TimedOut", "cancel": "Cancelled"}[how])
        assert not alive(pid), how


def check_crowd(server):
    """Far more at once than run at once."""
    executions = [server.start([script("import time\ndef main(events, context):\n    time.sleep(0.1)\n    return %d" % n)]) for n in range(30)]
    equal([payload(server.end(e)) for e in executions], list(range(30)))


def check_remote(server, first):
    got = server.run(
        api("ssm", "list_documents", outputs=[("Name", "$.DocumentIdentifiers[0].Name", "String"), ("When", "$.DocumentIdentifiers[0].CreatedDate", "String")]),
        role=ROLE)
    assert outputs(got)["Name"][0].startswith("AWS-"), outputs(got)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", outputs(got)["When"][0]), outputs(got)
    equal([(c["operation"], c["role"]) for c in server.ledger(got["AutomationExecutionId"])], [("ssm.ListDocuments", ROLE)])
    names = [c["operation"] for c in first.open("/control/calls?operation=ListDocuments")["calls"]]
    assert names, "nothing arrived"
    for step, want in (
        (api("ssm", "GetDocument", Name="No-Such-Document"), "An error occurred (InvalidDocument) when calling the GetDocument operation"),
        (api("ssm", "GetDocument", Nome="x"), "Parameter validation failed:\nMissing required parameter in input: \"Name\"\nUnknown parameter in input: \"Nome\""),
        (api("ssm", "MakeCoffee"), "boto3 has no operation ssm.MakeCoffee"),
        (api("kettle", "Boil"), "boto3 has no service kettle"),
    ):
        got = failure(server.run(step))
        assert want in got, got
    got = server.run(
        api("ec2", "DescribeInstances", InstanceIds=["i-0aaaaaaaaaaaaaaa1"], outputs=[("Type", "$.Reservations[0].Instances[0].InstanceType", "String"), ("Tags", "$.Reservations[0].Instances[0].Tags", "MapList")]),
        {"name": "stop", "action": "aws:changeInstanceState", "inputs": {"InstanceIds": ["i-0aaaaaaaaaaaaaaa1"], "DesiredState": "stopped"}})
    equal(outputs(got, 1), {"InstanceStates": ["stopped"]})
    assert {"ec2.DescribeInstances", "ec2.StopInstances"} <= {c["operation"] for c in server.ledger(got["AutomationExecutionId"])}
    assert [c for c in first.open("/control/calls")["calls"] if c["operation"] == "ec2.StopInstances"], "nothing was stopped there"
    got = payload(server.script("import os\ndef main(events, context):\n    return os.environ['AWS_ENDPOINT_URL']"))
    equal(got, first.endpoint)


def check_moto(server):
    got = server.run(
        api("ec2", "RunInstances", name="make", ImageId="ami-12c6146b", MinCount=2, MaxCount=2, outputs=[("Ids", "$.Instances..InstanceId", "StringList")]),
        {"name": "stop", "action": "aws:changeInstanceState", "inputs": {"InstanceIds": "{{make.Ids}}", "DesiredState": "stopped"}},
        script("import boto3\ndef main(events, context):\n    found = boto3.client('ec2').describe_instances(InstanceIds=events['ids'])\n"
               "    return [i['State']['Name'] for r in found['Reservations'] for i in r['Instances']]", payload={"ids": "{{make.Ids}}"}),
        role=ROLE)
    equal(json.loads(outputs(got, 2)["OutputPayload"][0])["Payload"], ["stopped", "stopped"])
    got = server.run(
        api("s3", "CreateBucket", name="bucket", Bucket="some-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}),
        api("s3", "PutObject", name="put", Bucket="some-bucket", Key="a/b", Body="hello"),
        api("s3", "GetObject", name="get", Bucket="some-bucket", Key="a/b", outputs=[("Body", "$.Body", "String"), ("Size", "$.ContentLength", "Integer")]))
    equal({key: outputs(got, 2)[key] for key in ("Body", "Size")}, {"Body": ["hello"], "Size": ["5"]})
    got = failure(server.run(api("ec2", "StopInstances", InstanceIds=["i-0123456789abcdef0"])))
    assert "An error occurred (InvalidInstanceID.NotFound) when calling the StopInstances operation" in got, got


def main(what, endpoint, *rest):
    server = Server(endpoint)
    if what == "scripts":
        check_values(server)
        check_failures(server)
        check_isolation(server, *rest)
        check_processes(server)
        check_crowd(server)
    elif what == "remote":
        check_remote(server, Server(*rest))
    elif what == "moto":
        check_moto(server)
    else:
        sys.exit("usage: checks.py scripts|remote|moto ENDPOINT")
    print("%s: passed" % what)


main(*sys.argv[1:])
