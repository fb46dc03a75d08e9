package policy_test

import (
	"slices"
	"strings"
	"time"

	"handrail/policy"
)

// tableNeed is an approval that is wanted.
type tableNeed struct {
	from     []string
	count    int
	identity bool
}

// stale is the digest of votes for something else. Every other vote is for what the request is.
const stale = "stale"

// judgeStops adds what freezes, locks and approvers say about a run that chosen covers.
func (t table) judgeStops(r *policy.Request, chosen tableGrant, no []policy.Code) verdict {
	var needs []tableNeed
	if len(chosen.from) > 0 {
		needs = append(needs, tableNeed{chosen.from, chosen.count, chosen.identity})
	}
	for _, f := range t.freezes {
		if r.At.Before(f.from) || !r.At.Before(f.until) || !slices.Contains(f.runbooks, "*") && !slices.Contains(f.runbooks, r.Runbook) {
			continue
		}
		if f.override == nil {
			no = append(no, policy.CodeFrozen)
		}
		needs = append(needs, tableNeed{from: f.override, count: 2})
	}
	for _, l := range r.Locks {
		locked := l.Runbook == r.Runbook && r.At.Before(l.Until)
		for name, values := range l.Parameters {
			for _, value := range values {
				locked = locked && slices.Contains(r.Parameters[name], value)
			}
		}
		if locked {
			no = append(no, policy.CodeLocked)
		}
	}
	code := policy.CodeGranted
	if len(needs) > 0 {
		code = policy.CodeApproved
	}
	if chosen.glass {
		code = policy.CodeBreakGlass
	}
	missing, votesNo := t.judgeVotes(r, needs)
	if missing {
		code = policy.CodeApprovalNeeded
	}
	return verdict{append(no, votesNo...), code, chosen.name}
}

// judgeVotes says whether approvals are missing, and what is wrong with those there are.
func (t table) judgeVotes(r *policy.Request, needs []tableNeed) (missing bool, no []policy.Code) {
	by := r.ApproveBy
	if by.IsZero() {
		by = r.At.Add(15 * time.Minute)
	}
	for _, v := range r.Votes {
		if v.Digest == stale {
			no = append(no, policy.CodeDigestMismatch)
		}
		if v.At.After(by) && len(needs) > 0 {
			no = append(no, policy.CodeApprovalExpired)
		}
	}
	for _, need := range needs {
		var agreed []policy.Actor
		for _, v := range r.Votes {
			if t.counts(need, v.Actor) && !t.onePerson(r, v.Actor, r.Actor) &&
				!slices.ContainsFunc(agreed, func(a policy.Actor) bool { return t.onePerson(r, a, v.Actor) }) {
				agreed = append(agreed, v.Actor)
			}
		}
		missing = missing || len(agreed) < need.count
	}
	if !missing {
		return false, no
	}
	if r.At.After(by) {
		no = append(no, policy.CodeApprovalExpired)
	}
	for _, v := range r.Votes {
		if t.onePerson(r, v.Actor, r.Actor) {
			no = append(no, policy.CodeApproverSelf)
		}
		if !slices.ContainsFunc(needs, func(n tableNeed) bool { return t.counts(n, v.Actor) }) {
			no = append(no, policy.CodeApproverGone)
		}
	}
	return true, no
}

// counts says whether somebody's agreement counts for a need.
func (t table) counts(need tableNeed, a policy.Actor) bool {
	identity := slices.ContainsFunc(t.people, func(p [2]string) bool { return p[1] == a.ID })
	return a.Standing == policy.StandingMember && overlap(need.from, t.namesOf(a)) && (identity || !need.identity)
}

// onePerson walks from account to account, through those who have to do with the request, until nothing new is found.
func (t table) onePerson(r *policy.Request, a, b policy.Actor) bool {
	all := append([]policy.Actor{r.Actor, a, b}, r.Voted...)
	for _, v := range r.Votes {
		all = append(all, v.Actor)
	}
	found := []policy.Actor{a}
	for i := 0; i < len(found); i++ {
		for _, other := range all {
			known := slices.ContainsFunc(found, func(f policy.Actor) bool { return f.ID == other.ID && f.Mail == other.Mail })
			if !known && overlap(t.marks(found[i]), t.marks(other)) {
				found = append(found, other)
			}
		}
	}
	return slices.ContainsFunc(found, func(f policy.Actor) bool { return f.ID == b.ID })
}

// marks are what accounts of one person have in common.
func (t table) marks(a policy.Actor) []string {
	form := strings.TrimLeft(a.ID, "UW")
	marks := []string{"account " + form}
	for _, p := range t.people {
		if strings.TrimLeft(p[1], "UW") == form {
			marks = append(marks, "identity "+p[0])
		}
	}
	if name, host, ok := strings.Cut(strings.ToLower(a.Mail), "@"); ok {
		marks = append(marks, "mail "+strings.Split(name, "+")[0]+"@"+host)
	}
	return marks
}
