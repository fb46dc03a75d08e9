package commands

import (
	"context"
	"fmt"

	"handrail/policy"
)

// marks says what else a run of each runbook takes here and now: others who agree, an emergency, the end of a freeze or
// of a lock.
func (c *Commands) marks(ctx context.Context, s sight, k call, rbs []*policy.Runbook) []Line {
	locks, err := c.Memory.ActiveLocks(ctx, k.At)
	if err != nil {
		c.Log.Warn("reading the locks", "error", err)
	}
	marks := make([]Line, len(rbs))
	for i, rb := range rbs {
		l := s.needs(k, rb.Name)
		for _, f := range s.frozen(k, rb.Name) {
			l = append(l, line("  ❄ frozen until %s", moment(f.Until))...)
		}
		whole, parts := policy.Lock{}, 0
		for _, lock := range locks {
			switch {
			case lock.Runbook != rb.Name:
			case len(lock.Parameters) == 0:
				whole = lock
			default:
				parts++
			}
		}
		switch {
		case whole.ID != "":
			l = append(l, line("  🔒 locked until %s", moment(whole.Until))...)
		case parts > 0:
			l = append(l, line("  🔒 locked in part: %s", code(k.Command+" locks "+rb.Name))...)
		}
		marks[i] = l
	}
	return marks
}

// needs says who must agree before this person runs it here: nothing, if a grant wants nobody.
func (s sight) needs(k call, runbook string) Line {
	var approval, emergency *policy.Grant
	for _, g := range s.policy.Covering(s.actor, s.channel, runbook, policy.Run) {
		switch {
		case g.BreakGlass != nil:
			emergency = g
		case g.Approval == nil:
			return nil
		case approval == nil:
			approval = g
		}
	}
	if approval != nil {
		return line("  ✋ needs approval by %s of %s", fmt.Sprint(approval.Approval.Count), anyOf(approval.Approval.From))
	}
	if len(s.policy.Covering(s.actor, s.channel, runbook, policy.Ask)) > 0 {
		return line("  ✋ by asking only: %s", code(k.Command+" ask "+runbook))
	}
	if emergency != nil {
		return line("  🚨 in emergencies only: %s", code(k.Command+" run "+runbook+" --break-glass reason=\"…\""))
	}
	return nil
}
