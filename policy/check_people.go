package policy

import (
	"fmt"
	"slices"
)

// crowd is everybody whom a list of names can mean: identities by name, and perhaps people whom only Slack knows.
type crowd struct {
	names []string // sorted
	open  bool     // members of a user group come in addition
}

func (p *Policy) crowd(names []string) crowd {
	var c crowd
	for _, name := range names {
		if _, ok := p.Person(name); ok {
			c.names = append(c.names, name)
		}
		for _, g := range p.groups {
			if g.Name == name {
				c.names = append(c.names, g.Members...)
				c.open = c.open || g.UserGroup != ""
			}
		}
	}
	slices.Sort(c.names)
	c.names = slices.Compact(c.names)
	return c
}

// without returns how many of the crowd are left when one is not counted.
func (c crowd) without(name string) int {
	if _, ok := slices.BinarySearch(c.names, name); ok {
		return len(c.names) - 1
	}
	return len(c.names)
}

// agreement finds approvals that nobody can give, to anybody or to some of those who ask.
func (c *examiner) agreement(line int, what string, a Approval, asking crowd) {
	from := c.policy.crowd(a.From)
	if from.open {
		if a.RequireIdentity {
			c.add(line, SeverityNote, "approval-identities", fmt.Sprintf("Make sure that at least %d of them are identities of the policy.", a.Count),
				"Of the user groups that %s asks, only members whom the policy names as an identity can agree.", what)
		}
		return
	}
	if len(from.names) < a.Count {
		c.add(line, SeverityError, "approval-impossible", "Name more people, or lower count.",
			"Nobody can get the approval of %s: it wants %s, and there are %d in %s.", what, distinct(a.Count), len(from.names), join(a.From, "and"))
		return
	}
	var stuck []string
	for _, name := range asking.names {
		if from.without(name) < a.Count {
			stuck = append(stuck, name)
		}
	}
	switch {
	case len(stuck) == 0:
	case !asking.open && len(stuck) == len(asking.names):
		c.add(line, SeverityError, "approval-impossible", "Name somebody else who may agree.",
			"Nobody can get the approval of %s: nobody may agree to what they asked for themselves, and that leaves too few in %s.", what, join(a.From, "and"))
	default:
		c.add(line, SeverityWarning, "approval-impossible-for", "Name somebody else who may agree, if they are meant to get it.",
			"%s cannot get the approval of %s: without the person who asks there are too few in %s.", join(limited(stuck), "and"), what, join(a.From, "and"))
	}
}

func distinct(count int) string {
	if count == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d different people", count)
}

// told notes channels that go by a name.
func (c *examiner) told(line int, what, channel string) {
	if channel == "" {
		c.add(line, SeverityError, "channel-missing", "Write the ID of a channel.", "%s tells nobody.", upper(what))
		return
	}
	if channel[0] == '#' {
		c.add(line, SeverityNote, "channel-by-name", "Write its ID: a name counts for whichever channel has it at the time, or for none.",
			"%s goes to %s by its name.", upper(what), channel)
	}
}
