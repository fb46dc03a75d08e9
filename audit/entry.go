// Package audit is the record that nobody can quietly change: an append-only Merkle tree over everything that was decided
// and done, with signed checkpoints kept elsewhere. It must not know policies, executions, Slack, AWS or SQL: whoever
// appends brings the text of an entry, and a store brings the entries.
package audit

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

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

func (k Kind) known() bool {
	switch k {
	case Decision, Execution, Policy, Lock, Schedule, Alarm:
		return true
	}
	return false
}

// Hash is a SHA-256 hash of the tree. Its text is standard base64.
type Hash = tlog.Hash

// Entry is one leaf of the log.
type Entry struct {
	Seq     int64     // place in the log, from 0; given when it is appended
	At      time.Time // to the millisecond, UTC
	Kind    Kind
	Subject string // ID of what it tells of, such as d-… or an execution's ID
	Body    []byte // JSON of at most MaxBody bytes
}

// The bounds of an entry in bytes. What is longer is refused.
const (
	MaxBody    = 1 << 20
	MaxSubject = 256
)

// Check says why e cannot be appended, or returns nil. An entry must come back from any store as it was written.
func (e *Entry) Check() error {
	switch {
	case !e.Kind.known():
		return fmt.Errorf("an audit entry of the unknown kind %q", e.Kind)
	case len(e.Subject) > MaxSubject || !storable(e.Subject):
		return fmt.Errorf("an audit entry of the kind %s has a subject that is too long or no text", e.Kind)
	case len(e.Body) > MaxBody:
		return fmt.Errorf("the audit entry of %s has %d bytes; at most %d fit", e.Subject, len(e.Body), MaxBody)
	case !json.Valid(e.Body) || !utf8.Valid(e.Body):
		return fmt.Errorf("the audit entry of %s is no JSON", e.Subject)
	}
	return nil
}

// Millis is At in Unix milliseconds, 0 for the zero time.
func (e *Entry) Millis() int64 {
	if e.At.IsZero() {
		return 0
	}
	return e.At.UnixMilli()
}

func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// header begins the bytes of every leaf, so that a leaf is never taken for something else that was hashed.
const header = "handrail audit entry 1\n"

// Append adds the bytes that e's leaf hashes: the header, and then Seq, At in Unix milliseconds, Kind, Subject and Body, each
// as its length in bytes, a colon, itself and a newline. Two entries that differ have different bytes.
func (e *Entry) Append(b []byte) []byte {
	b = append(b, header...)
	var number [20]byte
	b = field(b, strconv.AppendInt(number[:0], e.Seq, 10))
	b = field(b, strconv.AppendInt(number[:0], e.Millis(), 10))
	b = field(b, e.Kind)
	b = field(b, e.Subject)
	return field(b, e.Body)
}

func field[T ~string | ~[]byte](b []byte, value T) []byte {
	b = strconv.AppendInt(b, int64(len(value)), 10)
	b = append(b, ':')
	b = append(b, value...)
	return append(b, '\n')
}

// Leaf is the hash of e in the tree.
func (e *Entry) Leaf() Hash { return tlog.RecordHash(e.Append(make([]byte, 0, len(e.Body)+128))) }
