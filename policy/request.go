package policy

import (
	"time"

	"handrail/runbook"
)

// Action is what somebody wants to do.
type Action string

// The actions a grant can give with `may:`.
const (
	Run    Action = "run"    // start a runbook
	Cancel Action = "cancel" // stop an execution that Handrail started
)

// Entry is the way a request came in. It is recorded, and every entry passes the same check.
type Entry string

// The entries there are.
const (
	ByCommand Entry = "command" // /runbook …
	ByMention Entry = "mention" // @Handrail …
	ByButton  Entry = "button"  // a click on a card
)

// Standing is what the workspace says about a person's account at this moment.
type Standing string

// The standings. Only StandingMember can be granted anything.
const (
	StandingUnknown     Standing = "" // the look-up failed or was never made
	StandingMember      Standing = "member"
	StandingGuest       Standing = "guest"
	StandingBot         Standing = "bot"
	StandingDeactivated Standing = "deactivated"
	StandingExternal    Standing = "external" // belongs to another team or organisation
)

// Actor is who asks, as the verified envelope names them and the workspace describes them.
type Actor struct {
	ID         string // Slack user ID, such as U012ANA
	Team       string // Slack team ID of the envelope
	Standing   Standing
	UserGroups []string // IDs of the Slack user groups the person is in; nil if none or not looked up
}

// Channel is where somebody asks. Its name comes from a look-up by ID, never from the payload.
type Channel struct {
	ID     string
	Name   string // without "#"; "" for a direct message
	Shared bool   // shared with another organisation, or about to be
	Known  bool   // false if the look-up failed; then only a no is possible
}

// DocumentState says how the look-up of a runbook's document in AWS ended.
type DocumentState string

// The document states. The zero value is a no.
const (
	DocumentUnknown DocumentState = "" // AWS could not be asked
	DocumentFound   DocumentState = "found"
	DocumentGone    DocumentState = "gone"
)

// Document is what AWS holds for a runbook at the version the policy names.
type Document struct {
	State   DocumentState
	Version string            // resolved to a number
	SHA256  string            // lower-case hex, as DescribeDocument reports it; "" if AWS gave none
	Content *runbook.Document // nil unless found and readable
	Problem string            // why the content could not be read, "" if it could
}

// Request is one question to the policy: may this person do this, here, now?
type Request struct {
	Action     Action
	Entry      Entry
	Actor      Actor
	Channel    Channel
	Runbook    string              // the policy's name for it
	Parameters map[string][]string // as the person gave them, without the role
	Document   *Document           // nil for Cancel; nil is a no for Run
	Requester  string              // Cancel only: Slack ID of who asked for the execution
	Execution  string              // Cancel only: its ID
	At         time.Time
}
