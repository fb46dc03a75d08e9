package cloud

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// formNode is a name of a form, cut at its dots.
type formNode struct {
	value    string
	children map[string]*formNode
}

// The most that a form may hold.
const (
	maxFields = 3_000
	maxDepth  = 12
)

// readForm reads the parameters of a form.
func (x *Exchange) readForm(form url.Values) (map[string]any, error) {
	if len(form) > maxFields {
		return nil, &Error{Code: "MalformedQueryString", Message: "The request has too many parameters."}
	}
	root := &formNode{}
	for name, values := range form {
		if name == "Action" || name == "Version" || len(values) == 0 {
			continue
		}
		parts := strings.SplitN(name, ".", maxDepth+1)
		if len(parts) > maxDepth {
			return nil, &Error{Code: "MalformedQueryString", Message: "A parameter of the request is nested too deeply."}
		}
		n := root
		for _, part := range parts {
			n = n.child(part)
		}
		n.value = values[0]
	}
	return x.structure(x.signature.input, root), nil
}

// child is the one of this name, made if it is not there.
func (n *formNode) child(name string) *formNode {
	if n.children == nil {
		n.children = map[string]*formNode{}
	}
	if n.children[name] == nil {
		n.children[name] = &formNode{}
	}
	return n.children[name]
}

// formName is a member's name in a form. EC2 writes the first letter large.
func (x *Exchange) formName(m member) string {
	switch {
	case x.protocol != protocolEC2:
		return m.wire
	case m.query != "":
		return m.query
	}
	return strings.ToUpper(m.wire[:1]) + m.wire[1:]
}

// structure keeps names that the model does not have, so that they can be refused.
func (x *Exchange) structure(s *shape, n *formNode) map[string]any {
	out := map[string]any{}
	rest := map[string]bool{}
	for name := range n.children {
		rest[name] = true
	}
	for _, m := range s.members {
		name := x.formName(m)
		child := n.children[name]
		delete(rest, name)
		if child != nil {
			out[m.name] = x.value(m.shape, child)
		}
	}
	for name := range rest {
		out[brief(name)] = ""
	}
	return out
}

func (x *Exchange) value(s *shape, n *formNode) any {
	switch s.kind {
	case kindStructure:
		return x.structure(s, n)
	case kindList:
		return x.list(s, n)
	case kindMap:
		out := map[string]any{}
		if entries := n.children["entry"]; entries != nil {
			n = entries
		}
		for _, entry := range numbered(n) {
			if key, value := entry.children["key"], entry.children["value"]; key != nil && value != nil {
				out[key.value] = x.value(s.element, value)
			}
		}
		return out
	case kindBytes:
		if raw, err := base64.StdEncoding.DecodeString(n.value); err == nil {
			return raw
		}
	}
	return n.value
}

func (x *Exchange) list(s *shape, n *formNode) []any {
	if x.protocol == protocolQuery {
		item := s.item
		if item == "" {
			item = "member"
		}
		if inner := n.children[item]; inner != nil {
			n = inner
		}
	}
	out := []any{}
	for _, child := range numbered(n) {
		out = append(out, x.value(s.element, child))
	}
	return out
}

// numbered are the children 1, 2, 3 in the order of their numbers.
func numbered(n *formNode) []*formNode {
	var numbers []int
	for name := range n.children {
		if i, err := strconv.Atoi(name); err == nil {
			numbers = append(numbers, i)
		}
	}
	slices.Sort(numbers)
	var out []*formNode
	for _, i := range numbers {
		if child := n.children[strconv.Itoa(i)]; child != nil {
			out = append(out, child)
		}
	}
	return out
}
