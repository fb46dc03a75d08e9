package ssmserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// modelFile is the API model of SSM, which may lie beside the project.
const modelFile = "../../../shared/schemas/ssm-2014-11-06.json"

type apiModel struct {
	Operations map[string]struct {
		Input, Output shapeRef
		Errors        []shapeRef
	}
	Shapes map[string]modelShape
}

type shapeRef struct{ Shape string }

type modelShape struct {
	Type       string
	Members    map[string]shapeRef
	Member     shapeRef
	Key, Value shapeRef
	Required   []string
	Enum       []string
	Pattern    string
	Min, Max   *int
	Fault      bool
}

// theModel is empty where the file is not there.
var theModel = sync.OnceValues(func() (*apiModel, error) {
	content, err := os.ReadFile(modelFile)
	if os.IsNotExist(err) {
		return &apiModel{}, nil
	}
	if err != nil {
		return nil, err
	}
	var m apiModel
	return &m, json.Unmarshal(content, &m)
})

// conforms checks every answer that a server gave in a test against the API model, and how its executions look now.
func conforms(t *testing.T, s *Server) {
	t.Helper()
	m, err := theModel()
	if err != nil || m.Shapes == nil {
		if err != nil {
			t.Error(err)
		}
		return
	}
	for _, e := range s.executions.newest() {
		c := &conformity{model: m}
		c.marshalled("AutomationExecution", e.detail())
		c.marshalled("AutomationExecutionMetadata", e.metadata())
		for _, problem := range c.problems {
			t.Errorf("%s\nin %.2000s", problem, jsonText(e.detail()))
		}
	}
	all, _ := s.calls.list("")
	for _, call := range all {
		op, known := m.Operations[call.Operation]
		if !known || call.Status == 0 {
			continue
		}
		decoded, err := decodeJSON(call.Response)
		if err != nil {
			t.Errorf("%s answers what is no JSON: %s", call.Operation, call.Response)
			continue
		}
		c := &conformity{model: m}
		if call.Status == 200 {
			c.value(op.Output.Shape, decoded, call.Operation)
		} else {
			c.refusal(op.Errors, decoded, call)
		}
		for _, problem := range c.problems {
			t.Errorf("%s\nin the answer %.2000s\nto %.500s", problem, call.Response, call.Request)
		}
	}
}

// commonErrors: docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html, and what stands in front of every
// service. Each has the members of SSM's own where it has one of that name.
func commonErrors() []string {
	return []string{"AccessDeniedException", "ValidationException", "ThrottlingException", "SerializationException", "InternalServerError",
		"UnknownOperationException", "RequestEntityTooLargeException", codeNoSignature, codeIncompleteSignature, codeBadSignature, codeUnknownKey}
}

type conformity struct {
	model    *apiModel
	problems []string
}

func (c *conformity) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *conformity) refusal(listed []shapeRef, decoded any, call Call) {
	object, _ := decoded.(map[string]any)
	code, _ := object["__type"].(string)
	if !slices.Contains(listed, shapeRef{code}) && !slices.Contains(commonErrors(), code) {
		c.problem("%s has no error %q", call.Operation, code)
		return
	}
	s, ok := c.model.Shapes[code]
	if ok && s.Fault != (call.Status >= 500) {
		c.problem("%s has the status %d", code, call.Status)
	}
	rest := maps.Clone(object)
	delete(rest, "__type")
	if ok {
		c.value(code, rest, code)
	}
	for name := range s.Members {
		if strings.EqualFold(name, "message") && rest[name] == nil {
			c.problem("%s lacks its %s", code, name)
		}
	}
}

func (c *conformity) marshalled(shape string, v any) {
	decoded, err := decodeJSON([]byte(jsonText(v)))
	if err != nil {
		c.problem("%s: %s", shape, err)
		return
	}
	c.value(shape, decoded, shape)
}

func (c *conformity) value(name string, v any, path string) {
	s := c.model.Shapes[name]
	switch s.Type {
	case "structure":
		object, ok := v.(map[string]any)
		if !ok {
			c.problem("%s is no structure but %v", path, v)
			return
		}
		for _, required := range s.Required {
			if object[required] == nil {
				c.problem("%s lacks %s", path, required)
			}
		}
		for member, value := range object {
			if ref, known := s.Members[member]; known {
				c.value(ref.Shape, value, path+"."+member)
			} else {
				c.problem("%s has no member %s", path, member)
			}
		}
	case "list":
		items, ok := v.([]any)
		if !ok {
			c.problem("%s is no list but %v", path, v)
			return
		}
		c.size(s, len(items), path)
		for i, item := range items {
			c.value(s.Member.Shape, item, path+"["+strconv.Itoa(i)+"]")
		}
	case "map":
		object, ok := v.(map[string]any)
		if !ok {
			c.problem("%s is no map but %v", path, v)
			return
		}
		for key, value := range object {
			c.value(s.Key.Shape, key, path+" key")
			c.value(s.Value.Shape, value, path+"."+key)
		}
	default:
		c.scalar(s, v, path)
	}
}

func (c *conformity) size(s modelShape, n int, path string) {
	if strings.Contains(path, ".Outputs.") || strings.Contains(path, ".Variables.") || n == 0 && strings.Contains(path, ".Parameters.") {
		return // AWS does not keep to its model here, either: it answers "AutomationAssumeRole": [""], and payloads of 100 KB
	}
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		c.problem("%s has the size %d", path, n)
	}
}

func (c *conformity) scalar(s modelShape, v any, path string) {
	switch v := v.(type) {
	case string:
		if s.Type != "string" {
			break
		}
		c.size(s, utf8.RuneCountInString(v), path)
		if s.Enum != nil && !slices.Contains(s.Enum, v) {
			c.problem("%s is %q, which is none of %v", path, v, s.Enum)
		}
		if s.Pattern != "" && v != "aws:waitForAwsResourceProperty" { // longer than its own pattern allows
			pattern, err := regexp2.Compile(`\A(?:`+s.Pattern+`)\z`, regexp2.None)
			if err != nil {
				c.problem("%s: %s", path, err)
			} else if ok, err := pattern.MatchString(v); !ok || err != nil {
				c.problem("%s is %q, which is not %s", path, v, s.Pattern)
			}
		}
		return
	case bool:
		if s.Type == "boolean" {
			return
		}
	case json.Number:
		n, err := v.Int64()
		switch {
		case s.Type == "timestamp":
			return
		case err == nil && (s.Type == "integer" || s.Type == "long"):
			c.size(s, int(n), path)
			return
		}
	}
	c.problem("%s is no %s but %v", path, s.Type, v)
}
