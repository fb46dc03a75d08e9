package ssmserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// withVariables starts a document that has one of each type, V being the String.
func (b *bubble) withVariables(steps string) (id string) {
	b.Helper()
	content := `{"schemaVersion":"0.3","parameters":{"L":{"type":"StringList","default":["a","b"]},"N":{"type":"Integer","default":7}},"variables":{
		"V":{"type":"String","default":"x"},"N":{"type":"Integer","default":1},"B":{"type":"Boolean"},"L":{"type":"StringList"},"M":{"type":"StringMap"},
		"MM":{"type":"MapList"}},"mainSteps":[` + steps + `]}`
	quoted, err := json.Marshal(content)
	if err != nil {
		b.Fatal(err)
	}
	name := fmt.Sprintf("Test-%d", len(b.server.documents.all()))
	b.must("CreateDocument", fmt.Sprintf(`{"Name":%q,"DocumentType":"Automation","Content":%s}`, name, quoted))
	id, _ = b.must("StartAutomationExecution", fmt.Sprintf(`{"DocumentName":%q}`, name))["AutomationExecutionId"].(string)
	return id
}

func set(name, variable, value string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:updateVariable","inputs":{"Name":%q,"Value":%s}}`, name, variable, value)
}

func TestUpdateVariable(t *testing.T) {
	for step, want := range map[string]string{
		set("a", "variable:V", `"y"`):                                               `V=["y"]`,
		set("a", "variable:V", `"{{ variable:V }}-y"`):                              `V=["x-y"]`,
		set("a", "variable:V", `"{{ variable:N }}"`):                                "The input Value is of type Integer, but the variable V is of type String",
		set("a", "variable:V", `5`):                                                 "The input Value is of type Integer, but the variable V is of type String",
		set("a", "variable:N", `5`):                                                 `N=["5"]`,
		set("a", "variable:N", `"{{ N }}"`):                                         `N=["7"]`,
		set("a", "variable:N", `"5"`):                                               "The input Value is of type String, but the variable N is of type Integer",
		set("a", "variable:N", `5.5`):                                               "The input Value is of type Double, but the variable N is of type Integer",
		set("a", "variable:B", `true`):                                              `B=["true"]`,
		set("a", "variable:B", `"true"`):                                            "The input Value is of type String, but the variable B is of type Boolean",
		set("a", "variable:L", `"{{ L }}"`):                                         `L=["a","b"]`,
		set("a", "variable:L", `["c"]`):                                             `L=["c"]`,
		set("a", "variable:L", `[]`):                                                `L=[]`,
		set("a", "variable:L", `[1]`):                                               "The input Value is of type ArrayList, but the variable L is of type StringList",
		set("a", "variable:M", `{"a":1}`):                                           `M=["{\"a\":1}"]`,
		set("a", "variable:M", `[{"a":1}]`):                                         "The input Value is of type ArrayList, but the variable M is of type StringMap",
		set("a", "variable:MM", `[{"a":1}]`):                                        `MM=["{\"a\":1}"]`,
		set("a", "variable:MM", `["a"]`):                                            "The input Value is of type ArrayList, but the variable MM is of type MapList",
		set("a", "variable:V", `null`):                                              "The input Value is of type null, but the variable V is of type String",
		set("a", "variable:X", `"y"`):                                               `The input Name is "variable:X"; it must be variable: and the name of one of the document's variables`,
		set("a", "V", `"y"`):                                                        `The input Name is "V"; it must be variable: and the name of one of the document's variables`,
		`{"name":"a","action":"aws:updateVariable","inputs":{"Name":"variable:V"}}`: "The input Value is required",
		`{"name":"a","action":"aws:updateVariable","inputs":{"Name":"variable:V","Value":"y","Type":""}}`: "The input Type is not one of Name, Value",
	} {
		t.Run(step, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				e := b.after(time.Second, b.withVariables(step))
				if name, value, ok := strings.Cut(want, "="); ok {
					b.want(e, "Success: a=Success")
					if diff := cmp.Diff(value, jsonText(e.Variables[name])); diff != "" {
						b.Error(diff)
					}
					return
				}
				b.want(e, "Failed: a=Failed")
				if !strings.Contains(e.FailureMessage, want+". Please") {
					b.Errorf("got %q", e.FailureMessage)
				}
			})
		})
	}
}

// Later steps, the condition of a loop and its next iteration read what a step has set.
func TestVariablesAreRead(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.withVariables(set("a", "variable:V", `"PT3S"`) + "," + nap("b", "{{ variable:V }}", "") + "," +
			while("l", `{"Not":{"Variable":"{{variable:V}}","EndsWith":"+++"}}`, set("c", "variable:V", `"{{variable:V}}+"`), ""))
		b.want(b.after(2500*time.Millisecond, id), "InProgress: a=Success b=InProgress l=Pending")
		e := b.after(time.Second, id)
		b.want(e, "Success: a=Success b=Success l=Success c=Success c=Success c=Success")
		if diff := cmp.Diff(map[string][]string{"V": {"PT3S+++"}, "N": {"1"}}, e.Variables); diff != "" {
			b.Error(diff)
		}
	})
}

// What one step brings in is bounded before it is put together.
func TestReferencesAreBounded(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		twelve := `{"Variable":"{{ l.CurrentIteration }}","NumericLesser":12}`
		e := b.after(time.Second, b.withVariables(while("l", twelve, set("a", "variable:V", `"{{variable:V}}{{variable:V}}"`), "")+","+
			nap("z", strings.Repeat("{{variable:V}}", 1100), "")))
		if len(e.Variables["V"][0]) != 4096 || !strings.Contains(e.FailureMessage, "the references bring in more than 4 MB") {
			b.Errorf("%d: %s", len(e.Variables["V"][0]), e.FailureMessage)
		}
	})
}

// A loop that doubles a variable is stopped by the bound.
func TestVariablesAreBounded(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.withVariables(while("l", `{"Variable":1,"NumericEquals":1}`, set("a", "variable:V", `"{{variable:V}}{{variable:V}}"`), ""))
		e := b.after(time.Second, id)
		if e.AutomationExecutionStatus != "Failed" || !strings.Contains(e.FailureMessage, "longer than 100 KB") || len(e.Variables["V"][0]) > maxVariable {
			b.Errorf("%s: %s", e.AutomationExecutionStatus, e.FailureMessage)
		}
	})
}
