package runbook

import (
	"fmt"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// Select takes a value out of a response by a step output's Selector, a JSONPath. found is false if nothing matches.
// A path with a deep scan or a filter gives a list, whatever it matches. The "$." in front may be missing, as in 28
// selectors of public runbooks; so may be "" for the whole response.
func Select(selector string, response any) (value any, found bool, err error) {
	path, err := selectorPath(selector)
	if err != nil {
		return nil, false, err
	}
	matches := path.Get(response)
	if manyMatches(path) {
		if matches == nil {
			matches = []any{}
		}
		return matches, len(matches) > 0, nil
	}
	if len(matches) == 0 {
		return nil, false, nil
	}
	return matches[0], true, nil
}

func selectorPath(selector string) (jp.Expr, error) {
	text := strings.TrimSpace(selector)
	if !strings.HasPrefix(text, "$") {
		text = strings.TrimSuffix("$."+text, ".")
	}
	path, err := jp.ParseString(strings.ReplaceAll(text, ".[", "["))
	if err != nil {
		return nil, fmt.Errorf("reading the selector %q: %w", selector, err)
	}
	return path, nil
}

// manyMatches says whether the path can match more than one value.
func manyMatches(path jp.Expr) bool {
	for _, part := range path {
		switch part.(type) {
		case jp.Root, jp.Child, jp.Nth, jp.Bracket, jp.At:
		default:
			return true
		}
	}
	return false
}
