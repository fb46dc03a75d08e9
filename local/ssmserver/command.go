package ssmserver

import (
	"sync"
	"time"
)

const (
	// commandTime is how long a command takes on each instance.
	commandTime = 500 * time.Millisecond
	// maxCommands is how many commands are kept; then the oldest are forgotten.
	maxCommands = 1_000
	// noCommandRuns is what a command prints unless a stub says otherwise.
	noCommandRuns = "No command ran: the instances of the local fleet have no operating system. Stub command.DOCUMENT to set what a command does."
)

// commandStore keeps the commands of Run Command in memory, for every Region.
type commandStore struct {
	mu   sync.Mutex
	list []*command // oldest first
	byID map[string]*command
	next int64
}

// command is one SendCommand. How it will end is known when it is sent; the clock says what of that has happened.
type command struct {
	id          string
	number      int64 // order of sending
	request     sendCommandRequest
	document    string
	sent        time.Time
	invocations []invocation
}

// invocation is a command on one instance.
type invocation struct {
	instance     string
	begins, ends time.Time
	// cancelled is when it was cancelled; zero means never.
	cancelled time.Time
	outcome   commandOutcome
	// skipped says that MaxErrors stopped the command before it came to this instance.
	skipped bool
}

// commandOutcome is how a command ends on an instance.
type commandOutcome struct {
	Status       string
	ResponseCode int
	Output       string
}

func (o commandOutcome) withDefaults() commandOutcome {
	if o.Status == "" {
		o.Status = statusSuccess
		if o.ResponseCode != 0 {
			o.Status = statusFailed
		}
	}
	if o.Status != statusSuccess && o.ResponseCode == 0 {
		o.ResponseCode = 1
	}
	return o
}

func (s *commandStore) add(c *command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]*command{}
	}
	if len(s.list) >= maxCommands {
		delete(s.byID, s.list[0].id)
		s.list = s.list[1:]
	}
	s.next++
	c.number = s.next
	s.list = append(s.list, c)
	s.byID[c.id] = c
}

// schedule lets the command reach MaxConcurrency instances at a time, until more than MaxErrors of them failed.
func (c *command) schedule(ids []string, outcome func(id string) commandOutcome) {
	// The defaults: docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html.
	width, allowed := max(limit(c.request.MaxConcurrency, len(ids), 99, 50), 1), c.allowedErrors(len(ids))
	begins, failed := c.sent, 0
	for i, id := range ids {
		if i > 0 && i%width == 0 {
			begins = begins.Add(commandTime)
			if failed = c.errors(); failed > allowed {
				break
			}
		}
		c.invocations = append(c.invocations, invocation{instance: id, begins: begins, ends: begins.Add(commandTime), outcome: outcome(id)})
	}
	for _, id := range ids[len(c.invocations):] {
		c.invocations = append(c.invocations, invocation{instance: id, begins: begins, ends: begins, skipped: true})
	}
}

func (c *command) allowedErrors(n int) int { return limit(c.request.MaxErrors, n, 0, 0) }

// errors counts the invocations that will fail.
func (c *command) errors() int {
	n := 0
	for _, i := range c.invocations {
		if !i.skipped && i.outcome.Status != statusSuccess {
			n++
		}
	}
	return n
}

// at is an invocation's status at a time. The details tell apart what shares a status.
func (i invocation) at(now time.Time) (status, details string) {
	switch {
	case i.skipped && !now.Before(i.ends):
		return statusCancelled, "Terminated"
	case !i.cancelled.IsZero() && i.ends.After(i.cancelled):
		return statusCancelled, statusCancelled
	case now.Before(i.begins) || i.skipped:
		return statusPending, statusPending
	case now.Before(i.ends):
		return statusInProgress, statusInProgress
	case i.outcome.Status == statusTimedOut:
		return statusTimedOut, "Execution Timed Out"
	}
	return i.outcome.Status, i.outcome.Status
}

// status is that of the whole command.
func (c *command) status(now time.Time) (status, details string, completed, failed int) {
	seen := map[string]int{}
	for _, i := range c.invocations {
		status, _ := i.at(now)
		seen[status]++
	}
	failed = seen[statusFailed] + seen[statusTimedOut]
	completed = seen[statusSuccess] + seen[statusCancelled] + failed
	switch n := len(c.invocations); {
	case n == 0:
		return statusSuccess, "NoInstancesInTag", 0, 0
	case seen[statusPending] == n:
		return statusPending, statusPending, 0, 0
	case completed < n:
		return statusInProgress, statusInProgress, completed, failed
	case failed > c.allowedErrors(n) && seen[statusFailed] == 0:
		return statusTimedOut, "Execution Timed Out", completed, failed
	case failed > c.allowedErrors(n):
		return statusFailed, statusFailed, completed, failed
	case failed > 0:
		return statusFailed, "Incomplete", completed, failed
	case seen[statusCancelled] > 0:
		return statusCancelled, statusCancelled, completed, failed
	}
	return statusSuccess, statusSuccess, completed, failed
}
