package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/runbook"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// approvals is a policy of one grant with an approval, and a request under it.
func approvals(t *testing.T, change func(*Policy)) (*Policy, *Request) {
	t.Helper()
	p := &Policy{hash: "h1", serviceRole: benchRole}
	p.identities = []Identity{
		{"ana", []string{"U0ANA"}}, {"ben", []string{"U0BEN"}}, {"kim", []string{"U0KIM"}}, {"eve", []string{"U0EVE", "U1EVE"}}, {"zoe", []string{"U0ZOE"}},
	}
	p.groups = []Group{{Name: "web", Members: []string{"ana", "eve"}}, {Name: "leads", Members: []string{"ben", "kim", "eve", "ana"}}, {Name: "oncall", UserGroup: "S0CALL"}}
	p.runbooks = []*Runbook{{
		Name: "failover", Document: "Doc", Version: "1", SHA256: "ab", Targets: "InstanceId", Region: "eu-west-1",
		Parameters: []Parameter{{Name: "InstanceId", Allow: []string{"i-1", "i-2"}, MaxItems: 2, allowed: map[string]struct{}{"i-1": {}, "i-2": {}}}},
		Steps:      []StepRule{{Step: "Confirm", Approval: Approval{From: []string{"leads"}, Count: 1}}},
	}}
	p.grants = []*Grant{{
		Name: "failovers", To: []string{"web"}, Runbooks: []string{"failover"}, Channels: []string{"#ops"}, May: []Action{Run, Cancel},
		Approval: &Approval{From: []string{"leads", "oncall"}, Count: 2, Expires: 15 * time.Minute, Channel: "#approvals"},
	}}
	if change != nil {
		change(p)
	}
	p.buildIndex()
	doc, err := runbook.Parse([]byte(benchDocument))
	if err != nil {
		t.Fatal(err)
	}
	analysis := doc.Analyse(nil)
	return p, &Request{
		Action: Run, Entry: ByCommand, Runbook: "failover", Execution: "x-1", At: noon, Region: "eu-west-1",
		Actor:      Actor{ID: "U0ANA", Team: "T", Standing: StandingMember, Mail: "ana@example.com"},
		Channel:    Channel{ID: "C0OPS", Name: "ops", Known: true},
		Parameters: map[string][]string{"InstanceId": {"i-2"}},
		Document:   &Document{State: DocumentFound, Version: "1", SHA256: "ab", Owner: Amazon, Content: doc, Analysis: &analysis},
	}
}

func member(id string, groups ...string) Actor {
	return Actor{ID: id, Team: "T", Standing: StandingMember, UserGroups: groups}
}

// voted is the request of a row that waits, with agreement to what it is now.
func voted(p *Policy, r *Request, actors ...Actor) *Request {
	c := *r
	c.ApproveBy, c.Votes = noon.Add(15*time.Minute), nil
	digest := Decide(p, &c).Bound().Digest()
	for _, a := range actors {
		c.Votes = append(c.Votes, Vote{Actor: a, At: noon.Add(time.Minute), Digest: digest})
	}
	c.At = noon.Add(time.Minute)
	return &c
}

func TestApprovalIsAskedFor(t *testing.T) {
	t.Parallel()
	p, r := approvals(t, nil)
	d := Decide(p, r)
	if d.Code() != CodeApprovalNeeded || !d.Pending() || d.Allowed() || d.Rule() != "failovers" || d.Role() != benchRole {
		t.Fatalf("%q by %q", d.Code(), d.Rule())
	}
	want := []Need{{Rule: "failovers", From: []string{"leads", "oncall"}, Count: 2, Channel: "#approvals"}}
	if diff := cmp.Diff(want, d.Needs()); diff != "" {
		t.Error(diff)
	}
	if !d.ApproveBy().Equal(noon.Add(15 * time.Minute)) {
		t.Errorf("until %v", d.ApproveBy())
	}
	bound := Bound{
		Action: Run, Execution: "x-1", Requester: "U0ANA", Team: "T", Channel: "C0OPS", Runbook: "failover", Document: "Doc", Version: "1",
		SHA256: "ab", Parameters: map[string][]string{"InstanceId": {"i-2"}}, Targets: []string{"i-2"}, Role: benchRole, Region: "eu-west-1",
		Policy: "h1", Expires: noon.Add(15 * time.Minute).UnixMilli(),
	}
	if diff := cmp.Diff(bound, d.Bound()); diff != "" {
		t.Error(diff)
	}
}

func TestVotes(t *testing.T) {
	t.Parallel()
	ben, kim, zoe := member("U0BEN"), member("U0KIM"), member("U0ZOE")
	mail := func(a Actor, mail string) Actor { a.Mail = mail; return a }
	rows := []struct {
		name   string
		actors []Actor
		code   Code
	}{
		{"one of two", []Actor{ben}, CodeApprovalNeeded},
		{"two", []Actor{ben, kim}, CodeApproved},
		{"three", []Actor{ben, kim, member("U0EVE")}, CodeApproved},
		{"one twice", []Actor{ben, ben}, CodeApprovalNeeded},
		{"two accounts of one identity", []Actor{member("U0EVE"), member("U1EVE")}, CodeApprovalNeeded},
		{"the U and the W form", []Actor{ben, member("W0BEN", "S0CALL")}, CodeApprovalNeeded},
		{"one address", []Actor{mail(ben, "B.en+a@Example.com"), mail(kim, " b.en@example.COM")}, CodeApprovalNeeded},
		{"addresses that differ by a dot", []Actor{mail(ben, "b.en@example.com"), mail(kim, "ben@example.com")}, CodeApproved},
		{"alike by a third account", []Actor{mail(member("U0EVE"), "x@example.com"), mail(member("U9", "S0CALL"), "x@example.com"), member("U1EVE")}, CodeApprovalNeeded},
		{"a user group", []Actor{ben, member("U9", "S0CALL")}, CodeApproved},
		{"the requester", []Actor{ben, member("U0ANA")}, CodeApproverSelf},
		{"the requester's other form", []Actor{ben, member("W0ANA", "S0CALL")}, CodeApproverSelf},
		{"the requester's address", []Actor{ben, mail(kim, "ana+x@example.com")}, CodeApproverSelf},
		{"the requester beside two", []Actor{ben, kim, member("U0ANA")}, CodeApproved},
		{"nobody who may", []Actor{ben, zoe}, CodeApproverGone},
		{"a guest by now", []Actor{ben, {ID: "U0KIM", Standing: StandingGuest}}, CodeApproverGone},
		{"unknown by now", []Actor{ben, {ID: "U0KIM"}}, CodeApproverGone},
		{"one who left beside two", []Actor{ben, kim, zoe}, CodeApproved},
	}
	for _, row := range rows {
		p, r := approvals(t, nil)
		d := Decide(p, voted(p, r, row.actors...))
		if d.Code() != row.code || d.Allowed() != (row.code == CodeApproved) {
			t.Errorf("%s: %q, want %q", row.name, d.Code(), row.code)
		}
	}
}

// An approval that wants nobody, which no file can say, is given by nobody.
func TestAnApprovalOfNobody(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*Policy){
		func(p *Policy) { p.grants[0].Approval = &Approval{} }, func(p *Policy) { p.grants[0].Approval.Count = 0 },
		func(p *Policy) { p.grants[0].Approval.From = nil }, func(p *Policy) { p.grants[0].May, p.grants[0].Approval = []Action{Ask}, nil },
	} {
		p, r := approvals(t, change)
		if p.grants[0].May[0] == Ask {
			r.Action = Ask
		}
		if d := Decide(p, voted(p, r, member("U0BEN"), member("U0KIM"))); d.Allowed() {
			t.Errorf("%s by %+v", d.Code(), p.grants[0].Approval)
		}
	}
}

// answer is what an approver's click asks.
func answer(p *Policy, r *Request, actor Actor, voters ...Actor) *Request {
	subject := voted(p, r)
	return &Request{
		Action: Approve, Entry: ByButton, Actor: actor, Channel: Channel{ID: "C0APP", Name: "approvals", Known: true}, Runbook: r.Runbook,
		Execution: r.Execution, At: subject.At, Subject: subject, Digest: Decide(p, subject).Bound().Digest(), Voted: voters,
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		actor  Actor
		change func(*Policy)
		spoil  func(*Request)
		code   Code
	}{
		{"a lead", member("U0BEN"), nil, nil, CodeApprover},
		{"a second one", member("U0BEN"), nil, func(r *Request) { r.Voted = []Actor{member("U0KIM")} }, CodeApprover},
		{"somebody on call", member("U9", "S0CALL"), nil, nil, CodeApprover},
		{"nobody", member("U0ZOE"), nil, nil, CodeApproverNotNamed},
		{"the requester", member("U0ANA"), nil, nil, CodeApproverSelf},
		{"the requester's other form", member("W0ANA", "S0CALL"), nil, nil, CodeApproverSelf},
		{"twice", member("U0BEN"), nil, func(r *Request) { r.Voted = []Actor{member("U0BEN")} }, CodeApproverTwice},
		{"twice, to refuse", member("U0BEN"), nil, func(r *Request) { r.Voted, r.Action, r.Reason = []Actor{member("U0BEN")}, Reject, "no" }, CodeApprover},
		{"to refuse without a reason", member("U0BEN"), nil, func(r *Request) { r.Action, r.Reason = Reject, " " }, CodeReasonMissing},
		{"twice by two accounts", member("U0EVE"), nil, func(r *Request) { r.Voted = []Actor{member("U1EVE")} }, CodeApproverTwice},
		{"not an identity", member("U9", "S0CALL"), func(p *Policy) { p.grants[0].Approval.RequireIdentity = true }, nil, CodeApproverUnmapped},
		{"a guest", Actor{ID: "U0BEN", Standing: StandingGuest}, nil, nil, CodeGuest},
		{"a shared channel", member("U0BEN"), nil, func(r *Request) { r.Channel.Shared = true }, CodeChannelShared},
		{"an unknown channel", member("U0BEN"), nil, func(r *Request) { r.Channel.Known = false }, CodeChannelUnknown},
		{"something else", member("U0BEN"), nil, func(r *Request) { r.Digest = "ab" }, CodeDigestMismatch},
		{"in time", member("U0BEN"), nil, func(r *Request) { r.At = noon.Add(15*time.Minute - 1) }, CodeApprover},
		{"too late", member("U0BEN"), nil, func(r *Request) { r.At = noon.Add(15*time.Minute + 1) }, CodeApprovalExpired},
		{"the requester left", member("U0BEN"), nil, func(r *Request) { r.Subject.Actor.Standing = StandingDeactivated }, CodeDeactivated},
		{"another execution", member("U0BEN"), nil, func(r *Request) { r.Execution = "x-2" }, CodeRequestInvalid},
		{"a wait that is over", member("U0BEN"), nil, func(r *Request) { r.Subject = nil }, CodeNothingToApprove},
		{"no approval", member("U0BEN"), func(p *Policy) { p.grants[0].Approval = nil }, nil, CodeNothingToApprove},
		{"a step", member("U0BEN"), nil, func(r *Request) { r.Subject, r.Step, r.Requester = nil, "Confirm", "U0ANA" }, CodeApprover},
		{"a step of one's own", member("U0ANA"), nil, func(r *Request) { r.Subject, r.Step, r.Requester = nil, "Confirm", "U0ANA" }, CodeApproverSelf},
		{"a step of the same address", Actor{ID: "U0BEN", Standing: StandingMember, Mail: "ANA@example.com"}, nil, func(r *Request) { r.Step, r.Requester = "Confirm", "U0ANA" }, CodeApproverSelf},
		{"a step nobody answers", member("U0BEN"), nil, func(r *Request) { r.Subject, r.Step, r.Requester = nil, "Other", "U0ANA" }, CodeNothingToApprove},
	}
	for _, row := range rows {
		p, r := approvals(t, row.change)
		q := answer(p, r, row.actor)
		if row.spoil != nil {
			row.spoil(q)
		}
		if d := Decide(p, q); d.Code() != row.code || d.Allowed() != (row.code == CodeApprover) {
			t.Errorf("%s: %q, want %q", row.name, d.Code(), row.code)
		}
	}
}

// Every way to answer is explained without anything missing.
func TestAnswersAreExplained(t *testing.T) {
	t.Parallel()
	p, r := approvals(t, nil)
	for _, q := range []*Request{
		r, voted(p, r, member("U0BEN"), member("U0KIM")), voted(p, r, member("U0ZOE")), voted(p, r, member("U0ANA")),
		answer(p, r, member("U0BEN")), answer(p, r, member("U0ANA")), answer(p, r, member("U0ZOE")), answer(p, r, member("U0BEN"), member("U0BEN")),
		answer(p, r, Actor{ID: "U0BEN", Standing: StandingGuest}),
	} {
		d := Decide(p, q)
		if e := d.Explain(); e.Sentence == "" || e.Decided == "" || !d.Allowed() && e.Fix == "" {
			t.Errorf("%s: %+v", d.Code(), e)
		}
	}
	if got := Decide(p, r).Explain().Sentence; got != "failovers lets you run failover in #ops once 2 of leads or oncall agree." {
		t.Error(got)
	}
}
