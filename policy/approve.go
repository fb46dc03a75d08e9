package policy

import (
	"slices"
	"strings"
	"time"
)

// checkVotes ends the decision about a run: yes if nobody has to agree or everybody who must has, and what is missing
// otherwise.
func (d *Decision) checkVotes() Code {
	d.findNeeds()
	if len(d.request.Votes) > 0 {
		digest := d.bound().Digest()
		if slices.ContainsFunc(d.request.Votes, func(v Vote) bool { return v.Digest != digest }) {
			return CodeDigestMismatch
		}
	}
	if len(d.needs) == 0 {
		return d.yes(CodeGranted)
	}
	late := func(v Vote) bool { return v.At.IsZero() || v.At.After(d.approveBy) }
	if slices.ContainsFunc(d.request.Votes, late) {
		return CodeApprovalExpired
	}
	met, why := d.countVotes()
	switch {
	case met:
		return d.yes(CodeApproved)
	case why != "":
		return why
	case d.request.At.After(d.approveBy):
		return CodeApprovalExpired
	}
	return CodeApprovalNeeded
}

// yes is the code of a yes, which says so if it is by a grant for emergencies. There is none to what was altered.
func (d *Decision) yes(code Code) Code {
	switch {
	case d.request.Altered:
		return CodeDigestMismatch
	case d.grant.BreakGlass != nil:
		return CodeBreakGlass
	}
	return code
}

// findNeeds adds what the grant wants to what freezes want, and sets when the wait ends.
func (d *Decision) findNeeds() {
	expires := DefaultExpires
	if a := d.grant.Approval; a != nil {
		need := Need{Rule: d.grant.Name, From: a.From, Count: a.Count, Channel: a.Channel, RequireIdentity: a.RequireIdentity}
		d.needs = append([]Need{need}, d.needs...)
		if a.Expires > 0 {
			expires = a.Expires
		}
	}
	switch {
	case len(d.needs) == 0:
	case !d.request.ApproveBy.IsZero():
		d.approveBy = d.request.ApproveBy
	default:
		d.approveBy = d.request.At.Add(expires).Truncate(time.Millisecond) // as a row keeps it
	}
}

// countVotes says whether each need is met by distinct people, none of them the requester; if not, and if somebody who
// agreed does not count any more, why.
func (d *Decision) countVotes() (met bool, why Code) {
	accounts := []Actor{d.request.Actor}
	for _, v := range d.request.Votes {
		accounts = append(accounts, v.Actor)
	}
	people := d.policy.index.people(accounts)
	met = true
	for _, need := range d.needs {
		counted := map[int]bool{}
		for i := 1; i < len(accounts); i++ {
			if people.first[i] != 0 && d.standsFor(&need, &accounts[i]) == "" {
				counted[people.first[i]] = true
			}
		}
		met = met && len(counted) >= need.Count && need.Count > 0
	}
	for i := 1; i < len(accounts) && why != CodeApproverSelf; i++ {
		switch {
		case people.first[i] == 0:
			why = CodeApproverSelf
		case d.gone(&accounts[i]):
			why = CodeApproverGone
		}
	}
	return met, why
}

// gone says whether somebody who agreed may not agree any more.
func (d *Decision) gone(a *Actor) bool {
	return !slices.ContainsFunc(d.needs, func(need Need) bool { return d.standsFor(&need, a) == "" })
}

// standsFor says why a person cannot agree for a need, or "" if they can.
func (d *Decision) standsFor(need *Need, a *Actor) Code {
	x := &d.policy.index
	switch _, mapped := x.accounts[a.ID]; {
	case a.Standing != StandingMember, !x.among(d.policy, a, need.From):
		return CodeApproverNotNamed
	case need.RequireIdentity && !mapped:
		return CodeApproverUnmapped
	}
	return ""
}

// decideAnswer decides whether somebody may agree to a run or to a step of one, or refuse to.
func (d *Decision) decideAnswer() Code {
	if d.request.Channel.Shared {
		return CodeChannelShared
	}
	if code := d.checkAnswered(); code != "" {
		return code
	}
	return d.checkApprover()
}

// checkAnswered sets what is to be agreed to, or says why there is nothing.
func (d *Decision) checkAnswered() Code {
	if d.request.Step != "" {
		return d.checkStep()
	}
	if d.request.Subject == nil {
		return CodeNothingToApprove
	}
	subject := *d.request.Subject
	subject.Votes = nil
	s := Decide(d.policy, &subject)
	d.subject, d.needs, d.approveBy = &s, s.needs, s.approveBy
	switch {
	case s.Allowed():
		return CodeNothingToApprove
	case !s.Pending():
		d.grant, d.denial, d.freeze, d.lock, d.parameter, d.value = s.grant, s.denial, s.freeze, s.lock, s.parameter, s.value
		return s.code
	case d.request.Digest != s.bound().Digest():
		return CodeDigestMismatch
	case d.request.At.After(d.approveBy):
		return CodeApprovalExpired
	}
	return ""
}

// checkStep finds the rule for a step of action aws:approve. A step without one is nobody's to answer.
func (d *Decision) checkStep() Code {
	if d.runbook == nil {
		return CodeRunbookUnknown
	}
	i, ok := slices.BinarySearchFunc(d.runbook.Steps, d.request.Step, func(s StepRule, name string) int { return strings.Compare(s.Step, name) })
	if !ok {
		return CodeNothingToApprove
	}
	s := &d.runbook.Steps[i]
	d.needs = []Need{{Rule: s.Step, From: s.Approval.From, Count: s.Approval.Count, Channel: s.Approval.Channel, RequireIdentity: s.Approval.RequireIdentity}}
	return ""
}

// requester is who asked for what is to be agreed to.
func (r *Request) requester() Actor {
	if r.Subject != nil {
		return r.Subject.Actor
	}
	return Actor{ID: r.Requester}
}

// checkApprover checks who answers. Somebody who agreed may still refuse.
func (d *Decision) checkApprover() Code {
	r := d.request
	accounts := append([]Actor{r.requester()}, r.Voted...)
	accounts = append(accounts, r.Actor)
	people := d.policy.index.people(accounts)
	me := people.first[len(accounts)-1]
	if me == 0 {
		return CodeApproverSelf
	}
	why := CodeApproverNotNamed
	for i := range d.needs {
		switch d.standsFor(&d.needs[i], &r.Actor) {
		case "":
			d.need = &d.needs[i]
		case CodeApproverUnmapped:
			why = CodeApproverUnmapped
		}
		if d.need != nil {
			break
		}
	}
	switch {
	case d.need == nil:
		return why
	case r.Action == Approve && me != len(accounts)-1:
		return CodeApproverTwice
	case r.Action == Reject && !said(r.Reason):
		return CodeReasonMissing
	case r.Action == Approve && r.Subject != nil && r.Subject.Actor.Standing == StandingUnknown:
		return CodeStandingUnknown // it could be another account of the requester
	}
	return CodeApprover
}
