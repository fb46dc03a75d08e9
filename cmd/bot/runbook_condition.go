package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// conditionText writes a condition of aws:branch or aws:loop as people say it.
func conditionText(condition map[string]any, depth int) string {
	if depth > 10 {
		return "…"
	}
	for _, join := range []string{"And", "Or", "Not"} {
		parts, ok := condition[join]
		if !ok {
			continue
		}
		list, ok := parts.([]any)
		if !ok {
			list = []any{parts}
		}
		var texts []string
		for _, item := range list {
			part, _ := item.(map[string]any)
			texts = append(texts, conditionText(part, depth+1))
		}
		if join == "Not" {
			return "not (" + strings.Join(texts, " and ") + ")"
		}
		joined := strings.Join(texts, " "+strings.ToLower(join)+" ")
		if depth > 0 {
			return "(" + joined + ")"
		}
		return joined
	}
	words := map[string]string{"StringEquals": "is", "EqualsIgnoreCase": "is (in any case)", "StartsWith": "starts with", "EndsWith": "ends with", "Contains": "contains",
		"NumericEquals": "=", "NumericGreater": ">", "NumericLesser": "<", "NumericGreaterOrEquals": "≥", "NumericLesserOrEquals": "≤", "BooleanEquals": "is"}
	for _, operator := range slices.Sorted(maps.Keys(condition)) {
		if word, ok := words[operator]; ok {
			return fmt.Sprintf("%s %s %s", plainText(condition["Variable"]), word, plainJSON(condition[operator]))
		}
	}
	return "?"
}

// plainText is a text as it is, everything else as JSON.
func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return plainJSON(v)
}

// plainJSON writes compact JSON that keeps <, > and & readable.
func plainJSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "?"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
