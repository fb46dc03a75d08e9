package ssmserver

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"handrail/runbook"
)

func (b *bubble) preview(request string) previewResponse {
	b.Helper()
	id, _ := b.must("StartExecutionPreview", request)["ExecutionPreviewId"].(string)
	synctest.Wait()
	b.must("GetExecutionPreview", `{"ExecutionPreviewId":"`+id+`"}`)
	b.server.previews.mu.Lock()
	defer b.server.previews.mu.Unlock()
	return b.server.previews.find(id).answer
}

func TestPreviews(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Reader", ok("a", "")+`,{"name":"r","action":"aws:executeAwsApi","inputs":{"Service":"ec2","Api":"DescribeInstances"}}`)
		b.runbook("Test-Impact", "{{ Role }}", `"Role":{"type":"String","default":""},"Id":{"type":"AWS::EC2::Instance::Id"}`, change("stop", "stopped", `["{{ Id }}"]`, "")+","+
			child("read", `"DocumentName":"Test-Reader"`, "")+`,{"name":"l","action":"aws:loop","inputs":{"Iterators":["a"],"Steps":[`+ok("x", "")+`,`+tagged("y", "")+`]}},`+
			child("unknown", `"DocumentName":"Test-Nothing"`, ""), "")
		steps := map[runbook.Effect]int{runbook.Mutating: 2, runbook.NonMutating: 2, runbook.Undetermined: 1}
		for name, row := range map[string]struct {
			request string
			want    automationPreview
		}{
			"nothing given": {``, automationPreview{StepPreviews: steps, Regions: []string{"eu-west-1"}, TargetPreviews: []targetPreview{}, TotalAccounts: 1}},
			"a tag": {`"TargetParameterName":"Id","Targets":[{"Key":"tag:Role","Values":["web"]}]`,
				automationPreview{StepPreviews: steps, Regions: []string{"eu-west-1"}, TargetPreviews: []targetPreview{{3, "AWS::EC2::Instance"}}, TotalAccounts: 1}},
			"locations": {`"TargetParameterName":"Id","Targets":[{"Key":"tag:Role","Values":["db"]}],"TargetLocations":[
				{"Accounts":["` + other + `","111111111111"],"Regions":["us-east-1","eu-west-1"],"ExcludeAccounts":["111111111111"]},
				{"Accounts":["` + other + `"],"Regions":["eu-west-1"],"Targets":[{"Key":"ParameterValues","Values":["` + web1 + `","` + web2 + `"]}]}]`,
				automationPreview{StepPreviews: steps, Regions: []string{"eu-west-1", "us-east-1"}, TargetPreviews: []targetPreview{{4, "AWS::EC2::Instance"}}, TotalAccounts: 1}},
			"locations without targets": {`"TargetLocations":[{"Accounts":["` + other + `"],"Regions":["us-east-1"]}]`,
				automationPreview{StepPreviews: steps, Regions: []string{"us-east-1"}, TargetPreviews: []targetPreview{}, TotalAccounts: 1}},
		} {
			got := b.preview(`{"DocumentName":"Test-Impact","ExecutionInputs":{"Automation":{` + row.request + `}}}`)
			if got.Status != "Success" || got.EndedAt.IsZero() || got.ExecutionPreview == nil {
				b.Errorf("%s: %+v", name, got)
				continue
			}
			if diff := cmp.Diff(row.want, got.ExecutionPreview.Automation); diff != "" {
				b.Errorf("%s: %s", name, diff)
			}
		}
		got := b.preview(`{"DocumentName":"Test-Impact","ExecutionInputs":{"Automation":{"TargetParameterName":"Id","Targets":[{"Key":"tag:Role","Values":["none"]}]}}}`)
		if got.Status != "Failed" || got.StatusMessage != "The targets couldn't be resolved: no resource matches them" || got.ExecutionPreview != nil {
			b.Errorf("no targets: %+v", got)
		}
		if n := len(b.server.executions.newest()); n != 0 {
			b.Errorf("%d executions", n)
		}
		for range maxPreviews {
			b.must("StartExecutionPreview", `{"DocumentName":"Test-Reader"}`)
		}
		if n := len(b.server.previews.list); n != maxPreviews {
			b.Errorf("%d previews are kept", n)
		}
		if status, answer := b.call("GetExecutionPreview", `{"ExecutionPreviewId":"`+got.ExecutionPreviewId+`"}`); status != 400 || answer["__type"] != "ResourceNotFoundException" {
			b.Errorf("a forgotten one: %d %v", status, answer)
		}
		for request, message := range map[string]string{
			`"DocumentName":"Test-Nothing"`:                                                              "An Automation runbook with the name Test-Nothing",
			`"DocumentName":"Test-Impact","DocumentVersion":"4"`:                                         `An Automation runbook with the name Test-Impact and the version "4"`,
			`"DocumentName":"Test-Impact","ExecutionInputs":{"Automation":{"Parameters":{"Id":["x"]}}}`:  `Parameter "Id" has value "x" not matching`,
			`"DocumentName":"Test-Impact","ExecutionInputs":{"Automation":{"TargetParameterName":"Id"}}`: "Targets or TargetMaps are required",
		} {
			status, answer := b.call("StartExecutionPreview", `{`+request+`}`)
			if text, _ := answer["Message"].(string); status != 400 || answer["__type"] != "ValidationException" || !strings.HasPrefix(text, message) {
				b.Errorf("%s: %d %v", request, status, answer)
			}
		}
	})
}

func TestPreviewsOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	started, err := w.client.StartExecutionPreview(t.Context(), &ssm.StartExecutionPreviewInput{DocumentName: aws.String("AWS-RestartEC2Instance"),
		ExecutionInputs: &types.ExecutionInputsMemberAutomation{Value: types.AutomationExecutionInputs{TargetParameterName: aws.String("InstanceId"),
			Targets: []types.Target{{Key: aws.String("tag:Role"), Values: []string{"web"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		got, err := w.client.GetExecutionPreview(t.Context(), &ssm.GetExecutionPreviewInput{ExecutionPreviewId: started.ExecutionPreviewId})
		if err != nil {
			t.Fatal(err)
		}
		if got.Status == types.ExecutionPreviewStatusSuccess {
			want := &types.ExecutionPreviewMemberAutomation{Value: types.AutomationExecutionPreview{StepPreviews: map[string]int32{"Mutating": 2}, Regions: []string{"eu-west-1"},
				TargetPreviews: []types.TargetPreview{{Count: 3, TargetType: aws.String("AWS::EC2::Instance")}}, TotalAccounts: 1}}
			if diff := cmp.Diff(want, got.ExecutionPreview, cmpopts.IgnoreUnexported(types.AutomationExecutionPreview{}, types.TargetPreview{}, types.ExecutionPreviewMemberAutomation{})); diff != "" {
				t.Error(diff)
			}
			return
		}
		if time.Now().After(deadline) || !sleep(t.Context(), 2*time.Millisecond) {
			t.Fatalf("the preview stays %s: %s", got.Status, aws.ToString(got.StatusMessage))
		}
	}
}
