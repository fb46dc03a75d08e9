package ssmserver

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"handrail/runbook"
)

// declaredOutputs takes what a step declares in its outputs out of its action's response, which holds the types of
// decoded JSON. Types are converted as
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html says, and no others. What a
// selector does not find, and null, is the type's empty value. nil if the step declares none.
func declaredOutputs(step runbook.Step, response any) (map[string]any, error) {
	if len(step.Outputs) == 0 {
		return nil, nil
	}
	out := make(map[string]any, len(step.Outputs))
	for _, o := range step.Outputs {
		value, found, err := runbook.Select(o.Selector, response)
		if err != nil {
			return nil, fmt.Errorf("taking the output %s: %w", o.Name, err)
		}
		if !found {
			value = nil
		}
		typed, ok := typedOutput(value, o.Type)
		if !ok {
			return nil, fmt.Errorf("Output %s with the selector %s is of type %s, but expected type is %s", //nolint:staticcheck // as AWS says it of inputs
				o.Name, o.Selector, javaType(value), outputType(o.Type))
		}
		out[o.Name] = typed
	}
	return out, nil
}

// outputType is the type of an output that declares none, or the one it declares.
func outputType(declared string) string {
	if declared == "" {
		return "String"
	}
	return declared
}

// typedOutput gives value the declared type, or says that it cannot have it.
func typedOutput(value any, declared string) (any, bool) {
	switch outputType(declared) {
	case "String", "Integer", "Boolean":
		return scalarOutput(value, outputType(declared))
	case "StringList":
		return listOutput(value, func(item any) (any, bool) { return scalarOutput(item, "String") })
	case "MapList":
		if _, one := value.(map[string]any); one {
			return nil, false
		}
		return listOutput(value, mapOutput)
	case "StringMap":
		if value == nil {
			return map[string]any{}, true
		}
		return mapOutput(value)
	}
	return nil, false
}

// scalarOutput takes a list of one element as that element. Nothing is "".
func scalarOutput(value any, declared string) (any, bool) {
	if list, ok := value.([]any); ok {
		switch len(list) {
		case 0:
			value = nil
		case 1:
			value = list[0]
		}
	}
	var text string
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		text = v
	case bool:
		if declared == "Boolean" {
			return v, true
		}
		text = strconv.FormatBool(v)
	case json.Number:
		text = v.String()
	default:
		return nil, false
	}
	switch declared {
	case "Integer":
		_, isBool := value.(bool)
		number, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		return json.Number(strconv.FormatInt(number, 10)), err == nil && !isBool
	case "Boolean":
		_, isNumber := value.(json.Number)
		yes, ok := asBool(text)
		return yes, ok && !isNumber
	}
	return text, true
}

// listOutput takes a single element as a list of one, and nothing as an empty list.
func listOutput(value any, element func(any) (any, bool)) (any, bool) {
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value}
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		one, ok := element(item)
		if !ok {
			return nil, false
		}
		out = append(out, one)
	}
	return out, true
}

func mapOutput(value any) (any, bool) {
	object, ok := value.(map[string]any)
	return object, ok
}

// javaType names a value's type as AWS's messages do.
func javaType(value any) string {
	switch v := value.(type) {
	case string:
		return "String"
	case bool:
		return "Boolean"
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return "Double"
		}
		return "Integer"
	case []any:
		return "ArrayList"
	case map[string]any:
		return "LinkedHashMap"
	}
	return "null"
}
