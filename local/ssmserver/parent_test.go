package ssmserver

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
)

func TestRateControlOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	in := &ssm.StartAutomationExecutionInput{DocumentName: aws.String("AWS-RestartEC2Instance"), TargetParameterName: aws.String("InstanceId"),
		Targets:    []types.Target{{Key: aws.String("tag:Role"), Values: []string{"web"}}},
		Parameters: map[string][]string{"AutomationAssumeRole": {role}}, MaxConcurrency: aws.String("100%"), MaxErrors: aws.String("1"),
		ClientToken: aws.String(uuid.NewString())}
	out, err := w.client.StartAutomationExecution(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.client.StartAutomationExecution(t.Context(), in); err != nil || *again.AutomationExecutionId != *out.AutomationExecutionId {
		t.Errorf("the same again: %v, %v", again, err)
	}
	id := *out.AutomationExecutionId
	e := w.waitEnd(id)
	var steps []string
	for _, s := range e.StepExecutions {
		steps = append(steps, fmt.Sprintf("%s %s %s %s", *s.StepName, *s.Action, s.StepStatus, s.Inputs["InstanceId"]))
	}
	want := []string{web1 + " aws:executeAutomation Success " + web1, web2 + " aws:executeAutomation Success " + web2, web3 + " aws:executeAutomation Success " + web3}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&types.ProgressCounters{TotalSteps: 3, SuccessSteps: 3}, e.ProgressCounters, cmpopts.IgnoreUnexported(types.ProgressCounters{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{web1, web2, web3}, e.ResolvedTargets.ParameterValues); diff != "" || *e.TargetParameterName != "InstanceId" || *e.Targets[0].Key != "tag:Role" {
		t.Errorf("%s %+v", diff, e)
	}
	list, err := w.client.DescribeAutomationExecutions(t.Context(), &ssm.DescribeAutomationExecutionsInput{
		Filters: []types.AutomationExecutionFilter{{Key: types.AutomationExecutionFilterKeyParentExecutionId, Values: []string{id}}}})
	if err != nil || len(list.AutomationExecutionMetadataList) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, child := range list.AutomationExecutionMetadataList {
		if aws.ToString(child.ParentAutomationExecutionId) != id || aws.ToString(child.Target) != []string{web3, web2, web1}[i] || child.AutomationType != types.AutomationTypeLocal {
			t.Errorf("child %d: %+v", i, child)
		}
	}
	_, err = w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: aws.String("AWS-RestartEC2Instance"),
		TargetParameterName: aws.String("InstanceId"), Targets: []types.Target{{Key: aws.String("InstanceIds"), Values: []string{web1}}}})
	if code, _ := refusal(err); code != "InvalidTarget" {
		t.Errorf("InvalidTarget: %v", err)
	}
}

func TestLocationsOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	out, err := w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: aws.String("AWS-StartEC2Instance"),
		Parameters:      map[string][]string{"InstanceId": {web1}},
		TargetLocations: []types.TargetLocation{{Accounts: []string{other}, Regions: []string{"us-east-1"}, TargetLocationMaxErrors: aws.String("0")}}})
	if err != nil {
		t.Fatal(err)
	}
	e := w.waitEnd(*out.AutomationExecutionId)
	step := e.StepExecutions[0]
	if e.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess || step.TargetLocation.Accounts[0] != other || *e.TargetLocations[0].TargetLocationMaxErrors != "0" {
		t.Errorf("%+v", e)
	}
	child := w.get(step.Outputs["Output"][0])
	if aws.ToString(child.ParentAutomationExecutionId) != *out.AutomationExecutionId || !strings.HasPrefix(*child.ExecutedBy, "arn:aws:sts::"+other+":assumed-role/AWS-SystemsManager-AutomationExecutionRole/") {
		t.Errorf("%+v", child)
	}
}

// A thousand children at once of a runbook with ten steps stay small, and all of them end.
func TestAThousandChildren(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		steps := []string{ok("wait", "")}
		for i := range 9 {
			steps = append(steps, fmt.Sprintf(`{"name":"s%d","action":"aws:sleep","inputs":{"Duration":"PT0S"}}`, i))
		}
		b.runbook("Test-Ten", "", `"N":{"type":"String"}`, strings.Join(steps, ","), "")
		ids := make([]string, 1000)
		maps := make([]string, 300)
		for i := range ids {
			ids[i] = fmt.Sprintf(`{"N":["%d"]}`, i)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var parents []string
		for i := range 4 {
			n := copy(maps, ids[i*300:min((i+1)*300, 1000)])
			parents = append(parents, b.begin(`{"DocumentName":"Test-Ten","TargetParameterName":"N","MaxConcurrency":"100%","TargetMaps":[`+strings.Join(maps[:n], ",")+`]}`))
		}
		for i, id := range parents {
			if e := b.after(time.Minute, id); e.AutomationExecutionStatus != statusSuccess || e.StepExecutionsTruncated != (i < 3) {
				b.Errorf("%s: %s, truncated %v", e.AutomationExecutionStatus, e.FailureMessage, e.StepExecutionsTruncated)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 200<<20 {
			b.Errorf("the heap grew by %d MB", grown>>20)
		}
		if n := len(b.server.executions.newest()); n != 1004 {
			b.Errorf("%d executions", n)
		}
	})
}
