package policy

import (
	"context"
	"time"
)

// Record is a written decision. Records are appended, never changed.
type Record struct {
	ID         string // d- and 12 characters of a-z and 2-7, random; names the record alone
	At         time.Time
	Key        string // idempotency key of what was asked, "" for a re-check before a start
	Entry      Entry
	Action     Action
	Actor      string // Slack user ID
	Team       string
	Channel    string
	Runbook    string
	Parameters map[string][]string
	Execution  string // "" if the request made none
	Allowed    bool
	Code       Code
	Rule       string // grant that decided, "" for the default
	Sentence   string // the decision for people
	Near       string // the rule that would have allowed, and what it wants; "" if allowed or none
	Policy     string // hash of the policy that decided
}

// Recorder writes a record within the transaction that holds what the record describes.
// An error means that the record does not exist, and so that nothing may happen. A second record with the same
// Key, unless that is "", is an error: a request is decided once, and a replay of it is not.
type Recorder interface {
	Record(ctx context.Context, r Record) error
}
