package ssmserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

// act is a step of an action with its inputs as JSON without the outer brackets.
func act(name, action, inputs string) string {
	return fmt.Sprintf(`{"name":%q,"action":%q,"inputs":{%s}}`, name, action, inputs)
}

const smallTemplate = `"TemplateBody":"{\"Parameters\":{\"Name\":{\"Type\":\"String\"}},\"Resources\":{\"T\":{\"Type\":\"AWS::SNS::Topic\"}},\"Outputs\":{\"Said\":{\"Value\":{\"Ref\":\"Name\"}}}}",` +
	`"Parameters":[{"ParameterKey":"Name","ParameterValue":"{{ P }}"}]`

func TestActionsOnTheCloud(t *testing.T) {
	const image = "ami-0aaaaaaaaaaaaaaa1"
	launch := act("launch", "aws:runInstances", `"ImageId":"`+image+`","MinInstanceCount":"2","MaxInstanceCount":2,"Monitoring":"true","IamInstanceProfileName":"p","TagSpecifications":[{"ResourceType":"instance","Tags":[{"Key":"By","Value":"{{ P }}"}]}]`)
	for name, row := range map[string]struct {
		steps, want string
		outputs     []string // step.Output, each as "step.Output=value" where the value must be within
		ledger      string
	}{
		"launch": {launch + "," + api("look", "ec2", "DescribeInstances", `,"InstanceIds":"{{ launch.InstanceIds }}"},"outputs":[{"Name":"Kind","Selector":"$.Reservations[0].Instances[0].InstanceType","Type":"String"},`+
			`{"Name":"Tag","Selector":"$.Reservations[0].Instances[1].Tags[0].Value","Type":"String"},{"Name":"Profile","Selector":"$.Reservations[0].Instances[1].IamInstanceProfile.Arn","Type":"String"}]}`),
			"Success: launch=Success look=Success", []string{"launch.InstanceStates=running,running", "look.Kind=m1.small", "look.Tag=x", "look.Profile=instance-profile/p"}, "ec2.RunInstances ec2.DescribeInstances"},
		"make, copy and delete an image": {act("make", "aws:createImage", `"InstanceId":"`+web1+`","ImageName":"one-{{ P }}","NoReboot":true,"ImageDescription":"d"`) + "," +
			act("copy", "aws:copyImage", `"SourceImageId":"{{ make.ImageId }}","SourceRegion":"{{ global:REGION }}","ImageName":"two","Encrypted":"true","KmsKeyId":""`) + "," +
			act("delete", "aws:deleteImage", `"ImageId":"{{ copy.ImageId }}"`),
			"Success: make=Success copy=Success delete=Success", []string{"make.ImageState=available", "copy.ImageState=available", "copy.ImageId=ami-"},
			"ec2.CreateImage ec2.DescribeImages ec2.CopyImage ec2.DescribeImages ec2.DeregisterImage ec2.DeleteSnapshot"},
		"tags": {act("tag", "aws:createTags", `"ResourceIds":["`+web1+`","`+image+`"],"Tags":[{"Key":"Patched","Value":"{{ P }}"}]`) + "," +
			api("look", "ec2", "DescribeTags", `,"Filters":[{"Name":"key","Values":["Patched"]}]},"outputs":[{"Name":"Ids","Selector":"$.Tags[*].ResourceId","Type":"StringList"}]}`),
			"Success: tag=Success look=Success", []string{"look.Ids=" + web1 + "," + image}, "ec2.CreateTags ec2.DescribeTags"},
		"a stack": {act("create", "aws:createStack", `"StackName":"one",`+smallTemplate) + "," +
			api("look", "cloudformation", "DescribeStacks", `,"StackName":"{{ create.StackId }}"},"outputs":[{"Name":"Said","Selector":"$.Stacks[0].Outputs[0].OutputValue","Type":"String"}]}`) + "," +
			act("delete", "aws:deleteStack", `"StackName":"one"`) + "," + act("again", "aws:deleteStack", `"StackName":"one"`),
			"Success: create=Success look=Success delete=Success again=Success", []string{"create.StackStatus=CREATE_COMPLETE", "look.Said=x"},
			"cloudformation.CreateStack cloudformation.DescribeStacks cloudformation.DeleteStack cloudformation.DescribeStacks " +
				"cloudformation.DescribeStacks ValidationError cloudformation.DeleteStack cloudformation.DescribeStacks ValidationError"},
		"restart": {change("stop", "stopped", `"`+web1+`"`, "") + "," + change("start", "running", `"`+web1+`"`, ""), "Success: stop=Success start=Success", []string{"start.InstanceStates=running"},
			"ec2.StopInstances ec2.DescribeInstanceStatus ec2.StartInstances ec2.DescribeInstanceStatus"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.start(row.steps)
				e := b.after(time.Minute, id)
				b.want(e, row.want)
				for _, want := range row.outputs {
					where, value, _ := strings.Cut(want, "=")
					step, output, _ := strings.Cut(where, ".")
					if got := strings.Join(outputsOf(e, step)[output], ","); !strings.Contains(got, value) {
						b.Errorf("%s is %q, not %q", where, got, value)
					}
				}
				if diff := cmp.Diff(row.ledger, strings.Join(slices.Compact(b.ledger(id)), " ")); diff != "" {
					b.Error(diff)
				}
			})
		})
	}
}

func TestActionsOnTheCloudFail(t *testing.T) {
	stubs := `
ec2.CreateImage: [{when: {Name: broken}, response: {ImageId: ami-0bbbbbbbbbbbbbbb1}}]
ec2.DescribeImages: [{when: {ImageIds: [ami-0bbbbbbbbbbbbbbb1]}, response: {Images: [{State: failed, StateReason: {Message: no room}}]}}]
ec2.RunInstances: [{when: {InstanceType: x.dies}, response: {Instances: [{InstanceId: i-0ddddddddddddddd1}]}}]
ec2.DescribeInstances:
  - when: {InstanceIds: [i-0ddddddddddddddd1]}
    response: {Reservations: [{Instances: [{InstanceId: i-0ddddddddddddddd1, State: {Name: terminated}, StateReason: {Message: no capacity}}]}]}
cloudformation.CreateStack: [{when: {StackName: broken}, response: {StackId: broken-id}}]
cloudformation.DescribeStacks:
  - {when: {StackName: broken-id}, response: {Stacks: [{StackStatus: ROLLBACK_COMPLETE, StackStatusReason: a role is missing}]}}
  - {when: {StackName: kept}, response: {Stacks: [{StackStatus: DELETE_FAILED, StackStatusReason: a bucket is not empty}]}}
cloudformation.DeleteStack: [{when: {StackName: others}, error: {code: AccessDenied, message: not you}}]
`
	for name, row := range map[string]struct{ step, want string }{
		"an image that fails":           {act("a", "aws:createImage", `"InstanceId":"`+web1+`","ImageName":"broken"`), "Step fails when it is Poll action status for completion. The image ami-0bbbbbbbbbbbbbbb1 is failed: no room. " + guide},
		"an instance that dies":         {act("a", "aws:runInstances", `"ImageId":"ami-1","InstanceType":"x.dies"`), "Poll action status for completion. The instance i-0ddddddddddddddd1 is terminated. no capacity. "},
		"no such image":                 {act("a", "aws:runInstances", `"ImageId":"ami-0ccccccccccccccc1"`), "Execute/Cancelling action. The image id '[ami-0ccccccccccccccc1]' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidAMIID.NotFound; Request ID: "},
		"no image":                      {act("a", "aws:runInstances", `"InstanceType":"t3.micro"`), "validating and resolving the step inputs. The input ImageId is required"},
		"a stack that rolls back":       {act("a", "aws:createStack", `"StackName":"broken",`+smallTemplate), "Poll action status for completion. The stack broken is ROLLBACK_COMPLETE. a role is missing. "},
		"a template that is none":       {act("a", "aws:createStack", `"StackName":"x","TemplateBody":"..."`), "Template format error: unsupported structure. (Service: AmazonCloudFormation; Status Code: 400; Error Code: ValidationError; "},
		"a stack that stays":            {act("a", "aws:deleteStack", `"StackName":"kept"`), "Poll action status for completion. The stack kept is DELETE_FAILED. a bucket is not empty. "},
		"a stack of others":             {act("a", "aws:deleteStack", `"StackName":"others"`), "not you (Service: AmazonCloudFormation; Status Code: 400; Error Code: AccessDenied; "},
		"another input of a stack":      {act("a", "aws:deleteStack", `"StackName":"kept","Force":true`), "The input Force is not one of"},
		"no name of a stack":            {act("a", "aws:deleteStack", `"StackName":""`), "The input StackName is required"},
		"an image that is not there":    {act("a", "aws:deleteImage", `"ImageId":"ami-0ccccccccccccccc1"`), "Error Code: InvalidAMIID.NotFound"},
		"a copy of nothing":             {act("a", "aws:copyImage", `"SourceImageId":"ami-0ccccccccccccccc1","SourceRegion":"eu-west-1","ImageName":"copy"`), "Error Code: InvalidAMIID.NotFound"},
		"a copy from nowhere":           {act("a", "aws:copyImage", `"SourceImageId":"ami-0aaaaaaaaaaaaaaa1","ImageName":"copy"`), "The input SourceRegion is required"},
		"a flag that is none":           {act("a", "aws:createImage", `"InstanceId":"`+web1+`","ImageName":"n1","NoReboot":"perhaps"`), "NoReboot must be true or false"},
		"tags on nothing":               {act("a", "aws:createTags", `"ResourceIds":[],"Tags":[{"Key":"a","Value":"b"}]`), "at least one resource"},
		"no tags":                       {act("a", "aws:createTags", `"ResourceIds":["`+web1+`"],"Tags":[]`), "must be a list of at least one Key and Value"},
		"tags on a parameter and more":  {act("a", "aws:createTags", `"ResourceType":"Parameter","ResourceIds":["a","b"],"Tags":[{"Key":"a","Value":"b"}]`), "can name only one resource"},
		"tags on another type":          {act("a", "aws:createTags", `"ResourceType":"Lambda","ResourceIds":["a"],"Tags":[{"Key":"a","Value":"b"}]`), "must be EC2, ManagedInstance, MaintenanceWindow or Parameter"},
		"tags on an unknown instance":   {act("a", "aws:createTags", `"ResourceIds":["i-0ccccccccccccccc1"],"Tags":[{"Key":"a","Value":"b"}]`), "Error Code: InvalidInstanceID.NotFound"},
		"tags that the model refuses":   {act("a", "aws:createTags", `"ResourceIds":["`+web1+`"],"Tags":[{"Kay":"a"}]`), `Unknown parameter in Tags[0]: "Kay", must be one of: Key, Value`},
		"tags on an unknown parameter":  {act("a", "aws:createTags", `"ResourceType":"MaintenanceWindow","ResourceIds":["mw-1"],"Tags":[{"Key":"a","Value":"b"}]`), "AWSSimpleSystemsManagement"},
		"a name that is taken":          {act("a", "aws:createImage", `"InstanceId":"`+web1+`","ImageName":"local-linux"`), "AMI name local-linux is already in use by AMI ami-0aaaaaaaaaaaaaaa1 (Service: AmazonEC2; "},
		"capabilities that are missing": {act("a", "aws:createStack", `"StackName":"x","TemplateBody":"{\"Resources\":{\"R\":{\"Type\":\"AWS::IAM::Role\"}}}"`), "Requires capabilities : [CAPABILITY_IAM] (Service: AmazonCloudFormation; Status Code: 400; Error Code: InsufficientCapabilitiesException; "},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, stubs)}, func(b *bubble) {
				e := b.after(time.Minute, b.start(row.step))
				b.want(e, "Failed: a=Failed")
				if !strings.Contains(e.FailureMessage, row.want) {
					b.Errorf("%s\nlacks %s", e.FailureMessage, row.want)
				}
			})
		})
	}
}

func TestActionsWaitForAnHour(t *testing.T) {
	stubs := "cloudformation.DescribeStacks: [{when: {StackName: slow}, response: {Stacks: [{StackStatus: CREATE_IN_PROGRESS}]}}]\ncloudformation.CreateStack: [{response: {}}]"
	inBubble(t, Options{Stubs: mustStubs(t, stubs)}, func(b *bubble) {
		id := b.start(act("a", "aws:createStack", `"StackName":"slow"`))
		b.want(b.after(59*time.Minute, id), "InProgress: a=InProgress")
		e := b.after(2*time.Minute, id)
		b.want(e, "TimedOut: a=TimedOut")
		if want := "Step timed out while step is verifying the stack is created. " + guide; e.FailureMessage != want {
			b.Error(e.FailureMessage)
		}
		if calls := len(b.ledger(id)); calls < 200 || calls > 300 {
			b.Errorf("%d calls within an hour", calls)
		}
	})
}

func TestCreateTagsOfOtherTypes(t *testing.T) {
	const machine = "mi-0eeeeeeeeeeeeeee1"
	fleet := append(cloud.DefaultFleet(), cloud.Instance{ID: machine, Tags: map[string]string{"Old": "x"}})
	inBubble(t, Options{Fleet: fleet}, func(b *bubble) {
		b.must("PutParameter", `{"Name":"/app/key","Value":"v","Type":"String"}`)
		for kind, id := range map[string]string{"Parameter": "/app/key", "ManagedInstance": machine} {
			b.want(b.after(time.Second, b.start(act("a", "aws:createTags", `"ResourceType":"`+kind+`","ResourceIds":["`+id+`"],"Tags":[{"Key":"By","Value":"{{ P }}"}]`))), "Success: a=Success")
			resource := `{"ResourceType":"` + kind + `","ResourceId":"` + id + `"`
			b.must("RemoveTagsFromResource", resource+`,"TagKeys":["Old"]}`)
			if got := jsonText(b.must("ListTagsForResource", resource+`}`)["TagList"]); got != `[{"Key":"By","Value":"x"}]` {
				b.Errorf("%s has %s", kind, got)
			}
		}
		b.must("DeleteParameter", `{"Name":"/app/key"}`)
		for kind, id := range map[string]string{"Parameter": "/app/key", "ManagedInstance": web1} {
			if status, answer := b.call("ListTagsForResource", `{"ResourceType":"`+kind+`","ResourceId":"`+id+`"}`); status != 400 || answer["__type"] != "InvalidResourceId" {
				b.Errorf("%s: %d %v", kind, status, answer)
			}
		}
		b.must("PutParameter", `{"Name":"/app/key","Value":"v","Type":"String"}`)
		if got := b.must("ListTagsForResource", `{"ResourceType":"Parameter","ResourceId":"/app/key"}`)["TagList"].([]any); len(got) != 0 {
			b.Errorf("a new parameter has the tags of the old one: %v", got)
		}
	})
}
