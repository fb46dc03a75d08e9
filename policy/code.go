package policy

// Code is the stable name of why a decision fell as it did. Records, metrics and tests use it; people read the sentence.
type Code string

// The codes of a yes.
const (
	CodeGranted    Code = "granted"     // a grant covers it
	CodeRequester  Code = "requester"   // who asked for an execution may cancel it, and who set a lock may end it
	CodeApproved   Code = "approved"    // a grant covers it, and everybody who must agree has
	CodeBreakGlass Code = "break_glass" // a grant for emergencies covers it
	CodeApprover   Code = "approver"    // the person may agree, or refuse to
)

// CodeApprovalNeeded is neither: the run may go on once others agree.
const CodeApprovalNeeded Code = "approval_needed"

// The codes of a no, in the order of the checks. The empty Code is that of a Decision nobody made.
const (
	CodePolicyMissing  Code = "policy_missing"  // there is no policy to decide by
	CodeRequestInvalid Code = "request_invalid" // something every request names is empty or unknown

	CodeStandingUnknown Code = "standing_unknown"
	CodeGuest           Code = "guest"
	CodeBot             Code = "bot"
	CodeDeactivated     Code = "deactivated"
	CodeExternal        Code = "external"

	CodeChannelUnknown  Code = "channel_unknown"
	CodeRunbookUnknown  Code = "runbook_unknown"
	CodeIdentityUnknown Code = "identity_unknown" // neither an identity nor in a user group of the policy

	CodeNotGranted        Code = "not_granted"         // no grant for this person on this runbook
	CodeChannelShared     Code = "channel_shared"      // shared with another organisation and not granted by its ID
	CodeChannelNotGranted Code = "channel_not_granted" // granted, but in other channels
	CodeActionNotGranted  Code = "action_not_granted"  // granted, but for another action

	CodeDenied         Code = "denied"          // a denial forbids it
	CodeFrozen         Code = "frozen"          // a freeze stops it
	CodeLocked         Code = "locked"          // somebody locked the runbook or the target
	CodeConditionUnmet Code = "condition_unmet" // granted, but its condition does not hold
	CodeConditionBroke Code = "condition_broke" // granted, but its condition cannot be evaluated
	CodeOutsideWindow  Code = "outside_window"  // granted, but not at this time
	CodeLimitAtOnce    Code = "limit_at_once"   // granted, but as many run already as may at once
	CodeLimitPerHour   Code = "limit_per_hour"  // granted, but as many were asked for within the hour as may be
	CodeLimitTargets   Code = "limit_targets"   // granted, but not for so many targets
	CodeUsageUnknown   Code = "usage_unknown"   // granted with a limit, and nobody counted
	CodeReasonMissing  Code = "reason_missing"  // a grant for emergencies wants a reason
	CodeNoBreakGlass   Code = "no_break_glass"  // no grant for emergencies covers it
	CodeEmergencyOnly  Code = "emergency_only"  // granted for emergencies alone, and not asked for as one

	CodeParametersTooMany Code = "parameters_too_many" // over MaxParameters
	CodeParameterName     Code = "parameter_name"      // empty, too long or with hidden characters
	CodeParameterRole     Code = "parameter_role"      // a person tried to set the role
	CodeParameterUnknown  Code = "parameter_unknown"   // the policy does not list it
	CodeValueMissing      Code = "value_missing"       // the parameter is named but has no value
	CodeValuesTooMany     Code = "values_too_many"     // over max_items
	CodeValueTooLong      Code = "value_too_long"      // over MaxValueLength
	CodeValueTemplate     Code = "value_template"      // holds {{, which SSM would resolve
	CodeValueHidden       Code = "value_hidden"        // holds control, bidi, zero-width or broken characters
	CodeValueNotAllowed   Code = "value_not_allowed"
	CodeValueSecret       Code = "value_secret" // is not the name of an SSM parameter

	CodeDocumentUnknown    Code = "document_unknown"    // AWS could not be asked
	CodeDocumentGone       Code = "document_gone"       // AWS has no such document or version
	CodeDocumentUnreadable Code = "document_unreadable" // its content is not an Automation document we can read
	CodeVersionOther       Code = "version_other"       // not the pinned version, or not a number
	CodeHashMissing        Code = "hash_missing"        // AWS gave no hash
	CodeHashOther          Code = "hash_other"          // not the pinned content
	CodeRoleAbsent         Code = "role_absent"         // it would run with the bot's own rights
	CodeRoleOther          Code = "role_other"          // it names another role than the service role
	CodeRoleUnclear        Code = "role_unclear"        // nobody can say which role it runs under

	CodeRoleEscape      Code = "role_escape"      // the document, or one that it starts, leaves the role
	CodeOwnerOther      Code = "owner_other"      // the document belongs to neither Amazon nor the role's account
	CodeChildUnpinned   Code = "child_unpinned"   // it starts a document that the policy does not pin
	CodeChildOther      Code = "child_other"      // it starts a document whose content is not the pinned one
	CodeAttachmentOther Code = "attachment_other" // a file of it is not the pinned one, or not pinned

	CodeDigestMismatch   Code = "digest_mismatch"    // what was agreed to is not what would run
	CodeApprovalExpired  Code = "approval_expired"   // the wait for approvals is over
	CodeApproverSelf     Code = "approver_self"      // the requester, or another account of theirs
	CodeApproverNotNamed Code = "approver_not_named" // not among those who may agree
	CodeApproverTwice    Code = "approver_twice"     // agreed already, perhaps with another account
	CodeApproverUnmapped Code = "approver_unmapped"  // the policy wants approvers that it names itself
	CodeApproverGone     Code = "approver_gone"      // somebody who agreed may not agree any more
	CodeNothingToApprove Code = "nothing_to_approve" // the run wants no approval, or none of this
	CodeButtonOther      Code = "button_other"       // a button or a form that is not the execution's own, such as a copy

	CodeParameterUndeclared Code = "parameter_undeclared" // listed by the policy, not declared by the document
	CodeParameterMissing    Code = "parameter_missing"    // declared without a default, and not given
)

// allows says whether the code is that of a yes. Everything unknown is a no.
func (c Code) allows() bool {
	switch c {
	case CodeGranted, CodeRequester, CodeApproved, CodeBreakGlass, CodeApprover:
		return true
	}
	return false
}
