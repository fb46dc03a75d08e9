package policy_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"handrail/policy"
)

// Whatever the bytes: no panic, either a policy or mistakes with places, and the same answer twice.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(full))
	f.Add(read(f, "testdata/mistakes.yaml"))
	f.Add([]byte(matrixTable().yaml()))
	for _, e := range edits() {
		if e.old != "" && len(e.new) < 200 && !e.full {
			f.Add([]byte(strings.Replace(example, e.old, e.new, 1)))
		}
	}
	f.Add([]byte("a: &a [*a, *a]\n<<: *a\n"))
	f.Add([]byte(strings.Repeat("[", 5000)))
	f.Add([]byte("? ? ? x\n: !!set {a, b}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse("p.yaml", data)
		if err == nil {
			checkPolicy(t, p)
			return
		}
		var all policy.Errors
		if p != nil || !errors.As(err, &all) || len(all) == 0 {
			t.Fatalf("got %v, %v", p, err)
		}
		if _, again := policy.Parse("p.yaml", data); again == nil || again.Error() != err.Error() {
			t.Fatalf("the second reading says %v, the first %v", again, err)
		}
		if !utf8.ValidString(err.Error()) || strings.ContainsFunc(strings.ReplaceAll(err.Error(), "\n", ""), unseen) {
			t.Fatalf("the mistakes hold what cannot be seen: %q", err)
		}
	})
}

func checkPolicy(t *testing.T, p *policy.Policy) {
	t.Helper()
	if p.ServiceRole() == "" || len(p.Hash()) != 64 {
		t.Fatal("a policy without role or hash")
	}
	for _, g := range p.Grants() {
		if g.Name == "" || len(g.To) == 0 || len(g.Runbooks) == 0 || len(g.Channels) == 0 || len(g.May) == 0 {
			t.Fatalf("a grant with something empty: %+v", g)
		}
	}
	for _, b := range p.Runbooks() {
		if b.Document == "" || b.Version == "" || b.SHA256 == "" && !b.AllowUnpinned {
			t.Fatalf("a runbook that is not pinned: %+v", b)
		}
		for _, id := range p.Identities() {
			policy.Decide(p, &policy.Request{
				Action: policy.Run, Entry: policy.ByCommand, Runbook: b.Name, Actor: policy.Actor{ID: id.Slack[0], Standing: policy.StandingMember},
				Channel: policy.Channel{ID: "C0", Name: "ops", Known: true},
			}).Explain()
		}
	}
}
