package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"handrail/automation"
	"handrail/policy"
)

// approve agrees to an execution that waits for approval, or to one of its steps.
func (c *Commands) approve(ctx context.Context, k call) Answer { return c.vote(ctx, k, false) }

// deny refuses it, with a reason.
func (c *Commands) deny(ctx context.Context, k call) Answer { return c.vote(ctx, k, true) }

// actionApprove is the runbook action whose steps people answer.
const actionApprove = "aws:approve"

func (c *Commands) vote(ctx context.Context, k call, reject bool) Answer {
	if len(k.words) == 0 || k.words[0].Key != "" {
		if reject {
			return say(line("Deny which one, and why? %s. %s lists what waits.", code(k.Command+" deny ID reason…"), code(k.Command+" status all")))
		}
		return say(line("Approve which one? %s. %s lists what waits.", code(k.Command+" approve ID"), code(k.Command+" status all")))
	}
	id := k.words[0].Value
	x, err := c.Memory.Execution(ctx, id)
	if err != nil {
		return c.notFound(k, "an execution", id, err)
	}
	a := automation.ApproveAsk{Key: k.Key, Entry: k.Entry, Team: k.Team, User: k.User, Channel: k.Channel, Execution: x.ID, Reject: reject, At: k.At}
	if bad := k.ballot(&a, x); bad != nil {
		return c.ifSeen(ctx, k, x, id, *bad)
	}
	out, err := c.Engine.Approve(ctx, a)
	switch {
	case errors.Is(err, automation.ErrNotFound):
		return c.notFound(k, "an execution", id, err)
	case err != nil:
		return c.ifSeen(ctx, k, x, id, c.unclearVote(k, x, err))
	case out.Refused != nil:
		return c.ifSeen(ctx, k, x, id, c.refusedBefore(ctx, k, out.Refused))
	case out.Execution == nil:
		out.Execution = x
	}
	switch {
	case !out.Again && !out.Decision.Allowed():
		return c.ifSeen(ctx, k, x, id, noVote(k, out))
	case out.Again:
		return c.ifSeen(ctx, k, x, id, say(append(standing(out.Execution, a.Step), look(k, out.Execution))...))
	}
	return say(append(voted(out.Execution, a), look(k, out.Execution))...)
}

// ifSeen gives the answer to who may see the execution. For anybody else there is no such thing.
func (c *Commands) ifSeen(ctx context.Context, k call, x *automation.Execution, id string, a Answer) Answer {
	if c.look(ctx, k).execution(x) {
		return a
	}
	return c.notFound(k, "an execution", id, automation.ErrNotFound)
}

// ballot reads what follows the ID: a step and, for a no, the reason.
func (k call) ballot(a *automation.ApproveAsk, x *automation.Execution) *Answer {
	var reason []string
	for i, w := range k.words[1:] {
		switch {
		case w.Key == "step":
			a.Step = w.Value
		case w.Key == "reason":
			reason = append(reason, w.Value)
		case i == 0 && w.Key == "" && a.Step == "" && x.State != automation.AwaitingApproval && (stepOf(x, w.Value) || !a.Reject):
			a.Step = w.Value
		case a.Reject:
			reason = append(reason, w.typedPlain())
		default:
			return new(k.stray(w, "To agree, write the ID alone, or the ID and the name of a step."))
		}
	}
	a.Reason = strings.Join(reason, " ")
	switch waits := waiting(x); {
	case a.Step != "" && !stepOf(x, a.Step):
		names := []string{}
		for _, s := range waits {
			names = append(names, s.Name)
		}
		if near := policy.Nearest(a.Step, names); len(near) > 0 {
			return new(say(line("%s has no step %s that people answer. Did you mean %s?", code(x.Ref), code(shorten(a.Step)), code(near[0]))))
		}
		return new(say(line("%s has no step %s that people answer.", code(x.Ref), code(shorten(a.Step))), look(k, x)))
	case a.Step == "" && x.State != automation.AwaitingApproval && len(waits) > 0:
		verb, rest := "approve", ""
		if a.Reject {
			verb, rest = "deny", " reason…"
		}
		return new(say(line("%s waits at its step %s. To answer that: %s", code(x.Ref), code(waits[0].Name),
			code(k.Command+" "+verb+" "+x.Ref+" "+waits[0].Name+rest))))
	case a.Reject && strings.TrimSpace(a.Reason) == "":
		return new(say(line("Why not? A reason helps who asked: %s", code(strings.TrimSpace(k.Command+" deny "+x.Ref+" "+a.Step)+" reason…"))))
	}
	return badReason(a.Reason)
}

// typedPlain is a word of a reason: what was typed, without the quotes.
func (w Word) typedPlain() string {
	if w.Key == "" {
		return w.Value
	}
	return w.Key + "=" + w.Value
}

func stepOf(x *automation.Execution, name string) bool {
	return slices.ContainsFunc(x.Steps, func(s automation.Step) bool { return s.Name == name && s.Action == actionApprove })
}

// waiting returns the steps that wait for people's answer.
func waiting(x *automation.Execution) []automation.Step {
	if x.State.Terminal() {
		return nil
	}
	var steps []automation.Step
	for _, s := range x.Steps {
		if s.Action == actionApprove && s.EndedAt.IsZero() && (s.Status == "Waiting" || s.Status == "InProgress") {
			steps = append(steps, s)
		}
	}
	return steps
}

// noVote says why an answer does not count, and whose would.
func noVote(k call, out automation.Outcome) Answer {
	e, x := out.Decision.Explain(), out.Execution
	lines := append([]Line{line("⛔ %s", e.Sentence)}, row("Why", e.Decided)...)
	lines = append(lines, row("You can", e.Fix)...)
	if a := x.Approval; a != nil && len(a.Void) > 0 {
		lines = append(lines, differences(a.Void)...)
	}
	if out.Decision.Code() == policy.CodeApproverSelf && !x.State.Terminal() {
		lines = append(lines, line("To take it back: %s", code(k.Command+" cancel "+x.Ref)))
	}
	lines = append(lines, line("decision %s, explained by %s", code(out.Decision.ID()), code(k.Command+" why "+out.Decision.ID())))
	return Answer{Lines: lines, Refused: true}
}

// unclearVote answers when nobody can say whether the answer was noted. It may be given again: it counts once.
func (c *Commands) unclearVote(k call, x *automation.Execution, err error) Answer {
	ref := c.logged("noting an answer", k, err)
	return say(line("I could not learn whether that was noted. Look with %s and answer again if it was not; twice counts once. If this goes on, tell whoever runs me: %s.",
		code(k.Command+" status "+x.Ref), code(ref)))
}

// look is how to see an execution.
func look(k call, x *automation.Execution) Line {
	return line("To look: %s", code(k.Command+" status "+x.Ref))
}
