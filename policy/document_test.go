package policy_test

import (
	"testing"

	"handrail/policy"
)

func TestDecideDocuments(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	deny := func(name string, code policy.Code, changes ...func(*policy.Request)) row {
		return row{name, code, "", request(t, changes...)}
	}
	holds := func(assumeRole string, parameters ...string) func(*policy.Request) {
		return document(func(d *policy.Document) { holding(d, content(t, assumeRole, parameters...)) })
	}
	lead := []func(*policy.Request){who("U0LEAD", "S0LEADS"), what("drift"), without("InstanceId")}
	drift := func(change func(*policy.Document)) []func(*policy.Request) {
		return append(lead, holds(injected, declaredRole), document(change))
	}
	fixed := "assumeRole: " + serviceRole
	rows := []row{
		deny("AWS was not asked", policy.CodeDocumentUnknown, func(r *policy.Request) { r.Document = nil }),
		deny("AWS could not be asked", policy.CodeDocumentUnknown, document(func(d *policy.Document) { d.State = policy.DocumentUnknown })),
		deny("a state nobody knows", policy.CodeDocumentUnknown, document(func(d *policy.Document) { d.State = "perhaps" })),
		deny("the document is gone", policy.CodeDocumentGone, document(func(d *policy.Document) { d.State = policy.DocumentGone })),
		deny("no content", policy.CodeDocumentUnreadable, document(func(d *policy.Document) { d.Content = nil })),
		deny("content with a problem", policy.CodeDocumentUnreadable, document(func(d *policy.Document) { d.Problem = "line 3: x" })),
		deny("another version", policy.CodeVersionOther, document(func(d *policy.Document) { d.Version = "2" })),
		deny("no version", policy.CodeVersionOther, document(func(d *policy.Document) { d.Version = "" })),
		deny("a version that is no number", policy.CodeVersionOther, document(func(d *policy.Document) { d.Version = "$DEFAULT" })),
		deny("no hash", policy.CodeHashMissing, document(func(d *policy.Document) { d.SHA256 = "" })),
		deny("another hash", policy.CodeHashOther, document(func(d *policy.Document) { d.SHA256 = otherHash })),
		deny("bad parameters before a bad document", policy.CodeValueNotAllowed, with("InstanceId", "x"), func(r *policy.Request) { r.Document = nil }),

		deny("no role", policy.CodeRoleAbsent, holds("", declaredID)),
		deny("a role declared and not used", policy.CodeRoleAbsent, holds("", declaredRole, declaredID)),
		deny("another role", policy.CodeRoleOther, holds("assumeRole: "+otherRole, declaredID)),
		deny("the role in other letters", policy.CodeRoleOther, holds("assumeRole: arn:aws:iam::123456789012:role/amazonssmautomationrole", declaredID)),
		deny("a role out of pieces", policy.CodeRoleUnclear, holds("assumeRole: 'arn:aws:iam::{{global:ACCOUNT_ID}}:role/X'", declaredID)),
		deny("a role from a list", policy.CodeRoleUnclear, holds("assumeRole: '{{ Roles }}'", "Roles: {type: StringList}", declaredID)),
		deny("two parameters for a role", policy.CodeRoleUnclear, holds("assumeRole: '{{ Role }}'", "Role: {type: String}", declaredRole, declaredID)),
		deny("the document's own role parameter", policy.CodeParameterRole,
			holds("assumeRole: '{{ Role }}'", "Role: {type: String}", declaredID), with("Role", otherRole)),

		deny("a parameter the document does not have", policy.CodeParameterUndeclared, holds(injected, declaredRole)),
		deny("a parameter the policy does not list", policy.CodeParameterMissing, holds(injected, declaredRole, declaredID, "Why: {type: String}")),
		{"the role in a parameter", policy.CodeGranted, "web-restarts", request(t)},
		{"the role in a parameter without a default", policy.CodeGranted, "web-restarts", request(t, holds(injected, "AutomationAssumeRole: {type: String}", declaredID))},
		{"the role in a parameter of another name", policy.CodeGranted, "web-restarts", request(t, holds("assumeRole: '{{Role}}'", "Role: {type: 'AWS::IAM::Role::Arn'}", declaredID))},
		{"the service role itself", policy.CodeGranted, "web-restarts", request(t, holds(fixed, declaredID))},
		{"the service role itself, and a parameter for it", policy.CodeGranted, "web-restarts", request(t, holds(fixed, declaredRole, declaredID))},
		{"a parameter with a default not given", policy.CodeGranted, "web-restarts", request(t, holds(injected, declaredRole, declaredID, "Why: {type: String, default: x}"))},

		{"unpinned at any version", policy.CodeGranted, "leads-all", request(t, drift(func(d *policy.Document) { d.Version, d.SHA256 = "17", otherHash })...)},
		deny("unpinned without a version", policy.CodeVersionOther, drift(func(d *policy.Document) { d.Version = "$LATEST" })...),
		deny("unpinned without a hash", policy.CodeHashMissing, drift(func(d *policy.Document) { d.SHA256 = "" })...),
	}
	injects := map[string]string{
		"the role in a parameter":                         "AutomationAssumeRole",
		"the role in a parameter without a default":       "AutomationAssumeRole",
		"the role in a parameter of another name":         "Role",
		"the service role itself":                         "",
		"the service role itself, and a parameter for it": "AutomationAssumeRole",
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			checkRow(t, p, row)
			if want, ok := injects[row.name]; ok {
				if got := policy.Decide(p, row.request).RoleParameter(); got != want {
					t.Errorf("the role goes into %q, want %q", got, want)
				}
			}
		})
	}
}
