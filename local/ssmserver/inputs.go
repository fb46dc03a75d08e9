package ssmserver

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// inputs are a step's inputs with every reference resolved.
type inputs map[string]any

// only refuses inputs that the action does not have.
func (in inputs) only(names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if !slices.Contains(names, name) {
			return invalidInput("The input " + name + " is not one of " + strings.Join(names, ", "))
		}
	}
	return nil
}

// text gives a string input, "" if it is not there.
func (in inputs) text(name string) (string, error) {
	switch v := in[name].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	}
	return "", invalidInput("The input " + name + " must be a string")
}

// number gives a whole number, which may be text, or otherwise if it is not there.
func (in inputs) number(name string, otherwise, low, high int) (int, error) {
	value, given := in[name]
	if !given || value == nil {
		return otherwise, nil
	}
	n, err := strconv.Atoi(asText(value))
	if err != nil || n < low || n > high {
		return 0, invalidInput(fmt.Sprintf("The input %s must be a whole number from %d to %d", name, low, high))
	}
	return n, nil
}

// flag gives a boolean input, which may be text since parameters often are.
func (in inputs) flag(name string) (bool, error) {
	switch v := in[name].(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, invalidInput("The input " + name + " must be true or false")
}

// texts gives a list of strings. A single string counts as a list of one, and a list reference inside a list is spread.
func (in inputs) texts(name string) ([]string, error) {
	var out []string
	var add func(v any) error
	add = func(v any) error {
		switch v := v.(type) {
		case nil:
		case string:
			out = append(out, v)
		case []any:
			for _, item := range v {
				if err := add(item); err != nil {
					return err
				}
			}
		default:
			return invalidInput(fmt.Sprintf("The input %s must be a list of strings", name))
		}
		return nil
	}
	err := add(in[name])
	return out, err
}
