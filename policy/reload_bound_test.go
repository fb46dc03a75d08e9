package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"
)

// Each of the bound fields, changed alone between an approval and the start: nothing starts, the answer to the old card
// is refused, and the difference is named.
func TestBoundFields(t *testing.T) {
	t.Parallel()
	fields := []struct {
		name   string // in Difference.What
		change func(*Policy, *Request)
	}{
		{"action", func(p *Policy, r *Request) { r.Action = Ask; p.grants[0].May = []Action{Ask} }},
		{"execution", func(_ *Policy, r *Request) { r.Execution = "x-2" }},
		{"requester", func(_ *Policy, r *Request) { r.Actor.ID = "U0EVE" }},
		{"team", func(_ *Policy, r *Request) { r.Actor.Team = "T2" }},
		{"channel", func(_ *Policy, r *Request) { r.Channel = Channel{ID: "C0OPS2", Name: "ops", Known: true} }},
		{"runbook", func(p *Policy, r *Request) {
			p.runbooks[0].Name, r.Runbook, p.grants[0].Runbooks = "other", "other", []string{"other"}
		}},
		{"document", func(p *Policy, _ *Request) { p.runbooks[0].Document = "Doc2" }},
		{"version", func(p *Policy, r *Request) { p.runbooks[0].Version = "2"; r.Document.Version = "2" }},
		{"sha256", func(p *Policy, r *Request) { p.runbooks[0].SHA256 = "cd"; r.Document.SHA256 = "cd" }},
		{"closure", func(p *Policy, _ *Request) { p.runbooks[0].Children = []Pin{{"Child", "1", "ef"}} }},
		{"parameter InstanceId", func(_ *Policy, r *Request) { r.Parameters = map[string][]string{"InstanceId": {"i-1"}} }},
		{"targets", func(p *Policy, _ *Request) { p.runbooks[0].Targets = "" }},
		{"locations", func(p *Policy, _ *Request) {
			p.runbooks[0].Locations = []Location{{[]string{"123456789012"}, []string{"eu-west-1"}, "R"}}
		}},
		{"role", func(p *Policy, _ *Request) { p.serviceRole += "2" }},
		{"region", func(_ *Policy, r *Request) { r.Region = "us-east-1" }},
		{"break-glass", func(p *Policy, r *Request) {
			r.BreakGlass, r.Reason, p.grants[0].BreakGlass = true, "down", &BreakGlass{"#s"}
		}},
		{"policy", func(p *Policy, _ *Request) { p.hash = "h2" }},
		{"expires", func(_ *Policy, r *Request) { r.ApproveBy = r.ApproveBy.Add(time.Millisecond) }},
	}
	for _, f := range fields {
		p, r := approvals(t, nil)
		r = voted(p, r, member("U0BEN"), member("U0KIM"))
		before := Decide(p, r)
		if before.Code() != CodeApproved {
			t.Fatalf("%s before anything changed", before.Code())
		}
		was := before.Bound()
		f.change(p, r)
		p.buildIndex()
		now := Decide(p, r)
		if now.Allowed() || now.Code() != CodeDigestMismatch {
			t.Errorf("%s changed, and %q", f.name, now.Code())
		}
		waiting := *r
		waiting.Votes = nil
		is := Decide(p, &waiting).Bound()
		diff := was.Diff(is)
		if len(diff) == 0 || !slices.ContainsFunc(diff, func(d Difference) bool { return d.What == f.name && d.Was != d.Is }) || len(diff) > 2 {
			t.Errorf("%s changed, and the difference is %+v", f.name, diff)
		}
		if is.Digest() == was.Digest() {
			t.Errorf("%s changed, and the digest did not", f.name)
		}
		click := answer(p, r, member("U9", "S0CALL"))
		click.Subject, click.Digest = &waiting, was.Digest()
		click.Execution, click.Runbook = r.Execution, r.Runbook
		if d := Decide(p, click); d.Allowed() || d.Code() != CodeDigestMismatch {
			t.Errorf("%s changed, and a click is answered %q", f.name, d.Code())
		}
	}
}

// What the digest is of, written out: whoever keeps records elsewhere can make it from the Bound again.
func TestDigestIsOfCanonicalJSON(t *testing.T) {
	t.Parallel()
	b := Bound{Action: Run, Parameters: map[string][]string{"B": {"2", "1"}, "A": nil}, Expires: 1<<62 + 1}
	sum := sha256.Sum256([]byte(`{"action":"run","channel":"","document":"","execution":"","expires":4611686018427387905,"parameters":{"A":[],"B":["2","1"]},` +
		`"policy":"","region":"","requester":"","role":"","runbook":"","sha256":"","team":"","version":""}`))
	same := Bound{Expires: 1<<62 + 1, Action: Run, Parameters: map[string][]string{"A": {}, "B": {"2", "1"}}}
	if want := hex.EncodeToString(sum[:]); b.Digest() != want || same.Digest() != want {
		t.Errorf("%s and %s, want %s", b.Digest(), same.Digest(), want)
	}
	for _, other := range []Bound{
		{Action: Run, Parameters: map[string][]string{"B": {"1", "2"}, "A": nil}, Expires: 1<<62 + 1},
		{Action: Run, Parameters: map[string][]string{"B": {"2", "1"}}, Expires: 1<<62 + 1},
		{Action: Run, Parameters: map[string][]string{"B": {"2", "1"}, "A": nil}, Expires: 1 << 62},
		{Action: Run, Parameters: map[string][]string{"B": {"2,1"}, "A": nil}, Expires: 1<<62 + 1},
	} {
		if other.Digest() == b.Digest() || len(b.Diff(other)) != 1 {
			t.Errorf("%+v looks like %+v: %+v", other, b, b.Diff(other))
		}
	}
}

// The policy changes between a request and its approval, or between that and the start. What is wider than before
// starts nothing that was asked for under the narrower one.
func TestReload(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*Policy){
		"none":    func(*Policy) {},
		"remove":  func(p *Policy) { p.grants = nil },
		"narrow":  func(p *Policy) { p.grants[0].Channels = []string{"#elsewhere"} },
		"widen":   func(p *Policy) { p.grants[0].Approval = nil },
		"another": func(p *Policy) { p.grants[0].Approval.From = []string{"zoe"} },
		"deny":    func(p *Policy) { p.denials = []*Denial{{Name: "no", Runbooks: []string{"*"}}} },
		"fewer":   func(p *Policy) { p.grants[0].Approval.Count = 1 },
	}
	expected := map[string][3]Code{ // at the request, at a click, at the start
		"none":    {CodeApprovalNeeded, CodeApprover, CodeApproved},
		"remove":  {CodeNotGranted, CodeNotGranted, CodeNotGranted},
		"narrow":  {CodeChannelNotGranted, CodeChannelNotGranted, CodeChannelNotGranted},
		"widen":   {CodeGranted, CodeNothingToApprove, CodeDigestMismatch},
		"another": {CodeApprovalNeeded, CodeDigestMismatch, CodeDigestMismatch},
		"deny":    {CodeDenied, CodeDenied, CodeDenied},
		"fewer":   {CodeApprovalNeeded, CodeDigestMismatch, CodeDigestMismatch},
	}
	for name, change := range changes {
		old, r := approvals(t, nil)
		p, _ := approvals(t, change)
		if name != "none" {
			p.hash = "h2"
		}
		click, start := answer(old, r, member("U0BEN")), voted(old, r, member("U0BEN"), member("U0KIM"))
		for i, q := range []*Request{r, click, start} {
			if d := Decide(p, q); d.Code() != expected[name][i] {
				t.Errorf("%s: %d is answered %q, want %q", name, i, d.Code(), expected[name][i])
			}
		}
	}
}

// The wait for approvals ends at an instant, for those who agree and for those who only look.
func TestDeadline(t *testing.T) {
	t.Parallel()
	p, r := approvals(t, nil)
	by := noon.Add(15 * time.Minute)
	for _, tc := range []struct {
		at   time.Time
		code Code
	}{{by.Add(-1), CodeApproved}, {by, CodeApproved}, {by.Add(1), CodeApprovalExpired}, {time.Time{}, CodeApprovalExpired}} {
		q := voted(p, r, member("U0BEN"), member("U0KIM"))
		q.Votes[1].At, q.At = tc.at, by.Add(time.Hour)
		if d := Decide(p, q); d.Code() != tc.code {
			t.Errorf("at %v: %q", tc.at, d.Code())
		}
		q.Votes, q.At = nil, tc.at
		if d := Decide(p, q); !tc.at.IsZero() && d.Pending() != (tc.code == CodeApproved) {
			t.Errorf("waiting at %v: %q", tc.at, d.Code())
		}
	}
}
