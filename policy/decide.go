package policy

// Decide answers a request. It does no I/O, reads no clock, and gives the same answer for the same arguments. It does
// not allocate for a yes with at most 16 parameters, nor for a no before the parameters.
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
	if code := d.request.Actor.Standing.refusal(); code != "" {
		return code
	}
	if !d.request.Channel.Known {
		return CodeChannelUnknown
	}
	d.runbook = d.policy.index.runbooks[d.request.Runbook]
	if d.request.Action == Cancel {
		return d.decideCancel()
	}
	return d.decideRun()
}

func (d *Decision) decideCancel() Code {
	if d.request.Requester == d.request.Actor.ID && d.policy.index.known(&d.request.Actor) {
		return CodeRequester
	}
	if code := d.findGrant(); code != "" {
		return code
	}
	return CodeGranted
}

func (d *Decision) decideRun() Code {
	if code := d.findGrant(); code != "" {
		return code
	}
	if code := d.checkParameters(); code != "" {
		return code
	}
	if code := d.checkContent(); code != "" {
		return code
	}
	return CodeGranted
}

// findGrant sets the grant that covers who, what, where and the action, or says what is missing for one.
func (d *Decision) findGrant() Code {
	x, r := &d.policy.index, d.request
	if d.runbook == nil {
		return CodeRunbookUnknown
	}
	if !x.known(&r.Actor) {
		return CodeIdentityUnknown
	}
	if n := x.find(&r.Actor, &r.Channel, d.runbook.number, r.Action); n != none {
		d.grant = d.policy.grants[n]
		return ""
	}
	switch {
	case x.granted(&r.Actor, d.runbook.number, r.Action):
		if r.Channel.Shared {
			return CodeChannelShared
		}
		return CodeChannelNotGranted
	case x.granted(&r.Actor, d.runbook.number, r.Action.other()):
		return CodeActionNotGranted
	}
	return CodeNotGranted
}

// complete says whether the request names everything a decision needs.
func (r *Request) complete() bool {
	switch {
	case r.Action != Run && r.Action != Cancel:
		return false
	case r.Action == Cancel && r.Execution == "":
		return false
	}
	return r.Entry != "" && r.Actor.ID != "" && r.Channel.ID != "" && r.Runbook != ""
}

// other is the action that is not a.
func (a Action) other() Action {
	if a == Run {
		return Cancel
	}
	return Run
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
