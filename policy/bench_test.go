package policy

import (
	"fmt"
	"slices"
	"testing"

	"handrail/runbook"
)

const benchRole = "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"

const benchDocument = `schemaVersion: '0.3'
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: String, default: ''}
  InstanceId: {type: StringList}
mainSteps:
  - {name: wait, action: 'aws:sleep', inputs: {Duration: PT1S}}
`

// large builds a policy of n grants over 2,000 people in 500 groups and 1,000 runbooks. Each grant is for two groups,
// one runbook and two channels; every fiftieth is for every runbook, every tenth has a wildcard.
func large(tb testing.TB, n int) (*Policy, *Request) { return largeWith(tb, n, nil) }

// largeWith is large with a condition on the grant that decides.
func largeWith(tb testing.TB, n int, when *Condition) (*Policy, *Request) {
	tb.Helper()
	p := &Policy{serviceRole: benchRole}
	for i := range 2000 {
		p.identities = append(p.identities, Identity{fmt.Sprintf("p%04d", i), []string{fmt.Sprintf("U%04d", i)}})
	}
	for i := range 500 {
		g := Group{Name: fmt.Sprintf("g%03d", i)}
		for k := range 20 {
			g.Members = append(g.Members, fmt.Sprintf("p%04d", (i*4+k)%2000))
		}
		p.groups = append(p.groups, g)
	}
	for i := range 1000 {
		allowed := map[string]struct{}{"i-1": {}, "i-2": {}}
		p.runbooks = append(p.runbooks, &Runbook{
			Name: fmt.Sprintf("r%04d", i), Document: "Doc", Version: "1", SHA256: "ab",
			Parameters: []Parameter{{Name: "InstanceId", Allow: []string{"i-1", "i-2"}, MaxItems: 1, allowed: allowed}},
		})
	}
	for i := range n {
		g := &Grant{
			Name: fmt.Sprintf("grant-%06d", i), May: []Action{Run, Cancel},
			To:       []string{fmt.Sprintf("g%03d", i%500), fmt.Sprintf("g%03d", (i*7+1)%500)},
			Runbooks: []string{fmt.Sprintf("r%04d", (i*31)%1000)},
			Channels: []string{fmt.Sprintf("#c%d", i%2000), fmt.Sprintf("C%d", i%3000)},
		}
		if i%50 == 0 {
			g.Runbooks = []string{Everything}
		}
		if i%10 == 0 {
			g.Channels = append(g.Channels, fmt.Sprintf("#inc-%d-*", i%2000))
		}
		p.grants = append(p.grants, g)
	}
	// The one that decides is the last of all.
	p.grants = append(p.grants, &Grant{
		Name: "zz", To: []string{"g250"}, Runbooks: []string{"r0777"}, Channels: []string{"#ops"}, May: []Action{Run}, When: when,
	})
	p.buildIndex()
	doc, err := runbook.Parse([]byte(benchDocument))
	if err != nil {
		tb.Fatal(err)
	}
	analysis := doc.Analyse(nil)
	return p, &Request{
		Action: Run, Entry: ByCommand, Runbook: "r0777",
		Actor:      Actor{ID: "U1005", Team: "T", Standing: StandingMember, UserGroups: []string{"S0ONE", "S0TWO"}},
		Channel:    Channel{ID: "C0OPS", Name: "ops", Known: true},
		Parameters: map[string][]string{"InstanceId": {"i-2"}},
		Document:   &Document{State: DocumentFound, Version: "1", SHA256: "ab", Content: doc, Owner: Amazon, Analysis: &analysis},
	}
}

// linear is the reference: the same question about the grant, by looking at each one.
func linear(p *Policy, r *Request) *Grant {
	names := p.index.names(p, &r.Actor)
	for _, g := range p.grants {
		if !slices.Contains(g.May, r.Action) || !slices.Contains(g.Runbooks, r.Runbook) && !slices.Contains(g.Runbooks, "*") {
			continue
		}
		for _, to := range g.To {
			if slices.Contains(names, to) && linearChannel(g.Channels, &r.Channel) {
				return g
			}
		}
	}
	return nil
}

func linearChannel(channels []string, c *Channel) bool {
	for _, pattern := range channels {
		if pattern == c.ID {
			return true
		}
		if !c.Shared && (pattern == "*" || c.Name != "" && pattern[0] == '#' && matches(pattern[1:], c.Name)) {
			return true
		}
	}
	return false
}

// BenchmarkDecide measures a whole decision among 100,000 grants, yes and no, beside looking at each grant.
func BenchmarkDecide(b *testing.B) {
	p, yes := large(b, 100_000)
	no := *yes
	no.Channel = Channel{ID: "C0X", Name: "somewhere-else", Known: true}
	run := func(name string, code Code, r *Request) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := Decide(p, r); d.code != code {
					b.Fatal(d.code)
				}
			}
		})
	}
	run("100k-indexed", CodeGranted, yes)
	run("100k-indexed-no", CodeChannelNotGranted, &no)
	b.Run("100k-linear", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if g := linear(p, yes); g == nil || g.Name != "zz" {
				b.Fatal(g)
			}
		}
	})
}

func BenchmarkExplain(b *testing.B) {
	p, r := large(b, 100_000)
	r.Channel = Channel{ID: "C0X", Name: "somewhere-else", Known: true}
	d := Decide(p, r)
	for b.Loop() {
		d.Explain()
	}
}

func TestDecideDoesNotAllocate(t *testing.T) {
	p, r := large(t, 1000)
	other := *r
	other.Channel.Name = "random"
	cancel := *r
	cancel.Action, cancel.Execution, cancel.Requester = Cancel, "r-1", r.Actor.ID
	for name, r := range map[string]*Request{"yes": r, "no": &other, "cancel": &cancel} {
		if n := testing.AllocsPerRun(100, func() { Decide(p, r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if !Decide(p, r).Allowed() || Decide(p, &other).Allowed() || !Decide(p, &cancel).Allowed() {
		t.Error("the decisions are wrong")
	}
}

func TestLinearAgrees(t *testing.T) {
	t.Parallel()
	p, r := large(t, 2000)
	found := 0
	for i := range 4000 {
		q := *r
		q.Actor.ID = fmt.Sprintf("U%04d", i*13%2000)
		q.Runbook = fmt.Sprintf("r%04d", i*31%1000)
		q.Channel.Name = []string{fmt.Sprintf("c%d", i%2000), fmt.Sprintf("inc-%d-x", i%2000), "ops"}[i%3]
		q.Channel.ID = fmt.Sprintf("C%d", i%3000)
		want, got := linear(p, &q), Decide(p, &q)
		if got.grant != want {
			t.Fatalf("%s in %s on %s: %v, want %v", q.Actor.ID, q.Channel.Name, q.Runbook, got.grant, want)
		}
		if want != nil {
			found++
		}
	}
	if found < 20 {
		t.Errorf("only %d of the questions had a grant", found)
	}
}

// BenchmarkDecideWithCondition measures a whole decision among 100,000 grants of which the one that decides has a
// condition in CEL, beside the condition alone.
func BenchmarkDecideWithCondition(b *testing.B) {
	for name, source := range map[string]string{
		"small": `size(params.InstanceId) == 1`,
		"usual": `size(params.InstanceId) <= 2 && channel.name == "ops" && !("admins" in actor.groups)`,
	} {
		when, _ := condition(b, source)
		p, r := largeWith(b, 100_000, when)
		b.Run("100k-"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := Decide(p, r); d.code != CodeGranted {
					b.Fatal(d.code)
				}
			}
		})
		b.Run("alone-"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := when.Holds(&conditionInput{policy: p, request: r, runbook: p.runbooks[777]}); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
