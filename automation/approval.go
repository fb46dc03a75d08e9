package automation

import (
	"slices"
	"time"

	"handrail/policy"
)

// Approval is what an execution's approvers were shown and what they said. It is a copy for the thread: what counts before
// a start are the records.
type Approval struct {
	Bound    policy.Bound        `json:"bound"`  // what they were shown
	Digest   string              `json:"digest"` // of Bound
	Needs    []policy.Need       `json:"needs,omitempty"`
	AskedAt  time.Time           `json:"asked_at,omitzero"`
	By       time.Time           `json:"by,omitzero"`        // the wait ends then
	RemindAt time.Time           `json:"remind_at,omitzero"` // once, at half time
	Reminded bool                `json:"reminded,omitempty"`
	Votes    []Vote              `json:"votes,omitempty"`   // oldest first
	Void     []policy.Difference `json:"void,omitempty"`    // what changed since, which ended it
	Changes  int                 `json:"changes"`           // steps that change something
	Reads    int                 `json:"reads"`             // steps that only look
	Results  []State             `json:"results,omitempty"` // of the runbook's last five executions, newest first

	Steps []StepAnswer `json:"steps,omitempty"` // answers to aws:approve steps, in the order of the steps
}

// Vote is what one approver said.
type Vote struct {
	User   string    `json:"user"` // Slack user ID
	Team   string    `json:"team,omitempty"`
	At     time.Time `json:"at"`
	Record string    `json:"record"`
	Reject bool      `json:"reject,omitempty"`
	Reason string    `json:"reason,omitempty"` // untrusted text
}

// StepAnswer is what people said to one aws:approve step, and whether AWS was told.
type StepAnswer struct {
	Step   string        `json:"step"`             // its name
	ID     string        `json:"id,omitempty"`     // its StepExecutionId
	Needs  []policy.Need `json:"needs,omitempty"`  // as the policy said at the last answer
	Votes  []Vote        `json:"votes,omitempty"`  // oldest first
	Signal string        `json:"signal,omitempty"` // Approve or Reject, once decided
	Sent   bool          `json:"sent,omitempty"`   // AWS took it
}

// ApproveAsk is a verified answer to a request for approval.
type ApproveAsk struct {
	Key       string
	Entry     policy.Entry
	Team      string
	User      string
	Channel   string
	Execution string // ID or Ref
	Step      string // name of an aws:approve step; "" for the start
	Reject    bool
	Reason    string // wanted for a Reject
	At        time.Time
}

// LockAsk is a verified wish to lock a runbook, or some of its targets, or to end a lock.
type LockAsk struct {
	Key        string
	Entry      policy.Entry
	Team       string
	User       string
	Channel    string
	Runbook    string // for a new lock
	Parameters map[string][]string
	For        time.Duration // a minute to 30 days
	End        string        // ID of the lock to end; "" for a new one
	Reason     string
	At         time.Time
}

// asked says whether others were asked to agree to the start.
func (a *Approval) asked() bool { return a != nil && a.Digest != "" }

// last is the newest vote, nil if there is none.
func (a *Approval) last() *Vote {
	if a == nil || len(a.Votes) == 0 {
		return nil
	}
	return &a.Votes[len(a.Votes)-1]
}

// agreed counts those who said yes.
func (a *Approval) agreed() int {
	n := 0
	for _, v := range a.Votes {
		if !v.Reject {
			n++
		}
	}
	return n
}

// wanted counts the people who have to agree.
func (a *Approval) wanted() int {
	n := 0
	for _, need := range a.Needs {
		n += need.Count
	}
	return n
}

// revised replaces x's approval by a copy that f changed. Copies of x keep theirs.
func (x *Execution) revised(f func(*Approval)) {
	var next Approval
	if x.Approval != nil {
		next = *x.Approval
	}
	next.Votes, next.Steps = slices.Clone(next.Votes), slices.Clone(next.Steps)
	f(&next)
	x.Approval = &next
}
