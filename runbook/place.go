package runbook

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// place is a spot in the text: where a value stands, and how it is called. Following a path that is not there stays at
// the nearest value that is, so every finding has a line.
type place struct {
	node *node
	path string
	step string
	// missing says that the path leads to nothing; node is then the nearest value around.
	missing bool
	// offset is how far into the string the spot is, in bytes; 0 is the string itself.
	offset int
}

func (d *Document) at(keys ...any) place { return place{node: d.root}.at(keys...) }

func (s *Step) at(keys ...any) place {
	return place{node: s.node, path: s.path, step: s.Name}.at(keys...)
}

// at goes down by names and indexes.
func (p place) at(keys ...any) place {
	for _, key := range keys {
		var next *node
		switch key := key.(type) {
		case string:
			p.path = strings.TrimPrefix(p.path+"."+key, ".")
			if p.node != nil {
				next = p.node.get(key)
			}
		case int:
			p.path += "[" + strconv.Itoa(key) + "]"
			if p.node != nil && key < len(p.node.items) {
				next = p.node.items[key]
			}
		}
		if next == nil {
			p.missing = true
		}
		if !p.missing {
			p.node = next
		}
	}
	return p
}

// problem makes a finding at the place.
func (p place) problem(severity Severity, rule, format string, args ...any) Problem {
	out := Problem{Path: p.path, Step: p.step, Severity: severity, Rule: rule, Message: fmt.Sprintf(format, args...)}
	out.Line, out.Column = p.position()
	return out
}

// inside is a spot in the string that stands at the place.
func (p place) inside(offset int) place {
	p.offset = offset
	return p
}

// position gives the line and the column as far as they are known.
func (p place) position() (line, col int) {
	n := p.node
	if n == nil {
		return 0, 0
	}
	if p.offset <= 0 || p.offset > len(n.text) {
		return n.line, n.col
	}
	before := n.text[:p.offset]
	switch n.style {
	case styleBlock:
		blank := len(n.text) - len(strings.TrimLeft(n.text, "\n"))
		line = n.line + 1 + strings.Count(before, "\n")
		return line, indentation(lineOf(n.source, n.line+1+blank)) + len(before) - strings.LastIndexByte(before, '\n')
	case styleJSON:
		return n.line, n.col + escapedLength(lineOf(n.source, n.line), n.col, p.offset)
	case styleInline:
		text := []rune(lineOf(n.source, n.line))
		for quote := range 2 {
			if from := n.col - 1 + quote; from < len(text) && strings.HasPrefix(string(text[from:]), before) {
				return n.line, n.col + quote + utf8.RuneCountInString(before)
			}
		}
	}
	return n.line, n.col
}

// lineOf gives one line of a text, from 1.
func lineOf(content []byte, number int) string {
	for ; number > 1; number-- {
		i := bytes.IndexByte(content, '\n')
		if i < 0 {
			return ""
		}
		content = content[i+1:]
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	return string(line)
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// escapedLength is how many bytes the JSON string that begins at a column needs for its first bytes, quote included.
func escapedLength(line string, col, bytes int) int {
	if col < 1 || col > len(line) {
		return 0
	}
	raw := line[col-1:]
	i := 1
	for n := 0; n < bytes && i < len(raw) && raw[i] != '"'; {
		size, r := 1, rune(raw[i])
		switch {
		case raw[i] == '\\' && i+5 < len(raw) && raw[i+1] == 'u':
			code, _ := strconv.ParseUint(raw[i+2:i+6], 16, 32)
			size, r = 6, rune(code)
		case raw[i] == '\\':
			size, r = 2, ' '
		case raw[i] >= utf8.RuneSelf:
			r, size = utf8.DecodeRuneInString(raw[i:])
		}
		i += size
		n += max(utf8.RuneLen(r), 1)
	}
	return i
}

// children lists what stands directly in the place, in the order of the text.
func (p place) children() []place {
	var out []place
	if p.node == nil || p.missing {
		return nil
	}
	for i := range p.node.items {
		out = append(out, p.at(i))
	}
	for _, f := range p.node.fields {
		out = append(out, p.at(f.name))
	}
	return out
}

// texts calls f with every string in the place.
func (p place) texts(f func(place, string)) {
	if p.node != nil && !p.missing && p.node.kind == kindString {
		f(p, p.node.text)
	}
	for _, child := range p.children() {
		child.texts(f)
	}
}
