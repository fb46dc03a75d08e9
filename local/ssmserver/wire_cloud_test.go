package ssmserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// form sends a signed form as clients of the query protocol do, and gives the status and the answer.
func (w *world) form(service string, key aws.Credentials, fields ...string) (int, string) {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	body := values.Encode()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url, bytes.NewBufferString(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(w.Context(), key, request, hex.EncodeToString(sum[:]), service, "eu-west-1", time.Now()); err != nil {
		w.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func (w *world) wantForm(status int, part, service string, key aws.Credentials, fields ...string) {
	w.Helper()
	if got, answer := w.form(service, key, fields...); got != status || !strings.Contains(answer, part) {
		w.Errorf("%v: %d %s\nlacks %d %s", fields, got, answer, status, part)
	}
}

var (
	anyKey     = aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}
	anotherKey = aws.Credentials{AccessKeyID: "AKIAOTHER", SecretAccessKey: "secret"}
)

func TestTheCloudOnTheWire(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Stubs = mustStubs(t, "rds.DescribeDBInstances: [{response: {DBInstances: [{DBInstanceIdentifier: stubbed, MultiAZ: true, Colour: red}]}}]")
	w := newWorld(t, o)
	client := sts.New(sts.Options{Region: "eu-west-1", BaseEndpoint: aws.String(w.url), Credentials: credentials.StaticCredentialsProvider{Value: anyKey}})
	who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Arn) != "arn:aws:sts::123456789012:assumed-role/handrail/local" {
		t.Errorf("%v %v", who, err)
	}
	ec2 := []string{"Version", "2016-11-15", "Action", "StopInstances", "InstanceId.1", web1}
	w.wantForm(200, "<instanceId>"+web1+"</instanceId><currentState><code>64</code><name>stopping</name>", "ec2", anyKey, ec2...)
	w.wantForm(400, "<Code>InvalidInstanceID.Malformed</Code>", "ec2", anyKey, append(ec2, "InstanceId.2", "x")...)
	w.wantForm(400, "<Code>InvalidAction</Code><Message>The local AWS does not implement ec2.DescribeKeyPairs;", "ec2", anyKey, "Version", "2016-11-15", "Action", "DescribeKeyPairs")
	w.wantForm(200, "<DBInstance><DBInstanceIdentifier>stubbed</DBInstanceIdentifier><MultiAZ>true</MultiAZ></DBInstance>", "rds", anyKey, "Version", "2014-10-31", "Action", "DescribeDBInstances")
	if status, answer := w.raw("AmazonEC2ContainerServiceV20141113.ListClusters", `{}`); status != 200 || len(answer["clusterArns"].([]any)) != 1 {
		t.Errorf("%d %v", status, answer)
	}
	w.fault(map[string]any{"match": "ec2.StopInstances", "error": "RequestLimitExceeded", "status": 503, "message": "Request limit exceeded."})
	w.wantForm(503, "<Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message>", "ec2", anyKey, ec2...)
	if status, _ := w.control(http.MethodPost, "/control/faults", map[string]any{"match": "ec2.StopInstance", "status": 500}); status != 400 {
		t.Errorf("a fault of an operation that is none: %d", status)
	}
	calls := w.calls("?operation=ec2.StopInstances")
	if len(calls) != 3 || calls[2]["status"] != 503.0 || !strings.Contains(calls[0]["request"].(string), "Action=StopInstances") {
		t.Errorf("%v", calls)
	}
}

func TestTheCloudKnowsWhoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{VerifySignatures: true, Callers: map[string]Identity{"AKIAEXAMPLE": {ARN: "arn:aws:iam::123456789012:user/ana", Secret: "secret"}}})
	for service, version := range map[string][2]string{"sts": {"2011-06-15", "GetCallerIdentity"}, "ec2": {"2016-11-15", "DescribeInstances"}, "rds": {"2014-10-31", "DescribeDBInstances"},
		"autoscaling": {"2011-01-01", "DescribeAutoScalingGroups"}, "monitoring": {"2010-08-01", "DescribeAlarms"}, "elasticloadbalancing": {"2015-12-01", "DescribeTargetGroups"},
		"cloudformation": {"2010-05-15", "DescribeStacks"}} {
		w.wantForm(200, version[1]+"Response", service, anyKey, "Version", version[0], "Action", version[1])
		w.wantForm(400, "<Code>SignatureDoesNotMatch</Code>", "s3", anyKey, "Version", version[0], "Action", version[1])
		w.wantForm(400, "<Code>InvalidClientTokenId</Code>", service, anotherKey, "Version", version[0], "Action", version[1])
	}
	wrong := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "guess"}
	w.wantForm(400, "<Code>SignatureDoesNotMatch</Code>", "ec2", wrong, "Version", "2016-11-15", "Action", "DescribeInstances")
	w.wantForm(200, "<Arn>arn:aws:iam::123456789012:user/ana</Arn>", "sts", anyKey, "Version", "2011-06-15", "Action", "GetCallerIdentity")
}

// A script calls with the key of its step, so that its calls stand in the execution's ledger.
func TestTheCloudWritesDownWhatScriptsCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	id := w.start("AWS-StartEC2Instance", map[string][]string{"InstanceId": {web1}, "AutomationAssumeRole": {role}})
	w.waitEnd(id)
	e, err := w.server.executions.get(id)
	if err != nil {
		t.Fatal(err)
	}
	key := w.server.keys.mint(e, e.main[0])
	w.wantForm(200, "assumed-role/AmazonSSMAutomationRole/Automation-"+id, "sts", aws.Credentials{AccessKeyID: key.access, SecretAccessKey: key.secret, SessionToken: key.token}, "Version", "2011-06-15", "Action", "GetCallerIdentity")
	w.wantForm(400, "InvalidInstanceID.NotFound", "ec2", aws.Credentials{AccessKeyID: key.access, SecretAccessKey: key.secret, SessionToken: key.token},
		"Version", "2016-11-15", "Action", "StopInstances", "InstanceId.1", "i-0ccccccccccccccc1")
	e.mu.Lock()
	defer e.mu.Unlock()
	last := e.awsCalls[len(e.awsCalls)-2:]
	if last[0].Operation != "sts.GetCallerIdentity" || last[1].Operation != "ec2.StopInstances" || last[1].Error != "InvalidInstanceID.NotFound" || last[1].Role != role ||
		string(last[1].Params) != `{"InstanceIds":["i-0ccccccccccccccc1"]}` {
		t.Errorf("%+v", last)
	}
}
