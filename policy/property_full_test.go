package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"handrail/policy"
	"handrail/runbook"
)

var conditions = []string{
	"", "", "size(targets) == 1", "incident.open && incident.severity <= 2", "params.Id.exists(i, i == 'i-2')", "params.Other[0] == 'x'", "now.getHours() >= 12",
}

// drawFull makes any small policy with everything a policy can have.
func drawFull(t *rapid.T) table {
	rules := drawTable(t)
	people := []string{"ga", "gb", "gs", "gt", "pa", "pb", "pc", "pd"}
	for i := range rules.runbooks {
		rules.runbooks[i].target = "Id"
	}
	rules.windows = []tableWindow{{"w", []time.Weekday{time.Monday, time.Tuesday}, 22, 5}, {"v", []time.Weekday{time.Tuesday}, 11, 13}}
	for i := range rules.grants {
		drawGrant(t, &rules.grants[i], people)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "denials") {
		rules.denials = append(rules.denials, drawDenial(t, fmt.Sprintf("d-%d", i), people))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "freezes") {
		f := tableFreeze{name: fmt.Sprintf("f-%d", i), from: tuesday.Add(-time.Hour), until: tuesday.Add(time.Hour), runbooks: some(t, "frozen", []string{"ra", "rb", "rc"})}
		if rapid.Bool().Draw(t, "override") {
			f.override = some(t, "override", people)
		}
		rules.freezes = append(rules.freezes, f)
	}
	return rules
}

func drawGrant(t *rapid.T, g *tableGrant, people []string) {
	g.when = rapid.SampledFrom(conditions).Draw(t, "when")
	if !slices.Contains(g.may, policy.Run) && g.may != nil {
		g.may = append([]policy.Action{}, g.may...)
		if rapid.Bool().Draw(t, "lock") {
			g.may = []policy.Action{policy.Locking, policy.Cancel}
		}
		return
	}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		g.glass = true
	case 1:
		g.may = []policy.Action{policy.Ask}
		fallthrough
	case 2, 3:
		g.from, g.count, g.identity = some(t, "from", people), rapid.IntRange(1, 2).Draw(t, "count"), rapid.Bool().Draw(t, "identity")
	}
	if rapid.IntRange(0, 3).Draw(t, "windows") == 0 {
		g.windows = rapid.SampledFrom([][]string{{"w"}, {"v"}, {"v", "w"}}).Draw(t, "window")
	}
	if rapid.IntRange(0, 3).Draw(t, "limits") == 0 {
		g.atOnce, g.perHour, g.targets = rapid.IntRange(0, 2).Draw(t, "at once"), rapid.IntRange(0, 2).Draw(t, "per hour"), rapid.IntRange(0, 2).Draw(t, "targets")
	}
}

func drawDenial(t *rapid.T, name string, people []string) tableDenial {
	d := tableDenial{name: name, runbooks: some(t, "denied", []string{"ra", "rb", "rc"}), when: rapid.SampledFrom(conditions).Draw(t, "denied when")}
	if rapid.Bool().Draw(t, "denied to") {
		d.to = some(t, "to", people)
	}
	if rapid.Bool().Draw(t, "denied in") {
		d.channels = some(t, "channels", []string{"#ops", "#o*", "C0X", "*"})
	}
	d.may = rapid.SampledFrom([][]policy.Action{nil, {policy.Run}, {policy.Cancel}, {policy.Ask, policy.Locking}}).Draw(t, "denied may")
	return d
}

func drawAsked(t *rapid.T, doc *runbook.Document, p *policy.Policy, rules table) *policy.Request {
	r := drawRequest(t, doc)
	r.At, r.Execution, r.Entry = rapid.SampledFrom([]time.Time{tuesday, night, tuesday.AddDate(0, 1, 0)}).Draw(t, "at"), "x-1", rapid.SampledFrom(entries).Draw(t, "entry")
	if r.Action == policy.Run {
		r.Action = rapid.SampledFrom([]policy.Action{policy.Run, policy.Run, policy.Ask, policy.Locking}).Draw(t, "what")
	}
	if rapid.IntRange(0, 5).Draw(t, "emergency") == 0 {
		r.BreakGlass, r.Reason = true, rapid.SampledFrom([]string{"", "down"}).Draw(t, "reason")
	}
	if rapid.Bool().Draw(t, "incident") {
		r.Incident = &policy.Incident{ID: "i", Severity: rapid.IntRange(0, 3).Draw(t, "severity"), Open: rapid.Bool().Draw(t, "open")}
	}
	r.Usage = map[string]policy.Usage{}
	for _, g := range rules.grants {
		if rapid.IntRange(0, 4).Draw(t, "counted") > 0 {
			r.Usage[g.name] = policy.Usage{Open: rapid.IntRange(0, 2).Draw(t, "open"), Recent: rapid.IntRange(0, 2).Draw(t, "recent")}
		}
	}
	if rapid.IntRange(0, 5).Draw(t, "locked") == 0 {
		r.Locks = []policy.Lock{{Runbook: r.Runbook, Until: r.At.Add(1), Parameters: map[string][]string{"Id": some(t, "locked ids", []string{"1", "2"})}}}
	}
	r.ApproveBy = r.At.Add(time.Minute)
	for range rapid.IntRange(0, 4).Draw(t, "votes") {
		r.Votes = append(r.Votes, policy.Vote{At: r.At, Actor: policy.Actor{
			ID: rapid.SampledFrom([]string{"U0AX", "U0BX", "U0CX", "U0DX", "U0EX", "W0AX", "W0BX"}).Draw(t, "voter"), Standing: policy.StandingMember,
			UserGroups: rapid.SampledFrom([][]string{nil, {"S0A"}, {"S0A", "S0B"}}).Draw(t, "voter's groups"),
			Mail:       rapid.SampledFrom([]string{"", "", "a@x.org", "A+1@x.org", "b@x.org"}).Draw(t, "mail"),
		}})
	}
	signed(p, r)
	return r
}

// signed makes votes be for what the request is.
func signed(p *policy.Policy, r *policy.Request) {
	digest := policy.Bound{
		Action: r.Action, Execution: r.Execution, Requester: r.Actor.ID, Channel: r.Channel.ID, Runbook: r.Runbook, Document: "Doc-" + r.Runbook, Version: "1", SHA256: hash,
		Parameters: r.Parameters, Targets: r.Parameters["Id"], Role: serviceRole, BreakGlass: r.BreakGlass, Policy: p.Hash(), Expires: r.ApproveBy.UnixMilli(),
	}.Digest()
	for i := range r.Votes {
		r.Votes[i].Digest = digest
	}
}

// grade is what a decision is worth to who asks.
func grade(d policy.Decision) int {
	switch {
	case d.Allowed():
		return 2
	case d.Pending():
		return 1
	}
	return 0
}

func shuffle[T any](list []T) []T {
	list = slices.Clone(list)
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func mustParse(t *rapid.T, rules table) *policy.Policy {
	p, err := policy.Parse("p", []byte(rules.yaml()))
	if err != nil {
		t.Fatalf("%v\n%s", err, rules.yaml())
	}
	return p
}

// Any policy with everything there is, any question: the decision is the oracle's, the order of the file and of the votes
// mean nothing, and what takes away never gives.
func TestAnyFullPolicy(t *testing.T) {
	t.Parallel()
	doc := content(t, injected, declaredRole, "Id: {type: StringList}")
	rapid.Check(t, func(t *rapid.T) {
		rules := drawFull(t)
		p := mustParse(t, rules)
		other := rules
		other.grants, other.denials, other.freezes = shuffle(rules.grants), shuffle(rules.denials), shuffle(rules.freezes)
		shuffled := mustParse(t, other)
		less := taken(t, rules)
		for range 12 {
			r := drawAsked(t, doc, p, rules)
			d, want := policy.Decide(p, r), rules.judge(r)
			if !want.agrees(d) {
				t.Fatalf("decided %q by %q, the oracle has %+v for %+v by\n%s", d.Code(), d.Rule(), want, r, rules.yaml())
			}
			turned := *r
			turned.Votes = shuffle(r.Votes)
			signed(shuffled, &turned)
			if diff := cmp.Diff(d.Explain(), policy.Decide(shuffled, &turned).Explain()); diff != "" {
				t.Fatalf("another order explains otherwise:\n%s", diff)
			}
			signed(p, r)
			for what, q := range less {
				if now := policy.Decide(q, r); grade(now) > grade(d) {
					t.Fatalf("%q became %q with %s, for %+v by\n%s", d.Code(), now.Code(), what, r, rules.yaml())
				}
			}
			checkVoters(t, p, r, d)
		}
	})
}

// taken are policies that let people do less.
func taken(t *rapid.T, rules table) map[string]*policy.Policy {
	denied, frozen, fewer := rules, rules, rules
	denied.denials = append(slices.Clone(rules.denials), drawDenial(t, "d-new", []string{"ga", "gs", "pa", "pb"}))
	frozen.freezes = append(slices.Clone(rules.freezes), tableFreeze{"f-new", tuesday, tuesday.AddDate(1, 0, 0), []string{"*"}, rules.members["ga"]})
	less := map[string]*policy.Policy{"a denial more": mustParse(t, denied), "a freeze more": mustParse(t, frozen)}
	if n := len(rules.grants); n > 1 {
		i := rapid.IntRange(0, n-1).Draw(t, "removed")
		fewer.grants = slices.Delete(slices.Clone(rules.grants), i, i+1)
		less["a grant less"] = mustParse(t, fewer)
	}
	return less
}

// checkVoters checks that the requester never counts, in either form of the account, and that votes for something else
// never do.
func checkVoters(t *rapid.T, p *policy.Policy, r *policy.Request, d policy.Decision) {
	if r.Action != policy.Run && r.Action != policy.Ask {
		return
	}
	more := *r
	own := policy.Vote{Actor: r.Actor, At: r.At}
	if rapid.Bool().Draw(t, "other form") {
		own.Actor.ID = "W" + own.Actor.ID[1:]
	}
	more.Votes = append(slices.Clone(r.Votes), own)
	signed(p, &more)
	if now := policy.Decide(p, &more); now.Allowed() && !d.Allowed() {
		t.Fatalf("the requester's own vote made %q of %q for %+v", now.Code(), d.Code(), more)
	}
	if len(r.Votes) > 0 {
		more.Votes = slices.Clone(r.Votes)
		more.Votes[0].Digest = stale
		if policy.Decide(p, &more).Allowed() {
			t.Fatalf("a vote for something else let %+v run", more)
		}
	}
}
