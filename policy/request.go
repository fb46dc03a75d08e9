package policy

import (
	"time"

	"handrail/runbook"
)

// Action is what somebody wants to do.
type Action string

// The actions a grant can give with `may:`.
const (
	Run     Action = "run"    // start a runbook
	Ask     Action = "ask"    // start a runbook once somebody else has agreed, without the right to run it
	Cancel  Action = "cancel" // stop an execution that Handrail started
	Locking Action = "lock"   // keep a runbook or a target from being run for a time, or end that
)

// The actions that no grant gives: who may take them follows from the approval that a run wants.
const (
	Approve Action = "approve"
	Reject  Action = "reject"
)

// Entry is the way a request came in. It is recorded, and every entry passes the same check.
type Entry string

// The entries there are.
const (
	ByCommand  Entry = "command"  // /runbook …
	ByMention  Entry = "mention"  // @Handrail …
	ByButton   Entry = "button"   // a click on a card
	ByForm     Entry = "form"     // a form sent
	BySchedule Entry = "schedule" // an occurrence of a schedule
	ByIncident Entry = "incident" // a runbook offered in an incident's channel
	ByRetry    Entry = "retry"    // the same again, from a card that has ended
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
	Mail       string   // address that the workspace verified, as it writes it; "" if it does not say
	UserGroups []string // IDs of the Slack user groups the person is in; nil if none or not looked up
	Unread     []string // IDs of those that could not be looked up: grants do not count them, denials do
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

	Owner       string            // account of the document, or Amazon; "" if AWS did not say
	Attachments []Pin             // files that belong to it and to its children, sorted by name; Version is ""
	Children    []Child           // documents that it starts, in any depth, sorted by name and version
	Analysis    *runbook.Analysis // of the content with those children; nil unless Content is there
}

// Request is one question to the policy: may this person do this, here, now?
type Request struct {
	Action     Action
	Entry      Entry
	Actor      Actor
	Channel    Channel
	Runbook    string              // the policy's name for it
	Parameters map[string][]string // as the person gave them, without the role
	Document   *Document           // needed for Run and Ask, where nil is a no
	Requester  string              // Cancel: Slack ID of who asked for the execution; Locking: of who set the lock to end, "" for a new one
	Execution  string              // ID of the execution: needed for all but Lock
	At         time.Time

	Region     string           // Run and Ask: where it runs
	Reason     string           // the person's, untrusted text, "" if none
	BreakGlass bool             // Run: use a grant for emergencies
	Incident   *Incident        // the incident whose channel this is, nil if none
	Locks      []Lock           // Run and Ask: those on the runbook, over or not
	Usage      map[string]Usage // Run and Ask: of the grants that Policy.Limited names; one that is missing is a no
	Votes      []Vote           // Run and Ask: who agreed so far
	ApproveBy  time.Time        // Run and Ask: when the wait for approvals ends, as the row says; zero before there is a row
	Altered    bool             // Run and Ask: what is about to be sent is not what was accepted, so that there can be no yes

	Subject *Request // Approve and Reject of a run: the run, as it would be decided now, without Votes; of a step: its Actor alone counts, nil for only Requester
	Digest  string   // Approve and Reject of a run: of what the approvers were shown
	Voted   []Actor  // Approve and Reject: who agreed before
	Step    string   // Approve and Reject of an aws:approve step: its name

	Misplaced bool // it came from a button or a form that is not the execution's own, so that there can be no yes
}
