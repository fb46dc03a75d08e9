package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"handrail/local/ssmserver"
)

const pinnedParent = `schemaVersion: "0.3"
assumeRole: "{{ AutomationAssumeRole }}"
parameters: {AutomationAssumeRole: {type: String, default: ""}}
mainSteps:
  - name: child
    action: aws:executeAutomation
    inputs: {DocumentName: Our-Child, DocumentVersion: "1", RuntimeParameters: {AutomationAssumeRole: "{{ AutomationAssumeRole }}"}}
`

const pinnedChild = `schemaVersion: "0.3"
assumeRole: "{{ AutomationAssumeRole }}"
parameters: {AutomationAssumeRole: {type: String, default: ""}}
mainSteps:
  - {name: nap, action: "aws:sleep", inputs: {Duration: PT1S}}
`

const unpinnedPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}}
groups: {web: {members: [ana]}}
runbooks:
  # what everybody uses
  parent:
    document: Our-Parent # ours
grants:
  - {name: all, to: [web], runbooks: [parent], channels: ["#ops"]}
`

// desk is a folder with a policy, a configuration and a local SSM behind it.
type desk struct {
	*testing.T
	dir    string
	client *ssm.Client
}

func newDesk(t *testing.T) *desk {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	d := &desk{T: t, dir: t.TempDir()}
	url := localSSM(t)
	cfg, err := awsConfig{Region: "eu-west-1"}.load(t.Context())
	check(t, err)
	d.client = ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.BaseEndpoint = aws.String(url) })
	d.put("handrail.yaml", fmt.Sprintf("slack: {bot_token: \"${env:A}\", app_token: \"${env:B}\"}\naws: {region: eu-west-1, endpoint_url: %s, quotas: {document: 1000}}\n", url))
	d.put("policy.yaml", unpinnedPolicy)
	return d
}

func (d *desk) put(name, text string) {
	d.Helper()
	check(d.T, os.MkdirAll(filepath.Dir(filepath.Join(d.dir, name)), 0o700))
	check(d.T, os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600))
}

func (d *desk) get(name string) string {
	d.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, name))
	check(d.T, err)
	return string(text)
}

func (d *desk) create(name, content string) {
	d.Helper()
	_, err := d.client.CreateDocument(d.Context(), &ssm.CreateDocumentInput{Name: &name, Content: &content, DocumentType: types.DocumentTypeAutomation, DocumentFormat: types.DocumentFormatYaml})
	check(d.T, err)
}

func (d *desk) update(name, content string) {
	d.Helper()
	out, err := d.client.UpdateDocument(d.Context(), &ssm.UpdateDocumentInput{Name: &name, Content: &content, DocumentVersion: aws.String("$LATEST"), DocumentFormat: types.DocumentFormatYaml})
	check(d.T, err)
	_, err = d.client.UpdateDocumentDefaultVersion(d.Context(), &ssm.UpdateDocumentDefaultVersionInput{Name: &name, DocumentVersion: out.DocumentDescription.DocumentVersion})
	check(d.T, err)
}

// pin runs bot policy pin and returns what it prints.
func (d *desk) pin(want int, args ...string) string {
	d.Helper()
	var out, failed strings.Builder
	args = append([]string{"policy", "pin", filepath.Join(d.dir, "policy.yaml"), "--config", filepath.Join(d.dir, "handrail.yaml")}, args...)
	if code := run(context.WithoutCancel(d.Context()), args, streams{&out, &failed}); code != want {
		d.Errorf("it ends with %d, want %d:\n%s%s", code, want, out.String(), failed.String())
	}
	return strings.ReplaceAll(out.String()+failed.String(), d.dir+"/", "")
}

// says fails unless all of want are in text.
func (d *desk) says(text string, want ...string) {
	d.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			d.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

func TestPolicyPin(t *testing.T) {
	d := newDesk(t)
	d.create("Our-Child", pinnedChild)
	d.create("Our-Parent", pinnedParent)

	d.says(d.pin(1, "--dry-run"), "parent: Our-Parent version 1: sha256 ", "parent: Our-Child version 1: sha256 ", "policy.yaml would change: 1 runbook.", "not up to date")
	if d.get("policy.yaml") != unpinnedPolicy {
		t.Error("a dry run has written the policy")
	}
	d.says(d.pin(0), "policy.yaml is written: 1 runbook pinned.")
	first := d.get("policy.yaml")
	d.says(first, "  # what everybody uses\n  parent:\n    document: Our-Parent # ours\n    version: \"1\"\n    sha256: ", "    children:\n      - {document: Our-Child, version: \"1\", sha256: ")
	d.says(d.pin(0), "policy.yaml is up to date: 1 runbook.")
	d.pin(0, "--dry-run")

	d.update("Our-Parent", strings.Replace(pinnedParent, "name: child", "name: the_child", 1))
	d.says(d.pin(0, "--to", "same"), "up to date")
	moved := d.pin(0)
	d.says(moved, "parent: Our-Parent version 2: sha256 ", "  was version 1: sha256 ", "--- Our-Parent version 1\n+++ Our-Parent version 2\n@@ ", "-- name: child\n", "+- name: the_child\n")
	if second := d.get("policy.yaml"); second == first || !strings.Contains(second, `version: "2"`) || strings.Count(second, "\n") != strings.Count(first, "\n") {
		t.Errorf("the policy is\n%s", second)
	}

	_, err := d.client.DeleteDocument(d.Context(), &ssm.DeleteDocumentInput{Name: aws.String("Our-Parent")})
	check(t, err)
	before := d.get("policy.yaml")
	d.says(d.pin(1), "policy.yaml:7: parent: there is no document Our-Parent in eu-west-1 any more; mend its name or region, or remove the runbook",
		"1 runbook cannot be pinned, so policy.yaml stays as it is")
	if d.get("policy.yaml") != before {
		t.Error("the policy was written all the same")
	}
	d.create("Our-Parent", pinnedParent+"# another\n")
	d.says(d.pin(0), "The old content is not to be had any more (", "so read the new one whole.")
}

func TestPolicyPinFromAFolder(t *testing.T) {
	d := newDesk(t)
	content, err := os.ReadFile("../../local/ssmserver/documents/AWS-RestartEC2Instance.yaml")
	check(t, err)
	d.put("documents/Our-Parent.yaml", string(content))
	got := d.pin(0, "--documents", filepath.Join(d.dir, "documents"))
	hash, _ := ssmserver.DocumentHash("AWS-RestartEC2Instance")
	d.says(d.get("policy.yaml"), "version: \"1\"\n    sha256: "+hash+"\n")
	d.says(got, "policy.yaml:7: parent is pinned and will not run: Our-Parent needs InstanceId, which the policy does not list, so nobody can run it.")

	d.says(d.pin(2, "--documents", filepath.Join(d.dir, "nowhere")), "reading the documents: ")
	d.says(d.pin(2, "--runbook", "paren"), "policy.yaml has no runbook paren. Did you mean parent?")
	d.put("policy.yaml", "version: 1\nrunbooks: []\n")
	d.says(d.pin(2), "policy.yaml:1:1: The policy has no runbooks.")
	d.put("policy.yaml", strings.Replace(unpinnedPolicy, "document: Our-Parent", "version: latest\n    allow_unpinned: true\n    document: Our-Parent", 1))
	d.says(d.pin(0), "policy.yaml:7: parent is not pinned: it says allow_unpinned.", "up to date")
}
