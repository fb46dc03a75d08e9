package ssmserver

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// story sends a command and tells its status and those of its invocations at a time after that.
func (b *bubble) commandAt(request string, after time.Duration) string {
	b.Helper()
	sent := b.must("SendCommand", request)["Command"].(map[string]any)
	time.Sleep(after)
	synctest.Wait()
	command := b.must("ListCommands", fmt.Sprintf(`{"CommandId":%q}`, sent["CommandId"]))["Commands"].([]any)[0].(map[string]any)
	text := fmt.Sprintf("%v (%v) %v/%v:", command["Status"], command["StatusDetails"], command["CompletedCount"], command["TargetCount"])
	for _, item := range b.must("ListCommandInvocations", fmt.Sprintf(`{"CommandId":%q}`, sent["CommandId"]))["CommandInvocations"].([]any) {
		i := item.(map[string]any)
		text += fmt.Sprintf(" %v (%v)", i["Status"], i["StatusDetails"])
	}
	return text
}

func TestCommandsTakeTheirTime(t *testing.T) {
	all := `{"DocumentName":"X-Y","Targets":[{"Key":"tag-key","Values":["Role"]}]%s}`
	bad := "command.X-Y:\n  - when: {InstanceId: " + web2 + "}\n    response: {Status: Failed}\n  - response: {}\n"
	late := "command.X-Y:\n  - when: {InstanceId: " + web2 + "}\n    response: {Status: TimedOut}\n  - response: {}\n"
	for name, row := range map[string]struct {
		stubs, more string
		after       time.Duration
		want        string
	}{
		"at once":        {"", "", 0, "InProgress (InProgress) 0/4: InProgress (InProgress) InProgress (InProgress) InProgress (InProgress) InProgress (InProgress)"},
		"after a moment": {"", "", commandTime, "Success (Success) 4/4: Success (Success) Success (Success) Success (Success) Success (Success)"},
		"two at a time": {"", `,"MaxConcurrency":"50%"`, commandTime,
			"InProgress (InProgress) 2/4: Success (Success) Success (Success) InProgress (InProgress) InProgress (InProgress)"},
		"one at a time": {"", `,"MaxConcurrency":"1"`, commandTime, "InProgress (InProgress) 1/4: Success (Success) InProgress (InProgress) Pending (Pending) Pending (Pending)"},
		"stopped by an error": {bad, `,"MaxConcurrency":"1"`, 2 * time.Second,
			"Failed (Failed) 4/4: Success (Success) Failed (Failed) Cancelled (Terminated) Cancelled (Terminated)"},
		"one error allowed": {bad, `,"MaxConcurrency":"1","MaxErrors":"25%"`, 2 * time.Second,
			"Failed (Incomplete) 4/4: Success (Success) Failed (Failed) Success (Success) Success (Success)"},
		"timed out":   {late, "", 2 * time.Second, "TimedOut (Execution Timed Out) 4/4: Success (Success) TimedOut (Execution Timed Out) Success (Success) Success (Success)"},
		"a huge rate": {"", `,"MaxConcurrency":"9999999","MaxErrors":"9999999"`, commandTime, "Success (Success) 4/4: Success (Success) Success (Success) Success (Success) Success (Success)"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, row.stubs)}, func(b *bubble) {
				if got := b.commandAt(fmt.Sprintf(all, row.more), row.after); got != row.want {
					b.Errorf("got  %s\nwant %s", got, row.want)
				}
			})
		})
	}
}

func TestCancelCommand(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.must("SendCommand", `{"DocumentName":"X-Y","MaxConcurrency":"2","InstanceIds":["`+web1+`","`+web2+`","i-0aaaaaaaaaaaaaaa3"]}`)["Command"].(map[string]any)["CommandId"].(string)
		at := func() string {
			text := ""
			for _, item := range b.must("ListCommandInvocations", `{"CommandId":"`+id+`"}`)["CommandInvocations"].([]any) {
				text += fmt.Sprint(item.(map[string]any)["Status"], " ")
			}
			return text + fmt.Sprint(b.must("ListCommands", `{}`)["Commands"].([]any)[0].(map[string]any)["Status"])
		}
		b.must("CancelCommand", `{"CommandId":"`+id+`","InstanceIds":["`+web2+`"]}`)
		if got := at(); got != "InProgress Cancelled Pending InProgress" {
			b.Error(got)
		}
		time.Sleep(commandTime)
		b.must("CancelCommand", `{"CommandId":"`+id+`"}`)
		time.Sleep(time.Minute)
		if got := at(); got != "Success Cancelled Cancelled Cancelled" {
			b.Error(got)
		}
	})
}

func TestCommandsAreForgotten(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		first := b.must("SendCommand", `{"DocumentName":"X-Y","InstanceIds":["`+web1+`"]}`)["Command"].(map[string]any)["CommandId"].(string)
		for range maxCommands {
			b.must("SendCommand", `{"DocumentName":"X-Y","InstanceIds":["`+web2+`"]}`)
		}
		if status, answer := b.call("ListCommands", `{"CommandId":"`+first+`"}`); status != 400 || answer["__type"] != "InvalidCommandId" {
			b.Errorf("%d %v", status, answer)
		}
		if len(b.server.commands.byID) != maxCommands || len(b.server.commands.list) != maxCommands {
			b.Errorf("%d commands are kept", len(b.server.commands.list))
		}
	})
}

// The real SDK reads all answers.
func TestRunCommandOverTheWire(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Stubs = mustStubs(t, "command.AWS-RunPowerShellScript: [response: {ResponseCode: 3, Output: no}]")
	w := newWorld(t, o)
	ctx := t.Context()
	nodes, err := w.client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{Filters: []types.InstanceInformationStringFilter{
		{Key: aws.String("tag:Role"), Values: []string{"web"}}, {Key: aws.String("PingStatus"), Values: []string{"Online"}}}})
	if err != nil || len(nodes.InstanceInformationList) != 3 || aws.ToString(nodes.InstanceInformationList[0].InstanceId) != web1 {
		t.Fatalf("%+v %v", nodes, err)
	}
	sent, err := w.client.SendCommand(ctx, &ssm.SendCommandInput{DocumentName: aws.String("AWS-RunPowerShellScript"), InstanceIds: []string{web1},
		Parameters: map[string][]string{"commands": {"dir"}}, Comment: aws.String("look"), CloudWatchOutputConfig: &types.CloudWatchOutputConfig{CloudWatchOutputEnabled: true}})
	if err != nil || aws.ToString(sent.Command.Comment) != "look" || sent.Command.Parameters["commands"][0] != "dir" || !sent.Command.CloudWatchOutputConfig.CloudWatchOutputEnabled {
		t.Fatalf("%+v %v", sent, err)
	}
	err = ssm.NewCommandExecutedWaiter(w.client, func(o *ssm.CommandExecutedWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 20*time.Millisecond
	}).Wait(ctx,
		&ssm.GetCommandInvocationInput{CommandId: sent.Command.CommandId, InstanceId: aws.String(web1)}, 5*time.Second)
	if err == nil || !strings.Contains(err.Error(), "Failure") {
		t.Errorf("the waiter: %v", err)
	}
	got, err := w.client.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: sent.Command.CommandId, InstanceId: aws.String(web1), PluginName: aws.String("aws:runPowerShellScript")})
	if err != nil || got.ResponseCode != 3 || aws.ToString(got.StandardOutputContent) != "no" || got.Status != types.CommandInvocationStatusFailed {
		t.Errorf("%+v %v", got, err)
	}
	list, err := w.client.ListCommandInvocations(ctx, &ssm.ListCommandInvocationsInput{InstanceId: aws.String(web1), Details: true, Filters: []types.CommandFilter{
		{Key: types.CommandFilterKeyStatus, Value: aws.String("Failed")}, {Key: types.CommandFilterKeyExecutionStage, Value: aws.String("Complete")},
		{Key: types.CommandFilterKeyInvokedAfter, Value: aws.String("2020-01-01T00:00:00Z")}, {Key: types.CommandFilterKeyDocumentName, Value: aws.String("AWS-RunPowerShellScript")}}})
	if err != nil || len(list.CommandInvocations) != 1 || list.CommandInvocations[0].CommandPlugins[0].ResponseCode != 3 {
		t.Errorf("%+v %v", list, err)
	}
	none, err := w.client.ListCommands(ctx, &ssm.ListCommandsInput{Filters: []types.CommandFilter{{Key: types.CommandFilterKeyInvokedBefore, Value: aws.String("2020-01-01T00:00:00Z")}}})
	if err != nil || len(none.Commands) != 0 {
		t.Errorf("%+v %v", none, err)
	}
	if _, err := w.client.CancelCommand(ctx, &ssm.CancelCommandInput{CommandId: sent.Command.CommandId}); err != nil {
		t.Error(err)
	}
	again, err := w.client.ListCommands(ctx, &ssm.ListCommandsInput{CommandId: sent.Command.CommandId})
	if err != nil || again.Commands[0].Status != types.CommandStatusFailed || again.Commands[0].ErrorCount != 1 {
		t.Errorf("%+v %v", again, err)
	}
}

func TestRunCommandRefuses(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		if err := b.server.cloud.SetInstance(web2, "stopped"); err != nil {
			b.Fatal(err)
		}
		id := b.must("SendCommand", `{"DocumentName":"X-Y","InstanceIds":["`+web1+`"]}`)["Command"].(map[string]any)["CommandId"].(string)
		for i, row := range [][3]string{
			{"SendCommand", `{"DocumentName":"X-Y"}`, "InvalidParameters"},
			{"SendCommand", `{"DocumentName":"X-Y","InstanceIds":["` + web1 + `"],"Targets":[{"Key":"tag:a","Values":["b"]}]}`, "InvalidParameters"},
			{"SendCommand", `{"DocumentName":"X-Y","InstanceIds":["` + web2 + `"]}`, "InvalidInstanceId"},
			{"SendCommand", `{"DocumentName":"X-Y","Targets":[{"Key":"resource-groups:Name","Values":["b"]}]}`, "InvalidParameters"},
			{"SendCommand", `{"DocumentName":"X-Y","InstanceIds":["` + web1 + `"],"TimeoutSeconds":5}`, "ValidationException"},
			{"SendCommand", `{"DocumentName":"X-Y","InstanceIds":["` + web1 + `"],"Parameters":{"a":["` + strings.Repeat("x", maxCommandSize) + `"]}}`, "InvalidParameters"},
			{"ListCommands", `{"CommandId":"` + someID + `"}`, "InvalidCommandId"},
			{"ListCommands", `{"Filters":[{"key":"InvokedAfter","value":"yesterday"}]}`, "InvalidFilterKey"},
			{"ListCommandInvocations", `{"NextToken":"x"}`, "InvalidNextToken"},
			{"GetCommandInvocation", `{"CommandId":"` + id + `","InstanceId":"` + web2 + `"}`, "InvocationDoesNotExist"},
			{"GetCommandInvocation", `{"CommandId":"` + id + `","InstanceId":"` + web1 + `","PluginName":"aws:other"}`, "InvalidPluginName"},
			{"CancelCommand", `{"CommandId":"` + someID + `"}`, "InvalidCommandId"},
			{"CancelCommand", `{"CommandId":"` + id + `","InstanceIds":["` + web2 + `"]}`, "InvalidInstanceId"},
			{"DescribeInstanceInformation", `{"Filters":[{"Key":"Colour","Values":["red"]}]}`, "InvalidFilterKey"},
		} {
			if status, answer := b.call(row[0], row[1]); status != 400 || answer["__type"] != row[2] {
				b.Errorf("%d: %d %v", i, status, answer)
			}
		}
		page := b.must("DescribeInstanceInformation", `{"MaxResults":5,"InstanceInformationFilterList":[{"key":"PingStatus","valueSet":["ConnectionLost"]}]}`)
		if list := page["InstanceInformationList"].([]any); len(list) != 1 || list[0].(map[string]any)["InstanceId"] != web2 {
			b.Errorf("%v", page)
		}
	})
}
