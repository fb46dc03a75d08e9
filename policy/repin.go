package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Repin returns a policy file in which some runbooks, by their names, have other pins. Everything else stays as it is written:
// order, layout and comments. Children and files that are listed and not among the pins stay, too. The error says where
// the file is written in a way that Repin does not change; then the pins must be written by hand.
func Repin(filename string, data []byte, pins map[string]Pins) ([]byte, error) {
	r := &fileReader{reader: reader{file: filename, noun: "policy", data: data}, shapes: newShapes()}
	root, ok := r.load(data)
	if !ok {
		return nil, r.errors
	}
	e := &editor{text: string(data)}
	e.index()
	runbooks := valueOf(root, "runbooks")
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		n := valueOf(runbooks, name)
		if n == nil || n.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("writing pins: %s has no runbook %s", filename, shown(name))
		}
		e.runbook(n, pins[name])
	}
	edited := []byte(e.result())
	drafts, _ := Drafts(filename, edited) // none, if the changes have broken the file
	for _, name := range slices.Sorted(maps.Keys(pins)) {
		want := pins[name]
		if !slices.ContainsFunc(drafts, func(d Draft) bool { return d.Name == name && want.met(d) }) {
			return nil, fmt.Errorf("writing pins: %s:%d: the runbook %s is written in a way that cannot be changed by a program; write version %s and sha256 %s by hand",
				filename, valueOf(runbooks, name).Line, shown(name), want.Version, want.SHA256)
		}
	}
	return edited, nil
}

// editor collects changes of a text at the places of its nodes.
type editor struct {
	text  string
	lines []int // where each begins
	edits []edit
}

// edit puts text in place of what stands from one byte to another.
type edit struct {
	from, to int
	text     string
}

func (e *editor) index() {
	e.lines = []int{0}
	for i := range len(e.text) {
		if e.text[i] == '\n' {
			e.lines = append(e.lines, i+1)
		}
	}
}

// at is the byte where a node begins. Columns count characters.
func (e *editor) at(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(e.lines) {
		return len(e.text)
	}
	at := e.lines[n.Line-1]
	column := 1
	for i := range e.text[at:] {
		if column == n.Column {
			return at + i
		}
		column++
	}
	return len(e.text)
}

// put adds a change. What is put at one place stands there in the order of the calls.
func (e *editor) put(from, to int, text string) { e.edits = append(e.edits, edit{from, to, text}) }

// result makes the changes from the front to the back. One that overlaps another is left out; Repin notices.
func (e *editor) result() string {
	slices.SortStableFunc(e.edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, change := range e.edits {
		if change.from < at || change.to > len(e.text) {
			continue
		}
		b.WriteString(e.text[at:change.from])
		b.WriteString(change.text)
		at = change.to
	}
	b.WriteString(e.text[at:])
	return b.String()
}

// end is the byte behind a node.
func (e *editor) end(n *yaml.Node) int {
	at := e.at(n)
	switch {
	case n.Kind == yaml.ScalarNode:
		return e.scalarEnd(n, at)
	case n.Style&yaml.FlowStyle != 0:
		return e.flowEnd(at)
	case len(n.Content) == 0:
		return at
	}
	return e.end(n.Content[len(n.Content)-1])
}

// scalarEnd is the byte behind a scalar of one line.
func (e *editor) scalarEnd(n *yaml.Node, at int) int {
	switch {
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return e.quoteEnd(at)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || !strings.HasPrefix(e.text[at:], n.Value):
		return at
	}
	return at + len(n.Value)
}

// quoteEnd is the byte behind a quoted text.
func (e *editor) quoteEnd(at int) int {
	if at >= len(e.text) {
		return at
	}
	quote := e.text[at]
	for i := at + 1; i < len(e.text); i++ {
		switch {
		case quote == '"' && e.text[i] == '\\':
			i++
		case e.text[i] == quote && quote == '\'' && i+1 < len(e.text) && e.text[i+1] == '\'':
			i++
		case e.text[i] == quote:
			return i + 1
		}
	}
	return len(e.text)
}

// flowEnd is the byte behind a list or mapping in brackets.
func (e *editor) flowEnd(at int) int {
	depth := 0
	for i := at; i < len(e.text); i++ {
		switch e.text[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"', '\'':
			if i == at || strings.ContainsRune(" \t\n,[{:", rune(e.text[i-1])) { // within a word it is a letter like others
				i = e.quoteEnd(i) - 1
			}
		case '#':
			if i > 0 && strings.ContainsRune(" \t\n", rune(e.text[i-1])) {
				i += len(lineOf(e.text[i:])) - 1
			}
		}
	}
	return len(e.text)
}

// lineOf is the text up to the end of its first line.
func lineOf(text string) string {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return text[:i]
	}
	return text
}

// lineEnd is the byte behind the line of a byte, before its line break.
func (e *editor) lineEnd(at int) int {
	return at + len(strings.TrimSuffix(lineOf(e.text[at:]), "\r"))
}
