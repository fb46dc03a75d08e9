// Package blockkit checks Block Kit JSON as Slack does before it accepts a
// message or a view. It knows no transport and no app.
package blockkit

import "encoding/json"

// Surface is where blocks are shown.
type Surface int

// The surfaces of docs.slack.dev/surfaces.
const (
	Message Surface = iota
	Modal
	Home
)

// Problem is one thing that Slack would refuse.
type Problem struct {
	Pointer string // a JSON pointer such as /blocks/0/text/text
	Message string
	Code    string // Slack's error: invalid_blocks or msg_blocks_too_long
}

// Validate returns what Slack would refuse, in document order; nothing means
// accepted.
func Validate(surface Surface, raw json.RawMessage) []Problem { return nil }

// Code is the error that Slack answers for these problems.
func Code(problems []Problem) string { return "invalid_blocks" }
