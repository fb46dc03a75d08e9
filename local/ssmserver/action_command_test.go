package ssmserver

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// run is a step that runs a command.
func runStepOf(inputs, more string) string {
	return fmt.Sprintf(`{"name":"run","action":"aws:runCommand","inputs":{"DocumentName":"AWS-RunShellScript",%s}%s}`, inputs, more)
}

const on1, on2 = `"InstanceIds":["` + web1 + `"]`, `"InstanceIds":["` + web1 + `","` + web2 + `"]`

var anyID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// withoutIDs makes texts comparable.
func withoutIDs(text string) string { return anyID.ReplaceAllString(text, "ID") }

func TestRunCommand(t *testing.T) {
	const fails = `command.AWS-RunShellScript:
  - when: {InstanceId: ` + web1 + `}
    response: {Status: Failed, Output: "disk full\n----------ERROR-------\nexit status 1"}
  - response: {Output: done}
`
	unexpected := `Command ID returns unexpected invocation result: ` + "\n" + `{Status=[%s], ResponseCode=[%s], Output=[%s], OutputPayload=[{"Status":%q,"ResponseCode":%s,"Output":%q,"CommandId":"ID"}], CommandId=[ID]}`
	for name, row := range map[string]struct{ stubs, step, want, failure, output string }{
		"one instance":      {"", runStepOf(on1+`,"Parameters":{"commands":["uptime"]}`, ""), "Success: run=Success", "", noCommandRuns},
		"a list in a list":  {"", runStepOf(`"InstanceIds":["`+web1+`",["`+web1+`"]]`, ""), "Failed: run=Failed", "An error occurred (DuplicateInstanceId) when calling the SendCommand operation: ", ""},
		"two":               {"", runStepOf(on2, ""), "Success: run=Success", "", ""},
		"a tag":             {"", runStepOf(`"Targets":[{"Key":"tag:Role","Values":["web"]}],"MaxConcurrency":1`, ""), "Success: run=Success", "", ""},
		"what a stub says":  {"command.AWS-RunShellScript: [response: {Output: done}]", runStepOf(on1, ""), "Success: run=Success", "", "done"},
		"a failure":         {fails, runStepOf(on1, ""), "Failed: run=Failed", fmt.Sprintf(unexpected, "Failed", "1", "disk full\n----------ERROR-------\nexit status 1", "Failed", "1", "disk full\n----------ERROR-------\nexit status 1"), "disk full\n----------ERROR-------\nexit status 1"},
		"on one of two":     {fails, runStepOf(on2, ""), "Failed: run=Failed", fmt.Sprintf(unexpected, "Failed", "1", "", "Failed", "1", ""), ""},
		"a code":            {"command.AWS-RunShellScript: [response: {ResponseCode: 7}]", runStepOf(on1, ""), "Failed: run=Failed", fmt.Sprintf(unexpected, "Failed", "7", "", "Failed", "7", ""), ""},
		"a timeout":         {"command.AWS-RunShellScript: [response: {Status: TimedOut}]", runStepOf(on1, ""), "Failed: run=Failed", fmt.Sprintf(unexpected, "TimedOut", "1", "", "TimedOut", "1", ""), ""},
		"no such tag":       {"", runStepOf(`"Targets":[{"Key":"tag:Role","Values":["mail"]}]`, ""), "Failed: run=Failed", "{Status=[NoInstancesInTag]", ""},
		"a refusal":         {"command.AWS-RunShellScript: [error: {code: AccessDeniedException, message: No}]", runStepOf(on1, ""), "Failed: run=Failed", "An error occurred (AccessDeniedException) when calling the SendCommand operation: No", ""},
		"no such instance":  {"", runStepOf(`"InstanceIds":["i-0ccccccccccccccc1"]`, ""), "Failed: run=Failed", "An error occurred (InvalidInstanceId) when calling the SendCommand operation: Instances [[i-0ccccccccccccccc1]] not in a valid state for account 123456789012", ""},
		"no ID":             {"", runStepOf(`"InstanceIds":["web-1"]`, ""), "Failed: run=Failed", "ValidationException", ""},
		"an Automation":     {"", strings.Replace(runStepOf(on1, ""), "AWS-RunShellScript", "AWS-RestartEC2Instance", 1), "Failed: run=Failed", "(InvalidDocument)", ""},
		"nowhere":           {"", runStepOf(`"Comment":"x"`, ""), "Failed: run=Failed", "One of the inputs InstanceIds and Targets is required", ""},
		"too many":          {"", runStepOf(`"InstanceIds":["i-1"`+strings.Repeat(`,"i-1"`, 50)+`]`, ""), "Failed: run=Failed", "names 51 instances; there can be 50 at most", ""},
		"another input":     {"", runStepOf(on1+`,"Script":"x"`, ""), "Failed: run=Failed", "The input Script is not one of", ""},
		"no map":            {"", runStepOf(on1+`,"Parameters":"x"`, ""), "Failed: run=Failed", "The input Parameters must be a map", ""},
		"a number as text":  {"", runStepOf(on1+`,"TimeoutSeconds":"60","MaxErrors":0,"Parameters":{"n":5,"b":true,"l":["{{ L }}","x"]}`, ""), "Success: run=Success", "", noCommandRuns},
		"a strange timeout": {"", runStepOf(on1+`,"TimeoutSeconds":"soon"`, ""), "Failed: run=Failed", "TimeoutSeconds must be a whole number", ""},
		"its own operations stubbed": {"ssm.SendCommand: [response: {Command: {CommandId: c-1, Status: Success}}]\nssm.GetCommandInvocation: [response: {ResponseCode: 0, StandardOutputContent: out, StandardErrorContent: err}]",
			runStepOf(`"InstanceIds":["i-0ccccccccccccccc1"]`, ""), "Success: run=Success", "", "out\n----------ERROR-------\nerr"},
		"an answer without an ID": {"ssm.SendCommand: [response: {}]", runStepOf(on1, ""), "Failed: run=Failed", "The answer of SendCommand has no CommandId", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, row.stubs)}, func(b *bubble) {
				e := b.after(time.Minute, b.start(row.step))
				b.want(e, row.want)
				if !strings.Contains(withoutIDs(e.FailureMessage), row.failure) || row.failure == "" && e.FailureMessage != "" {
					b.Errorf("%q", e.FailureMessage)
				}
				if out := outputsOf(e, "run"); len(out) > 0 && out["Output"][0] != row.output {
					b.Errorf("%q", out)
				}
			})
		})
	}
}

func TestRunCommandOutputs(t *testing.T) {
	inBubble(t, Options{Stubs: mustStubs(t, "command.AWS-RunShellScript: [response: {Output: hi}]")}, func(b *bubble) {
		id := b.start(runStepOf(on1, ""))
		b.want(b.after(300*time.Millisecond, id), "InProgress: run=InProgress")
		e := b.after(time.Second, id)
		b.want(e, "Success: run=Success")
		out := outputsOf(e, "run")
		for name, values := range out {
			out[name] = []string{withoutIDs(values[0])}
		}
		want := map[string][]string{"CommandId": {"ID"}, "Status": {"Success"}, "ResponseCode": {"0"}, "Output": {"hi"},
			"OutputPayload": {`{"CommandId":"ID","Output":"hi","ResponseCode":0,"Status":"Success"}`}}
		if diff := cmp.Diff(want, out); diff != "" {
			b.Error(diff)
		}
		want2 := []string{"ssm.DescribeInstanceInformation", "ssm.SendCommand", "ssm.ListCommands", "ssm.ListCommands", "ssm.ListCommands", "ssm.GetCommandInvocation"}
		if diff := cmp.Diff(want2, b.ledger(id)); diff != "" {
			b.Error(diff)
		}
	})
}

func TestRunCommandWaitsForTheAgent(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		if err := b.server.cloud.SetInstance(web2, "stopped"); err != nil {
			b.Fatal(err)
		}
		id := b.start(runStepOf(on2, ""))
		b.want(b.after(10*time.Minute, id), "InProgress: run=InProgress")
		if err := b.server.cloud.SetInstance(web2, "running"); err != nil {
			b.Fatal(err)
		}
		b.want(b.after(time.Second, id), "Success: run=Success")
		if err := b.server.cloud.SetInstance(web2, "stopped"); err != nil {
			b.Fatal(err)
		}
		e := b.after(2*time.Hour, b.start(runStepOf(on2, "")))
		b.want(e, "TimedOut: run=TimedOut")
		if e.FailureMessage != "Step timed out while step is verifying the SSM Agent availability on the target instance(s). SSM Agent on Instances: ["+web2+"] are not functioning. "+guide {
			b.Error(e.FailureMessage)
		}
	})
}

func TestACancelledStepCancelsItsCommand(t *testing.T) {
	for name, row := range map[string]struct{ more, want string }{
		"cancelled": {"", "Cancelled: run=Cancelled"},
		"timed out": {`,"timeoutSeconds":1`, "TimedOut: run=TimedOut"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.start(runStepOf(`"Targets":[{"Key":"InstanceIds","Values":["`+web1+`","`+web2+`","i-0aaaaaaaaaaaaaaa3"]}],"MaxConcurrency":"1"`, row.more))
				b.after(600*time.Millisecond, id)
				if row.more == "" {
					b.must("StopAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)
				}
				b.want(b.after(time.Second, id), row.want)
				commands := b.must("ListCommands", `{}`)["Commands"].([]any)
				if got := commands[0].(map[string]any)["Status"]; len(commands) != 1 || got != "Cancelled" {
					b.Errorf("%v", commands)
				}
			})
		})
	}
}
