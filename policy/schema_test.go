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
	const person = least + "identities: {ana: {slack: U012}}\n"
	const runbookWith = person + "runbooks: {r: {document: Abc, version: 1, allow_unpinned: true, "
	const grantWith = person + "grants: [{name: g, to: [ana], runbooks: ['*'], channels: ['*'], "
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
		"accounts":   least + "identities: {ana: {slack: [%s]}}\n",
		"day":        least + "windows: {w: {days: [%s], from: '22:00', until: '05:00', timezone: UTC}}\n",
		"from":       least + "windows: {w: {days: [mon], from: %s, until: '05:00', timezone: UTC}}\n",
		"pattern":    runbookWith + "parameters: {X: {pattern: %s}}}}\n",
		"min":        runbookWith + "parameters: {X: {min: %s}}}}\n",
		"secret":     runbookWith + "parameters: {X: {secret: %s}}}}\n",
		"secret too": runbookWith + "parameters: {X: {secret: %s, max: 1}}}}\n",
		"child":      runbookWith + "children: [{document: %s, version: 1, sha256: " + hash + "}]}}\n",
		"child at":   runbookWith + "children: [{document: Abc, version: %s, sha256: " + hash + "}]}}\n",
		"child is":   runbookWith + "children: [{document: Abc, version: 1, sha256: %s}]}}\n",
		"attachment": runbookWith + "attachments: [{name: %s, sha256: " + hash + "}]}}\n",
		"account in": runbookWith + "locations: [{accounts: [%s], regions: [eu-west-1], execution_role: R}]}}\n",
		"region in":  runbookWith + "locations: [{accounts: ['123456789012'], regions: [%s], execution_role: R}]}}\n",
		"role in":    runbookWith + "locations: [{accounts: ['123456789012'], regions: [eu-west-1], execution_role: %s}]}}\n",
		"accept":     runbookWith + "accept: [%s]}}\n",
		"step":       runbookWith + "steps: [{step: %s, from: [ana]}]}}\n",
		"step count": runbookWith + "steps: [{step: S, from: [ana], count: %s}]}}\n",
		"mapped":     runbookWith + "steps: [{step: S, from: [ana], require_identity: %s}]}}\n",
		"at once":    grantWith + "limits: {at_once: %s}}]\n",
		"per hour":   grantWith + "limits: {per_hour: %s}}]\n",
		"count":      grantWith + "approval: {from: [ana], count: %s}}]\n",
		"expires":    grantWith + "approval: {from: [ana], expires: %s}}]\n",
		"ask in":     grantWith + "approval: {from: [ana], channel: %s}}]\n",
		"notify":     grantWith + "break_glass: {notify: %s}}]\n",
		"denial":     person + "denials: [{name: %s, runbooks: ['*'], reason: r}]\n",
		"reason":     person + "denials: [{name: d, runbooks: ['*'], reason: %s}]\n",
		"forbidden":  person + "denials: [{name: d, runbooks: ['*'], reason: r, may: [%s]}]\n",
		"not there":  person + "denials: [{name: d, runbooks: ['*'], reason: r, channels: [%s]}]\n",
		"freeze":     person + "freezes: [{name: %s, from: 2026-12-24T00:00:00Z, until: 2027-01-02T00:00:00Z, runbooks: ['*']}]\n",
		"begins":     person + "freezes: [{name: f, from: %s, until: 2100-01-02T00:00:00Z, runbooks: ['*']}]\n",
		"ends":       person + "freezes: [{name: f, from: 1900-12-24T00:00:00Z, until: %s, runbooks: ['*']}]\n",
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
			if (err == nil) != (bySchema == nil) && (name != "pattern" || text != "'*'") { // which no schema can tell
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
	texts = append(texts, "10", "11", "500", "501", "3600", "3601", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1m", "0m", "15m", "1440m",
		"1441m", "01m", "24h", "25h", "1h30m", "30s", "1 m", "ask", "lock", "approve", "mon", "Mon", "monday", "sun", `"22:00"`, `"24:00"`, `"9:00"`, `"22:00:00"`, `"22:60"`,
		`"2026-12-24T00:00:00Z"`, `"2026-12-24T00:00:00+01:00"`, `"2026-12-24"`, `"2026-12-24T00:00:00"`, `"2026-12-24t00:00:00z"`, `"2026-12-24 00:00:00Z"`, `"2026-12-24T00:00:00.5Z"`,
		`"123456789012"`, `"12345678901"`, `"1234567890123"`, "123456789012", "ou-ab12-cdefghij", "ou-AB12-cdefghij", "ou-ab1-cdefghij", "r-ab12", "arn:aws:iam::123456789012:role/Runner",
		"ops/Runner", "script.zip", "a b.zip", "passes-role", "role-absent", "role-unclear", "role-fixed", "hidden", "[a, b]", "[a, a]", `"#a b"`, "'#approvals'", "'#APPROVALS'")
	for _, n := range []int{62, 63, 64, 50, 51, 80, 81, 127, 128, 129, 300, 301, 500, 501, 512, 513} {
		texts = append(texts, strings.Repeat("a", n), "'#"+strings.Repeat("a", n)+"'", "U"+strings.Repeat("A", n/6))
	}
	return texts
}
