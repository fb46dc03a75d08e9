package runbook

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[
{"name":"a","action":"aws:branch","inputs":{"Choices":[{"NextStep":"c"},{"NextStep":"gone"}],"Default":"lost"}},
{"name":"b","action":"aws:sleep","nextStep":"nowhere","onFailure":"step:never","onCancel":"step:c","inputs":{"Duration":"{{ ssm:/x }}{{ variable:v }}"}},
{"name":"c","action":"aws:sleep","nextStep":"d"},
{"name":"d","action":"aws:sleep","onFailure":"step:c"},
{"name":"e","action":"aws:slepe","nextStep":"e"}],"outputs":["x.Out","a.Out"]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range d.Check() {
		got = append(got, p.String())
	}
	want := []string{
		`2:85: mainSteps[0].inputs.Choices[1].NextStep: there is no step "gone"`,
		`2:104: mainSteps[0].inputs.Default: there is no step "lost"`,
		`3:45: mainSteps[1].nextStep: there is no step "nowhere"`,
		`3:67: mainSteps[1].onFailure: there is no step "never"`,
		`3:91: mainSteps[1].onCancel: the step "c" is aws:sleep, which cannot run after a cancellation`,
		`3:121: mainSteps[1].inputs.Duration: {{ ssm:/x }} is allowed only in the default of a parameter`,
		`3:134: mainSteps[1].inputs.Duration: there is no variable "v"`,
		`5:1: mainSteps[3]: the steps run in a circle: c → d → c`,
		`6:1: mainSteps[4]: the steps run in a circle: e → e`,
		`6:22: mainSteps[4].action: there is no action "aws:slepe" in Automation runbooks`,
		`6:62: outputs[0]: there is no step "x"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Each row is what a document holds beside its frame, and every finding: severity, rule, and the text's beginning.
func TestLint(t *testing.T) {
	t.Parallel()
	step := func(name, action, rest string) string {
		return fmt.Sprintf(`{"name":%q,"action":"aws:%s"%s}`, name, action, rest)
	}
	sleep := func(name, rest string) string { return step(name, "sleep", `,"inputs":{"Duration":"PT1S"}`+rest) }
	branch := func(name, condition string) string {
		return step(name, "branch", `,"inputs":{"Choices":[{"NextStep":"z",`+condition+`}]}`)
	}
	for name, row := range map[string]struct {
		steps, rest string
		want        []string
	}{
		"nothing": {steps: sleep("a", "")},
		"missing and unknown inputs": {steps: step("a", "runCommand", `,"inputs":{"DocumentNam":"x"}`) + "," + step("b", "executeAwsApi", `,"inputs":{"service":"ec2","Service":"ec2","Api":"X","Any":1}`), want: []string{
			"error missing-input aws:runCommand needs the input DocumentName", "error missing-input aws:runCommand needs the input InstanceIds or Targets",
			"warning unknown-input aws:runCommand has no documented input DocumentNam | Did you mean DocumentName?", "warning unknown-input service goes to the operation"}},
		"values": {steps: step("a", "changeInstanceState", `,"inputs":{"InstanceIds":["i"],"DesiredState":"halted"}`) + "," +
			step("b", "sleep", `,"inputs":{"Duration":"10 minutes"}`) + "," + step("c", "sleep", `,"inputs":{"Duration":"P8D"}`) + "," +
			step("d", "sleep", `,"inputs":{"Timestamp":"2030-01-01T00:00:00Z"}`) + "," + step("e", "sleep", `,"inputs":{"Timestamp":"soon","Duration":"PT1S"}`), want: []string{
			`error input-value DesiredState is "halted"; it must be running, stopped, terminated`, `error duration "10 minutes" is no duration`, `error duration "P8D" is longer`,
			"warning duration the time is fixed", "warning duration both", `error duration "soon" is no time`}},
		"an action of Command documents": {steps: step("a", "runShellScript", ""), want: []string{`error unknown-action there is no action "aws:runShellScript" in Automation runbooks | The actions of Command`}},
		"an action of AWS's own":         {steps: step("a", "shareSQLMedia", ""), want: []string{"note internal-action"}},
		"onCancel": {steps: step("a", "loop", `,"onCancel":"step:c","inputs":{"Iterators":["1"],"Steps":[`+sleep("i", `,"onCancel":"step:c"`)+`]}`) + "," + step("c", "pause", `,"inputs":{}`), want: []string{
			"error on-cancel aws:loop does not support onCancel | Set onCancel on the steps", `error on-cancel the step "c" is aws:pause`, `error on-cancel the step "c" is aws:pause`}},
		"isEnd and more": {steps: sleep("a", `,"isEnd":true,"nextStep":"b","onFailure":"step:b","isCritical":true`) + "," + sleep("b", ""), want: []string{
			"warning is-end isEnd ends the execution after this step, so nextStep", "warning is-end isEnd ends the execution after this step even if it fails",
			"note critical when this step fails"}},
		"unreachable": {steps: sleep("a", `,"nextStep":"c"`) + "," + sleep("b", "") + "," + sleep("c", ""), want: []string{`warning unreachable no step leads to "b"`}},
		"loops": {steps: step("a", "loop", `,"inputs":{"Iterators":["1"],"LoopCondition":{"Variable":"{{ i.Out }}","Like":"x"},"IteratorDataType":"Text","MaxIterations":101,"Steps":[`+
			sleep("i", "")+","+step("j", "loop", `,"inputs":{"Iterators":["1"],"Steps":[`+sleep("k", "")+`]}`)+`]}`), want: []string{
			"error loop a loop has Iterators or a LoopCondition", `warning unknown-output the step "i" has no outputs`, `error condition there is no operator "Like"`, `error loop the type is "Text"`,
			"error loop MaxIterations is 101", "note loop MaxIterations belongs", "warning loop a loop inside a loop"}},
		"a name inside and outside": {steps: sleep("a", "") + "," + step("b", "loop", `,"inputs":{"Iterators":["1"],"Steps":[`+sleep("a", "")+`]}`), want: []string{`error name the name "a" is already used by the step in line 1`}},
		"a jump into a loop": {steps: sleep("a", `,"onFailure":"step:i"`) + "," + step("b", "loop", `,"inputs":{"Iterators":["1"],"Steps":[`+sleep("i", `,"nextStep":"c"`)+`]}`) + "," + sleep("c", ""), want: []string{
			`error unknown-step the step "i" stands in the loop "b"`}},
		"a circle through a loop": {steps: sleep("a", "") + "," + step("b", "loop", `,"inputs":{"Iterators":["1"],"Steps":[`+sleep("i", "")+","+sleep("j", `,"onFailure":"step:a"`)+`]}`), want: []string{
			"error circle the steps run in a circle: a → b → a"}},
		"a loop uses its own values": {steps: step("a", "loop", `,"inputs":{"Iterators":["1"],"Steps":[`+step("i", "sleep", `,"inputs":{"Duration":"{{ a.CurrentIteratorValue }}"}`)+`]}`)},
		"conditions": {steps: branch("a", `"Variable":"x","StringEquals":"x"`) + "," + branch("b", `"StringEquals":"x"`) + "," + branch("c", `"Or":[{"Variable":"{{ global:DATE }}","Contains":"x"}]`) + "," +
			branch("d", `"Variable":"{{ global:DATE }}","Contains":"x","StartsWith":"y"`) + "," + branch("e", `"Not":{"Variable":"{{ global:DATE }}","StringEqual":"x"}`) + "," +
			step("f", "branch", `,"inputs":{"Choices":[{"NextStep":"{{ X }}","Variable":"{{ global:DATE }}","Contains":"x"},7]}`) + "," + sleep("z", ""), want: []string{
			"warning condition Variable is no reference", "error condition the condition has no Variable", "error condition Expect at least two expressions for operator: Or in step: c. Provided: 1",
			"error condition a condition has exactly one operator", `error condition there is no operator "StringEqual" | Did you mean StringEquals?`, `error unknown-step there is no step "{{ X }}"`,
			"error choice NextStep cannot be a reference", `error unknown-parameter Parameter "X" is not declared.`, "error choice a choice is an object"}},
		"references": {rest: `,"parameters":{"Name":{"type":"String"},"Unused":{"type":"String"}},"variables":{"V":{"type":"String","default":"x"}}`,
			steps: step("a", "executeAwsApi", `,"inputs":{"Service":"ec2","Api":"X","A":"{{ Nmae }} {{ variable:v }} {{global:TIME}}","B":"{{ b.Out }}{{ c.Out }}{{ a.Mine }}","C":"{{ a.b.c }}","D":"{{ Name }}","E":"{{automation:ID}}"},"outputs":[{"Name":"Mine","Selector":"$.x","Type":"Text"}]`) +
				"," + step("b", "executeAwsApi", `,"inputs":{"Service":"ec2","Api":"X","A":"{{ a.Mnie }}{{ variable:V }}"}`), want: []string{
				"note unused nothing refers to the parameter Unused", `error unknown-parameter Parameter "Nmae" is not declared. | Did you mean Name?`, `error unknown-variable there is no variable "v" | Did you mean V?`,
				"warning unknown-global there is no {{ global:TIME }}; it stays as it is", `error never-before the step "b" never runs before`, `error unknown-step there is no step "c"`, `error never-before the step "a" never`,
				"warning reference {{ a.b.c }} is no reference", "warning unknown-global there is no {{ automation:ID }}", `error output the type is "Text"`, `warning unknown-output the step "a" has no output Mnie; it has Mine | Did you mean Mine?`}},
		"a script with braces": {rest: `,"parameters":{"Name":{"type":"String"},"Safe":{"type":"String","allowedPattern":"^[a-z]+$"}}`,
			steps: step("a", "executeScript", `,"inputs":{"Runtime":"python3.11","Handler":"main","Script":"def handler(e, c):\n  return '{{ item }} {{ x.y }} {{ Name }} {{ Safe }} {{ ssm:/x }}'"}`), want: []string{
				`warning handler the script defines no function "main"`, `warning unknown-parameter there is no parameter "item"; in the text of a script`, `warning unknown-step there is no step "x"`,
				"warning injection the value of Name becomes a part of the program | Hand it over in InputPayload", "error ssm {{ ssm:/x }} is allowed only in the default"}},
		"scripts": {steps: step("a", "executeScript", `,"inputs":{"Runtime":"python3.12","Script":"x"}`) + "," + step("b", "executeScript", `,"inputs":{"Runtime":"PowerShell 7.0","Handler":"h","Attachment":"a.zip"},"timeoutSeconds":900`), want: []string{
			"error handler a Python script needs the input Handler", `warning runtime the runtime is "python3.12"`, "warning handler PowerShell takes no Handler", `warning attachment the document's files have no "a.zip"`,
			"warning timeout aws:executeScript ends after 600 seconds"}},
		"outputs": {rest: `,"outputs":["b.X","{{ a.X }}","a","a.X"]`, steps: step("a", "executeAwsApi", `,"inputs":{"Service":"ec2","Api":"X"},"outputs":[{"Name":"Y","Selector":"$.a["},{"Name":"Y"},{"Name":"a-b","Selector":"$"}]`), want: []string{
			`error selector reading the selector "$.a[": a bracket is not closed`, `error output the output "Y" is declared twice`, `warning output the output "Y" has no Selector`, `warning output no reference can name the output "a-b"`,
			`error unknown-step there is no step "b"`, "warning output an output is written without braces: a.X", `warning output "a" is not of the form`, `warning unknown-output the step "a" has no output X; it has Y`}},
		"approvals": {steps: step("a", "approve", `,"inputs":{"Approvers":[]}`) + "," + step("b", "approve", `,"inputs":{"Approvers":["ana"],"MinRequiredApprovals":2},"maxAttempts":2`) + "," + step("c", "approve", `,"inputs":{"Approvers":["1","2","3","4","5","6","7","8","9","10","11"]}`), want: []string{
			"error approvers nobody can approve", "warning approvers 2 approvals are required of 1 approvers", "note attempts aws:approve waits", "error approvers there are 11 approvers"}},
		"variables": {rest: `,"variables":{"A":{"type":"Text"},"B":{},"C":{"type":"Integer","default":"x"},"D":{"type":"Boolean","default":"true"}}`, steps: step("a", "updateVariable", `,"inputs":{"Name":"E","Value":1}`) + "," + step("b", "updateVariable", `,"inputs":{"Name":"variable:E","Value":1},"timeoutSeconds":3`), want: []string{
			`error variable Name is "E"; it must be variable:NAME`, `error unknown-variable there is no variable "E"`, "note timeout aws:updateVariable ends at once",
			`error variable the type is "Text"`, "note unused nothing refers to the variable A", "error variable the variable B has no type", "note unused", "note unused", "warning variable the default is not of the type Integer", "note unused"}},
		"parameters": {rest: `,"assumeRole":"{{ R }}","parameters":{"R":{"type":"StringList","default":["x"]},"A":{"type":"String","minChars":3,"maxChars":2,"minItems":2,"maxItems":1,"allowedValues":[],"default":"a"},"B":{"type":"String","default":"{{ A }}","minValue":2,"maxValue":1},"C":{"type":"Integer","default":"x"},"D":{"type":"String","default":"{{ s.Out }} {{global:REGION}}","regex":"x"},"E":{"type":"AWS::IAM::Role::Arn","default":""}}`,
			steps: step("a", "executeAwsApi", `,"inputs":{"Service":"ec2","Api":"{{A}}{{B}}{{C}}{{D}}{{E}}"}`), want: []string{
				"error assume-role assumeRole refers to R, which is of type StringList", "error limits minChars is more", "error limits minItems is more", "error limits allowedValues is empty", "warning limits minItems and maxItems",
				"warning default the default would be refused", "error limits minValue is more", "warning limits minValue and maxValue", "warning default a default cannot refer to another parameter", "warning default the default would be refused as a value: Parameter type error.",
				"warning default {{ s.Out }} is not resolved", "warning unknown-key no parameter has a key of this name"}},
		"a role from nowhere": {rest: `,"assumeRole":"{{ ssm:/role }}{{ Rloe }}{{ a.Out }}","parameters":{"Role":{"type":"String"}}`, steps: sleep("a", ""), want: []string{
			"error assume-role assumeRole cannot refer to Parameter Store", `error assume-role Parameter "Rloe" is not declared. | Did you mean Role?`, "error assume-role assumeRole is resolved before the first step", "note unused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Parse([]byte("{\"schemaVersion\":\"0.3\",\"mainSteps\":[" + strings.ReplaceAll(row.steps, "},{\"name\"", "},\n{\"name\"") + "]\n" + row.rest + "}"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range d.Lint() {
				if p.Line == 0 || p.Column == 0 || p.Path == "" {
					t.Errorf("no place: %+v", p)
				}
				got = append(got, strings.TrimSuffix(fmt.Sprintf("%s %s %s | %s", p.Severity, p.Rule, p.Message, p.Fix), " | "))
			}
			for _, want := range row.want {
				i := 0
				for i < len(got) && !matches(got[i], want) {
					i++
				}
				if i == len(got) {
					t.Errorf("not found: %s", want)
					continue
				}
				got = append(got[:i], got[i+1:]...)
			}
			for _, more := range got {
				t.Errorf("found too: %s", more)
			}
		})
	}
}

// matches compares the beginnings of message and fix.
func matches(got, want string) bool {
	message, fix, _ := strings.Cut(got, " | ")
	wantMessage, wantFix, _ := strings.Cut(want, " | ")
	return strings.HasPrefix(message, wantMessage) && strings.HasPrefix(fix, wantFix)
}

func TestPlacesInsideTexts(t *testing.T) {
	t.Parallel()
	const head = "schemaVersion: '0.3'\nmainSteps:\n- name: a\n  action: aws:runCommand\n  inputs:\n    DocumentName: d\n    InstanceIds: [i]\n    Comment: "
	for text, want := range map[string]string{
		head + "|\n      one\n      two {{ X }}\n": "10:11",
		head + "|-\n\n\n      é {{ X }}\n":         "11:10",
		head + "{{X}}{{ X }}x":                     "",
		head + "x {{ X }}\n":                       "8:16",
		head + "'x {{ X }}'\n":                     "8:17",
		head + "\"x {{ X }}\"\n":                   "8:17",
		head + "\"x\\n {{ X }}\"\n":                "8:14",
		head + ">\n      one\n      {{ X }}\n":     "8:14",
		`{"schemaVersion":"0.3","mainSteps":[{"name":"a","action":"aws:runCommand","inputs":{"DocumentName":"d","InstanceIds":["i"],` + "\n" + `"Comment":"a\"\u00e9é\n{{ X }}"}}]}`: "2:25",
	} {
		d, err := Parse([]byte(text))
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		for _, p := range d.Lint() {
			if p.Rule != "unknown-parameter" {
				t.Errorf("%s: %s", text, p)
			} else if got := fmt.Sprintf("%d:%d", p.Line, p.Column); got != want {
				t.Errorf("%s: got %s, want %s", text, got, want)
			}
		}
	}
}

func TestLintIsBounded(t *testing.T) {
	t.Parallel()
	var steps, circle []string
	for i := range 1200 {
		steps = append(steps, fmt.Sprintf(`{"name":"s%d","action":"aws:x%s","nextStep":"t%d"}`, i, strings.Repeat("x", 3), i))
		circle = append(circle, fmt.Sprintf(`{"name":"s%d","action":"aws:pause","onFailure":"step:s0"}`, i))
	}
	for _, list := range [][]string{steps, circle[:1000]} {
		d, err := Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[` + strings.Join(list, ",") + "]}"))
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, p := range d.Lint() {
			size += len(p.String())
		}
		if n := len(d.Lint()); n > maxFindings || size > 1<<20 {
			t.Errorf("%d findings of %d bytes", n, size)
		}
	}
}

// publicRunbooks calls f with each runbook of the folder beside the repository, if it is there.
func publicRunbooks(t *testing.T, f func(name string, content []byte)) {
	t.Helper()
	files, err := filepath.Glob("../../shared/runbooks/*.[jy]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f(filepath.Base(file), content)
	}
}

func TestPublicRunbooksHaveNoErrors(t *testing.T) {
	t.Parallel()
	publicRunbooks(t, func(name string, content []byte) {
		d, err := Parse(content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for _, p := range d.Lint() {
			if p.Severity == SeverityError {
				t.Errorf("%s: %s", name, p)
			}
		}
	})
}
