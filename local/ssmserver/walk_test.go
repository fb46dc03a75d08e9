package ssmserver

import (
	"strings"
	"testing"
	"time"

	"handrail/runbook"
)

// launch runs steps that CreateDocument would refuse, or with more than steps.
func (b *bubble) launch(steps, more string) (id string) {
	b.Helper()
	parsed, err := runbook.Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[` + steps + `]` + more + `}`))
	if err != nil {
		b.Fatal(err)
	}
	e := newExecution(document{name: "Test"}, &version{number: 1, parsed: parsed}, nil)
	if _, err := b.server.launch(e); err != nil {
		b.Fatal(err)
	}
	return e.id
}

// What goes on with a step that is not there, or that ran before, fails; it neither ends nor runs for ever.
func TestWalksThatCannotGoOn(t *testing.T) {
	const nowhere, circle = "The automation cannot go on with the step %: there is no step of that name.",
		"The automation cannot go on with the step %: it ran before, and the steps run in a circle."
	for name, row := range map[string]struct{ steps, want, failure string }{
		"nextStep to nowhere":     {ok("a", `,"nextStep":"x"`) + "," + ok("z", ""), "Failed: a=Success z=Pending", nowhere},
		"a branch to nowhere":     {branch("a", "1", "1", "x") + "," + ok("z", ""), "Failed: a=Success z=Pending", nowhere},
		"a branch to itself":      {branch("x", "1", "1", "x") + "," + ok("z", ""), "Failed: x=Success z=Pending", circle},
		"a circle":                {ok("x", "") + "," + ok("b", `,"nextStep":"x"`), "Failed: x=Success b=Success", circle},
		"onFailure to nowhere":    {bad("a", `,"onFailure":"step:x","isCritical":false`), "Failed: a=Failed", nowhere},
		"a loop to nowhere":       {each("l", `["1"]`, ok("a", `,"nextStep":"x"`), "") + "," + ok("z", ""), "Failed: l=Exited a=Success z=Pending", nowhere},
		"a loop to itself":        {each("x", `["1"]`, ok("a", `,"nextStep":"x"`), "") + "," + ok("z", ""), "Failed: x=Exited a=Success z=Pending", circle},
		"a loop back":             {ok("x", "") + "," + each("l", `["1"]`, ok("a", `,"nextStep":"x"`), ""), "Failed: x=Success l=Exited a=Success", circle},
		"a circle inside a loop":  {each("l", `["1"]`, ok("x", "")+","+ok("b", `,"nextStep":"x"`), "") + "," + ok("z", ""), "Failed: l=Success x=Success b=Success z=Success", circle},
		"a loop inside of a loop": {each("l", `["1"]`, each("x", `["1"]`, ok("a", ""), ""), ""), "Failed: l=Failed", "Step fails when it is validating and resolving the step inputs. The step % is a loop; a loop cannot stand inside a loop. Please refer to Automation Service Troubleshooting Guide for more diagnosis details."},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				e := b.after(time.Minute, b.launch(row.steps, ""))
				b.want(e, row.want)
				if want := strings.ReplaceAll(row.failure, "%", "x"); e.FailureMessage != want {
					b.Errorf("got  %s\nwant %s", e.FailureMessage, want)
				}
			})
		})
	}
}

func TestCancellationToNowhere(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.launch(stuck("a", `,"onCancel":"step:x"`)+","+ok("z", ""), "")
		b.after(time.Second, id)
		b.stop(id, "")
		b.want(b.after(time.Second, id), "Cancelled: a=Cancelled z=Pending")
	})
}

// A loop has no onCancel of its own: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html.
func TestOnCancelOfALoopIsIgnored(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.launch(each("l", `["1"]`, stuck("a", ""), `,"onCancel":"step:z"`)+","+tagged("z", ""), "")
		b.after(time.Second, id)
		b.stop(id, "")
		b.want(b.after(time.Second, id), "Cancelled: l=Cancelled a=Cancelled z=Pending")
	})
}
