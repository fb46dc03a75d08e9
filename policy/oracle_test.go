package policy_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

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
}

type tableRunbook struct {
	name   string
	allow  map[string][]string
	max    int
	pinned bool
}

type tableGrant struct {
	name                   string
	to, runbooks, channels []string
	may                    []policy.Action
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
	for _, p := range t.people {
		fmt.Fprintf(&b, "  %s: {slack: %s}\n", p[0], p[1])
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
		if len(r.allow) > 0 {
			fmt.Fprint(&b, "    parameters:\n")
		}
		for name, values := range r.allow {
			fmt.Fprintf(&b, "      %s: {allow: %s, max_items: %d}\n", name, quoted(values), r.max)
		}
	}
	section("grants", len(t.grants))
	for _, g := range t.grants {
		fmt.Fprintf(&b, "  - {name: %s, to: %s, runbooks: %s, channels: %s", g.name, quoted(g.to), quoted(g.runbooks), quoted(g.channels))
		if g.may != nil {
			fmt.Fprintf(&b, ", may: %s", quoted(g.may))
		}
		fmt.Fprint(&b, "}\n")
	}
	return b.String()
}

func quoted[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// judge returns every reason to refuse the request, in no order; none means yes.
func (t table) judge(r *policy.Request) []policy.Code {
	var no []policy.Code
	refuse := func(when bool, code policy.Code) {
		if when {
			no = append(no, code)
		}
	}
	refuse(r.Actor.ID == "" || r.Channel.ID == "" || r.Runbook == "" || r.Entry == "", policy.CodeRequestInvalid)
	refuse(r.Action != "run" && r.Action != "cancel", policy.CodeRequestInvalid)
	refuse(r.Action == "cancel" && r.Execution == "", policy.CodeRequestInvalid)
	bad := map[policy.Standing]policy.Code{
		"": policy.CodeStandingUnknown, "guest": policy.CodeGuest, "bot": policy.CodeBot,
		"deactivated": policy.CodeDeactivated, "external": policy.CodeExternal,
	}
	code, is := bad[r.Actor.Standing]
	refuse(is, code)
	refuse(!r.Channel.Known, policy.CodeChannelUnknown)
	names := t.namesOf(r.Actor)
	if r.Action == "cancel" && r.Requester == r.Actor.ID && len(names) > 0 {
		return no
	}
	refuse(len(names) == 0, policy.CodeIdentityUnknown)
	i := slices.IndexFunc(t.runbooks, func(b tableRunbook) bool { return b.name == r.Runbook })
	if i < 0 {
		return append(no, policy.CodeRunbookUnknown)
	}
	no = append(no, t.judgeGrants(r, names)...)
	if r.Action == "run" {
		no = append(no, t.runbooks[i].judge(r)...)
	}
	return no
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

func (t table) judgeGrants(r *policy.Request, names []string) []policy.Code {
	elsewhere, otherwise := false, false
	for _, g := range t.grants {
		if !slices.Contains(g.runbooks, "*") && !slices.Contains(g.runbooks, r.Runbook) {
			continue
		}
		if !slices.ContainsFunc(g.to, func(to string) bool { return slices.Contains(names, to) }) {
			continue
		}
		if g.may != nil && !slices.Contains(g.may, r.Action) {
			otherwise = true
			continue
		}
		if slices.ContainsFunc(g.channels, func(c string) bool { return tableChannel(c, r.Channel) }) {
			return nil
		}
		elsewhere = true
	}
	switch {
	case elsewhere && r.Channel.Shared:
		return []policy.Code{policy.CodeChannelShared}
	case elsewhere:
		return []policy.Code{policy.CodeChannelNotGranted}
	case otherwise:
		return []policy.Code{policy.CodeActionNotGranted}
	}
	return []policy.Code{policy.CodeNotGranted}
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
	expression := "^" + strings.ReplaceAll(regexp.QuoteMeta(pattern[1:]), `\*`, ".*") + "$"
	return regexp.MustCompile(expression).MatchString(c.Name)
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
