package ssmserver

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"handrail/runbook"
)

// as signs like the SDK does with other credentials.
func as(access, secret, token string) func(*ssm.Options) {
	return func(o *ssm.Options) { o.Credentials = credentials.NewStaticCredentialsProvider(access, secret, token) }
}

func TestWhoCallsIsShownAsExecutedBy(t *testing.T) {
	t.Parallel()
	callers := map[string]Identity{
		"AKIAANA": {ARN: "arn:aws:iam::123456789012:user/ops/ana"},
		"ASIABEN": {ARN: "arn:aws:sts::123456789012:assumed-role/Administrator/ben@example.com"},
		"ASIAFED": {ARN: "arn:aws:sts::210987654321:federated-user/cy"},
	}
	o := quick()
	o.Callers = callers
	w := newWorld(t, o)
	for key, who := range callers {
		out, err := w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: aws.String("AWS-StartEC2Instance"),
			Parameters: map[string][]string{"InstanceId": {web1}}}, as(key, "any", ""))
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		got, err := w.client.GetAutomationExecution(t.Context(), &ssm.GetAutomationExecutionInput{AutomationExecutionId: out.AutomationExecutionId}, as(key, "any", ""))
		if err != nil || aws.ToString(got.AutomationExecution.ExecutedBy) != who.ARN {
			t.Errorf("%s: %v %v", key, got, err)
		}
	}
	_, err := w.client.ListDocuments(t.Context(), &ssm.ListDocumentsInput{}, as("AKIAMALLORY", "any", ""))
	if code, message := refusal(err); code != "UnrecognizedClientException" || message != "The security token included in the request is invalid." {
		t.Errorf("mallory: %v", err)
	}
}

func TestIdentitiesAreChecked(t *testing.T) {
	t.Parallel()
	const ana = "arn:aws:iam::123456789012:user/ana"
	for want, o := range map[string]Options{
		"": {Callers: map[string]Identity{"AKIAANA": {ARN: ana, Secret: "s"}}, VerifySignatures: true, Roles: []Role{{ARN: role}, {ARN: otherRole, Trusts: []string{}}}},
		"signatures can be verified only for callers that are listed": {VerifySignatures: true},
		"access key AKIAANA: its signatures cannot be verified":       {Callers: map[string]Identity{"AKIAANA": {ARN: ana}}, VerifySignatures: true},
		`access key AKIAANA: "ana" is no ARN`:                         {Callers: map[string]Identity{"AKIAANA": {ARN: "ana"}}},
		`access key AKIAANA: "arn:aws:iam::123456789012:role/x"`:      {Callers: map[string]Identity{"AKIAANA": {ARN: "arn:aws:iam::123456789012:role/x"}}},
		`access key "": one has`:                                      {Callers: map[string]Identity{"": {ARN: ana}}},
		`role "AmazonSSMAutomationRole": that is no ARN of a role`:    {Roles: []Role{{ARN: "AmazonSSMAutomationRole"}}},
	} {
		s, err := New(o)
		if err == nil {
			s.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

const otherRole = "arn:aws:iam::123456789012:role/other/Lambda"

// What StartAutomationExecution says of the role that a document's parameter names.
func TestTheAssumeRoleIsChecked(t *testing.T) {
	t.Parallel()
	const foreign = "arn:aws:iam::210987654321:role/AmazonSSMAutomationRole"
	o := quick()
	o.Roles = []Role{{ARN: role}, {ARN: otherRole, Trusts: []string{"lambda.amazonaws.com"}}, {ARN: foreign},
		{ARN: "arn:aws:iam::123456789012:role/Both", Trusts: []string{"lambda.amazonaws.com", "ssm.amazonaws.com"}}}
	w := newWorld(t, o)
	const shape, unable = "The format of the supplied assume role ARN isn't valid.", "The defined assume role is unable to be assumed."
	for given, want := range map[string]string{
		role: "", "": "", "arn:aws:iam::123456789012:role/Both": "",
		"AmazonSSMAutomationRole": shape, "arn:aws:iam::123456789012:user/ana": shape, "arn:aws:iam::1234:role/x": shape,
		otherRole: unable, foreign: unable, role + "2": unable,
	} {
		in := restartInput()
		in.Parameters["AutomationAssumeRole"] = []string{given}
		if given == "" {
			delete(in.Parameters, "AutomationAssumeRole")
		}
		_, err := w.client.StartAutomationExecution(t.Context(), in)
		code, message := refusal(err)
		if want == "" && err == nil {
			continue
		}
		if code != codeInvalidParameters || message != want {
			t.Errorf("%s: %v", given, err)
		}
	}
}

// A script that is given the key of its step calls as the role of its execution, and its ledger says so.
func TestMintedKeysCallAsTheirExecution(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	id := w.start("AWS-RestartEC2Instance", map[string][]string{"InstanceId": {web1}, "AutomationAssumeRole": {role}})
	e, err := w.server.executions.get(id)
	if err != nil {
		t.Fatal(err)
	}
	key := w.server.keys.mint(e, e.main[0])
	if _, err := w.client.ListDocuments(t.Context(), &ssm.ListDocumentsInput{}, as(key.access, key.secret, key.token)); err != nil {
		t.Fatal(err)
	}
	child, err := w.client.StartAutomationExecution(t.Context(), restartInput(), as(key.access, key.secret, key.token))
	if err != nil {
		t.Fatal(err)
	}
	session := "arn:aws:sts::123456789012:assumed-role/AmazonSSMAutomationRole/Automation-" + id
	if got := aws.ToString(w.get(*child.AutomationExecutionId).ExecutedBy); got != session {
		t.Errorf("started by %s", got)
	}
	_, err = w.client.GetAutomationExecution(t.Context(), &ssm.GetAutomationExecutionInput{AutomationExecutionId: aws.String(someID)}, as(key.access, key.secret, key.token))
	if err == nil {
		t.Error("there is an execution that nobody started")
	}
	var told []string
	_, answer := w.control("GET", "/control/aws-calls?execution="+id, nil)
	for _, item := range answer["calls"].([]any) {
		call := item.(map[string]any)
		if call["step"] == "stopInstances" && strings.HasPrefix(call["operation"].(string), "ssm.") {
			line := call["operation"].(string)
			if code, ok := call["error"].(string); ok {
				line += " " + code
			}
			told = append(told, line)
			if call["role"] != role || call["caller"] != session || call["execution"] != id {
				t.Errorf("%v", call)
			}
		}
	}
	if got := strings.Join(told, ", "); got != "ssm.ListDocuments, ssm.StartAutomationExecution, ssm.GetAutomationExecution AutomationExecutionNotFoundException" {
		t.Error(got)
	}
	w.server.keys.revoke(key.access)
	if got, ok := w.server.keys.find(key.access, key.token); !ok || got.execution != nil {
		t.Errorf("after the step: %+v", got)
	}
	if _, ok := w.server.keys.find(w.server.keys.mint(e, e.main[0]).access, "another token"); ok {
		t.Error("a minted key is good without its token")
	}
	if status, answer := w.control("GET", "/control/aws-calls?execution="+someID, nil); status != 404 || answer["error"] == "" {
		t.Errorf("%d %v", status, answer)
	}
}

func TestIdentitiesAreRead(t *testing.T) {
	t.Parallel()
	got, err := ReadIdentities([]byte(`
verify_signatures: true
callers:
  AKIAANA: {arn: 'arn:aws:iam::123456789012:user/ana', secret: one}
  ASIABEN:
    arn: arn:aws:sts::123456789012:assumed-role/Admin/ben
    secret: two
    token: three
roles:
  - arn: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
  - {arn: 'arn:aws:iam::123456789012:role/Lambda', trusts: [lambda.amazonaws.com]}
  - {arn: 'arn:aws:iam::123456789012:role/Nobody', trusts: []}
`))
	want := Identities{VerifySignatures: true, Callers: map[string]Identity{
		"AKIAANA": {ARN: "arn:aws:iam::123456789012:user/ana", Secret: "one"},
		"ASIABEN": {ARN: "arn:aws:sts::123456789012:assumed-role/Admin/ben", Secret: "two", Token: "three"},
	}, Roles: []Role{{ARN: role}, {ARN: "arn:aws:iam::123456789012:role/Lambda", Trusts: []string{"lambda.amazonaws.com"}},
		{ARN: "arn:aws:iam::123456789012:role/Nobody", Trusts: []string{}}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := ReadIdentities(nil); err != nil || got.Callers != nil || got.Roles != nil {
		t.Errorf("%v %v", got, err)
	}
	for content, want := range map[string]string{
		"callers: []":            "1:10: callers: must be a mapping",
		"caller: {}":             "1:1: caller: is not known here; did you mean callers?",
		"callers: {A: {arn: x}}": `1:11: access key A: "x" is no ARN of a user`,
		"callers: {A: x}":        "1:14: callers.A: must be a mapping",
		"callers:\n  A: {arn: 'arn:aws:iam::123456789012:root', secrt: b}":               "2:46: callers.A.secrt: is not known here; did you mean secret?",
		"verify_signatures: true\ncallers: {A: {arn: 'arn:aws:iam::123456789012:root'}}": "2:11: access key A: its signatures cannot be verified without its secret",
		"verify_signatures: true":  "1:20: verify_signatures: needs callers with their secrets",
		"verify_signatures: often": "1:20: verify_signatures: must be true or false",
		"roles: x":                 "1:8: roles: must be a list of roles",
		"roles: [{arn: x}]":        `1:9: roles[0]: "x" is no ARN of a role`,
		"roles: [{arn: 'arn:aws:iam::123456789012:role/x', trusts: ssm}]": "1:59: roles[0].trusts: must be a list",
		"a: b: c":                        "not valid YAML",
		"roles: []\nroles: []":           "2:1: the key \"roles\" is given twice",
		"{}\n---\n{}":                    "there is a second YAML document; the file holds one",
		strings.Repeat(" ", 1<<20) + " ": "the file is larger than 1 MB",
	} {
		_, err := ReadIdentities([]byte(content))
		var told []string
		for _, p := range runbook.Problems(err) {
			told = append(told, p.String())
		}
		if !strings.Contains(strings.Join(told, "\n"), want) {
			t.Errorf("%.60q: %v, want %s", content, told, want)
		}
	}
}
