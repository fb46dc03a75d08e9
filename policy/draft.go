package policy

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// Draft is a runbook of a policy file whose pins may still be missing or wrong.
type Draft struct {
	Name          string
	Document      string
	Version       string // as it is written, "" if it is not
	SHA256        string
	Region        string
	AllowUnpinned bool
	Children      []Pin
	Attachments   []Pin
	Line          int // in the file, from 1
}

// Floats says whether the runbook is to run whatever its document holds, so that there is nothing to pin.
func (d Draft) Floats() bool {
	return d.AllowUnpinned && (d.Version == VersionDefault || d.Version == VersionLatest || d.SHA256 == "")
}

// Drafts reads the runbooks of a policy file in their order, however much else is wrong with it. An error says that no
// runbook can be found: of type Errors, as Parse's.
func Drafts(filename string, data []byte) ([]Draft, error) {
	r := &fileReader{reader: reader{file: filename, noun: "policy", data: data}, shapes: newShapes()}
	root, ok := r.load(data)
	if !ok {
		return nil, r.errors
	}
	runbooks := valueOf(root, "runbooks")
	if runbooks == nil || runbooks.Kind != yaml.MappingNode {
		r.fail(root, "The policy has no runbooks.")
		return nil, r.errors
	}
	var drafts []Draft
	for i := 0; i+1 < len(runbooks.Content); i += 2 {
		drafts = append(drafts, draft(runbooks.Content[i], runbooks.Content[i+1]))
	}
	return drafts, nil
}

func draft(key, n *yaml.Node) Draft {
	d := Draft{Name: key.Value, Line: key.Line, Document: textOf(n, "document"), Version: textOf(n, "version"), SHA256: textOf(n, "sha256"),
		Region: textOf(n, "region"), AllowUnpinned: textOf(n, "allow_unpinned") == "true"}
	for _, item := range itemsOf(n, "children") {
		d.Children = append(d.Children, Pin{textOf(item, "document"), textOf(item, "version"), textOf(item, "sha256")})
	}
	for _, item := range itemsOf(n, "attachments") {
		d.Attachments = append(d.Attachments, Pin{Name: textOf(item, "name"), SHA256: textOf(item, "sha256")})
	}
	return d
}

// valueOf returns the value of a key, nil if there is none.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func textOf(n *yaml.Node, key string) string {
	if v := valueOf(n, key); v != nil && v.Kind == yaml.ScalarNode && v.ShortTag() != "!!null" {
		return v.Value
	}
	return ""
}

func itemsOf(n *yaml.Node, key string) []*yaml.Node {
	if v := valueOf(n, key); v != nil && v.Kind == yaml.SequenceNode {
		return v.Content
	}
	return nil
}

// Pins are what Repin writes for a runbook.
type Pins struct {
	Version, SHA256       string
	Children, Attachments []Pin
}

// met says whether the draft has the pins, and perhaps more children and files.
func (p Pins) met(d Draft) bool {
	return d.Version == p.Version && d.SHA256 == p.SHA256 &&
		!slices.ContainsFunc(p.Children, func(c Pin) bool { return !slices.Contains(d.Children, c) }) &&
		!slices.ContainsFunc(p.Attachments, func(c Pin) bool { return !slices.Contains(d.Attachments, c) })
}
