package automation

import (
	"context"
	"time"

	"handrail/policy"
	"handrail/runbook"
)

// await makes x wait for those who must agree. They are reminded once, at half time.
func (e *Engine) await(x *Execution, d policy.Decision, r *policy.Request, results []State) {
	bound := d.Bound()
	a := &Approval{Bound: bound, Digest: bound.Digest(), Needs: d.Needs(), AskedAt: x.CreatedAt, By: d.ApproveBy(), Results: results}
	a.RemindAt = a.AskedAt.Add(a.By.Sub(a.AskedAt) / 2)
	if r.Document != nil && r.Document.Content != nil {
		a.Changes, a.Reads = countEffects(r.Document.Content)
	}
	x.State, x.Approval = AwaitingApproval, a
	x.StartBy, x.NextAttempt = time.Time{}, a.RemindAt
}

// countEffects counts the steps that change something, or may, and those that only look. A loop is what its steps are.
func countEffects(doc *runbook.Document) (changes, reads int) {
	for _, s := range doc.Effects(nil) {
		switch {
		case s.Action == "aws:loop":
		case s.Effect == runbook.NonMutating:
			reads++
		default:
			changes++
		}
	}
	return changes, reads
}

// shownResults is how many earlier executions approvers see.
const shownResults = 5

// results are how the runbook's last executions ended that AWS began, newest first, if somebody is to see them. They cost
// more than all the rest of a request.
func (e *Engine) results(ctx context.Context, r *policy.Request) []State {
	if !e.mayWait(r) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin/3)
	defer cancel()
	xs, err := e.Store.Executions(ctx, Query{Runbook: r.Runbook, Limit: 4 * shownResults})
	if err != nil {
		e.Log.Warn("reading earlier executions", "runbook", r.Runbook, "error", err)
		return nil
	}
	var states []State
	for _, x := range xs {
		if x.AWSID != "" && x.State.Terminal() && len(states) < shownResults {
			states = append(states, x.State)
		}
	}
	return states
}

// mayWait says whether others may have to agree to r. What was counted is not known yet, so a grant with limits may or may
// not apply.
func (e *Engine) mayWait(r *policy.Request) bool {
	d := policy.Decide(e.Gate.Policy(), r)
	return d.Pending() || d.Code() == policy.CodeUsageUnknown
}
