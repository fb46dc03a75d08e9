package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"handrail/policy"
	"handrail/runbook"
)

var letters = []string{"a", "b", "c", "d"}

func some(t *rapid.T, label string, from []string) []string {
	n := rapid.IntRange(1, 3).Draw(t, label+" count")
	return rapid.Custom(func(t *rapid.T) []string {
		return rapid.Permutation(from).Draw(t, label)[:min(n, len(from))]
	}).Draw(t, label)
}

// drawTable makes any small policy: four people, two groups, a user group, four runbooks, up to eight grants.
func drawTable(t *rapid.T) table {
	var rules table
	for _, l := range letters {
		rules.people = append(rules.people, [2]string{"p" + l, "U0" + string(l[0]-32) + "X"})
		rules.runbooks = append(rules.runbooks, tableRunbook{
			name: "r" + l, pinned: rapid.Bool().Draw(t, "pinned"), max: rapid.IntRange(1, 3).Draw(t, "max"),
			allow: map[string][]string{"Id": some(t, "values", []string{"1", "2", "3"})},
		})
	}
	people := []string{"pa", "pb", "pc", "pd"}
	rules.members = map[string][]string{"ga": some(t, "ga", people), "gb": some(t, "gb", people)}
	rules.slack = map[string]string{"gs": "S0A", "gt": rapid.SampledFrom([]string{"S0A", "S0B"}).Draw(t, "gt")}
	for i := range rapid.IntRange(0, 8).Draw(t, "grants") {
		g := tableGrant{
			name: fmt.Sprintf("g-%d", i), to: some(t, "to", append([]string{"ga", "gb", "gs", "gt"}, people...)),
			runbooks: some(t, "runbooks", []string{"ra", "rb", "rc", "rd"}),
			channels: some(t, "channels", []string{"#ops", "#o*", "#*s", "*", "C0OPS", "D0DM", "#inc-*-x", "#*"}),
		}
		if rapid.IntRange(0, 3).Draw(t, "every") == 0 {
			g.runbooks = []string{"*"}
		}
		g.may = rapid.SampledFrom([][]policy.Action{nil, {policy.Run}, {policy.Cancel}, {policy.Cancel, policy.Run}}).Draw(t, "may")
		rules.grants = append(rules.grants, g)
	}
	return rules
}

func drawRequest(t *rapid.T, doc *runbook.Document) *policy.Request {
	r := &policy.Request{
		Entry: policy.ByCommand, Action: rapid.SampledFrom([]policy.Action{policy.Run, policy.Run, policy.Cancel}).Draw(t, "action"),
		Actor: policy.Actor{
			ID:         rapid.SampledFrom([]string{"U0AX", "U0BX", "U0CX", "U0DX", "U0EX"}).Draw(t, "actor"),
			Standing:   policy.StandingMember,
			UserGroups: rapid.SampledFrom([][]string{nil, {"S0A"}, {"S0B"}, {"S0B", "S0A"}, {"S0C"}}).Draw(t, "user groups"),
		},
		Channel: policy.Channel{
			ID: rapid.SampledFrom([]string{"C0OPS", "C0X", "D0DM"}).Draw(t, "channel"), Known: true,
			Name:   rapid.SampledFrom([]string{"ops", "o", "os", "inc-1-x", "inc--x", "inc-x", "", "xops"}).Draw(t, "channel name"),
			Shared: rapid.IntRange(0, 4).Draw(t, "shared") == 0,
		},
		Runbook:    rapid.SampledFrom([]string{"ra", "rb", "rc", "rd", "re"}).Draw(t, "runbook"),
		Parameters: map[string][]string{"Id": some(t, "given", []string{"1", "2", "3", "4"})},
		Document:   held("1", hash, doc),
	}
	if r.Action == policy.Cancel {
		r.Execution, r.Requester, r.Document = "r-1", rapid.SampledFrom([]string{"U0AX", "U0EX", ""}).Draw(t, "requester"), nil
	}
	return r
}

// Any policy, any question: the decision is the oracle's, and the order of the file means nothing.
func TestAnyPolicy(t *testing.T) {
	t.Parallel()
	doc := content(t, injected, declaredRole, "Id: {type: StringList}")
	rapid.Check(t, func(t *rapid.T) {
		rules := drawTable(t)
		p, err := policy.Parse("p", []byte(rules.yaml()))
		if err != nil {
			t.Fatalf("%v\n%s", err, rules.yaml())
		}
		shuffled := rules
		shuffled.grants = slices.Clone(rules.grants)
		rand.Shuffle(len(shuffled.grants), func(i, j int) {
			shuffled.grants[i], shuffled.grants[j] = shuffled.grants[j], shuffled.grants[i]
		})
		q, err := policy.Parse("p", []byte(shuffled.yaml()))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			r := drawRequest(t, doc)
			d, want := policy.Decide(p, r), rules.judge(r)
			if !want.agrees(d) {
				t.Fatalf("decided %q by %q, the oracle has %+v for %+v by\n%s", d.Code(), d.Rule(), want, r, rules.yaml())
			}
			if diff := cmp.Diff(d.Explain(), policy.Decide(q, r).Explain()); diff != "" {
				t.Fatalf("another order explains otherwise:\n%s", diff)
			}
			checkAllowed(t, p, r, d)
		}
	})
}

// checkAllowed compares the list for help with the decision: what the list has may fail by parameters alone.
func checkAllowed(t *rapid.T, p *policy.Policy, r *policy.Request, d policy.Decision) {
	listed := slices.ContainsFunc(p.Allowed(r.Actor, r.Channel, r.Action), func(b *policy.Runbook) bool { return b.Name == r.Runbook })
	content := d.Code() == policy.CodeValueNotAllowed || d.Code() == policy.CodeValuesTooMany
	if listed != (d.Code() == policy.CodeGranted || content) && d.Code() != policy.CodeRequester {
		t.Fatalf("listed %v, decided %q", listed, d.Code())
	}
}
