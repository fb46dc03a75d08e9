package policy_test

import (
	"strings"
	"testing"

	"handrail/policy"
)

// TestRoles says of more than forty ways to write, or not to write, a role which ones run under the service role. Everything else is
// a no, whatever AWS would make of it.
func TestRoles(t *testing.T) {
	t.Parallel()
	const mine = "AutomationAssumeRole: {type: String, default: ''}"
	yaml := func(assume, parameters string) string {
		return "schemaVersion: '0.3'\n" + assume + "\nparameters: {" + parameters + "}\nmainSteps: [" + nap + "]\n"
	}
	json := func(assume string) string {
		return `{"schemaVersion":"0.3",` + assume + `"parameters":{"AutomationAssumeRole":{"type":"String","default":""},"Other":{"type":"String","default":""}},` +
			`"mainSteps":[{"name":"nap","action":"aws:sleep","inputs":{"Duration":"PT1S"}}]}`
	}
	const ok, absent, other, unclear, broken = policy.CodeGranted, policy.CodeRoleAbsent, policy.CodeRoleOther, policy.CodeRoleUnclear, policy.CodeDocumentUnreadable
	accepted := 0
	for name, c := range map[string]struct {
		text string
		want policy.Code
	}{
		"the parameter":                      {yaml(injected, mine), ok},
		"without spaces":                     {yaml("assumeRole: '{{AutomationAssumeRole}}'", mine), ok},
		"with many spaces":                   {yaml("assumeRole: '{{   AutomationAssumeRole   }}'", mine), ok},
		"in JSON":                            {json(`"assumeRole":"{{ AutomationAssumeRole }}",`), ok},
		"in JSON, escaped":                   {json(`"assumeRole":"\u007b\u007b AutomationAssumeRole }}",`), ok},
		"a parameter of another name":        {yaml("assumeRole: '{{ Role }}'", "Role: {type: String, default: ''}"), ok},
		"of the type for roles":              {yaml("assumeRole: '{{ AutomationAssumeRole }}'", "AutomationAssumeRole: {type: 'AWS::IAM::Role::Arn', default: ''}"), ok},
		"without a default":                  {yaml("assumeRole: '{{ AutomationAssumeRole }}'", "AutomationAssumeRole: {type: String}"), ok},
		"with another role as the default":   {yaml("assumeRole: '{{ AutomationAssumeRole }}'", "AutomationAssumeRole: {type: String, default: '"+otherRole+"'}"), ok},
		"the service role":                   {yaml("assumeRole: "+serviceRole, mine), ok},
		"the service role, in JSON":          {json(`"assumeRole":"` + serviceRole + `",`), ok},
		"in a block":                         {yaml("assumeRole: |-\n  {{ AutomationAssumeRole }}", mine), ok},
		"nothing":                            {yaml("description: x", mine), absent},
		"nothing, in JSON":                   {json(""), absent},
		"an empty text":                      {yaml("assumeRole: ''", mine), absent},
		"null":                               {yaml("assumeRole:", mine), broken},
		"under another key":                  {yaml("AssumeRole: '{{ AutomationAssumeRole }}'", mine), unclear},
		"under a key with a look-alike":      {yaml("аssumeRole: '{{ AutomationAssumeRole }}'", mine), absent},
		"another role":                       {yaml("assumeRole: "+otherRole, mine), other},
		"another account":                    {yaml("assumeRole: "+strings.Replace(serviceRole, "123456789012", "999999999999", 1), mine), other},
		"another partition":                  {yaml("assumeRole: "+strings.Replace(serviceRole, "arn:aws:", "arn:aws-cn:", 1), mine), other},
		"the role in other letters":          {yaml("assumeRole: "+strings.ToLower(serviceRole), mine), other},
		"the role with a path":               {yaml("assumeRole: "+strings.Replace(serviceRole, "role/", "role/x/", 1), mine), other},
		"the role and more":                  {yaml("assumeRole: "+serviceRole+"2", mine), other},
		"a look-alike in the role":           {yaml("assumeRole: "+strings.Replace(serviceRole, "Amazon", "Аmazon", 1), mine), unclear},
		"spaces around the role":             {yaml("assumeRole: ' "+serviceRole+" '", mine), unclear},
		"a role out of pieces":               {yaml("assumeRole: 'arn:aws:iam::{{ global:ACCOUNT_ID }}:role/AmazonSSMAutomationRole'", mine), unclear},
		"a parameter and more":               {yaml("assumeRole: '{{ AutomationAssumeRole }}x'", mine), unclear},
		"two parameters":                     {yaml("assumeRole: '{{ AutomationAssumeRole }}{{ AutomationAssumeRole }}'", mine), unclear},
		"spaces around the parameter":        {yaml("assumeRole: ' {{ AutomationAssumeRole }}'", mine), unclear},
		"a parameter that is not declared":   {yaml("assumeRole: '{{ Role }}'", mine), unclear},
		"another parameter beside ours":      {yaml("assumeRole: '{{ Role }}'", mine+", Role: {type: String, default: ''}"), unclear},
		"a parameter in other letters":       {yaml("assumeRole: '{{ automationassumerole }}'", mine), unclear},
		"a parameter with a look-alike":      {yaml("assumeRole: '{{ АutomationAssumeRole }}'", mine), unclear},
		"a list":                             {yaml("assumeRole: '{{ Roles }}'", "Roles: {type: StringList}"), unclear},
		"an SSM parameter":                   {yaml("assumeRole: '{{ ssm:/role }}'", mine), unclear},
		"an SSM parameter as the default":    {yaml("assumeRole: '{{ AutomationAssumeRole }}'", "AutomationAssumeRole: {type: String, default: '{{ ssm:/role }}'}"), ok},
		"a variable":                         {yaml("assumeRole: '{{ variable:Role }}'\nvariables: {Role: {type: String, default: "+otherRole+"}}", mine), unclear},
		"a step's output":                    {yaml("assumeRole: '{{ nap.Role }}'", mine), unclear},
		"a number":                           {yaml("assumeRole: 12", mine), broken},
		"a list of roles":                    {yaml("assumeRole: ["+serviceRole+"]", mine), broken},
		"twice":                              {yaml(injected+"\nassumeRole: "+otherRole, mine), broken},
		"twice, in JSON":                     {json(`"assumeRole":"{{ AutomationAssumeRole }}","assumeRole":"` + otherRole + `",`), broken},
		"an anchor":                          {yaml("description: &r '{{ AutomationAssumeRole }}'\nassumeRole: *r", mine), ok},
		"a merge":                            {"x: &r {assumeRole: '{{ AutomationAssumeRole }}'}\n<<: *r\n" + yaml("description: x", mine), broken},
		"an invisible character in the name": {yaml("assumeRole: '{{ Automation\u200bAssumeRole }}'", mine), unclear},
	} {
		d := answer(keeper(t), survey(t, c.text, nil))
		if d.Code() != c.want {
			t.Errorf("%s: %s: %s; want %s", name, d.Code(), d.Explain().Sentence, c.want)
		}
		if d.Allowed() {
			accepted++
			role := d.RoleParameter()
			if role == "" && !strings.Contains(c.text, serviceRole) {
				t.Errorf("%s: allowed, and no role is set", name)
			}
		}
	}
	if accepted != 14 {
		t.Errorf("%d ways are accepted", accepted)
	}
}
