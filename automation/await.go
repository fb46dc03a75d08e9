package automation

import (
	"context"
	"slices"
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

// results are how the runbook's last executions ended that AWS began, newest first, if somebody may have to see them.
func (e *Engine) results(ctx context.Context, name string) []State {
	if !e.mayWantApproval(name) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin/3)
	defer cancel()
	xs, err := e.Store.Executions(ctx, Query{Runbook: name, Limit: 4 * shownResults})
	if err != nil {
		e.Log.Warn("reading earlier executions", "runbook", name, "error", err)
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

// mayWantApproval says whether a grant or a freeze can make a run of the runbook wait for others.
func (e *Engine) mayWantApproval(name string) bool {
	if e.runbook(name) == nil {
		return false
	}
	p := e.Gate.Policy()
	return slices.ContainsFunc(p.GrantsFor(name), func(g *policy.Grant) bool { return g.Approval != nil }) ||
		slices.ContainsFunc(p.Freezes(), func(f *policy.Freeze) bool { return len(f.Override) > 0 })
}
