// Package audit is the record that nobody can quietly change: an append-only Merkle tree over everything that was decided
// and done, with signed checkpoints kept elsewhere. It must not know policies, executions, Slack, AWS or SQL: whoever
// appends brings the text of an entry, and a store brings the entries.
package audit

import "time"

// Kind says what an entry tells of.
type Kind string

// The kinds of entries.
const (
	Decision  Kind = "decision"  // a decision of the policy: policy.Record
	Execution Kind = "execution" // an execution entered a state
	Policy    Kind = "policy"    // another policy came into force
	Lock      Kind = "lock"      // a lock was set or ended
	Schedule  Kind = "schedule"  // a schedule was made, changed or removed
	Alarm     Kind = "alarm"     // something happened in AWS that Handrail did not ask for
)

// Entry is one leaf of the log.
type Entry struct {
	Seq     int64     // place in the log, from 0; given when it is appended
	At      time.Time // to the millisecond, UTC
	Kind    Kind
	Subject string // ID of what it tells of, such as d-… or an execution's ID
	Body    []byte // JSON of at most MaxBody bytes
}

// MaxBody is the longest body in bytes. Longer ones are refused.
const MaxBody = 1 << 20
