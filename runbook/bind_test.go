package runbook

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parameterDocument(t *testing.T, parameters string) *Document {
	t.Helper()
	d, err := Parse([]byte(`{"schemaVersion":"0.3","parameters":{` + parameters + `},"mainSteps":[{"name":"s","action":"aws:sleep"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBindGivesTypesAndDefaults(t *testing.T) {
	t.Parallel()
	d := parameterDocument(t, `"s":{"type":"String"},"l":{"type":"StringList"},"i":{"type":"Integer"},"b":{"type":"Boolean"},"m":{"type":"StringMap"},
		"ms":{"type":"MapList"},"role":{"type":"AWS::IAM::Role::Arn","default":""},"di":{"type":"Integer","default":5},"db":{"type":"Boolean","default":"true"},
		"dl":{"type":"StringList","default":["x","y"]},"dm":{"type":"StringMap","default":{"a":"<b>"}},"ids":{"type":"List<AWS::EC2::Instance::Id>"}`)
	got, err := d.Bind(map[string][]string{"s": {"{{ x }}"}, "l": {"a", "b"}, "i": {"007"}, "b": {"False"}, "m": {`{"k":"v","n":1}`},
		"ms": {`{"a":1}`, `{"b":2}`}, "ids": {"i-0aaaaaaaaaaaaaaa1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Values{"s": "{{ x }}", "l": []any{"a", "b"}, "i": json.Number("7"), "b": false, "m": map[string]any{"k": "v", "n": json.Number("1")},
		"ms": []any{map[string]any{"a": json.Number("1")}, map[string]any{"b": json.Number("2")}}, "role": "", "di": json.Number("5"), "db": true,
		"dl": []any{"x", "y"}, "dm": map[string]any{"a": "<b>"}, "ids": []any{"i-0aaaaaaaaaaaaaaa1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wire := map[string][]string{"s": {"{{ x }}"}, "l": {"a", "b"}, "i": {"7"}, "b": {"false"}, "m": {`{"k":"v","n":1}`}, "ms": {`{"a":1}`, `{"b":2}`},
		"role": {""}, "di": {"5"}, "db": {"true"}, "dl": {"x", "y"}, "dm": {`{"a":"<b>"}`}, "ids": {"i-0aaaaaaaaaaaaaaa1"}}
	if diff := cmp.Diff(wire, got.Wire()); diff != "" {
		t.Error(diff)
	}
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", MaxValueChars+1)
	rows := []struct{ declaration, value, want string }{
		{`{"type":"String","allowedValues":["Install","Uninstall"]}`, "install", `Parameter "p" has value "install" not found in [Install, Uninstall].`},
		{`{"type":"String","allowedPattern":"^[a-z]{3}$"}`, "abcd", `Parameter "p" has value "abcd" not matching "^[a-z]{3}$".`},
		{`{"type":"String","allowedPattern":"[a-z]{3}"}`, "abcd", `Parameter "p" has value "abcd" not matching "[a-z]{3}".`},
		{`{"type":"String","allowedPattern":"^abc$"}`, "abc\n", `Parameter "p" has value "abc\n" not matching "^abc$".`},
		{`{"type":"String","allowedPattern":"^(?!prod).*$"}`, "production", `Parameter "p" has value "production" not matching "^(?!prod).*$".`},
		{`{"type":"String","allowedPattern":"^(?=.*)\\d+$"}`, "١٢٣", `Parameter "p" has value "١٢٣" not matching "^(?=.*)\\d+$".`},
		{`{"type":"String","allowedPattern":"^(a+)+(?!x)$"}`, strings.Repeat("a", 60) + "!", `Parameter "p" cannot be checked against "^(a+)+(?!x)$": matching took longer than 100ms.`},
		{`{"type":"String","allowedPattern":"[^a-z&&[^b]]"}`, "a", `Parameter "p" cannot be checked against`},
		{`{"type":"String","allowedPattern":"("}`, "(", `Parameter "p" cannot be checked against`},
		{`{"type":"String","minChars":2}`, "é", `Parameter "p" has value "é" shorter than 2 characters.`},
		{`{"type":"String","maxChars":2}`, "abc", `Parameter "p" has value "abc" longer than 2 characters.`},
		{`{"type":"String"}`, long, `Parameter "p" has a value of 513 characters; at most 512 are allowed.`},
		{`{"type":"StringList","minItems":2}`, "a", `Parameter "p" has 1 items; at least 2 are required.`},
		{`{"type":"Integer"}`, "1.5", "Parameter type error. The value supplied for p is not a valid integer."},
		{`{"type":"Integer","minValue":3,"maxValue":"5"}`, "6", "Parameter type error. The value supplied for p is out of range."},
		{`{"type":"Boolean"}`, "yes", "Parameter type error. The value supplied for p is not a valid boolean."},
		{`{"type":"StringMap"}`, "[]", "Parameter type error. The value supplied for p is not a valid stringmap."},
		{`{"type":"StringMap"}`, `{"a":1,"a":2}`, "Parameter type error. The value supplied for p is not a valid stringmap."},
		{`{"type":"MapList"}`, `[1]`, "Parameter type error. The value supplied for p is not a valid maplist."},
		{`{"type":"AWS::EC2::Instance::Id"}`, "i-1", `Parameter "p" has value "i-1" not matching`},
		{`{"type":"AWS::IAM::Role::Arn"}`, "admin", `Parameter "p" has value "admin" not matching`},
		{`{"type":"AWS::S3::Bucket::Name"}`, "A", `Parameter "p" has value "A" not matching`},
		{`{"type":"List<AWS::EC2::Instance::Id>"}`, "i-1", `Parameter "p" has value "i-1" not matching`},
	}
	for _, row := range rows {
		d := parameterDocument(t, `"p":`+row.declaration)
		_, err := d.Bind(map[string][]string{"p": {row.value}})
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("%s with %q: got %v, want %s", row.declaration, row.value, err, row.want)
		}
	}
}

func TestBindNamesEveryProblem(t *testing.T) {
	t.Parallel()
	d := parameterDocument(t, `"InstanceIds":{"type":"StringList"},"s":{"type":"String"},"few":{"type":"StringList","maxItems":1}`)
	_, err := d.Bind(map[string][]string{"s": {"a", "b"}, "x": {"1"}, "few": {"a", "b"}})
	var input *InputError
	if !errors.As(err, &input) {
		t.Fatalf("got %v", err)
	}
	want := []InputProblem{
		{"InstanceIds", "Missing required parameter: InstanceIds in user inputs."},
		{"few", `Parameter "few" has 2 items; at most 1 are allowed.`},
		{"s", "Parameter type error. s takes one value, not 2."},
		{"x", "Unknown parameter: x is not declared in the document."},
	}
	if diff := cmp.Diff(want, input.Problems); diff != "" {
		t.Error(diff)
	}
	p, _ := d.Parameter("few")
	if err := p.Check(make([]string, MaxValues+1)); err == nil {
		t.Error("51 values were accepted")
	}
}

func TestBindLooksDefaultsUp(t *testing.T) {
	t.Parallel()
	d := parameterDocument(t, `"ami":{"type":"String","default":"{{ssm:/golden/ami:3}}"},"given":{"type":"String","default":"{{ ssm:never }}"},
		"text":{"type":"String","default":"a-{{ssm:/x}}-{{ y }}"},"list":{"type":"StringList","default":["{{ ssm:ids }}","z"]},
		"whole":{"type":"StringList","default":"{{ ssm:ids }}"},"n":{"type":"Integer","default":"{{ssm:n}}","maxValue":9}`)
	store := func(r Reference) (any, bool, error) {
		values := map[string]any{"ssm:/golden/ami:3": "ami-1", "ssm:/x": "X", "ssm:ids": []any{"i-1", "i-2"}, "ssm:n": "7"}
		v, ok := values[r.String()]
		if !ok {
			return nil, false, errors.New("there is no " + r.Name)
		}
		return v, true, nil
	}
	got, err := d.BindFrom(map[string][]string{"given": {"g"}}, store)
	if err != nil {
		t.Fatal(err)
	}
	want := Values{"ami": "ami-1", "given": "g", "text": "a-X-{{ y }}", "list": []any{"i-1", "i-2", "z"}, "whole": []any{"i-1", "i-2"}, "n": json.Number("7")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := d.BindFrom(nil, store); err == nil || err.Error() != "The default of parameter given cannot be looked up: there is no never." {
		t.Errorf("a missing entry: %v", err)
	}
	over := func(Reference) (any, bool, error) { return "10", true, nil }
	if _, err := d.BindFrom(nil, over); err == nil || err.Error() != "Parameter type error. The value supplied for n is out of range." {
		t.Errorf("a looked-up value that is not allowed: %v", err)
	}
	untouched, err := d.Bind(nil)
	if err != nil || untouched["ami"] != "{{ssm:/golden/ami:3}}" {
		t.Errorf("Bind: %v, %v", untouched["ami"], err)
	}
	p, _ := d.Parameter("list")
	if diff := cmp.Diff([]string{"ids"}, p.DefaultLookups()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryParameterType(t *testing.T) {
	t.Parallel()
	for kind, values := range map[string][2]string{
		"AWS::SSM::Parameter::Value<AWS::EC2::Instance::Id>":       {"mi-0aaaaaaaaaaaaaaa1", "i-1"},
		"AWS::SSM::Parameter::Value<List<AWS::EC2::Instance::Id>>": {"i-0aaaaaaa", "i-1"},
		"List<AWS::S3::Bucket::Name>":                              {"my-bucket", "My_Bucket"},
		"List<AWS::IAM::Role::Arn>":                                {fixedARN, "x"},
	} {
		p := Parameter{Name: "p", Type: kind}
		if err := p.Check(values[:1]); err != nil {
			t.Errorf("%s refuses %s: %v", kind, values[0], err)
		}
		if err := p.Check(values[1:]); err == nil {
			t.Errorf("%s takes %s", kind, values[1])
		}
		if p.List() != strings.Contains(kind, "List") {
			t.Errorf("%s: List is %v", kind, p.List())
		}
	}
	one := 1
	m := Parameter{Name: "m", Type: "StringMap", MaxItems: &one}
	if err := m.Check([]string{`{"a":"1","b":"2"}`}); err == nil {
		t.Error("two entries where one is allowed")
	}
}
