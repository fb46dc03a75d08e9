package policy

import "time"

// Need is one approval that a run wants, as the policy says today.
type Need struct {
	Rule            string   `json:"rule"`   // grant or freeze that wants it, or the step's name
	Freeze          bool     `json:"freeze"` // Rule is a freeze
	From            []string `json:"from"`   // names of groups and identities
	Count           int      `json:"count"`
	Channel         string   `json:"channel,omitempty"` // approvers' channel, "" for none
	RequireIdentity bool     `json:"require_identity,omitempty"`
}

// Vote is the agreement of one person, as the store remembers it and the workspace describes the person now.
type Vote struct {
	Actor  Actor
	At     time.Time
	Digest string // of what the person agreed to
	Record string // ID of the record
}
