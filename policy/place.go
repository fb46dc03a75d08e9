package policy

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// within is a node's place moved to a line (from 1) and column (from 0) of its text. It is the node itself where the
// file writes the text otherwise than it reads, as with escapes and folded lines.
func (r *reader) within(n *yaml.Node, line, column int) *yaml.Node {
	text := strings.Split(n.Value, "\n")
	if line < 1 || line > len(text) || n.Line < 1 {
		return n
	}
	want := []rune(text[line-1])
	place := &yaml.Node{Line: n.Line, Column: n.Column}
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		place.Line += line
		raw := []rune(r.line(place.Line))
		place.Column = len(raw) - len([]rune(strings.TrimLeft(string(raw), " "))) + 1
		if spaces := len(want) - len([]rune(strings.TrimLeft(string(want), " "))); spaces > 0 {
			place.Column -= spaces
		}
	case len(text) > 1:
		return n
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		place.Column++
	}
	raw := []rune(r.line(place.Line))
	for i := range min(column, len(want)) {
		at := place.Column - 1
		if at < 0 || at >= len(raw) || raw[at] != want[i] || raw[at] == '\\' && n.Style&yaml.DoubleQuotedStyle != 0 {
			return n
		}
		if raw[at] == '\'' && n.Style&yaml.SingleQuotedStyle != 0 {
			place.Column++ // it is written twice
		}
		place.Column++
	}
	return place
}

// line is a line of the file, from 1, or "".
func (r *reader) line(number int) string {
	if r.lines == nil {
		r.lines = strings.Split(string(r.data), "\n")
	}
	if number < 1 || number > len(r.lines) {
		return ""
	}
	return r.lines[number-1]
}
