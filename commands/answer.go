package commands

import "handrail/automation"

// Style says how a span is shown. The zero value is plain text.
type Style int

// The styles. Whatever the style, the edge escapes the text: no span can mention, link or format by itself.
const (
	Plain  Style = iota
	Bold         // names and headings
	Code         // things to type
	Person       // Text is a user ID, shown as that person without notifying anyone outside
	Place        // Text is a channel ID
	Moment       // Text is Unix seconds, shown in each reader's zone
)

// Span is a piece of a line.
type Span struct {
	Style Style
	Text  string
}

// Line is one line of an answer. A line of one Span with Style Code may hold several lines of preformatted text.
type Line []Span

// Answer is what a person is told, to them alone. An empty answer says nothing: an accepted run
// answers with its card.
type Answer struct {
	Lines     []Line
	Refused   bool                  // the answer is a no of the policy
	Ask       string                // ID of the decision with which this person may ask for a one-time approval: `ask ID`; "" if none
	Execution *automation.Execution // the execution that was accepted now, nil otherwise
}
