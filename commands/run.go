package commands

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"handrail/automation"
)

// maxReason is the longest reason in characters: it is shown on the card, which Slack limits.
const maxReason = 300

// run asks for a runbook. Its answer is the card; only a no, a dry run or a repeated delivery says something here.
func (c *Commands) run(ctx context.Context, k call) Answer {
	a, dry, bad := request(k, "run")
	if bad != nil {
		return *bad
	}
	if dry {
		return c.explain(ctx, k, a)
	}
	return c.submit(ctx, k, a)
}

// submit takes a request through the door.
func (c *Commands) submit(ctx context.Context, k call, a automation.Ask) Answer {
	out, err := c.Engine.Submit(ctx, a)
	switch {
	case errors.Is(err, automation.ErrUnclear):
		return c.unclear(k, err)
	case err != nil:
		return c.broken(k, "accepting the run", err)
	case out.Refused != nil:
		return c.refusedBefore(ctx, k, out.Refused)
	case out.Again && out.Execution != nil:
		return say(line("That request was received before: it is %s. To look: %s", code(out.Execution.Ref), code(k.Command+" status "+out.Execution.Ref)))
	case out.Execution == nil:
		return c.refusal(ctx, k, a.Runbook, out.Decision)
	}
	return Answer{Execution: out.Execution}
}

// request reads NAME key=value… into what the engine is asked. Which names and values are right is the policy's business.
func request(k call, command string) (a automation.Ask, dry bool, bad *Answer) {
	a = automation.Ask{Key: k.Key, Entry: k.Entry, Team: k.Team, User: k.User, Channel: k.Channel, Thread: k.Thread,
		Parameters: map[string][]string{}, At: k.At}
	for _, w := range k.words {
		switch {
		case w.Key == "reason":
			a.Reason = w.Value
		case w.Key != "":
			a.Parameters[w.Key] = append(a.Parameters[w.Key], w.Value)
		case w.Value == "--dry-run":
			dry = true
		case w.Value == "--break-glass" && command != "ask":
			a.BreakGlass = true
		case a.Runbook == "" && !strings.HasPrefix(w.Value, "--"):
			a.Runbook = w.Value
		default:
			return a, dry, new(k.stray(w, "Parameters are written NAME=VALUE, and values with spaces in quotes."))
		}
	}
	if a.Runbook == "" {
		return a, dry, new(say(line("Which runbook? %s. %s shows those you can run here.",
			code(k.Command+" "+command+" NAME key=value…"), code(k.Command+" list"))))
	}
	return a, dry, badReason(a.Reason)
}

// stray answers for a word that has no place in the command.
func (k call) stray(w Word, how string) Answer {
	return say(line("I don't know what %s is for. %s", code(shorten(w.typed())), how), point(k.Command, k.line, w.At, w.Width))
}

// badReason refuses what does not fit on a card, or cannot be seen there.
func badReason(reason string) *Answer {
	if utf8.RuneCountInString(reason) <= maxReason && !strings.ContainsFunc(reason, unprintable) {
		return nil
	}
	return new(say(line("The reason must be at most 300 characters of plain text on one line.")))
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
