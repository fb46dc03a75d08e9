package blockkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// check looks at one value at a JSON pointer.
type check func(w *walk, at string, v any)

// shape is a JSON object: its fields, which of them are required, and what
// holds between them.
type shape struct {
	need   []string
	fields map[string]check
	also   func(w *walk, at string, o map[string]any)
	on     []Surface // for blocks: where they may stand; nil means everywhere
}

// tables hold the shapes by "type".
type tables struct {
	blocks, elements, leaves, rich map[string]shape
}

// walk is one validation.
type walk struct {
	surface  Surface
	t        *tables
	problems []Problem
	ids      map[string]bool // block_ids seen
	depth    int

	plans, cards, tables, charts, focus, markdown, tableText int
}

func (w *walk) problem(at, format string, a ...any) {
	if len(w.problems) < maxProblems {
		w.problems = append(w.problems, Problem{Pointer: at, Message: fmt.Sprintf(format, a...), Code: CodeInvalid})
	}
}

func below(at, key string) string {
	if strings.ContainsAny(key, "~/") {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
	}
	return at + "/" + key
}

func item(at string, i int) string { return at + "/" + strconv.Itoa(i) }

// object checks v against s, except for its "type".
func (w *walk) object(at string, v any, s shape) {
	o, ok := v.(map[string]any)
	if !ok {
		w.problem(at, "must be an object")
		return
	}
	for _, key := range s.need {
		if o[key] == nil {
			w.problem(at, "missing required field: %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		c, known := s.fields[key]
		switch {
		case key == "type":
		case !known:
			w.problem(below(at, key), "invalid additional property: %s", key)
		case o[key] == nil:
			w.problem(below(at, key), "must not be null")
		default:
			c(w, below(at, key), o[key])
		}
	}
	if s.also != nil {
		s.also(w, at, o)
	}
}

// typed picks the shape by "type" and checks v against it.
func (w *walk) typed(at string, v any, shapes map[string]shape, allowed []string) {
	o, ok := v.(map[string]any)
	if !ok {
		w.problem(at, "must be an object")
		return
	}
	kind, _ := o["type"].(string)
	s, known := shapes[kind]
	switch {
	case kind == "":
		w.problem(at, "missing required field: type")
	case !known:
		w.problem(below(at, "type"), "unsupported type: %s", kind)
	case allowed != nil && !slices.Contains(allowed, kind):
		w.problem(below(at, "type"), "%s is not allowed here", kind)
	case s.on != nil && !slices.Contains(s.on, w.surface):
		w.problem(below(at, "type"), "%s is not available in %s", kind, w.surface)
	default:
		w.object(at, v, s)
	}
}

// str is a text of low to high characters; high 0 means no limit.
func str(low, high int) check {
	return func(w *walk, at string, v any) {
		s, ok := v.(string)
		n := utf8.RuneCountInString(s)
		switch {
		case !ok:
			w.problem(at, "must be a string")
		case n < low:
			w.problem(at, "must be more than %d characters", low-1)
		case high > 0 && n > high:
			w.problem(at, "must be less than %d characters", high+1)
		}
	}
}

// number is a whole number from low to high.
func number(low, high int) check {
	return func(w *walk, at string, v any) {
		n, ok := v.(json.Number)
		i, err := n.Int64()
		if !ok || err != nil || i < int64(low) || i > int64(high) {
			w.problem(at, "must be a whole number from %d to %d", low, high)
		}
	}
}

func anyNumber(w *walk, at string, v any) {
	if _, ok := v.(json.Number); !ok {
		w.problem(at, "must be a number")
	}
}

func boolean(w *walk, at string, v any) {
	if _, ok := v.(bool); !ok {
		w.problem(at, "must be true or false")
	}
}

func oneOf(words ...string) check {
	return func(w *walk, at string, v any) {
		if s, ok := v.(string); !ok || !slices.Contains(words, s) {
			w.problem(at, "must be one of: %s", strings.Join(words, ", "))
		}
	}
}

// list is an array of low to high items; high 0 means no limit.
func list(low, high int, each check) check {
	return func(w *walk, at string, v any) {
		items, ok := v.([]any)
		switch {
		case !ok:
			w.problem(at, "must be an array")
			return
		case len(items) < low:
			w.problem(at, "no less than %d items allowed", low)
		case high > 0 && len(items) > high:
			w.problem(at, "no more than %d items allowed", high)
		}
		for i, v := range items {
			if len(w.problems) >= maxProblems {
				return
			}
			each(w, item(at, i), v)
		}
	}
}

// obj checks an object that has no "type".
func obj(s shape) check {
	return func(w *walk, at string, v any) { w.object(at, v, s) }
}

// link is a URL of at most high characters.
func link(high int) check {
	return func(w *walk, at string, v any) {
		s, ok := v.(string)
		switch {
		case !ok || !strings.Contains(s, ":") || strings.ContainsAny(s, " \n\t<>"):
			w.problem(at, "must be a valid URL")
		case utf8.RuneCountInString(s) > high:
			w.problem(at, "must be less than %d characters", high+1)
		}
	}
}

// merge joins field tables; later ones win.
func merge(all ...map[string]check) map[string]check {
	out := map[string]check{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}
