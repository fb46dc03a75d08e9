package commands

import (
	"context"

	"handrail/policy"
)

// looked lists the rules that a decision looked at, those that apply with a mark.
func looked(heading string, looks []policy.Look) []Line {
	if len(looks) == 0 {
		return nil
	}
	lines := []Line{line("%s", bold(heading))}
	for _, l := range looks {
		mark := "–"
		if l.Applies {
			mark = "✓"
		}
		lines = append(lines, line("%s  %s %s  %s", mark, string(l.Kind), code(l.Rule), l.Why))
	}
	return lines
}

// lookedThen lists the rules that the decision of a record is about. Records keep the rule that decided and the nearest;
// the others are looked at again, as they are today.
func (c *Commands) lookedThen(ctx context.Context, s sight, r policy.Record) []Line {
	rb, ok := s.policy.Runbook(r.Runbook)
	if !ok || r.Action == policy.Approve || r.Action == policy.Reject {
		return nil
	}
	f := r.Facts
	asked := &policy.Request{Action: r.Action, Entry: r.Entry, Runbook: r.Runbook, Parameters: r.Parameters, Execution: r.Execution, At: r.At,
		Actor:   policy.Actor{ID: r.Actor, Team: r.Team, Standing: f.Standing, UserGroups: f.UserGroups},
		Channel: policy.Channel{ID: r.Channel, Name: f.ChannelName, Shared: f.Shared, Known: true},
		Reason:  f.Reason, BreakGlass: f.BreakGlass, Incident: f.Incident, Requester: f.Requester, Document: c.Documents.Look(ctx, rb), Usage: map[string]policy.Usage{}}
	for _, rule := range s.policy.Limited(r.Runbook) {
		asked.Usage[rule] = policy.Usage{} // what else ran then is not known any more
	}
	heading := "Rules"
	if s.policy.Hash() != r.Policy {
		heading = "Rules, as the policy is today"
	}
	return looked(heading, policy.Decide(s.policy, asked).ExplainToKeeper().Looked)
}
