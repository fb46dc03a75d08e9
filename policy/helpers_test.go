package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"handrail/policy"
	"handrail/runbook"
)

const (
	serviceRole = "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"
	otherRole   = "arn:aws:iam::123456789012:role/Admin"
	hash        = "4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f"
	otherHash   = "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12"
)

// example is the policy most tests decide by.
const example = `version: 1
service_role: ` + serviceRole + `
identities:
  ana: {slack: U012ANA}
  ben: {slack: U012BEN}
  dora: {slack: U012DORA}
groups:
  web: {members: [ana, ben]}
  leads: {usergroup: S0LEADS}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: ` + hash + `
    region: eu-west-1
    description: Restarts one web server
    parameters:
      InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 1}
  stop-web:
    document: AWS-StopEC2Instance
    version: 2
    sha256: ` + hash + `
    parameters:
      InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 2}
  drift:
    document: Drifting
    version: latest
    allow_unpinned: true
grants:
  - {name: web-restarts, to: [web], runbooks: [restart-web], channels: ["#ops", "#inc-*"]}
  - {name: watchers, to: [dora], runbooks: [restart-web], channels: ["#ops"], may: [cancel]}
  - {name: leads-all, to: [leads], runbooks: ["*"], channels: ["*", C0SHARED], may: [run, cancel]}
`

func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// content is an Automation document with the given assumeRole line and parameters.
func content(t testing.TB, assumeRole string, parameters ...string) *runbook.Document {
	t.Helper()
	text := "schemaVersion: '0.3'\n" + assumeRole + "\nparameters:\n"
	for _, p := range parameters {
		text += "  " + p + "\n"
	}
	if len(parameters) == 0 {
		text = strings.TrimSuffix(text, "parameters:\n")
	}
	text += "mainSteps:\n  - {name: wait, action: 'aws:sleep', inputs: {Duration: PT1S}}\n"
	doc, err := runbook.Parse([]byte(text))
	if err != nil {
		t.Fatalf("parsing the test's document: %v", err)
	}
	return doc
}

const (
	declaredRole = "AutomationAssumeRole: {type: String, default: ''}"
	declaredID   = "InstanceId: {type: StringList}"
	injected     = "assumeRole: '{{ AutomationAssumeRole }}'"
)

func found(t testing.TB) *policy.Document {
	return held("1", hash, content(t, injected, declaredRole, declaredID))
}

// held is a document of Amazon's as AWS holds it, with nobody to ask about its children.
func held(version, hash string, content *runbook.Document) *policy.Document {
	doc := &policy.Document{State: policy.DocumentFound, Version: version, SHA256: hash, Owner: policy.Amazon}
	return holding(doc, content)
}

// holding puts other content into doc.
func holding(doc *policy.Document, content *runbook.Document) *policy.Document {
	analysis := content.Analyse(nil)
	doc.Content, doc.Analysis = content, &analysis
	return doc
}

// request is ana's, in #ops, to restart one web server; the changes make it another one.
func request(t testing.TB, changes ...func(*policy.Request)) *policy.Request {
	t.Helper()
	r := &policy.Request{
		Action: policy.Run, Entry: policy.ByCommand, Runbook: "restart-web",
		Actor:      policy.Actor{ID: "U012ANA", Team: "T012", Standing: policy.StandingMember},
		Channel:    policy.Channel{ID: "C0OPS", Name: "ops", Known: true},
		Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}},
		Document:   found(t),
		At:         time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
	for _, change := range changes {
		change(r)
	}
	return r
}

func who(id string, groups ...string) func(*policy.Request) {
	return func(r *policy.Request) { r.Actor.ID, r.Actor.UserGroups = id, groups }
}

func standing(s policy.Standing) func(*policy.Request) {
	return func(r *policy.Request) { r.Actor.Standing = s }
}

func where(id, name string) func(*policy.Request) {
	return func(r *policy.Request) { r.Channel.ID, r.Channel.Name = id, name }
}

func shared(r *policy.Request) { r.Channel.Shared = true }

func what(name string) func(*policy.Request) {
	return func(r *policy.Request) { r.Runbook = name }
}

func with(name string, values ...string) func(*policy.Request) {
	return func(r *policy.Request) { r.Parameters[name] = values }
}

func without(name string) func(*policy.Request) {
	return func(r *policy.Request) { delete(r.Parameters, name) }
}

func document(change func(*policy.Document)) func(*policy.Request) {
	return func(r *policy.Request) { change(r.Document) }
}

func cancels(requester string) func(*policy.Request) {
	return func(r *policy.Request) {
		r.Action, r.Requester, r.Execution = policy.Cancel, requester, "r-1"
		r.Document, r.Parameters = nil, nil
	}
}

func many(n int, format string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(format, i)
	}
	return out
}
