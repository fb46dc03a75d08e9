package policy

import (
	"slices"
	"time"
)

// Decision is the answer to one Request. Only this package can make one that allows; the zero Decision is a no.
//
// A Decision is good for the moment it was made. Acting on it needs both Allowed and Recorded.
type Decision struct {
	policy        *Policy
	request       *Request
	code          Code
	grant         *Grant    // that covers who, what and where, or nil
	denial        *Denial   // that forbids it, or nil
	freeze        *Freeze   // that stops it, or that others must agree to pass, or nil
	lock          *Lock     // that stops it, or nil
	needs         []Need    // approvals that it wants, given or not; what was found of them before a no
	need          *Need     // that an approver stands for, or nil
	subject       *Decision // about the run that an approver answers, or nil
	plain         int32     // first grant without conditions that covers it, set with grant
	specials      []int32   // grants with conditions that cover it, set with grant
	approveBy     time.Time
	runbook       *Runbook // nil if the policy has none of that name
	roleParameter string
	parameter     string // that a no is about
	value         string // that a no is about
	id            string
	recorded      bool
}

// Allowed says whether the answer is yes.
func (d Decision) Allowed() bool { return d.code.allows() }

// Pending says whether the answer is neither yes nor no: the run may be accepted, and may start once those whom Needs
// names agree.
func (d Decision) Pending() bool { return d.code == CodeApprovalNeeded }

// Needs are the approvals that the run wants, whether they are given or not; nil for a no.
func (d Decision) Needs() []Need {
	if !d.Allowed() && !d.Pending() {
		return nil
	}
	return slices.Clone(d.needs)
}

// ApproveBy is when the wait for approvals ends, or zero if the run wants none.
func (d Decision) ApproveBy() time.Time { return d.approveBy }

// BreakGlass is the emergency rule that a yes, or what may become one, stands on; nil if it is a rule of every day.
func (d Decision) BreakGlass() *BreakGlass {
	if d.grant == nil || !d.runs() {
		return nil
	}
	return d.grant.BreakGlass
}

// Recorded says whether a Recorder has stored the decision. Only Gate.Check returns such decisions.
func (d Decision) Recorded() bool { return d.recorded }

// ID is the name of the record, or "" if the decision is not recorded.
func (d Decision) ID() string { return d.id }

// Code says why, for programs. It is "" for a decision that nobody made.
func (d Decision) Code() Code { return d.code }

// Rule is the name of the grant that says yes, of the grant, freeze or step that an approver answers for, or of the
// denial or freeze that says no. It is "" for every other no,
// which the default or a check beside the rules decided, and for a Cancel by the person who asked for the execution.
func (d Decision) Rule() string {
	switch {
	case d.denial != nil && d.code == CodeDenied:
		return d.denial.Name
	case d.freeze != nil && d.code == CodeFrozen:
		return d.freeze.Name
	case d.need != nil && d.Allowed():
		return d.need.Rule
	case d.grant != nil && (d.Allowed() || d.Pending()):
		return d.grant.Name
	}
	return ""
}

// Action is what was asked for, or "" if nothing was.
func (d Decision) Action() Action {
	if d.request == nil {
		return ""
	}
	return d.request.Action
}

// Runbook is what the request names, or nil if the policy has no runbook of that name. It is never nil for an allowed
// Run; it can be nil for an allowed Cancel, because a runbook may leave the policy while it runs.
func (d Decision) Runbook() *Runbook { return d.runbook }

// Role is the ARN that an allowed or pending Run or Ask runs under, or "" if nothing may run.
func (d Decision) Role() string {
	if !d.runs() {
		return ""
	}
	return d.policy.serviceRole
}

// RoleParameter is the parameter of the document to set to Role, or "" if there is none to set: then the document
// names the same role itself.
func (d Decision) RoleParameter() string {
	if !d.runs() {
		return ""
	}
	return d.roleParameter
}

// Version is the document's version that an allowed or pending Run or Ask runs, a number, or "" if nothing may run.
func (d Decision) Version() string {
	if !d.runs() {
		return ""
	}
	return d.request.Document.Version
}

// SHA256 is the hash of the content that an allowed or pending Run or Ask runs, lower-case hex, or "" if nothing may run.
func (d Decision) SHA256() string {
	if !d.runs() {
		return ""
	}
	return d.request.Document.SHA256
}

// Parameters returns a copy of the parameters that were decided about, as the person gave them, without the role.
func (d Decision) Parameters() map[string][]string {
	if d.request == nil {
		return nil
	}
	return cloneParameters(d.request.Parameters)
}

// Parameter is the parameter that a no is about, as the person wrote it and possibly hostile, or "" if it is about none.
func (d Decision) Parameter() string { return d.parameter }

// Value is the value that a no is about, as the person wrote it and possibly hostile, or "" if it is about none.
func (d Decision) Value() string { return d.value }

// PolicyHash is the hash of the policy that decided, or "" if there was none.
func (d Decision) PolicyHash() string { return d.policy.Hash() }

// runs says whether a yes, perhaps one that waits for approvals, is about something that runs.
func (d Decision) runs() bool {
	return (d.Allowed() || d.Pending()) && (d.request.Action == Run || d.request.Action == Ask)
}

func cloneParameters(given map[string][]string) map[string][]string {
	if given == nil {
		return nil
	}
	clone := make(map[string][]string, len(given))
	for name, values := range given {
		clone[name] = slices.Clone(values)
	}
	return clone
}
