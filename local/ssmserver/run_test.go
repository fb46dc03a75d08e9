package ssmserver

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

func TestRestartRunsToTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	w.control(http.MethodPost, "/control/instances", map[string]any{"id": web1, "state": "stopping"}) // stays there
	id := w.start("AWS-RestartEC2Instance", map[string][]string{"InstanceId": {web1, web2}, "AutomationAssumeRole": {role}})
	first := w.get(id)
	w.control(http.MethodPost, "/control/instances", map[string]any{"id": web1, "state": "stopped"})
	if first.AutomationExecutionStatus != types.AutomationExecutionStatusInprogress || aws.ToString(first.CurrentStepName) != "stopInstances" {
		t.Errorf("right after the start: %s at %q", first.AutomationExecutionStatus, aws.ToString(first.CurrentStepName))
	}
	e := w.waitEnd(id)
	if e.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess || e.FailureMessage != nil || e.CurrentStepName != nil || e.CurrentAction != nil {
		t.Errorf("at the end: %+v", e)
	}
	if diff := cmp.Diff(map[string][]string{"InstanceId": {web1, web2}, "AutomationAssumeRole": {role}}, e.Parameters); diff != "" {
		t.Error(diff)
	}
	if len(e.StepExecutions) != 2 {
		t.Fatalf("steps: %+v", e.StepExecutions)
	}
	stop, start := e.StepExecutions[0], e.StepExecutions[1]
	if diff := cmp.Diff(map[string]string{"InstanceIds": `["` + web1 + `","` + web2 + `"]`, "DesiredState": `"stopped"`}, stop.Inputs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"InstanceStates": {"running", "running"}}, start.Outputs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"startInstances"}, stop.ValidNextSteps); diff != "" || start.ValidNextSteps != nil {
		t.Error(diff, start.ValidNextSteps)
	}
	if aws.ToTime(stop.ExecutionEndTime).After(aws.ToTime(start.ExecutionStartTime)) {
		t.Error("the second step began before the first one ended")
	}
}
