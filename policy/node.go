package policy

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reader walks YAML nodes and collects every mistake with its place.
type reader struct {
	file      string
	noun      string // what the file is, in words
	data      []byte
	lines     []string // of data, once somebody asks for one
	errors    Errors
	suggested int
}

// maxSuggested bounds the work of suggestions in a file that is wrong everywhere.
const maxSuggested = 100

func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	r.errors = append(r.errors, Error{File: r.file, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)})
}

// meant suggests words for a wrong one.
func (r *reader) meant(word string, words []string) string {
	if r.suggested++; r.suggested > maxSuggested {
		return ""
	}
	return meant(Nearest(word, words))
}

// entry is one key of a mapping with its value.
type entry struct {
	name       string
	key, value *yaml.Node
}

// entries reads a mapping with at least one key. Keys are text, and each comes once.
func (r *reader) entries(n *yaml.Node, what string) []entry {
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s must be a mapping of `key: value`, and is %s.", upper(what), kindOf(n))
		return nil
	}
	if len(n.Content) == 0 {
		r.fail(n, "%s is empty. Leave it out, or fill it in.", upper(what))
	}
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	var found []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			r.fail(key, "A key in %s must be text, and is %s. Put it in quotes.", what, kindOf(key))
			continue
		}
		if first, ok := seen[key.Value]; ok {
			r.fail(key, "%s has the key %+q twice; the first is in line %d. Remove one.", upper(what), key.Value, first.Line)
			continue
		}
		seen[key.Value] = key
		found = append(found, entry{key.Value, key, value})
	}
	return found
}

// fields reads a mapping whose keys are given. Required ones come first in known.
func (r *reader) fields(n *yaml.Node, what string, required int, known ...string) map[string]*yaml.Node {
	fields := map[string]*yaml.Node{}
	for _, e := range r.entries(n, what) {
		fields[e.name] = e.value
		if !slices.Contains(known, e.name) {
			delete(fields, e.name)
			r.fail(e.key, "%s has no key %+q.%s It takes %s.", upper(what), e.name, r.meant(e.name, known), join(known, "and"))
		}
	}
	if n.Kind != yaml.MappingNode {
		return fields
	}
	for _, name := range known[:required] {
		if fields[name] == nil {
			r.fail(n, "%s lacks the key %s.", upper(what), name)
		}
	}
	return fields
}

// items reads a list with at least one item.
func (r *reader) items(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "%s must be a list, and is %s. Write [one] or [one, two].", upper(what), kindOf(n))
		return nil
	}
	if len(n.Content) == 0 {
		r.fail(n, "%s is empty, and would match nothing. Leave out what nobody needs, or fill it in.", upper(what))
	}
	return n.Content
}

// words reads a list of texts without repetition.
func (r *reader) words(n *yaml.Node, what string) []*yaml.Node {
	seen := map[string]bool{}
	var found []*yaml.Node
	for _, item := range r.items(n, what) {
		text, ok := r.text(item, "an item of "+what)
		if !ok {
			continue
		}
		if seen[text] {
			r.fail(item, "%s lists %+q twice. Remove one.", upper(what), text)
			continue
		}
		seen[text] = true
		found = append(found, item)
	}
	return found
}

// text reads a string; nil, for a key that is not there, is no error and no text.
func (r *reader) text(n *yaml.Node, what string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		hint := ""
		if n.Kind == yaml.ScalarNode && n.Value != "" {
			hint = " Put it in quotes."
		}
		r.fail(n, "%s must be text, and is %s.%s", upper(what), kindOf(n), hint)
		return "", false
	}
	return n.Value, true
}

// number reads a whole number from 1 to most. A key that is not there has the value that absent says.
func (r *reader) number(n *yaml.Node, what string, absent, most int) int {
	if n == nil {
		return absent
	}
	count, ok := integer(n.Value)
	if n.ShortTag() != "!!int" || !ok || count < 1 || count > int64(most) {
		r.fail(n, "%s must be a number from 1 to %d.", what, most)
		return absent
	}
	return int(count)
}

// plain refuses what makes a file mean something else than it seems to: anchors, aliases, merge keys and tags.
func (r *reader) plain(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(n, "Aliases such as *%s are not allowed. Write the value out.", n.Value)
		return
	case n.Anchor != "":
		r.fail(n, "Anchors such as &%s are not allowed. Write the value out where it is needed.", n.Anchor)
	case n.ShortTag() == "!!merge":
		r.fail(n, "Merge keys (<<) are not allowed. Write the keys out.")
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, "Tags such as %s are not allowed. Remove it.", shown(n.Tag))
	}
	for _, child := range n.Content {
		r.plain(child)
	}
}

// kindOf says what a node is, in words.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!str":
		return "text"
	}
	return "something else"
}

// upper gives a sentence its capital, unless it begins with a key of the file.
func upper(text string) string {
	if !strings.Contains(text, " ") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
