package automation

import (
	"log/slog"
	"strings"
)

// rank orders AWS's statuses, so that a stale look never takes an execution back.
type rank int

const (
	unseen rank = iota
	pending
	active
	ending
	over
)

// statuses folds AWS's 19 words, and EventBridge's "Canceled", into our states: the model of SSM.
var statuses = map[string]struct {
	state State
	rank  rank
}{
	"Pending":                        {Running, pending},
	"Scheduled":                      {Running, pending},
	"Approved":                       {Running, pending},
	"ChangeCalendarOverrideApproved": {Running, pending},
	"InProgress":                     {Running, active},
	"RunbookInProgress":              {Running, active},
	"Waiting":                        {Waiting, active},
	"PendingApproval":                {Waiting, active},
	"PendingChangeCalendarOverride":  {Waiting, active},
	"Cancelling":                     {Running, ending},
	"Success":                        {Succeeded, over},
	"CompletedWithSuccess":           {Succeeded, over},
	"Failed":                         {Failed, over},
	"Rejected":                       {Failed, over},
	"ChangeCalendarOverrideRejected": {Failed, over},
	"CompletedWithFailure":           {Failed, over},
	"Exited":                         {Failed, over},
	"TimedOut":                       {TimedOut, over},
	"Cancelled":                      {Cancelled, over},
	"Canceled":                       {Cancelled, over},
}

// fold takes what AWS says into x and reports whether a person could see a difference.
// The order in which observations arrive does not matter to where an execution ends.
func fold(x *Execution, o Observation, log *slog.Logger) bool {
	if x.State.Terminal() {
		return false
	}
	s, known := statuses[o.Status]
	if !known {
		log.Error("AWS reports a status that is not in its model", "execution", x.ID, "aws_status", o.Status)
		s.state, s.rank = x.State, active
	}
	if s.rank < statuses[x.AWSStatus].rank {
		return false
	}
	note := ""
	switch {
	case fouled(x):
		note = x.Note
		if s.state == Succeeded {
			s.state = Failed // something succeeded, and not what was asked for
		}
	case s.state == Waiting && strings.HasPrefix(x.Note, refusedAnswer):
		note = x.Note
	}
	changed := x.Note != note || x.AWSStatus != o.Status || x.CurrentStep != o.CurrentStep || x.Failure != o.Failure
	x.AWSStatus, x.CurrentStep, x.Failure, x.Note = o.Status, o.CurrentStep, o.Failure, note
	if x.State != s.state {
		x.State, changed = s.state, true
	}
	if !o.StartedAt.IsZero() {
		x.StartedAt = o.StartedAt
	}
	if x.State.Terminal() {
		x.EndedAt = o.EndedAt
	}
	return changed
}

// foldSteps takes a newer list of steps, keeping what had already ended, and reports a difference.
func foldSteps(x *Execution, steps []Step) bool {
	old := map[string]Step{}
	for _, s := range x.Steps {
		old[s.key()] = s
	}
	changed := len(steps) != len(x.Steps)
	for i, s := range steps {
		was, known := old[s.key()]
		if known && statuses[was.Status].rank > statuses[s.Status].rank {
			steps[i] = was
			continue
		}
		changed = changed || !known || was.Status != s.Status || was.Failure != s.Failure
	}
	if changed {
		x.Steps = steps
	}
	return changed
}

// key tells steps apart: a step inside a loop runs many times under one name.
func (s Step) key() string {
	if s.ID != "" {
		return s.ID
	}
	return s.Name
}
