package ssmserver

import (
	"context"
	"errors"
	"fmt"
)

const stepFunctions = "stepfunctions"

func executeStateMachine() action {
	return action{name: "aws:executeStateMachine", run: runStateMachine, verifying: "verifying the state machine execution has completed",
		note: "calls stepfunctions.StartExecution, DescribeExecution and StopExecution; there is no state machine here but those of stubs and of an --aws-endpoint"}
}

func runStateMachine(ctx context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("stateMachineArn", "name", "input", "traceHeader"); err != nil {
		return result{}, err
	}
	if _, err := c.inputs.required("stateMachineArn"); err != nil {
		return result{}, err
	}
	started, err := c.call(ctx, stepFunctions, "StartExecution", c.inputs.textsOf("stateMachineArn", "name", "input", "traceHeader"))
	if err != nil {
		return result{}, err
	}
	arn, _ := started["executionArn"].(string)
	if arn == "" {
		return result{}, errors.New("The answer of StartExecution has no executionArn") //nolint:staticcheck // the text of a failed step
	}
	seen, err := c.awaitStateMachine(ctx, arn)
	if err != nil {
		if ctx.Err() != nil {
			c.callAfter(ctx, stepFunctions, "StopExecution", map[string]any{"executionArn": arn, "cause": "Automation execution " + c.execution.id})
		}
		return result{}, err
	}
	out := result{outputs: map[string]any{"executionArn": arn}}
	for _, name := range []string{"input", "name", "output", "startDate", "stateMachineArn", "status", "stopDate"} {
		if value := seen[name]; value != nil {
			out.outputs[name] = asText(value)
		}
	}
	if seen["status"] != "SUCCEEDED" {
		return out, &stepFailure{phase: phasePoll, stage: "PostVerification", kind: "Verification", cause: fmt.Sprintf(
			"State machine execution %s ended with the status %v, error: %s, cause: %s", arn, seen["status"], asText(orEmpty(seen["error"])), asText(orEmpty(seen["cause"])))}
	}
	return out, nil
}

// awaitStateMachine gives the last description of an execution.
func (c *stepContext) awaitStateMachine(ctx context.Context, arn string) (seen map[string]any, err error) {
	err = c.poll(ctx, func() (bool, error) {
		var err error
		if seen, err = c.call(ctx, stepFunctions, "DescribeExecution", map[string]any{"executionArn": arn}); err != nil {
			return false, err
		}
		switch seen["status"] {
		case "RUNNING", "PENDING_REDRIVE":
			return false, nil
		case "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED":
			return true, nil
		}
		return false, errors.New("The answer of DescribeExecution has no status of an execution") //nolint:staticcheck // the text of a failed step
	})
	return seen, err
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}
