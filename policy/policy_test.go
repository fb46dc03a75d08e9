package policy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

func TestPolicyReads(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	sum := sha256.Sum256([]byte(example))
	if p.Hash() != hex.EncodeToString(sum[:]) || p.ServiceRole() != serviceRole {
		t.Errorf("hash %s, role %s", p.Hash(), p.ServiceRole())
	}
	if name, ok := p.Identity("U012BEN"); name != "ben" || !ok {
		t.Errorf("U012BEN is %q, %v", name, ok)
	}
	if name, ok := p.Identity("U0X"); name != "" || ok {
		t.Errorf("U0X is %q, %v", name, ok)
	}
	if id, ok := p.Person("dora"); id != "U012DORA" || !ok {
		t.Errorf("dora is %q, %v", id, ok)
	}
	if _, ok := p.Person("web"); ok {
		t.Error("a group is a person")
	}
	wantGroups := []policy.Group{{Name: "leads", UserGroup: "S0LEADS"}, {Name: "web", Members: []string{"ana", "ben"}}}
	if diff := cmp.Diff(wantGroups, p.Groups()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"S0LEADS"}, p.UserGroups()); diff != "" {
		t.Error(diff)
	}
	wantGrant := &policy.Grant{
		Name: "watchers", To: []string{"dora"}, Runbooks: []string{"restart-web"}, Channels: []string{"#ops"}, May: []policy.Action{policy.Cancel}, Line: 31,
	}
	if diff := cmp.Diff(wantGrant, p.Grants()[1]); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, g := range p.GrantsFor("restart-web") {
		names = append(names, g.Name)
	}
	if diff := cmp.Diff([]string{"leads-all", "watchers", "web-restarts"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestRunbookReads(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	b, ok := p.Runbook("restart-web")
	if !ok || b.Document != "AWS-RestartEC2Instance" || b.Version != "1" || b.SHA256 != hash || b.Region != "eu-west-1" ||
		b.Description != "Restarts one web server" || b.AllowUnpinned {
		t.Fatalf("%+v", b)
	}
	id, ok := b.Parameter("InstanceId")
	if !ok || id.MaxItems != 1 || len(id.Allow) != 2 || id.Allow[0] != "i-0aaaaaaaaaaaaaaa1" {
		t.Errorf("%+v", id)
	}
	if _, ok := b.Parameter("Instanceid"); ok {
		t.Error("a parameter in other letters is found")
	}
	if _, ok := p.Runbook("Restart-web"); ok {
		t.Error("a runbook in other letters is found")
	}
	if names := runbookNames(p.Runbooks()); names != "drift restart-web stop-web" {
		t.Error(names)
	}
}

func runbookNames(runbooks []*policy.Runbook) string {
	var names []string
	for _, r := range runbooks {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	for _, row := range []struct {
		name, want string
		action     policy.Action
		changes    []func(*policy.Request)
	}{
		{"ana in #ops", "restart-web", policy.Run, nil},
		{"ana elsewhere", "", policy.Run, []func(*policy.Request){where("C9", "random")}},
		{"dora runs", "", policy.Run, []func(*policy.Request){who("U012DORA")}},
		{"dora cancels", "restart-web", policy.Cancel, []func(*policy.Request){who("U012DORA")}},
		{"a lead", "drift restart-web stop-web", policy.Run, []func(*policy.Request){who("U0LEAD", "S0LEADS"), where("D0LEAD", "")}},
		{"a stranger", "", policy.Run, []func(*policy.Request){who("U0X")}},
		{"a guest", "", policy.Run, []func(*policy.Request){standing(policy.StandingGuest)}},
		{"a channel not looked up", "", policy.Run, []func(*policy.Request){func(r *policy.Request) { r.Channel.Known = false }}},
		{"another action", "", "approve", nil},
	} {
		r := request(t, row.changes...)
		if got := runbookNames(p.Allowed(r.Actor, r.Channel, row.action)); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	words := []string{"restart-web", "restart-db", "drain-and-restart", "stop-web", "failover-db"}
	for word, want := range map[string][]string{
		"restart-wbe":           {"restart-web", "restart-db"},
		"Restart-Web":           {"restart-web", "restart-db"},
		"restart":               {"restart-db", "restart-web"},
		"stpo-web":              {"stop-web"},
		"failover":              {"failover-db"},
		"x":                     nil,
		"":                      nil,
		"reboot-everything":     nil,
		"\xff":                  nil,
		strings.Repeat("a", 99): nil,
	} {
		if diff := cmp.Diff(want, policy.Nearest(word, words)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", word, diff)
		}
	}
}

// manyGrants is a policy file of n grants.
func manyGrants(n int) []byte {
	var b strings.Builder
	b.WriteString(example)
	for i := range n {
		fmt.Fprintf(&b, "  - {name: g%05d, to: [ana, leads], runbooks: [stop-web], channels: [\"#c%d\"]}\n", i, i)
	}
	return []byte(b.String())
}

func TestParseBoundsCombinations(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	list := func(prefix string, n int) string { return "[" + strings.Join(many(n, prefix+"%d"), ",") + "]" }
	fmt.Fprintf(&b, "version: 1\nservice_role: %s\nidentities:\n", serviceRole)
	for i := range 1001 {
		fmt.Fprintf(&b, "  p%d: {slack: U0%d}\n", i, i+10)
	}
	b.WriteString("runbooks:\n")
	for i := range 1001 {
		fmt.Fprintf(&b, "  r%d: {document: Doc, version: latest, allow_unpinned: true}\n", i)
	}
	fmt.Fprintf(&b, "grants:\n  - {name: all, to: %s, runbooks: %s, channels: [\"*\"]}\n", list("p", 1001), list("r", 1001))
	_, err := policy.Parse("p", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "multiply out to over 1000000") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %.300v", err)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		data := manyGrants(n)
		b.Run(fmt.Sprintf("%d-grants", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := policy.Parse("p", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
