package ssmserver

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

// manual starts a document of these steps in the mode Interactive.
func (b *bubble) manual(steps string) (id string) {
	b.Helper()
	name := fmt.Sprintf("Test-%d", len(b.server.documents.all()))
	b.create(name, steps)
	id, _ = b.must("StartAutomationExecution", fmt.Sprintf(`{"DocumentName":%q,"Mode":"Interactive"}`, name))["AutomationExecutionId"].(string)
	return id
}

// step sends StartStep and wants that error, "" for none.
func (b *bubble) step(id, name, want string) {
	b.Helper()
	if code := b.signal("AKIAEXAMPLE", id, "StartStep", fmt.Sprintf(`{"StepName":[%q]}`, name)); code != want {
		b.Errorf("StartStep %s: %q, not %q", name, code, want)
	}
}

// now gives the execution without letting time pass or anything settle.
func (b *bubble) now(id string) executionDetail {
	b.Helper()
	e, err := b.server.executions.get(id)
	if err != nil {
		b.Fatal(err)
	}
	return e.detail()
}

func TestStepByStep(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.manual(ok("a", "") + "," + ok("b", "") + "," + ok("c", ""))
		e := b.now(id)
		b.want(e, "Waiting: a=Pending b=Pending c=Pending")
		if e.Mode != "Interactive" || e.CurrentStepName != "" {
			b.Errorf("mode %q at %q", e.Mode, e.CurrentStepName)
		}
		b.want(b.after(time.Hour, id), "Waiting: a=Pending b=Pending c=Pending")
		b.step(id, "b", wrongSignal)
		b.step(id, "nobody", wrongStep)
		b.step(id, "a", "")
		b.want(b.now(id), "InProgress: a=InProgress b=Pending c=Pending")
		b.step(id, "b", wrongSignal)
		b.want(b.after(time.Second, id), "Waiting: a=Success b=Pending c=Pending")
		if diff := cmp.Diff([]string{"b"}, b.now(id).StepExecutions[0].ValidNextSteps); diff != "" {
			b.Error(diff)
		}
		b.step(id, "a", wrongSignal)
		b.step(id, "c", wrongSignal)
		b.step(id, "b", "")
		b.after(2*time.Second, id)
		b.step(id, "c", "")
		b.want(b.after(2*time.Second, id), "Waiting: a=Success b=Success c=Success") // until someone ends it
		b.step(id, "a", wrongSignal)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(0, id), "Success: a=Success b=Success c=Success")
		b.step(id, "a", wrongSignal)
	})
}

func TestWhatFollowsByHand(t *testing.T) {
	const tail = `,{"name":"d","action":"aws:branch","inputs":{"Choices":[{"NextStep":"f","Variable":"1","StringEquals":"1"}],"Default":"g"}},`
	for name, row := range map[string]struct {
		steps string
		play  []string // steps to start, those refused with a ! in front
		want  string
	}{
		"nextStep":       {ok("a", `,"nextStep":"c"`) + "," + ok("b", "") + "," + ok("c", ""), []string{"a", "!b", "c"}, "Success: a=Success c=Success b=Pending"},
		"every choice":   {ok("a", "") + tail + ok("e", "") + "," + ok("f", "") + "," + ok("g", ""), []string{"a", "d", "!e", "g"}, "Success: a=Success d=Success g=Success e=Pending f=Pending"},
		"isEnd":          {ok("a", `,"isEnd":true`) + "," + ok("b", ""), []string{"a", "!b"}, "Success: a=Success b=Pending"},
		"Abort":          {bad("a", "") + "," + ok("b", ""), []string{"a", "!b"}, "Failed: a=Failed b=Pending"},
		"Continue":       {bad("a", `,"onFailure":"Continue"`) + "," + ok("b", ""), []string{"a", "b"}, "Success: a=Failed b=Success"},
		"critical":       {bad("a", `,"onFailure":"Continue","isCritical":true`) + "," + ok("b", ""), []string{"a", "b"}, "Failed: a=Failed b=Success"},
		"fallback":       {stuck("a", `,"onFailure":"step:c","timeoutSeconds":1`) + "," + ok("b", "") + "," + ok("c", ""), []string{"a", "!b", "c"}, "TimedOut: a=TimedOut c=Success b=Pending"},
		"a whole loop":   {each("a", `["1","2"]`, ok("x", ""), "") + "," + ok("b", ""), []string{"!x", "a", "b"}, "Success: a=Success x=Success x=Success b=Success"},
		"out of a loop":  {each("a", `["1","2"]`, ok("x", `,"nextStep":"c"`), "") + "," + ok("b", "") + "," + ok("c", ""), []string{"a", "!b", "c"}, "Success: a=Exited x=Success c=Success b=Pending"},
		"nothing at all": {ok("a", ""), nil, "Success: a=Pending"},
		"an earlier end": {ok("a", "") + "," + ok("b", ""), []string{"a"}, "Success: a=Success b=Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.manual(row.steps)
				for _, name := range row.play {
					if name[0] == '!' {
						b.step(id, name[1:], wrongSignal)
					} else {
						b.step(id, name, "")
					}
					b.after(5*time.Second, id)
				}
				if e := b.now(id); !ended(e.AutomationExecutionStatus) {
					b.stop(id, `,"Type":"Complete"`)
				}
				b.want(b.after(0, id), row.want)
			})
		})
	}
}

func TestStopStep(t *testing.T) {
	inBubble(t, people(), func(b *bubble) {
		id := b.manual(stuck("a", `,"onCancel":"step:c","maxAttempts":3`) + "," + each("b", `["1"]`, pause("p", ""), "") + "," + tagged("c", ""))
		stop := func(step, want string) {
			b.Helper()
			if code := b.signal("ANA", id, "StopStep", fmt.Sprintf(`{"StepExecutionId":[%q]}`, step)); code != want {
				b.Errorf("%q, not %q", code, want)
			}
		}
		steps := b.now(id).StepExecutions
		stop("11111111-1111-1111-1111-111111111111", wrongStep)
		stop(steps[0].StepExecutionId, wrongSignal) // it does not run
		b.step(id, "a", "")
		b.after(time.Second, id)
		stop(steps[1].StepExecutionId, wrongSignal)
		stop(steps[0].StepExecutionId, "")
		b.want(b.now(id), "InProgress: a=Cancelling b=Pending c=Pending")
		b.want(b.after(time.Second, id), "Waiting: a=Cancelled b=Pending c=Pending")
		stop(steps[0].StepExecutionId, wrongSignal)
		b.step(id, "b", "")
		e := b.after(time.Second, id)
		b.want(e, "Waiting: a=Cancelled b=InProgress p=Waiting c=Pending")
		b.step(id, "c", wrongSignal)                  // b runs, although the execution waits
		stop(e.StepExecutions[2].StepExecutionId, "") // with the loop around it
		b.want(b.after(time.Second, id), "Waiting: a=Cancelled b=Cancelled p=Cancelled c=Pending")
		b.step(id, "c", "")
		b.after(2*time.Second, id)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(0, id), "Success: a=Cancelled b=Cancelled p=Cancelled c=Success")
	})
}

// A step that waits for a signal runs, although the execution waits.
func TestOneStepAtATimeByHand(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.manual(`{"name":"a","action":"aws:branch","inputs":{"Choices":[{"NextStep":"b","Variable":"1","StringEquals":"1"}],"Default":"c"}},` +
			pause("b", `,"isEnd":true`) + "," + ok("c", ""))
		b.step(id, "a", "")
		b.after(time.Second, id)
		b.step(id, "b", "")
		b.want(b.after(time.Second, id), "Waiting: a=Success b=Waiting c=Pending")
		b.step(id, "c", wrongSignal)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(time.Second, id), "Waiting: a=Success b=Waiting c=Pending")
		b.signal("AKIAEXAMPLE", id, "Resume", `{"StepName":["b"]}`)
		b.want(b.after(time.Second, id), "Success: a=Success b=Success c=Pending")
	})
}

func TestEndsByHand(t *testing.T) {
	steps := ok("a", "") + "," + stuck("b", `,"onCancel":"step:d","timeoutSeconds":60`) + "," + ok("c", "") + "," + tagged("d", "")
	const complete = `,"Type":"Complete"`
	for name, row := range map[string]struct {
		play []string
		kind string
		want string
	}{
		"cancelled at the start":  {nil, "", "Cancelled: a=Pending b=Pending c=Pending d=Pending"},
		"cancelled in between":    {[]string{"a"}, "", "Cancelled: a=Success b=Pending c=Pending d=Pending"},
		"cancelled in a step":     {[]string{"a", "b"}, "", "Cancelled: a=Success b=Cancelled d=Success c=Pending"},
		"completed at the start":  {nil, complete, "Success: a=Pending b=Pending c=Pending d=Pending"},
		"completed in between":    {[]string{"a"}, complete, "Success: a=Success b=Pending c=Pending d=Pending"},
		"completed after a step":  {[]string{"a", "b"}, complete, "TimedOut: a=Success b=TimedOut c=Pending d=Pending"},
		"cancelled, not finished": {[]string{"a", "b"}, complete + "}", "Cancelled: a=Success b=Cancelled d=Success c=Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.manual(steps)
				for _, name := range row.play {
					b.step(id, name, "")
					b.after(5*time.Second, id)
				}
				kind, both := row.kind, false
				if kind == complete+"}" {
					kind, both = complete, true
				}
				b.stop(id, kind)
				if both {
					b.stop(id, "")
				}
				b.want(b.after(5*time.Minute, id), row.want)
				if status, answer := b.stop(id, ""); status != 400 || answer["__type"] != "InvalidAutomationStatusUpdateException" {
					b.Errorf("a stop after the end: %d %v", status, answer)
				}
			})
		})
	}
}

func TestCloseWhileStepsAreStartedByHand(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		idle, busy := b.manual(ok("a", "")), b.manual(stuck("a", ""))
		b.step(busy, "a", "")
		b.after(time.Second, busy)
		b.server.Close()
		b.want(b.after(time.Second, idle), "Waiting: a=Pending")
		b.want(b.after(time.Second, busy), "InProgress: a=InProgress")
	})
}

func TestInteractiveOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	content := `{"schemaVersion":"0.3","mainSteps":[` + nap("a", "PT0.001S", "") + `,` + stuck("b", "") + `]}`
	name := "Test-Manual"
	if _, err := w.client.CreateDocument(t.Context(), &ssm.CreateDocumentInput{Name: &name, Content: &content, DocumentType: types.DocumentTypeAutomation}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: &name, Mode: types.ExecutionModeInteractive})
	if err != nil {
		t.Fatal(err)
	}
	id := *out.AutomationExecutionId
	send := func(kind types.SignalType, key, value string) {
		t.Helper()
		if _, err := w.client.SendAutomationSignal(t.Context(), &ssm.SendAutomationSignalInput{AutomationExecutionId: &id, SignalType: kind,
			Payload: map[string][]string{key: {value}}}); err != nil {
			t.Fatal(err)
		}
	}
	waiting := func(e *types.AutomationExecution) bool {
		return e.AutomationExecutionStatus == types.AutomationExecutionStatusWaiting
	}
	first := w.wait(id, waiting)
	send(types.SignalTypeStartStep, "StepName", "a")
	w.wait(id, waiting)
	send(types.SignalTypeStartStep, "StepName", "b")
	send(types.SignalTypeStopStep, "StepExecutionId", *first.StepExecutions[1].StepExecutionId)
	if e := w.wait(id, waiting); e.StepExecutions[1].StepStatus != types.AutomationExecutionStatusCancelled {
		t.Errorf("the stopped step is %s", e.StepExecutions[1].StepStatus)
	}
	if _, err := w.client.StopAutomationExecution(t.Context(), &ssm.StopAutomationExecutionInput{AutomationExecutionId: &id, Type: types.StopTypeComplete}); err != nil {
		t.Fatal(err)
	}
	if e := w.waitEnd(id); e.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess || e.Mode != types.ExecutionModeInteractive {
		t.Errorf("at the end: %s %s", e.AutomationExecutionStatus, e.Mode)
	}
}

// Whatever arrives at once, an execution that is stopped ends, and nothing in it looks as if it ran on.
func TestSignalsAtOnce(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		var ids []string
		for range 50 {
			ids = append(ids, b.manual(pause("a", `,"onCancel":"step:c"`)+","+each("b", `["1","2"]`, pause("p", ""), "")+","+tagged("c", "")))
		}
		var group sync.WaitGroup
		for i, id := range ids {
			first := b.now(id).StepExecutions[0].StepExecutionId
			for j, body := range []string{`"SignalType":"StartStep","Payload":{"StepName":["a"]}`, `"SignalType":"StartStep","Payload":{"StepName":["a"]}`,
				`"SignalType":"Resume","Payload":{"StepName":["a"]}`, `"SignalType":"StopStep","Payload":{"StepExecutionId":["` + first + `"]}`,
				`"SignalType":"StartStep","Payload":{"StepName":["b"]}`, `"SignalType":"Resume","Payload":{"StepName":["p"]}`} {
				group.Go(func() {
					time.Sleep(time.Duration((i*7+j*3)%5) * time.Nanosecond)
					b.call("SendAutomationSignal", `{"AutomationExecutionId":"`+id+`",`+body+`}`)
				})
			}
			group.Go(func() {
				time.Sleep(time.Duration(i%4) * time.Nanosecond)
				b.stop(id, "")
			})
		}
		group.Wait()
		for _, id := range ids {
			e := b.after(0, id)
			if e.AutomationExecutionStatus != "Cancelled" {
				b.Error(told(e))
			}
			for _, s := range e.StepExecutions {
				if s.StepStatus != "Pending" && !ended(s.StepStatus) {
					b.Error(told(e))
				}
			}
		}
	})
}
