package policy

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const maxDescription = 300 // characters, one line of help

func (r *fileReader) readRunbooks(n *yaml.Node) {
	r.runbooks = map[string]*Runbook{}
	for _, e := range r.named(n, "runbooks") {
		what := "the runbook " + shown(e.name)
		fields := r.fields(e.value, what, 2,
			"document", "version", "sha256", "region", "description", "allow_unpinned", "parameters")
		b := &Runbook{Name: e.name, AllowUnpinned: r.readFlag(fields["allow_unpinned"])}
		r.readDocument(b, fields["document"])
		r.readVersion(b, fields["version"])
		if sha := fields["sha256"]; sha != nil {
			b.SHA256 = r.shaped(sha, "sha256", r.sha256.fits, "64 characters of 0-9 and a-f, as DescribeDocument reports it")
		} else if !b.AllowUnpinned && e.value.Kind == yaml.MappingNode {
			r.fail(e.value, "%s lacks the key sha256, the hash of the document's content. Without it anybody who may edit the document decides what runs.", upper(what))
		}
		if region := fields["region"]; region != nil {
			b.Region = r.shaped(region, "region", r.region.fits, "an AWS Region such as eu-west-1")
		}
		b.Description = r.readDescription(fields["description"])
		if parameters := fields["parameters"]; parameters != nil {
			b.Parameters = r.readParameters(parameters)
		}
		r.runbooks[e.name] = b
	}
}

// shaped reads text of a shape that the words describe.
func (r *fileReader) shaped(n *yaml.Node, what string, fits func(string) bool, words string) string {
	text, ok := r.text(n, what)
	if ok && !fits(text) {
		r.fail(n, "%s %+q is not %s.", what, text, words)
	}
	return text
}

func (r *fileReader) readFlag(n *yaml.Node) bool {
	if n == nil {
		return false
	}
	if n.ShortTag() != "!!bool" {
		r.fail(n, "allow_unpinned must be true or false, and is %s.", kindOf(n))
	}
	return n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true")
}

func (r *fileReader) readDocument(b *Runbook, n *yaml.Node) {
	if n == nil {
		return
	}
	b.Document = r.shaped(n, "document", r.isDocument, "the name of a document, such as AWS-RestartEC2Instance, or the ARN of one")
	if owner := account(b.Document); owner != "" && isRoleARN(r.serviceRole) && owner != account(r.serviceRole) {
		r.fail(n, "document belongs to the account %s, and service_role to another. Only documents of Amazon and of the role's own account can be allowed.", owner)
	}
}

// readVersion takes 1 and "1" alike, because both are what people write.
func (r *fileReader) readVersion(b *Runbook, n *yaml.Node) {
	if n == nil {
		return
	}
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!str" {
		r.fail(n, `version must be a number such as "1", and is %s.`, kindOf(n))
		return
	}
	b.Version = n.Value
	switch floating := n.Value == VersionDefault || n.Value == VersionLatest; {
	case floating && !b.AllowUnpinned:
		r.fail(n, "version %s moves whenever somebody edits the document. Name a number, or write allow_unpinned: true.", n.Value)
	case !floating && !r.version.fits(n.Value):
		r.fail(n, `version %+q is not a number such as "1". With allow_unpinned: true it may be default or latest.`, n.Value)
	}
}

func (r *fileReader) readDescription(n *yaml.Node) string {
	text, ok := r.text(n, "description")
	if ok && (text == "" || hidden(text) || utf8.RuneCountInString(text) > maxDescription) {
		r.fail(n, "description must be one line of 1 to %d characters that can be seen.", maxDescription)
	}
	return text
}

func (r *fileReader) readParameters(n *yaml.Node) []Parameter {
	var parameters []Parameter
	for _, e := range r.entries(n, "parameters") {
		switch {
		case isRoleParameter(e.name):
			r.fail(e.key, "%s cannot be listed. The role comes from service_role alone.", e.name)
		case !r.parameter.fits(e.name):
			r.fail(e.key, "%+q is not a parameter's name. Names have 1 to %d of a-z, A-Z, 0-9, _, . and -.", e.name, MaxParameterName)
		}
		parameters = append(parameters, r.readParameter(e))
	}
	slices.SortFunc(parameters, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	return parameters
}

func (r *fileReader) readParameter(e entry) Parameter {
	fields := r.fields(e.value, "the parameter "+shown(e.name), 1, "allow", "max_items")
	p := Parameter{Name: e.name, MaxItems: 1, allowed: map[string]struct{}{}}
	if n := fields["max_items"]; n != nil {
		p.MaxItems = r.readMaxItems(n)
	}
	if allow := fields["allow"]; allow != nil {
		for _, item := range r.words(allow, "allow") {
			r.checkValue(item)
			p.Allow = append(p.Allow, item.Value)
			p.allowed[item.Value] = struct{}{}
		}
	}
	return p
}

func (r *fileReader) readMaxItems(n *yaml.Node) int {
	count, err := strconv.Atoi(n.Value)
	if n.ShortTag() != "!!int" || err != nil || count < 1 || count > MaxParameterValues {
		r.fail(n, "max_items must be a number from 1 to %d.", MaxParameterValues)
	}
	return count
}

func (r *fileReader) checkValue(n *yaml.Node) {
	if n.Value == Everything {
		r.fail(n, `allow lists exact values; "*" would allow only the value *.`)
		return
	}
	switch badValue(n.Value) {
	case CodeValueMissing:
		r.fail(n, "allow has an empty value.")
	case CodeValueTooLong:
		r.fail(n, "allow has a value of over %d characters, more than SSM takes.", MaxValueLength)
	case CodeValueTemplate:
		r.fail(n, "allow has a value with {{, which SSM would resolve. Write the value itself.")
	case CodeValueHidden:
		r.fail(n, "allow has a value with characters that cannot be seen: %+q.", n.Value)
	}
}
