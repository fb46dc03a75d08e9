package policy_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"handrail/policy"
)

// The schema and Parse judge the same files alike, wherever a schema can see what is wrong.
func TestSchemaAgreesWithParse(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	for _, e := range edits() {
		if e.byName {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			var value any
			if err := yaml.Load([]byte(e.apply(t)), &value); err != nil {
				t.Fatal(err)
			}
			err := schema.Validate(value)
			if good := e.want == ""; good != (err == nil) {
				t.Errorf("the schema says %v, Parse says %q", err, e.want)
			}
		})
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(policy.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchemaIsACopy(t *testing.T) {
	t.Parallel()
	policy.Schema()[0] = 'x'
	if policy.Schema()[0] != '{' {
		t.Error("a caller changed the schema")
	}
}
