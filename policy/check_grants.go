package policy

import (
	"fmt"
	"slices"
	"strings"
)

// grants finds grants that never apply, or never matter.
func (c *examiner) grants() {
	rivals := c.rivals()
	for _, g := range c.policy.grants {
		what := "the grant " + g.Name
		to := c.policy.crowd(g.To)
		if len(to.names) == 0 && !to.open {
			c.add(g.Line, SeverityWarning, "grant-unreachable", "Name somebody, or remove it.", "%s is for nobody.", upper(what))
		}
		if g.Approval != nil {
			c.agreement(g.Line, what, *g.Approval, to)
			if g.Approval.Channel != "" {
				c.told(g.Line, "the question of "+what, g.Approval.Channel)
			}
		}
		if g.BreakGlass != nil {
			c.told(g.Line, "the notice of "+what, g.BreakGlass.Notify)
		}
		c.condition(g.Line, what, g.When)
		c.channels(g.Line, what, g.Channels)
		c.covered(g, rivals)
		c.idle(g)
	}
}

// condition finds conditions that are none.
func (c *examiner) condition(line int, what string, when *Condition) {
	if when == nil {
		return
	}
	switch strings.TrimSpace(when.Source) {
	case "false":
		c.add(line, SeverityWarning, "condition-constant", "Remove the rule, or say what it is for.", "%s never applies: its condition is false.", upper(what))
	case "true":
		c.add(line, SeverityWarning, "condition-constant", "Remove the condition.", "The condition of %s is always true.", what)
	}
}

// channels finds names that other channels of the same list cover. An ID counts for shared channels, too, and so is never
// covered by a pattern.
func (c *examiner) channels(line int, what string, channels []string) {
	for _, one := range channels {
		for _, other := range channels {
			if one != other && one[0] == '#' && coversChannel(other, one) {
				c.add(line, SeverityWarning, "channel-redundant", fmt.Sprintf("Remove %s.", one), "%s lists %s, which its %s covers.", upper(what), one, other)
				break
			}
		}
	}
}

// coversChannel says whether a pattern fits every channel that another one fits, in a grant.
func coversChannel(wide, narrow string) bool {
	switch {
	case wide == narrow:
		return true
	case narrow == Everything || narrow[0] != '#':
		return false
	case wide == Everything:
		return true
	case wide[0] != '#':
		return false
	}
	return matches(wide[1:], narrow[1:]) // * of the narrow one is a character like others here: only a * of the wide one fits it
}

// covered finds grants that a denial or another grant makes void.
func (c *examiner) covered(g *Grant, rivals rivalry) {
	for _, d := range c.policy.denials {
		if c.forbidsAll(d, g) {
			c.add(g.Line, SeverityWarning, "grant-denied", "Remove the grant, or narrow the denial.", "The grant %s never applies: the denial %s forbids all that it is for.", g.Name, d.Name)
			return
		}
	}
	for _, h := range rivals.of(g) {
		if h == g || !c.asksNoMore(h, g) || c.asksNoMore(g, h) && g.Name < h.Name {
			continue // of two that are the same, the second by name is the one too many
		}
		c.add(g.Line, SeverityWarning, "grant-covered", "Remove one of the two.", "The grant %s changes nothing: %s gives all of it and asks for no more.", g.Name, h.Name)
		return
	}
}

// rivalry finds the few grants that can cover another one by a runbook and a channel of it.
type rivalry struct {
	exact map[[2]string][]*Grant // by runbook and channel, as grants write them
	wild  map[string][]*Grant    // by runbook: those with a * in a channel
}

func (c *examiner) rivals() rivalry {
	r := rivalry{map[[2]string][]*Grant{}, map[string][]*Grant{}}
	for _, g := range c.policy.grants {
		for _, name := range g.Runbooks {
			wild := false
			for _, channel := range g.Channels {
				if strings.Contains(channel, "*") {
					wild = true
				} else {
					r.exact[[2]string{name, channel}] = append(r.exact[[2]string{name, channel}], g)
				}
			}
			if wild {
				r.wild[name] = append(r.wild[name], g)
			}
		}
	}
	return r
}

// of returns the grants that could cover g, g itself among them.
func (r rivalry) of(g *Grant) []*Grant {
	name, channel := g.Runbooks[0], g.Channels[0]
	found := slices.Concat(r.exact[[2]string{name, channel}], r.wild[name])
	if name != Everything {
		found = slices.Concat(found, r.exact[[2]string{Everything, channel}], r.wild[Everything])
	}
	return found
}

func (c *examiner) forbidsAll(d *Denial, g *Grant) bool {
	switch {
	case d.When != nil,
		slices.ContainsFunc(g.purpose(), func(a Action) bool { return !d.forbids(a) }),
		!coversRunbooks(d.Runbooks, g.Runbooks),
		len(d.To) > 0 && !c.coversPeople(d.To, g.To):
		return false
	}
	return len(d.Channels) == 0 || !slices.ContainsFunc(g.Channels, func(channel string) bool {
		return !slices.ContainsFunc(d.Channels, func(pattern string) bool { return pattern == Everything || coversChannel(pattern, channel) })
	})
}

// purpose is what a grant is for: all it gives, without the cancelling that comes with the rest.
func (g *Grant) purpose() []Action {
	if len(g.May) == 1 {
		return g.May
	}
	return slices.DeleteFunc(slices.Clone(g.May), func(a Action) bool { return a == Cancel })
}

func coversRunbooks(wide, narrow []string) bool {
	return slices.Contains(wide, Everything) ||
		!slices.ContainsFunc(narrow, func(name string) bool { return !slices.Contains(wide, name) })
}

// coversPeople says whether everybody whom narrow can mean is meant by wide.
func (c *examiner) coversPeople(wide, narrow []string) bool {
	known := c.policy.crowd(wide).names
	for _, name := range narrow {
		if slices.Contains(wide, name) {
			continue
		}
		one := c.policy.crowd([]string{name})
		if one.open || slices.ContainsFunc(one.names, func(person string) bool { return !slices.Contains(known, person) }) {
			return false
		}
	}
	return true
}

// asksNoMore says whether wide lets everybody do all that narrow does, on conditions that are no harder.
func (c *examiner) asksNoMore(wide, narrow *Grant) bool {
	w, n := wide, narrow
	switch {
	case slices.ContainsFunc(n.May, func(a Action) bool { return !slices.Contains(w.May, a) }),
		!coversRunbooks(w.Runbooks, n.Runbooks),
		w.When != nil && (n.When == nil || w.When.Source != n.When.Source),
		len(w.Windows) > 0 && (len(n.Windows) == 0 || len(missing(n.Windows, w.Windows)) > 0),
		w.Limits != Limits{}, // each grant counts by itself
		(w.BreakGlass == nil) != (n.BreakGlass == nil), w.BreakGlass != nil && *w.BreakGlass != *n.BreakGlass,
		w.Approval != nil && (n.Approval == nil || w.Approval.words() != n.Approval.words()),
		!c.coversPeople(w.To, n.To):
		return false
	}
	return !slices.ContainsFunc(n.Channels, func(channel string) bool {
		return !slices.ContainsFunc(w.Channels, func(pattern string) bool { return coversChannel(pattern, channel) })
	})
}

// idle finds rights that do nothing: to cancel or lock what nobody can start, and to ask for what one may run.
func (c *examiner) idle(g *Grant) {
	if !g.starts() && !slices.ContainsFunc(c.policy.grants, func(h *Grant) bool { return h.starts() && meet(h.Runbooks, g.Runbooks) }) {
		c.add(g.Line, SeverityWarning, "grant-idle", "Grant running, or remove it.",
			"The grant %s does nothing: nobody may run the runbooks that it lets people %s.", g.Name, join(actions(g.May), "or"))
	}
	if !slices.Contains(g.May, Ask) {
		return
	}
	for _, h := range c.policy.grants {
		plain := h.When == nil && len(h.Windows) == 0 && h.Limits == Limits{} && h.BreakGlass == nil
		if slices.Contains(h.May, Run) && plain && coversRunbooks(h.Runbooks, g.Runbooks) && c.coversPeople(h.To, g.To) &&
			!slices.ContainsFunc(g.Channels, func(channel string) bool {
				return !slices.ContainsFunc(h.Channels, func(pattern string) bool { return coversChannel(pattern, channel) })
			}) {
			c.add(g.Line, SeverityWarning, "grant-idle", "Remove it.", "The grant %s does nothing: %s lets the same people run it.", g.Name, h.Name)
			return
		}
	}
}

func meet(a, b []string) bool {
	return slices.Contains(a, Everything) || slices.Contains(b, Everything) ||
		slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

// denials finds denials that forbid nobody anything.
func (c *examiner) denials() {
	for _, d := range c.policy.denials {
		what := "the denial " + d.Name
		c.condition(d.Line, what, d.When)
		c.channels(d.Line, what, d.Channels)
		granted := slices.ContainsFunc(c.policy.grants, func(g *Grant) bool {
			return meet(d.Runbooks, g.Runbooks) && slices.ContainsFunc(g.May, d.forbids)
		})
		if !granted {
			c.add(d.Line, SeverityWarning, "denial-idle", "Remove it, unless it is there for grants to come.", "%s takes away nothing that any grant gives.", upper(what))
		}
	}
}
