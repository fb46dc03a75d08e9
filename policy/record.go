package policy

import (
	"context"
	"time"
)

// Record is a written decision. Records are appended, never changed. Its JSON is what the audit log keeps.
type Record struct {
	ID         string              `json:"id"` // d- and 12 characters of a-z and 2-7, random; names the record alone
	At         time.Time           `json:"at"`
	Key        string              `json:"key,omitempty"` // idempotency key of what was asked, "" for a re-check before a start
	Entry      Entry               `json:"entry"`
	Action     Action              `json:"action"`
	Actor      string              `json:"actor"` // Slack user ID
	Team       string              `json:"team,omitempty"`
	Channel    string              `json:"channel"`
	Runbook    string              `json:"runbook"`
	Parameters map[string][]string `json:"parameters,omitempty"`
	Execution  string              `json:"execution,omitempty"` // "" if the request made none
	Allowed    bool                `json:"allowed"`
	Code       Code                `json:"code"`
	Rule       string              `json:"rule,omitempty"` // that decided, "" for the default
	Sentence   string              `json:"sentence"`       // the decision for people
	Near       string              `json:"near,omitempty"` // the rule that would have allowed, and what it wants; "" if allowed or none
	Policy     string              `json:"policy"`         // hash of the policy that decided
	Facts      Facts               `json:"facts"`
}

// Facts are what else the decision stood on, so that it can be made again under another policy.
type Facts struct {
	Standing    Standing  `json:"standing,omitempty"`
	UserGroups  []string  `json:"user_groups,omitempty"`
	ChannelName string    `json:"channel_name,omitempty"`
	Shared      bool      `json:"shared,omitempty"`
	Document    string    `json:"document,omitempty"`
	Version     string    `json:"version,omitempty"`
	SHA256      string    `json:"sha256,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	BreakGlass  bool      `json:"break_glass,omitempty"`
	Incident    *Incident `json:"incident,omitempty"`
	Digest      string    `json:"digest,omitempty"`    // of what an approval is for
	Requester   string    `json:"requester,omitempty"` // whose execution it is, where that is not the actor
	Step        string    `json:"step,omitempty"`
	Ask         bool      `json:"ask,omitempty"` // a no, with which the policy lets this person ask for a one-time approval
}

// Recorder writes a record within the transaction that holds what the record describes.
// An error means that the record does not exist, and so that nothing may happen. A second record with the same
// Key, unless that is "", is an error: a request is decided once, and a replay of it is not.
type Recorder interface {
	Record(ctx context.Context, r Record) error
}
