package policy

import (
	"slices"
	"unicode/utf8"
)

// checkParameters checks what the person gave against the policy, in the order of the names.
func (d *Decision) checkParameters() Code {
	given := d.request.Parameters
	if len(given) > MaxParameters {
		return CodeParametersTooMany
	}
	var space [16]string
	names := space[:0]
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if code := d.checkParameter(name, given[name]); code != "" {
			d.parameter = name
			return code
		}
	}
	return ""
}

func (d *Decision) checkParameter(name string, values []string) Code {
	p, ok := d.runbook.Parameter(name)
	switch {
	case isRoleParameter(name), d.documentRole() == name:
		return CodeParameterRole
	case !ok && (name == "" || utf8.RuneCountInString(name) > MaxParameterName || hidden(name)):
		return CodeParameterName
	case !ok:
		return CodeParameterUnknown
	case len(values) == 0:
		return CodeValueMissing
	case len(values) > p.MaxItems:
		return CodeValuesTooMany
	}
	for _, value := range values {
		if code := p.check(value); code != "" {
			if code != CodeValueSecret {
				d.value = value
			}
			return code
		}
	}
	return ""
}

// check says why a value is not allowed, or "". Listed values are checked when a policy is read.
func (p *Parameter) check(value string) Code {
	if _, ok := p.allowed[value]; ok {
		return ""
	}
	if p.Secret && value != "" && !isSecretName(value) {
		return CodeValueSecret // whatever else is wrong: it may be the secret itself, and is not repeated
	}
	if code := badValue(value); code != "" {
		return code
	}
	if p.allowed != nil || !p.bounded() {
		return CodeValueNotAllowed
	}
	return p.refuses(value)
}

// bounded says whether there is anything that a value has to hold. Parse lets no other parameter be.
func (p *Parameter) bounded() bool {
	return len(p.Allow) > 0 || p.Pattern != "" || p.Min != nil || p.Max != nil || p.Secret
}

// badValue says what is wrong with a value whatever the parameter, or "".
func badValue(value string) Code {
	switch {
	case value == "":
		return CodeValueMissing
	case utf8.RuneCountInString(value) > MaxValueLength:
		return CodeValueTooLong
	case template(value):
		return CodeValueTemplate
	case hidden(value):
		return CodeValueHidden
	}
	return ""
}

// documentRole is the parameter that carries the document's role, or "" if it has none or cannot be read.
func (d *Decision) documentRole() string {
	if doc := d.request.Document; doc != nil && doc.Content != nil {
		return doc.Content.Role().Parameter
	}
	return ""
}
