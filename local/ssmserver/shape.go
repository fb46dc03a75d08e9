package ssmserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

type shapeKind uint8

const (
	kindString shapeKind = iota
	kindInteger
	kindBoolean
	kindList
	kindMap
	kindStructure
)

func (k shapeKind) String() string {
	return [...]string{"a string", "an integer", "a boolean", "a list", "a map", "a structure"}[k]
}

// shape is a constraint of the API model on one value.
type shape struct {
	kind shapeKind
	// min and max bound length, count or value; a max of 0 means none.
	min, max int
	pattern  *regexp.Regexp
	enum     []string
	// key and member are those of maps and lists.
	key, member *shape
	members     map[string]shape
	required    []string
}

// checker collects what is wrong with a request. A wrong type ends it, as the service cannot read on.
type checker struct {
	wrongType string
	problems  []string
}

// check validates a decoded request, refusing members that the model does not have. The real service ignores those; here
// they are most likely a mistake that would go unnoticed.
func (s shape) check(v any) *apiError {
	c := &checker{}
	c.value(s, v, "")
	if c.wrongType != "" {
		return refuse(codeSerialization, "%s", c.wrongType)
	}
	if len(c.problems) == 0 {
		return nil
	}
	noun := "error"
	if len(c.problems) > 1 {
		noun = "errors"
	}
	return refuse(codeValidation, "%d validation %s detected: %s", len(c.problems), noun, strings.Join(c.problems, "; "))
}

func (c *checker) problem(path string, v any, constraint string, args ...any) {
	text, _ := json.Marshal(v)
	shown := string(text)
	if s, ok := v.(string); ok {
		shown = "'" + s + "'"
	}
	if len(shown) > 120 {
		shown = strings.ToValidUTF8(shown[:120], "") + "…"
	}
	c.problems = append(c.problems, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", shown, path, fmt.Sprintf(constraint, args...)))
}

func (c *checker) value(s shape, v any, path string) {
	switch s.kind {
	case kindString:
		if text, ok := v.(string); ok {
			c.text(s, text, path)
			return
		}
	case kindInteger:
		if number, ok := v.(json.Number); ok {
			c.integer(s, number, path)
			return
		}
	case kindBoolean:
		if _, ok := v.(bool); ok {
			return
		}
	case kindList:
		if list, ok := v.([]any); ok {
			c.list(s, list, path)
			return
		}
	case kindMap:
		if object, ok := v.(map[string]any); ok {
			c.entries(s, object, path)
			return
		}
	case kindStructure:
		if object, ok := v.(map[string]any); ok {
			c.structure(s, object, path)
			return
		}
	}
	if path == "" {
		path = "the request"
	}
	c.wrongType = fmt.Sprintf("%s must be %s", path, s.kind)
}

func (c *checker) text(s shape, text, path string) {
	c.size(s, utf8.RuneCountInString(text), text, path, "length")
	if s.pattern != nil && !s.pattern.MatchString(text) {
		c.problem(path, text, "Member must satisfy regular expression pattern: %s", s.pattern)
	}
	if s.enum != nil && !slices.Contains(s.enum, text) {
		c.problem(path, text, "Member must satisfy enum value set: [%s]", strings.Join(s.enum, ", "))
	}
}

func (c *checker) size(s shape, n int, v any, path, what string) {
	if n < s.min {
		c.problem(path, v, "Member must have %s greater than or equal to %d", what, s.min)
	}
	if s.max > 0 && n > s.max {
		c.problem(path, v, "Member must have %s less than or equal to %d", what, s.max)
	}
}

func (c *checker) integer(s shape, number json.Number, path string) {
	n, err := strconv.Atoi(number.String())
	if err != nil {
		c.wrongType = path + " must be an integer"
		return
	}
	c.size(s, n, number, path, "value")
}

func (c *checker) list(s shape, list []any, path string) {
	c.size(s, len(list), list, path, "length")
	for i, item := range list {
		c.value(*s.member, item, fmt.Sprintf("%s.%d.member", path, i+1))
	}
}

func (c *checker) entries(s shape, object map[string]any, path string) {
	c.size(s, len(object), object, path, "length")
	for _, name := range slices.Sorted(maps.Keys(object)) {
		c.value(*s.key, name, path+".key")
		c.value(*s.member, object[name], path+"."+name)
	}
}

func (c *checker) structure(s shape, object map[string]any, path string) {
	for _, name := range s.required {
		if object[name] == nil {
			c.problem(join(path, name), nil, "Member must not be null")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		member, known := s.members[name]
		switch {
		case !known:
			c.problem(join(path, name), object[name], "Member is not known to this operation")
		case object[name] == nil:
		default:
			c.value(member, object[name], join(path, name))
		}
	}
}

// join names a member as the service does, its first letter in lower case.
func join(path, name string) string {
	if name != "" {
		name = strings.ToLower(name[:1]) + name[1:]
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
