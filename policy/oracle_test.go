package policy_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"handrail/policy"
)

// table is a policy as plain lists. It renders to a file for Parse, and judges requests by itself: an interpreter that
// shares nothing with the package, to compare decisions with.
type table struct {
	people   [][2]string         // name, Slack ID
	members  map[string][]string // static groups
	slack    map[string]string   // group to user group
	runbooks []tableRunbook
	grants   []tableGrant
	denials  []tableDenial
	freezes  []tableFreeze
	windows  []tableWindow
}

type tableRunbook struct {
	name   string
	allow  map[string][]string
	max    int
	pinned bool
	target string
}

type tableGrant struct {
	name                   string
	to, runbooks, channels []string
	may                    []policy.Action

	when                     string // one of tableConditions
	windows                  []string
	atOnce, perHour, targets int
	from                     []string // of the approval; none means none
	count                    int
	identity                 bool
	glass                    bool
}

type tableDenial struct {
	name                   string
	to, runbooks, channels []string
	may                    []policy.Action
	when                   string
}

type tableFreeze struct {
	name               string
	from, until        time.Time
	runbooks, override []string
}

type tableWindow struct {
	name        string
	days        []time.Weekday
	from, until int // hours, UTC
}

func (t table) yaml() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nservice_role: %s\n", serviceRole)
	section := func(name string, n int) {
		if n > 0 {
			fmt.Fprintf(&b, "%s:\n", name)
		}
	}
	section("identities", len(t.people))
	accounts := map[string][]string{}
	for _, p := range t.people {
		accounts[p[0]] = append(accounts[p[0]], p[1])
	}
	for name, ids := range accounts {
		fmt.Fprintf(&b, "  %s: {slack: %s}\n", name, quoted(ids))
	}
	section("groups", len(t.members)+len(t.slack))
	for name, members := range t.members {
		fmt.Fprintf(&b, "  %s: {members: %s}\n", name, quoted(members))
	}
	for name, id := range t.slack {
		fmt.Fprintf(&b, "  %s: {usergroup: %s}\n", name, id)
	}
	section("runbooks", len(t.runbooks))
	for _, r := range t.runbooks {
		fmt.Fprintf(&b, "  %s:\n    document: Doc-%s\n", r.name, r.name)
		if r.pinned {
			fmt.Fprintf(&b, "    version: 1\n    sha256: %s\n", hash)
		} else {
			fmt.Fprintf(&b, "    version: latest\n    allow_unpinned: true\n")
		}
		if r.target != "" {
			fmt.Fprintf(&b, "    targets: %s\n", r.target)
		}
		if len(r.allow) > 0 {
			fmt.Fprint(&b, "    parameters:\n")
		}
		for name, values := range r.allow {
			fmt.Fprintf(&b, "      %s: {allow: %s, max_items: %d}\n", name, quoted(values), r.max)
		}
	}
	t.windowsYAML(&b)
	section("grants", len(t.grants))
	for _, g := range t.grants {
		g.yaml(&b)
	}
	section("denials", len(t.denials))
	for _, d := range t.denials {
		fmt.Fprintf(&b, "  - {name: %s, reason: forbidden, runbooks: %s%s%s%s%s}\n", d.name, quoted(d.runbooks), optional("to", d.to),
			optional("channels", d.channels), optional("may", d.may), condition(d.when))
	}
	section("freezes", len(t.freezes))
	for _, f := range t.freezes {
		fmt.Fprintf(&b, "  - {name: %s, from: %s, until: %s, runbooks: %s%s}\n", f.name, f.from.Format(time.RFC3339), f.until.Format(time.RFC3339),
			quoted(f.runbooks), optional("override", f.override))
	}
	return b.String()
}

func (t table) windowsYAML(b *strings.Builder) {
	if len(t.windows) > 0 {
		fmt.Fprint(b, "windows:\n")
	}
	for _, w := range t.windows {
		var days []string
		for _, d := range w.days {
			days = append(days, strings.ToLower(d.String()[:3]))
		}
		fmt.Fprintf(b, "  %s: {days: %s, from: \"%02d:00\", until: \"%02d:00\", timezone: UTC}\n", w.name, quoted(days), w.from, w.until)
	}
}

func (g tableGrant) yaml(b *strings.Builder) {
	fmt.Fprintf(b, "  - {name: %s, to: %s, runbooks: %s, channels: %s%s%s%s", g.name, quoted(g.to), quoted(g.runbooks), quoted(g.channels),
		optional("may", g.may), condition(g.when), optional("windows", g.windows))
	var limits []string
	for _, l := range []struct {
		name string
		n    int
	}{{"at_once", g.atOnce}, {"per_hour", g.perHour}, {"targets", g.targets}} {
		if l.n > 0 {
			limits = append(limits, fmt.Sprintf("%s: %d", l.name, l.n))
		}
	}
	if len(limits) > 0 {
		fmt.Fprintf(b, ", limits: {%s}", strings.Join(limits, ", "))
	}
	if len(g.from) > 0 {
		fmt.Fprintf(b, ", approval: {from: %s, count: %d, expires: 15m, require_identity: %v}", quoted(g.from), g.count, g.identity)
	}
	if g.glass {
		fmt.Fprint(b, `, break_glass: {notify: "#security"}`)
	}
	fmt.Fprint(b, "}\n")
}

func optional[T ~string](key string, words []T) string {
	if words == nil {
		return ""
	}
	return ", " + key + ": " + quoted(words)
}

func condition(when string) string {
	if when == "" {
		return ""
	}
	return fmt.Sprintf(", when: %q", when)
}

func quoted[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func (t table) namesOf(a policy.Actor) []string {
	var names []string
	for _, p := range t.people {
		if p[1] == a.ID {
			names = append(names, p[0])
			for group, members := range t.members {
				if slices.Contains(members, p[0]) {
					names = append(names, group)
				}
			}
		}
	}
	for group, id := range t.slack {
		if slices.Contains(a.UserGroups, id) {
			names = append(names, group)
		}
	}
	return names
}

func tableChannel(pattern string, c policy.Channel) bool {
	if pattern == c.ID {
		return true
	}
	if c.Shared {
		return false
	}
	if pattern == "*" {
		return true
	}
	if !strings.HasPrefix(pattern, "#") || c.Name == "" {
		return false
	}
	ok, err := path.Match(pattern[1:], c.Name)
	return ok && err == nil
}

func (b tableRunbook) judge(r *policy.Request) []policy.Code {
	var no []policy.Code
	for name, values := range r.Parameters {
		allow, listed := b.allow[name]
		switch {
		case strings.EqualFold(name, "AutomationAssumeRole"):
			no = append(no, policy.CodeParameterRole)
		case !listed:
			no = append(no, policy.CodeParameterUnknown)
		case len(values) > b.max:
			no = append(no, policy.CodeValuesTooMany)
		case len(values) == 0:
			no = append(no, policy.CodeValueMissing)
		}
		for _, v := range values {
			switch {
			case slices.Contains(allow, v):
			case strings.Contains(v, "{{"):
				no = append(no, policy.CodeValueTemplate)
			default:
				no = append(no, policy.CodeValueNotAllowed)
			}
		}
	}
	doc := r.Document
	switch {
	case doc == nil:
		return append(no, policy.CodeDocumentUnknown)
	case b.pinned && doc.Version != "1":
		no = append(no, policy.CodeVersionOther)
	case b.pinned && doc.SHA256 != hash:
		no = append(no, policy.CodeHashOther)
	}
	for name := range b.allow {
		if _, ok := doc.Content.Parameter(name); !ok {
			no = append(no, policy.CodeParameterUndeclared)
		}
	}
	for _, p := range doc.Content.Parameters {
		if _, given := r.Parameters[p.Name]; !given && !p.HasDefault {
			no = append(no, policy.CodeParameterMissing)
		}
	}
	return no
}
