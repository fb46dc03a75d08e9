package policy

import (
	"slices"
	"strings"
)

// index answers "which grant covers this person, runbook, action and channel?" without looking at every grant.
// Grants are known by their place in Policy.grants, which is sorted by name, so that "the first" is the same grant
// whatever the order of the file.
type index struct {
	accounts   map[string]person  // by Slack user ID
	userGroups map[string][]int32 // by Slack user group ID: numbers of groups
	runbooks   map[string]*Runbook
	numbers    map[string]int32 // by name of an identity or a group
	scopes     map[scopeKey]*scope
	reach      []reach  // by number of identity or group
	mayAsk     bool     // some grant lets people ask
	limited    []limits // by number of a runbook
	limitedAll []string // grants for every runbook whose use is counted
	called     []string // names, by number of identity or group
}

// limits are the names of the grants for a runbook by its name whose use is counted.
type limits []string

// reach says whether any grant is for one identity or group, and whether one of them is for every runbook. Most are
// for neither, and need no look-up.
type reach struct{ any, every bool }

// person is an identity: its name, and the numbers of itself and of the groups that list it.
type person struct {
	name       string
	principals []int32
}

// scopeKey packs a principal, a runbook and an action, because a map looks up one number faster than three. A file of
// MaxSize cannot have as many principals or runbooks as the bits have room for.
type scopeKey uint64

func keyOf(principal, runbook int32, action Action) scopeKey {
	return scopeKey(uint64(uint32(principal))<<32 | uint64(uint32(runbook+1))<<3 | action.number())
}

// number gives actions their place in a scopeKey. Unknown actions share one that no grant uses.
func (a Action) number() uint64 {
	switch a {
	case Run:
		return 1
	case Cancel:
		return 2
	case Ask:
		return 3
	case Locking:
		return 4
	}
	return 0
}

// every is the runbook number of grants for "*".
const every = int32(-1)

// none is the number of no grant.
const none = int32(-1)

// buildIndex sorts the parts of p and builds the index over them. Every name p uses must exist.
func (p *Policy) buildIndex() {
	slices.SortFunc(p.identities, func(a, b Identity) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(p.groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(p.runbooks, func(a, b *Runbook) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(p.grants, func(a, b *Grant) int { return strings.Compare(a.Name, b.Name) })
	x := index{
		accounts:   make(map[string]person, len(p.identities)),
		userGroups: map[string][]int32{},
		runbooks:   make(map[string]*Runbook, len(p.runbooks)),
		scopes:     make(map[scopeKey]*scope, len(p.grants)),
	}
	for i, r := range p.runbooks {
		r.number = int32(i)
		x.runbooks[r.Name] = r
	}
	slices.SortFunc(p.denials, func(a, b *Denial) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(p.freezes, func(a, b *Freeze) int { return strings.Compare(a.Name, b.Name) })
	numbers := x.number(p.identities, p.groups)
	x.numbers, x.limited = numbers, make([]limits, len(p.runbooks))
	x.reach = make([]reach, len(numbers))
	for i, g := range p.grants {
		x.add(g, int32(i), numbers)
	}
	p.index = x
}

// number gives every identity and group a number, and every person the numbers that speak for them.
func (x *index) number(identities []Identity, groups []Group) map[string]int32 {
	numbers := make(map[string]int32, len(identities)+len(groups))
	of := make(map[string][]int32, len(identities))
	for _, id := range identities {
		numbers[id.Name] = int32(len(numbers))
		of[id.Name] = []int32{numbers[id.Name]}
	}
	for _, g := range groups {
		n := int32(len(numbers))
		numbers[g.Name] = n
		if g.UserGroup != "" {
			x.userGroups[g.UserGroup] = append(x.userGroups[g.UserGroup], n)
		}
		for _, member := range g.Members {
			of[member] = append(of[member], n)
		}
	}
	x.called = make([]string, len(numbers))
	for name, n := range numbers {
		x.called[n] = name
	}
	for _, id := range identities {
		for _, account := range id.Slack {
			x.accounts[account] = person{name: id.Name, principals: of[id.Name]}
		}
	}
	return numbers
}

func (x *index) add(g *Grant, grant int32, numbers map[string]int32) {
	for _, to := range g.To {
		x.reach[numbers[to]].any = true
		for _, name := range g.Runbooks {
			number := every
			if name == Everything {
				x.reach[numbers[to]].every = true
			} else {
				number = x.runbooks[name].number
			}
			for _, action := range g.May {
				key := keyOf(numbers[to], number, action)
				s := x.scopes[key]
				if s == nil {
					s = &scope{anywhere: none}
					x.scopes[key] = s
				}
				if g.plain(action) {
					s.add(g.Channels, grant)
				} else {
					s.special = append(s.special, grant)
				}
			}
		}
	}
	x.mayAsk = x.mayAsk || slices.Contains(g.May, Ask)
	x.count(g)
}

// plain says whether a grant covers an action without any condition, so that the first one decides.
func (g *Grant) plain(a Action) bool {
	switch {
	case g.When != nil, a == Ask:
		return false
	case a == Run:
		return len(g.Windows) == 0 && g.BreakGlass == nil && g.Approval == nil && g.Limits == Limits{}
	}
	return true
}

// count notes a grant whose use is counted.
func (x *index) count(g *Grant) {
	if g.Limits.AtOnce == 0 && g.Limits.PerHour == 0 {
		return
	}
	for _, name := range g.Runbooks {
		if name == Everything {
			x.limitedAll = append(x.limitedAll, g.Name)
		} else {
			n := x.runbooks[name].number
			x.limited[n] = append(x.limited[n], g.Name)
		}
	}
}

// covers says whether any grant covers all four.
func (x *index) covers(p *Policy, r *Request, runbook int32) bool {
	plain, specials := x.find(p, r, runbook)
	return plain != none || len(specials) > 0
}

// in says whether a grant covers a channel: a shared one by its ID alone, a direct message by its ID or "*".
func (g *Grant) in(c *Channel) bool {
	for _, pattern := range g.Channels {
		switch {
		case pattern == c.ID:
			return true
		case c.Shared:
		case pattern == Everything, pattern[0] == '#' && c.Name != "" && matches(pattern[1:], c.Name):
			return true
		}
	}
	return false
}

// lower is the smaller of two grant numbers; none is larger than any.
func lower(a, b int32) int32 {
	if a == none || b != none && b < a {
		return b
	}
	return a
}

// known says whether the policy names the person, as an identity or through a user group.
func (x *index) known(a *Actor) bool {
	if _, ok := x.accounts[a.ID]; ok {
		return true
	}
	for _, id := range a.UserGroups {
		if _, ok := x.userGroups[id]; ok {
			return true
		}
	}
	return false
}

// find returns the first plain grant that covers all four, or none, and those that are not plain and cover all four, by
// name.
func (x *index) find(p *Policy, r *Request, runbook int32) (plain int32, specials []int32) {
	plain = none
	for _, n := range x.accounts[r.Actor.ID].principals {
		plain, specials = x.findFor(p, n, r, runbook, plain, specials)
	}
	for _, id := range r.Actor.UserGroups {
		for _, n := range x.userGroups[id] {
			plain, specials = x.findFor(p, n, r, runbook, plain, specials)
		}
	}
	if len(specials) > 1 {
		slices.Sort(specials)
		specials = slices.Compact(specials)
	}
	return plain, specials
}

// findFor adds to both what one of the person's numbers has.
func (x *index) findFor(p *Policy, principal int32, r *Request, runbook, plain int32, specials []int32) (int32, []int32) {
	reach := x.reach[principal]
	if reach.any {
		plain, specials = x.scopes[keyOf(principal, runbook, r.Action)].find(p, &r.Channel, plain, specials)
	}
	if reach.every {
		plain, specials = x.scopes[keyOf(principal, every, r.Action)].find(p, &r.Channel, plain, specials)
	}
	return plain, specials
}

// granted says whether the person has the action on the runbook in any channel.
func (x *index) granted(a *Actor, runbook int32, action Action) bool {
	for _, n := range x.accounts[a.ID].principals {
		if x.has(n, runbook, action) {
			return true
		}
	}
	for _, id := range a.UserGroups {
		for _, n := range x.userGroups[id] {
			if x.has(n, runbook, action) {
				return true
			}
		}
	}
	return false
}

func (x *index) has(principal, runbook int32, action Action) bool {
	return x.scopes[keyOf(principal, runbook, action)] != nil || x.scopes[keyOf(principal, every, action)] != nil
}

// grantedAny says whether the person has any action on the runbook in any channel.
func (x *index) grantedAny(a *Actor, runbook int32) bool {
	for _, action := range []Action{Run, Cancel, Ask, Locking} {
		if x.granted(a, runbook, action) {
			return true
		}
	}
	return false
}
