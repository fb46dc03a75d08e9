package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"handrail/policy"
	"handrail/runbook"
)

// full has every key that a policy can have.
const full = `version: 1
service_role: ` + serviceRole + `
identities:
  ana: {slack: U012ANA}
  eve: {slack: [U012EVE, W012EVE, U034EVE]}
groups:
  web: {members: [ana, eve]}
  leads: {usergroup: S0LEADS}
windows:
  nights: {days: [mon, tue], from: "22:00", until: "05:00", timezone: Europe/Oslo}
runbooks:
  failover-db:
    document: Failover
    version: "3"
    sha256: ` + hash + `
    targets: DBClusterIdentifier
    parameters:
      DBClusterIdentifier: {allow: [orders, billing], max_items: 2}
      Reason: {pattern: "[a-z]{1,10}"}
      Retries: {min: 1, max: 10}
      Password: {secret: true}
    children: [{document: Child, version: 2, sha256: ` + otherHash + `}]
    attachments: [{name: script.zip, sha256: ` + otherHash + `}]
    locations: [{accounts: ["123456789012", ou-ab12-cdefghij], regions: [eu-west-1], execution_role: Runner}]
    accept: [passes-role]
    steps: [{step: Confirm, from: [leads], count: 2, require_identity: true}]
grants:
  - name: failovers
    to: [web]
    runbooks: [failover-db]
    channels: ["#ops"]
    windows: [nights]
    limits: {at_once: 2, per_hour: 10, targets: 3}
    approval: {from: [leads, eve], count: 1, expires: 30m, channel: "#approvals", require_identity: true}
  - {name: asking, to: [web], runbooks: [failover-db], channels: ["#ops"], may: [ask, cancel], approval: {from: [leads]}}
  - {name: emergencies, to: [leads], runbooks: ["*"], channels: ["#ops"], may: [run, lock], when: incident.open, break_glass: {notify: C0SECURITY}}
denials:
  - {name: not-there, runbooks: ["*"], to: [web], channels: ["#random"], may: [run], when: size(targets) > 1, reason: Not where everybody reads}
freezes:
  - {name: year-end, from: 2026-12-24T00:00:00Z, until: "2027-01-02T01:00:00+01:00", runbooks: ["*"], reason: Holidays, owner: leads, override: [leads]}
`

func TestEveryKeyIsRead(t *testing.T) {
	t.Parallel()
	p := parse(t, full)
	one, ten := int64(1), int64(10)
	b, _ := p.Runbook("failover-db")
	want := &policy.Runbook{
		Name: "failover-db", Document: "Failover", Version: "3", SHA256: hash, Targets: "DBClusterIdentifier", Line: 12,
		Parameters: []policy.Parameter{
			{Name: "DBClusterIdentifier", Allow: []string{"orders", "billing"}, MaxItems: 2, Line: 18},
			{Name: "Password", Secret: true, MaxItems: 1, Line: 21},
			{Name: "Reason", Pattern: "[a-z]{1,10}", MaxItems: 1, Line: 19},
			{Name: "Retries", Min: &one, Max: &ten, MaxItems: 1, Line: 20},
		},
		Children:    []policy.Pin{{Name: "Child", Version: "2", SHA256: otherHash}},
		Attachments: []policy.Pin{{Name: "script.zip", SHA256: otherHash}},
		Locations:   []policy.Location{{Accounts: []string{"123456789012", "ou-ab12-cdefghij"}, Regions: []string{"eu-west-1"}, ExecutionRole: "Runner"}},
		Accepts:     []runbook.EscapeKind{runbook.PassesRole},
		Steps:       []policy.StepRule{{Step: "Confirm", Approval: policy.Approval{From: []string{"leads"}, Count: 2, RequireIdentity: true}}},
	}
	if diff := cmp.Diff(want, b, cmpopts.IgnoreUnexported(policy.Runbook{}, policy.Parameter{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]policy.Identity{{Name: "ana", Slack: []string{"U012ANA"}}, {Name: "eve", Slack: []string{"U012EVE", "W012EVE", "U034EVE"}}}, p.Identities()); diff != "" {
		t.Error(diff)
	}
	grants := []*policy.Grant{
		{
			Name: "asking", To: []string{"web"}, Runbooks: []string{"failover-db"}, Channels: []string{"#ops"}, May: []policy.Action{policy.Ask, policy.Cancel}, Line: 35,
			Approval: &policy.Approval{From: []string{"leads"}, Count: 1, Expires: policy.DefaultExpires},
		},
		{
			Name: "emergencies", To: []string{"leads"}, Runbooks: []string{"*"}, Channels: []string{"#ops"}, May: []policy.Action{policy.Run, policy.Locking}, Line: 36,
			When: &policy.Condition{Source: "incident.open"}, BreakGlass: &policy.BreakGlass{Notify: "C0SECURITY"},
		},
		{
			Name: "failovers", To: []string{"web"}, Runbooks: []string{"failover-db"}, Channels: []string{"#ops"}, May: []policy.Action{policy.Run, policy.Cancel}, Line: 28,
			Windows: []string{"nights"}, Limits: policy.Limits{AtOnce: 2, PerHour: 10, Targets: 3},
			Approval: &policy.Approval{From: []string{"leads", "eve"}, Count: 1, Expires: 30 * time.Minute, Channel: "#approvals", RequireIdentity: true},
		},
	}
	if diff := cmp.Diff(grants, p.Grants(), cmpopts.IgnoreUnexported(policy.Condition{})); diff != "" {
		t.Error(diff)
	}
	denials := []*policy.Denial{{
		Name: "not-there", To: []string{"web"}, Runbooks: []string{"*"}, Channels: []string{"#random"}, May: []policy.Action{policy.Run},
		When: &policy.Condition{Source: "size(targets) > 1"}, Reason: "Not where everybody reads", Line: 38,
	}}
	if diff := cmp.Diff(denials, p.Denials(), cmpopts.IgnoreUnexported(policy.Condition{})); diff != "" {
		t.Error(diff)
	}
	freezes := []*policy.Freeze{{
		Name: "year-end", From: time.Date(2026, 12, 24, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC),
		Runbooks: []string{"*"}, Reason: "Holidays", Owner: "leads", Override: []string{"leads"}, Line: 40,
	}}
	if diff := cmp.Diff(freezes, p.Freezes(), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Error(diff)
	}
}
