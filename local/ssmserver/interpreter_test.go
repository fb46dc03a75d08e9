package ssmserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Steps for stories: one that succeeds after a second, and one that fails at once.
func ok(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:sleep","inputs":{"Duration":"PT1S"}%s}`, name, more)
}

func bad(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:changeInstanceState","inputs":{"InstanceIds":["i-0ccccccccccccccc1"],"DesiredState":"stopped"}%s}`, name, more)
}

// stuck waits for an instance that never gets there.
func stuck(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:changeInstanceState","inputs":{"InstanceIds":[%q],"DesiredState":"stopped","CheckStateOnly":true}%s}`, name, web1, more)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		steps []string
		want  string
	}{
		"one after the other":        {[]string{ok("a", ""), ok("b", "")}, "Success: a=Success b=Success"},
		"nextStep jumps":             {[]string{ok("a", `,"nextStep":"c"`), ok("b", ""), ok("c", "")}, "Success: a=Success c=Success b=Pending"},
		"isEnd ends":                 {[]string{ok("a", `,"isEnd":true`), ok("b", "")}, "Success: a=Success b=Pending"},
		"Abort is the default":       {[]string{bad("a", ""), ok("b", "")}, "Failed: a=Failed b=Pending"},
		"Abort":                      {[]string{bad("a", `,"onFailure":"Abort"`), ok("b", "")}, "Failed: a=Failed b=Pending"},
		"Abort, not critical":        {[]string{bad("a", `,"isCritical":false`), ok("b", "")}, "Failed: a=Failed b=Pending"},
		"Continue":                   {[]string{bad("a", `,"onFailure":"Continue"`), ok("b", "")}, "Success: a=Failed b=Success"},
		"Continue to nextStep":       {[]string{bad("a", `,"onFailure":"Continue","nextStep":"c"`), ok("b", ""), ok("c", "")}, "Success: a=Failed c=Success b=Pending"},
		"Continue, critical":         {[]string{bad("a", `,"onFailure":"Continue","isCritical":true`), ok("b", "")}, "Failed: a=Failed b=Success"},
		"fallback, critical unset":   {[]string{bad("a", `,"onFailure":"step:c"`), ok("b", ""), ok("c", "")}, "Failed: a=Failed c=Success b=Pending"},
		"fallback, not critical":     {[]string{bad("a", `,"onFailure":"step:c","isCritical":"false"`), ok("b", ""), ok("c", "")}, "Success: a=Failed c=Success b=Pending"},
		"fallback after a time-out":  {[]string{stuck("a", `,"onFailure":"step:c","timeoutSeconds":5`), ok("b", ""), ok("c", "")}, "TimedOut: a=TimedOut c=Success b=Pending"},
		"the first failure decides":  {[]string{stuck("a", `,"onFailure":"step:b","timeoutSeconds":5`), bad("b", "")}, "TimedOut: a=TimedOut b=Failed"},
		"time-out":                   {[]string{stuck("a", `,"timeoutSeconds":"7"`), ok("b", "")}, "TimedOut: a=TimedOut b=Pending"},
		"sleep longer than its time": {[]string{`{"name":"a","action":"aws:sleep","timeoutSeconds":3,"inputs":{"Duration":"PT4S"}}`, ok("b", "")}, "TimedOut: a=TimedOut b=Pending"},
		"isEnd beats onFailure":      {[]string{bad("a", `,"isEnd":true,"onFailure":"step:b"`), ok("b", "")}, "Failed: a=Failed b=Pending"},
		"isEnd, Continue":            {[]string{bad("a", `,"isEnd":true,"onFailure":"Continue"`), ok("b", "")}, "Success: a=Failed b=Pending"},
		"an action not covered":      {[]string{`{"name":"a","action":"aws:approve","inputs":{}}`, ok("b", "")}, "Failed: a=Failed b=Pending"},
		"an action nobody knows":     {[]string{`{"name":"a","action":"aws:putServerUpgradeMetrics","inputs":{}}`}, "Failed: a=Failed"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.start(strings.Join(row.steps, ","))
				e := b.after(20*time.Second, id)
				b.want(e, row.want)
				if (e.AutomationExecutionStatus == "Success") != (e.FailureMessage == "") {
					b.Errorf("failure message %q", e.FailureMessage)
				}
				if e.ExecutionEndTime.IsZero() || e.CurrentStepName != "" {
					b.Errorf("ended %v at %q", e.ExecutionEndTime, e.CurrentStepName)
				}
			})
		})
	}
}

func TestMessagesOfFailures(t *testing.T) {
	for _, row := range []struct{ step, start, end, stage, kind string }{
		{bad("a", ""), "Step fails when it is Execute/Cancelling action. The instance ID 'i-0ccccccccccccccc1' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidInstanceID.NotFound; ",
			"). Please refer to Automation Service Troubleshooting Guide for more diagnosis details.", "Invocation", "Action"},
		{stuck("a", `,"timeoutSeconds":5`), "Step timed out while step is verifying the instances have reached the desired state. Please refer", "details.", "PostVerification", "Verification"},
		{`{"name":"a","action":"aws:putServerUpgradeMetrics"}`, "Step fails when it is Execute/Cancelling action. The local SSM does not cover the action aws:putServerUpgradeMetrics. Please", "details.", "Invocation", "Action"},
		{`{"name":"a","action":"aws:sleep","inputs":{}}`, "Step fails when it is validating and resolving the step inputs. Exactly one of the inputs Duration and Timestamp is required. Please", "details.", "InputValidation", "Action"},
		{`{"name":"a","action":"aws:sleep","inputs":{"Duration":"{{ b.Out }}"}},` + ok("b", ""), "Step fails when it is validating and resolving the step inputs. the output Out of step b is not available. Please", "details.", "InputValidation", "Action"},
	} {
		t.Run(row.step, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				e := b.after(10*time.Second, b.start(row.step))
				s := e.StepExecutions[0]
				if !strings.HasPrefix(s.FailureMessage, row.start) || !strings.HasSuffix(s.FailureMessage, row.end) || e.FailureMessage != s.FailureMessage {
					b.Errorf("got %q and %q", s.FailureMessage, e.FailureMessage)
				}
				if s.FailureDetails == nil || s.FailureDetails.FailureStage != row.stage || s.FailureDetails.FailureType != row.kind {
					b.Errorf("details %+v", s.FailureDetails)
				}
			})
		})
	}
}

func TestAttempts(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(stuck("a", `,"timeoutSeconds":10,"maxAttempts":3`))
		b.want(b.after(29*time.Second, id), "InProgress: a=InProgress")
		b.want(b.after(2*time.Second, id), "TimedOut: a=TimedOut")

		id = b.start(stuck("a", `,"timeoutSeconds":10,"maxAttempts":3`))
		b.after(15*time.Second, id)
		if err := b.server.cloud.SetInstance(web1, stateStopped); err != nil {
			b.Fatal(err)
		}
		b.want(b.after(time.Second, id), "Success: a=Success")
	})
}

func (b *bubble) stop(id, kind string) (int, map[string]any) {
	b.Helper()
	return b.call("StopAutomationExecution", fmt.Sprintf(`{"AutomationExecutionId":%q%s}`, id, kind))
}

func TestCancel(t *testing.T) {
	for name, row := range map[string]struct {
		steps []string
		want  string
	}{
		"plainly":               {[]string{ok("a", ""), stuck("b", ""), ok("c", "")}, "Cancelled: a=Success b=Cancelled c=Pending"},
		"onCancel Abort":        {[]string{ok("a", ""), stuck("b", `,"onCancel":"Abort"`), ok("c", "")}, "Cancelled: a=Success b=Cancelled c=Pending"},
		"onCancel step":         {[]string{ok("a", ""), stuck("b", `,"onCancel":"step:d"`), ok("c", ""), tagged("d", "")}, "Cancelled: a=Success b=Cancelled d=Success c=Pending"},
		"onCancel step fails":   {[]string{ok("a", ""), stuck("b", `,"onCancel":"step:c"`), bad("c", ""), ok("d", "")}, "Cancelled: a=Success b=Cancelled c=Failed d=Pending"},
		"onCancel for ever":     {[]string{ok("a", ""), stuck("b", `,"onCancel":"step:c"`), stuck("c", "")}, "Cancelled: a=Success b=Cancelled c=TimedOut"},
		"onFailure is not used": {[]string{ok("a", ""), stuck("b", `,"onFailure":"step:c","maxAttempts":5`), ok("c", "")}, "Cancelled: a=Success b=Cancelled c=Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.start(strings.Join(row.steps, ","))
				b.after(5*time.Second, id)
				if status, answer := b.stop(id, ""); status != 200 || len(answer) != 0 {
					b.Fatalf("stop: %d %v", status, answer)
				}
				if status, answer := b.stop(id, `,"Type":"Cancel"`); status != 200 && answer["__type"] != "InvalidAutomationStatusUpdateException" {
					b.Fatalf("stop again: %d %v", status, answer)
				}
				e := b.after(3*time.Minute, id)
				b.want(e, row.want)
				if e.FailureMessage != "" {
					b.Errorf("failure %q", e.FailureMessage)
				}
				if status, answer := b.stop(id, ""); status != 400 || answer["__type"] != "InvalidAutomationStatusUpdateException" {
					b.Errorf("stop at the end: %d %v", status, answer)
				}
			})
		})
	}
}

// tagged succeeds at once.
func tagged(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:changeInstanceState","inputs":{"InstanceIds":[%q],"DesiredState":"running"}%s}`, name, web1, more)
}

func TestCancellingIsSeen(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(stuck("a", `,"onCancel":"step:b"`) + "," + stuck("b", `,"timeoutSeconds":60`))
		b.after(time.Second, id)
		b.stop(id, "")
		e := b.after(time.Second, id)
		b.want(e, "Cancelling: a=Cancelled b=InProgress")
		if e.CurrentStepName != "b" {
			b.Errorf("current step %q", e.CurrentStepName)
		}
		b.want(b.after(time.Minute, id), "Cancelled: a=Cancelled b=TimedOut")
	})
}

func TestComplete(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(ok("a", "") + "," + ok("b", "") + "," + ok("c", ""))
		b.after(1500*time.Millisecond, id)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(0, id), "InProgress: a=Success b=InProgress c=Pending")
		b.want(b.after(time.Second, id), "Success: a=Success b=Success c=Pending")
	})
}

// A cancellation that arrives between two steps must not let the second one act.
func TestACancelledStepDoesNotAct(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Stop", change("a", "stopped", `["`+web1+`"]`, ""))
		d, v, _ := b.server.documents.find("Test-Stop", "", "")
		e := newExecution(d, v, nil)
		ctx, cancel := context.WithCancelCause(b.Context())
		e.cancel = cancel
		e.interrupt(errCancelled)
		e.enter(e.main[0])
		if done := b.server.runStep(ctx, e, e.main[0]); done.status != statusCancelled || b.state(web1) != "running" {
			b.Errorf("%+v, the instance is %s", done, b.state(web1))
		}
	})
}

// The server can close just before a cancellation gets its own context.
func TestCloseReachesTheCancellation(t *testing.T) {
	t.Parallel()
	_, cancel := context.WithCancelCause(t.Context())
	e := &execution{cancel: cancel}
	e.interrupt(errClosed)
	ctx, stop := e.cancellation()
	defer stop()
	if !errors.Is(context.Cause(ctx), errClosed) {
		t.Errorf("cause: %v", context.Cause(ctx))
	}
}

func TestCloseStopsEverythingAtOnce(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(stuck("a", `,"onCancel":"step:b"`) + "," + tagged("b", ""))
		other := b.start(ok("a", "") + "," + stuck("b", `,"onCancel":"step:c"`) + "," + stuck("c", ""))
		b.after(2*time.Second, id)
		b.stop(other, "")
		b.after(time.Second, other)
		began := time.Now()
		b.server.Close()
		if waited := time.Since(began); waited != 0 {
			b.Errorf("Close took %s", waited)
		}
		b.want(b.after(time.Hour, id), "InProgress: a=InProgress b=Pending")
		if status, answer := b.call("StartAutomationExecution", `{"DocumentName":"Handrail-FailoverDatabase"}`); status != 500 || answer["__type"] != "InternalServerError" {
			b.Errorf("start after Close: %d %v", status, answer)
		}
	})
}
