package ssmserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// each is a loop over the values, and until one that runs while the condition holds.
func each(name, values, steps, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:loop","inputs":{"Iterators":%s,"Steps":[%s]}%s}`, name, values, steps, more)
}

func while(name, condition, steps, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:loop","inputs":{"LoopCondition":%s,"Steps":[%s]%s}}`, name, condition, steps, more)
}

// branch goes to the step if the texts are equal.
func branch(name, value, equals, next string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:branch","inputs":{"Choices":[{"NextStep":%q,"Variable":%q,"StringEquals":%q}]}}`, name, next, value, equals)
}

// nap sleeps as long as the iteration or the value says.
func nap(name, duration, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:sleep","inputs":{"Duration":%q}%s}`, name, duration, more)
}

// quit fails at once with the texts of its inputs.
func quit(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:sleep","inputs":{"Duration":"no"}%s}`, name, more)
}

func TestLoops(t *testing.T) {
	const two = `["1","2"]`
	for name, row := range map[string]struct{ steps, want string }{
		"twice":                      {each("l", two, ok("a", "")+","+ok("b", ""), "") + "," + ok("z", ""), "Success: l=Success a=Success b=Success a=Success b=Success z=Success"},
		"over nothing":               {each("l", `[]`, ok("a", ""), "") + "," + ok("z", ""), "Success: l=Success z=Success"},
		"a list of a parameter":      {each("l", `"{{ L }}"`, ok("a", ""), ""), "Success: l=Success a=Success a=Success"},
		"a list inside a list":       {each("l", `["x","{{ L }}"]`, ok("a", ""), ""), "Success: l=Success a=Success a=Success a=Success"},
		"MaxIterations":              {each("l", `["1","2","3"],"MaxIterations":"2"`, ok("a", ""), ""), "Success: l=Success a=Success a=Success"},
		"values of the iterator":     {each("l", `["PT1S","PT2S"]`, nap("a", "{{ l.CurrentIteratorValue }}", ""), ""), "Success: l=Success a=Success a=Success"},
		"the number of the turn":     {each("l", two, nap("a", "PT{{ l.CurrentIteration }}S", ""), ""), "Success: l=Success a=Success a=Success"},
		"while true":                 {while("l", `{"Variable":1,"NumericEquals":1}`, ok("a", ""), `,"MaxIterations":3`), "Success: l=Success a=Success a=Success a=Success"},
		"at least once":              {while("l", `{"Variable":1,"NumericEquals":2}`, ok("a", ""), ""), "Success: l=Success a=Success"},
		"while the turn is low":      {while("l", `{"Variable":"{{ l.CurrentIteration }}","NumericLesser":2}`, ok("a", ""), ""), "Success: l=Success a=Success a=Success"},
		"nextStep inside":            {each("l", two, ok("a", `,"nextStep":"c"`)+","+ok("b", "")+","+ok("c", ""), ""), "Success: l=Success a=Success c=Success a=Success c=Success"},
		"isEnd ends the turn":        {each("l", two, ok("a", `,"isEnd":true`)+","+ok("b", ""), "") + "," + ok("z", ""), "Success: l=Success a=Success a=Success z=Success"},
		"nextStep of the loop":       {each("l", `["1"]`, ok("a", ""), `,"nextStep":"z"`) + "," + ok("y", "") + "," + ok("z", ""), "Success: l=Success a=Success z=Success y=Pending"},
		"isEnd of the loop":          {each("l", `["1"]`, ok("a", ""), `,"isEnd":true`) + "," + ok("z", ""), "Success: l=Success a=Success z=Pending"},
		"Abort inside":               {each("l", two, quit("a", "")+","+ok("b", ""), "") + "," + ok("z", ""), "Failed: l=Failed a=Failed z=Pending"},
		"Abort, the loop continues":  {each("l", two, quit("a", ""), `,"onFailure":"Continue"`) + "," + ok("z", ""), "Success: l=Failed a=Failed z=Success"},
		"Abort, the loop's fallback": {each("l", two, quit("a", ""), `,"onFailure":"step:z"`) + "," + ok("y", "") + "," + ok("z", ""), "Failed: l=Failed a=Failed z=Success y=Pending"},
		"Abort, again":               {each("l", two, quit("a", `,"maxAttempts":3`), `,"maxAttempts":2`), "Failed: l=Failed a=Failed"},
		"Abort later":                {each("l", `["PT1S","no"]`, nap("a", "{{ l.CurrentIteratorValue }}", ""), "") + "," + ok("z", ""), "Failed: l=Failed a=Success a=Failed z=Pending"},
		"Continue inside":            {each("l", two, quit("a", `,"onFailure":"Continue"`)+","+ok("b", ""), ""), "Success: l=Success a=Failed b=Success a=Failed b=Success"},
		"critical inside":            {each("l", two, quit("a", `,"onFailure":"Continue","isCritical":true`), "") + "," + ok("z", ""), "Failed: l=Success a=Failed a=Failed z=Success"},
		"a fallback inside":          {each("l", `["1"]`, quit("a", `,"onFailure":"step:c","isCritical":false`)+","+ok("b", "")+","+ok("c", ""), ""), "Success: l=Success a=Failed c=Success"},
		"time-out inside":            {each("l", two, stuck("a", `,"timeoutSeconds":2`), "") + "," + ok("z", ""), "TimedOut: l=TimedOut a=TimedOut z=Pending"},
		"time-out of the loop":       {each("l", two, stuck("a", `,"onFailure":"Continue","isCritical":true`)+","+ok("b", ""), `,"timeoutSeconds":2,"onFailure":"Continue"`) + "," + ok("z", ""), "Success: l=TimedOut a=TimedOut z=Success"},
		"out by nextStep":            {each("l", two, ok("a", `,"nextStep":"z"`)+","+ok("b", ""), "") + "," + ok("y", "") + "," + ok("z", ""), "Success: l=Exited a=Success z=Success y=Pending"},
		"out by a branch":            {each("l", `["1","2","3"]`, ok("a", "")+","+branch("b", "{{ l.CurrentIteratorValue }}", "2", "z"), "") + "," + ok("y", "") + "," + ok("z", ""), "Success: l=Exited a=Success b=Success a=Success b=Success z=Success y=Pending"},
		"out by onFailure":           {each("l", two, quit("a", `,"onFailure":"step:z"`), "") + "," + ok("y", "") + "," + ok("z", ""), "Failed: l=Exited a=Failed z=Success y=Pending"},
		"out, not critical":          {each("l", two, quit("a", `,"onFailure":"step:z","isCritical":false`), "") + "," + ok("y", "") + "," + ok("z", ""), "Success: l=Exited a=Failed z=Success y=Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				e := b.after(time.Minute, b.start(row.steps))
				b.want(e, row.want)
				if (e.AutomationExecutionStatus == "Success") != (e.FailureMessage == "") {
					b.Errorf("failure message %q", e.FailureMessage)
				}
			})
		})
	}
}

func TestInputsOfLoops(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`"x",`, 101), ",")
	for inputs, want := range map[string]string{
		``: "Exactly one of the inputs Iterators and LoopCondition is required",
		`"Iterators":["a"],"LoopCondition":{"Variable":1,"NumericEquals":1}`: "Exactly one of the inputs Iterators and LoopCondition is required",
		`"Iterators":[` + many + `]`:                                         "The input Iterators has 101 values; at most 100 are allowed",
		`"Iterators":["a"],"MaxIterations":101`:                              "The input MaxIterations must be a whole number from 1 to 100",
		`"Iterators":["a"],"MaxIterations":0`:                                "The input MaxIterations must be a whole number from 1 to 100",
		`"Iterators":["a"],"IteratorDataType":"Float"`:                       "The input IteratorDataType must be Boolean, Integer, String or StringMap",
		`"Iterators":["1","a"],"IteratorDataType":"Integer"`:                 "The value 2 of the input Iterators is of type String, but expected type is Integer",
		`"Iterators":[{"a":1}]`:                                              "The value 1 of the input Iterators is of type LinkedHashMap, but expected type is String",
		`"Iterators":["{"],"IteratorDataType":"StringMap"`:                   "The value 1 of the input Iterators is of type String, but expected type is StringMap",
		`"LoopCondition":"true"`:                                             "The input LoopCondition must be a condition",
		`"LoopCondition":{"Variable":1}`:                                     "The input LoopCondition is not valid: it must have exactly one of And, Or, Not or an operator",
		`"LoopCondition":{"Variable":"{{ l.X }}","Contains":1}`:              "the output X of step l is not available",
		`"Iterators":["a"],"Until":1`:                                        "The input Until is not one of",
		`"Iterators":"{{ a.Out }}"`:                                          "the output Out of step a is not available",
	} {
		t.Run(inputs, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.start(`{"name":"l","action":"aws:loop","inputs":{` + strings.TrimSuffix(inputs+",", ",") + comma(inputs) + `"Steps":[` + ok("a", "") + `]}}`)
				e := b.after(5*time.Second, id)
				if !strings.HasPrefix(e.FailureMessage, "Step fails when it is validating and resolving the step inputs. "+want) {
					b.Error(e.FailureMessage)
				}
			})
		})
	}
}

func comma(inputs string) string {
	if inputs == "" {
		return ""
	}
	return ","
}

func TestCancelInLoops(t *testing.T) {
	for name, row := range map[string]struct{ steps, want string }{
		"plainly":            {each("l", `["1","2"]`, stuck("a", "")+","+ok("b", ""), "") + "," + ok("z", ""), "Cancelled: l=Cancelled a=Cancelled z=Pending"},
		"onCancel inside":    {each("l", `["1","2"]`, stuck("a", `,"onCancel":"step:c"`)+","+ok("b", "")+","+tagged("c", ""), "") + "," + ok("z", ""), "Cancelled: l=Cancelled a=Cancelled c=Success z=Pending"},
		"onCancel outside":   {each("l", `["1","2"]`, stuck("a", `,"onCancel":"step:z"`), "") + "," + ok("y", "") + "," + tagged("z", ""), "Cancelled: l=Exited a=Cancelled z=Success y=Pending"},
		"first in, then out": {each("l", `["1"]`, stuck("a", `,"onCancel":"step:c"`)+","+stuck("c", `,"timeoutSeconds":100,"onFailure":"step:z"`), "") + "," + ok("y", "") + "," + stuck("z", ""), "Cancelled: l=Exited a=Cancelled c=TimedOut z=TimedOut y=Pending"},
		"for ever inside":    {each("l", `["1"]`, stuck("a", `,"onCancel":"step:c"`)+","+stuck("c", `,"onFailure":"Continue"`)+","+ok("d", ""), "") + "," + ok("z", ""), "Cancelled: l=Cancelled a=Cancelled c=TimedOut z=Pending"},
		"in time of a loop":  {each("l", `["1"]`, stuck("a", `,"onCancel":"step:c"`)+","+stuck("c", ""), `,"timeoutSeconds":10,"onFailure":"Continue"`) + "," + ok("z", ""), "Cancelled: l=Cancelled a=Cancelled c=TimedOut z=Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []string // written under the execution's lock, read after its end
			observe := func(c Change) { seen = append(seen, c.Step+"="+c.StepStatus) }
			inBubble(t, Options{Observe: observe}, func(b *bubble) {
				id := b.start(row.steps)
				b.after(5*time.Second, id)
				began := time.Now()
				b.stop(id, "")
				e, err := b.server.executions.get(id)
				if err != nil {
					b.Fatal(err)
				}
				<-e.done
				if i := slices.Index(seen, "a=Cancelling"); i < 0 || seen[i+1] != "l=Cancelling" {
					b.Errorf("the steps were not shown as being cancelled: %s", seen)
				}
				if waited := time.Since(began); waited > 2*time.Minute {
					b.Errorf("the cancellation took %s", waited)
				}
				b.want(e.detail(), row.want)
			})
		})
	}
}
