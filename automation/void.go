package automation

import (
	"time"

	"handrail/policy"
)

// voids says whether the answer shows that what would run is not what the approvers were shown: then nobody can agree to it
// any more. What cannot be asked just now voids nothing.
func (b *ballot) voids(x *Execution, d policy.Decision, subject *policy.Request) bool {
	switch d.Code() {
	case policy.CodeDigestMismatch:
		return true
	case policy.CodeNothingToApprove, policy.Decide(b.Gate.Policy(), subject).Code():
		return unreachable(subject) == "" && len(difference(x.Approval.Bound, b.today(subject), d.PolicyHash())) > 0
	}
	return false
}

// today is what an approval of the request would be for now, the zero Bound if today's answer to it is no.
func (e *Engine) today(r *policy.Request) policy.Bound {
	bare := *r
	bare.Votes, bare.Altered = nil, false
	return policy.Decide(e.Gate.Policy(), &bare).Bound()
}

// void ends x because what would run is not what the approvers were shown.
func (x *Execution) void(now time.Time, d policy.Decision, is policy.Bound) {
	x.State, x.EndedAt, x.Note = Denied, now, "What would run is not what was asked for any more, so the approval is void. Please ask again."
	x.revised(func(a *Approval) { a.Void = difference(a.Bound, is, d.PolicyHash()) })
}

// difference is what a person sees of a change. Of a run that today's policy refuses, only the policy can be compared.
func difference(was, is policy.Bound, hash string) []policy.Difference {
	if is.Execution != "" {
		return was.Diff(is)
	}
	if was.Policy == hash {
		return nil
	}
	return []policy.Difference{{What: "policy", Was: was.Policy, Is: hash}}
}
