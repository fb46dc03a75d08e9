package policy

import (
	"slices"
	"strings"

	"handrail/runbook"
)

// Denials without a condition are looked at before the parameters, and those with one after.
const (
	always    = false
	sometimes = true
)

// forbidden sets the first denial that applies, if one does.
func (d *Decision) forbidden(conditional bool) bool {
	if len(d.policy.denials) == 0 {
		return false
	}
	for _, denial := range d.policy.denials {
		if (denial.When != nil) == conditional && d.denies(denial) {
			d.denial = denial
			return true
		}
	}
	return false
}

// denies says whether a denial applies. One whose condition cannot be evaluated does.
func (d *Decision) denies(n *Denial) bool {
	r := d.request
	return coversRunbook(n.Runbooks, r.Runbook) && n.forbids(r.Action) &&
		(len(n.To) == 0 || d.policy.index.perhaps(d.policy, &r.Actor, n.To)) &&
		(len(n.Channels) == 0 || slices.ContainsFunc(n.Channels, r.Channel.fits)) &&
		(n.When == nil || d.meets(n.When) != CodeConditionUnmet)
}

// forbids says whether a denial is about an action. Answers to a request for approval are nobody's grant, and no denial's.
func (n *Denial) forbids(a Action) bool {
	if len(n.May) == 0 {
		return a == Run || a == Ask
	}
	return slices.Contains(n.May, a)
}

func coversRunbook(names []string, name string) bool {
	return slices.Contains(names, name) || slices.Contains(names, Everything)
}

// fits says whether a channel is one that a denial names. It does not matter whether it is shared: a denial does not
// end because somebody shares the channel.
func (c *Channel) fits(pattern string) bool {
	switch {
	case pattern == Everything, pattern == c.ID:
		return true
	case !strings.HasPrefix(pattern, "#"), c.Name == "":
		return false
	}
	return matches(pattern[1:], c.Name)
}

// checkStops looks at what stands above every grant and needs no look at the parameters' rules.
func (d *Decision) checkStops() Code {
	if d.forbidden(always) {
		return CodeDenied
	}
	if code := d.checkFreezes(); code != "" {
		return code
	}
	return d.checkLocks()
}

// checkFreezes refuses what a freeze stops that nobody may override, and notes whom the others need.
func (d *Decision) checkFreezes() Code {
	for _, f := range d.policy.freezes {
		if !coversRunbook(f.Runbooks, d.request.Runbook) || !d.during(f) {
			continue
		}
		if len(f.Override) == 0 {
			d.freeze = f
			return CodeFrozen
		}
		if d.freeze == nil {
			d.freeze = f
		}
		d.needs = append(d.needs, Need{Rule: f.Name, Freeze: true, From: f.Override, Count: OverrideCount})
	}
	return ""
}

// during says whether the request's time is within a freeze. A request without a time is within every one.
func (d *Decision) during(f *Freeze) bool {
	at := d.request.At
	return at.IsZero() || !at.Before(f.From) && at.Before(f.Until)
}

// checkLocks refuses what a lock stops. A lock with parameters stops a run that has each of its values.
func (d *Decision) checkLocks() Code {
	for i := range d.request.Locks {
		l := &d.request.Locks[i]
		if l.Runbook == d.request.Runbook && d.request.At.Before(l.Until) && d.holds(l.Parameters) {
			d.lock = l
			return CodeLocked
		}
	}
	return ""
}

func (d *Decision) holds(locked map[string][]string) bool {
	for name, values := range locked {
		given := d.request.values(name)
		for _, value := range values {
			if !slices.Contains(given, value) {
				return false
			}
		}
	}
	return true
}

// values are what a parameter will be: as given, or the document's default.
func (r *Request) values(name string) []string {
	if given, ok := r.Parameters[name]; ok {
		return given
	}
	if doc := r.Document; doc != nil && doc.Content != nil && name != "" {
		if p, ok := doc.Content.Parameter(name); ok && p.HasDefault && p.Default != nil {
			return runbook.WireValue(p.Default)
		}
	}
	return nil
}
