package ssmserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"

	"go.yaml.in/yaml/v4"

	"handrail/runbook"
)

// maxYAMLDepth bounds how deep a file nests.
const maxYAMLDepth = 100

// yamlReader collects the problems of a file.
type yamlReader struct {
	problems []runbook.Problem
	budget   int // what aliases may still expand to
}

func (r *yamlReader) problem(n *yaml.Node, path, format string, args ...any) {
	r.problems = append(r.problems, runbook.Problem{Line: n.Line, Column: n.Column, Path: path, Message: fmt.Sprintf(format, args...)})
}

func (r *yamlReader) unknown(key *yaml.Node, path string, known ...string) {
	if near := nearest(key.Value, known); near != "" {
		r.problem(key, path, "is not known here; did you mean %s?", near)
		return
	}
	r.problem(key, path, "is not known here; the keys are %s", strings.Join(known, ", "))
}

// loadYAML gives the one document of the content, nil if it is empty.
func loadYAML(content []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(content))
	if err != nil {
		return nil, notYAML(err)
	}
	var root, rest yaml.Node
	if err := loader.Load(&root); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, notYAML(err)
	}
	if err := loader.Load(&rest); err == nil {
		return nil, &runbook.ParseError{Problems: []runbook.Problem{{Line: rest.Line, Column: rest.Column, Message: "there is a second YAML document; the file holds one"}}}
	} else if !errors.Is(err, io.EOF) {
		return nil, notYAML(err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || root.Content[0].ShortTag() == "!!null" {
		return nil, nil
	}
	return resolved(root.Content[0]), nil
}

func notYAML(err error) error {
	p := runbook.Problem{Message: "not valid YAML: " + err.Error()}
	var load *yaml.LoadError
	if errors.As(err, &load) {
		p = runbook.Problem{Line: load.Mark.Line, Column: load.Mark.Column, Message: "not valid YAML: " + load.Message}
	}
	return &runbook.ParseError{Problems: []runbook.Problem{p}}
}

// resolved is what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// entries gives the keys and values of a mapping, each key once.
func (r *yamlReader) entries(n *yaml.Node, path string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			r.problem(n, path, "must be a mapping")
			return
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := resolved(n.Content[i])
			switch {
			case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge":
				r.problem(n.Content[i], path, "a key must be a plain word")
				continue
			case seen[key.Value]:
				r.problem(n.Content[i], path, "the key %q is given twice", key.Value)
				continue
			}
			seen[key.Value] = true
			if !yield(key, resolved(n.Content[i+1])) {
				return
			}
		}
	}
}

func (r *yamlReader) object(n *yaml.Node, path string) map[string]any {
	out, _ := r.value(n, path, 0).(map[string]any)
	if n.Kind != yaml.MappingNode {
		r.problem(n, path, "must be a mapping")
	}
	return out
}

func (r *yamlReader) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		r.problem(n, path, "must be text")
	}
	return n.Value
}

// value gives plain data as decoded JSON has it. Times stay the text that was written.
func (r *yamlReader) value(n *yaml.Node, path string, depth int) any {
	n = resolved(n)
	if r.budget < 0 {
		return nil
	}
	if r.budget -= len(n.Value) + 1; r.budget < 0 || depth > maxYAMLDepth {
		r.budget = -1
		r.problem(n, path, "is too large or too deep once its aliases are put in")
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for key, value := range r.entries(n, path) {
			out[key.Value] = r.value(value, path+"."+key.Value, depth+1)
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			out = append(out, r.value(item, path+"[]", depth+1))
		}
		return out
	}
	return r.scalar(n, path)
}

func (r *yamlReader) scalar(n *yaml.Node, path string) any {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value
	case "!!null":
		return nil
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			r.problem(n, path, "cannot be read: %s", err)
			return nil
		}
		if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
			r.problem(n, path, "%s has no JSON form; quote it", n.Value)
			return nil
		}
		if b, ok := v.(bool); ok {
			return b
		}
		return json.Number(jsonText(v))
	}
	r.problem(n, path, "the tag %s is not allowed here", n.Tag)
	return nil
}

// nearest is the known word that at most two changes make of this one, "" if there is none.
func nearest(word string, known []string) string {
	best, least := "", 3
	if len(word) > 40 {
		return ""
	}
	for _, candidate := range known {
		if d := distance(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance counts the letters to change, add or take away.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
