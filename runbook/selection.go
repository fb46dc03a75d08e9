package runbook

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/ohler55/ojg/jp"
)

// selection is one evaluation of a selector. left is how many values it may still look at, below 0 when it is over.
type selection struct{ left int }

func (w *selection) visit() bool {
	w.left--
	return w.left >= 0
}

// step takes one fragment of every value found so far.
func (w *selection) step(part selectorPart, from []any) []any {
	out := []any{}
	for _, v := range from {
		if part.deep {
			out = w.descend(part.frag, v, out)
			continue
		}
		out = w.take(part.frag, v, out)
	}
	return out
}

// descend takes the fragment of v and of everything in it, the outer values first.
func (w *selection) descend(frag jp.Frag, v any, out []any) []any {
	if !w.visit() {
		return out
	}
	out = w.take(frag, v, out)
	for _, inner := range members(v) {
		out = w.descend(frag, inner, out)
	}
	return out
}

// members are the items of a list, or the values of an object in the order of their names.
func members(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		out := make([]any, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, v[name])
		}
		return out
	}
	return nil
}

func (w *selection) take(frag jp.Frag, v any, out []any) []any {
	if !w.visit() {
		return out
	}
	switch f := frag.(type) {
	case jp.Child:
		if object, ok := v.(map[string]any); ok {
			if value, ok := object[string(f)]; ok {
				out = append(out, value)
			}
		}
	case jp.Nth:
		if list, ok := v.([]any); ok {
			if i := fromEnd(int(f), len(list)); i >= 0 && i < len(list) {
				out = append(out, list[i])
			}
		}
	case jp.Wildcard:
		all := members(v)
		w.left -= len(all)
		out = append(out, all...)
	case jp.Slice:
		if list, ok := v.([]any); ok {
			from, to := bounds(f, len(list))
			w.left -= to - from
			out = append(out, list[from:to]...)
		}
	case jp.Union:
		out = w.union(f, v, out)
	case *jp.Filter:
		out = w.filter(f, v, out)
	}
	return out
}

func fromEnd(i, length int) int {
	if i < 0 {
		return i + length
	}
	return i
}

func bounds(f jp.Slice, length int) (from, to int) {
	if f[0] != unset {
		from = min(max(fromEnd(f[0], length), 0), length)
	}
	to = length
	if f[1] != unset {
		to = min(max(fromEnd(f[1], length), 0), length)
	}
	return from, max(from, to)
}

func (w *selection) union(f jp.Union, v any, out []any) []any {
	for _, key := range f {
		switch key := key.(type) {
		case string:
			out = w.take(jp.Child(key), v, out)
		case int64:
			out = w.take(jp.Nth(int(key)), v, out)
		}
	}
	return out
}

func (w *selection) filter(f *jp.Filter, v any, out []any) []any {
	candidates := []any{v}
	if list, ok := v.([]any); ok {
		candidates = list
	}
	for _, candidate := range candidates {
		if _, object := candidate.(map[string]any); !object {
			if _, whole := v.([]any); !whole {
				continue
			}
		}
		comparable := w.comparable(candidate)
		if w.left >= 0 && f.Match(comparable) {
			out = append(out, candidate)
		}
	}
	return out
}

// comparable gives a copy with numbers that the library can compare.
func (w *selection) comparable(v any) any {
	if !w.visit() {
		return nil
	}
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = w.comparable(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			out[name] = w.comparable(item)
		}
		return out
	}
	return v
}

// count is what .length() answers: of a list its items, of an object its entries, of a text its characters.
func count(matches []any, many bool) (any, bool, error) {
	var v any = matches
	if !many {
		if len(matches) == 0 {
			return nil, false, nil
		}
		v = matches[0]
	}
	switch v := v.(type) {
	case []any:
		return number(len(v)), true, nil
	case map[string]any:
		return number(len(v)), true, nil
	case string:
		return number(utf8.RuneCountInString(v)), true, nil
	}
	return nil, false, nil
}

func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }
