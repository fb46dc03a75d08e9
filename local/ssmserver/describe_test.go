package ssmserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// describe gives the names of what a Describe call answers, by alias, and its NextToken.
func (b *bubble) describe(operation, list, field, body string, aliases map[string]string) (string, string) {
	b.Helper()
	answer := b.must(operation, body)
	var names []string
	items, _ := answer[list].([]any)
	for _, item := range items {
		name, _ := item.(map[string]any)[field].(string)
		if alias, ok := aliases[name]; ok {
			name = alias
		}
		names = append(names, name)
	}
	token, _ := answer["NextToken"].(string)
	return strings.Join(names, " "), token
}

func TestDescribeExecutions(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Alpha-Sleep", ok("a", ""))
		b.create("Beta-Stuck", stuck("a", ""))
		aliases := map[string]string{}
		var ids []string
		began := time.Now()
		for i, name := range []string{"Alpha-Sleep", "Beta-Stuck", "Alpha-Sleep", "Beta-Stuck"} {
			id, _ := b.must("StartAutomationExecution", fmt.Sprintf(`{"DocumentName":%q,"Tags":[{"Key":"handrail:%d","Value":""}]}`, name, i+1))["AutomationExecutionId"].(string)
			aliases[id] = fmt.Sprint(i + 1)
			ids = append(ids, id)
			time.Sleep(10 * time.Second)
		}
		at := func(seconds int) string {
			return began.Add(time.Duration(seconds) * time.Second).UTC().Format(time.RFC3339)
		}
		for filters, want := range map[string]string{
			`{}`: "4 3 2 1",
			`{"Filters":[{"Key":"DocumentNamePrefix","Values":["Alp"]}]}`:                                                             "3 1",
			`{"Filters":[{"Key":"DocumentNamePrefix","Values":["lpha"]}]}`:                                                            "",
			`{"Filters":[{"Key":"DocumentNamePrefix","Values":["Alp","Bet"]}]}`:                                                       "4 3 2 1",
			`{"Filters":[{"Key":"ExecutionStatus","Values":["InProgress"]}]}`:                                                         "4 2",
			`{"Filters":[{"Key":"ExecutionStatus","Values":["Success","InProgress"]}]}`:                                               "4 3 2 1",
			`{"Filters":[{"Key":"ExecutionId","Values":["` + ids[0] + `","` + ids[3] + `","` + ids[0] + `","gone"]}]}`:                "4 1",
			`{"Filters":[{"Key":"ExecutionId","Values":["` + ids[0] + `"]},{"Key":"ExecutionStatus","Values":["InProgress"]}]}`:       "",
			`{"Filters":[{"Key":"ExecutionId","Values":["` + ids[0] + `"]},{"Key":"ExecutionId","Values":["` + ids[1] + `"]}]}`:       "",
			`{"Filters":[{"Key":"CurrentAction","Values":["aws:changeInstanceState"]}]}`:                                              "4 2",
			`{"Filters":[{"Key":"StartTimeAfter","Values":["` + at(10) + `"]}]}`:                                                      "4 3 2",
			`{"Filters":[{"Key":"StartTimeBefore","Values":["` + at(10) + `"]}]}`:                                                     "2 1",
			`{"Filters":[{"Key":"StartTimeAfter","Values":["` + at(5) + `"]},{"Key":"StartTimeBefore","Values":["` + at(25) + `"]}]}`: "3 2",
			`{"Filters":[{"Key":"AutomationType","Values":["Local"]}]}`:                                                               "4 3 2 1",
			`{"Filters":[{"Key":"AutomationType","Values":["CrossAccount"]}]}`:                                                        "",
			`{"Filters":[{"Key":"TagKey","Values":["handrail:3"]}]}`:                                                                  "3",
			`{"Filters":[{"Key":"TagKey","Values":["handrail"]}]}`:                                                                    "",
			`{"Filters":[{"Key":"ParentExecutionId","Values":["x"]}]}`:                                                                "",
			`{"Filters":[{"Key":"TargetResourceGroup","Values":["x"]}]}`:                                                              "",
			`{"Filters":[{"Key":"AutomationSubtype","Values":["ChangeRequest"]}]}`:                                                    "",
			`{"Filters":[{"Key":"OpsItemId","Values":["x"]}]}`:                                                                        "",
		} {
			if got, token := b.describe("DescribeAutomationExecutions", "AutomationExecutionMetadataList", "AutomationExecutionId", filters, aliases); got != want || token != "" {
				b.Errorf("%s: got %q, want %q, token %q", filters, got, want, token)
			}
		}
		page, token := b.describe("DescribeAutomationExecutions", "AutomationExecutionMetadataList", "AutomationExecutionId", `{"MaxResults":3}`, aliases)
		if page != "4 3 2" || token == "" {
			b.Errorf("first page %q %q", page, token)
		}
		b.must("StartAutomationExecution", `{"DocumentName":"Alpha-Sleep"}`)
		page, last := b.describe("DescribeAutomationExecutions", "AutomationExecutionMetadataList", "AutomationExecutionId", fmt.Sprintf(`{"MaxResults":3,"NextToken":%q}`, token), aliases)
		if page != "1" || last != "" {
			b.Errorf("second page %q %q", page, last)
		}
		if status, answer := b.call("DescribeAutomationStepExecutions", fmt.Sprintf(`{"AutomationExecutionId":%q,"NextToken":%q}`, ids[0], token)); answer["__type"] != codeInvalidToken {
			b.Errorf("the token of another list: %d %v", status, answer)
		}
	})
}

func TestDescribeSteps(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		began := time.Now()
		id := b.start(ok("a", `,"nextStep":"c"`) + "," + ok("b", "") + "," + ok("c", "") + "," + stuck("d", "") + "," + ok("e", ""))
		e := b.after(5*time.Second, id)
		at := began.Add(time.Second).UTC().Format(time.RFC3339)
		for more, want := range map[string]string{
			``:                     "a c d b e",
			`,"ReverseOrder":true`: "e b d c a",
			`,"Filters":[{"Key":"StepExecutionStatus","Values":["Pending"]}]`:                                                      "b e",
			`,"Filters":[{"Key":"StepExecutionStatus","Values":["Pending","InProgress"]},{"Key":"Action","Values":["aws:sleep"]}]`: "b e",
			`,"Filters":[{"Key":"StepName","Values":["c","a"]}]`:                                                                   "a c",
			`,"Filters":[{"Key":"StepExecutionId","Values":["` + e.StepExecutions[1].StepExecutionId + `"]}]`:                      "c",
			`,"Filters":[{"Key":"Action","Values":["aws:changeInstanceState"]}]`:                                                   "d",
			`,"Filters":[{"Key":"StartTimeAfter","Values":["` + at + `"]}]`:                                                        "c d",
			`,"Filters":[{"Key":"StartTimeBefore","Values":["` + at + `"]}]`:                                                       "a c",
			`,"Filters":[{"Key":"ParentStepExecutionId","Values":["x"]}]`:                                                          "",
			`,"Filters":[{"Key":"ParentStepIteration","Values":["1"]}]`:                                                            "",
			`,"Filters":[{"Key":"ParentStepIteratorValue","Values":["1"]}]`:                                                        "",
		} {
			if got, _ := b.describe("DescribeAutomationStepExecutions", "StepExecutions", "StepName", `{"AutomationExecutionId":"`+id+`"`+more+`}`, nil); got != want {
				b.Errorf("%s: got %q, want %q", more, got, want)
			}
		}
		first, token := b.describe("DescribeAutomationStepExecutions", "StepExecutions", "StepName", `{"AutomationExecutionId":"`+id+`","MaxResults":4}`, nil)
		second, last := b.describe("DescribeAutomationStepExecutions", "StepExecutions", "StepName", `{"AutomationExecutionId":"`+id+`","MaxResults":4,"NextToken":"`+token+`"}`, nil)
		if first != "a c d b" || second != "e" || last != "" {
			b.Errorf("pages %q %q %q", first, second, last)
		}
	})
}

// The answers to the two commands that everyone knows, field by field.
func TestAnswersHoldEveryField(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"AWS-RestartEC2Instance","Parameters":{"InstanceId":["`+web1+`"],"AutomationAssumeRole":["`+role+`"]}}`)["AutomationExecutionId"].(string)
		began := float64(time.Now().UnixMilli()) / 1000
		describe := func() map[string]any {
			list, _ := b.must("DescribeAutomationExecutions", `{"Filters":[{"Key":"ExecutionId","Values":["`+id+`"]}]}`)["AutomationExecutionMetadataList"].([]any)
			return list[0].(map[string]any)
		}
		want := map[string]any{"AutomationExecutionId": id, "AutomationExecutionStatus": "InProgress", "CurrentStepName": "stopInstances",
			"CurrentAction": "aws:changeInstanceState", "DocumentName": "AWS-RestartEC2Instance", "DocumentVersion": "1",
			"ExecutedBy": "arn:aws:sts::123456789012:assumed-role/handrail/local", "ExecutionStartTime": began, "LogFile": "", "Mode": "Auto", "Outputs": map[string]any{},
			"ResolvedTargets": map[string]any{"ParameterValues": []any{}, "Truncated": false}, "Targets": []any{}, "AutomationType": "Local"}
		if diff := cmp.Diff(want, describe()); diff != "" {
			b.Error(diff)
		}
		b.after(5*time.Second, id)
		delete(want, "CurrentStepName")
		delete(want, "CurrentAction")
		want["AutomationExecutionStatus"], want["ExecutionEndTime"] = "Success", began+5
		if diff := cmp.Diff(want, describe()); diff != "" {
			b.Error(diff)
		}
		detail := b.must("GetAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)["AutomationExecution"].(map[string]any)
		steps, _ := detail["StepExecutions"].([]any)
		first := steps[0].(map[string]any)
		delete(first, "StepExecutionId")
		step := map[string]any{"StepName": "stopInstances", "Action": "aws:changeInstanceState", "ExecutionStartTime": began, "ExecutionEndTime": began + 2.5, "StepStatus": "Success",
			"Inputs": map[string]any{"InstanceIds": `["` + web1 + `"]`, "DesiredState": `"stopped"`}, "Outputs": map[string]any{"InstanceStates": []any{"stopped"}},
			"OverriddenParameters": map[string]any{}, "ValidNextSteps": []any{"startInstances"}}
		if diff := cmp.Diff(step, first); diff != "" {
			b.Error(diff)
		}
		delete(detail, "StepExecutions")
		for _, name := range []string{"LogFile", "AutomationType"} {
			delete(want, name)
		}
		want["StepExecutionsTruncated"], want["Parameters"] = false, map[string]any{"InstanceId": []any{web1}, "AutomationAssumeRole": []any{role}}
		if diff := cmp.Diff(want, detail); diff != "" {
			b.Error(diff)
		}
	})
}

func TestOutputsAndReferences(t *testing.T) {
	inBubble(t, Options{Region: "cn-north-1"}, func(b *bubble) {
		content := `{"schemaVersion":"0.3","parameters":{"Ids":{"type":"StringList"},"Force":{"type":"Boolean","default":true}},
"variables":{"Wait":{"type":"String","default":"PT2S"}},"mainSteps":[
{"name":"stop","action":"aws:changeInstanceState","inputs":{"InstanceIds":"{{ Ids }}","DesiredState":"stopped","Force":"{{ Force }}",
 "AdditionalInfo":"{{global:AWS_PARTITION}} {{ global:REGION }} {{ global:ACCOUNT_ID }} {{ global:DATE }} {{ global:DATE_TIME }} {{ automation:EXECUTION_ID }} {{ a.b.c }}"}},
{"name":"wait","action":"aws:sleep","inputs":{"Duration":"{{ variable:Wait }}"}},
{"name":"look","action":"aws:branch","inputs":{"Choices":[{"Variable":"{{ stop.InstanceStates }}","Contains":"stopped","NextStep":"start"}]},"isEnd":true},
{"name":"start","action":"aws:changeInstanceState","inputs":{"InstanceIds":["i-0ccccccccccccccc1"],"DesiredState":"running"}}],
"outputs":["stop.InstanceStates","start.InstanceStates","stop.Nothing"]}`
		quoted, err := json.Marshal(content)
		if err != nil {
			b.Fatal(err)
		}
		b.must("CreateDocument", `{"Name":"Test-References","DocumentType":"Automation","Content":`+string(quoted)+`}`)
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"Test-References","Parameters":{"Ids":["`+web1+`","`+web2+`"]}}`)["AutomationExecutionId"].(string)
		e := b.after(time.Minute, id)
		b.want(e, "Failed: stop=Success wait=Success look=Success start=Failed")
		want := map[string]string{"InstanceIds": `["` + web1 + `","` + web2 + `"]`, "DesiredState": `"stopped"`, "Force": "true",
			"AdditionalInfo": `"aws-cn cn-north-1 123456789012 2000-01-01 2000-01-01_00.00.00 ` + id + ` {{ a.b.c }}"`}
		if diff := cmp.Diff(want, e.StepExecutions[0].Inputs); diff != "" {
			b.Error(diff)
		}
		outputs := map[string][]string{"stop.InstanceStates": {"stopped", "stopped"}, "start.InstanceStates": {noOutput}, "stop.Nothing": {}}
		if diff := cmp.Diff(outputs, e.Outputs); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(map[string][]string{"Wait": {"PT2S"}}, e.Variables); diff != "" {
			b.Error(diff)
		}
	})
}
