package policy_test

import (
	"bytes"
	"strings"
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
			value, err := plainYAML(e.apply(t))
			if err != nil {
				t.Fatal(err)
			}
			err = schema.Validate(value)
			if good := e.want == ""; good != (err == nil) {
				t.Errorf("the schema says %v, Parse says %q", err, e.want)
			}
		})
	}
}

// plainYAML reads a file as editors do: a time without quotes is text.
func plainYAML(text string) (any, error) {
	var root yaml.Node
	if err := yaml.Load([]byte(text), &root); err != nil {
		return nil, err
	}
	quoteTimes(&root)
	var value any
	err := root.Decode(&value)
	return value, err
}

func quoteTimes(n *yaml.Node) {
	if n.ShortTag() == "!!timestamp" {
		n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		quoteTimes(child)
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

// Every place that takes a shaped text takes the same texts by both.
func TestSchemaShapesAgreeWithParse(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	const least = "version: 1\nservice_role: " + serviceRole + "\n"
	places := map[string]string{
		"role":       "version: 1\nservice_role: %s\n",
		"account":    least + "identities: {ana: {slack: %s}}\n",
		"identity":   least + "identities: {%s: {slack: U012}}\n",
		"usergroup":  least + "groups: {web: {usergroup: %s}}\n",
		"document":   least + "runbooks: {r: {document: %s, version: 1, allow_unpinned: true}}\n",
		"version":    least + "runbooks: {r: {document: Abc, version: %s, allow_unpinned: true}}\n",
		"sha256":     least + "runbooks: {r: {document: Abc, version: 1, sha256: %s}}\n",
		"region":     least + "runbooks: {r: {document: Abc, version: 1, allow_unpinned: true, region: %s}}\n",
		"about":      least + "runbooks: {r: {document: Abc, version: 1, allow_unpinned: true, description: %s}}\n",
		"parameter":  least + "runbooks: {r: {document: Abc, version: 1, allow_unpinned: true, parameters: {%s: {allow: [x]}}}}\n",
		"value":      least + "runbooks: {r: {document: Abc, version: 1, allow_unpinned: true, parameters: {X: {allow: [%s]}}}}\n",
		"max_items":  least + "runbooks: {r: {document: Abc, version: 1, allow_unpinned: true, parameters: {X: {allow: [x], max_items: %s}}}}\n",
		"grant":      least + "identities: {ana: {slack: U012}}\ngrants: [{name: %s, to: [ana], runbooks: ['*'], channels: ['*']}]\n",
		"channel":    least + "identities: {ana: {slack: U012}}\ngrants: [{name: g, to: [ana], runbooks: ['*'], channels: [%s]}]\n",
		"may":        least + "identities: {ana: {slack: U012}}\ngrants: [{name: g, to: [ana], runbooks: ['*'], channels: ['*'], may: [%s]}]\n",
		"unpinned":   least + "runbooks: {r: {document: Abc, version: 1, sha256: " + hash + ", allow_unpinned: %s}}\n",
		"the number": "version: %s\nservice_role: " + serviceRole + "\n",
	}
	good := map[string]bool{}
	for name, place := range places {
		for _, text := range shapes() {
			file := strings.Replace(place, "%s", text, 1)
			_, err := policy.Parse("p", []byte(file))
			value, bad := plainYAML(file)
			if bad != nil {
				continue
			}
			bySchema := schema.Validate(value)
			if (err == nil) != (bySchema == nil) {
				t.Errorf("%s %s: the schema says %v, Parse says %v", name, text, bySchema, err)
			}
			good[name] = good[name] || err == nil
		}
	}
	for name := range places {
		if !good[name] {
			t.Errorf("no text is good for %s", name)
		}
	}
}

// shapes leaves out 01, which is a number to a schema.
func shapes() []string {
	texts := []string{
		"1", "0", "-1", "50", "51", "999999999", "1000000000", "1.5", "true", "false", "null", "~", "[]", "{}", "[a]", `""`, `" "`,
		`"1"`, `"0"`, `"01"`, "default", "latest", "Latest", "run", "cancel", "stop", "'*'", "'#*'", "'#ops'", "'#'", "'#Ops'", "'#o ps'", "'#ops\n'",
		"C012", "G012", "D012", "U012", "W012", "S012", "c012", "C0", "C-12", "U0", "eu-west-1", "us-gov-west-1", "eusc-de-east-1", "eu-west", "EU-WEST-1", "eu-west-123",
		"a", "A", "a-b_c", "-a", "_a", "a.b", "Abc", "Ab", "A b", "AWS-RestartEC2Instance", "a/b", "AutomationAssumeRole", "automationASSUMErole", "InstanceId",
		serviceRole, otherRole, "arn:aws:iam::123456789012:role/", "arn:aws:iam::12345678901:role/x", "arn:aws-cn:iam::123456789012:role/a/b/c", "arn:aws:iam::123456789012:user/x",
		"arn:aws:ssm:eu-west-1:123456789012:document/Mine", "arn:aws:ssm:eu-west-1::document/AWS-X", "arn:aws:ssm:eu-west-1:123:document/X",
		hash, strings.ToUpper(hash), hash + "0", hash[1:], `"{{"`, `"a{{b"`, `"{ {"`, `"a\nb"`, `"a\u202eb"`, `"a\u200bb"`, `"a\0b"`, `"\ufeff"`, `"é"`, `"а"`, `"日本"`, `"a\u00a0b"`,
	}
	for _, n := range []int{62, 63, 64, 50, 51, 80, 81, 127, 128, 129, 300, 301, 512, 513} {
		texts = append(texts, strings.Repeat("a", n), "'#"+strings.Repeat("a", n)+"'", "U"+strings.Repeat("A", n/6))
	}
	return texts
}
