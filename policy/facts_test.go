package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

// The record of a decision has what it takes to make it again, and to do later exactly what was asked for.
func TestFacts(t *testing.T) {
	t.Parallel()
	rules := fullTable()
	p := parse(t, rules.yaml())
	record := func(r *policy.Request) policy.Record {
		j := &journal{}
		if _, err := policy.NewGate(p).Check(t.Context(), j, "", r.Execution, r); err != nil {
			t.Fatal(err)
		}
		return j.records[0]
	}
	doc := held("1", hash, content(t, injected, declaredRole, "Id: {type: StringList, default: []}", "Other: {type: String, default: ''}"))
	run := policy.Request{
		Action: policy.Run, Entry: policy.ByForm, Actor: person("U0ANA", "S0Z", "S0A"), Channel: policy.Channel{ID: "C0OPS", Name: "ops", Known: true},
		Runbook: "failover-db", Parameters: map[string][]string{"Id": {"i-1"}}, Document: doc, Execution: "x-1", At: tuesday, Reason: "why\x00not",
		Incident: &policy.Incident{ID: "inc-1", Severity: 3}, ApproveBy: tuesday.Add(time.Minute),
	}
	facts := policy.Facts{
		Standing: policy.StandingMember, UserGroups: []string{"S0A", "S0Z"}, ChannelName: "ops", Document: "Doc-failover-db", Version: "1", SHA256: hash,
		Reason: `"why\x00not"`, Incident: &policy.Incident{ID: "inc-1", Severity: 3}, Digest: policy.Decide(p, &run).Bound().Digest(),
	}
	got := record(&run)
	if diff := cmp.Diff(facts, got.Facts); diff != "" || got.Code != policy.CodeApprovalNeeded || got.Allowed || got.Parameters["Id"][0] != "i-1" {
		t.Errorf("a run that waits: %s %s", got.Code, diff)
	}
	answer := policy.Request{
		Action: policy.Approve, Entry: policy.ByButton, Actor: person("U0KIM"), Channel: run.Channel, Runbook: run.Runbook, Execution: "x-1", At: tuesday,
		Subject: &run, Digest: facts.Digest,
	}
	got = record(&answer)
	if got.Code != policy.CodeApprover || !got.Allowed || got.Rule != "failovers" || got.Facts.Digest != facts.Digest || got.Facts.Requester != "U0ANA" {
		t.Errorf("an approval: %+v", got)
	}
	answer.Subject, answer.Step, answer.Requester, answer.Digest = nil, "Confirm\u202e", "U0ANA", ""
	if got = record(&answer); got.Code != policy.CodeNothingToApprove || got.Facts.Step != `"Confirm\u202e"` || got.Facts.Requester != "U0ANA" {
		t.Errorf("a step: %+v", got)
	}
	cancel := policy.Request{Action: policy.Cancel, Entry: policy.ByButton, Actor: person("U0ANA"), Channel: run.Channel, Runbook: run.Runbook, Execution: "x-1", Requester: "U0BEN", At: tuesday}
	if got = record(&cancel); got.Facts.Requester != "U0BEN" {
		t.Errorf("a cancel: %+v", got)
	}
	emergency := run
	emergency.Actor, emergency.BreakGlass = person("U0KIM"), true
	if got = record(&emergency); got.Code != policy.CodeBreakGlass || !got.Facts.BreakGlass || got.Rule != "glass" {
		t.Errorf("an emergency: %+v", got)
	}
}

// A person who may not run something, but may ask for it, can later ask for exactly what was refused.
func TestFactsOfWhoMayAsk(t *testing.T) {
	t.Parallel()
	rules := fullTable()
	rules.runbooks[0].max = 12
	rules.runbooks[0].allow = map[string][]string{"Id": many(12, "i-%d")}
	p := parse(t, rules.yaml())
	r := &policy.Request{
		Action: policy.Run, Entry: policy.ByForm, Actor: person("U0DORA"), Channel: policy.Channel{ID: "C0OPS", Name: "ops", Known: true}, Execution: "x-1",
		Runbook: "restart-web", Parameters: map[string][]string{"Id": many(12, "i-%d")}, At: tuesday,
		Document: held("1", hash, content(t, injected, declaredRole, "Id: {type: StringList}")),
	}
	for name, tc := range map[string]struct {
		change func(*policy.Request)
		ask    bool
	}{
		"as it is": {func(*policy.Request) {}, true}, "elsewhere": {where("C0X", "x"), false}, "a value not allowed": {with("Id", "z"), false},
		"another runbook": {what("failover-db"), false}, "frozen for all": {at(hardTime), false}, "frozen": {at(yearEnd), true}, "unknown": {what("nothing"), false},
		"a cancel": {func(r *policy.Request) { r.Action, r.Requester = policy.Cancel, "U0ANA" }, false}, "an ask": {func(r *policy.Request) { r.Action = policy.Ask }, false},
	} {
		q, j := *r, &journal{}
		q.Parameters = map[string][]string{"Id": r.Parameters["Id"]}
		tc.change(&q)
		d, err := policy.NewGate(p).Check(t.Context(), j, "", "", &q)
		if err != nil {
			t.Fatal(err)
		}
		e, rec := d.Explain(), j.records[0]
		if rec.Facts.Ask != tc.ask || e.Ask != tc.ask || (e.AskRule == "asks") != tc.ask || tc.ask && (len(rec.Parameters["Id"]) != 12 || len(e.Approvers) != 1) {
			t.Errorf("%s: %s, may ask %v by %q: %v", name, d.Code(), rec.Facts.Ask, e.AskRule, rec.Parameters)
		}
	}
}

// A denial for a user group holds for whom nobody can say whether they are in it. A grant does not.
func TestUnreadUserGroups(t *testing.T) {
	t.Parallel()
	rules := fullTable()
	rules.denials = []tableDenial{{name: "no-oncall", to: []string{"oncall"}, runbooks: []string{"restart-web"}}}
	p := parse(t, rules.yaml())
	r := &policy.Request{
		Action: policy.Run, Entry: policy.ByForm, Actor: person("U0ANA"), Channel: policy.Channel{ID: "C0OPS", Name: "ops", Known: true}, Runbook: "restart-web",
		Parameters: map[string][]string{"Id": {"i-1"}}, At: tuesday, Document: held("1", hash, content(t, injected, declaredRole, "Id: {type: StringList}")),
	}
	if d := policy.Decide(p, r); d.Code() != policy.CodeGranted {
		t.Fatal(d.Code())
	}
	r.Actor.Unread = []string{"S0ONCALL"}
	if d := policy.Decide(p, r); d.Code() != policy.CodeDenied {
		t.Error(d.Code())
	}
	r.Actor.ID = "U0NOBODY"
	if d := policy.Decide(p, r); d.Code() != policy.CodeIdentityUnknown {
		t.Error(d.Code())
	}
}
