package policy_test

import (
	"testing"

	"handrail/policy"
)

func matrixTable() table {
	return table{
		people:  [][2]string{{"ana", "U0ANA"}, {"ben", "U0BEN"}, {"dora", "U0DORA"}, {"idle", "U0IDLE"}},
		members: map[string][]string{"web": {"ana", "ben"}, "db": {"ben"}},
		slack:   map[string]string{"leads": "S0LEADS", "oncall": "S0ONCALL"},
		runbooks: []tableRunbook{
			{name: "restart-web", allow: map[string][]string{"Id": {"i-1", "i-2"}}, max: 1, pinned: true},
			{name: "failover-db", allow: map[string][]string{"Id": {"i-2", "i-3"}}, max: 2, pinned: true},
			{name: "drift"},
			{name: "unused", pinned: true},
		},
		grants: []tableGrant{
			{name: "web", to: []string{"web"}, runbooks: []string{"restart-web"}, channels: []string{"#ops", "#inc-*"}},
			{name: "db", to: []string{"db", "dora"}, runbooks: []string{"failover-db", "drift"}, channels: []string{"C0DB", "D0BEN"}, may: []policy.Action{policy.Run}},
			{name: "stop", to: []string{"dora", "oncall"}, runbooks: []string{"*"}, channels: []string{"*"}, may: []policy.Action{policy.Cancel}},
			{name: "leads", to: []string{"leads"}, runbooks: []string{"*"}, channels: []string{"#*", "C0SHARED"}},
		},
	}
}

// Every kind of actor, in every kind of channel, on every runbook, with every kind of parameters and document, doing
// everything, by every entry: the decision is the oracle's.
func TestMatrix(t *testing.T) {
	t.Parallel()
	rules := matrixTable()
	p := parse(t, rules.yaml())
	questions, yes := 0, 0
	for _, r := range matrix(t) {
		for _, entry := range []policy.Entry{policy.ByCommand, policy.ByMention, policy.ByButton} {
			r.Entry = entry
			questions++
			d, want := policy.Decide(p, r), rules.judge(r)
			if d.Allowed() {
				yes++
			}
			if !want.agrees(d) {
				t.Fatalf("decided %q by %q, the oracle has %+v for %+v", d.Code(), d.Rule(), want, r)
			}
			if d.Allowed() && r.Action == policy.Run && d.Role() != serviceRole {
				t.Fatalf("runs under %q", d.Role())
			}
		}
	}
	t.Logf("%d questions, %d times yes", questions, yes)
	if questions < 13_000 || yes < 300 {
		t.Errorf("only %d questions, %d times yes", questions, yes)
	}
}

func matrix(t *testing.T) []*policy.Request {
	t.Helper()
	member := func(id string, groups ...string) policy.Actor {
		return policy.Actor{ID: id, Standing: policy.StandingMember, UserGroups: groups}
	}
	actors := []policy.Actor{
		member("U0ANA"), member("U0BEN"), member("U0DORA"), member("U0IDLE"), member("U0NOBODY"), member(""), member("u0ana"), member("W0ANA"),
		member("U0NOBODY", "S0LEADS"), member("U0ANA", "S0LEADS"), member("U0NOBODY", "S0ONCALL", "S0OTHER"), member("U0NOBODY", "S0OTHER"),
		{ID: "U0ANA"}, {ID: "U0ANA", Standing: policy.StandingGuest}, {ID: "U0ANA", Standing: policy.StandingBot},
		{ID: "U0ANA", Standing: policy.StandingDeactivated}, {ID: "U0ANA", Standing: policy.StandingExternal, UserGroups: []string{"S0LEADS"}},
	}
	channels := []policy.Channel{
		{ID: "C0OPS", Name: "ops", Known: true}, {ID: "C0INC", Name: "inc-204", Known: true}, {ID: "C0INC", Name: "inc-", Known: true},
		{ID: "C0X", Name: "xinc-204", Known: true}, {ID: "C0DB", Name: "renamed", Known: true}, {ID: "D0BEN", Known: true}, {ID: "D0ANA", Known: true},
		{ID: "C0OPS", Name: "ops", Known: true, Shared: true}, {ID: "C0SHARED", Name: "partners", Known: true, Shared: true},
		{ID: "C0OPS", Name: "ops"}, {Name: "ops", Known: true},
	}
	given := []map[string][]string{
		nil, {"Id": {"i-1"}}, {"Id": {"i-2"}}, {"Id": {"i-2", "i-3"}}, {"Id": {"i-9"}}, {"Id": {}}, {"id": {"i-1"}},
		{"Id": {"{{x}}"}}, {"Id": {"i-2"}, "AutomationAssumeRole": {serviceRole}}, {"Id": {"i-2"}, "Other": {"x"}},
	}
	doc := content(t, injected, declaredRole, "Id: {type: StringList}")
	bare := content(t, injected, declaredRole)
	documents := []*policy.Document{
		nil, held("1", hash, doc), held("2", otherHash, bare), held("1", otherHash, doc),
	}
	var all []*policy.Request
	for _, actor := range actors {
		for _, channel := range channels {
			for _, runbook := range []string{"restart-web", "failover-db", "drift", "unused", "missing", ""} {
				base := policy.Request{Actor: actor, Channel: channel, Runbook: runbook}
				for _, requester := range []string{"U0ANA", "U0NOBODY", ""} {
					r := base
					r.Action, r.Requester, r.Execution = policy.Cancel, requester, "r-1"
					all = append(all, &r)
				}
				for _, parameters := range given {
					for _, document := range documents {
						r := base
						r.Action, r.Parameters, r.Document = policy.Run, parameters, document
						all = append(all, &r)
					}
				}
			}
		}
	}
	return all
}
