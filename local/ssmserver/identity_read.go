package ssmserver

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"handrail/runbook"
)

// Identities are who may call a server and which roles its account has.
type Identities struct {
	// Callers is nil if the file has none: then any key may call.
	Callers map[string]Identity
	// Roles is nil if the file has none: then the account has its usual one.
	Roles            []Role
	VerifySignatures bool
}

const maxIdentities = 1 << 20

// ReadIdentities reads who may call, and which roles there are, from YAML:
//
//	verify_signatures: true
//	callers:
//	  AKIAEXAMPLEANA: {arn: 'arn:aws:iam::123456789012:user/ana', secret: wJalr…}
//	  ASIAEXAMPLEBEN: {arn: 'arn:aws:sts::123456789012:assumed-role/Admin/ben', secret: s3cr…, token: IQoJ…}
//	roles:
//	  - arn: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
//	  - {arn: 'arn:aws:iam::123456789012:role/Lambda', trusts: [lambda.amazonaws.com]}
//
// A role trusts ssm.amazonaws.com alone if nothing else is said. The error is a *runbook.ParseError with every problem and
// its place.
func ReadIdentities(content []byte) (Identities, error) {
	if len(content) > maxIdentities {
		return Identities{}, &runbook.ParseError{Problems: []runbook.Problem{{Message: "the file is larger than 1 MB"}}}
	}
	root, err := loadYAML(content)
	if err != nil {
		return Identities{}, err
	}
	r := &identityReader{yamlReader: yamlReader{budget: maxIdentities}}
	if root != nil {
		r.file(root)
	}
	if len(r.problems) > 0 {
		return Identities{}, &runbook.ParseError{Problems: r.problems}
	}
	return r.out, nil
}

type identityReader struct {
	yamlReader
	out Identities
}

func (r *identityReader) file(root *yaml.Node) {
	var callers, verify *yaml.Node
	for key, value := range r.entries(root, "") {
		switch key.Value {
		case "verify_signatures":
			verify = value
			r.out.VerifySignatures = r.flag(value, key.Value)
		case "callers":
			callers = value
		case "roles":
			r.roles(value)
		default:
			r.unknown(key, key.Value, "callers", "roles", "verify_signatures")
		}
	}
	if callers != nil {
		r.callers(callers)
	} else if r.out.VerifySignatures {
		r.problem(verify, "verify_signatures", "needs callers with their secrets")
	}
}

func (r *identityReader) flag(n *yaml.Node, path string) bool {
	value, ok := r.value(n, path, 0).(bool)
	if !ok {
		r.problem(n, path, "must be true or false")
	}
	return value
}

func (r *identityReader) callers(n *yaml.Node) {
	r.out.Callers = map[string]Identity{}
	for key, value := range r.entries(n, "callers") {
		path := "callers." + key.Value
		var who Identity
		for member, text := range r.entries(value, path) {
			here := path + "." + member.Value
			switch member.Value {
			case "arn":
				who.ARN = r.text(text, here)
			case "secret":
				who.Secret = r.text(text, here)
			case "token":
				who.Token = r.text(text, here)
			default:
				r.unknown(member, here, "arn", "secret", "token")
			}
		}
		if err := who.check(key.Value, r.out.VerifySignatures); err != nil && value.Kind == yaml.MappingNode {
			r.problem(key, "", "%s", err)
		}
		r.out.Callers[key.Value] = who
	}
}

func (r *identityReader) roles(list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		r.problem(list, "roles", "must be a list of roles, each with an arn")
		return
	}
	r.out.Roles = []Role{}
	for i, item := range list.Content {
		path := "roles[" + strconv.Itoa(i) + "]"
		item = resolved(item)
		var role Role
		for member, value := range r.entries(item, path) {
			here := path + "." + member.Value
			switch member.Value {
			case "arn":
				role.ARN = r.text(value, here)
			case "trusts":
				role.Trusts = r.texts(value, here)
			default:
				r.unknown(member, here, "arn", "trusts")
			}
		}
		if item.Kind == yaml.MappingNode && !runbook.IsRoleARN(role.ARN) {
			r.problem(item, path, "%q is no ARN of a role", role.ARN)
		}
		r.out.Roles = append(r.out.Roles, role)
	}
}

// texts is never nil.
func (r *identityReader) texts(list *yaml.Node, path string) []string {
	out := []string{}
	if list.Kind != yaml.SequenceNode {
		r.problem(list, path, "must be a list")
		return out
	}
	for _, item := range list.Content {
		out = append(out, r.text(resolved(item), path))
	}
	return out
}
