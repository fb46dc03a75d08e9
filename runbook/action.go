package runbook

import (
	"slices"
	"strings"
)

// actionSpec is what is known of an action: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html
// and the page of each action. Undocumented inputs and outputs of public runbooks are in it too.
type actionSpec struct {
	name   string
	inputs []inputSpec
	// open actions hand every other input to an AWS operation.
	open bool
	// oneOf are inputs of which at least one is needed.
	oneOf   []string
	outputs []string
	// declares says that the outputs of a step are those it declares, beside the ones above.
	declares bool
	// maxSeconds is the longest an attempt can take whatever timeoutSeconds says, 0 if nothing is known.
	maxSeconds int64
	effect     Effect
	// internal actions stand in AWS's own documents and in no reference.
	internal bool
}

type inputSpec struct {
	name     string
	required bool
	// values are the only ones where the input is a plain text, nil if any will do.
	values []string
}

func required(names ...string) []inputSpec {
	out := optional(names...)
	for i := range out {
		out[i].required = true
	}
	return out
}

func optional(names ...string) []inputSpec {
	var out []inputSpec
	for _, name := range names {
		out = append(out, inputSpec{name: name})
	}
	return out
}

func (a *actionSpec) input(name string) (inputSpec, bool) {
	i := slices.IndexFunc(a.inputs, func(in inputSpec) bool { return in.name == name })
	if i < 0 {
		return inputSpec{}, false
	}
	return a.inputs[i], true
}

func actionNamed(name string) *actionSpec {
	for i := range actionSpecs {
		if actionSpecs[i].name == name {
			return &actionSpecs[i]
		}
	}
	return nil
}

// Actions lists the documented actions, sorted.
func Actions() []string {
	var names []string
	for _, a := range actionSpecs {
		if !a.internal {
			names = append(names, a.name)
		}
	}
	slices.Sort(names)
	return names
}

var actionSpecs = []actionSpec{
	{name: "aws:approve", inputs: append(required("Approvers"), optional("MinRequiredApprovals", "NotificationArn", "Message", "EnhancedApprovals")...),
		outputs: []string{"ApprovalStatus", "ApproverDecisions"}, maxSeconds: 2592000, effect: NonMutating},
	{name: "aws:assertAwsResourceProperty", inputs: required("Service", "Api", "PropertySelector", "DesiredValues"), open: true, declares: true},
	{name: "aws:branch", inputs: append(required("Choices"), optional("Default")...), effect: NonMutating},
	{name: "aws:changeInstanceState", inputs: append(append(required("InstanceIds"),
		inputSpec{name: "DesiredState", required: true, values: []string{"running", "stopped", "terminated"}}),
		optional("CheckStateOnly", "Force", "AdditionalInfo", "FailOnUnexpectedStopped")...), outputs: []string{"InstanceStates"}, effect: Mutating},
	{name: "aws:copyImage", inputs: append(required("SourceRegion", "SourceImageId", "ImageName"), optional("ImageDescription", "Encrypted", "KmsKeyId",
		"ClientToken")...), outputs: []string{"ImageId", "ImageState"}, effect: Mutating},
	{name: "aws:createImage", inputs: append(required("InstanceId", "ImageName"), optional("ImageDescription", "NoReboot", "BlockDeviceMappings",
		"TagSpecifications")...), outputs: []string{"ImageId", "ImageState"}, effect: Mutating},
	{name: "aws:createStack", inputs: append(required("StackName"), optional("Capabilities", "ClientRequestToken", "DisableRollback", "NotificationARNs",
		"OnFailure", "Parameters", "ResourceTypes", "RoleARN", "StackPolicyBody", "StackPolicyURL", "Tags", "TemplateBody", "TemplateURL",
		"TimeoutInMinutes")...), oneOf: []string{"TemplateBody", "TemplateURL"}, outputs: []string{"StackId", "StackStatus", "StackStatusReason"}, effect: Mutating},
	{name: "aws:createTags", inputs: append(required("ResourceIds", "Tags"), optional("ResourceType")...), effect: Mutating},
	{name: "aws:deleteImage", inputs: required("ImageId"), effect: Mutating},
	{name: "aws:deleteStack", inputs: append(required("StackName"), optional("ClientRequestToken", "RetainResources", "RoleARN")...), effect: Mutating},
	{name: "aws:executeAutomation", inputs: append(required("DocumentName"), optional("DocumentVersion", "MaxConcurrency", "MaxErrors", "RuntimeParameters",
		"Tags", "TargetLocations", "TargetMaps", "TargetParameterName", "Targets")...), outputs: []string{"Output", "ExecutionId", "Status"},
		declares: true, effect: Undetermined},
	{name: "aws:executeAwsApi", inputs: required("Service", "Api"), open: true, declares: true},
	{name: "aws:executeScript", inputs: append(required("Runtime"), optional("Handler", "InputPayload", "Script", "Attachment")...),
		oneOf: []string{"Script", "Attachment"}, outputs: []string{"Payload"}, declares: true, maxSeconds: 600, effect: Undetermined},
	{name: "aws:executeStateMachine", inputs: append(required("stateMachineArn"), optional("input", "name")...), declares: true, effect: Undetermined,
		outputs: []string{"executionArn", "input", "name", "output", "startDate", "stateMachineArn", "status", "stopDate"}},
	{name: "aws:invokeLambdaFunction", inputs: append(required("FunctionName"), optional("ClientContext", "InputPayload", "InvocationType", "LogType",
		"Payload", "Qualifier")...), outputs: []string{"StatusCode", "FunctionError", "LogResult", "Payload"}, declares: true, maxSeconds: 300,
		effect: Undetermined},
	{name: "aws:invokeWebhook", inputs: append(required("IntegrationName"), optional("Body")...), outputs: []string{"Response", "ResponseCode"}, effect: Undetermined},
	{name: "aws:loop", inputs: append(required("Steps"), optional("Iterators", "IteratorDataType", "LoopCondition", "MaxIterations")...),
		oneOf: []string{"Iterators", "LoopCondition"}, outputs: []string{"CurrentIteration", "CurrentIteratorValue"}},
	{name: "aws:pause", inputs: optional("Message"), effect: NonMutating},
	{name: "aws:runCommand", inputs: append(required("DocumentName"), optional("CloudWatchOutputConfig", "Comment", "DocumentHash", "DocumentHashType",
		"DocumentVersion", "InstanceIds", "MaxConcurrency", "MaxErrors", "NotificationConfig", "OutputS3BucketName", "OutputS3KeyPrefix", "OutputS3Region",
		"Parameters", "ServiceRoleArn", "Targets", "TimeoutSeconds")...), oneOf: []string{"InstanceIds", "Targets"},
		outputs: []string{"CommandId", "Status", "ResponseCode", "Output", "OutputPayload"}, declares: true, effect: Undetermined},
	{name: "aws:runInstances", inputs: append(required("ImageId"), optional("AdditionalInfo", "BlockDeviceMappings", "ClientToken", "DisableApiTermination",
		"EbsOptimized", "IamInstanceProfileArn", "IamInstanceProfileName", "InstanceInitiatedShutdownBehavior", "InstanceType", "KernelId", "KeyName",
		"MaxInstanceCount", "MetadataOptions", "MinInstanceCount", "Monitoring", "NetworkInterfaces", "Placement", "PrivateIpAddress", "RamdiskId",
		"SecurityGroupIds", "SecurityGroups", "SubnetId", "TagSpecifications", "UserData")...), outputs: []string{"InstanceIds", "InstanceStates"}, effect: Mutating},
	{name: "aws:sleep", inputs: optional("Duration", "Timestamp"), oneOf: []string{"Duration", "Timestamp"}, effect: NonMutating},
	{name: "aws:updateVariable", inputs: required("Name", "Value"), effect: NonMutating},
	{name: "aws:waitForAwsResourceProperty", inputs: required("Service", "Api", "PropertySelector", "DesiredValues"), open: true, declares: true},

	{name: "aws:installDistributorPackageOnAzure", open: true, declares: true, effect: Undetermined, internal: true},
	{name: "aws:putServerUpgradeMetrics", open: true, declares: true, effect: Undetermined, internal: true},
	{name: "aws:shareSQLMedia", open: true, declares: true, effect: Undetermined, internal: true},
}

// what says in a few words what a step does.
func (s Step) what() string {
	in := func(name string) string {
		v, ok := s.Inputs[name]
		if !ok {
			return "something"
		}
		return brief(strings.Join(WireValue(v), ", "), 60)
	}
	switch s.Action {
	case "aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty":
		return map[string]string{"aws:executeAwsApi": "calls ", "aws:assertAwsResourceProperty": "checks with ", "aws:waitForAwsResourceProperty": "waits for "}[s.Action] +
			in("Service") + " " + in("Api")
	case "aws:changeInstanceState":
		if only, _ := truth(s.Inputs["CheckStateOnly"]); only {
			return "waits until " + in("InstanceIds") + " are " + in("DesiredState")
		}
		return "makes " + in("InstanceIds") + " " + in("DesiredState")
	case "aws:executeAutomation":
		return "starts " + in("DocumentName")
	case "aws:runCommand":
		return "runs " + in("DocumentName") + " on instances"
	case "aws:executeScript":
		return "runs a script (" + in("Runtime") + ")"
	case "aws:invokeLambdaFunction":
		return "invokes " + in("FunctionName")
	case "aws:executeStateMachine":
		return "runs " + in("stateMachineArn")
	case "aws:invokeWebhook":
		return "calls the webhook " + in("IntegrationName")
	case "aws:createStack", "aws:deleteStack":
		return strings.TrimSuffix(strings.TrimPrefix(s.Action, "aws:"), "Stack") + "s the stack " + in("StackName")
	case "aws:createTags":
		return "tags " + in("ResourceIds")
	case "aws:createImage":
		return "makes an image of " + in("InstanceId")
	case "aws:copyImage":
		return "copies the image " + in("SourceImageId")
	case "aws:deleteImage":
		return "deletes the image " + in("ImageId")
	case "aws:runInstances":
		return "launches instances of " + in("ImageId")
	case "aws:sleep":
		if _, ok := s.Inputs["Timestamp"]; ok {
			return "sleeps until " + in("Timestamp")
		}
		return "sleeps " + in("Duration")
	case "aws:updateVariable":
		return "sets " + in("Name")
	case "aws:approve":
		return "waits for the approval of " + in("Approvers")
	case "aws:loop":
		if _, ok := s.Inputs["Iterators"]; ok {
			return "repeats its steps for each of " + in("Iterators")
		}
		return "repeats its steps while its condition holds"
	}
	return map[string]string{"aws:branch": "chooses the next step", "aws:pause": "pauses until it is resumed"}[s.Action]
}

// brief cuts text to a number of characters.
func brief(text string, chars int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > chars {
		return string(r[:chars-1]) + "…"
	}
	return text
}
