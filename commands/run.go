package commands

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"handrail/automation"
	"handrail/policy"
)

// maxReason is the longest reason in characters: it is shown on the card, which Slack limits.
const maxReason = 300

// run asks for a runbook. Its answer is the card; only a no, a dry run or a repeated delivery says something here.
func (c *Commands) run(ctx context.Context, k call) Answer {
	a, dry, bad := c.ask(k)
	if bad != nil {
		return *bad
	}
	if dry {
		return c.explain(ctx, k, a)
	}
	out, err := c.Engine.Submit(ctx, a)
	switch {
	case errors.Is(err, automation.ErrUnclear):
		return c.unclear(k, err)
	case err != nil:
		return c.broken(k, "accepting the run", err)
	case out.Refused != nil:
		return refusedBefore(out.Refused)
	case out.Again && out.Execution != nil:
		return say(line("That request was received before: it is %s.", code(out.Execution.Ref)))
	case out.Execution == nil:
		return c.refusal(ctx, k, out.Decision)
	}
	return Answer{Execution: out.Execution}
}

// refusedBefore answers a delivery that came again with what was decided the first time.
func refusedBefore(r *policy.Record) Answer {
	a := say(line("⛔ That request was received before, and refused: %s", r.Sentence), line("decision %s", code(r.ID)))
	a.Refused = true
	return a
}

// ask reads NAME key=value… into a request. Which names and values are right is the policy's business.
func (c *Commands) ask(k call) (a automation.Ask, dry bool, bad *Answer) {
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
		case a.Runbook == "":
			a.Runbook = w.Value
		default:
			b := say(line("I don't know what %s is for. Parameters are written NAME=VALUE, and values with spaces in quotes.",
				code(shorten(w.Value))), point(k.Command, k.line, w.At, w.Width))
			return a, dry, &b
		}
	}
	switch {
	case a.Runbook == "":
		b := say(line("Which runbook? %s. %s shows those you can run here.",
			code(k.Command+" run NAME key=value…"), code(k.Command+" list")))
		return a, dry, &b
	case utf8.RuneCountInString(a.Reason) > maxReason || strings.ContainsFunc(a.Reason, unprintable):
		b := say(line("The reason must be at most 300 characters of plain text on one line."))
		return a, dry, &b
	}
	return a, dry, nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// refusal explains a no and helps: the rule that decided, the rule that would have allowed, and what to do.
func (c *Commands) refusal(ctx context.Context, k call, d policy.Decision) Answer {
	e := d.Explain()
	lines := []Line{line("⛔ %s", e.Sentence), line("%s  %s", bold("Why"), e.Decided)}
	if e.Near != "" {
		lines = append(lines, line("%s  %s", bold("Would allow"), e.Near))
	}
	if e.Missing != "" {
		lines = append(lines, line("%s  %s", bold("Missing"), e.Missing))
	}
	if e.Fix != "" {
		lines = append(lines, line("%s  %s", bold("Next"), e.Fix))
	}
	if d.Code() == policy.CodeRunbookUnknown {
		lines = append(lines, line("%s shows those you can run here.", code(k.Command+" list")))
	}
	if d.Code() == policy.CodeParameterMissing {
		lines = append(lines, line("Try  %s", code(k.Command+" run "+c.example(ctx, d.Runbook()))))
	}
	if l := c.pointAt(k, d); l != nil {
		lines = append(lines, l)
	}
	if d.ID() != "" {
		lines = append(lines, line("decision %s", code(d.ID())))
	}
	return Answer{Lines: lines, Refused: true}
}

// pointAt marks the word of the line that the decision is about.
func (c *Commands) pointAt(k call, d policy.Decision) Line {
	name := d.Parameter()
	for _, w := range k.words {
		if name != "" && w.Key == name && (d.Value() == "" || w.Value == d.Value()) {
			return point(k.Command, k.line, w.At, w.Width)
		}
		if d.Code() == policy.CodeRunbookUnknown && w.Key == "" && w.Value != "--dry-run" {
			return point(k.Command, k.line, w.At, w.Width)
		}
	}
	return nil
}
