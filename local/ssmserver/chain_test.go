package ssmserver

import (
	"testing"
	"time"
)

// What a step starts with the API counts as a level, so that a runbook cannot start itself for ever.
func TestAutomationsThatStartThemselves(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Again", `{"name":"again","action":"aws:executeAwsApi","inputs":{"Service":"ssm","Api":"StartAutomationExecution","DocumentName":"Again"}}`)
		first, _ := b.must("StartAutomationExecution", `{"DocumentName":"Again"}`)["AutomationExecutionId"].(string)
		b.want(b.after(time.Hour, first), "Success: again=Success")
		all := b.server.executions.newest()
		if len(all) != maxDepth+1 {
			t.Fatalf("%d executions, not %d", len(all), maxDepth+1)
		}
		last := all[0].detail()
		b.want(last, "Failed: again=Failed")
		if last.ParentAutomationExecutionId != "" {
			t.Errorf("the parent is %s", last.ParentAutomationExecutionId)
		}
	})
}

// Without a role to assume, an execution ends after twelve hours, whatever it does.
func TestTwelveHoursWithoutARole(t *testing.T) {
	for name, steps := range map[string]string{
		"a sleep": `{"name":"wait","action":"aws:sleep","inputs":{"Duration":"P2D"},"onFailure":"Continue"},{"name":"never","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`,
		"a pause": `{"name":"wait","action":"aws:pause","inputs":{},"onFailure":"step:never"},{"name":"never","action":"aws:sleep","inputs":{"Duration":"PT1S"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.start(steps)
				if e := b.after(12*time.Hour-time.Second, id); ended(e.AutomationExecutionStatus) {
					t.Error("it ended early:", told(e))
				}
				e := b.after(2*time.Second, id)
				b.want(e, "TimedOut: wait=TimedOut never=Pending")
				if e.FailureMessage == "" {
					t.Error("no failure message")
				}
			})
		})
	}
}

func TestTwelveHoursByHandAndForTargets(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Long", `{"name":"wait","action":"aws:sleep","inputs":{"Duration":"PT7H"}}`)
		byHand, _ := b.must("StartAutomationExecution", `{"DocumentName":"Long","Mode":"Interactive"}`)["AutomationExecutionId"].(string)
		b.want(b.after(13*time.Hour, byHand), "TimedOut: wait=Pending")
		byTargets := `"TargetParameterName":"P","Targets":[{"Key":"ParameterValues","Values":["a","b","c"]}],"MaxConcurrency":"1","MaxErrors":"1"`
		many, _ := b.must("StartAutomationExecution", `{"DocumentName":"Long",`+byTargets+`}`)["AutomationExecutionId"].(string)
		b.want(b.after(13*time.Hour, many), "TimedOut: a=Success b=Cancelled c=Pending")
	})
}
