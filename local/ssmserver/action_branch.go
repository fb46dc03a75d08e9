package ssmserver

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

func branchAction() action {
	return action{name: "aws:branch", run: runBranch, verifying: "evaluating the choices",
		note: "every operator, And, Or, Not, Default; goes on with the next step if nothing matches"}
}

// runBranch answers the first choice that holds.
func runBranch(_ context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("Choices", "Default"); err != nil {
		return result{}, err
	}
	choices, ok := c.inputs["Choices"].([]any)
	if !ok || len(choices) == 0 {
		return result{}, invalidInput("The input Choices must be a list of choices")
	}
	for i, item := range choices {
		choice, _ := item.(map[string]any)
		next, _ := choice["NextStep"].(string)
		if next == "" {
			return result{}, invalidInput(fmt.Sprintf("The choice %d has no NextStep", i+1))
		}
		holds, err := condition(choice, 0)
		if err != nil {
			return result{}, invalidInput(fmt.Sprintf("The choice %d is not valid: %s", i+1, err))
		}
		if holds {
			return result{next: next}, nil
		}
	}
	next, err := c.inputs.text("Default")
	return result{next: next}, err
}

// condition evaluates one choice: And, Or, Not, or a Variable with one operator.
func condition(choice map[string]any, depth int) (bool, error) {
	if depth > 20 {
		return false, fmt.Errorf("it is nested deeper than 20 levels")
	}
	names := 0
	for name := range choice {
		if name != "NextStep" && name != "Variable" {
			names++
		}
	}
	if names != 1 {
		return false, fmt.Errorf("it must have exactly one of And, Or, Not or an operator")
	}
	for _, join := range []string{"And", "Or"} {
		if parts, ok := choice[join]; ok {
			return combined(parts, join == "And", depth)
		}
	}
	if part, ok := choice["Not"]; ok {
		holds, err := combined(part, true, depth)
		return !holds, err
	}
	for operator, want := range choice {
		if operator != "NextStep" && operator != "Variable" {
			value, ok := choice["Variable"]
			if !ok {
				return false, fmt.Errorf("it has no Variable")
			}
			return compare(operator, value, want)
		}
	}
	return false, nil
}

// combined takes a list of conditions, or one.
func combined(parts any, all bool, depth int) (bool, error) {
	list, ok := parts.([]any)
	if !ok {
		list = []any{parts}
	}
	if len(list) == 0 {
		return false, fmt.Errorf("And, Or and Not need at least one condition")
	}
	holds := all
	for _, item := range list {
		part, ok := item.(map[string]any)
		if !ok {
			return false, fmt.Errorf("And, Or and Not hold conditions")
		}
		one, err := condition(part, depth+1)
		if err != nil {
			return false, err
		}
		if all {
			holds = holds && one
		} else {
			holds = holds || one
		}
	}
	return holds, nil
}

// compare applies one operator of docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html.
func compare(operator string, value, want any) (bool, error) {
	switch operator {
	case "StringEquals", "EqualsIgnoreCase", "StartsWith", "EndsWith", "Contains":
		return compareText(operator, value, want)
	case "NumericEquals", "NumericGreater", "NumericLesser", "NumericGreaterOrEquals", "NumericLesserOrEquals":
		return compareNumbers(operator, value, want)
	case "BooleanEquals":
		a, okA := asBool(value)
		b, okB := asBool(want)
		if !okA || !okB {
			return false, fmt.Errorf("BooleanEquals compares true and false")
		}
		return a == b, nil
	}
	return false, fmt.Errorf("there is no operator %q", operator)
}

// compareText compares what is no string by its JSON.
func compareText(operator string, value, want any) (bool, error) {
	a, b := asText(value), asText(want)
	switch operator {
	case "EqualsIgnoreCase":
		return strings.EqualFold(a, b), nil
	case "StartsWith":
		return strings.HasPrefix(a, b), nil
	case "EndsWith":
		return strings.HasSuffix(a, b), nil
	case "Contains":
		return contains(value, a, b), nil
	}
	return a == b, nil
}

// contains looks for an element in a list, else for text in text.
func contains(value any, a, b string) bool {
	list, ok := value.([]any)
	if !ok {
		return strings.Contains(a, b)
	}
	for _, item := range list {
		if asText(item) == b {
			return true
		}
	}
	return false
}

func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return jsonText(v)
}

func asBool(v any) (value, ok bool) {
	switch text := strings.ToLower(asText(v)); text {
	case "true", "false":
		return text == "true", true
	}
	return false, false
}

func compareNumbers(operator string, value, want any) (bool, error) {
	a, okA := asNumber(value)
	b, okB := asNumber(want)
	if !okA || !okB {
		return false, fmt.Errorf("%s compares numbers", operator)
	}
	order := a.Cmp(b)
	switch operator {
	case "NumericGreater":
		return order > 0, nil
	case "NumericLesser":
		return order < 0, nil
	case "NumericGreaterOrEquals":
		return order >= 0, nil
	case "NumericLesserOrEquals":
		return order <= 0, nil
	}
	return order == 0, nil
}

// asNumber reads up to 40 characters, as a huge exponent would need huge memory.
func asNumber(v any) (*big.Float, bool) {
	text := asText(v)
	if number, ok := v.(json.Number); ok {
		text = number.String()
	}
	if len(text) > 40 {
		return nil, false
	}
	f, _, err := big.ParseFloat(strings.TrimSpace(text), 10, 200, big.ToNearestEven)
	return f, err == nil
}
