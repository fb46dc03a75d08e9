package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// stepEscapes looks at what one step does by itself; see child for aws:executeAutomation.
func (d *Document) stepEscapes(s *Step) []Escape {
	switch s.Action {
	case "aws:executeAwsApi", "aws:assertAwsResourceProperty", "aws:waitForAwsResourceProperty":
		return d.apiEscapes(s)
	case "aws:executeScript":
		return d.scriptEscapes(s)
	case "aws:runCommand":
		return append(d.handsOver(s, "ServiceRoleArn", "Run Command notifies as the role in ServiceRoleArn", "Leave ServiceRoleArn out."),
			d.commandEscapes(s)...)
	case "aws:createStack":
		return append(d.handsOver(s, "RoleARN", "CloudFormation works as the role in RoleARN, now and whenever the stack changes", "Leave RoleARN out."),
			d.stackEscapes(s)...)
	case "aws:deleteStack":
		return d.handsOver(s, "RoleARN", "CloudFormation works as the role in RoleARN", "Leave RoleARN out.")
	case "aws:runInstances":
		return append(d.handsOver(s, "IamInstanceProfileArn", "the instances work as the role of their instance profile", fixProfile),
			d.handsOver(s, "IamInstanceProfileName", "the instances work as the role of their instance profile", fixProfile)...)
	case "aws:invokeLambdaFunction":
		return d.ownRole(s, "FunctionName", "the function works under a role of its own", "Call the operations from the runbook itself.")
	case "aws:executeStateMachine":
		return d.ownRole(s, "stateMachineArn", "the state machine works under a role of its own", "Call the operations from the runbook itself.")
	case "aws:invokeWebhook":
		return d.ownRole(s, "IntegrationName", "the webhook does its work outside of the role", "Leave the step out, or let the bot say what is to be said.")
	}
	if spec := actionNamed(s.Action); spec == nil || spec.internal {
		return []Escape{s.at("action").escape(Hidden, "nothing is known of the action %s", brief(s.Action, 60))}
	}
	return nil
}

const fixProfile = "Launch without an instance profile, or prepare the instances outside of the runbook."

// handsOver tells that an input hands a role to a service, if it holds something.
func (d *Document) handsOver(s *Step, input, message, fix string) []Escape {
	value := s.Inputs[input]
	if empty(value) {
		return nil
	}
	e := s.at("inputs", input).escape(PassesRole, "%s: %s", message, brief(text(value), 200))
	e.Fix, e.Parameter = fix, d.decides(value)
	if given, _ := value.(string); IsRoleARN(given) {
		e.ARN = given
	}
	return []Escape{e}
}

// templateRole is how resources of a template take a role.
var templateRole = regexp.MustCompile(`(?m)^\s*["']?(\w*Role(?:Arn|ARN)?|IamInstanceProfile)["']?\s*:|["'](\w*Role(?:Arn|ARN)?|IamInstanceProfile)["']\s*:`)

// stackEscapes looks at what a stack may do: make IAM roles if the capabilities say so, hand roles to its resources, or
// anything if the template stands elsewhere.
func (d *Document) stackEscapes(s *Step) []Escape {
	var out []Escape
	capabilities := s.Inputs["Capabilities"]
	if !empty(capabilities) && text(capabilities) != `["CAPABILITY_AUTO_EXPAND"]` {
		e := s.at("inputs", "Capabilities").escape(ChangesRights, "the stack may make IAM roles: %s", brief(text(capabilities), 100))
		e.Fix = "Make the roles outside of the runbook, and leave Capabilities out."
		out = append(out, e)
	}
	if !empty(s.Inputs["TemplateURL"]) {
		e := s.at("inputs", "TemplateURL").escape(Hidden, "the stack's template is not a part of the document: %s", brief(text(s.Inputs["TemplateURL"]), 100))
		e.Parameter, e.Fix = d.decides(s.Inputs["TemplateURL"]), "Write the template into TemplateBody."
		out = append(out, e)
	}
	s.at("inputs", "TemplateBody").texts(func(at place, template string) {
		if d.decides(template) != "" && strings.HasPrefix(template, "{{") {
			e := at.escape(Hidden, "the stack's template is not a part of the document: %s", brief(template, 100))
			e.Parameter, e.Fix = d.decides(template), "Write the template into TemplateBody."
			out = append(out, e)
		}
		if m := templateRole.FindStringIndex(template); m != nil {
			e := at.inside(m[0]).escape(PassesRole, "the stack's template hands roles to its resources")
			e.Fix = fixes[PassesRole]
			out = append(out, e)
		}
	})
	return out
}

func (d *Document) ownRole(s *Step, input, message, fix string) []Escape {
	e := s.at("inputs", input).escape(OwnRole, "%s: %s", message, brief(text(s.Inputs[input]), 100))
	e.Fix, e.Parameter = fix, d.decides(s.Inputs[input])
	return []Escape{e}
}

// escapeOperation is an AWS operation that leaves the role. The other spellings are derived: start_automation_execution,
// start-automation-execution.
type escapeOperation struct {
	service, name string
	kind          EscapeKind
	// cmdlet is what PowerShell calls it, "" if scripts are not searched for that.
	cmdlet string
	// vague names are too common to be looked for in scripts by themselves.
	vague bool
}

var escapeOperations = []escapeOperation{
	{"ssm", "StartAutomationExecution", StartsAutomation, "Start-SSMAutomationExecution", false},
	{"ssm", "StartChangeRequestExecution", StartsAutomation, "Start-SSMChangeRequestExecution", false},
	{"ssm", "SendAutomationSignal", StartsAutomation, "Send-SSMAutomationSignal", false},
	{"ssm", "CreateAssociation", StartsAutomation, "New-SSMAssociation", false},
	{"ssm", "CreateAssociationBatch", StartsAutomation, "New-SSMAssociationFromBatch", false},
	{"ssm", "UpdateAssociation", StartsAutomation, "Update-SSMAssociation", false},
	{"ssm", "StartAssociationsOnce", StartsAutomation, "Start-SSMAssociationsOnce", false},
	{"ssm", "RegisterTaskWithMaintenanceWindow", StartsAutomation, "Register-SSMTaskWithMaintenanceWindow", false},
	{"ssm", "UpdateMaintenanceWindowTask", StartsAutomation, "Update-SSMMaintenanceWindowTask", false},
	{"sts", "AssumeRole", AssumesRole, "Use-STSRole", false},
	{"sts", "AssumeRoleWithSAML", AssumesRole, "Use-STSRoleWithSAML", false},
	{"sts", "AssumeRoleWithWebIdentity", AssumesRole, "Use-STSWebIdentityRole", false},
	{"sts", "AssumeRoot", AssumesRole, "Use-STSRoot", false},
	{"sts", "GetSessionToken", AssumesRole, "Get-STSSessionToken", false},
	{"sts", "GetFederationToken", AssumesRole, "Get-STSFederationToken", false},
	{"sts", "GetDelegatedAccessToken", AssumesRole, "Get-STSDelegatedAccessToken", false},
	{"sso", "GetRoleCredentials", AssumesRole, "Get-SSORoleCredential", false},
	{"ssm", "GetAccessToken", AssumesRole, "Get-SSMAccessToken", true},
	{"cognito-identity", "GetCredentialsForIdentity", AssumesRole, "Get-CGICredentialsForIdentity", false},
	{"s3control", "GetDataAccess", AssumesRole, "Get-S3CDataAccess", false},
	{"iam", "CreateAccessKey", AssumesRole, "New-IAMAccessKey", false},
	{"iam", "CreateLoginProfile", AssumesRole, "New-IAMLoginProfile", false},
	{"iam", "AttachRolePolicy", ChangesRights, "Register-IAMRolePolicy", false},
	{"iam", "AttachUserPolicy", ChangesRights, "Register-IAMUserPolicy", false},
	{"iam", "AttachGroupPolicy", ChangesRights, "Register-IAMGroupPolicy", false},
	{"iam", "PutRolePolicy", ChangesRights, "Write-IAMRolePolicy", false},
	{"iam", "PutUserPolicy", ChangesRights, "Write-IAMUserPolicy", false},
	{"iam", "PutGroupPolicy", ChangesRights, "Write-IAMGroupPolicy", false},
	{"iam", "CreateRole", ChangesRights, "New-IAMRole", false},
	{"iam", "CreatePolicyVersion", ChangesRights, "New-IAMPolicyVersion", false},
	{"iam", "SetDefaultPolicyVersion", ChangesRights, "Set-IAMDefaultPolicyVersion", false},
	{"iam", "UpdateAssumeRolePolicy", ChangesRights, "Update-IAMAssumeRolePolicy", false},
	{"iam", "AddRoleToInstanceProfile", ChangesRights, "Add-IAMRoleToInstanceProfile", false},
	{"iam", "AddUserToGroup", ChangesRights, "Add-IAMUserToGroup", false},
	{"iam", "DeleteRolePermissionsBoundary", ChangesRights, "Remove-IAMRolePermissionsBoundary", false},
	{"ec2", "AssociateIamInstanceProfile", PassesRole, "Register-EC2IamInstanceProfile", false},
	{"ec2", "ReplaceIamInstanceProfileAssociation", PassesRole, "Set-EC2IamInstanceProfileAssociation", false},
	{"lambda", "Invoke", OwnRole, "Invoke-LMFunction", true},
	{"lambda", "InvokeAsync", OwnRole, "Invoke-LMFunctionAsync", false},
	{"lambda", "InvokeWithResponseStream", OwnRole, "Invoke-LMWithResponseStream", false},
	{"stepfunctions", "StartExecution", OwnRole, "Start-SFNExecution", true},
	{"stepfunctions", "StartSyncExecution", OwnRole, "Start-SFNSyncExecution", false},
	{"codebuild", "StartBuild", OwnRole, "Start-CBBuild", false},
	{"codebuild", "StartBuildBatch", OwnRole, "Start-CBBuildBatch", false},
	{"codepipeline", "StartPipelineExecution", OwnRole, "Start-CPPipelineExecution", false},
	{"glue", "StartJobRun", OwnRole, "Start-GLUEJobRun", false},
	{"batch", "SubmitJob", OwnRole, "Submit-BATJob", false},
	{"ecs", "RunTask", OwnRole, "New-ECSTask", false},
	{"ecs", "StartTask", OwnRole, "Start-ECSTask", false},
}

// why ends a sentence that begins with the operation's name.
var why = map[EscapeKind]string{
	StartsAutomation: "starts or answers automations past the runbook's own steps",
	AssumesRole:      "gets credentials of another identity",
	ChangesRights:    "changes what identities may do",
	PassesRole:       "hands a role to a service, which then works under it",
	OwnRole:          "starts something that works under a role of its own",
}

var fixes = map[EscapeKind]string{
	StartsAutomation: "Use aws:executeAutomation, which this analysis can follow.",
	AssumesRole:      "Give the runbook's role the rights it needs instead.",
	ChangesRights:    "Let people with the rights for it change IAM, outside of the runbook.",
	PassesRole:       "Leave the role out, or prepare what needs it outside of the runbook.",
	OwnRole:          "Call the operations from the runbook itself.",
}

// apiEscapes looks at a step that calls one AWS operation.
func (d *Document) apiEscapes(s *Step) []Escape {
	services, known := d.candidates(s.Inputs["Service"])
	operations, also := d.candidates(s.Inputs["Api"])
	if !known || !also {
		at, value := s.at("inputs", "Api"), s.Inputs["Api"]
		if !known {
			at, value = s.at("inputs", "Service"), s.Inputs["Service"]
		}
		e := at.escape(Hidden, "which operation is called is known only when the step runs: %s %s", brief(text(s.Inputs["Service"]), 60), brief(text(s.Inputs["Api"]), 60))
		e.Parameter, e.Fix = d.decides(value), "Write the operation out, or confine the parameter with allowedValues."
		return []Escape{e}
	}
	var out []Escape
	for _, service := range services {
		for _, operation := range operations {
			out = append(out, d.operationEscapes(s, canonical(service), pascal(operation))...)
		}
	}
	return out
}

// candidates are all the texts an input can have; not known means that there may be others.
func (d *Document) candidates(v any) (all []string, known bool) {
	given, ok := v.(string)
	if !ok || given == "" {
		return nil, false
	}
	if !strings.Contains(given, "{{") {
		return []string{given}, true
	}
	p, _ := d.Parameter(d.decides(given))
	if m := referencePattern.FindStringIndex(given); p.AllowedValues != nil && m != nil && m[0] == 0 && m[1] == len(given) {
		return p.AllowedValues, len(p.AllowedValues) <= 50
	}
	return nil, false
}

// canonical gives a service the name that boto3 has for it.
func canonical(service string) string {
	service = strings.ToLower(service)
	if service == "states" || service == "sfn" {
		return "stepfunctions"
	}
	return service
}

func (d *Document) operationEscapes(s *Step, service, operation string) []Escape {
	at := s.at("inputs", "Api")
	for _, o := range escapeOperations {
		if o.service == service && strings.EqualFold(o.name, operation) {
			e := at.escape(o.kind, "%s %s %s", service, o.name, why[o.kind])
			e.Fix = fixes[o.kind]
			return []Escape{e}
		}
	}
	if Reads(service, operation) {
		return nil
	}
	if service == "iam" {
		e := at.escape(ChangesRights, "%s %s %s", service, operation, why[ChangesRights])
		e.Fix = fixes[ChangesRights]
		return []Escape{e}
	}
	out := d.roleInputs(s, service, operation)
	if service == "cloudformation" {
		out = append(out, d.stackEscapes(s)...)
	}
	return out
}

// roleInput is how AWS's operations call the member that hands over a role.
var roleInput = regexp.MustCompile(`(?i)(role|role_?arn|iam_?instance_?profile|instance_?profile_?(arn|name))$`)

// notHandedOver end like roles and are something else.
var notHandedOver = []string{"SourceRole", "TargetRole", "UserRole"}

// roleInputs finds the roles among the parameters of an operation that changes something.
func (d *Document) roleInputs(s *Step, service, operation string) []Escape {
	var out []Escape
	var look func(at place, name string)
	look = func(at place, name string) {
		if at.node == nil || len(out) >= 20 {
			return
		}
		if roleInput.MatchString(name) && !slices.Contains(notHandedOver, name) && !empty(at.node.value()) {
			e := at.escape(PassesRole, "%s %s hands the role in %s to the service, which then works under it", service, operation, name)
			e.Fix, e.Parameter = fixes[PassesRole], d.decides(at.node.value())
			if at.node.kind == kindString && IsRoleARN(at.node.text) {
				e.ARN = at.node.text
			}
			out = append(out, e)
			return
		}
		for i := range at.node.items {
			look(at.at(i), "")
		}
		for _, f := range at.node.fields {
			look(at.at(f.name), f.name)
		}
	}
	for _, in := range s.at("inputs").children() {
		if name := strings.TrimPrefix(in.path, s.path+".inputs."); name != "Service" && name != "Api" {
			look(in, name)
		}
	}
	return out
}
