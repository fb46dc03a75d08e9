package policy

import "handrail/runbook"

// checkContent checks what would run, in this order: that AWS holds the pinned document, who may change it, the role that
// it runs under, the documents that it starts, its files, its ways out of the role, and what it takes.
func (d *Decision) checkContent() Code {
	if code := d.checkDocument(); code != "" {
		return code
	}
	if code := d.checkOwner(); code != "" {
		return code
	}
	if code := d.checkRole(); code != "" {
		return code
	}
	if code := d.checkChildren(); code != "" {
		return code
	}
	if code := d.checkAttachments(); code != "" {
		return code
	}
	if code := d.checkEscapes(); code != "" {
		return code
	}
	return d.checkDeclared()
}

// checkDocument checks that what AWS holds is what the policy pins.
func (d *Decision) checkDocument() Code {
	doc := d.request.Document
	switch {
	case doc == nil:
		return CodeDocumentUnknown
	case doc.State == DocumentGone:
		return CodeDocumentGone
	case doc.State != DocumentFound:
		return CodeDocumentUnknown
	case !number(doc.Version), !d.runbook.floats() && doc.Version != d.runbook.Version:
		return CodeVersionOther
	case doc.SHA256 == "":
		return CodeHashMissing
	case d.runbook.SHA256 != "" && doc.SHA256 != d.runbook.SHA256:
		return CodeHashOther
	case d.runbook.SHA256 == "" && !d.runbook.AllowUnpinned:
		return CodeHashOther
	case doc.Content == nil || doc.Problem != "":
		return CodeDocumentUnreadable
	}
	return ""
}

// The versions that move, as policy files write them.
const (
	VersionDefault = "default"
	VersionLatest  = "latest"
)

// floats says whether any version will do. Parse lets only unpinned runbooks float.
func (r *Runbook) floats() bool { return r.Version == VersionDefault || r.Version == VersionLatest }

func number(version string) bool {
	if version == "" || len(version) > 9 || version[0] == '0' {
		return false
	}
	for i := range len(version) {
		if version[i] < '0' || version[i] > '9' {
			return false
		}
	}
	return true
}

// checkRole checks that the document runs under the service role and nothing else, and sets the parameter to set.
func (d *Decision) checkRole() Code {
	content := d.request.Document.Content
	_, declared := content.Parameter(roleParameter)
	switch role := content.Role(); role.Kind {
	case runbook.RoleAbsent:
		return CodeRoleAbsent
	case runbook.RoleFixed:
		if role.ARN != d.policy.serviceRole || role.ARN == "" {
			return CodeRoleOther
		}
		if declared {
			d.roleParameter = roleParameter
		}
		return ""
	case runbook.RoleParameter:
		// Two parameters for a role: setting one leaves the other to a default that somebody else chose.
		if declared && role.Parameter != roleParameter {
			return CodeRoleUnclear
		}
		if _, ok := content.Parameter(role.Parameter); !ok {
			return CodeRoleUnclear
		}
		d.roleParameter = role.Parameter
		return ""
	}
	return CodeRoleUnclear
}

// checkDeclared checks that the document takes what the policy lists, and that nothing it needs is missing.
func (d *Decision) checkDeclared() Code {
	content := d.request.Document.Content
	for i := range d.runbook.Parameters {
		name := d.runbook.Parameters[i].Name
		if _, ok := content.Parameter(name); !ok {
			d.parameter = name
			return CodeParameterUndeclared
		}
	}
	for i := range content.Parameters {
		p := &content.Parameters[i]
		if _, ok := d.request.Parameters[p.Name]; !ok && p.Required() && p.Name != d.roleParameter {
			d.parameter = p.Name
			return CodeParameterMissing
		}
	}
	return ""
}
