package runbook

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told gives the escapes as kind, line and column, step, message, ARN and parameter.
func told(a Analysis) []string {
	var out []string
	for _, e := range a.Escapes {
		line := fmt.Sprintf("%s %d:%d %s", e.Kind, e.Line, e.Column, e.Step)
		for _, hop := range e.Trail {
			line += fmt.Sprintf(" > %s:%d %s", hop.Document, hop.Line, hop.Step)
		}
		line += " | " + e.Message
		if e.ARN != "" {
			line += " | " + e.ARN
		}
		if e.Parameter != "" {
			line += " | " + e.Parameter
		}
		out = append(out, line)
	}
	return out
}

func mustParse(t *testing.T, text string) *Document {
	t.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return d
}

const withRole = `{"schemaVersion":"0.3","assumeRole":"{{ AutomationAssumeRole }}","parameters":{"AutomationAssumeRole":{"type":"String","default":""},
"Other":{"type":"String"},"Service":{"type":"String","allowedValues":["ec2","sts"]},
"Tight":{"type":"String","allowedPattern":"^[a-z0-9-]{1,20}$"},"Loose":{"type":"String","allowedPattern":"^i-.*$"},"Evil":{"type":"String","allowedValues":["x","put_role_policy"]}},"mainSteps":[
`

func TestEscapesOfTheOwnRole(t *testing.T) {
	t.Parallel()
	const steps = `,"mainSteps":[{"name":"a","action":"aws:pause","inputs":{}}]}`
	for text, want := range map[string][]string{
		`{"schemaVersion":"0.3"` + steps:                                 {"role-absent 1:1  | the runbook has no assumeRole, so it runs with the rights of whoever starts it"},
		`{"schemaVersion":"0.3","assumeRole":"` + fixedARN + `"` + steps: {"role-fixed 1:37  | the runbook names its role itself: " + fixedARN + " | " + fixedARN},
		`{"schemaVersion":"0.3",` + "\n" + `"assumeRole":"arn:aws:iam::{{ global:ACCOUNT_ID }}:role/X"` + steps: {
			"role-unclear 2:14  | it is unclear which role the runbook runs as: assumeRole is neither a reference to one parameter nor the ARN of a role"},
		`{"schemaVersion":"0.3","assumeRole":"{{ R }}","parameters":{"R":{"type":"String","default":"` + fixedARN + `"}}` + steps: {
			"role-default 1:92  | without a value for R the runbook runs as " + fixedARN + " | " + fixedARN + " | R"},
		`{"schemaVersion":"0.3","assumeRole":"{{ R }}","parameters":{"R":{"type":"String","default":""}}` + steps: nil,
		`{"schemaVersion":"0.3","assumeRole":"{{ R }}","parameters":{"R":{"type":"String"}}` + steps:              nil,
	} {
		a := mustParse(t, text).Analyse(nil)
		if diff := cmp.Diff(want, told(a)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if a.Contained() != (want == nil) {
			t.Errorf("%s: contained is %v", text, a.Contained())
		}
	}
}

func TestEscapesOfSteps(t *testing.T) {
	t.Parallel()
	api := func(rest string) string { return `{"name":"a","action":"aws:executeAwsApi","inputs":{` + rest + `}}` }
	action := func(name, rest string) string {
		return `{"name":"a","action":"aws:` + name + `","inputs":{` + rest + `}}`
	}
	for step, want := range map[string]string{
		action("sleep", `"Duration":"PT1S"`):                                                               "",
		action("runCommand", `"DocumentName":"d","ServiceRoleArn":"`+fixedARN+`"`):                         "passes-role Run Command notifies as the role in ServiceRoleArn: " + fixedARN,
		action("runCommand", `"DocumentName":"d","ServiceRoleArn":""`):                                     "",
		action("createStack", `"StackName":"s","RoleARN":"{{ Other }}"`):                                   "passes-role CloudFormation works as the role in RoleARN, now and whenever the stack changes: {{ Other }}",
		action("createStack", `"StackName":"s","Capabilities":["CAPABILITY_IAM"]`):                         `changes-rights the stack may make IAM roles: ["CAPABILITY_IAM"]`,
		action("createStack", `"StackName":"s","Capabilities":["CAPABILITY_AUTO_EXPAND"]`):                 "",
		action("createStack", `"StackName":"s","TemplateURL":"https://x/y"`):                               "hidden the stack's template is not a part of the document: https://x/y",
		action("createStack", `"StackName":"s","TemplateBody":"{{ Other }}"`):                              "hidden the stack's template is not a part of the document: {{ Other }}",
		action("createStack", `"StackName":"s","TemplateBody":"{\"Role\": \"x\"}"`):                        "passes-role the stack's template hands roles to its resources",
		action("createStack", `"StackName":"s","TemplateBody":"A:\n  RoleArn: x"`):                         "passes-role the stack's template hands roles to its resources",
		action("createStack", `"StackName":"s","TemplateBody":"{\"Key\": \"Role\"}"`):                      "",
		action("runCommand", `"DocumentName":"d","Parameters":{"commands":["ls","aws sts assume-role"]}`):  "assumes-role sts AssumeRole gets credentials of another identity (in a command)",
		api(`"Service":"cloudformation","Api":"UpdateStack","Capabilities":["CAPABILITY_IAM"]`):            `changes-rights the stack may make IAM roles: ["CAPABILITY_IAM"]`,
		api(`"Service":"ssm","Api":"startautomationexecution"`):                                            "starts-automation ssm StartAutomationExecution starts or answers automations past the runbook's own steps",
		action("deleteStack", `"StackName":"s","RoleARN":"x"`):                                             "passes-role CloudFormation works as the role in RoleARN: x",
		action("runInstances", `"ImageId":"ami-1","IamInstanceProfileName":"p"`):                           "passes-role the instances work as the role of their instance profile: p",
		action("invokeLambdaFunction", `"FunctionName":"f"`):                                               "own-role the function works under a role of its own: f",
		action("executeStateMachine", `"stateMachineArn":"m"`):                                             "own-role the state machine works under a role of its own: m",
		action("invokeWebhook", `"IntegrationName":"w"`):                                                   "own-role the webhook does its work outside of the role: w",
		action("shareSQLMedia", ``):                                                                        "hidden nothing is known of the action aws:shareSQLMedia",
		api(`"Service":"ec2","Api":"StopInstances"`):                                                       "",
		api(`"Service":"ec2","Api":"DescribeInstances","Filters":[{"Name":"x","RoleArn":"y"}]`):            "",
		api(`"Service":"SSM","Api":"start_automation_execution"`):                                          "starts-automation ssm StartAutomationExecution starts or answers automations past the runbook's own steps",
		api(`"Service":"ssm","Api":"SendCommand","ServiceRoleArn":"x"`):                                    "passes-role ssm SendCommand hands the role in ServiceRoleArn to the service, which then works under it",
		api(`"Service":"ssm","Api":"SendCommand"`):                                                         "",
		api(`"Service":"sts","Api":"assumeRole"`):                                                          "assumes-role sts AssumeRole gets credentials of another identity",
		api(`"Service":"sts","Api":"GetSessionToken"`):                                                     "assumes-role sts GetSessionToken gets credentials of another identity",
		api(`"Service":"sts","Api":"GetCallerIdentity"`):                                                   "",
		api(`"Service":"iam","Api":"TagRole"`):                                                             "changes-rights iam TagRole changes what identities may do",
		api(`"Service":"iam","Api":"GetRole"`):                                                             "",
		api(`"Service":"states","Api":"StartExecution"`):                                                   "own-role stepfunctions StartExecution starts something that works under a role of its own",
		api(`"Service":"eks","Api":"CreateNodegroup","nodeRole":"{{ Other }}"`):                            "passes-role eks CreateNodegroup hands the role in nodeRole to the service, which then works under it",
		api(`"Service":"ec2","Api":"RunInstances","IamInstanceProfile":{"Name":"x"}`):                      "passes-role ec2 RunInstances hands the role in IamInstanceProfile to the service, which then works under it",
		api(`"Service":"ec2","Api":"RunInstances","Tags":[{"Key":"Role","Value":"web"}]`):                  "",
		api(`"Service":"x","Api":"PutY","Deep":{"List":[{"taskRoleArn":"z"}]}`):                            "passes-role x PutY hands the role in taskRoleArn to the service, which then works under it",
		api(`"Service":"{{ Service }}","Api":"AssumeRole"`):                                                "assumes-role sts AssumeRole gets credentials of another identity",
		api(`"Service":"{{ Service }}","Api":"StopInstances"`):                                             "",
		api(`"Service":"ec2","Api":"{{ Other }}"`):                                                         "hidden which operation is called is known only when the step runs: ec2 {{ Other }}",
		api(`"Service":"ec2","Api":"Start{{ Service }}"`):                                                  "hidden which operation is called is known only when the step runs: ec2 Start{{ Service }}",
		action("loop", `"Iterators":["1"],"Steps":[`+action("invokeWebhook", `"IntegrationName":"w"`)+`]`): "own-role the webhook does its work outside of the role: w",
	} {
		a := mustParse(t, withRole+step+"]}").Analyse(nil)
		got := ""
		for _, e := range a.Escapes {
			got += string(e.Kind) + " " + e.Message
			if e.Line != 4 || e.Column == 1 || e.Step != "a" || e.Path == "" || e.Fix == "" && e.Kind != Hidden {
				t.Errorf("%s: %+v", step, e)
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", step, got, want)
		}
	}
}

func TestEscapesOfScripts(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"ec2 = boto3.client('ec2')\nec2.stop_instances(InstanceIds=x)":                       "",
		"# assume_role would be wrong\nx = 1":                                                "",
		"re.compile('x'); model.eval(); cursor.exec('x')":                                    "",
		"x = getattr(client, 'stop')":                                                        "",
		"sts = boto3.client('sts')\nreturn sts.get_caller_identity()":                        "",
		"x\ny = boto3.client('sts')":                                                         "2 assumes-role",
		"ssm.start_automation_execution(DocumentName='x')":                                   "1 starts-automation",
		"a\nb = sts.assume_role(RoleArn=arn)":                                                "2 assumes-role, 2 passes-role",
		"subprocess.run(['aws', 'ssm', 'start-automation-execution'])":                       "1 hidden, 1 starts-automation",
		"os.system('aws sts assume-role --role-arn x')":                                      "1 hidden, 1 assumes-role, 1 passes-role",
		"Start-SSMAutomationExecution -DocumentName x":                                       "1 starts-automation",
		"use-stsrole -RoleArn x":                                                             "1 assumes-role",
		"lam.invoke(FunctionName='f')":                                                       "1 own-role",
		"requests.post(url, headers={'X-Amz-Target': 'AmazonSSM.StartAutomationExecution'})": "1 starts-automation",
		"getattr(client, name)(**args)":                                                      "1 hidden",
		"getattr(boto3.client('sts'), api)":                                                  "1 assumes-role, 1 hidden",
		"boto3.client(service)":                                                              "1 hidden",
		"boto3.client(service_name=events['s'])":                                             "1 hidden",
		"exec(code)":                                                                         "1 hidden",
		"x = importlib.import_module('boto3')":                                               "1 hidden",
		"Invoke-Expression $x":                                                               "1 hidden",
		"boto3.Session(aws_access_key_id=k)":                                                 "1 assumes-role",
		"boto3.Session(profile_name='x')":                                                    "1 assumes-role",
		"urllib.request.urlopen('http://169.254.170.2' + u)":                                 "1 assumes-role",
		"iam.put_role_policy(RoleName='x')":                                                  "1 changes-rights",
		"lam.create_function(\n  Role=arn,\n)":                                               "2 passes-role",
		"x = {'roleArn': arn}":                                                               "1 passes-role",
		"é = 1\n# é\nx = '{{ Other }}'":                                                      "3 hidden",
		"x = '{{ Service }}'":                                                                "",
		"x = '{{ a.Out }} {{ b.Out }} {{ variable:V }}'":                                     "1 hidden",
		"x = '{{ Tight }}'":                                                                  "",
		"x = '{{ Loose }}'":                                                                  "1 hidden",
		"x = '{{ Evil }}'":                                                                   "1 changes-rights",
		"vars(client)['x']":                                                                  "1 hidden",
		"from boto3 import client\nclient('sts')":                                            "2 assumes-role",
		"session.get_credentials()":                                                          "1 hidden",
	} {
		quoted := compactJSON(code)
		a := mustParse(t, withRole+`{"name":"a","action":"aws:executeScript","inputs":{"Runtime":"python3.11","Handler":"h","Script":`+quoted+`}}]}`).Analyse(nil)
		var got []string
		seen := map[string]bool{}
		for _, e := range a.Escapes {
			_, line, _ := strings.Cut(e.Message, "(line ")
			line, _, _ = strings.Cut(line, " ")
			if one := line + " " + string(e.Kind); !seen[one] {
				seen[one] = true
				got = append(got, one)
			}
		}
		wanted := strings.Split(want, ", ")
		if want == "" {
			wanted = nil
		}
		for _, one := range wanted {
			if !seen[one] {
				t.Errorf("%s: got %v, want %s", code, got, want)
			}
		}
		if len(got) != len(wanted) {
			t.Errorf("%s: got %v, want %s", code, got, want)
		}
	}
	yaml := "schemaVersion: '0.3'\nassumeRole: '{{ R }}'\nparameters: {R: {type: String}}\nmainSteps:\n- name: a\n  action: aws:executeScript\n  inputs:\n    Runtime: python3.11\n    Handler: h\n    Script: |-\n" +
		"      def h(e, c):\n        # assume_role\n        boto3.client('sts').assume_role(RoleArn=e['r'])\n    Attachment: x.zip\n"
	want := []string{
		"assumes-role 13:15 a | the script has a client of STS (line 3 of the script)",
		"assumes-role 13:29 a | sts AssumeRole gets credentials of another identity (line 3 of the script)",
		"passes-role 13:41 a | the script hands a role to a service (line 3 of the script)",
		"hidden 14:17 a | the script is an attachment, which is not a part of the document",
	}
	if diff := cmp.Diff(want, told(mustParse(t, yaml).Analyse(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestEscapesOfChildren(t *testing.T) {
	t.Parallel()
	child := func(head, steps string) *Document {
		if steps == "" {
			steps = `{"name":"c","action":"aws:pause","inputs":{}}`
		}
		return mustParse(t, `{"schemaVersion":"0.3",`+head+`"mainSteps":[`+steps+`]}`)
	}
	start := func(name, rest string) string {
		return `{"name":"a","action":"aws:executeAutomation","inputs":{"DocumentName":"` + name + `"` + rest + `}}`
	}
	role := func(rest string) string {
		return `"assumeRole":"{{ Role }}","parameters":{"Role":{"type":"String"` + rest + `}},`
	}
	pass := `,"RuntimeParameters":{"Role":"{{ AutomationAssumeRole }}"}`
	documents := map[string]*Document{
		"good":    child(role(`,"default":""`), ""),
		"default": child(role(`,"default":"`+fixedARN+`"`), ""),
		"fixed":   child(`"assumeRole":"`+fixedARN+`",`, ""),
		"none":    child("", ""),
		"unclear": child(`"assumeRole":"x",`, ""),
		"deep":    child(role(""), `{"name":"m","action":"aws:executeAutomation","inputs":{"DocumentName":"hook","RuntimeParameters":{"Role":["{{ Role }}"]}}}`),
		"hook":    child(role(""), `{"name":"w","action":"aws:invokeWebhook","inputs":{"IntegrationName":"i"}}`),
		"circle":  child(role(""), start("circle", `,"RuntimeParameters":{"Role":"{{ Role }}"}`)),
	}
	children := func(name, version string) (*Document, error) {
		if d, ok := documents[name]; ok && version != "9" {
			return d, nil
		}
		return nil, errors.New("no such document")
	}
	for step, want := range map[string]string{
		start("good", pass): "",
		start("good", `,"RuntimeParameters":{"Role":["{{AutomationAssumeRole}}"]}`): "",
		start("good", ``): "child-no-role 4:55 a | the step passes no Role, so good runs with the rights of whoever started this runbook",
		start("good", `,"RuntimeParameters":{"Role":""}`):                                            "child-no-role 4:98 a | the step passes no Role, so good runs with the rights of whoever started this runbook",
		start("good", `,"RuntimeParameters":{"Role":"`+fixedARN+`"}`):                                "child-other-role 4:106 a | the step passes another role to good: " + fixedARN + " | " + fixedARN,
		start("good", `,"RuntimeParameters":{"Role":"{{ Other }}"}`):                                 "child-other-role 4:106 a | the step passes another role to good: {{ Other }} | Other",
		start("good", `,"RuntimeParameters":{"Role":"x{{ AutomationAssumeRole }}"}`):                 "child-other-role 4:106 a | the step passes another role to good: x{{ AutomationAssumeRole }} | AutomationAssumeRole",
		start("good", `,"RuntimeParameters":{"Role":"arn:aws:iam::{{ global:ACCOUNT_ID }}:role/X"}`): "child-other-role 4:106 a | the step passes another role to good: arn:aws:iam::{{ global:ACCOUNT_ID }}:role/X",
		start("good", `,"RuntimeParameters":"{{ Other }}"`):                                          "child-unclear 4:98 a | the parameters of good are known only when the step runs, its role among them",
		start("good", pass+`,"TargetMaps":[{"Role":["x"]}]`):                                         "child-unclear 4:149 a | TargetMaps may set the child's role, Role",
		start("good", pass+`,"TargetParameterName":"Role"`):                                          "child-unclear 4:158 a | the targets set the child's role, Role",
		start("good", pass+`,"TargetMaps":[{"Id":["x"]}],"TargetParameterName":"Id"`):                "",
		start("good", pass+`,"TargetLocations":[{"Accounts":["1"],"ExecutionRoleName":"R"}]`):        "target-locations 4:154 a | TargetLocations runs the child in other accounts and Regions as R",
		start("default", ``):       "child-other-role 4:55 a | the step passes no Role, so default runs as its default " + fixedARN + " | " + fixedARN,
		start("default", pass):     "",
		start("fixed", pass):       "child-other-role 4:71 a | fixed names its role itself: " + fixedARN + " | " + fixedARN,
		start("none", pass):        "child-no-role 4:71 a | none has no assumeRole, so it runs with the rights of whoever started this runbook",
		start("unclear", pass):     "child-unclear 4:71 a | it is unclear which role unclear runs as: assumeRole is neither a reference to one parameter nor the ARN of a role",
		start("{{ Other }}", pass): "child-unclear 4:71 a | which child this starts is known only when the step runs: {{ Other }} | Other",
		start("arn:aws:ssm:eu-west-1:999999999999:document/good", pass): "child-unknown 4:71 a | the document arn:aws:ssm:eu-west-1:999999999999:document/good is not known here, so it is unclear what it runs as",
		start("gone", pass):                          "child-unknown 4:71 a | the document gone is not known here, so it is unclear what it runs as",
		start("good", pass+`,"DocumentVersion":"9"`): "child-unknown 4:71 a | the document good is not known here, so it is unclear what it runs as",
		start("gone", ``):                            "child-no-role 4:55 a | the step passes no role, so gone runs with the rights of whoever started this runbook, unless it names a role itself",
		start("gone", `,"RuntimeParameters":{"AutomationAssumeRole":"{{ Other }}"}`): "child-other-role 4:122 a | the step passes another role to gone: {{ Other }} | Other",
		start("deep", pass):   "own-role 4:71 a > deep:1 m > hook:1 w | the webhook does its work outside of the role: i",
		start("circle", pass): "child-unclear 4:71 a > circle:1 a | circle starts itself again",
	} {
		got := strings.Join(told(mustParse(t, withRole+step+"]}").Analyse(children)), "\n")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", step, got, want)
		}
	}
	a := mustParse(t, withRole+start("deep", pass+`,"DocumentVersion":"3"`)+","+strings.Replace(start("{{ Other }}", ""), `"a"`, `"b"`, 1)+"]}").Analyse(children)
	want := []Child{{Step: "a", Line: 4, Column: 71, Document: "deep", Version: "3", Pinned: true, Known: true},
		{Step: "a", Line: 4, Column: 71, Trail: []Hop{{Document: "deep", Version: "3", Step: "m", Line: 1, Column: 173}}, Document: "hook", Known: true},
		{Step: "b", Line: 4, Column: 230}}
	if diff := cmp.Diff(want, a.Children); diff != "" {
		t.Error(diff)
	}
}

// A hundred documents that each start every other would be looked at without end.
func TestAnalysisIsBounded(t *testing.T) {
	t.Parallel()
	var steps []string
	for i := range 100 {
		steps = append(steps, fmt.Sprintf(`{"name":"s%d","action":"aws:executeAutomation","inputs":{"DocumentName":"d%d"}}`, i, i))
	}
	d := mustParse(t, `{"schemaVersion":"0.3","mainSteps":[`+strings.Join(steps, ",")+`]}`)
	asked := 0
	children := func(string, string) (*Document, error) { asked++; return d, nil }
	began := time.Now()
	a := d.Analyse(children)
	if len(a.Escapes) > MaxEscapes+1 || len(a.Children) > MaxEscapes+100 || asked > 100*maxChildren*maxChildDepth || time.Since(began) > 10*time.Second {
		t.Errorf("%d escapes, %d children, %d documents, %s", len(a.Escapes), len(a.Children), asked, time.Since(began))
	}
	if got := d.Effects(children); len(got) != 100 {
		t.Errorf("%d effects", len(got))
	}
}

func TestPublicRunbooksAreAnalysed(t *testing.T) {
	t.Parallel()
	publicRunbooks(t, func(name string, content []byte) {
		d, err := Parse(content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if a := d.Analyse(nil); a.Role.Kind != RoleParameter {
			t.Errorf("%s: %+v", name, a.Role)
		}
		if got := d.Effects(nil); len(got) < len(d.Steps) {
			t.Errorf("%s: %d effects", name, len(got))
		}
	})
}
