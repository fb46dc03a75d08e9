package ssmserver

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// large is an AWS operation whose answer has about n bytes.
func large(t *testing.T, n int) Stubs {
	t.Helper()
	stubs, err := ReadStubs([]byte("ec2.DescribeImages:\n- response:\n    Text: " + strings.Repeat("x", n) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return stubs
}

const describeLarge = `{"name":"s%d","action":"aws:executeAwsApi","onFailure":"Continue","inputs":{"Service":"ec2","Api":"DescribeImages"},` +
	`"outputs":[{"Name":"T","Selector":"$.Text","Type":"String"}]}`

func TestLargeOutputs(t *testing.T) {
	inBubble(t, Options{Stubs: large(t, maxOutputs/2)}, func(b *bubble) {
		e := b.after(time.Minute, b.start(strings.Replace(fmt.Sprintf(describeLarge, 0), `[{`, `[{"Name":"U","Selector":"$..Text"},{`, 1)))
		b.want(e, "Success: s0=Failed")
		if got := e.StepExecutions[0].FailureMessage; !strings.Contains(got, "larger than 1 MB") {
			b.Error(got)
		}
	})
}

// A loop that brings large outputs again and again comes to an end of its room, and goes on with less.
func TestLargeExecutions(t *testing.T) {
	inBubble(t, Options{Stubs: large(t, 1_000_000)}, func(b *bubble) {
		loop := `{"name":"l","action":"aws:loop","inputs":{"Iterators":["{{ L }}","c","d","e","f","g","h","i"],"Steps":[%s]}}`
		steps := make([]string, 10)
		for i := range steps {
			steps[i] = fmt.Sprintf(describeLarge, i)
		}
		id := b.start(fmt.Sprintf(loop, strings.Join(steps, ",")))
		b.after(time.Minute, id)
		e, err := b.server.executions.get(id)
		if err != nil {
			b.Fatal(err)
		}
		if e.status != statusSuccess || e.keeps.bytes > maxKeptBytes || e.keeps.bytes < maxKeptBytes/2 || b.server.executions.bytes.Load() < int64(e.keeps.bytes) {
			b.Errorf("%s, keeps %d of %d", e.status, e.keeps.bytes, b.server.executions.bytes.Load())
		}
		if last := e.order[len(e.order)-1]; last.status != statusFailed || !strings.Contains(last.failure.message(), "there is no room") {
			b.Error(last.status, last.failure.message())
		}
	})
}

// What is forgotten gives its room back, before the executions are too many.
func TestForgettingLargeExecutions(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		old := b.start(`{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`)
		b.after(time.Minute, old)
		e, err := b.server.executions.get(old)
		if err != nil {
			b.Fatal(err)
		}
		e.mu.Lock()
		e.keeps.add(maxAllBytes)
		e.mu.Unlock()
		b.want(b.after(time.Minute, b.start(`{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`)), "Success: a=Success")
		if _, err := b.server.executions.get(old); err == nil {
			b.Error("it is still there")
		}
		if got := b.server.executions.bytes.Load(); got > 10_000 {
			b.Errorf("%d bytes", got)
		}
	})
}

func TestLongFailures(t *testing.T) {
	inBubble(t, Options{Stubs: large(t, 100_000)}, func(b *bubble) {
		e := b.after(time.Minute, b.start(fmt.Sprintf(describeLarge, 0)+`,{"name":"s","action":"aws:sleep","inputs":{"Duration":"{{ s0.T }}"}}`))
		if got := len(e.StepExecutions[1].FailureMessage); got < 100 || got > maxCause+1_000 || e.AutomationExecutionStatus != statusFailed {
			b.Errorf("%s with %d bytes", told(e), got)
		}
	})
}

// After a few attempts the next ones do not follow at once.
func TestManyAttempts(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(`{"name":"a","action":"aws:executeAwsApi","maxAttempts":2000000000,"inputs":{"Service":"none","Api":"None"}}`)
		b.want(b.after(time.Minute, id), "InProgress: a=InProgress")
		e, err := b.server.executions.get(id)
		if err != nil {
			b.Fatal(err)
		}
		if n := len(e.awsCalls); n < 60 || n > 80 {
			b.Errorf("%d attempts", n)
		}
		b.must("StopAutomationExecution", fmt.Sprintf(`{"AutomationExecutionId":%q}`, id))
		b.want(b.after(time.Second, id), "Cancelled: a=Cancelled")
	})
}
