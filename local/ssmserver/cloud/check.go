package cloud

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParamError says that parameters do not fit the API model. Its text is botocore's.
type ParamError struct {
	// Missing says that required parameters are missing and nothing else is wrong.
	Missing  bool
	Problems []string
}

// Error lists the problems, one a line.
func (e *ParamError) Error() string {
	return "Parameter validation failed:\n" + strings.Join(e.Problems, "\n")
}

// maxProblems bounds how much an error repeats of a request that is wrong everywhere.
const maxProblems = 20

// checker gives parameters the types that the API model has: string, int64, float64, bool, time.Time, []byte, []any and
// map[string]any. Text is taken for a number, a boolean or a time where the model has one, and a number or a boolean
// for text, since parameters of runbooks come so.
type checker struct {
	problems []string
	missing  int
	size     int // of all texts
}

// maxParams bounds the texts of one request; the longest that AWS takes is a template of 51,200 bytes.
const maxParams = 128 << 10

func checkParams(s *shape, given map[string]any) (params, error) {
	c := &checker{}
	out := c.structure(s, given, "")
	if c.size > maxParams {
		c.problem("The parameters are longer than %d bytes", maxParams)
	}
	if len(c.problems) == 0 {
		return out, nil
	}
	return nil, &ParamError{Missing: c.missing == len(c.problems), Problems: c.problems}
}

func (c *checker) problem(format string, args ...any) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *checker) structure(s *shape, given map[string]any, path string) map[string]any {
	where := path
	if where == "" {
		where = "input"
	}
	out := map[string]any{}
	for _, m := range s.members {
		if m.required && given[m.name] == nil {
			c.problem("Missing required parameter in %s: %q", where, m.name)
			c.missing++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		m := s.member(name)
		if m == nil {
			c.problem("Unknown parameter in %s: %q, must be one of: %s", where, brief(name), strings.Join(names(s), ", "))
			continue
		}
		if given[name] == nil {
			continue
		}
		if v := c.value(m.shape, given[name], strings.TrimPrefix(path+"."+name, ".")); v != nil {
			out[name] = v
		}
	}
	return out
}

func names(s *shape) []string {
	var out []string
	for _, m := range s.members {
		out = append(out, m.name)
	}
	return out
}

// value gives v the shape's type, nil if it cannot.
func (c *checker) value(s *shape, v any, path string) any {
	var out any
	switch s.kind {
	case kindStructure:
		if given, ok := v.(map[string]any); ok {
			return c.structure(s, given, path)
		}
	case kindMap:
		if given, ok := v.(map[string]any); ok {
			all := map[string]any{}
			for name, item := range given {
				c.size += len(name)
				all[name] = c.value(s.element, item, path+"."+brief(name))
			}
			return all
		}
	case kindList:
		if given, ok := v.([]any); ok {
			all := make([]any, 0, len(given))
			c.size += 16 * len(given)
			for i, item := range given {
				all = append(all, c.value(s.element, item, fmt.Sprintf("%s[%d]", path, i)))
			}
			return all
		}
	default:
		out = scalar(s.kind, v)
		if text, ok := v.(string); ok {
			c.size += len(text)
		}
	}
	if out == nil {
		c.problem("Invalid type for parameter %s, value: %s, type: %s, valid types: %s", path, shown(v), pythonType(v), pythonTypes(s.kind))
	}
	return out
}

// scalar gives v the kind's type, nil if it cannot.
func scalar(kind byte, v any) any {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case json.Number, bool, int, int64, float64:
		text = fmt.Sprint(v)
	case []byte:
		if kind == kindBytes {
			return v
		}
		return nil
	case time.Time:
		if kind == kindTime {
			return v
		}
		return nil
	default:
		return nil
	}
	switch kind {
	case kindText:
		return text
	case kindBytes:
		return []byte(text)
	case kindTime:
		return timeOf(text)
	case kindBoolean:
		return booleanOf(text)
	}
	return numberOf(kind, text)
}

func booleanOf(text string) any {
	switch strings.ToLower(text) {
	case "true":
		return true
	case "false":
		return false
	}
	return nil
}

func numberOf(kind byte, text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && kind == kindInteger {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && kind == kindFloat {
		return f
	}
	return nil
}

// timeOf reads ISO 8601 and seconds since 1970.
func timeOf(text string) any {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e11 {
		return time.UnixMilli(int64(seconds * 1000)).UTC()
	}
	return nil
}

// pythonType is how botocore names the type of a value.
func pythonType(v any) string {
	kind := "str"
	switch v := v.(type) {
	case nil:
		kind = "NoneType"
	case bool:
		kind = "bool"
	case int, int64:
		kind = "int"
	case float64:
		kind = "float"
	case json.Number:
		kind = "int"
		if strings.ContainsAny(v.String(), ".eE") {
			kind = "float"
		}
	case []any:
		kind = "list"
	case map[string]any:
		kind = "dict"
	case []byte:
		kind = "bytes"
	}
	return "<class '" + kind + "'>"
}

func pythonTypes(kind byte) string {
	switch kind {
	case kindInteger:
		return "<class 'int'>"
	case kindFloat:
		return "<class 'float'>, <class 'decimal.Decimal'>, <class 'int'>"
	case kindBoolean:
		return "<class 'bool'>"
	case kindTime:
		return "<class 'datetime.datetime'>, timestamp-string"
	case kindList:
		return "<class 'list'>, <class 'tuple'>"
	case kindMap, kindStructure:
		return "<class 'dict'>"
	}
	return "<class 'str'>"
}

// shown is a value as part of a message.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		return brief(v)
	case []byte:
		return brief(base64.StdEncoding.EncodeToString(v))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return brief(string(text))
}

// brief bounds what a message repeats.
func brief(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
