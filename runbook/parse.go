package runbook

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Parse reads a document in JSON (if its first character is a brace) or YAML. The error is a *ParseError with every
// problem found; it wraps ErrTooLarge or ErrSchemaVersion where that is one of them. Keys that nobody knows do not stop
// the document; they are in Notes.
func Parse(content []byte) (*Document, error) {
	root, err := readTree(content)
	if err != nil {
		return nil, err
	}
	if root.kind != kindObject {
		return nil, fail(root.line, root.col, "a runbook is an object with schemaVersion and mainSteps, not %s", root.kind)
	}
	p := &parser{}
	d := p.document(root)
	if len(p.problems) > 0 {
		return nil, &ParseError{Problems: p.problems}
	}
	d.Notes = p.notes
	d.role, d.root = roleOf(root, d), root
	return d, nil
}

func readTree(content []byte) (*node, error) {
	if len(content) > MaxSize {
		return nil, &ParseError{Problems: []Problem{{
			Message: fmt.Sprintf("the document has more than %d bytes", MaxSize), cause: ErrTooLarge,
			Severity: SeverityError, Rule: "size",
		}}}
	}
	if isJSON(content) {
		return readJSON(content)
	}
	return readYAML(content)
}

func isJSON(content []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{"))
}

// parser collects problems and goes on, so that an author sees all of them at once.
type parser struct{ problems, notes []Problem }

func (p *parser) problem(n *node, path, format string, args ...any) {
	p.problems = append(p.problems, Problem{Line: n.line, Column: n.col, Path: path, Severity: SeverityError, Rule: "schema", Message: fmt.Sprintf(format, args...)})
}

func (p *parser) unknownKey(f field, path, what string, known ...string) {
	p.notes = append(p.notes, Problem{Line: f.line, Column: f.col, Path: path, Severity: SeverityWarning, Rule: "unknown-key",
		Message: "no " + what + " has a key of this name; it is ignored", Fix: didYouMean(f.name, known)})
}

func (p *parser) document(root *node) *Document {
	d := &Document{}
	handlers := map[string]func(*node){
		"schemaVersion": func(n *node) { d.SchemaVersion = p.schemaVersion(n) },
		"description":   func(n *node) { d.Description = p.text(n, "description") },
		"assumeRole":    func(n *node) { d.AssumeRole = p.text(n, "assumeRole") },
		"parameters":    func(n *node) { d.Parameters = p.parameters(n) },
		"variables":     func(n *node) { d.Variables = p.variables(n) },
		"mainSteps":     func(n *node) { d.Steps = p.steps(n, "mainSteps") },
		"outputs":       func(n *node) { d.Outputs = p.texts(n, "outputs") },
		"files":         func(n *node) { d.Files = p.names(n, "files") },
	}
	// The keys of change templates, which share the schema: facts of Automation.ChangeTemplate.
	for _, key := range []string{"templateInformation", "emergencyChange", "autoApprovable", "executableRunBooks"} {
		handlers[key] = func(*node) {}
	}
	for _, f := range root.fields {
		if handle := handlers[f.name]; handle != nil {
			handle(f.value)
			continue
		}
		p.unknownKey(f, f.name, "runbook", slices.Collect(maps.Keys(handlers))...)
	}
	if root.get("schemaVersion") == nil {
		p.problem(root, "schemaVersion", `is missing; write schemaVersion: "0.3"`)
		p.problems[len(p.problems)-1].cause = ErrSchemaVersion
	}
	if root.get("mainSteps") == nil {
		p.problem(root, "mainSteps", "is missing; a runbook has at least one step")
	}
	return d
}

func (p *parser) schemaVersion(n *node) string {
	if (n.kind == kindString || n.kind == kindNumber) && n.text == SchemaVersion {
		return SchemaVersion
	}
	p.problem(n, "schemaVersion", "is %q; Automation runbooks have %q", n.text, SchemaVersion)
	p.problems[len(p.problems)-1].cause = ErrSchemaVersion
	return n.text
}

func (p *parser) text(n *node, path string) string {
	if n.kind != kindString {
		p.problem(n, path, "is %s; it must be a string", n.kind)
		return ""
	}
	return n.text
}

// loose takes a string, and a number or boolean as its text: descriptions are often left unquoted.
func (p *parser) loose(n *node, path string) string {
	if n.kind == kindNumber || n.kind == kindBool || n.kind == kindNull {
		return n.text
	}
	return p.text(n, path)
}

func (p *parser) texts(n *node, path string) []string {
	var out []string
	for i, item := range p.items(n, path) {
		out = append(out, p.text(item, fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

func (p *parser) items(n *node, path string) []*node {
	if n.kind != kindList {
		p.problem(n, path, "is %s; it must be a list", n.kind)
	}
	return n.items
}

func (p *parser) names(n *node, path string) []string {
	if n.kind != kindObject {
		p.problem(n, path, "is %s; it must be an object", n.kind)
	}
	var out []string
	for _, f := range n.fields {
		out = append(out, f.name)
	}
	return out
}

func (p *parser) variables(n *node) []Variable {
	p.names(n, "variables")
	var out []Variable
	for _, f := range n.fields {
		path := "variables." + f.name
		v := Variable{Name: f.name, Line: f.line}
		if !nameOK(f.name) {
			p.problem(f.value, path, "a variable's name has letters, digits and underscores only")
		}
		p.names(f.value, path)
		for _, part := range f.value.fields {
			switch part.name {
			case "type":
				v.Type = p.text(part.value, path+".type")
			case "description":
				v.Description = p.loose(part.value, path+".description")
			case "default":
				v.Default = part.value.value()
			default:
				p.unknownKey(part, path+"."+part.name, "variable", "type", "description", "default")
			}
		}
		out = append(out, v)
	}
	return out
}

// nameOK is the alphabet of names that a reference can hold.
func nameOK(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	}) < 0
}

// Problems returns the problems inside err if it came from Parse, else nil.
func Problems(err error) []Problem {
	var parse *ParseError
	if errors.As(err, &parse) {
		return parse.Problems
	}
	return nil
}
