package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // something cannot work, or is not what the policy says
	SeverityWarning Severity = "warning" // something is probably not what its keeper means
	SeverityNote    Severity = "note"    // something to know
)

// Finding is something about a policy that has no mistakes, for whoever keeps it.
type Finding struct {
	File     string
	Line     int // from 1, 0 if it has no place
	Severity Severity
	Check    string // the kind of finding, such as "grant-unreachable": a stable name
	Message  string // what is the matter, in a sentence
	Fix      string // what to do about it, in a sentence; "" if there is nothing to do
}

// String is "file:line: severity: message fix [check]".
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	text := fmt.Sprintf("%s: %s: %s", place, f.Severity, f.Message)
	if f.Fix != "" {
		text += " " + f.Fix
	}
	return text + " [" + f.Check + "]"
}

// Check looks for what a policy without mistakes may still have wrong: rules that never apply, approvals that nobody can
// give, values that are too wide, and what nobody uses. Data is the file that p was parsed from; now decides which freezes
// are over. The findings are in the order of the file. It finds what can be told from the file alone: for documents there
// are Verify and Unused.
func (p *Policy) Check(file string, data []byte, now time.Time) []Finding {
	c := &examiner{policy: p, file: file, places: placesOf(data)}
	for _, look := range []func(){c.people, c.windows, c.runbooks, c.grants, c.denials} {
		look()
	}
	c.freezes(now)
	SortFindings(c.found)
	return c.found
}

// SortFindings puts findings into the order of the file, and the worst of a line first.
func SortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Message, b.Message))
	})
}

func (s Severity) rank() int {
	return slices.Index([]Severity{SeverityError, SeverityWarning, SeverityNote}, s)
}

// examiner collects findings.
type examiner struct {
	policy *Policy
	file   string
	places map[string]int // lines of identities, groups and windows, as "groups.web"
	found  []Finding
}

func (c *examiner) add(line int, severity Severity, check, fix, format string, args ...any) {
	c.found = append(c.found, Finding{File: c.file, Line: line, Severity: severity, Check: check, Message: fmt.Sprintf(format, args...), Fix: fix})
}

// placesOf finds the lines of the named things that do not know theirs.
func placesOf(data []byte) map[string]int {
	places := map[string]int{}
	r := &reader{data: data}
	root, ok := r.load(data)
	if !ok {
		return places
	}
	for _, section := range r.entries(root, "") {
		if section.name != "identities" && section.name != "groups" && section.name != "windows" {
			continue
		}
		for _, e := range r.entries(section.value, "") {
			places[section.name+"."+e.name] = e.key.Line
		}
	}
	return places
}

// people finds who is named and then nowhere used.
func (c *examiner) people() {
	used := map[string]bool{}
	use := func(names []string) {
		for _, n := range names {
			used[n] = true
		}
	}
	for _, g := range c.policy.grants {
		use(g.To)
		if g.Approval != nil {
			use(g.Approval.From)
		}
	}
	for _, d := range c.policy.denials {
		use(d.To)
	}
	for _, f := range c.policy.freezes {
		use(append([]string{f.Owner}, f.Override...))
	}
	for _, rb := range c.policy.runbooks {
		for _, s := range rb.Steps {
			use(s.Approval.From)
		}
	}
	for _, g := range c.policy.groups {
		if used[g.Name] {
			use(g.Members)
		} else {
			c.add(c.places["groups."+g.Name], SeverityWarning, "group-unused", "Use it or remove it.", "Nothing names the group %s.", g.Name)
		}
	}
	for _, i := range c.policy.identities {
		if !used[i.Name] {
			c.add(c.places["identities."+i.Name], SeverityWarning, "identity-unused", "Give the person something to do, or remove the identity.",
				"No group that is used, and no rule, names %s.", i.Name)
		}
	}
}

func (c *examiner) windows() {
	used := map[string]bool{}
	for _, g := range c.policy.grants {
		for _, w := range g.Windows {
			used[w] = true
		}
	}
	for name, w := range c.policy.windows {
		line := c.places["windows."+name]
		if !used[name] {
			c.add(line, SeverityWarning, "window-unused", "Use it or remove it.", "No grant names the window %s.", name)
		}
		if w.Days == [7]bool{} {
			c.add(line, SeverityError, "window-never", "Name a day.", "The window %s never holds.", name)
		}
	}
}

func (c *examiner) freezes(now time.Time) {
	for _, f := range c.policy.freezes {
		if !f.Until.After(now) {
			c.add(f.Line, SeverityWarning, "freeze-over", "Remove it, or move it to the next time.", "The freeze %s was over at %s.", f.Name, stamp(f.Until))
			continue
		}
		if len(f.Override) > 0 {
			c.agreement(f.Line, "the freeze "+f.Name, Approval{From: f.Override, Count: OverrideCount}, crowd{open: true})
		}
	}
}
