package policy

// Decide answers a request. It does no I/O, reads no clock, and gives the same answer for the same arguments. It does
// not allocate for a yes by a grant without conditions and with at most 16 parameters, nor for a no before the parameters.
//
// The decision refers to r, which must not change while the decision is in use. It is not recorded: nobody may act on
// it. Use a Gate for that.
func Decide(p *Policy, r *Request) Decision {
	d := Decision{policy: p, request: r}
	d.code = d.decide()
	return d
}

func (d *Decision) decide() Code {
	if d.policy == nil {
		return CodePolicyMissing
	}
	if d.request == nil || !d.request.complete() {
		return CodeRequestInvalid
	}
	if d.request.Misplaced {
		return CodeButtonOther
	}
	if code := d.request.Actor.Standing.refusal(); code != "" {
		return code
	}
	if !d.request.Channel.Known {
		return CodeChannelUnknown
	}
	d.runbook = d.policy.index.runbooks[d.request.Runbook]
	switch d.request.Action {
	case Cancel, Locking:
		return d.decideOwn()
	case Approve, Reject:
		return d.decideAnswer()
	}
	return d.decideRun()
}

// decideOwn lets whoever asked for an execution stop it, whoever set a lock end it, and whom a grant lets. What a grant
// wants besides its condition is about running: what runs can be stopped after its window has closed.
func (d *Decision) decideOwn() Code {
	if d.request.Requester != d.request.Actor.ID || !d.policy.index.known(&d.request.Actor) {
		return d.decideBeside()
	}
	if d.forbidden(always) || d.forbidden(sometimes) {
		return CodeDenied
	}
	return CodeRequester
}

// decideBeside decides about what is done beside running.
func (d *Decision) decideBeside() Code {
	if code := d.findGrant(); code != "" {
		return code
	}
	if d.forbidden(always) || d.forbidden(sometimes) {
		return CodeDenied
	}
	if code := d.chooseGrant(); code != "" {
		return code
	}
	return CodeGranted
}

// decideRun goes through the checks in the order of the codes. Conditions come after the parameters, so that they see
// only values that the policy allows.
func (d *Decision) decideRun() Code {
	if code := d.findGrant(); code != "" {
		return code
	}
	if code := d.checkStops(); code != "" {
		return code
	}
	if code := d.checkParameters(); code != "" {
		return code
	}
	if d.forbidden(sometimes) {
		return CodeDenied
	}
	if code := d.chooseGrant(); code != "" {
		return code
	}
	if code := d.checkContent(); code != "" {
		return code
	}
	return d.checkVotes()
}

// complete says whether the request names everything a decision needs.
func (r *Request) complete() bool {
	if r.Entry == "" || r.Actor.ID == "" || r.Channel.ID == "" || r.Runbook == "" {
		return false
	}
	switch r.Action {
	case Run, Ask:
		return r.Execution != "" || len(r.Votes) == 0 // votes are for one execution
	case Cancel:
		return r.Execution != ""
	case Locking:
		return true
	case Approve, Reject:
		return r.answers()
	}
	return false
}

// answers says whether an Approve or a Reject names what it is about. Without a Step and a Subject the wait is over.
func (r *Request) answers() bool {
	if r.Execution == "" {
		return false
	}
	if r.Step != "" {
		return r.Requester != ""
	}
	s := r.Subject
	return s == nil || (s.Action == Run || s.Action == Ask) && s.Execution == r.Execution && s.Runbook == r.Runbook
}

// refusal is why an account cannot be granted anything, or "" for a member.
func (s Standing) refusal() Code {
	switch s {
	case StandingMember:
		return ""
	case StandingGuest:
		return CodeGuest
	case StandingBot:
		return CodeBot
	case StandingDeactivated:
		return CodeDeactivated
	case StandingExternal:
		return CodeExternal
	}
	return CodeStandingUnknown
}
