package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

// rich is a policy with everything that explanations have words for.
const rich = `version: 1
service_role: ` + serviceRole + `
identities:
  ana: {slack: U012ANA}
  ben: {slack: U012BEN}
  dora: {slack: U012DORA}
  kim: {slack: U012KIM}
groups:
  web: {members: [ana, ben]}
  leads: {members: [ben, kim]}
  oncall: {usergroup: S0CALL}
windows:
  nights: {days: [mon, tue], from: "22:00", until: "05:00", timezone: Europe/Oslo}
runbooks:
  failover-db: &db
    document: Failover
    version: "1"
    sha256: ` + hash + `
    targets: Id
    parameters: {Id: {allow: [db-1, db-2, db-3], max_items: 3}}
    steps: [{step: Confirm, from: [leads], count: 1}]
  reindex: {document: Failover, version: "1", sha256: ` + hash + `, targets: Id, parameters: {Id: {allow: [db-1, db-2, db-3], max_items: 3}}}
  report: {document: Failover, version: "1", sha256: ` + hash + `, targets: Id, parameters: {Id: {allow: [db-1], max_items: 1}}}
  vacuum: {document: Failover, version: "1", sha256: ` + hash + `, targets: Id, parameters: {Id: {allow: [db-1], max_items: 1}}}
grants:
  - {name: failovers, to: [web], runbooks: [failover-db], channels: ["#ops"], when: size(targets) < 3, approval: {from: [leads], count: 1}}
  - {name: glass, to: [oncall, dora], runbooks: [failover-db], channels: ["#ops"], break_glass: {notify: "#security"}}
  - {name: night-work, to: [web], runbooks: [reindex], channels: ["#ops"], windows: [nights]}
  - {name: reports, to: [web], runbooks: [report], channels: ["#ops"], limits: {at_once: 1, per_hour: 5}}
  - {name: ask-for-reindex, to: [web, dora], runbooks: [reindex], channels: ["#ops"], may: [ask], approval: {from: [leads, oncall], count: 2}}
  - {name: locks, to: [web], runbooks: [report], channels: ["#ops"], may: [lock]}
  - {name: vacuums, to: [web], runbooks: [vacuum], channels: ["#ops"], limits: {targets: 1}}
denials:
  - {name: not-in-incidents, to: [web], runbooks: [report], channels: ["#ops"], when: incident.open, reason: People are busy}
freezes:
  - {name: year-end, from: 2026-12-24T00:00:00Z, until: 2027-01-02T00:00:00Z, runbooks: ["*"], reason: Nobody is here, owner: leads, override: [leads]}
  - {name: audit, from: 2026-12-01T00:00:00Z, until: 2026-12-02T00:00:00Z, runbooks: [report], reason: The books are counted, owner: kim}
`

// What people read of approvals, denials, freezes, locks, limits and emergencies, as one page: testdata/explain_full.golden.
func TestExplainEverything(t *testing.T) {
	t.Parallel()
	p := parse(t, strings.Replace(rich, " &db", "", 1))
	doc := held("1", hash, content(t, injected, declaredRole, "Id: {type: StringList}"))
	ask := func(changes ...func(*policy.Request)) *policy.Request {
		r := request(t, append([]func(*policy.Request){what("failover-db"), func(r *policy.Request) {
			r.Parameters, r.Document, r.Execution, r.Region = map[string][]string{"Id": {"db-1"}}, doc, "x-1", "eu-west-1"
		}}, changes...)...)
		return r
	}
	votes := func(ids ...string) func(*policy.Request) {
		return func(r *policy.Request) {
			digest := policy.Decide(p, r).Bound().Digest()
			r.ApproveBy = r.At.Add(15 * time.Minute)
			for _, id := range ids {
				r.Votes = append(r.Votes, policy.Vote{Actor: person(id), At: r.At, Digest: digest})
			}
		}
	}
	answers := func(id string, changes ...func(*policy.Request)) *policy.Request {
		subject := ask(func(r *policy.Request) { r.ApproveBy = r.At.Add(15 * time.Minute) })
		r := &policy.Request{
			Action: policy.Approve, Entry: policy.ByButton, Actor: person(id), Channel: subject.Channel, Runbook: subject.Runbook, Execution: "x-1",
			At: subject.At, Subject: subject, Digest: policy.Decide(p, subject).Bound().Digest(),
		}
		for _, change := range changes {
			change(r)
		}
		return r
	}
	lock := func(parameters map[string][]string) func(*policy.Request) {
		return func(r *policy.Request) {
			r.Locks = []policy.Lock{{ID: "l-abcdefg", Runbook: r.Runbook, Parameters: parameters, By: "U012BEN", Reason: "I look into it", Until: r.At.Add(time.Hour)}}
		}
	}
	used := func(open, recent int) func(*policy.Request) {
		return func(r *policy.Request) { r.Usage = map[string]policy.Usage{"reports": {Open: open, Recent: recent}} }
	}
	incident := func(r *policy.Request) { r.Incident = &policy.Incident{ID: "inc-1", Open: true} }
	reject := func(r *policy.Request) { r.Action = policy.Reject }
	step := func(r *policy.Request) { r.Subject, r.Step, r.Requester = nil, "Confirm", "U012ANA" }
	asks := func(r *policy.Request) { r.Action = policy.Ask }
	emergency := func(r *policy.Request) { r.BreakGlass, r.Reason = true, "The writer is gone" }
	questions := []struct {
		name    string
		request *policy.Request
	}{
		{"ana asks for a failover", ask()}, {"in a freeze", ask(at(yearEnd))}, {"agreed", ask(votes("U012BEN"))}, {"agreed by nobody who may", ask(votes("U012DORA"))},
		{"agreed by herself", ask(votes("U012ANA"))}, {"agreed to something else", ask(votes("U012BEN"), with("Id", "db-2"))},
		{"too late", ask(votes(), func(r *policy.Request) { r.At = r.At.Add(time.Hour) })},
		{"too many targets", ask(with("Id", "db-1", "db-2", "db-3"))}, {"dora, without an emergency", ask(who("U012DORA"))},
		{"dora, in an emergency", ask(who("U012DORA"), emergency)}, {"without a reason", ask(who("U012DORA"), emergency, func(r *policy.Request) { r.Reason = "" })},
		{"ana, in an emergency", ask(emergency)}, {"by day", ask(what("reindex"))}, {"dora may only ask", ask(what("reindex"), who("U012DORA"))},
		{"dora asks", ask(what("reindex"), who("U012DORA"), asks)}, {"not counted", ask(what("report"))}, {"at once", ask(what("report"), used(1, 1))},
		{"often", ask(what("report"), used(0, 5))}, {"denied", ask(what("report"), used(0, 0), incident)}, {"frozen", ask(what("report"), at(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)))},
		{"locked", ask(what("report"), lock(nil))}, {"one target locked", ask(lock(map[string][]string{"Id": {"db-1"}}))}, {"ana locks", ask(what("report"), func(r *policy.Request) { r.Action = policy.Locking })},
		{"ana locks another", ask(func(r *policy.Request) { r.Action = policy.Locking })}, {"ben approves", answers("U012BEN")}, {"ben denies", answers("U012BEN", reject)},
		{"ana approves", answers("U012ANA")}, {"dora approves", answers("U012DORA")}, {"dora denies", answers("U012DORA", reject)},
		{"ben again", answers("U012BEN", func(r *policy.Request) { r.Voted = []policy.Actor{person("U012BEN")} })},
		{"ben, too late", answers("U012BEN", func(r *policy.Request) { r.At = r.At.Add(time.Hour) })}, {"ben, of something else", answers("U012BEN", func(r *policy.Request) { r.Digest = "ab" })},
		{"ben, where others listen", answers("U012BEN", shared)}, {"ben, when it is locked", answers("U012BEN", func(r *policy.Request) { lock(nil)(r.Subject) })},
		{"ben, when ana left", answers("U012BEN", func(r *policy.Request) { r.Subject.Actor.Standing = policy.StandingDeactivated })},
		{"ben, to a step", answers("U012BEN", step)}, {"ana, to her step", answers("U012ANA", step)}, {"ben, to no step", answers("U012BEN", step, func(r *policy.Request) { r.Step = "Other" })},
	}
	var page strings.Builder
	for _, q := range questions {
		d := policy.Decide(p, q.request)
		page.WriteString(shownPage(q.name, d))
		if e := d.Explain(); e.Sentence == "" || e.Decided == "" || !d.Allowed() && e.Fix == "" {
			t.Errorf("%s: something is missing in %+v", q.name, e)
		}
	}
	golden(t, "testdata/explain_full.golden", page.String())
}

func shownPage(name string, d policy.Decision) string {
	var page strings.Builder
	e := d.Explain()
	fmt.Fprintf(&page, "## %s: %s\n%s\n", name, d.Code(), e.Sentence)
	for _, line := range [][2]string{
		{"decided", e.Decided}, {"rule", e.Rule}, {"near", e.Near}, {"missing", e.Missing}, {"fix", e.Fix}, {"who", strings.Join(e.Who, " ")},
		{"approvers", strings.Join(e.Approvers, " ")}, {"ask", e.AskRule},
	} {
		if line[1] != "" {
			fmt.Fprintf(&page, "  %-12s%s\n", line[0], line[1])
		}
	}
	for _, l := range e.Looked {
		fmt.Fprintf(&page, "  looked at   %s %s, applies %v: %s\n", l.Kind, l.Rule, l.Applies, l.Why)
	}
	return page.String()
}
