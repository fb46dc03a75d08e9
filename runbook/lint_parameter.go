package runbook

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// parameters checks the declared parameters and variables.
func (l *linter) parameters() {
	for _, p := range l.d.Parameters {
		at := l.d.at("parameters", p.Name)
		at.node = &node{line: p.Line, col: p.Column}
		l.limits(p, at)
		l.defaultOf(p)
		if !l.used[Reference{Kind: RefName, Name: p.Name}] {
			l.note(at, "unused", "nothing refers to the parameter %s", p.Name)
		}
	}
	for _, v := range l.d.Variables {
		l.variable(v)
	}
}

// limits checks the rules of a parameter against each other.
func (l *linter) limits(p Parameter, at place) {
	if p.MinChars != nil && p.MaxChars != nil && *p.MinChars > *p.MaxChars {
		l.error(at, "limits", "minChars is more than maxChars, so no value passes")
	}
	if p.MinItems != nil && p.MaxItems != nil && *p.MinItems > *p.MaxItems {
		l.error(at, "limits", "minItems is more than maxItems, so no value passes")
	}
	if p.MinValue != nil && p.MaxValue != nil && *p.MinValue > *p.MaxValue {
		l.error(at, "limits", "minValue is more than maxValue, so no value passes")
	}
	if p.AllowedValues != nil && len(p.AllowedValues) == 0 {
		l.error(at, "limits", "allowedValues is empty, so no value passes")
	}
	if (p.MinItems != nil || p.MaxItems != nil) && (p.shape() == shapeString || p.shape() == shapeInteger || p.shape() == shapeBoolean) {
		l.warn(at, "limits", "minItems and maxItems count for lists and maps, not for %s", p.Type)
	}
	if (p.MinValue != nil || p.MaxValue != nil) && p.shape() != shapeInteger {
		l.warn(at, "limits", "minValue and maxValue count for Integer, not for %s", p.Type)
	}
}

// defaultOf checks a default as a value that somebody gives. An empty one means "none".
func (l *linter) defaultOf(p Parameter) {
	at := l.d.at("parameters", p.Name, "default")
	if !p.HasDefault || p.Default == nil || len(p.DefaultLookups()) > 0 {
		return
	}
	refs := References(p.Default)
	for _, r := range refs {
		switch {
		case r.Kind == RefGlobal || r.Kind == RefAutomation:
			l.system(at, r)
		case r.Kind != RefName:
			l.warn(at, "default", "{{ %s }} is not resolved in a default; it stays as it is", r)
		case r.Name == "TARGET_ID":
			l.note(at, "default", "{{ TARGET_ID }} is filled in by maintenance windows alone")
		default:
			l.warn(at, "default", "a default cannot refer to another parameter; {{ %s }} stays as it is", r)
		}
	}
	if len(refs) > 0 {
		return
	}
	values := WireValue(p.Default)
	if !slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
		return
	}
	_, err := p.accept(values)
	var input *InputError
	if errors.As(err, &input) {
		l.warn(at, "default", "the default would be refused as a value: %s", input)
	}
}

func (l *linter) variable(v Variable) {
	at := l.d.at("variables", v.Name)
	switch {
	case v.Type == "":
		l.error(at, "variable", "the variable %s has no type", v.Name)
	case !slices.Contains(outputTypes, v.Type):
		l.error(at.at("type"), "variable", "the type is %q; it must be %s", v.Type, strings.Join(outputTypes, ", "))
		l.fix(l.similar(v.Type, outputTypes))
	case v.Default != nil && len(References(v.Default)) == 0 && !hasType(v.Default, v.Type):
		l.warn(at.at("default"), "variable", "the default is not of the type %s", v.Type)
	}
	if !l.used[Reference{Kind: RefVariable, Name: v.Name}] {
		l.note(at, "unused", "nothing refers to the variable %s", v.Name)
	}
}

// hasType says whether a value is of an output's or variable's type, numbers and booleans as text included.
func hasType(v any, kind string) bool {
	switch v := v.(type) {
	case string:
		_, isBool := truth(v)
		return kind == "String" || kind == "Boolean" && isBool || kind == "Integer" && between(json.Number(v), -1<<62, 1<<62)
	case json.Number:
		return kind == "Integer" && between(v, -1<<62, 1<<62)
	case bool:
		return kind == "Boolean"
	case map[string]any:
		return kind == "StringMap"
	case []any:
		maps := !slices.ContainsFunc(v, func(item any) bool { _, ok := item.(map[string]any); return !ok })
		return kind == "StringList" || kind == "MapList" && maps
	}
	return false
}

func between(v any, least, most int64) bool {
	number, ok := v.(json.Number)
	if !ok {
		return false
	}
	n, err := number.Int64()
	return err == nil && n >= least && n <= most
}
