package runbook

import (
	"encoding/json"
	"fmt"
	"testing"
)

const fixedARN = "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"

func documentWithRole(t *testing.T, role string) *Document {
	t.Helper()
	quoted, err := json.Marshal(role)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(fmt.Appendf(nil, `{"schemaVersion":"0.3","assumeRole":%s,"parameters":{
		"AutomationAssumeRole":{"type":"String","default":""}, "Arn":{"type":"AWS::IAM::Role::Arn"}, "Roles":{"type":"StringList"},
		"Flag":{"type":"Boolean"}}, "variables":{"V":{"type":"String"}}, "mainSteps":[{"name":"s","action":"aws:sleep"}]}`, quoted))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRoleIsAParameter(t *testing.T) {
	t.Parallel()
	for text, parameter := range map[string]string{
		"{{ AutomationAssumeRole }}":     "AutomationAssumeRole",
		"{{AutomationAssumeRole}}":       "AutomationAssumeRole",
		"{{   AutomationAssumeRole }}":   "AutomationAssumeRole",
		"{{Arn }}":                       "Arn",
		"{{ AutomationAssumeRole     }}": "AutomationAssumeRole",
	} {
		if got, want := documentWithRole(t, text).Role(), (Role{Kind: RoleParameter, Parameter: parameter}); got != want {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestRoleIsFixed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		fixedARN,
		"arn:aws-cn:iam::123456789012:role/service-role/My.Role_1@x",
		"arn:aws-us-gov:iam::000000000000:role/a",
	} {
		if got, want := documentWithRole(t, text).Role(), (Role{Kind: RoleFixed, ARN: text}); got != want {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestEverythingElseIsUnclear(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		" ", " {{ AutomationAssumeRole }}", "{{ AutomationAssumeRole }} ", "{{ AutomationAssumeRole }}\n", "\t{{AutomationAssumeRole}}",
		"{{\tAutomationAssumeRole }}", "{{\nAutomationAssumeRole }}", "{{\u00a0AutomationAssumeRole }}", "{{\u200bAutomationAssumeRole}}",
		"{{ automationAssumeRole }}", "{{ AUTOMATIONASSUMEROLE }}", "{{ AutomationAssumeR\u043ele }}", "{{ \uff21utomationAssumeRole }}",
		"{{ Nobody }}", "{{ Roles }}", "{{ Flag }}", "{{ }}", "{{}}", "{ AutomationAssumeRole }", "{{ AutomationAssumeRole }",
		"{{{ AutomationAssumeRole }}}", "{{ {{ AutomationAssumeRole }} }}", "{{ AutomationAssumeRole }}{{ Arn }}", "AutomationAssumeRole",
		"{{ variable:V }}", "{{ V }}", "{{ ssm:/role }}", "{{ global:ACCOUNT_ID }}", "{{ automation:EXECUTION_ID }}", "{{ s.Role }}",
		"arn:aws:iam::{{ global:ACCOUNT_ID }}:role/X", "arn:aws:iam::123456789012:role/{{ Arn }}", "{{ Roles[0] }}", "$AutomationAssumeRole",
		fixedARN + " ", fixedARN + "\n", " " + fixedARN, fixedARN + "\x00", "ARN:aws:iam::123456789012:role/X", "arn:aws:iam::12345678901:role/X",
		"arn:aws:iam::123456789012:user/X", "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role//X", "arn:aws:iam::123456789012:role/*",
		"arn:aws:iam:eu-west-1:123456789012:role/X", "arn:aws:sts::123456789012:assumed-role/X/y", "arn:evil:iam::123456789012:role/X",
		"arn:aws:iam::\u0661\u0662\u0663456789012:role/X", "arn:aws:iam::123456789012:role/R\u043ele",
	} {
		if got := documentWithRole(t, text).Role(); got.Kind != RoleUnclear || got.Reason == "" || got.Parameter != "" || got.ARN != "" {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestRoleOfWholeDocuments(t *testing.T) {
	t.Parallel()
	const steps = "\nmainSteps: [{name: s, action: aws:sleep}]\nschemaVersion: '0.3'\n"
	const declared = "\nparameters: {AutomationAssumeRole: {type: String}}"
	for content, want := range map[string]RoleKind{
		steps:                             RoleAbsent,
		"assumeRole: ''" + steps:          RoleAbsent,
		"AssumeRole: " + fixedARN + steps: RoleUnclear,
		"assumerole: " + fixedARN + steps: RoleUnclear,
		"'assumeRole ': " + fixedARN + "\nassumeRole: '{{ AutomationAssumeRole }}'" + declared + steps: RoleUnclear,
		"\"a\u017f\u017fumeRole\": x" + steps:                                             RoleUnclear,
		"description: &r '{{ AutomationAssumeRole }}'\nassumeRole: *r" + declared + steps: RoleParameter,
		"assumeRole: '{{ AutomationAssumeRole }}'" + steps:                                RoleUnclear,
		"assumeRole: |\n  {{ AutomationAssumeRole }}" + declared + steps:                  RoleUnclear,
		"assumeRole: |-\n  {{ AutomationAssumeRole }}" + declared + steps:                 RoleParameter,
		"assumeRole: >-\n  {{\n  AutomationAssumeRole }}" + declared + steps:              RoleParameter,
		"assumeRole: \"{{ AutomationAssumeRole\\u0020}}\"" + declared + steps:             RoleParameter,
	} {
		d, err := Parse([]byte(content))
		if err != nil {
			t.Errorf("%q: %v", content, err)
			continue
		}
		if got := d.Role(); got.Kind != want {
			t.Errorf("%q: got %+v, want %s", content, got, want)
		}
	}
	for _, content := range []string{
		"assumeRole: '{{ AutomationAssumeRole }}'\nassumeRole: " + fixedARN + declared + steps,
		"assumeRole:" + declared + steps,
		"assumeRole: {{ AutomationAssumeRole }}" + declared + steps,
		"assumeRole: ['{{ AutomationAssumeRole }}']" + declared + steps,
		`{"assumeRole":"{{ AutomationAssumeRole }}","assumeRol\u0065":"x"}`,
	} {
		if d, err := Parse([]byte(content)); err == nil {
			t.Errorf("%q: parsed with role %+v", content, d.Role())
		}
	}
	if got := (&Document{AssumeRole: fixedARN}).Role(); got.Kind != RoleUnclear {
		t.Errorf("a document that was not parsed: %+v", got)
	}
}
