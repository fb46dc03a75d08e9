package policy

import (
	"strings"
)

// findGrant says whether any grant covers who, what, where and the action, or what is missing for one. It sets the first
// such grant; whether its conditions hold is asked later.
func (d *Decision) findGrant() Code {
	x, r := &d.policy.index, d.request
	if d.runbook == nil {
		return CodeRunbookUnknown
	}
	if !x.known(&r.Actor) {
		return CodeIdentityUnknown
	}
	d.plain, d.specials = x.find(d.policy, r, d.runbook.number)
	n := d.plain
	if len(d.specials) > 0 {
		n = lower(n, d.specials[0])
	}
	if n != none {
		d.grant = d.policy.grants[n]
		return ""
	}
	switch {
	case x.granted(&r.Actor, d.runbook.number, r.Action):
		if r.Channel.Shared {
			return CodeChannelShared
		}
		return CodeChannelNotGranted
	case x.grantedAny(&r.Actor, d.runbook.number):
		return CodeActionNotGranted
	}
	return CodeNotGranted
}

// chooseGrant sets the grant that decides: of those that apply, one without an approval, and then the first by name. If
// none applies, it sets the first that covers the request, and says why that one does not apply.
func (d *Decision) chooseGrant() Code {
	r := d.request
	first, asking, why := none, none, Code("")
	consider := func(n int32) (chosen bool) {
		g := d.policy.grants[n]
		switch code := d.applies(g); {
		case code == "" && (g.Approval == nil || r.Action == Locking || r.Action == Cancel):
			first = n
			return true
		case code == "" && asking == none:
			asking = n
		case code != "" && (why == "" || why.rank() < code.rank()):
			why, d.grant = code, g
		}
		return false
	}
	for _, n := range d.specials {
		if d.plain != none && n > d.plain && d.applies(d.policy.grants[d.plain]) == "" || consider(n) {
			break
		}
	}
	if first == none && d.plain != none {
		consider(d.plain)
	}
	first = orElse(first, asking)
	if first == none {
		return why
	}
	d.grant = d.policy.grants[first]
	return ""
}

func orElse(n, other int32) int32 {
	if n == none {
		return other
	}
	return n
}

// rank orders the reasons why grants do not apply: the one that is easiest to do something about is told.
func (c Code) rank() int {
	switch c {
	case CodeNoBreakGlass:
		return 1
	case CodeEmergencyOnly:
		return 2
	case CodeConditionBroke:
		return 3
	case CodeConditionUnmet:
		return 4
	case CodeUsageUnknown:
		return 5
	case CodeOutsideWindow:
		return 6
	case CodeLimitPerHour:
		return 7
	case CodeLimitAtOnce:
		return 8
	case CodeLimitTargets:
		return 9
	case CodeReasonMissing:
		return 10
	}
	return 0
}

// applies says why a grant that covers the request does not apply, or "" if it does. The condition is for whatever the
// grant gives; all else is about running.
func (d *Decision) applies(g *Grant) Code {
	r := d.request
	running := r.Action == Run || r.Action == Ask
	if running {
		if code := d.checkEmergency(g); code != "" {
			return code
		}
	}
	if g.When != nil {
		if code := d.meets(g.When); code != "" {
			return code
		}
	}
	switch {
	case !running:
		return ""
	case len(g.Windows) > 0 && !d.within(g.Windows):
		return CodeOutsideWindow
	}
	return d.checkLimits(g)
}

// checkEmergency tells grants for emergencies from the others.
func (d *Decision) checkEmergency(g *Grant) Code {
	r := d.request
	switch {
	case r.Action == Ask && g.Approval == nil: // Parse lets no such grant in
		return CodeActionNotGranted
	case g.BreakGlass != nil && !r.BreakGlass:
		return CodeEmergencyOnly
	case g.BreakGlass == nil && r.BreakGlass:
		return CodeNoBreakGlass
	case g.BreakGlass != nil && !said(r.Reason):
		return CodeReasonMissing
	}
	return ""
}

// within says whether the request's time is within any of the windows.
func (d *Decision) within(windows []string) bool {
	for _, name := range windows {
		if w := d.policy.windows[name]; w != nil && !d.request.At.IsZero() && w.Holds(d.request.At) {
			return true
		}
	}
	return false
}

func (d *Decision) checkLimits(g *Grant) Code {
	if g.Limits.Targets > 0 {
		if d.runbook.Targets == "" || len(d.request.values(d.runbook.Targets)) > g.Limits.Targets {
			return CodeLimitTargets
		}
	}
	if g.Limits.AtOnce == 0 && g.Limits.PerHour == 0 {
		return ""
	}
	usage, ok := d.request.Usage[g.Name]
	switch {
	case !ok:
		return CodeUsageUnknown
	case g.Limits.AtOnce > 0 && usage.Open >= g.Limits.AtOnce:
		return CodeLimitAtOnce
	case g.Limits.PerHour > 0 && usage.Recent >= g.Limits.PerHour:
		return CodeLimitPerHour
	}
	return ""
}

// said says whether a reason is more than spaces.
func said(reason string) bool { return strings.TrimSpace(reason) != "" }
