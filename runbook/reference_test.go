package runbook

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	lookup := func(r Reference) (any, bool, error) {
		values := map[string]any{
			"Name": "web {{ Ids }}", "Ids": []any{"i-1", "i-2"}, "N": json.Number("3"), "B": true, "M": map[string]any{"a": "<"},
			"step.Out": []any{"x"}, "global:REGION": "eu-west-1", "automation:EXECUTION_ID": "id", "variable:v": "var",
		}
		if r.Name == "broken" {
			return nil, false, errors.New("no output yet")
		}
		v, ok := values[r.String()]
		return v, ok, nil
	}
	for _, row := range []struct{ in, want any }{
		{"plain", "plain"},
		{"{{ Ids }}", []any{"i-1", "i-2"}},
		{"{{Ids}}", []any{"i-1", "i-2"}},
		{"{{ N }}", json.Number("3")},
		{"{{ B }}", true},
		{"{{\tName\n}}", "web {{ Ids }}"},
		{" {{ Ids }}", ` ["i-1","i-2"]`},
		{"n={{N}} b={{B}} m={{M}} {{Name}}!", `n=3 b=true m={"a":"<"} web {{ Ids }}!`},
		{"{{ step.Out }}", []any{"x"}},
		{"{{global:REGION}}/{{ automation:EXECUTION_ID }}/{{variable:v}}", "eu-west-1/id/var"},
		{"{{ item }} {{ a.b.c }} {{ x[0] }} {{ }} {{", "{{ item }} {{ a.b.c }} {{ x[0] }} {{ }} {{"},
		{"{{{ N }}}", "{3}"},
		{[]any{"{{ Ids }}", map[string]any{"{{ N }}": "{{ N }}"}, json.Number("1"), nil}, []any{[]any{"i-1", "i-2"}, map[string]any{"{{ N }}": json.Number("3")}, json.Number("1"), nil}},
	} {
		got, err := Resolve(row.in, lookup)
		if err != nil {
			t.Errorf("%v: %v", row.in, err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%v: %s", row.in, diff)
		}
	}
	if _, err := Resolve([]any{map[string]any{"a": "x {{ broken.Out }}"}}, lookup); err == nil {
		t.Error("the error of a look-up was lost")
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	got := References([]any{"{{ a }}{{b.c}}", map[string]any{"k": "{{ ssm:/x/y-z }} {{global:DATE}} {{ other:X }}"}})
	want := []Reference{{Kind: RefName, Name: "a"}, {Kind: RefStep, Name: "b", Output: "c"}, {Kind: RefSSM, Name: "/x/y-z"}, {Kind: RefGlobal, Name: "DATE"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSuccessors(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[
{"name":"a","action":"aws:branch","inputs":{"Choices":[{"NextStep":"c"},{"NextStep":"d"},{"NextStep":"c"}]}},
{"name":"b","action":"aws:branch","inputs":{"Choices":[{"NextStep":"d"}],"Default":"e"}},
{"name":"c","action":"aws:sleep","nextStep":"e"},
{"name":"d","action":"aws:sleep","isEnd":true},
{"name":"e","action":"aws:sleep"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"a": {"c", "d", "b"}, "b": {"d", "e"}, "c": {"e"}, "d": nil, "e": nil}
	for name, next := range want {
		s, _ := d.Step(name)
		if diff := cmp.Diff(next, d.Successors(s)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for text, critical := range map[string]bool{"": true, `,"onFailure":"Continue"`: false, `,"onFailure":"step:s"`: true,
		`,"onFailure":"Continue","isCritical":true`: true, `,"isCritical":"false"`: false} {
		d, err := Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[{"name":"s","action":"aws:sleep"` + text + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Steps[0].Critical(); got != critical {
			t.Errorf("critical with %s: %v", text, got)
		}
	}
}
