package ssmserver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// publicRunbooks is a folder of public runbooks that may lie beside the project.
const publicRunbooks = "../../../shared/runbooks"

// TestPublicRunbooksRun runs every public runbook to the end that it describes. Where the folder is not there, there is
// nothing to run.
func TestPublicRunbooksRun(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(publicRunbooks, "aws-*"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(publicRunbooks); err == nil && len(files) < 30 {
		t.Errorf("only %d public runbooks were found", len(files))
	}
	stubs, err := ReadStubs([]byte(publicStubs))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			inBubble(t, Options{Stubs: stubs}, func(b *bubble) { b.runPublic(file, files) })
		})
	}
}

// publicStubs answer what no local AWS can: functions that the runbooks' own stacks would make.
const publicStubs = `
lambda.Invoke:
  - response: {StatusCode: 200, Payload: '{"state":"available"}'}
`

// publicName is the name under which others start the document.
func publicName(file string) string {
	name := filepath.Base(file)
	return "AWS-" + strings.TrimPrefix(strings.TrimSuffix(name, filepath.Ext(name)), "aws-")
}

func (b *bubble) runPublic(file string, all []string) {
	b.Helper()
	for _, f := range all {
		content, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		if err := b.server.Load(publicName(f), whole(b, string(content))); err != nil {
			b.Fatal(err)
		}
	}
	for _, call := range []cloud.Call{
		{Service: "s3", Operation: "CreateBucket", Params: map[string]any{"Bucket": "a-bucket"}},
		{Service: "sqs", Operation: "CreateQueue", Params: map[string]any{"QueueName": "orders"}},
	} {
		call.Region = "eu-west-1"
		if _, err := b.server.backend.Call(b.Context(), call); err != nil {
			b.Fatal(err)
		}
	}
	for _, name := range []string{"AWS-ASGEnterStandby", "AWS-ASGExitStandby"} {
		if err := b.server.Load(name, standby); err != nil {
			b.Fatal(err)
		}
	}
	name := publicName(file)
	_, v, _ := b.server.documents.find(name, "", "")
	body, err := json.Marshal(map[string]any{"DocumentName": name, "Parameters": publicParameters(v.parsed)})
	if err != nil {
		b.Fatal(err)
	}
	id, _ := b.must("StartAutomationExecution", string(body))["AutomationExecutionId"].(string)
	e := b.after(time.Second, id)
	for range 48 {
		if e.AutomationExecutionStatus == statusWaiting {
			b.must("SendAutomationSignal", fmt.Sprintf(`{"AutomationExecutionId":%q,"SignalType":"Approve"}`, id))
			synctest.Wait()
		}
		e = b.after(time.Hour/4, id)
	}
	if e.AutomationExecutionStatus != statusSuccess {
		b.Errorf("%s\n%s", told(e), e.FailureMessage)
	}
	for _, s := range e.StepExecutions {
		if !slices.Contains([]string{statusSuccess, statusPending}, s.StepStatus) {
			b.Errorf("%s: %s", s.StepName, s.FailureMessage)
		}
	}
}

// whole puts a template where the public copies have left theirs out, and an instance where a maintenance window puts one.
func whole(b *bubble, content string) string {
	b.Helper()
	content = strings.ReplaceAll(content, "{{TARGET_ID}}", web1)
	var d struct {
		MainSteps []struct {
			Inputs struct {
				Parameters []struct{ ParameterKey string }
			}
		} `json:"mainSteps"`
	}
	if json.Unmarshal([]byte(content), &d) != nil { // YAML, or parameters of another action
		return content
	}
	parameters := map[string]any{}
	for _, step := range d.MainSteps {
		for _, p := range step.Inputs.Parameters {
			parameters[p.ParameterKey] = map[string]string{"Type": "String", "Default": ""}
		}
	}
	template, err := json.Marshal(map[string]any{"Parameters": parameters, "Resources": map[string]any{"Function": map[string]string{"Type": "AWS::Lambda::Function"}}})
	if err != nil {
		b.Fatal(err)
	}
	quoted, err := json.Marshal(string(template))
	if err != nil {
		b.Fatal(err)
	}
	for _, left := range []string{`"..."`, `"{0}"`} {
		content = strings.ReplaceAll(content, `"TemplateBody": `+left, `"TemplateBody": `+string(quoted))
	}
	return content
}

// standby stands for documents of AWS that others start and that are not public in this form.
const standby = `
schemaVersion: "0.3"
assumeRole: "{{ AutomationAssumeRole }}"
parameters:
  InstanceId: {type: String}
  LambdaRoleArn: {type: String, default: ""}
  AutomationAssumeRole: {type: String, default: ""}
mainSteps:
  - {name: wait, action: "aws:sleep", inputs: {Duration: PT1S}}
`

// publicParameters gives each required parameter a value that fits the local AWS.
func publicParameters(d *runbook.Document) map[string][]string {
	values := map[string]string{
		"InstanceId": web1, "instanceId": web1, "Approvers": "arn:aws:iam::123456789012:role/handrail", "SNSTopicArn": "arn:aws:sns:eu-west-1:123456789012:Automation-approvals",
		"Device": "/dev/sdf", "VolumeId": "vol-0aaaaaaaaaaaaaaa1", "SnapshotId": "snap-0aaaaaaaaaaaaaaa1", "ImageId": "ami-0aaaaaaaaaaaaaaa1", "AmiId": "ami-0aaaaaaaaaaaaaaa1",
		"SourceRegion": "eu-central-1", "ClusterName": "web", "NodegroupName": "web", "SubnetIds": "subnet-0aaaaaaaaaaaaaaa1", "KeyPairName": "ops", "StackNameOrId": "web",
		"BucketName": "a-bucket", "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "InstanceType": "t3.large", "TemplateUrl": "https://example.com/t.json",
		"ClusterRoleArn": role, "NodegroupRoleArn": role, "AutomationAssumeRole": role, "automationAssumeRole": role, "LambdaAssumeRole": role, "RoleName": "web", "kmsKeyId": "alias/ops",
	}
	out := map[string][]string{}
	for _, p := range d.Parameters {
		if value, ok := values[p.Name]; ok && (p.Required() || value == role) {
			out[p.Name] = []string{value}
		}
	}
	return out
}
