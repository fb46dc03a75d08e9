// Package blockkit checks Block Kit JSON as Slack does before it accepts a
// message or a view: known blocks, elements and fields, required ones, lengths,
// counts, surfaces and total sizes. It knows no transport and no app.
//
// Limits come from docs.slack.dev/reference/block-kit; the total size is
// undocumented and was measured by others (slackapi/bolt-js#2509).
package blockkit

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Surface is where blocks are shown.
type Surface int

// The surfaces of docs.slack.dev/surfaces.
const (
	Message Surface = iota
	Modal
	Home
)

func (s Surface) String() string {
	return [...]string{"messages", "modals", "Home tabs"}[s]
}

// Problem is one thing that Slack would refuse.
type Problem struct {
	Pointer string // a JSON pointer such as /blocks/0/text/text
	Message string
	Code    string // Slack's error: invalid_blocks or msg_blocks_too_long
}

// Slack's errors for bad blocks.
const (
	CodeInvalid = "invalid_blocks"
	CodeTooLong = "msg_blocks_too_long"
)

const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxMessageSize   = 13_200 // characters of compact JSON, slackapi/bolt-js#2509 and #2867
	maxProblems      = 100
)

// Validate returns what Slack would refuse, at most 100 problems; nothing means
// accepted. For messages raw is the array of blocks; for modals and Home tabs it
// is the view, or its array of blocks alone. Pointers begin with /blocks or with
// a field of the view.
func Validate(surface Surface, raw json.RawMessage) []Problem {
	w := &walk{surface: surface, t: spec(), ids: map[string]bool{}}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || !json.Valid(raw) {
		w.problem("", "must be valid JSON")
		return w.problems
	}
	if view, ok := v.(map[string]any); ok && surface != Message {
		w.view(view)
	} else {
		w.blocks("/blocks", v)
	}
	if surface == Message && len(w.problems) == 0 && tooLong(raw) {
		w.problems = append(w.problems, Problem{Pointer: "/blocks", Code: CodeTooLong,
			Message: "must be less than " + strconv.Itoa(maxMessageSize+1) + " characters in total"})
	}
	return w.problems
}

func tooLong(raw []byte) bool {
	if len(raw) <= maxMessageSize {
		return false
	}
	var small bytes.Buffer
	return json.Compact(&small, raw) != nil || utf8.RuneCount(small.Bytes()) > maxMessageSize
}

// Code is the error that Slack answers for these problems; "" for none.
func Code(problems []Problem) string {
	if len(problems) == 0 {
		return ""
	}
	return problems[0].Code
}

// spec is the table of every block and element, made once and never changed.
var spec = sync.OnceValue(func() *tables {
	return &tables{blocks: blockShapes(), elements: elementShapes(), leaves: leafShapes(), rich: richShapes()}
})
