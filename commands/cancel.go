package commands

import (
	"context"
	"strings"
	"unicode/utf8"

	"handrail/automation"
)

// cancel asks to stop an execution. The card shows what becomes of it.
func (c *Commands) cancel(ctx context.Context, k call) Answer {
	if len(k.words) == 0 || k.words[0].Key != "" {
		return say(line("Cancel which one? %s. %s lists what is running.", code(k.Command+" cancel ID"), code(k.Command+" status all")))
	}
	var reason []string
	for _, w := range k.words[1:] {
		if w.Key != "" && w.Key != "reason" {
			w.Value = w.Key + "=" + w.Value
		}
		reason = append(reason, w.Value)
	}
	why := strings.Join(reason, " ")
	if utf8.RuneCountInString(why) > maxReason || strings.ContainsFunc(why, unprintable) {
		return say(line("The reason must be at most 300 characters of plain text on one line."))
	}
	out, err := c.Engine.Cancel(ctx, automation.CancelAsk{Key: k.Key, Entry: k.Entry, Team: k.Team, User: k.User,
		Channel: k.Channel, Execution: k.words[0].Value, Reason: why, At: k.At})
	switch {
	case err != nil:
		return c.notFound(k, "an execution", k.words[0].Value, err)
	case out.Refused != nil:
		return refusedBefore(out.Refused)
	case !out.Again && !out.Decision.Allowed():
		return c.refusal(ctx, k, out.Decision)
	case out.Again && out.Execution.State.Terminal():
		return say(line("%s is over already: %s.", code(out.Execution.Ref), strings.ReplaceAll(string(out.Execution.State), "_", " ")))
	case out.Again && out.Execution.CancelBy != "":
		return say(line("%s is being cancelled already, by %s.", code(out.Execution.Ref), person(out.Execution.CancelBy)))
	}
	return say(line("🚫 Cancelling %s.", code(out.Execution.Ref)))
}
