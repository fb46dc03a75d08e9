package policy_test

import (
	"slices"
	"testing"
	"time"

	"handrail/policy"
)

// judgeAnswer looks at everything about an answer to a request for approval, without any order.
func (t table) judgeAnswer(r *policy.Request) verdict {
	no := t.judgeAnswered(r)
	if r.Channel.Shared {
		no = append(no, policy.CodeChannelShared)
	}
	if r.Action == "reject" && r.Reason == "" {
		no = append(no, policy.CodeReasonMissing)
	}
	subject := *r.Subject
	subject.Votes = nil
	run := t.judge(&subject)
	no = append(no, run.no...)
	if run.code != policy.CodeApprovalNeeded {
		no = append(no, policy.CodeNothingToApprove)
	}
	if r.Digest == stale {
		no = append(no, policy.CodeDigestMismatch)
	}
	if r.At.After(subject.ApproveBy) {
		no = append(no, policy.CodeApprovalExpired)
	}
	if t.onePerson(r, r.Actor, subject.Actor) {
		no = append(no, policy.CodeApproverSelf)
	}
	for _, v := range r.Voted {
		if r.Action == "approve" && t.onePerson(r, v, r.Actor) {
			no = append(no, policy.CodeApproverTwice)
		}
	}
	rule, why := t.answersFor(&subject, run.rule, r.Actor)
	if rule == "" {
		no = append(no, why)
	}
	return verdict{no, policy.CodeApprover, rule}
}

func (t table) judgeAnswered(r *policy.Request) []policy.Code {
	asked := *r
	asked.Action = policy.Cancel // the envelope's checks are the same for everything but running
	return t.judgeEnvelope(&asked)
}

// answersFor is the grant or the freeze that somebody may agree for, or why there is none.
func (t table) answersFor(subject *policy.Request, rule string, a policy.Actor) (found string, why policy.Code) {
	type named struct {
		name string
		need tableNeed
	}
	var needs []named
	for _, g := range t.grants {
		if g.name == rule && len(g.from) > 0 {
			needs = append(needs, named{g.name, tableNeed{g.from, g.count, g.identity}})
		}
	}
	freezes := slices.SortedFunc(slices.Values(t.freezes), func(a, b tableFreeze) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	for _, f := range freezes {
		if !subject.At.Before(f.from) && subject.At.Before(f.until) && (slices.Contains(f.runbooks, "*") || slices.Contains(f.runbooks, subject.Runbook)) {
			needs = append(needs, named{f.name, tableNeed{from: f.override, count: 2}})
		}
	}
	why = policy.CodeApproverNotNamed
	for _, n := range needs {
		if t.counts(n.need, a) {
			return n.name, ""
		}
		n.need.identity = false
		if t.counts(n.need, a) {
			why = policy.CodeApproverUnmapped
		}
	}
	return "", why
}

// Everybody answers every request for approval, through every entry, with everything that can be wrong: the decision is
// the oracle's.
func TestAnswersMatrix(t *testing.T) {
	t.Parallel()
	rules := fullTable()
	p := parse(t, rules.yaml())
	mail := person("U0KIM")
	mail.Mail = "Ana+two@example.com"
	approvers := []policy.Actor{
		person("U0ANA"), person("W0ANA", "S0ONCALL"), person("U0BEN"), person("U0KIM"), mail, person("U0EVE"), person("U1EVE"), person("U0IDLE"),
		person("U9", "S0ONCALL"), {ID: "U0KIM", Standing: policy.StandingGuest}, {ID: "U0KIM"},
	}
	voted := [][]policy.Actor{nil, {person("U0KIM")}, {person("U0EVE"), person("W0BEN", "S0ONCALL")}}
	codes, cells := map[policy.Code]int{}, 0
	for i, f := range features() {
		for subject := range fullMatrix(t) {
			if i > 20 || i%2 == 1 && i < 17 || subject.Action != policy.Run && subject.Action != policy.Ask || subject.Channel.Name == "random" {
				continue
			}
			f.change(subject)
			subject.ApproveBy, subject.Votes, subject.Entry = subject.At.Add(10*time.Minute), []policy.Vote{{}}, policy.ByCommand
			agree(p, subject)
			digest := subject.Votes[0].Digest
			subject.Votes = nil
			for k, approver := range approvers {
				cells++
				r := &policy.Request{
					Action: []policy.Action{policy.Approve, policy.Reject, policy.Approve}[cells%3], Entry: entries[cells%len(entries)], Actor: approver,
					Channel: policy.Channel{ID: "C0APP", Name: "approvals", Known: cells%19 > 0, Shared: cells%17 == 0}, Runbook: subject.Runbook, Execution: "x-1",
					At: subject.At, Subject: subject, Digest: digest, Voted: voted[(cells+k)%3], Reason: "no",
				}
				switch cells % 13 {
				case 0:
					r.Digest = stale
				case 1:
					r.At = subject.ApproveBy.Add(1)
				case 2:
					r.At = subject.ApproveBy
				case 3:
					r.Reason = ""
				}
				d, want := policy.Decide(p, r), rules.judgeAnswer(r)
				codes[d.Code()]++
				if !want.agrees(d) {
					t.Fatalf("%s: decided %q by %q, the oracle has %+v for %+v about %+v", f.name, d.Code(), d.Rule(), want, r, subject)
				}
			}
		}
	}
	t.Logf("%d cells: %v", cells, codes)
	for _, code := range []policy.Code{
		policy.CodeApprover, policy.CodeApproverSelf, policy.CodeApproverTwice, policy.CodeApproverNotNamed, policy.CodeApproverUnmapped,
		policy.CodeNothingToApprove, policy.CodeDigestMismatch, policy.CodeApprovalExpired, policy.CodeReasonMissing, policy.CodeChannelShared,
	} {
		if codes[code] < 5 {
			t.Errorf("%s came up %d times", code, codes[code])
		}
	}
	if cells < 13_000 {
		t.Errorf("only %d cells", cells)
	}
}
