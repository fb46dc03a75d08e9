package policy

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fileReader reads the parts of a policy file in the order in which they refer to each other.
type fileReader struct {
	reader
	shapes
	serviceRole string
	identities  map[string]string // name to Slack user ID
	groups      map[string]Group
	runbooks    map[string]*Runbook
	pairs       int
}

func (r *fileReader) policy(root *yaml.Node) *Policy {
	fields := r.fields(root, "the policy", 2, "version", "service_role", "identities", "groups", "runbooks", "grants")
	if n := fields["version"]; n != nil && (n.ShortTag() != "!!int" || n.Value != "1") {
		r.fail(n, "version must be the number 1, the only one there is.")
	}
	r.readRole(fields["service_role"])
	r.readIdentities(fields["identities"])
	r.readGroups(fields["groups"])
	r.readRunbooks(fields["runbooks"])
	p := &Policy{serviceRole: r.serviceRole, grants: r.readGrants(fields["grants"])}
	for name, account := range r.identities {
		p.identities = append(p.identities, Identity{name, []string{account}})
	}
	p.groups = slices.Collect(maps.Values(r.groups))
	p.runbooks = slices.Collect(maps.Values(r.runbooks))
	return p
}

func (r *fileReader) readRole(n *yaml.Node) {
	role, ok := r.text(n, "service_role")
	if ok && !isRoleARN(role) {
		r.fail(n, "service_role %+q is not the ARN of an IAM role. It looks like arn:aws:iam::123456789012:role/Name.", role)
	}
	r.serviceRole = role
}

// named reads a mapping from names to things. Names that are wrong are reported and their things read all the same.
func (r *fileReader) named(n *yaml.Node, what string) []entry {
	if n == nil {
		return nil
	}
	entries := r.entries(n, what)
	for _, e := range entries {
		r.checkName(e.key, what)
	}
	return entries
}

func (r *fileReader) checkName(n *yaml.Node, what string) {
	if !r.name.fits(n.Value) {
		r.fail(n, "%+q in %s is not a name. Names have 1 to 63 of a-z, 0-9, - and _, and begin with a letter or digit.", n.Value, what)
	}
}

func (r *fileReader) readIdentities(n *yaml.Node) {
	r.identities = map[string]string{}
	owners := map[string]string{}
	for _, e := range r.named(n, "identities") {
		r.identities[e.name] = ""
		slack := r.fields(e.value, "the identity "+shown(e.name), 1, "slack")["slack"]
		account, ok := r.text(slack, "slack")
		if !ok {
			continue
		}
		if !r.account.fits(account) {
			r.fail(slack, "%+q is not a Slack user ID. They look like U012ANA; copy it from the person's profile.", account)
			continue
		}
		// Enterprise Grid shows one account as U… or as W…: docs.slack.dev/enterprise/migrating-to-enterprise-organizations.
		if owner, ok := owners[account[1:]]; ok {
			r.fail(slack, "The account %s belongs to %s already. One account speaks for one identity.", account, owner)
			continue
		}
		owners[account[1:]] = e.name
		r.identities[e.name] = account
	}
}

func (r *fileReader) readGroups(n *yaml.Node) {
	r.groups = map[string]Group{}
	for _, e := range r.named(n, "groups") {
		group := Group{Name: e.name}
		if _, ok := r.identities[e.name]; ok {
			r.fail(e.key, "%s is an identity as well. Give the group another name.", shown(e.name))
		}
		what := "the group " + shown(e.name)
		fields := r.fields(e.value, what, 0, "members", "usergroup")
		if len(fields) == 2 {
			r.fail(e.value, "%s has members and a usergroup. Make it two groups.", upper(what))
		}
		if members := fields["members"]; members != nil {
			group.Members = r.references(members, "members", "identity", slices.Sorted(maps.Keys(r.identities)))
		}
		if id, ok := r.text(fields["usergroup"], "usergroup"); ok {
			group.UserGroup = id
			if !r.userGroup.fits(id) {
				r.fail(fields["usergroup"], "%+q is not the ID of a Slack user group. They look like S0LEADS.", id)
			}
		}
		r.groups[e.name] = group
	}
}

// references reads a list of names that are defined elsewhere in the file.
func (r *fileReader) references(n *yaml.Node, what, kind string, defined []string) []string {
	var names []string
	for _, item := range r.words(n, what) {
		if _, ok := slices.BinarySearch(defined, item.Value); !ok {
			r.fail(item, "There is no %s %+q.%s", kind, item.Value, r.meant(item.Value, defined))
		}
		names = append(names, item.Value)
	}
	return names
}

func (r *fileReader) readGrants(n *yaml.Node) []*Grant {
	if n == nil {
		return nil
	}
	// What grants refer to, sorted for the search.
	people := slices.Sorted(maps.Keys(r.identities))
	people = slices.AppendSeq(people, maps.Keys(r.groups))
	slices.Sort(people)
	runbooks := append(slices.Collect(maps.Keys(r.runbooks)), Everything)
	slices.Sort(runbooks)
	seen := map[string]int{}
	var grants []*Grant
	for _, item := range r.items(n, "grants") {
		grants = append(grants, r.readGrant(item, people, runbooks, seen))
	}
	return grants
}

func (r *fileReader) readGrant(n *yaml.Node, people, runbooks []string, seen map[string]int) *Grant {
	fields := r.fields(n, "a grant", 4, "name", "to", "runbooks", "channels", "may")
	g := &Grant{May: []Action{Run, Cancel}}
	if name, ok := r.text(fields["name"], "name"); ok {
		r.checkName(fields["name"], "grants")
		if line, ok := seen[name]; ok {
			r.fail(fields["name"], "There is a grant %+q in line %d already. Give each its own name.", name, line)
		}
		seen[name], g.Name = fields["name"].Line, name
	}
	if to := fields["to"]; to != nil {
		g.To = r.references(to, "to", "group or identity", people)
	}
	if names := fields["runbooks"]; names != nil {
		g.Runbooks = r.references(names, "runbooks", "runbook", runbooks)
		if len(g.Runbooks) > 1 && slices.Contains(g.Runbooks, Everything) {
			r.fail(names, `runbooks has "*", which covers every runbook. Remove the others.`)
		}
	}
	g.Channels = r.readChannels(fields["channels"])
	if may := fields["may"]; may != nil {
		g.May = r.readMay(may)
	}
	r.count(n, g)
	return g
}

func (r *fileReader) readChannels(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	var channels []string
	for _, item := range r.words(n, "channels") {
		switch c := item.Value; {
		case c == Everything, r.channelID.fits(c), r.channelName.fits(c):
			channels = append(channels, c)
		case strings.HasPrefix(c, "#"):
			r.fail(item, "%+q is not a channel name. Names have a-z, 0-9, - and _, and * for any run of them; a channel with other letters goes by its ID.", c)
		default:
			r.fail(item, "%+q is not a channel. Write \"#name\" with the quotes, an ID such as C012OPS, or \"*\" for any that is not shared.", c)
		}
	}
	return channels
}

func (r *fileReader) readMay(n *yaml.Node) []Action {
	known := []string{string(Cancel), string(Run)}
	var may []Action
	for _, name := range r.references(n, "may", "action", known) {
		may = append(may, Action(name))
	}
	return may
}

// count bounds the pairs of people and runbooks that the grants multiply out to.
func (r *fileReader) count(n *yaml.Node, g *Grant) {
	before := r.pairs
	r.pairs += len(g.To) * len(g.Runbooks) * len(g.Channels)
	if before <= maxPairs && r.pairs > maxPairs {
		r.fail(n, "The grants up to here multiply out to over %d combinations of people, runbooks and channels. Use groups, \"*\" or wildcards.", maxPairs)
	}
}
