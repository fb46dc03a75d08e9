package policy

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

func (r *fileReader) readRunbooks(n *yaml.Node) {
	r.runbooks = map[string]*Runbook{}
	for _, e := range r.named(n, "runbooks") {
		what := "the runbook " + shown(e.name)
		fields := r.fields(e.value, what, 2,
			"document", "version", "sha256", "region", "description", "allow_unpinned", "targets", "parameters",
			"children", "attachments", "locations", "accept", "steps")
		b := &Runbook{
			Name: e.name, Line: e.key.Line,
			Document:      r.readDocument(fields["document"]),
			AllowUnpinned: r.readFlag(fields["allow_unpinned"], "allow_unpinned"),
			SHA256:        r.readHash(fields["sha256"]),
			Region:        r.shaped(fields["region"], "region", r.region.fits, "an AWS Region such as eu-west-1"),
			Description:   r.readLine(fields["description"], "description"),
			Children:      r.readChildren(fields["children"]),
			Attachments:   r.readAttachments(fields["attachments"]),
			Locations:     r.readLocations(fields["locations"]),
			Accepts:       r.readAccept(fields["accept"]),
			Steps:         r.readSteps(fields["steps"]),
		}
		b.Version = r.readVersion(fields["version"], b.AllowUnpinned)
		if fields["sha256"] == nil && !b.AllowUnpinned && e.value.Kind == yaml.MappingNode {
			r.fail(e.value, "%s lacks the key sha256, the hash of the document's content. Without it anybody who may edit the document decides what runs.", upper(what))
		}
		if parameters := fields["parameters"]; parameters != nil {
			b.Parameters = r.readParameters(parameters)
		}
		b.Targets = r.readTargets(fields["targets"], b)
		r.runbooks[e.name] = b
	}
}

// readTargets reads the name of the parameter that has the targets.
func (r *fileReader) readTargets(n *yaml.Node, b *Runbook) string {
	name, ok := r.text(n, "targets")
	if !ok {
		return ""
	}
	var names []string
	for i := range b.Parameters {
		names = append(names, b.Parameters[i].Name)
	}
	if !slices.Contains(names, name) {
		r.fail(n, "targets must be one of the runbook's parameters, and there is no %+q.%s", name, r.meant(name, names))
	}
	return name
}

func (r *fileReader) readHash(n *yaml.Node) string {
	return r.shaped(n, "sha256", r.sha256.fits, "64 characters of 0-9 and a-f, as DescribeDocument reports it")
}

// shaped reads text of a shape that the words describe.
func (r *fileReader) shaped(n *yaml.Node, what string, fits func(string) bool, words string) string {
	text, ok := r.text(n, what)
	if ok && !fits(text) {
		r.fail(n, "%s %+q is not %s.", upper(what), text, words)
	}
	return text
}

func (r *fileReader) readFlag(n *yaml.Node, what string) bool {
	if n == nil {
		return false
	}
	if n.ShortTag() != "!!bool" {
		r.fail(n, "%s must be true or false, and is %s.", what, kindOf(n))
	}
	return n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true")
}

func (r *fileReader) readDocument(n *yaml.Node) string {
	document := r.shaped(n, "document", r.isDocument, "the name of a document, such as AWS-RestartEC2Instance, or the ARN of one")
	if owner := account(document); owner != "" && isRoleARN(r.serviceRole) && owner != account(r.serviceRole) {
		r.fail(n, "document belongs to the account %s, and service_role to another. Only documents of Amazon and of the role's own account can be allowed.", owner)
	}
	return document
}

// readVersion takes 1 and "1" alike, because both are what people write.
func (r *fileReader) readVersion(n *yaml.Node, unpinned bool) string {
	if n == nil {
		return ""
	}
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!str" {
		r.fail(n, `version must be a number such as "1", and is %s.`, kindOf(n))
		return ""
	}
	switch floating := n.Value == VersionDefault || n.Value == VersionLatest; {
	case floating && !unpinned:
		r.fail(n, "version %s moves whenever somebody edits the document. Name a number, or write allow_unpinned: true.", n.Value)
	case !floating && !r.version.fits(n.Value):
		r.fail(n, `version %+q is not a number such as "1". With allow_unpinned: true it may be default or latest.`, n.Value)
	}
	return n.Value
}

// readLine reads one line for people.
func (r *fileReader) readLine(n *yaml.Node, what string) string {
	text, ok := r.text(n, what)
	if ok && (text == "" || hidden(text) || utf8.RuneCountInString(text) > maxDescription) {
		r.fail(n, "%s must be one line of 1 to %d characters that can be seen.", what, maxDescription)
	}
	return text
}
