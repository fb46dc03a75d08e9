package policy_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"handrail/policy"
	"handrail/runbook"
)

// keeper is a policy with one runbook, which takes what extra says.
func keeper(t testing.TB, extra ...string) *policy.Policy {
	t.Helper()
	return parse(t, `version: 1
service_role: `+serviceRole+`
identities: {ana: {slack: U012ANA}}
groups: {web: {members: [ana]}}
runbooks:
  it:
    document: Doc
    version: "1"
    sha256: `+hash+`
`+strings.Join(extra, "\n")+`
grants:
  - {name: all, to: [web], runbooks: [it], channels: ["#ops"]}
`)
}

// shelf are documents that others start, by name; each is Amazon's, in version 1, and has hash.
type shelf map[string]string

// survey is what a catalogue would say of a document.
func survey(t testing.TB, text string, children shelf) *policy.Document {
	t.Helper()
	content, err := runbook.Parse([]byte(text))
	if err != nil {
		return &policy.Document{State: policy.DocumentFound, Version: "1", SHA256: hash, Owner: policy.Amazon, Problem: err.Error()}
	}
	doc := &policy.Document{State: policy.DocumentFound, Version: "1", SHA256: hash, Owner: policy.Amazon, Content: content}
	analysis := content.Analyse(func(name, version string) (*runbook.Document, error) {
		child, ok := children[name]
		if !ok || version != "" && version != "1" {
			return nil, errors.New("no such document")
		}
		held := policy.Child{Pin: policy.Pin{Name: name, Version: "1", SHA256: hash}, Owner: policy.Amazon}
		if !slices.Contains(doc.Children, held) {
			doc.Children = append(doc.Children, held)
		}
		return runbook.Parse([]byte(child))
	})
	doc.Analysis = &analysis
	return doc
}

// answer is what the policy says to ana about a document.
func answer(p *policy.Policy, doc *policy.Document) policy.Decision {
	return policy.Decide(p, &policy.Request{Action: policy.Run, Entry: policy.ByCommand, Runbook: "it", Document: doc,
		Actor:   policy.Actor{ID: "U012ANA", Team: "T012", Standing: policy.StandingMember},
		Channel: policy.Channel{ID: "C0OPS", Name: "ops", Known: true}, Region: "eu-west-1"})
}

// steps is a document with these steps, under the role that it is given.
func steps(lines ...string) string {
	return "schemaVersion: '0.3'\n" + injected + "\nparameters: {AutomationAssumeRole: {type: String, default: ''}, Name: {type: String, default: x}}\nmainSteps:\n  - " +
		strings.Join(lines, "\n  - ") + "\n"
}

const nap = `{name: nap, action: "aws:sleep", inputs: {Duration: PT1S}}`

// The documents that come with the local SSM run as they are, but those that start a child in whatever version is current.
func TestBuiltinDocuments(t *testing.T) {
	t.Parallel()
	const folder = "../local/ssmserver/documents"
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < 20 {
		t.Fatal(len(entries), err)
	}
	all := shelf{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(entry.Name(), ".yaml")] = string(text)
	}
	moving := []string{"AWS-RestartEC2InstanceWithApproval", "AWS-StartEC2InstanceWithApproval", "AWS-StopEC2InstanceWithApproval", "AWS-TerminateEC2InstanceWithApproval"}
	for name, text := range all {
		doc := survey(t, text, all)
		want := policy.Code("")
		if slices.Contains(moving, name) {
			want = policy.CodeChildUnpinned
		}
		if got := contentCode(t, keeper(t), doc); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if got := contentCode(t, keeper(t, "    allow_unpinned: true"), doc); got != "" {
			t.Errorf("%s, allowed unpinned: %q", name, got)
		}
	}
}

// contentCode is what Verify has against a document, beside parameters that the policy does not list.
func contentCode(t testing.TB, p *policy.Policy, doc *policy.Document) policy.Code {
	t.Helper()
	rb, _ := p.Runbook("it")
	var m *policy.Mismatch
	if err := p.Verify(rb, doc); errors.As(err, &m) && m.Code != policy.CodeParameterMissing {
		return m.Code
	}
	return ""
}

// Each way out of the role is a no, and a yes only where the policy names that way.
func TestEachEscapeIsDeniedByDefault(t *testing.T) {
	t.Parallel()
	children := shelf{
		"Plain":    steps(nap),
		"NoRole":   "schemaVersion: '0.3'\nmainSteps:\n  - " + nap + "\n",
		"Fixed":    "schemaVersion: '0.3'\nassumeRole: " + otherRole + "\nmainSteps:\n  - " + nap + "\n",
		"Assuming": steps(`{name: s, action: "aws:executeAwsApi", inputs: {Service: sts, Api: AssumeRole, RoleArn: x}}`),
	}
	child := func(name, rest string) string {
		return `{name: go, action: "aws:executeAutomation", inputs: {DocumentName: ` + name + `, DocumentVersion: "1"` + rest + `}}`
	}
	const passed = `, RuntimeParameters: {AutomationAssumeRole: "{{ AutomationAssumeRole }}"}`
	pins := "    children: [{document: Plain, version: '1', sha256: " + hash + "}, {document: NoRole, version: '1', sha256: " + hash +
		"}, {document: Fixed, version: '1', sha256: " + hash + "}, {document: Assuming, version: '1', sha256: " + hash + "}]"
	for name, c := range map[string]struct {
		step string
		kind runbook.EscapeKind
	}{
		"sts AssumeRole":            {`{name: s, action: "aws:executeAwsApi", inputs: {Service: sts, Api: AssumeRole, RoleArn: x}}`, runbook.AssumesRole},
		"a script that assumes":     {`{name: s, action: "aws:executeScript", inputs: {Runtime: python3.11, Handler: f, Script: "import boto3\ndef f(e, c):\n  boto3.client('sts').get_session_token()"}}`, runbook.AssumesRole},
		"a script that starts":      {`{name: s, action: "aws:executeScript", inputs: {Runtime: python3.11, Handler: f, Script: "import boto3\ndef f(e, c):\n  boto3.client('ssm').start_automation_execution(DocumentName='x')"}}`, runbook.StartsAutomation},
		"a script nobody can read":  {`{name: s, action: "aws:executeScript", inputs: {Runtime: python3.11, Handler: f, Attachment: x.zip}}`, runbook.Hidden},
		"a webhook":                 {`{name: s, action: "aws:invokeWebhook", inputs: {IntegrationName: x}}`, runbook.OwnRole},
		"a function":                {`{name: s, action: "aws:invokeLambdaFunction", inputs: {FunctionName: x}}`, runbook.OwnRole},
		"a state machine":           {`{name: s, action: "aws:executeStateMachine", inputs: {stateMachineArn: x}}`, runbook.OwnRole},
		"a stack with rights":       {`{name: s, action: "aws:createStack", inputs: {StackName: x, TemplateBody: "{}", Capabilities: [CAPABILITY_IAM]}}`, runbook.ChangesRights},
		"a stack with a role":       {`{name: s, action: "aws:createStack", inputs: {StackName: x, TemplateBody: "{}", RoleARN: "` + otherRole + `"}}`, runbook.PassesRole},
		"a stack from elsewhere":    {`{name: s, action: "aws:createStack", inputs: {StackName: x, TemplateURL: "https://x"}}`, runbook.Hidden},
		"instances with a profile":  {`{name: s, action: "aws:runInstances", inputs: {ImageId: x, IamInstanceProfileName: x}}`, runbook.PassesRole},
		"a command with a role":     {`{name: s, action: "aws:runCommand", inputs: {DocumentName: AWS-RunPatchBaseline, InstanceIds: [x], ServiceRoleArn: "` + otherRole + `"}}`, runbook.PassesRole},
		"an automation by the API":  {`{name: s, action: "aws:executeAwsApi", inputs: {Service: ssm, Api: StartAutomationExecution, DocumentName: x}}`, runbook.StartsAutomation},
		"rights":                    {`{name: s, action: "aws:executeAwsApi", inputs: {Service: iam, Api: AttachRolePolicy, RoleName: x, PolicyArn: y}}`, runbook.ChangesRights},
		"an operation nobody knows": {`{name: s, action: "aws:executeAwsApi", inputs: {Service: ec2, Api: "{{ Name }}"}}`, runbook.Hidden},
		"a child without the role":  {child("Plain", ""), runbook.ChildWithoutRole},
		"a child that has none":     {child("NoRole", passed), runbook.ChildWithoutRole},
		"a child with another":      {child("Plain", `, RuntimeParameters: {AutomationAssumeRole: "`+otherRole+`"}`), runbook.ChildWithOtherRole},
		"a child that names its":    {child("Fixed", passed), runbook.ChildWithOtherRole},
		"a child that assumes":      {child("Assuming", passed), runbook.AssumesRole},
		"a child nobody can name":   {`{name: go, action: "aws:executeAutomation", inputs: {DocumentName: "{{ Name }}", DocumentVersion: "1"` + passed + `}}`, runbook.ChildUnclear},
	} {
		doc := survey(t, steps(c.step), children)
		d := answer(keeper(t, pins), doc)
		if e := d.Explain(); d.Code() != policy.CodeRoleEscape || !strings.Contains(e.Sentence, "Doc may leave the service role in step ") || !strings.Contains(e.Sentence, "(line 5)") {
			t.Errorf("%s: %s: %s", name, d.Code(), e.Sentence)
		}
		if got := answer(keeper(t, pins, fmt.Sprintf("    accept: [%s]", c.kind)), doc).Code(); got != policy.CodeGranted {
			t.Errorf("%s, with accept %s: %s", name, c.kind, got)
		}
		for _, other := range []runbook.EscapeKind{runbook.RoleIsFixed, runbook.OtherLocations} {
			if got := answer(keeper(t, pins, fmt.Sprintf("    accept: [%s]", other)), doc).Code(); got != policy.CodeRoleEscape {
				t.Errorf("%s, with accept %s: %s", name, other, got)
			}
		}
	}
	d := answer(keeper(t, pins), survey(t, steps(child("Assuming", passed)), children))
	const want = "Doc may leave the service role in step go (line 5), through Assuming step s (line 5): sts AssumeRole gets credentials of another identity."
	if got := d.Explain().Sentence; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := answer(keeper(t, pins), survey(t, steps(child("Plain", passed)), children)).Code(); got != policy.CodeGranted {
		t.Errorf("a child under the role: %s", got)
	}
}

func TestNothingOfADocumentIsUnknown(t *testing.T) {
	t.Parallel()
	p := keeper(t)
	doc := survey(t, steps(nap), nil)
	if got := answer(p, doc).Code(); got != policy.CodeGranted {
		t.Fatal(got)
	}
	for name, c := range map[string]struct {
		change func(*policy.Document)
		want   policy.Code
	}{
		"nobody looked at what it starts": {func(d *policy.Document) { d.Analysis = nil }, policy.CodeRoleEscape},
		"more ways out than are listed": {func(d *policy.Document) {
			d.Analysis = &runbook.Analysis{Escapes: slices.Repeat([]runbook.Escape{{Kind: runbook.RoleHasDefault, Parameter: "AutomationAssumeRole"}}, runbook.MaxEscapes)}
		}, policy.CodeRoleEscape},
		"no owner":                 {func(d *policy.Document) { d.Owner = "" }, policy.CodeOwnerOther},
		"another account":          {func(d *policy.Document) { d.Owner = "999999999999" }, policy.CodeOwnerOther},
		"Amazon in other letters":  {func(d *policy.Document) { d.Owner = "amazon" }, policy.CodeOwnerOther},
		"a child of somebody else": {func(d *policy.Document) { d.Children = []policy.Child{{Owner: "999999999999"}} }, policy.CodeOwnerOther},
		"the role's account":       {func(d *policy.Document) { d.Owner = "123456789012" }, policy.CodeGranted},
		"a file":                   {func(d *policy.Document) { d.Attachments = []policy.Pin{{Name: "a.zip", SHA256: hash}} }, policy.CodeAttachmentOther},
		"a kind that nobody knows": {func(d *policy.Document) { d.Analysis = &runbook.Analysis{Escapes: []runbook.Escape{{Kind: "new"}}} }, policy.CodeRoleEscape},
		"a default that is not set": {func(d *policy.Document) {
			d.Analysis = &runbook.Analysis{Escapes: []runbook.Escape{{Kind: runbook.RoleHasDefault, Parameter: "Other"}}}
		}, policy.CodeRoleEscape},
		"a default that is": {func(d *policy.Document) {
			d.Analysis = &runbook.Analysis{Escapes: []runbook.Escape{{Kind: runbook.RoleHasDefault, Parameter: "AutomationAssumeRole"}}}
		}, policy.CodeGranted},
	} {
		changed := *doc
		c.change(&changed)
		if got := answer(p, &changed); got.Code() != c.want {
			t.Errorf("%s: %s (%s), want %s", name, got.Code(), got.Explain().Sentence, c.want)
		}
	}
}
