package runbook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of the Parameters member of StartAutomationExecution: API model ssm-2014-11-06.
const (
	// MaxValueChars is the length of one value in characters.
	MaxValueChars = 512
	// MaxValues is the number of values of one parameter.
	MaxValues    = 50
	maxNameChars = 50
)

// Values are the parameters of one execution: string, json.Number, bool, []any, map[string]any.
type Values map[string]any

// InputProblem is a reason to refuse one parameter's value.
type InputProblem struct {
	Parameter string
	// Message is a sentence, in AWS's words where those are known.
	Message string
}

// InputError is what Bind and Check answer: every problem, sorted by parameter.
type InputError struct{ Problems []InputProblem }

// Error gives the sentences in one line.
func (e *InputError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Message
	}
	return strings.Join(lines, " ")
}

// Bind checks given values as AWS does when an automation starts and fills in the defaults, which are not checked.
// A {{ ssm:NAME }} in a default stays as it is; BindFrom looks it up. The error is an *InputError.
func (d *Document) Bind(given map[string][]string) (Values, error) {
	return d.BindFrom(given, func(Reference) (any, bool, error) { return nil, false, nil })
}

// BindFrom is Bind with a look-up for the defaults that are used and name an entry of Parameter Store. It is called
// with references of the kind RefSSM alone and answers a string, or a []any of strings for a StringList. Not found leaves
// the text as it is, so a caller that wants a missing entry to stop the start answers an error; the error's text becomes
// the problem of that parameter. What was looked up is checked like a value that somebody gave.
func (d *Document) BindFrom(given map[string][]string, store Lookup) (Values, error) {
	var problems []InputProblem
	out := Values{}
	for name := range given {
		if _, ok := d.Parameter(name); !ok {
			problems = append(problems, InputProblem{name, fmt.Sprintf("Unknown parameter: %s is not declared in the document.", name)})
		}
	}
	for _, p := range d.Parameters {
		values, ok := given[p.Name]
		switch {
		case ok:
			v, err := p.bind(values)
			var input *InputError
			if errors.As(err, &input) {
				problems = append(problems, input.Problems...)
			}
			out[p.Name] = v
		case p.HasDefault:
			v, err := p.defaultFrom(store)
			var input *InputError
			if errors.As(err, &input) {
				problems = append(problems, input.Problems...)
			}
			out[p.Name] = v
		default:
			problems = append(problems, InputProblem{p.Name, fmt.Sprintf("Missing required parameter: %s in user inputs.", p.Name)})
		}
	}
	if len(problems) > 0 {
		sort.SliceStable(problems, func(i, j int) bool { return problems[i].Parameter < problems[j].Parameter })
		return nil, &InputError{Problems: problems}
	}
	return out, nil
}

// Check says whether AWS would take these values for this parameter. The error is an *InputError.
func (p Parameter) Check(values []string) error {
	_, err := p.bind(values)
	return err
}

// Wire gives the values as the API carries them: each a list of strings, maps as JSON.
func (v Values) Wire() map[string][]string {
	out := make(map[string][]string, len(v))
	for name, value := range v {
		out[name] = WireValue(value)
	}
	return out
}

// WireValue gives one value as a list of strings: the elements of a list, or the value itself; what is no string as JSON.
func WireValue(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		out = append(out, text(item))
	}
	return out
}

// text is a value inside a string: itself if it is one, else its JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return compactJSON(v)
}

// bind is accept for values that somebody gave, which the API limits.
func (p Parameter) bind(values []string) (any, error) {
	if len(values) > MaxValues {
		return p.refuse("Parameter %q has %d values; at most %d are allowed.", p.Name, len(values), MaxValues)
	}
	for _, v := range values {
		if chars := utf8.RuneCountInString(v); chars > MaxValueChars {
			return p.refuse("Parameter %q has a value of %d characters; at most %d are allowed.", p.Name, chars, MaxValueChars)
		}
	}
	return p.accept(values)
}

func (p Parameter) refuse(format string, args ...any) (any, error) {
	return nil, &InputError{Problems: []InputProblem{{p.Name, fmt.Sprintf(format, args...)}}}
}

// accept checks values against the document's rules and gives them the parameter's type.
func (p Parameter) accept(values []string) (any, error) {
	for _, v := range values {
		if message := p.checkValue(v); message != "" {
			return p.refuse("%s", message)
		}
	}
	converted, problem := p.convert(values)
	if problem != "" {
		return p.refuse("Parameter type error. %s", problem)
	}
	if message := p.checkItems(converted); message != "" {
		return p.refuse("%s", message)
	}
	return converted, nil
}

// checkItems counts the items of a list and the entries of a map.
func (p Parameter) checkItems(v any) string {
	var items int
	switch v := v.(type) {
	case []any:
		items = len(v)
	case map[string]any:
		items = len(v)
	default:
		return ""
	}
	if p.MinItems != nil && items < *p.MinItems {
		return fmt.Sprintf("Parameter %q has %d items; at least %d are required.", p.Name, items, *p.MinItems)
	}
	if p.MaxItems != nil && items > *p.MaxItems {
		return fmt.Sprintf("Parameter %q has %d items; at most %d are allowed.", p.Name, items, *p.MaxItems)
	}
	return ""
}

// checkValue checks one string against the document's rules, "" meaning that it passes.
func (p Parameter) checkValue(v string) string {
	chars := utf8.RuneCountInString(v)
	switch {
	case p.AllowedValues != nil && !slices.Contains(p.AllowedValues, v):
		return fmt.Sprintf("Parameter %q has value %q not found in [%s].", p.Name, v, strings.Join(p.AllowedValues, ", "))
	case p.MinChars != nil && chars < *p.MinChars:
		return fmt.Sprintf("Parameter %q has value %q shorter than %d characters.", p.Name, v, *p.MinChars)
	case p.MaxChars != nil && chars > *p.MaxChars:
		return fmt.Sprintf("Parameter %q has value %q longer than %d characters.", p.Name, v, *p.MaxChars)
	}
	for _, pattern := range []string{p.elementPattern(), p.AllowedPattern} {
		if pattern == "" {
			continue
		}
		match, err := compile(pattern)
		if err != nil {
			return fmt.Sprintf("Parameter %q cannot be checked against %q: %s.", p.Name, pattern, err)
		}
		if ok, err := match(v); err != nil {
			return fmt.Sprintf("Parameter %q cannot be checked against %q: %s.", p.Name, pattern, err)
		} else if !ok {
			return fmt.Sprintf("Parameter %q has value %q not matching %q.", p.Name, v, pattern)
		}
	}
	return ""
}

// convert gives the strings the parameter's type, or a sentence that says why not.
func (p Parameter) convert(values []string) (v any, problem string) {
	switch p.shape() {
	case shapeList:
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		return list, ""
	case shapeMaps:
		return p.convertMaps(values)
	}
	if len(values) != 1 {
		return nil, fmt.Sprintf("%s takes one value, not %d.", p.Name, len(values))
	}
	return p.convertOne(values[0])
}

func (p Parameter) convertOne(v string) (any, string) {
	switch p.shape() {
	case shapeInteger:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, p.invalid()
		}
		if p.MinValue != nil && n < *p.MinValue || p.MaxValue != nil && n > *p.MaxValue {
			return nil, fmt.Sprintf("The value supplied for %s is out of range.", p.Name)
		}
		return json.Number(strconv.FormatInt(n, 10)), ""
	case shapeBoolean:
		switch strings.ToLower(v) {
		case "true":
			return true, ""
		case "false":
			return false, ""
		}
		return nil, p.invalid()
	case shapeMap:
		object, err := readObjectText(v)
		if err != nil {
			return nil, p.invalid()
		}
		return object, ""
	}
	return v, ""
}

func (p Parameter) invalid() string {
	return fmt.Sprintf("The value supplied for %s is not a valid %s.", p.Name, strings.ToLower(p.Type))
}

// convertMaps takes each value as one object, or a single value that is a list of objects.
func (p Parameter) convertMaps(values []string) (any, string) {
	list := []any{}
	if len(values) == 1 {
		if n, err := readJSON([]byte(values[0])); err == nil && n.kind == kindList {
			values = nil
			for _, item := range n.items {
				values = append(values, compactJSON(item.value()))
			}
		}
	}
	for _, v := range values {
		object, err := readObjectText(v)
		if err != nil {
			return nil, p.invalid()
		}
		list = append(list, object)
	}
	return list, ""
}

func readObjectText(v string) (any, error) {
	n, err := readJSON([]byte(v))
	if err != nil {
		return nil, err
	}
	if n.kind != kindObject {
		return nil, errors.New("not an object")
	}
	return n.value(), nil
}
