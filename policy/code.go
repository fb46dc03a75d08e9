package policy

// Code is the stable name of why a decision fell as it did. Records, metrics and tests use it; people read the sentence.
type Code string

// The codes of a yes.
const (
	CodeGranted   Code = "granted"   // a grant covers it
	CodeRequester Code = "requester" // who asked for an execution may cancel it
)

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

	CodeDocumentUnknown    Code = "document_unknown"    // AWS could not be asked
	CodeDocumentGone       Code = "document_gone"       // AWS has no such document or version
	CodeDocumentUnreadable Code = "document_unreadable" // its content is not an Automation document we can read
	CodeVersionOther       Code = "version_other"       // not the pinned version, or not a number
	CodeHashMissing        Code = "hash_missing"        // AWS gave no hash
	CodeHashOther          Code = "hash_other"          // not the pinned content
	CodeRoleAbsent         Code = "role_absent"         // it would run with the bot's own rights
	CodeRoleOther          Code = "role_other"          // it names another role than the service role
	CodeRoleUnclear        Code = "role_unclear"        // nobody can say which role it runs under

	CodeParameterUndeclared Code = "parameter_undeclared" // listed by the policy, not declared by the document
	CodeParameterMissing    Code = "parameter_missing"    // declared without a default, and not given
)

// allows says whether the code is that of a yes. Everything unknown is a no.
func (c Code) allows() bool { return c == CodeGranted || c == CodeRequester }
