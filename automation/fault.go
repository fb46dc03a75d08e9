package automation

import (
	"errors"
	"fmt"
)

// Kind sorts AWS's answers by what they mean for the next attempt. Only the edge looks at AWS's codes.
type Kind int

// The kinds of faults.
const (
	Unavailable  Kind = iota // no answer, or a server error: the work may have been done
	Throttled                // not done; AWS wants it later
	Unauthorized             // not done; our credentials are missing or expired, which can be mended
	Rejected                 // not done; AWS will never take this request
	Mismatch                 // the client token is known with other parameters: somebody tampered
	Missing                  // AWS knows no such document or execution
	Ended                    // the execution is over, so its status cannot be changed
)

// Fault is an answer of AWS that is not the one hoped for.
type Fault struct {
	Kind      Kind
	Operation string // such as StartAutomationExecution
	Code      string // AWS's own code, "" if the call got no answer
	Message   string // AWS's own words, untrusted text
	Err       error
}

// Error says which operation met what. It holds no credentials: AWS's messages name ARNs only.
func (f *Fault) Error() string {
	if f.Code == "" {
		return fmt.Sprintf("calling %s: %v", f.Operation, f.Err)
	}
	return fmt.Sprintf("calling %s: %s: %s", f.Operation, f.Code, f.Message)
}

// Unwrap returns the SDK's error.
func (f *Fault) Unwrap() error { return f.Err }

// kindOf returns the fault's kind, and Unavailable for any other error.
func kindOf(err error) Kind {
	var f *Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	return Unavailable
}
