package runbook

import (
	"regexp"
	"strings"
)

// RoleKind says how a document's role is set.
type RoleKind string

const (
	// RoleUnclear is everything that is none of the others. It is the zero value's meaning too: treat it as a no.
	RoleUnclear RoleKind = "unclear"
	// RoleParameter: whoever starts the document gives the role as the value of one declared parameter.
	RoleParameter RoleKind = "parameter"
	// RoleFixed: the document names one role itself, whoever starts it.
	RoleFixed RoleKind = "fixed"
	// RoleAbsent: the document names none and runs with the rights of whoever starts it.
	RoleAbsent RoleKind = "absent"
)

// Role is the answer to: under which role do the steps of this document run? It does not look into the steps, which
// may bring roles of their own.
type Role struct {
	Kind RoleKind
	// Parameter is the declared parameter's name if Kind is RoleParameter, else "".
	Parameter string
	// ARN is the literal role if Kind is RoleFixed, else "".
	ARN string
	// Reason says in a sentence why Kind is RoleUnclear, else "".
	Reason string
}

// Role returns the role analysis of the top-level assumeRole. It is exact on purpose: RoleParameter only if the text is
// "{{ name }}", with or without spaces, name is a declared parameter in the same spelling, and that parameter holds one
// string; RoleFixed only if the text is the ARN of an IAM role and nothing else.
func (d *Document) Role() Role {
	if d.role.Kind == "" {
		return Role{Kind: RoleUnclear, Reason: "the document was not parsed"}
	}
	return d.role
}

// roleARN is an IAM role's ARN. Partitions and account: AWS::IAM::Role::Arn of the Automation guide; path and name:
// docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html, ASCII only.
var roleARN = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/([a-zA-Z0-9+=,.@_-]+/)*[a-zA-Z0-9+=,.@_-]{1,64}$`)

// IsRoleARN says whether text is exactly the ARN of an IAM role.
func IsRoleARN(text string) bool { return len(text) <= 2048 && roleARN.MatchString(text) }

// roleReference allows plain spaces inside the braces and nothing outside them.
var roleReference = regexp.MustCompile(`^\{\{ *([a-zA-Z0-9_]+) *\}\}$`)

func roleOf(root *node, d *Document) Role {
	for _, f := range root.fields {
		if f.name != "assumeRole" && strings.EqualFold(strings.TrimSpace(f.name), "assumeRole") {
			return unclear("the document has a key " + f.name + ", which is not assumeRole but looks like it")
		}
	}
	n := root.get("assumeRole")
	if n == nil || n.text == "" {
		return Role{Kind: RoleAbsent}
	}
	if IsRoleARN(n.text) {
		return Role{Kind: RoleFixed, ARN: n.text}
	}
	m := roleReference.FindStringSubmatch(n.text)
	if m == nil {
		return unclear("assumeRole is neither a reference to one parameter nor the ARN of a role")
	}
	p, ok := d.Parameter(m[1])
	if !ok {
		return unclear("assumeRole refers to " + m[1] + ", which is not a declared parameter")
	}
	if p.Type != "String" && p.Type != "AWS::IAM::Role::Arn" {
		return unclear("assumeRole refers to " + m[1] + ", which is of type " + p.Type)
	}
	return Role{Kind: RoleParameter, Parameter: p.Name}
}

func unclear(reason string) Role { return Role{Kind: RoleUnclear, Reason: reason} }
