package commands

import (
	"context"
	"errors"
	"strings"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// askWithin is how long a refusal can be answered with a wish for a one-time approval.
const askWithin = time.Hour

// ask wants others to agree to one run that the person has no right to: of a runbook by name, or of what a decision
// refused. Nothing of the latter comes from a click but the decision's ID.
func (c *Commands) ask(ctx context.Context, k call) Answer {
	a, dry, bad := request(k, "ask")
	if bad != nil {
		return *bad
	}
	if strings.HasPrefix(a.Runbook, "d-") && len(a.Parameters) == 0 {
		if _, runbook := c.look(ctx, k).runbook(a.Runbook); !runbook {
			if bad := c.refusedTo(ctx, k, &a); bad != nil {
				return *bad
			}
		}
	}
	a.OneTime = true
	if dry {
		return c.explain(ctx, k, a)
	}
	return c.submit(ctx, k, a)
}

// refusedTo fills in what a decision refused to this person, here and within the hour.
func (c *Commands) refusedTo(ctx context.Context, k call, a *automation.Ask) *Answer {
	id := a.Runbook
	r, err := c.Memory.Record(ctx, id)
	if err != nil && !errors.Is(err, automation.ErrNotFound) {
		return new(c.broken(k, "reading a decision", err))
	}
	age := k.At.Sub(r.At)
	switch {
	case err != nil || r.Actor != k.User || r.Team != k.Team || r.Action != policy.Run || r.Allowed:
		return new(say(line("I don't know a refusal %s of yours. Ask anew: %s", code(shorten(id)), code(k.Command+" ask NAME key=value…"))))
	case r.Channel != k.Channel:
		return new(say(line("%s was decided in another channel. Ask there, or ask anew: %s", code(r.ID), code(k.Command+" ask NAME key=value…"))))
	case !r.Facts.Ask:
		return new(say(line("The policy does not let you ask for a one-time approval of that. %s explains it.", code(k.Command+" why "+r.ID))))
	case age > askWithin || age < -time.Minute:
		return new(say(line("%s is more than an hour old. Run it again, and ask then: %s", code(r.ID), code(k.Command+" run "+typedRun(r.Runbook, r.Parameters)))))
	}
	a.Key = "ask:" + r.ID // a second click asks for the same
	a.Runbook, a.Parameters = r.Runbook, r.Parameters
	if a.Reason == "" {
		a.Reason = r.Facts.Reason
	}
	return nil
}

// typedRun is a runbook with its parameters as they would be typed.
func typedRun(runbook string, ps map[string][]string) string {
	return strings.TrimSpace(runbook + " " + parameters(ps))
}
