package ssmserver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

func stepOf(action, inputs, more string) string {
	return fmt.Sprintf(`{"name":"a","action":%q,"inputs":{%s}%s}`, action, inputs, more)
}

func lambda(inputs, more string) string {
	return stepOf("aws:invokeLambdaFunction", `"FunctionName":"f"`+inputs, more)
}

func TestInvokeLambda(t *testing.T) {
	stubs := `
lambda.Invoke:
  - when: {FunctionName: f, InvocationType: RequestResponse, LogType: Tail, Payload: '{"x":1}'}
    response: {StatusCode: 200, Payload: {ok: true}, LogResult: TE9H, ExecutedVersion: $LATEST}
  - when: {FunctionName: f, InvocationType: Event, Qualifier: prod}
    response: {StatusCode: 202}
  - when: {FunctionName: f, Payload: text}
    response: {StatusCode: 200, Payload: '"plain"', FunctionError: ""}
  - when: {FunctionName: flaky}
    response: {StatusCode: 200, FunctionError: Unhandled, Payload: '{"errorMessage":"no"}'}
  - when: {FunctionName: flaky}
    response: {StatusCode: 200, Payload: 'null'}
  - when: {FunctionName: big}
    response: {StatusCode: 200, Payload: ` + strings.Repeat("x", maxLambdaOutput+1) + `}
  - when: {FunctionName: busy}
    error: {code: TooManyRequestsException, message: Rate exceeded, status: 429}
`
	named := func(name, more string) string {
		return stepOf("aws:invokeLambdaFunction", fmt.Sprintf(`"FunctionName":%q`, name), more)
	}
	for name, row := range map[string]struct {
		step, want, failure string
		outputs             map[string][]string
	}{
		"a payload":        {lambda(`,"Payload":"{\"x\":1}"`, ""), "Success: a=Success", "", map[string][]string{"StatusCode": {"200"}, "Payload": {`{"ok":true}`}, "LogResult": {"TE9H"}}},
		"an input payload": {lambda(`,"InputPayload":{"x":1},"Payload":"other"`, ""), "Success: a=Success", "", map[string][]string{"StatusCode": {"200"}, "Payload": {`{"ok":true}`}, "LogResult": {"TE9H"}}},
		"a map as payload": {lambda(`,"Payload":{"x":1}`, ""), "Success: a=Success", "", map[string][]string{"StatusCode": {"200"}, "Payload": {`{"ok":true}`}, "LogResult": {"TE9H"}}},
		"an event":         {lambda(`,"InvocationType":"Event","Qualifier":"prod"`, ""), "Success: a=Success", "", map[string][]string{"StatusCode": {"202"}}},
		"no error":         {lambda(`,"Payload":"text"`, ""), "Success: a=Success", "", map[string][]string{"StatusCode": {"200"}, "Payload": {`"plain"`}, "FunctionError": {""}}},
		"an error":         {named("flaky", ""), "Failed: a=Failed", `Lambda function flaky returned an error: FunctionError=[Unhandled], Payload=[{"errorMessage":"no"}]`, map[string][]string{"StatusCode": {"200"}, "Payload": {`{"errorMessage":"no"}`}, "FunctionError": {"Unhandled"}}},
		"another attempt":  {named("flaky", `,"maxAttempts":2`), "Success: a=Success", "", map[string][]string{"StatusCode": {"200"}, "Payload": {`null`}}},
		"too much":         {named("big", ""), "Failed: a=Failed", "The payload of the function big is larger than 200 KB", nil},
		"throttled":        {named("busy", ""), "Failed: a=Failed", "An error occurred (TooManyRequestsException) when calling the Invoke operation: Rate exceeded", nil},
		"no such function": {named("none", ""), "Failed: a=Failed", "The local AWS does not implement lambda.Invoke; stub its answer, or pass the calls on with --aws-endpoint", nil},
		"no name":          {named("", ""), "Failed: a=Failed", "The input FunctionName is required", nil},
		"another input":    {lambda(`,"Input":1`, ""), "Failed: a=Failed", "The input Input is not one of", nil},
		"another kind":     {lambda(`,"InvocationType":"Later"`, ""), "Failed: a=Failed", "InvocationType must be", nil},
		"a wrong log type": {lambda(`,"LogType":1`, ""), "Failed: a=Failed", "The input LogType must be a string", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, stubs)}, func(b *bubble) {
				e := b.after(time.Second, b.start(row.step))
				b.want(e, row.want)
				if !strings.Contains(e.FailureMessage, row.failure) {
					b.Error(e.FailureMessage)
				}
				if diff := cmp.Diff(row.outputs, outputsOf(e, "a")); diff != "" {
					b.Error(diff)
				}
				if d := e.StepExecutions[0].FailureDetails; name == "throttled" && d.FailureType != "Throttling" {
					b.Errorf("%+v", d)
				}
			})
		})
	}
}

func TestALambdaFunctionHasFiveMinutes(t *testing.T) {
	for name, row := range map[string]struct {
		more  string
		after time.Duration
		want  string
	}{
		"still":           {"", 299 * time.Second, "InProgress: a=InProgress"},
		"no longer":       {"", 301 * time.Second, "TimedOut: a=TimedOut"},
		"not even so":     {`,"timeoutSeconds":600`, 301 * time.Second, "TimedOut: a=TimedOut"},
		"sooner":          {`,"timeoutSeconds":10`, 11 * time.Second, "TimedOut: a=TimedOut"},
		"again and again": {`,"timeoutSeconds":600,"maxAttempts":2`, 599 * time.Second, "InProgress: a=InProgress"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				b.server.backend = backendFunc(func(ctx context.Context, _ cloud.Call) (map[string]any, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				})
				e := b.after(row.after, b.start(lambda("", row.more)))
				b.want(e, row.want)
				if strings.HasPrefix(row.want, "TimedOut") && !strings.Contains(e.FailureMessage, "Step timed out while step is verifying the Lambda function has completed") {
					b.Error(e.FailureMessage)
				}
			})
		})
	}
}
