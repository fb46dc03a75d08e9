package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Change is one thing in which two policies differ.
type Change struct {
	What    string   // "service role", "identity", "group", "window", "runbook", "grant", "denial" or "freeze"
	Name    string   // "" for the service role
	How     How      // what became of it
	Details []string // what it is for one that is new, what is another for one that changed; nil for one that is gone
}

// How says what became of a thing.
type How string

// What can become of a thing.
const (
	Added   How = "added"
	Removed How = "removed"
	Changed How = "changed"
)

// String is one line: "+ grant x: to web", "- grant x" or "~ grant x: channels now also #ops".
func (c Change) String() string {
	sign := map[How]string{Added: "+", Removed: "-", Changed: "~"}[c.How]
	line := strings.TrimSpace(sign + " " + c.What + " " + c.Name)
	if len(c.Details) > 0 {
		line += ": " + strings.Join(c.Details, "; ")
	}
	return line
}

// Diff lists in what next differs from p, by kind and then by name; nil if in nothing that decides or is shown. Either
// may be nil, which is a policy without anything.
func (p *Policy) Diff(next *Policy) []Change {
	var changes []Change
	was, is := p.parts(), next.parts()
	for i := range is {
		changes = append(changes, is[i].diff(was[i])...)
	}
	return changes
}

// part is everything of one kind by name.
type part struct {
	what   string
	things map[string][]trait
}

// trait is one property of a thing. One that is a list has its values in values, without an order.
type trait struct {
	name   string
	values []string
	list   bool
}

func (now part) diff(before part) []Change {
	names := slices.AppendSeq(slices.Collect(maps.Keys(now.things)), maps.Keys(before.things))
	slices.Sort(names)
	var changes []Change
	for _, name := range slices.Compact(names) {
		is, here := now.things[name]
		was, there := before.things[name]
		c := Change{What: now.what, Name: name}
		switch {
		case !there:
			c.How, c.Details = Added, describe(is)
		case !here:
			c.How = Removed
		default:
			c.How, c.Details = Changed, compare(was, is)
			if len(c.Details) == 0 {
				continue
			}
		}
		changes = append(changes, c)
	}
	return changes
}

func describe(traits []trait) []string {
	var said []string
	for _, t := range traits {
		if len(t.values) > 0 {
			said = append(said, t.name+" "+few(t.values))
		}
	}
	return said
}

// compare says in what two things of one kind differ; traits are in the order of is, and those that are gone follow.
func compare(was, is []trait) []string {
	var said []string
	for _, t := range is {
		i := slices.IndexFunc(was, func(old trait) bool { return old.name == t.name })
		if i < 0 {
			was = append(slices.Clone(was), trait{name: t.name, list: t.list})
			i = len(was) - 1
		}
		if words := t.against(was[i]); words != "" {
			said = append(said, words)
		}
	}
	for _, old := range was {
		if !slices.ContainsFunc(is, func(t trait) bool { return t.name == old.name }) && len(old.values) > 0 {
			said = append(said, old.name+" is gone")
		}
	}
	return said
}

func (t trait) against(old trait) string {
	if !t.list {
		was, is := strings.Join(old.values, " "), strings.Join(t.values, " ")
		switch {
		case was == is:
			return ""
		case was == "":
			return t.name + " is now " + shortened(is)
		case is == "":
			return t.name + " is gone, was " + shortened(was)
		}
		return t.name + " " + shortened(was) + " → " + shortened(is)
	}
	more, less := missing(t.values, old.values), missing(old.values, t.values)
	var words []string
	if len(more) > 0 {
		words = append(words, "now also "+few(more))
	}
	if len(less) > 0 {
		words = append(words, "no longer "+few(less))
	}
	if len(words) == 0 {
		return ""
	}
	return t.name + " " + strings.Join(words, ", ")
}

// missing returns those of all that are not in from.
func missing(all, from []string) []string {
	var found []string
	for _, v := range all {
		if !slices.Contains(from, v) {
			found = append(found, v)
		}
	}
	return found
}

const fewest = 8 // values that a line shows

func few(values []string) string {
	for i, value := range values {
		if short := shortened(value); short != value {
			values = slices.Clone(values)
			values[i] = short
		}
	}
	if len(values) > fewest {
		return strings.Join(values[:fewest], ", ") + fmt.Sprintf(" and %d more", len(values)-fewest)
	}
	return strings.Join(values, ", ")
}

// parts is the policy as names and traits.
func (p *Policy) parts() []part {
	if p == nil {
		p = &Policy{}
	}
	role := map[string][]trait{}
	if p.serviceRole != "" {
		role[""] = []trait{single("is", p.serviceRole)}
	}
	return []part{
		{"service role", role},
		{"identity", traitsOf(p.identities, func(i Identity) (string, []trait) { return i.Name, []trait{several("accounts", i.Slack)} })},
		{"group", traitsOf(p.groups, func(g Group) (string, []trait) {
			return g.Name, []trait{several("members", g.Members), single("usergroup", g.UserGroup)}
		})},
		{"window", traitsOf(slices.Collect(maps.Values(p.windows)), func(w *Window) (string, []trait) { return w.Name, []trait{single("holds", w.words())} })},
		{"runbook", traitsOf(p.runbooks, func(r *Runbook) (string, []trait) { return r.Name, r.traits() })},
		{"grant", traitsOf(p.grants, func(g *Grant) (string, []trait) { return g.Name, g.traits() })},
		{"denial", traitsOf(p.denials, func(d *Denial) (string, []trait) { return d.Name, d.traits() })},
		{"freeze", traitsOf(p.freezes, func(f *Freeze) (string, []trait) { return f.Name, f.traits() })},
	}
}

func traitsOf[T any](all []T, of func(T) (string, []trait)) map[string][]trait {
	things := make(map[string][]trait, len(all))
	for _, one := range all {
		name, traits := of(one)
		things[name] = traits
	}
	return things
}

func single(name string, value string) trait {
	if value == "" {
		return trait{name: name}
	}
	return trait{name: name, values: []string{value}}
}

// shortened keeps hashes, conditions and reasons from filling a line; both ends stay, and the length.
func shortened(value string) string {
	value = strings.Join(strings.Fields(value), " ")
	if r := []rune(value); len(r) > 120 {
		return string(r[:60]) + "…" + string(r[len(r)-40:]) + " (" + strconv.Itoa(len(r)) + " characters)"
	}
	return value
}

func several(name string, values []string) trait {
	return trait{name: name, values: values, list: true}
}

func flagged(on bool) string {
	if on {
		return "yes"
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
