package policy

import (
	"fmt"
	"slices"
	"strings"
)

// What a grant lacks to cover a request. Their sum orders grants: a person can go to another channel, but cannot
// become somebody else, and a grant without the action allows it to nobody.
const (
	lacksChannel = 1 << iota
	lacksPerson
	lacksAction
)

// near returns the grant that comes closest to covering the request, and what it lacks; nil if none is for the runbook.
// Of two as close, the one that names the runbook is nearer than one for every runbook, and then the first by name.
func (d Decision) near() (near *Grant, lacks int) {
	names := d.policy.index.names(d.policy, &d.request.Actor)
	for _, g := range d.policy.grants {
		if !g.covers(d.runbook.Name) {
			continue
		}
		n := g.lacks(d.request, names)
		if near == nil || n < lacks || n == lacks && near.wide() && !g.wide() {
			near, lacks = g, n
		}
	}
	return near, lacks
}

func (g *Grant) wide() bool { return slices.Contains(g.Runbooks, Everything) }

func (g *Grant) lacks(r *Request, names []string) int {
	lacks := 0
	if !slices.ContainsFunc(g.To, func(to string) bool { return slices.Contains(names, to) }) {
		lacks += lacksPerson
	}
	if !slices.Contains(g.May, r.Action) {
		lacks += lacksAction
	}
	if !g.in(&r.Channel) {
		lacks += lacksChannel
	}
	return lacks
}

// names returns the person's identity and groups by name, as grants write them.
func (x *index) names(p *Policy, a *Actor) []string {
	var names []string
	identity, known := x.accounts[a.ID]
	if known {
		names = append(names, identity.name)
	}
	for _, g := range p.groups {
		if known && slices.Contains(g.Members, identity.name) || g.UserGroup != "" && slices.Contains(a.UserGroups, g.UserGroup) {
			names = append(names, g.Name)
		}
	}
	return names
}

// lets says what a grant allows, such as "web-restarts lets web run it in #ops or #inc-*."
func (g *Grant) lets(r *Request) string {
	verbs := make([]string, len(g.May))
	for i, a := range g.May {
		verbs[i] = a.verb()
	}
	if slices.Contains(g.May, r.Action) {
		verbs = []string{r.Action.verb()}
	}
	where := "in " + join(limited(g.Channels), "or")
	if slices.Contains(g.Channels, Everything) {
		where = "in any channel"
		if r.Channel.Shared {
			where = "in any channel that is not shared"
		}
	}
	if g.BreakGlass != nil && r.Action == Run {
		where += " in an emergency"
	}
	return fmt.Sprintf("%s lets %s %s it %s.", g.Name, join(limited(g.To), "and"), join(verbs, "and"), where)
}

// verb is what people do to a runbook.
func (a Action) verb() string {
	if a == Ask {
		return "ask for"
	}
	return string(a)
}

// missing says what the request lacks for a grant.
func (d Decision) missing(g *Grant, lacks int) string {
	var parts []string
	if lacks&lacksPerson != 0 {
		part := "you are not in " + join(limited(g.To), "or")
		if groups := d.groups(); len(groups) > 0 {
			part = fmt.Sprintf("you are in %s, not in %s", join(limited(groups), "and"), join(limited(g.To), "or"))
		}
		parts = append(parts, part)
	}
	if lacks&lacksAction != 0 {
		parts = append(parts, fmt.Sprintf("it gives %s, not %s", string(g.May[0]), string(d.request.Action)))
	}
	if lacks&lacksChannel != 0 {
		parts = append(parts, d.request.Channel.words()+" is not one of its channels")
	}
	if len(parts) == 0 {
		return ""
	}
	return upper(strings.Join(parts, "; ")) + "."
}

// groups are the groups of the policy that the person is in.
func (d Decision) groups() []string {
	names := d.policy.index.names(d.policy, &d.request.Actor)
	if identity, ok := d.policy.Identity(d.request.Actor.ID); ok {
		return names[slices.Index(names, identity)+1:]
	}
	return names
}

// who collects everybody whom some grant lets do this with the runbook.
func (d Decision) who(e *Explanation) {
	for _, g := range d.policy.grants {
		if g.covers(d.runbook.Name) && slices.Contains(g.May, d.request.Action) {
			e.Who = append(e.Who, g.To...)
		}
	}
	slices.Sort(e.Who)
	e.Who = slices.Compact(e.Who)
}

// what is "run restart-web in #ops".
func (d Decision) what() string { return d.verb() + " in " + d.request.Channel.words() }

// verb is "run restart-web".
func (d Decision) verb() string {
	if d.request.Action == Ask {
		return "ask to run " + shown(d.request.Runbook)
	}
	return string(d.request.Action) + " " + shown(d.request.Runbook)
}

// words is "#ops", "a direct message", or the ID of a channel without a name.
func (c *Channel) words() string {
	switch {
	case c.Name != "":
		return "#" + shown(c.Name)
	case strings.HasPrefix(c.ID, "D"):
		return "a direct message"
	}
	return shown(c.ID)
}

// names are the parameters that people may give.
func (d Decision) names() []string {
	names := make([]string, len(d.runbook.Parameters))
	for i := range d.runbook.Parameters {
		names[i] = d.runbook.Parameters[i].Name
	}
	return names
}

func (d Decision) takes() string {
	if len(d.runbook.Parameters) == 0 {
		return "It takes none from people."
	}
	return fmt.Sprintf("It takes %s.", join(limited(d.names()), "and"))
}

const limitedWords = 10

// limited shortens a long list for a sentence.
func limited(words []string) []string {
	if len(words) <= limitedWords {
		return words
	}
	return append(slices.Clone(words[:limitedWords]), fmt.Sprintf("%d more", len(words)-limitedWords))
}

// oneOf is "i-1" or "one of i-1, i-2".
func oneOf(values []string) string {
	if len(values) == 1 {
		return shown(values[0])
	}
	words := make([]string, 0, len(values))
	for _, v := range limited(values) {
		words = append(words, shown(v))
	}
	return "one of " + strings.Join(words, ", ")
}
