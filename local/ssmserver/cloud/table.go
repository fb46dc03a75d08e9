package cloud

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// table keeps things by name in the order in which they were made.
type table[T any] struct {
	order []string
	items map[string]T
}

func (t *table[T]) put(name string, item T) {
	if t.items == nil {
		t.items = map[string]T{}
	}
	if _, ok := t.items[name]; !ok {
		t.order = append(t.order, name)
	}
	t.items[name] = item
}

func (t *table[T]) remove(name string) {
	delete(t.items, name)
	t.order = slices.DeleteFunc(t.order, func(other string) bool { return other == name })
}

func (t *table[T]) has(name string) bool { _, ok := t.items[name]; return ok }

// all gives the things in the order in which they were made.
func (t *table[T]) all() []T {
	out := make([]T, 0, len(t.order))
	for _, name := range t.order {
		out = append(out, t.items[name])
	}
	return out
}

// The most that one world holds of each kind; then requests for more are refused.
const (
	maxThings = 500
	maxTags   = 50
)

// newID is such as vol-0 and 16 random hexadecimal digits.
func newID(kind string) string {
	return kind + "-0" + strings.ReplaceAll(uuid.NewString(), "-", "")[:16]
}

// page is the part of items that a token and a size ask for, and the token of what follows, "" at the end.
func page[T any](items []T, token string, size int) (out []T, next string, ok bool) {
	from := 0
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		text, found := strings.CutPrefix(string(raw), "from ")
		n, bad := strconv.Atoi(text)
		if err != nil || !found || bad != nil || n <= 0 || n > len(items) {
			return nil, "", false
		}
		from = n
	}
	if size <= 0 || from+size >= len(items) {
		return items[from:], "", true
	}
	return items[from : from+size], base64.RawURLEncoding.EncodeToString([]byte("from " + strconv.Itoa(from+size))), true
}

// answers makes a list of an answer; never nil, since lists that are empty are there.
func answers[T any](items []T, show func(T) map[string]any) []any {
	out := make([]any, 0, len(items))
	for _, item := range items {
		out = append(out, show(item))
	}
	return out
}

func anyTexts(texts []string) []any {
	out := make([]any, 0, len(texts))
	for _, text := range texts {
		out = append(out, text)
	}
	return out
}

// tagSet writes tags as a list of Key and Value.
func tagSet(tags map[string]string) []any {
	return answers(slices.Sorted(maps.Keys(tags)), func(key string) map[string]any {
		return map[string]any{"Key": key, "Value": tags[key]}
	})
}

// filled leaves out what is nil or an empty text.
func filled(fields map[string]any) map[string]any {
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil || v == "" })
	return fields
}
