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

// answers is a backend of one function.
type answers func(call cloud.Call) (map[string]any, error)

func (a answers) Call(_ context.Context, call cloud.Call) (map[string]any, error) { return a(call) }

func TestLookUps(t *testing.T) {
	for name, row := range map[string]struct {
		targetType, targets string
		answer              answers
		want, message       string
		calls               []string
	}{
		"a resource group": {"/AWS::EC2::Volume", `{"Key":"ResourceGroup","Values":["disks"]}`, func(call cloud.Call) (map[string]any, error) {
			if call.Params["NextToken"] == nil {
				return map[string]any{"NextToken": "2", "ResourceIdentifiers": []any{
					map[string]any{"ResourceArn": "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1", "ResourceType": "AWS::EC2::Volume"},
					map[string]any{"ResourceArn": "arn:aws:ec2:eu-west-1:123456789012:instance/i-1", "ResourceType": "AWS::EC2::Instance"}}}, nil
			}
			return map[string]any{"ResourceIdentifiers": []any{map[string]any{"ResourceArn": "arn:aws:ec2:eu-west-1:123456789012:volume/vol-2", "ResourceType": "AWS::EC2::Volume"}}}, nil
		}, "Success: vol-1=Success vol-2=Success", "", []string{`resource-groups.ListGroupResources {"Group":"disks"}`, `resource-groups.ListGroupResources {"Group":"disks","NextToken":"2"}`}},
		"a tag of volumes": {"/AWS::EC2::Volume", `{"Key":"tag:Env","Values":["a","b"]}`, func(cloud.Call) (map[string]any, error) {
			return map[string]any{"ResourceTagMappingList": []any{map[string]any{"ResourceARN": "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1"}}, "PaginationToken": ""}, nil
		}, "Success: vol-1=Success", "", []string{`resourcegroupstaggingapi.GetResources {"ResourceTypeFilters":["ec2:volume"],"TagFilters":[{"Key":"Env","Values":["a","b"]}]}`}},
		"a tag of anything": {"/", `{"Key":"tag:Env","Values":["a"]}`, func(cloud.Call) (map[string]any, error) {
			return map[string]any{"Reservations": []any{map[string]any{"Instances": []any{map[string]any{"InstanceId": "i-1"}, map[string]any{"InstanceId": "i-2"}}}}}, nil
		}, "Success: i-1=Success i-2=Success", "", []string{`ec2.DescribeInstances {"Filters":[{"Name":"tag:Env","Values":["a"]}]}`}},
		"all instances": {"/", `{"Key":"InstanceIds","Values":["*"]}`, func(cloud.Call) (map[string]any, error) {
			return map[string]any{}, nil
		}, "Failed:", "no resource matches them", []string{`ec2.DescribeInstances {"Filters":[{"Name":"instance-state-name","Values":["pending","running","stopping","stopped"]}]}`}},
		"a refusal": {"/", `{"Key":"tag:Env","Values":["a"]}`, func(call cloud.Call) (map[string]any, error) {
			return nil, &cloud.Error{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Operation: call.Operation}
		}, "Failed:", "An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation: You are not", []string{`ec2.DescribeInstances {"Filters":[{"Name":"tag:Env","Values":["a"]}]}`}},
		"another shape": {"/", `{"Key":"tag:Env","Values":["a"]}`, func(cloud.Call) (map[string]any, error) {
			return map[string]any{"Reservations": "none"}, nil
		}, "Failed:", "reading the answer of ec2.DescribeInstances: ", []string{`ec2.DescribeInstances {"Filters":[{"Name":"tag:Env","Values":["a"]}]}`}},
		"no end": {"/", `{"Key":"ResourceGroup","Values":["g"]}`, func(cloud.Call) (map[string]any, error) {
			return map[string]any{"NextToken": "again"}, nil
		}, "Failed:", "resource-groups.ListGroupResources has more than 100 pages", nil},
		"too many": {"/", `{"Key":"tag:Env","Values":["a"]}`, func(cloud.Call) (map[string]any, error) {
			all := make([]any, maxChildren+1)
			for i := range all {
				all[i] = map[string]any{"Instances": []any{map[string]any{"InstanceId": fmt.Sprint("i-", i)}}}
			}
			return map[string]any{"Reservations": all}, nil
		}, "Failed:", "there are more than 5000 resources", nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				b.server.backend = row.answer
				b.must("CreateDocument", fmt.Sprintf(`{"Name":"Test-Volumes","DocumentType":"Automation","TargetType":%q,"Content":%q}`, row.targetType,
					`{"schemaVersion":"0.3","parameters":{"Id":{"type":"String"}},"mainSteps":[`+ok("a", "")+`]}`))
				id := b.begin(`{"DocumentName":"Test-Volumes","TargetParameterName":"Id","Targets":[` + row.targets + `]}`)
				e := b.after(time.Minute, id)
				b.want(e, row.want)
				if !strings.HasPrefix(strings.TrimPrefix(e.FailureMessage, "The targets couldn't be resolved: "), row.message) {
					b.Errorf("message %q", e.FailureMessage)
				}
				ran, _ := b.server.executions.get(id)
				var calls []string
				for _, call := range ran.awsCalls {
					calls = append(calls, call.Operation+" "+string(call.Params))
				}
				if diff := cmp.Diff(row.calls, calls); diff != "" && row.calls != nil {
					b.Error(diff)
				}
				found := b.must("DescribeAutomationExecutions", `{"Filters":[{"Key":"TargetResourceGroup","Values":["disks","g"]}]}`)["AutomationExecutionMetadataList"].([]any)
				if (len(found) == 1) != strings.Contains(row.targets, "ResourceGroup") {
					b.Errorf("%d of the resource group", len(found))
				}
			})
		})
	}
}
