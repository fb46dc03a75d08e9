package ssmserver

import (
	"fmt"
	"testing"
	"time"
)

// The pages of a list that is read from its end do not overlap when steps start meanwhile.
func TestReversePagesOfALoopThatRuns(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(`{"name":"l","action":"aws:loop","inputs":{"Iterators":["1","2","3","4","5","6"],"Steps":[{"name":"x","action":"aws:sleep","inputs":{"Duration":"PT1M"}}]}}`)
		b.after(150*time.Second, id)
		seen := map[any]bool{}
		for token := ""; ; b.after(time.Minute, id) {
			answer := b.must("DescribeAutomationStepExecutions", fmt.Sprintf(`{"AutomationExecutionId":%q,"ReverseOrder":true,"MaxResults":1,"NextToken":%q}`, id, token))
			steps, _ := answer["StepExecutions"].([]any)
			for _, s := range steps {
				step, _ := s.(map[string]any)
				if seen[step["StepExecutionId"]] {
					t.Errorf("%v came twice", step["StepName"])
				}
				seen[step["StepExecutionId"]] = true
			}
			if token, _ = answer["NextToken"].(string); token == "" {
				break
			}
		}
		if len(seen) != 4 {
			t.Errorf("%d steps, not the loop and its three iterations", len(seen))
		}
	})
}

// The current step of a parent of many is one that runs.
func TestCurrentStepOfAParent(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Wait", `{"name":"w","action":"aws:sleep","inputs":{"Duration":"{{ P }}"}}`)
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"Wait","TargetParameterName":"P","Targets":[{"Key":"ParameterValues","Values":["PT1S","PT9M","PT1M"]}]}`)["AutomationExecutionId"].(string)
		e := b.after(2*time.Minute, id)
		b.want(e, "InProgress: PT1S=Success PT9M=InProgress PT1M=Success")
		if e.CurrentStepName != "PT9M" {
			t.Errorf("the current step is %q", e.CurrentStepName)
		}
	})
}
