package ssmserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestRequestsAreThoseOfTheModel compares the constraints on requests with the API model, where that is there.
func TestRequestsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	m, err := theModel()
	if err != nil {
		t.Fatal(err)
	}
	for name, op := range operations() {
		if model, ok := m.Operations[name]; ok {
			c := &modelComparison{m, nil}
			c.compare(op.input, model.Input.Shape, name)
			for _, problem := range c.problems {
				t.Error(problem)
			}
		}
	}
}

type modelComparison struct {
	model    *apiModel
	problems []string
}

func (c *modelComparison) differ(path, what string, ours, model any) {
	if fmt.Sprint(ours) != fmt.Sprint(model) {
		c.problems = append(c.problems, fmt.Sprintf("%s: %s is %v, in the model %v", path, what, ours, model))
	}
}

// sameInGo writes a pattern of the model without what means nothing there, or does not exist in Go.
func sameInGo(pattern string) string {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$")
	return strings.NewReplacer(`(^[1-9][0-9]*$)`, `[1-9][0-9]*`, `^[1-9][0-9]*$`, `[1-9][0-9]*`, `\/\/`, `//`, `\.com\/`, `\.com/`, `(?!\s*$).+`, `\S`,
		`.{1,2000}`, `.+`, `(?i)all|[0-9]{12}`, `(?i:all|[0-9]{12})`).Replace(pattern)
}

func (c *modelComparison) compare(ours shape, name, path string) {
	s := c.model.Shapes[name]
	kinds := map[string]shapeKind{"string": kindString, "integer": kindInteger, "boolean": kindBoolean, "list": kindList, "map": kindMap, "structure": kindStructure}
	c.differ(path, "the type", ours.kind, kinds[s.Type])
	least, most := 0, 0
	if s.Min != nil {
		least = *s.Min
	}
	if s.Max != nil {
		most = *s.Max
	}
	c.differ(path, "min", ours.min, least)
	c.differ(path, "max", ours.max, most)
	pattern := ""
	if ours.pattern != nil {
		pattern = strings.TrimSuffix(strings.TrimPrefix(ours.pattern.String(), "^"), "$")
	}
	c.differ(path, "the pattern", pattern, sameInGo(s.Pattern))
	if !strings.HasSuffix(path, ".Filters[].Key") { // another key is InvalidFilterKey
		c.differ(path, "the enum", slices.Sorted(slices.Values(ours.enum)), slices.Sorted(slices.Values(s.Enum)))
	}
	c.differ(path, "what is required", slices.Sorted(slices.Values(ours.required)), slices.Sorted(slices.Values(s.Required)))
	switch ours.kind {
	case kindList:
		c.compare(*ours.member, s.Member.Shape, path+"[]")
	case kindMap:
		c.compare(*ours.key, s.Key.Shape, path+" key")
		c.compare(*ours.member, s.Value.Shape, path+"{}")
	case kindStructure:
		c.differ(path, "the members", slices.Sorted(maps.Keys(ours.members)), slices.Sorted(maps.Keys(s.Members)))
		for _, member := range slices.Sorted(maps.Keys(ours.members)) {
			if ref, ok := s.Members[member]; ok {
				c.compare(ours.members[member], ref.Shape, path+"."+member)
			}
		}
	}
}
