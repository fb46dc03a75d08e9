// Package cedarbench compares a decision with the same one by cedar-go, the policy engine of this kind that Go programs
// use most. It is a module of its own, so that Handrail does not depend on it:
//
//	cd policy/cedarbench && go test -bench .
package cedarbench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"handrail/policy"
	"handrail/runbook"
)

const (
	grants   = 1000
	people   = 200
	groups   = 50
	runbooks = 100
	channels = 20

	hash     = "4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f4c1f"
	document = `schemaVersion: '0.3'
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: String, default: ''}
mainSteps:
  - {name: wait, action: 'aws:sleep', inputs: {Duration: PT1S}}
`
)

// A question is whether a person may run a runbook in a channel.
type question struct{ person, runbook, channel int }

// members are the groups of a person. Group g has the people g, g+50, g+100 and g+150, and their neighbours.
func members(group int) []int {
	var found []int
	for p := group; p < people; p += groups {
		found = append(found, p, (p+1)%people)
	}
	return found
}

// grant is for one group, one runbook and one channel; the numbers are spread without a common factor.
func grant(i int) (group, runbook, channel int) {
	return i * 7 % groups, i * 31 % runbooks, (i / 3) % channels
}

// ours and theirs say the same in the two languages.
func ours(tb testing.TB) *policy.Policy {
	tb.Helper()
	var b strings.Builder
	b.WriteString("version: 1\nservice_role: arn:aws:iam::123456789012:role/Automation\nidentities:\n")
	for p := range people {
		fmt.Fprintf(&b, "  p%d: {slack: U0%03d}\n", p, p)
	}
	b.WriteString("groups:\n")
	for g := range groups {
		var names []string
		for _, p := range members(g) {
			names = append(names, fmt.Sprintf("p%d", p))
		}
		fmt.Fprintf(&b, "  g%d: {members: [%s]}\n", g, strings.Join(names, ", "))
	}
	b.WriteString("runbooks:\n")
	for r := range runbooks {
		fmt.Fprintf(&b, "  r%d: {document: Document%d, version: 1, sha256: %s}\n", r, r, hash)
	}
	b.WriteString("grants:\n")
	for i := range grants {
		g, r, c := grant(i)
		fmt.Fprintf(&b, "  - {name: grant-%d, to: [g%d], runbooks: [r%d], channels: [\"#c%d\"], may: [run]}\n", i, g, r, c)
	}
	p, err := policy.Parse("policy.yaml", []byte(b.String()))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func theirs(tb testing.TB) (*cedar.PolicySet, cedar.EntityMap) {
	tb.Helper()
	var b strings.Builder
	for i := range grants {
		g, r, c := grant(i)
		fmt.Fprintf(&b, "permit (principal in Group::\"g%d\", action == Action::\"run\", resource == Runbook::\"r%d\") when { context.channel == \"c%d\" };\n", g, r, c)
	}
	set, err := cedar.NewPolicySetFromBytes("policy.cedar", []byte(b.String()))
	if err != nil {
		tb.Fatal(err)
	}
	parents := map[int][]cedar.EntityUID{}
	for g := range groups {
		for _, p := range members(g) {
			parents[p] = append(parents[p], entity("Group", "g", g))
		}
	}
	entities := cedar.EntityMap{}
	for p := range people {
		id := entity("User", "p", p)
		entities[id] = cedar.Entity{UID: id, Parents: cedar.NewEntityUIDSet(parents[p]...)}
	}
	return set, entities
}

func entity(kind cedar.EntityType, prefix string, number int) cedar.EntityUID {
	return cedar.NewEntityUID(kind, cedar.String(fmt.Sprintf("%s%d", prefix, number)))
}

func (q question) ours(doc *policy.Document) *policy.Request {
	return &policy.Request{
		Action: policy.Run, Entry: policy.ByCommand, Runbook: fmt.Sprintf("r%d", q.runbook),
		Actor:    policy.Actor{ID: fmt.Sprintf("U0%03d", q.person), Team: "T0", Standing: policy.StandingMember},
		Channel:  policy.Channel{ID: "C0", Name: fmt.Sprintf("c%d", q.channel), Known: true},
		Document: doc,
		At:       time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
	}
}

func (q question) theirs() cedar.Request {
	return cedar.Request{
		Principal: entity("User", "p", q.person), Action: cedar.NewEntityUID("Action", "run"), Resource: entity("Runbook", "r", q.runbook),
		Context: cedar.NewRecord(cedar.RecordMap{"channel": cedar.String(fmt.Sprintf("c%d", q.channel))}),
	}
}

func found(tb testing.TB) *policy.Document {
	tb.Helper()
	doc, err := runbook.Parse([]byte(document))
	if err != nil {
		tb.Fatal(err)
	}
	analysis := doc.Analyse(nil)
	return &policy.Document{State: policy.DocumentFound, Version: "1", SHA256: hash, Owner: "123456789012", Content: doc, Analysis: &analysis}
}

// questions are 200, every other one with a grant that says yes.
func questions() []question {
	var all []question
	for i := range 100 {
		g, r, c := grant(i * 10)
		all = append(all, question{members(g)[i%8], r, c}, question{(i * 13) % people, (i * 17) % runbooks, (i * 3) % channels})
	}
	return all
}

func TestBothAgree(t *testing.T) {
	p, doc := ours(t), found(t)
	set, entities := theirs(t)
	yes := 0
	for _, q := range questions() {
		d := policy.Decide(p, q.ours(doc))
		answer, diagnostic := cedar.Authorize(set, entities, q.theirs())
		if len(diagnostic.Errors) > 0 || d.Allowed() != (answer == cedar.Allow) {
			t.Errorf("%+v: Handrail says %s, cedar-go says %v, %v", q, d.Code(), answer, diagnostic.Errors)
		}
		if d.Allowed() {
			yes++
		}
	}
	if yes < 100 || yes == 200 {
		t.Errorf("%d of 200 questions have a yes", yes)
	}
}

// BenchmarkBoth asks both the same questions in turn and reports ns for a decision of each, and how many times as long
// cedar-go takes; at least 20 is promised.
func BenchmarkBoth(b *testing.B) {
	p, doc := ours(b), found(b)
	set, entities := theirs(b)
	var asked []*policy.Request
	var asks []cedar.Request
	for _, q := range questions() {
		asked, asks = append(asked, q.ours(doc)), append(asks, q.theirs())
	}
	our, their := time.Hour, time.Hour // of the quickest round, which nothing else on the machine held up
	yes := 0
	for b.Loop() {
		began := time.Now()
		for _, r := range asked {
			if policy.Decide(p, r).Allowed() {
				yes++
			}
		}
		middle := time.Now()
		for _, r := range asks {
			if answer, _ := cedar.Authorize(set, entities, r); answer == cedar.Allow {
				yes--
			}
		}
		our, their = min(our, middle.Sub(began)), min(their, time.Since(middle))
	}
	if yes != 0 {
		b.Fatalf("the two differ in %d answers", yes)
	}
	decisions := float64(len(asked))
	b.ReportMetric(float64(our)/decisions, "handrail-ns/decision")
	b.ReportMetric(float64(their)/decisions, "cedar-ns/decision")
	b.ReportMetric(float64(their)/float64(our), "x-cedar")
	b.ReportMetric(0, "ns/op")
}
