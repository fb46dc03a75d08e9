package commands

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"handrail/automation"
)

// cancel asks to stop an execution. The card shows what becomes of it.
func (c *Commands) cancel(ctx context.Context, k call) Answer {
	if len(k.words) == 0 || k.words[0].Key != "" {
		return say(line("Cancel which one? %s. %s lists what is running.", code(k.Command+" cancel ID"), code(k.Command+" status all")))
	}
	var reason []string
	for _, w := range k.words[1:] {
		if w.Key == "reason" {
			w.Key = ""
		}
		reason = append(reason, w.typedPlain())
	}
	why := strings.Join(reason, " ")
	if bad := badReason(why); bad != nil {
		return *bad
	}
	id := k.words[0].Value
	out, err := c.Engine.Cancel(ctx, automation.CancelAsk{Key: k.Key, Entry: k.Entry, Team: k.Team, User: k.User,
		Channel: k.Channel, Execution: id, Reason: why, At: k.At})
	switch {
	case errors.Is(err, automation.ErrUnrecorded):
		ref := c.logged("recording a cancel", k, err)
		return say(line("🚫 I asked AWS to stop %s, but could not write that down. Tell whoever runs me: %s.", code(out.Execution.Ref), code(ref)))
	case err != nil:
		return c.notFound(k, "an execution", id, err)
	case out.Refused != nil || !out.Again && !out.Decision.Allowed():
		return c.noCancel(ctx, k, id, out)
	case out.Again && out.Execution.State.Terminal():
		return say(line("%s is over already: %s.", code(out.Execution.Ref), words(out.Execution.State)))
	case out.Again && out.Execution.CancelBy != "":
		return say(line("%s is being cancelled already, by %s.", code(out.Execution.Ref), person(out.Execution.CancelBy)))
	}
	return say(line("🚫 Cancelling %s.", code(out.Execution.Ref)))
}

// noCancel explains a no to who may see the execution. For anybody else there is no such thing.
func (c *Commands) noCancel(ctx context.Context, k call, id string, out automation.Outcome) Answer {
	x, err := c.Memory.Execution(ctx, id)
	switch {
	case err != nil || !c.look(ctx, k).execution(x):
		return c.notFound(k, "an execution", id, cmp.Or(err, automation.ErrNotFound))
	case out.Refused != nil:
		return c.refusedBefore(ctx, k, out.Refused)
	}
	return c.refusal(ctx, k, x.Runbook, out.Decision)
}
