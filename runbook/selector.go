package runbook

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ohler55/ojg/jp"
)

const (
	// maxSelector bounds a selector's text in bytes. The longest public one has about 200.
	maxSelector = 4 << 10
	// maxVisits bounds how many values one selection looks at.
	maxVisits = 500_000
)

// Select takes a value out of a response by a step output's Selector, a JSONPath. found is false if nothing matches.
// A path that can match several values (a deep scan, a wildcard, a slice, a filter, several names) gives a list, whatever
// it matches; the values of an object come in the order of their names. The "$." in front may be missing, as in 28
// selectors of public runbooks, and "" is the whole response. A filter takes the items of a list, or an object itself;
// .length() at the end counts. The error says what cannot be read, or that the selector looks at too many values.
func Select(selector string, response any) (value any, found bool, err error) {
	path, err := parseSelector(selector)
	if err != nil {
		return nil, false, err
	}
	defer func() { // the library that reads filters
		if r := recover(); r != nil {
			value, found, err = nil, false, fmt.Errorf("evaluating the selector %q: %v", selector, r)
		}
	}()
	w := &selection{left: maxVisits}
	matches := []any{response}
	for i := range path.parts {
		if matches = w.step(path.parts[i], matches); w.left < 0 {
			return nil, false, fmt.Errorf("evaluating the selector %q: it looks at more than %d values", selector, maxVisits)
		}
	}
	switch {
	case path.length:
		return count(matches, path.many)
	case path.many:
		return matches, len(matches) > 0, nil
	case len(matches) == 0:
		return nil, false, nil
	}
	return matches[0], true, nil
}

// selectorPath is a selector that was read.
type selectorPath struct {
	parts []selectorPart
	// many says whether the path can match more than one value, length whether it ends with .length().
	many, length bool
}

// selectorPart is one fragment of a path. deep means that it looks at everything below, too.
type selectorPart struct {
	deep bool
	frag jp.Frag
}

// CheckSelector says what is wrong with a selector, nil if Select can read it.
func CheckSelector(selector string) error {
	_, err := parseSelector(selector)
	return err
}

func parseSelector(selector string) (path selectorPath, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			err = fmt.Errorf("reading the selector %q: %w", brief(selector, 100), err)
		}
	}()
	if len(selector) > maxSelector {
		return path, fmt.Errorf("it has %d bytes; at most %d are allowed", len(selector), maxSelector)
	}
	rest := strings.TrimSpace(selector)
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		rest = after
	} else if rest != "" && rest[0] != '.' && rest[0] != '[' {
		rest = "." + rest
	}
	if rest == "." { // "$." is the whole response
		return path, nil
	}
	for rest != "" {
		if rest == ".length()" {
			path.length = true
			return path, nil
		}
		var part selectorPart
		if part, rest, err = nextPart(rest); err != nil {
			return path, err
		}
		path.parts = append(path.parts, part)
		path.many = path.many || part.many()
	}
	return path, nil
}

// nextPart reads one fragment. A name after a dot may hold everything but dots, brackets, parentheses and spaces.
func nextPart(text string) (part selectorPart, rest string, err error) {
	rest = text
	if after, ok := strings.CutPrefix(rest, ".."); ok {
		part.deep, rest = true, after
		if rest == "" {
			return part, "", errors.New("a deep scan names nothing")
		}
	} else if after, ok := strings.CutPrefix(rest, "."); ok {
		rest = after
	} else if rest[0] != '[' {
		return part, "", fmt.Errorf("unexpected %q", rest)
	}
	if strings.HasPrefix(rest, "[") {
		end := closing(rest)
		if end < 0 {
			return part, "", errors.New("a bracket is not closed")
		}
		part.frag, err = bracket(rest[:end+1])
		return part, rest[end+1:], err
	}
	name, after := rest, ""
	if i := strings.IndexAny(rest, ".["); i >= 0 {
		name, after = rest[:i], rest[i:]
	}
	switch {
	case name == "*":
		part.frag = jp.Wildcard('*')
	case name == "":
		return part, "", fmt.Errorf("a name is missing before %q", after)
	case strings.HasSuffix(name, ")"):
		return part, "", fmt.Errorf("the function %s is not known; length() at the end is", name)
	case strings.ContainsAny(name, "()]{}'\" \t\r\n"):
		return part, "", fmt.Errorf("the name %q needs brackets and quotes: ['…']", name)
	default:
		part.frag = jp.Child(name)
	}
	return part, after, nil
}

// outside calls f with every byte that stands outside of quotes, until it answers false.
func outside(text string, f func(i int, c byte) bool) {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		default:
			if !f(i, c) {
				return
			}
		}
	}
}

// unquoted leaves out what stands in quotes.
func unquoted(text string) string {
	var b strings.Builder
	outside(text, func(_ int, c byte) bool { return b.WriteByte(c) == nil })
	return b.String()
}

// closing finds the bracket that closes the one in front, past quoted text; -1 if there is none.
func closing(text string) int {
	depth, end := 0, -1
	outside(text, func(i int, c byte) bool {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			end = i
		}
		return depth > 0
	})
	return end
}

// bracket lets the library read what stands in brackets: a name, an index, several, a slice, a filter. Inside a filter
// neither .. nor $ is taken, since the library looks at as many values as they ask for.
func bracket(text string) (jp.Frag, error) {
	if strings.HasPrefix(text, "[?") {
		plain := text
		if !strings.Contains(text, "=~") { // an expression may hold a quote that opens nothing
			plain = unquoted(text)
		}
		if strings.Contains(plain, "..") || strings.Contains(plain, "$") {
			return nil, fmt.Errorf("%s is a filter with .. or $", brief(text, 100))
		}
	}
	path, err := jp.ParseString("$" + text)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read", brief(text, 100))
	}
	if len(path) != 2 {
		return nil, fmt.Errorf("%s cannot be read", brief(text, 100))
	}
	switch f := path[1].(type) {
	case jp.Child, jp.Nth, jp.Wildcard, jp.Union, *jp.Filter:
		return f, nil
	case jp.Slice:
		if f[2] == unset || f[2] == 1 {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s is of a kind that Automation does not know", brief(text, 100))
}

// unset is jp's mark for a bound of a slice that is not given.
var unset = jp.NewSlice()[1]

// many says whether the fragment can match more than one value.
func (p selectorPart) many() bool {
	switch p.frag.(type) {
	case jp.Child, jp.Nth:
		return p.deep
	}
	return true
}
