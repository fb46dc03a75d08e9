package runbook

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const restart = `{
	"schemaVersion": "0.3",
	"description": "Restart",
	"assumeRole": "{{ AutomationAssumeRole }}",
	"parameters": {
		"InstanceId": {"type": "StringList", "description": "which"},
		"AutomationAssumeRole": {"type": "String", "default": ""}
	},
	"mainSteps": [
		{"name": "stop", "action": "aws:changeInstanceState", "onFailure": "Continue", "timeoutSeconds": "600", "maxAttempts": 2,
		 "isCritical": "false", "inputs": {"InstanceIds": "{{ InstanceId }}", "DesiredState": "stopped"}},
		{"name": "start", "action": "aws:changeInstanceState", "isEnd": "true",
		 "inputs": {"InstanceIds": ["{{ InstanceId }}"], "DesiredState": "running", "Count": 3}}
	],
	"outputs": ["start.InstanceStates"]
}`

func TestParseReadsEveryPart(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(restart))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := &Document{
		SchemaVersion: "0.3", Description: "Restart", AssumeRole: "{{ AutomationAssumeRole }}",
		Parameters: []Parameter{
			{Name: "InstanceId", Type: "StringList", Description: "which", Line: 6, Column: 3},
			{Name: "AutomationAssumeRole", Type: "String", HasDefault: true, Default: "", Line: 7, Column: 3},
		},
		Steps: []Step{
			{Name: "stop", Action: "aws:changeInstanceState", OnFailure: "Continue", TimeoutSeconds: 600, MaxAttempts: 2, IsCritical: &no,
				Inputs: map[string]any{"InstanceIds": "{{ InstanceId }}", "DesiredState": "stopped"}, Line: 10, Column: 3},
			{Name: "start", Action: "aws:changeInstanceState", IsEnd: true, Line: 12, Column: 3,
				Inputs: map[string]any{"InstanceIds": []any{"{{ InstanceId }}"}, "DesiredState": "running", "Count": json.Number("3")}},
		},
		Outputs: []string{"start.InstanceStates"},
	}
	if diff := cmp.Diff(want, d, cmpopts.IgnoreUnexported(Document{}, Step{})); diff != "" {
		t.Error(diff)
	}
}

func TestYAMLAndJSONReadTheSame(t *testing.T) {
	t.Parallel()
	y, err := ToYAML([]byte(restart))
	if err != nil {
		t.Fatal(err)
	}
	back, err := ToJSON(y)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ToJSON([]byte(restart))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(back)); diff != "" {
		t.Error(diff)
	}
}

func TestYAMLKeepsWordsAsText(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`
schemaVersion: '0.3'
mainSteps:
- name: a
  action: aws:sleep
  inputs: {Date: 2012-10-17, Yes: yes, Empty: '', Version: "3.10", On: true, N: 0x10, F: 1.50}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Date": "2012-10-17", "Yes": "yes", "Empty": "", "Version": "3.10", "On": true, "N": json.Number("16"), "F": json.Number("1.5")}
	if diff := cmp.Diff(want, d.Steps[0].Inputs); diff != "" {
		t.Error(diff)
	}
}

// Each row is a document and what each line of the error begins with.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const ok = `,"mainSteps":[{"name":"a","action":"aws:sleep"}]`
	rows := map[string]struct {
		content string
		want    []string
	}{
		"nothing":                {"", []string{"1:1: the document is empty"}},
		"a list":                 {"- 1", []string{"1:1: a runbook is an object"}},
		"broken JSON":            {"{\n \"a\": }", []string{"2:7: not valid JSON"}},
		"JSON cut off":           {`{"a": [1`, []string{"1:9: not valid JSON: the text ends too early"}},
		"JSON with a tail":       {`{} {}`, []string{"1:4: there is more text"}},
		"a trailing comma":       {`{"a":1,}`, []string{"1:8: not valid JSON: invalid character '}'"}},
		"bad UTF-8 in JSON":      {"{\"a\":\n\"\xff\"}", []string{"2:2: the text is not valid UTF-8"}},
		"duplicate keys in JSON": {"{\"a\":1,\n\"a\":2, \"\\u0061\":3}", []string{`2:1: the key "a" is given twice`, `2:8: the key "a" is given twice`}},
		"duplicate keys in YAML": {"a: 1\nb: {c: 1, c: 2}\na: 2", []string{`2:11: the key "c"`, `3:1: the key "a"`}},
		"broken YAML":            {"a: b: c", []string{"1:5: not valid YAML"}},
		"bad UTF-8 in YAML":      {"a: 1\nb: \xff", []string{"2:4: not valid YAML"}},
		"two documents":          {"a: 1\n---\nb: 2", []string{"2:1: there is a second YAML document"}},
		"a merge key":            {"a: &a {b: 1}\nc:\n  <<: *a", []string{"3:3: merge keys"}},
		"a tag":                  {"a: !!binary aGk=", []string{"1:4: the tag !!binary is not allowed here"}},
		"a list as a key":        {"[a]: 1", []string{"1:1: a key must be a plain word"}},
		"no number":              {"a: .nan", []string{"1:4: .nan has no JSON form"}},
		"an endless alias":       {"a: &a [*a]", []string{"1:4: nested deeper than 100 levels"}},
		"no version, no steps":   {`{}`, []string{"1:1: schemaVersion: is missing", "1:1: mainSteps: is missing"}},
		"another version":        {`{"schemaVersion":"2.2"` + ok + `}`, []string{`1:18: schemaVersion: is "2.2"`}},
		"no steps":               {`{"schemaVersion":"0.3","mainSteps":[]}`, []string{"1:36: mainSteps: is empty"}},
		"a role of two":          {`{"schemaVersion":"0.3","assumeRole":["a"]` + ok + `}`, []string{"1:37: assumeRole: is a list; it must be a string"}},
		"a parameter's type":     {`{"schemaVersion":"0.3","parameters":{"p":{"type":"Text"},"q":{},"r.s":{"type":"String"}}` + ok + `}`, []string{`1:50: parameters.p.type: is "Text"`, "1:62: parameters.q.type: is missing", "1:71: parameters.r.s: a parameter's name"}},
		"steps": {`{"schemaVersion":"0.3","mainSteps":[
			{"name":"a b","action":"sleep"},
			{"name":"b","action":"aws:sleep","onFailure":"retry","onCancel":"Continue","isEnd":1,"maxAttempts":0,"timeoutSeconds":"{{ x }}","inputs":[]},
			{"name":"b"},
			7]}`, []string{`2:12: mainSteps[0].name: "a b"`, `2:27: mainSteps[0].action: "sleep"`, `3:49: mainSteps[1].onFailure: is "retry"; it must be Abort, Continue or step:NAME`,
			`3:68: mainSteps[1].onCancel`, "3:87: mainSteps[1].isEnd", "3:103: mainSteps[1].maxAttempts", "3:122: mainSteps[1].timeoutSeconds", "3:141: mainSteps[1].inputs: is a list",
			"4:4: mainSteps[2].action: is missing", `4:4: mainSteps[2].name: the name "b" is already used by the step in line 3`, "5:4: mainSteps[3]: is a number"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Parse([]byte(row.content))
			if err == nil {
				t.Fatalf("parsed: %+v", d)
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(row.want) {
				t.Fatalf("got %q", got)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], row.want[i]) {
					t.Errorf("got %q, want %q", got[i], row.want[i])
				}
			}
		})
	}
}

func TestParseBoundsSizeAndExpansion(t *testing.T) {
	t.Parallel()
	if _, err := Parse(make([]byte, MaxSize+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("65,537 bytes: %v", err)
	}
	if _, err := Parse([]byte(`{"schemaVersion":"1.0"}`)); !errors.Is(err, ErrSchemaVersion) {
		t.Errorf("schemaVersion 1.0: %v", err)
	}
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		alias := "*" + string(c-1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat(alias+",", 9) + alias + "]\n"
	}
	if _, err := Parse([]byte(bomb)); err == nil || !strings.Contains(err.Error(), "expand to more than 1 MB") {
		t.Errorf("alias bomb: %v", err)
	}
	if _, err := Parse([]byte("{\"a\":" + strings.Repeat("[", 30_000))); err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Errorf("deep JSON: %v", err)
	}
	if _, err := Parse([]byte(strings.Repeat("[", 30_000))); err == nil {
		t.Error("deep YAML was accepted")
	}
}

func TestUnknownKeysAreNoted(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`{"schemaVersion":"0.3","owner":1,"mainSteps":[{"name":"a","action":"aws:sleep","retries":3}],
"parameters":{"p":{"type":"String","regex":"x","allowedPattern":"[^a[b]]"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range d.Notes {
		got = append(got, n.String()[:strings.Index(n.String(), ": ")+2]+n.Path)
	}
	want := []string{"1:24: owner", "1:80: mainSteps[0].retries", "2:36: parameters.p.regex", "2:48: parameters.p.allowedPattern"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(restart))
	f.Add([]byte("schemaVersion: '0.3'\nmainSteps:\n- {name: a, action: aws:sleep, inputs: {Duration: PT1S}}\n"))
	f.Add([]byte("a: &a [*a, *a]"))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte(`{"schemaVersion":"0.3","assumeRole":"{{ R }}","parameters":{"R":{"type":"String","default":"{{ssm:x}}"}},"variables":{"V":{"type":"String"}},
"mainSteps":[{"name":"a","action":"aws:branch","inputs":{"Choices":[{"NextStep":"b","Or":[{"Variable":"{{ variable:V }}","StringEquals":"x"}]}]}},
{"name":"b","action":"aws:loop","inputs":{"Iterators":["1"],"Steps":[{"name":"c","action":"aws:executeScript","inputs":{"Runtime":"python3.11","Script":"sts.assume_role(RoleArn='{{ R }}')"}}]}},
{"name":"d","action":"aws:executeAutomation","inputs":{"DocumentName":"d","RuntimeParameters":{"R":"{{ R }}"}},"outputs":[{"Name":"o","Selector":"$..x[?(@.a == 1)]"}]}],"outputs":["d.o"]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		d, err := Parse(content)
		if err != nil {
			if len(Problems(err)) == 0 {
				t.Errorf("an error without problems: %v", err)
			}
			return
		}
		for _, p := range append(d.Lint(), d.Check()...) {
			if p.Severity == "" || p.Rule == "" || p.Message == "" {
				t.Errorf("an incomplete finding: %+v", p)
			}
		}
		itself := func(string, string) (*Document, error) { return d, nil }
		if a := d.Analyse(itself); a.Contained() && (d.Role().Kind != RoleParameter || len(a.Children) > 0) {
			t.Errorf("contained with role %+v and %d children", d.Role(), len(a.Children))
		}
		d.Effects(itself)
		_, _ = d.Bind(nil)
		j, err := ToJSON(content)
		if err != nil {
			t.Fatalf("parsed, but not converted: %v", err)
		}
		if len(j) > MaxSize {
			return
		}
		again, err := Parse(j)
		if err != nil {
			t.Fatalf("its JSON is refused: %v\n%s", err, j)
		}
		if again.Role() != d.Role() {
			t.Fatalf("the role changed from %+v to %+v", d.Role(), again.Role())
		}
	})
}
