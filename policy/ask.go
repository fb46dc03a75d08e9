package policy

// ask returns the grant that lets the person ask for a run that was refused, or nil: what Decide would say to the same
// request with the action Ask, without a freeze or a lock in the way.
func (d Decision) ask() *Grant {
	r := d.request
	if d.policy == nil || r == nil || r.Action != Run || d.Allowed() || d.Pending() || d.runbook == nil || !d.policy.index.mayAsk {
		return nil
	}
	asked := *r
	asked.Action, asked.BreakGlass, asked.Votes = Ask, false, nil
	asked.ApproveBy = r.At // only whether somebody may ask matters, not for how long
	if a := Decide(d.policy, &asked); a.Pending() {
		return a.grant
	}
	return nil
}

// Hidden says whether the person may not know that the runbook exists: no grant lets them do anything with it. Whoever
// answers them says what they would say to a name nobody knows, which is what Explain says.
func (d Decision) Hidden() bool {
	switch d.code {
	case CodeRunbookUnknown:
		return true
	case CodeIdentityUnknown, CodeNotGranted:
		return d.runbook != nil
	}
	return false
}
