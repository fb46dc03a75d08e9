package ssmserver

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/runbook"
)

func assertProperty() action {
	return action{name: "aws:assertAwsResourceProperty", run: runAssert, verifying: "verifying the resource property",
		note: "looks once; a list must hold nothing but desired values"}
}

func waitForProperty() action {
	return action{name: "aws:waitForAwsResourceProperty", run: runWaitFor, timeout: time.Hour, verifying: "verifying the resource property has a desired value",
		note: "looks again until the value is a desired one; an error of the operation fails the step at once"}
}

// property is what a step wants of a response.
type property struct {
	selector string
	desired  []string
}

func readProperty(in inputs) (property, error) {
	selector, err := in.required("PropertySelector")
	if err != nil {
		return property{}, err
	}
	if in["DesiredValues"] == nil || len(propertyTexts(in["DesiredValues"])) == 0 {
		return property{}, invalidInput("The input DesiredValues must hold at least one value")
	}
	return property{selector: selector, desired: propertyTexts(in["DesiredValues"])}, nil
}

// look calls the operation once and gives the property, and whether it is as desired.
func (p property) look(ctx context.Context, c *stepContext) (value any, ok bool, err error) {
	response, err := c.callNamed(ctx, "PropertySelector", "DesiredValues")
	if err != nil {
		return nil, false, err
	}
	value, found, err := runbook.Select(p.selector, response)
	if err != nil || !found {
		return []any{}, false, err
	}
	texts := propertyTexts(value)
	ok = len(texts) > 0 && !slices.ContainsFunc(texts, func(text string) bool { return !slices.Contains(p.desired, text) })
	return value, ok, nil
}

func runAssert(ctx context.Context, c *stepContext) (result, error) {
	p, err := readProperty(c.inputs)
	if err != nil {
		return result{}, err
	}
	value, ok, err := p.look(ctx, c)
	if err != nil || ok {
		return result{}, err
	}
	return result{}, &stepFailure{phase: phaseExecute, stage: "PostVerification", kind: "Verification", cause: fmt.Sprintf(
		"Property value from the API output is not in desired values. Property value: [%s], Desired values: [%s]",
		strings.Join(propertyTexts(value), ", "), strings.Join(p.desired, ", "))}
}

func runWaitFor(ctx context.Context, c *stepContext) (result, error) {
	p, err := readProperty(c.inputs)
	if err != nil {
		return result{}, err
	}
	return result{}, c.poll(ctx, func() (bool, error) {
		_, ok, err := p.look(ctx, c)
		return ok, err
	})
}

// propertyTexts gives a value, or each item of a list and of the lists in it, as Python prints it: booleans are True and
// False.
func propertyTexts(value any) []string {
	switch v := value.(type) {
	case nil:
		return []string{"None"}
	case string:
		return []string{v}
	case bool:
		return []string{map[bool]string{true: "True", false: "False"}[v]}
	case json.Number:
		return []string{v.String()}
	case []any:
		out := []string{}
		for _, item := range v {
			out = append(out, propertyTexts(item)...)
		}
		return out
	}
	return []string{jsonText(value)}
}
