package ssmserver

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const propertyStubs = `
x.Get:
  - response: {Text: up, Yes: true, No: false, Num: 3, Null: null, Same: [a, a], Mixed: [a, b], Empty: [], Nested: [[a], [a]], Map: {k: v}, AsText: "true"}
`

func assertStep(action, selector, desired, more string) string {
	return fmt.Sprintf(`{"name":"a","action":%q,"inputs":{"Service":"x","Api":"Get","PropertySelector":%q,"DesiredValues":%s}%s}`, action, selector, desired, more)
}

func TestAssertProperty(t *testing.T) {
	for _, row := range []struct{ selector, desired, failure string }{
		{"$.Text", `["down","up"]`, ""}, {"Text", `["up"]`, ""}, {"$.Text", `"up"`, ""}, {"$.Text", `["{{ P }}","up"]`, ""},
		{"$.Yes", `["True"]`, ""}, {"$.Yes", `[true]`, ""}, {"$.No", `["False"]`, ""}, {"$.AsText", `["true"]`, ""},
		{"$.Num", `["3"]`, ""}, {"$.Num", `[3]`, ""}, {"$.Same", `["a"]`, ""}, {"$.Mixed", `["{{ L }}"]`, ""}, {"$.Mixed[*]", `"{{ L }}"`, ""}, {"$..Mixed[1]", `["b"]`, ""},
		{"$.Nested", `["a"]`, ""}, {"$.Map", `["{\"k\":\"v\"}"]`, ""}, {"$.Null", `["None"]`, ""},
		{"$.Yes", `["true"]`, "Property value: [True], Desired values: [true]"},
		{"$.Text", `["down"]`, "Property value from the API output is not in desired values. Property value: [up], Desired values: [down]"},
		{"$.Mixed", `["a"]`, "Property value: [a, b], Desired values: [a]"},
		{"$.Missing", `["a"]`, "Property value: [], Desired values: [a]"}, {"$.Empty", `["a"]`, "Property value: [], Desired values: [a]"},
		{"$..Missing", `["a"]`, "Property value: [], Desired values: [a]"},
		{"", `["a"]`, "The input PropertySelector is required"}, {"$.Text", `[]`, "DesiredValues must hold at least one value"},
		{"$.Text", `null`, "DesiredValues must hold at least one value"}, {"$.Text[", `["a"]`, "selector"},
	} {
		t.Run(row.selector+row.desired, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, propertyStubs)}, func(b *bubble) {
				e := b.after(time.Second, b.start(assertStep("aws:assertAwsResourceProperty", row.selector, row.desired, "")))
				if (row.failure == "") != (e.AutomationExecutionStatus == statusSuccess) || !strings.Contains(e.FailureMessage, row.failure) {
					b.Errorf("%s: %s", e.AutomationExecutionStatus, e.FailureMessage)
				}
				d := e.StepExecutions[0].FailureDetails
				if strings.HasPrefix(row.failure, "Property") && (d == nil || d.FailureStage != "PostVerification" || d.FailureType != "Verification") {
					b.Errorf("%+v", d)
				}
			})
		})
	}
}

func TestWaitForProperty(t *testing.T) {
	stop := change("stop", "stopped", `["`+web1+`"]`, "")
	wait := func(state, more string) string {
		return fmt.Sprintf(`{"name":"wait","action":"aws:waitForAwsResourceProperty","inputs":{"Service":"ec2","Api":"DescribeInstances","InstanceIds":["`+web1+
			`"],"PropertySelector":"$.Reservations[0].Instances[0].State.Name","DesiredValues":[%q]}%s}`, state, more)
	}
	begin := api("begin", "ec2", "StopInstances", `,"InstanceIds":["`+web1+`"]}}`)
	for name, row := range map[string]struct {
		steps string
		after time.Duration
		want  string
	}{
		"already":                {stop + "," + wait("stopped", ""), 3 * time.Second, "Success: stop=Success wait=Success"},
		"not yet":                {begin + "," + wait("stopped", ""), 2 * time.Second, "InProgress: begin=Success wait=InProgress"},
		"when it comes":          {begin + "," + wait("stopped", ""), 2600 * time.Millisecond, "Success: begin=Success wait=Success"},
		"never, for an hour":     {wait("stopped", ""), 3599 * time.Second, "InProgress: wait=InProgress"},
		"no longer than that":    {wait("stopped", ""), 3601 * time.Second, "TimedOut: wait=TimedOut"},
		"its own time":           {wait("stopped", `,"timeoutSeconds":10`), 11 * time.Second, "TimedOut: wait=TimedOut"},
		"an operation refuses":   {assertStep("aws:waitForAwsResourceProperty", "$.x", `["a"]`, ""), time.Second, "Failed: a=Failed"},
		"goes on after the time": {wait("stopped", `,"timeoutSeconds":10,"onFailure":"Continue"`) + "," + stop, 20 * time.Second, "Success: wait=TimedOut stop=Success"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				b.want(b.after(row.after, b.start(row.steps)), row.want)
			})
		})
	}
}

// The answers of stubs are looked at one after the other, and not much more often than AWS would stand.
func TestWaitingLooksAgain(t *testing.T) {
	stubs := mustStubs(t, "x.Get: [{response: {S: a}}, {response: {S: a}}, {response: {S: b}}]")
	inBubble(t, Options{Stubs: stubs}, func(b *bubble) {
		id := b.start(assertStep("aws:waitForAwsResourceProperty", "$.S", `["b"]`, ""))
		b.want(b.after(time.Minute, id), "Success: a=Success")
		if got := b.ledger(id); len(got) != 3 {
			b.Errorf("%v", got)
		}
		id = b.start(assertStep("aws:waitForAwsResourceProperty", "$.S", `["c"]`, ""))
		b.want(b.after(61*time.Minute, id), "TimedOut: a=TimedOut")
		if got := len(b.ledger(id)); got < 200 || got > 400 {
			b.Errorf("%d looks in an hour", got)
		}
	})
}
