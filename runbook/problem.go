package runbook

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrTooLarge is wrapped by Parse's error for content over MaxSize.
	ErrTooLarge = errors.New("document is larger than 64 KB")
	// ErrSchemaVersion is wrapped by Parse's error for a missing or different schemaVersion.
	ErrSchemaVersion = errors.New("schemaVersion is not 0.3")
)

// Severity says how bad a finding is.
type Severity string

const (
	// SeverityError: the service refuses the document, or it cannot work.
	SeverityError Severity = "error"
	// SeverityWarning: it probably does not do what its author means.
	SeverityWarning Severity = "warning"
	// SeverityNote: worth knowing.
	SeverityNote Severity = "note"
)

// Problem is one finding at one place of a document.
type Problem struct {
	// Line and Column count from 1, columns in bytes; 0 if the place is not known.
	Line, Column int
	// Path names the place, such as mainSteps[2].onFailure; "" for the whole document.
	Path    string
	Message string
	// Fix says in a sentence what to do about it, "" if the message does.
	Fix      string
	Severity Severity
	// Rule is the stable name of what was looked for, such as unknown-step.
	Rule string
	// Step is the step it is about, "" for none.
	Step string

	cause error
	// refused says that the service does not take the document.
	refused bool
}

// String gives "line:column: path: message", leaving out what is not known.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", p.Line, p.Column)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// ParseError is what Parse answers: every problem found, in the order of the text as far as it was read.
type ParseError struct{ Problems []Problem }

// Error gives one line for each problem.
func (e *ParseError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is find ErrTooLarge and ErrSchemaVersion.
func (e *ParseError) Unwrap() []error {
	var causes []error
	for _, p := range e.Problems {
		if p.cause != nil {
			causes = append(causes, p.cause)
		}
	}
	return causes
}

// fail makes a ParseError of a single problem.
func fail(line, column int, format string, args ...any) *ParseError {
	return &ParseError{Problems: []Problem{{Line: line, Column: column, Severity: SeverityError, Rule: "syntax", Message: fmt.Sprintf(format, args...)}}}
}
