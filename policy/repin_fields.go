package policy

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// runbook puts pins into the mapping of a runbook.
func (e *editor) runbook(n *yaml.Node, pins Pins) {
	after := e.set(n, valueOf(n, "document"), "version", quoted(pins.Version), pins.Version)
	after = e.set(n, after, "sha256", pins.SHA256, pins.SHA256)
	e.list(n, after, "children", pins.Children, "document")
	e.list(n, after, "attachments", pins.Attachments, "name")
}

func quoted(text string) string { return `"` + text + `"` }

// set writes a value of a mapping, if it is another one, and returns the node behind which the next key may stand: the
// value's own, or after if the key is new.
func (e *editor) set(n, after *yaml.Node, key, text, value string) *yaml.Node {
	old := valueOf(n, key)
	switch {
	case value == "" || old != nil && old.Kind != yaml.ScalarNode:
		return after
	case old == nil:
		e.insert(n, after, key+": "+text)
		return after
	case old.Value == value && old.ShortTag() != "!!null":
		return old
	}
	at := e.at(old)
	if old.ShortTag() == "!!null" && old.Value == "" {
		at = e.valueAt(n, key)
		e.put(at, at, " "+text)
		return old
	}
	if old.Style&yaml.DoubleQuotedStyle == 0 && old.Style&yaml.SingleQuotedStyle == 0 && old.ShortTag() == "!!int" {
		text = value // written as a number before, and so again
	}
	e.put(at, e.end(old), text)
	return old
}

// valueAt is the byte behind the colon of a key.
func (e *editor) valueAt(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			end := e.end(n.Content[i])
			return end + strings.IndexByte(e.text[end:], ':') + 1
		}
	}
	return len(e.text)
}

// insert adds an entry to a mapping, behind one of its values: on a line of its own, or behind a comma.
func (e *editor) insert(n, after *yaml.Node, entry string) {
	if after == nil {
		return // Repin notices
	}
	end := e.end(after)
	if n.Style&yaml.FlowStyle != 0 {
		e.put(end, end, ", "+entry)
		return
	}
	end = e.lineEnd(end)
	indent := strings.Repeat(" ", max(0, n.Column-1))
	e.put(end, end, e.newline()+indent+strings.ReplaceAll(entry, "\n", e.newline()+indent))
}

// newline is what ends the lines of the file.
func (e *editor) newline() string {
	if strings.Contains(e.text, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// list puts pins into a list of a runbook: new values into the items of that name, and new items at its end. An item whose
// version is no more among the pins takes that of the first new pin of its name.
func (e *editor) list(n, after *yaml.Node, key string, pins []Pin, name string) {
	list := valueOf(n, key)
	if list != nil && list.Kind != yaml.SequenceNode {
		return // Repin notices
	}
	items := itemsOf(n, key)
	var fresh []Pin
	used := map[*yaml.Node]bool{}
	for _, pin := range pins {
		item := itemFor(items, used, pins, pin, name)
		if item == nil {
			fresh = append(fresh, pin)
			continue
		}
		used[item] = true
		behind := e.set(item, valueOf(item, name), "version", quoted(pin.Version), pin.Version)
		e.set(item, behind, "sha256", pin.SHA256, pin.SHA256)
	}
	if len(fresh) > 0 {
		e.extend(n, after, list, key, fresh, name)
	}
}

// itemFor is the item to write a pin into: the one with its name and version, or one with its name and a version that is
// not pinned any more; nil if there is none.
func itemFor(items []*yaml.Node, used map[*yaml.Node]bool, pins []Pin, pin Pin, name string) *yaml.Node {
	var other *yaml.Node
	for _, item := range items {
		if used[item] || textOf(item, name) != pin.Name {
			continue
		}
		version := textOf(item, "version")
		if version == pin.Version {
			return item
		}
		kept := slices.ContainsFunc(pins, func(p Pin) bool { return p.Name == pin.Name && p.Version == version })
		if other == nil && !kept {
			other = item
		}
	}
	return other
}

// extend adds items to a list, or the list to the runbook.
func (e *editor) extend(n, after, list *yaml.Node, key string, fresh []Pin, name string) {
	words := make([]string, len(fresh))
	for i, pin := range fresh {
		words[i] = item(pin, name)
	}
	switch {
	case list == nil && n.Style&yaml.FlowStyle != 0:
		e.insert(n, after, key+": ["+strings.Join(words, ", ")+"]")
	case list == nil:
		e.insert(n, after, key+":\n  - "+strings.Join(words, "\n  - "))
	case len(list.Content) == 0:
		at := e.at(list) + 1
		e.put(at, at, strings.Join(words, ", "))
	case list.Style&yaml.FlowStyle != 0:
		end := e.end(list.Content[len(list.Content)-1])
		e.put(end, end, ", "+strings.Join(words, ", "))
	default:
		end := e.lineEnd(e.end(list.Content[len(list.Content)-1]))
		dash := e.newline() + strings.Repeat(" ", max(0, list.Column-1)) + "- "
		e.put(end, end, dash+strings.Join(words, dash))
	}
}

func item(pin Pin, name string) string {
	if pin.Version == "" {
		return fmt.Sprintf("{%s: %s, sha256: %s}", name, pin.Name, pin.SHA256)
	}
	return fmt.Sprintf("{%s: %s, version: %q, sha256: %s}", name, word(pin.Name), pin.Version, pin.SHA256)
}

// word writes a name as YAML reads it within brackets: that of an ARN has colons, which want quotes.
func word(name string) string {
	if strings.Contains(name, ":") {
		return quoted(name)
	}
	return name
}
