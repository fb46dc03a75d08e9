package ssmserver

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Fault is something that goes wrong with the next calls of an operation. Without DropReply and After, an Error or a
// Status means that the work was not done.
type Fault struct {
	// Match is the operation's name, such as StartAutomationExecution or sqs.ReceiveMessage; * for every one; or event for
	// the events of automations, which DropReply loses, DelayMS sends late and Twice sends twice.
	Match string `json:"match"`
	// Times is how many calls it hits; 0 means 1.
	Times int `json:"times"`
	// Error is the code to answer, such as ThrottlingException; "" means InternalServerError if Status is given.
	Error string `json:"error"`
	// Message is the text to answer; "" means one that fits the code.
	Message string `json:"message"`
	// Status is the HTTP status; 0 means the one that fits the code.
	Status int `json:"status"`
	// RetryAfter is sent as the header Retry-After, in seconds, if it is above 0.
	RetryAfter int `json:"retry_after"`
	// DelayMS delays the work by so many milliseconds.
	DelayMS int `json:"delay_ms"`
	// DropReply does the work, then cuts the connection without an answer.
	DropReply bool `json:"drop_reply"`
	// After does the work, then answers the error.
	After bool `json:"after"`
	// Twice sends an event twice.
	Twice bool `json:"twice"`
}

const matchEvent = "event"

func (f Fault) fails() bool { return f.Error != "" || f.Status != 0 }

func (f Fault) delay() time.Duration { return time.Duration(f.DelayMS) * time.Millisecond }

func (f Fault) err() *apiError {
	code, message := f.Error, f.Message
	if code == "" {
		code = codeInternal
	}
	if message == "" {
		message = "An injected fault."
		if code == "ThrottlingException" {
			message = "Rate exceeded"
		}
	}
	out := refuse(code, "%s", message)
	if f.Status != 0 {
		out.status = f.Status
	}
	return out
}

func (f Fault) check(known func(string) bool) error {
	event := f.Match == matchEvent
	switch {
	case f.Match != "*" && !event && !known(f.Match):
		return fmt.Errorf("match is %q; it must be an operation such as StartAutomationExecution or ec2.DescribeInstances, event, or *", f.Match)
	case event && (f.fails() || f.RetryAfter != 0 || f.After):
		return errors.New("an event can be lost (drop_reply), late (delay_ms) or sent twice (twice); nobody sees an error")
	case f.Twice && !event:
		return errors.New("twice is for events")
	case f.Times < 0:
		return errors.New("times must not be negative")
	case f.Status != 0 && (f.Status < http.StatusBadRequest || f.Status > 599):
		return errors.New("status must be between 400 and 599")
	case f.DelayMS < 0 || f.DelayMS > 600_000:
		return errors.New("delay_ms must be between 0 and 600000")
	case f.RetryAfter < 0:
		return errors.New("retry_after must not be negative")
	case f.After && !f.fails():
		return errors.New("after needs an error or a status to answer after the work")
	case !f.fails() && f.DelayMS == 0 && !f.DropReply && !f.Twice:
		return errors.New("the fault does nothing: give error, status, delay_ms or drop_reply")
	}
	return nil
}

// maxFaults bounds what waits; a script needs a handful.
const maxFaults = 1_000

type faults struct {
	mu   sync.Mutex
	left []Fault
}

func (f *faults) add(fault Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.left) >= maxFaults {
		return fmt.Errorf("%d faults wait already", maxFaults)
	}
	fault.Times = max(fault.Times, 1)
	f.left = append(f.left, fault)
	return nil
}

// take uses up one time of the oldest fault for the operation. The zero Fault does nothing.
func (f *faults) take(operation string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.left {
		fault := &f.left[i]
		if fault.Match != operation && (fault.Match != "*" || operation == matchEvent) {
			continue
		}
		out := *fault
		if fault.Times--; fault.Times == 0 {
			f.left = append(f.left[:i], f.left[i+1:]...)
		}
		return out
	}
	return Fault{}
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = nil
}
