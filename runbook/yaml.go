package runbook

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// readYAML reads exactly one YAML document of plain data. It refuses duplicate keys, merge keys, tags of other types,
// and aliases that expand beyond maxExpanded.
func readYAML(content []byte) (*node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(content))
	if err != nil {
		return nil, fail(0, 0, "not valid YAML: %s", err)
	}
	var root, rest yaml.Node
	if err := loader.Load(&root); errors.Is(err, io.EOF) {
		return nil, fail(1, 1, "the document is empty")
	} else if err != nil {
		return nil, explainYAML(content, err)
	}
	if err := loader.Load(&rest); err == nil {
		return nil, fail(rest.Line, rest.Column, "there is a second YAML document; a runbook is one document")
	} else if !errors.Is(err, io.EOF) {
		return nil, explainYAML(content, err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return nil, fail(1, 1, "the document is empty")
	}
	y := &yamlReader{content: content, budget: budget{left: maxExpanded}}
	n := y.read(root.Content[0], 0)
	if len(y.problems) > 0 {
		return nil, &ParseError{Problems: y.problems}
	}
	return n, nil
}

func explainYAML(content []byte, err error) error {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return fail(0, 0, "not valid YAML: %s", err)
	}
	line, col := load.Mark.Line, load.Mark.Column
	if line == 0 {
		line, col = position(content, invalidUTF8(content))
	}
	return fail(line, col, "not valid YAML: %s", load.Message)
}

type yamlReader struct {
	content  []byte
	budget   budget
	problems []Problem
	full     bool
}

func (y *yamlReader) problem(n *yaml.Node, message string) *node {
	y.problems = append(y.problems, Problem{Line: n.Line, Column: n.Column, Severity: SeverityError, Rule: "syntax", Message: message})
	return &node{line: n.Line, col: n.Column}
}

func (y *yamlReader) read(n *yaml.Node, depth int) *node {
	if y.full {
		return &node{}
	}
	if !y.budget.spend(len(n.Value)) {
		y.full = true
		return y.problem(n, "the document's aliases expand to more than 1 MB")
	}
	if depth > maxDepth {
		y.full = true
		return y.problem(n, "nested deeper than "+strconv.Itoa(maxDepth)+" levels")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return y.read(n.Alias, depth+1)
	case yaml.SequenceNode:
		return y.readList(n, depth)
	case yaml.MappingNode:
		return y.readObject(n, depth)
	}
	return y.readScalar(n)
}

func (y *yamlReader) readList(n *yaml.Node, depth int) *node {
	if n.ShortTag() != "!!seq" {
		return y.problem(n, "the tag "+n.Tag+" is not allowed here")
	}
	out := &node{kind: kindList, line: n.Line, col: n.Column}
	for _, item := range n.Content {
		out.items = append(out.items, y.read(item, depth+1))
	}
	return out
}

func (y *yamlReader) readObject(n *yaml.Node, depth int) *node {
	if n.ShortTag() != "!!map" {
		return y.problem(n, "the tag "+n.Tag+" is not allowed here")
	}
	out := &node{kind: kindObject, line: n.Line, col: n.Column}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			y.problem(n.Content[i], "a key must be a plain word")
			continue
		}
		if key.ShortTag() == "!!merge" {
			y.problem(n.Content[i], "merge keys (<<) are not supported in runbooks; write the keys out")
			continue
		}
		name := key.Value
		if seen[name] {
			y.problems = append(y.problems, duplicate(n.Content[i].Line, n.Content[i].Column, name))
		}
		seen[name] = true
		value := y.read(n.Content[i+1], depth+1)
		out.fields = append(out.fields, field{name: name, line: n.Content[i].Line, col: n.Content[i].Column, value: value})
	}
	return out
}

func (y *yamlReader) readScalar(n *yaml.Node) *node {
	out := &node{kind: kindString, text: n.Value, line: n.Line, col: n.Column, source: y.content, style: styleInline}
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		out.style = styleBlock
	case n.Style&yaml.FoldedStyle != 0:
		out.style = styleOther
	}
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		// A date without quotes is the text that was written: IAM policies hold Version: 2012-10-17.
	case "!!null":
		out.kind, out.text = kindNull, ""
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return y.problem(n, "not a boolean")
		}
		out.kind, out.text = kindBool, strconv.FormatBool(b)
	case "!!int", "!!float":
		text, ok := jsonNumber(n)
		if !ok {
			return y.problem(n, n.Value+" has no JSON form; quote it")
		}
		out.kind, out.text = kindNumber, text
	default:
		return y.problem(n, "the tag "+n.Tag+" is not allowed here")
	}
	return out
}

// jsonNumber writes a YAML number as JSON does, since the service converts YAML to JSON.
func jsonNumber(n *yaml.Node) (string, bool) {
	var v any
	if err := n.Decode(&v); err != nil {
		return "", false
	}
	if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return "", false
	}
	text, err := json.Marshal(v)
	if err != nil || len(text) == 0 || text[0] == '"' {
		return "", false
	}
	return string(text), true
}
