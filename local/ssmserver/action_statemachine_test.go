package ssmserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const machineARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"

func TestExecuteStateMachine(t *testing.T) {
	const started = `states.StartExecution: [{when: {stateMachineArn: "` + machineARN + `", input: '{"x":1}', name: n}, response: {executionArn: e-1}}]` + "\n"
	step := stepOf("aws:executeStateMachine", `"stateMachineArn":"`+machineARN+`","input":{"x":1},"name":"n"`, "")
	for name, row := range map[string]struct {
		stubs, step, want, failure string
		outputs                    map[string][]string
	}{
		"succeeds": {started + `stepfunctions.describe_execution: [response: {status: RUNNING}, response: {status: SUCCEEDED, executionArn: e-1, name: n, input: '{"x":1}', output: '{"y":2}', ` +
			`startDate: 2026-01-01T00:00:00Z, stopDate: 1767225600.5, stateMachineArn: m}]`, step, "Success: a=Success", "",
			map[string][]string{"executionArn": {"e-1"}, "status": {"SUCCEEDED"}, "name": {"n"}, "input": {`{"x":1}`}, "output": {`{"y":2}`}, "startDate": {"2026-01-01T00:00:00Z"},
				"stopDate": {"1767225600.5"}, "stateMachineArn": {"m"}}},
		"fails": {started + `states.DescribeExecution: [response: {status: FAILED, error: Boom, cause: it broke}]`, step, "Failed: a=Failed",
			"State machine execution e-1 ended with the status FAILED, error: Boom, cause: it broke", map[string][]string{"executionArn": {"e-1"}, "status": {"FAILED"}}},
		"aborted":          {started + `states.DescribeExecution: [response: {status: ABORTED}]`, step, "Failed: a=Failed", "ended with the status ABORTED, error: , cause: ", map[string][]string{"executionArn": {"e-1"}, "status": {"ABORTED"}}},
		"no such machine":  {"", step, "Failed: a=Failed", "The local AWS does not implement stepfunctions.StartExecution", nil},
		"no execution":     {"states.StartExecution: [response: {}]", step, "Failed: a=Failed", "The answer of StartExecution has no executionArn", nil},
		"a strange answer": {started + "states.DescribeExecution: [response: {}]", step, "Failed: a=Failed", "The answer of DescribeExecution has no status", nil},
		"refused":          {"states.StartExecution: [error: {code: AccessDeniedException, message: No}]", step, "Failed: a=Failed", "An error occurred (AccessDeniedException) when calling the StartExecution operation: No", nil},
		"no ARN":           {"", stepOf("aws:executeStateMachine", `"stateMachineArn":""`, ""), "Failed: a=Failed", "The input stateMachineArn is required", nil},
		"another input":    {"", stepOf("aws:executeStateMachine", `"stateMachineArn":"m","Input":""`, ""), "Failed: a=Failed", "The input Input is not one of", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, row.stubs)}, func(b *bubble) {
				e := b.after(time.Minute, b.start(row.step))
				b.want(e, row.want)
				if !strings.Contains(e.FailureMessage, row.failure) {
					b.Error(e.FailureMessage)
				}
				if diff := cmp.Diff(row.outputs, outputsOf(e, "a")); diff != "" {
					b.Error(diff)
				}
			})
		})
	}
}

func TestACancelledStepStopsItsStateMachine(t *testing.T) {
	stubs := mustStubs(t, "states.StartExecution: [response: {executionArn: e-1}]\nstates.DescribeExecution: [response: {status: RUNNING}]\nstates.StopExecution: [response: {}]")
	for name, more := range map[string]string{"cancelled": "", "timed out": `,"timeoutSeconds":30`} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: stubs}, func(b *bubble) {
				id := b.start(stepOf("aws:executeStateMachine", `"stateMachineArn":"m"`, more))
				b.after(20*time.Second, id)
				if more == "" {
					b.must("StopAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)
				}
				b.after(20*time.Second, id)
				if calls := b.ledger(id); calls[len(calls)-1] != "stepfunctions.StopExecution" {
					b.Errorf("%v", calls)
				}
			})
		})
	}
}

// Nothing is called any more once the server closes.
func TestAClosedServerStopsNothing(t *testing.T) {
	stubs := mustStubs(t, "states.StartExecution: [response: {executionArn: e-1}]\nstates.DescribeExecution: [response: {status: RUNNING}]\nstates.StopExecution: [response: {}]")
	inBubble(t, Options{Stubs: stubs}, func(b *bubble) {
		id := b.start(stepOf("aws:executeStateMachine", `"stateMachineArn":"m"`, ""))
		b.after(20*time.Second, id)
		b.server.Close()
		if calls := b.ledger(id); calls[len(calls)-1] != "stepfunctions.DescribeExecution" {
			b.Errorf("%v", calls)
		}
	})
}

func TestInvokeWebhook(t *testing.T) {
	stubs := `
webhook.On_Call:
  - when: {Body: '{"text":"x"}'}
    response: {Response: ok, ResponseCode: 202}
  - when: {Body: fail}
    error: {code: KMSAccessDeniedException, message: No key}
  - response: {ResponseCode: 500}
`
	for name, row := range map[string]struct {
		inputs, want, failure string
		outputs               map[string][]string
	}{
		"a body":        {`"IntegrationName":"On_Call","Body":"{\"text\":\"{{ P }}\"}"`, "Success: a=Success", "", map[string][]string{"Response": {"ok"}, "ResponseCode": {"202"}}},
		"an object":     {`"IntegrationName":"on_call","Body":{"text":"x"}`, "Success: a=Success", "", map[string][]string{"Response": {"ok"}, "ResponseCode": {"202"}}},
		"no body":       {`"IntegrationName":"On_Call"`, "Success: a=Success", "", map[string][]string{"Response": {""}, "ResponseCode": {"500"}}},
		"a refusal":     {`"IntegrationName":"On_Call","Body":"fail"`, "Failed: a=Failed", "(KMSAccessDeniedException)", nil},
		"another":       {`"IntegrationName":"pager"`, "Failed: a=Failed", "Execute/Cancelling action. There is no Automation integration pager here; stub its answer as webhook.pager. ", nil},
		"no name":       {`"IntegrationName":""`, "Failed: a=Failed", "The input IntegrationName is required", nil},
		"another input": {`"IntegrationName":"On_Call","Url":"x"`, "Failed: a=Failed", "The input Url is not one of", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, stubs)}, func(b *bubble) {
				id := b.start(stepOf("aws:invokeWebhook", row.inputs, ""))
				e := b.after(time.Second, id)
				b.want(e, row.want)
				if !strings.Contains(e.FailureMessage, row.failure) {
					b.Error(e.FailureMessage)
				}
				if diff := cmp.Diff(row.outputs, outputsOf(e, "a")); diff != "" {
					b.Error(diff)
				}
				if calls := b.ledger(id); name == "a body" && (len(calls) != 1 || calls[0] != "webhook.On_Call") {
					b.Errorf("%v", calls)
				}
			})
		})
	}
}
