package runbook

import "encoding/json"

type kind uint8

const (
	kindNull kind = iota
	kindString
	kindNumber
	kindBool
	kindList
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "a boolean", "a list", "an object"}[k]
}

// node is a value of a document with its place. JSON and YAML both become nodes, so everything after is one code.
type node struct {
	kind      kind
	text      string // of strings, numbers (as JSON writes them) and booleans
	items     []*node
	fields    []field
	line, col int
	// source is the whole text that a string came from, and style how it is written there.
	source []byte
	style  style
}

// style is how a string stands in the text.
type style uint8

const (
	// styleOther: a place inside the string cannot be told.
	styleOther style = iota
	// styleJSON: in quotes, with JSON's escapes.
	styleJSON
	// styleInline: one line of YAML, quoted or not.
	styleInline
	// styleBlock: YAML's |, each line on a line of its own.
	styleBlock
)

type field struct {
	name      string
	line, col int
	value     *node
}

func (n *node) get(name string) *node {
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// value gives the node as string, json.Number, bool, nil, []any or map[string]any.
func (n *node) value() any {
	switch n.kind {
	case kindString:
		return n.text
	case kindNumber:
		return json.Number(n.text)
	case kindBool:
		return n.text == "true"
	case kindList:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.value()
		}
		return list
	case kindObject:
		object := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			object[f.name] = f.value.value()
		}
		return object
	}
	return nil
}

// budget bounds what one document may expand to.
type budget struct{ left int }

func (b *budget) spend(n int) bool {
	b.left -= n + 1
	return b.left >= 0
}
