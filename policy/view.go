package policy

import "slices"

// Covering returns the grants that cover this person, this runbook, this channel and this action, sorted by name: what
// lists and help show. Whether their conditions, windows and limits hold is not looked at, nor what stands above grants.
func (p *Policy) Covering(actor Actor, channel Channel, runbook string, action Action) []*Grant {
	if _, ok := p.Runbook(runbook); !ok || actor.Standing != StandingMember || !channel.Known || channel.ID == "" {
		return nil
	}
	var found []*Grant
	names := p.index.names(p, &actor)
	for _, g := range p.GrantsFor(runbook) {
		to := slices.ContainsFunc(g.To, func(to string) bool { return slices.Contains(names, to) })
		if to && slices.Contains(g.May, action) && g.in(&channel) {
			found = append(found, g)
		}
	}
	return found
}

// FreezesOf returns the freezes of a runbook, sorted by name, over or not.
func (p *Policy) FreezesOf(runbook string) []*Freeze {
	var found []*Freeze
	for _, f := range p.freezes {
		if slices.Contains(f.Runbooks, runbook) || slices.Contains(f.Runbooks, Everything) {
			found = append(found, f)
		}
	}
	return found
}

// Window returns the window of exactly that name.
func (p *Policy) Window(name string) (*Window, bool) {
	w, ok := p.windows[name]
	return w, ok
}
