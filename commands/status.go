package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/automation"
)

// shownExecutions is how many executions an answer lists.
const shownExecutions = 15

// status shows what is open: mine, everybody's, or one execution.
func (c *Commands) status(ctx context.Context, k call) Answer {
	s, bad := c.member(ctx, k)
	if bad != nil {
		return *bad
	}
	what := "mine"
	if len(k.words) > 0 {
		what = k.words[0].Value
	}
	if len(k.words) > 1 || len(k.words) == 1 && k.words[0].Key != "" {
		return say(line("Write %s, %s or %s.", code(k.Command+" status ID"), code(k.Command+" status mine"), code(k.Command+" status all")))
	}
	q := automation.Query{Open: true, Limit: shownExecutions + 1}
	switch what {
	case "mine":
		q.Requester = k.User
	case "all":
	default:
		return c.one(ctx, s, k, what)
	}
	s.narrow(&q)
	xs, err := c.Memory.Executions(ctx, q)
	if err != nil {
		return c.broken(k, "reading what is running", err)
	}
	var lines []Line
	if len(xs) > 0 {
		lines = append([]Line{line("%s", bold("Running now"))}, executions(xs)...)
	}
	if what == "mine" {
		lines = append(lines, c.awaited(ctx, s)...)
	}
	if len(lines) == 0 {
		return say(line("Nothing is running. %s shows what ran before.", code(k.Command+" history")))
	}
	return say(append(lines, line("To look at one: %s", code(k.Command+" status ID")))...)
}

// lookedForAnswers is how many open executions, newest first, are searched for those that wait for a person.
const lookedForAnswers = 200

// awaited lists what waits for this person's answer.
func (c *Commands) awaited(ctx context.Context, s sight) []Line {
	xs, err := c.Memory.Executions(ctx, automation.Query{Open: true, Limit: lookedForAnswers})
	if err != nil {
		c.Log.Warn("reading what waits for answers", "error", err)
	}
	xs = slices.DeleteFunc(xs, func(x *automation.Execution) bool {
		answered := x.Approval != nil && slices.ContainsFunc(x.Approval.Votes, func(v automation.Vote) bool { return v.User == s.actor.ID })
		waits := x.State == automation.AwaitingApproval && !answered || len(waiting(x)) > 0
		return !waits || x.Requester == s.actor.ID || !s.asked(x)
	})
	if len(xs) == 0 {
		return nil
	}
	return append([]Line{line("%s", bold("✋ Waiting for you"))}, executions(xs)...)
}

// one shows an execution with its steps.
func (c *Commands) one(ctx context.Context, s sight, k call, id string) Answer {
	x, err := c.Memory.Execution(ctx, id)
	if err == nil && !s.execution(x) {
		err = automation.ErrNotFound
	}
	if err != nil {
		return c.notFound(k, "an execution", id, err)
	}
	lines := []Line{summary(x)}
	if x.Reason != "" {
		lines = append(lines, line("%s  %s", bold("Reason"), x.Reason))
	}
	if a := x.Approval; a != nil && len(a.Needs) > 0 {
		lines = append(lines, standing(x, "")...)
	}
	if x.Note != "" {
		lines = append(lines, line("%s", x.Note))
	}
	for _, s := range x.Steps {
		l := line("•  %s  %s", code(s.Name), s.Status)
		if took := elapsed(s.StartedAt, s.EndedAt); took != "" {
			l = append(l, line("  %s", took)...)
		}
		lines = append(lines, l)
	}
	if x.Failure != "" {
		lines = append(lines, Line{code(x.Failure)})
	}
	if x.AWSID != "" {
		l := line("AWS execution %s", code(x.AWSID))
		if x.AWSStatus != "" { // not yet known right after the start
			l = append(l, line(", status %s", x.AWSStatus)...)
		}
		lines = append(lines, l)
	}
	return say(append(lines, next(k, x)...)...)
}

// next is what people can do about an execution.
func next(k call, x *automation.Execution) []Line {
	var lines []Line
	if x.State == automation.AwaitingApproval {
		lines = append(lines, line("To answer: %s or %s", code(k.Command+" approve "+x.Ref), code(k.Command+" deny "+x.Ref+" reason…")))
	}
	for _, s := range waiting(x) {
		lines = append(append(lines, stepStanding(x, s.Name)...),
			line("To answer: %s or %s", code(k.Command+" approve "+x.Ref+" "+s.Name), code(k.Command+" deny "+x.Ref+" "+s.Name+" reason…")))
	}
	if x.State.Terminal() {
		return append(lines, line("Why it was decided so: %s", code(k.Command+" why "+x.Ref)))
	}
	return append(lines, line("To stop it: %s", code(k.Command+" cancel "+x.Ref)))
}

// executions lists one per line, and says when there are more.
func executions(xs []*automation.Execution) []Line {
	var lines []Line
	for _, x := range xs[:min(len(xs), shownExecutions)] {
		lines = append(lines, summary(x))
	}
	if len(xs) > shownExecutions {
		lines = append(lines, line("… and more."))
	}
	return lines
}

func summary(x *automation.Execution) Line {
	l := line("%s  %s  %s  %s", code(x.Ref), bold(x.Runbook), words(x.State), person(x.Requester))
	l = append(l, line("  %s", moment(x.CreatedAt))...)
	if took := elapsed(x.StartedAt, x.EndedAt); took != "" {
		l = append(l, line("  %s", took)...)
	}
	if x.BreakGlass {
		l = append(l, line("  🚨 emergency")...)
	}
	if p := parameters(x.Parameters); p != "" {
		l = append(l, line("  %s", code(p))...)
	}
	return l
}

// elapsed is how long something took, or "" while it has no end.
func elapsed(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return to.Sub(from).Round(100 * time.Millisecond).String()
}

// parameters shows what was asked as it would be typed.
func parameters(ps map[string][]string) string {
	var names, all []string
	for name := range ps {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range ps[name] {
			if strings.ContainsAny(v, " \t\"'") || v == "" {
				v = fmt.Sprintf("%q", v)
			}
			all = append(all, name+"="+v)
		}
	}
	return strings.Join(all, " ")
}
