package policy_test

import (
	"testing"

	"handrail/policy"
)

// What lists show is what a decision would look at.
func TestCovering(t *testing.T) {
	t.Parallel()
	p := parse(t, `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: [U012ANA, U034ANA]}, ben: {slack: U012BEN}}
groups: {web: {members: [ana]}, night: {usergroup: S0NIGHT}}
windows: {nights: {days: [mon], from: "22:00", until: "05:00", timezone: UTC}}
runbooks:
  restart: {document: AWS-RestartEC2Instance, version: "1", sha256: "1111111111111111111111111111111111111111111111111111111111111111"}
  other: {document: AWS-RestartEC2Instance, version: "1", sha256: "1111111111111111111111111111111111111111111111111111111111111111"}
grants:
  - {name: all, to: [web, night], runbooks: ["*"], channels: ["#ops"], windows: [nights]}
  - {name: ask, to: [ana], runbooks: [restart], channels: [C012SEC], may: [ask], approval: {from: [ben]}}
freezes:
  - {name: one, from: 2026-01-01T00:00:00Z, until: 2026-01-02T00:00:00Z, runbooks: [restart]}
  - {name: two, from: 2026-01-01T00:00:00Z, until: 2026-01-02T00:00:00Z, runbooks: ["*"]}
`)
	member := func(id string, groups ...string) policy.Actor {
		return policy.Actor{ID: id, Standing: policy.StandingMember, UserGroups: groups}
	}
	ops, sec := policy.Channel{ID: "C012OPS", Name: "ops", Known: true}, policy.Channel{ID: "C012SEC", Name: "sec", Known: true, Shared: true}
	for name, tc := range map[string]struct {
		actor   policy.Actor
		channel policy.Channel
		runbook string
		action  policy.Action
		want    string
	}{
		"a member":         {member("U012ANA"), ops, "restart", policy.Run, "all"},
		"another account":  {member("U034ANA"), sec, "restart", policy.Ask, "ask"},
		"a user group":     {member("U012ZED", "S0NIGHT"), ops, "other", policy.Cancel, "all"},
		"another action":   {member("U012ANA"), ops, "restart", policy.Ask, ""},
		"another channel":  {member("U012ANA"), sec, "restart", policy.Run, ""},
		"another runbook":  {member("U012ANA"), sec, "other", policy.Ask, ""},
		"nobody":           {member("U012BEN"), ops, "restart", policy.Run, ""},
		"a guest":          {policy.Actor{ID: "U012ANA", Standing: policy.StandingGuest}, ops, "restart", policy.Run, ""},
		"nowhere":          {member("U012ANA"), policy.Channel{ID: "C012OPS", Name: "ops"}, "restart", policy.Run, ""},
		"no such runbook":  {member("U012ANA"), ops, "nope", policy.Run, ""},
		"a shared channel": {member("U012ANA"), policy.Channel{ID: "C012OPS", Name: "ops", Known: true, Shared: true}, "restart", policy.Run, ""},
	} {
		got := ""
		for _, g := range p.Covering(tc.actor, tc.channel, tc.runbook, tc.action) {
			got += g.Name
		}
		if got != tc.want {
			t.Errorf("%s: covered by %q, want %q", name, got, tc.want)
		}
	}
	if fs := p.FreezesOf("other"); len(fs) != 1 || fs[0].Name != "two" || len(p.FreezesOf("restart")) != 2 {
		t.Errorf("freezes of other: %+v", fs)
	}
	if w, ok := p.Window("nights"); !ok || w.Name != "nights" {
		t.Errorf("window: %+v", w)
	}
	if _, ok := p.Window("days"); ok {
		t.Error("there is a window of no name")
	}
}
