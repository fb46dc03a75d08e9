package runbook

import (
	"fmt"
	"slices"
)

func (p Parameter) defaultValue() any {
	if p.Default == nil {
		return ""
	}
	if v, problem := p.convert(WireValue(p.Default)); problem == "" {
		return v
	}
	return p.Default
}

// DefaultLookups lists the names that the parameter's default takes from Parameter Store, nil if it takes none.
func (p Parameter) DefaultLookups() []string {
	var names []string
	for _, r := range References(p.Default) {
		if r.Kind == RefSSM && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (p Parameter) defaultFrom(store Lookup) (any, error) {
	if len(p.DefaultLookups()) == 0 {
		return p.defaultValue(), nil
	}
	found := false
	value, err := Resolve(p.Default, func(r Reference) (any, bool, error) {
		if r.Kind != RefSSM {
			return nil, false, nil
		}
		value, ok, err := store(r)
		found = found || ok
		return value, ok, err
	})
	switch {
	case err != nil:
		return nil, &InputError{Problems: []InputProblem{{p.Name, fmt.Sprintf("The default of parameter %s cannot be looked up: %s.", p.Name, err)}}}
	case !found:
		return p.defaultValue(), nil
	}
	return p.accept(WireValue(spread(value)))
}

// spread puts a list that came for one item of a list in its place.
func spread(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	out := make([]any, 0, len(list))
	for _, item := range list {
		if inner, ok := item.([]any); ok {
			out = append(out, inner...)
			continue
		}
		out = append(out, item)
	}
	return out
}
