package policy

import (
	"maps"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"
)

// fileReader reads the parts of a policy file in the order in which they refer to each other.
type fileReader struct {
	reader
	shapes
	serviceRole  string
	identities   map[string]Identity
	groups       map[string]Group
	windows      map[string]*Window
	runbooks     map[string]*Runbook
	rules        map[string]rule // grants, denials and freezes share their names
	people       []string        // names of identities and groups, sorted
	targets      []string        // names of runbooks and "*", sorted
	kinds        []string        // ways out of the role that can be accepted, sorted
	patterns     map[string]*regexp.Regexp
	pairs        int // combinations that rules multiply out to
	conditions   compiler
	instructions int // of the patterns
}

// rule is where a name of a grant, denial or freeze was used first.
type rule struct {
	kind string
	line int
}

func (r *fileReader) policy(root *yaml.Node) *Policy {
	fields := r.fields(root, "the policy", 2,
		"version", "service_role", "identities", "groups", "windows", "runbooks", "grants", "denials", "freezes")
	if n := fields["version"]; n != nil && (n.ShortTag() != "!!int" || n.Value != "1") {
		r.fail(n, "version must be the number 1, the only one there is.")
	}
	r.readRole(fields["service_role"])
	r.readIdentities(fields["identities"])
	r.readGroups(fields["groups"])
	r.people = slices.AppendSeq(slices.Collect(maps.Keys(r.identities)), maps.Keys(r.groups))
	slices.Sort(r.people)
	r.readWindows(fields["windows"])
	r.kinds, r.patterns = acceptable(), map[string]*regexp.Regexp{}
	r.readRunbooks(fields["runbooks"])
	r.targets = append(slices.Collect(maps.Keys(r.runbooks)), Everything)
	slices.Sort(r.targets)
	r.rules = map[string]rule{}
	return &Policy{
		serviceRole: r.serviceRole,
		identities:  slices.Collect(maps.Values(r.identities)),
		groups:      slices.Collect(maps.Values(r.groups)),
		windows:     r.windows,
		runbooks:    slices.Collect(maps.Values(r.runbooks)),
		grants:      r.readGrants(fields["grants"]),
		denials:     r.readDenials(fields["denials"]),
		freezes:     r.readFreezes(fields["freezes"]),
	}
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
	r.identities = map[string]Identity{}
	owners := map[string]string{}
	for _, e := range r.named(n, "identities") {
		identity := Identity{Name: e.name}
		slack := r.fields(e.value, "the identity "+shown(e.name), 1, "slack")["slack"]
		for _, item := range r.readAccounts(slack) {
			// Enterprise Grid shows one account as U… or as W…: docs.slack.dev/enterprise/migrating-to-enterprise-organizations.
			if owner, ok := owners[item.Value[1:]]; ok && owner != e.name {
				r.fail(item, "The account %s belongs to %s already. One account speaks for one identity.", item.Value, owner)
				continue
			}
			owners[item.Value[1:]] = e.name
			identity.Slack = append(identity.Slack, item.Value)
		}
		r.identities[e.name] = identity
	}
}

const maxAccounts = 20 // of one identity

// readAccounts reads one Slack account or a list of them, and leaves out what is none.
func (r *fileReader) readAccounts(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		if items = r.words(n, "slack"); len(items) > maxAccounts {
			r.fail(n, "slack has %d accounts, and may have %d.", len(items), maxAccounts)
		}
	} else if _, ok := r.text(n, "slack"); !ok {
		return nil
	}
	var accounts []*yaml.Node
	for _, item := range items {
		if !r.account.fits(item.Value) {
			r.fail(item, "%+q is not a Slack user ID. They look like U012ANA; copy it from the person's profile.", item.Value)
			continue
		}
		accounts = append(accounts, item)
	}
	return accounts
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
