package commands

import (
	"context"
	"errors"
	"strings"

	"handrail/automation"
	"handrail/policy"
)

// why explains a recorded decision by its ID or its execution's, or decides a request without doing anything.
func (c *Commands) why(ctx context.Context, k call) Answer {
	s, bad := c.member(ctx, k)
	if bad != nil {
		return *bad
	}
	if len(k.words) == 0 {
		return say(line("Why what? %s explains a decision, %s asks what the policy would say.",
			code(k.Command+" why ID"), code(k.Command+" why NAME key=value…")))
	}
	id := k.words[0].Value
	if len(k.words) == 1 && k.words[0].Key == "" && (strings.HasPrefix(id, "r-") || strings.HasPrefix(id, "d-")) {
		if _, runbook := s.runbook(id); !runbook {
			return c.recorded(ctx, s, k, id)
		}
	}
	a, _, bad := request(k, "why")
	if bad != nil {
		return *bad
	}
	return c.explain(ctx, k, a)
}

// recorded tells what was decided then, under the policy of then.
func (c *Commands) recorded(ctx context.Context, s sight, k call, id string) Answer {
	named := id
	if strings.HasPrefix(id, "r-") {
		x, err := c.Memory.Execution(ctx, id)
		if err == nil && !s.execution(x) {
			err = automation.ErrNotFound
		}
		if err != nil {
			return c.notFound(k, "an execution", id, err)
		}
		id = x.Decision
	}
	r, err := c.Memory.Record(ctx, id)
	switch {
	case err != nil:
		return c.notFound(k, "a decision", named, err)
	case !s.sees(r.Runbook) && r.Actor == s.actor.ID && id == named && (r.Action == policy.Run || r.Action == policy.Ask) && !r.Allowed:
		return s.unseen(k, r)
	case !s.sees(r.Runbook) && id == named:
		return c.notFound(k, "a decision", named, automation.ErrNotFound)
	}
	lines := append([]Line{verdict(r), line("%s  %s", bold("Told then:"), r.Sentence)}, // in the words for that person, which say "you"
		told(r)...)
	lines = append(lines, c.concerned(ctx, r.Execution)...)
	lines = append(lines, c.lookedThen(ctx, s, r)...)
	lines = append(lines, line("decision %s, %s, under policy %s", code(r.ID), code(string(r.Code)), code(short(r.Policy))))
	return say(append(lines, line("What the policy says today: %s", code(k.Command+" why "+typedRun(r.Runbook, r.Parameters))))...)
}

// concerned tells which execution a decision is about, and where its approval stands.
func (c *Commands) concerned(ctx context.Context, id string) []Line {
	if id == "" {
		return nil
	}
	x, err := c.Memory.Execution(ctx, id)
	if err != nil { // its insertion may have failed; the record stays
		return nil
	}
	lines := []Line{line("%s  %s, %s", bold("Execution"), code(x.Ref), words(x.State))}
	if x.Approval != nil && len(x.Approval.Needs) > 0 {
		lines = append(lines, standing(x, "")...)
	}
	return lines
}

// verdict is one line on who was answered what.
func verdict(r policy.Record) Line {
	noun, verb := noun(r.Action)
	where := []any{target(r.Runbook, r.Parameters), Span{Place, r.Channel}, moment(r.At)}
	switch {
	case r.Code == policy.CodeApprovalNeeded:
		return line("✋ %s needs others to agree to %s of %s in %s, %s", append([]any{person(r.Actor), noun}, where...)...)
	case r.Allowed:
		return line("✅ %s was allowed to %s %s in %s, %s", append([]any{person(r.Actor), verb}, where...)...)
	}
	return line("⛔ %s was refused %s of %s in %s, %s", append([]any{person(r.Actor), noun}, where...)...)
}

// noun is an action as a thing, and as a verb.
func noun(a policy.Action) (noun, verb string) {
	switch a {
	case policy.Ask:
		return "a one-time approval", "ask for"
	case policy.Approve:
		return "the approval", "approve"
	case policy.Reject:
		return "the denial", "deny"
	}
	return "a " + string(a), string(a)
}

// told is what the record says of the rules.
func told(r policy.Record) []Line {
	var lines []Line
	if r.Rule != "" {
		lines = append(lines, line("%s  %s", bold("Rule"), code(r.Rule)))
	}
	if r.Facts.Reason != "" {
		lines = append(lines, line("%s  %s", bold("Reason"), r.Facts.Reason))
	}
	return append(lines, row("Would allow", r.Near)...)
}

// unseen tells people what they were told when they named what is no runbook, or none for them.
func (s sight) unseen(k call, r policy.Record) Answer {
	return say(
		line("⛔ %s was refused a %s of %s in %s, %s", person(r.Actor), string(policy.Run), code(shorten(r.Runbook)), Span{Place, r.Channel}, moment(r.At)),
		line("%s  %s", bold("Told then:"), s.unknown(r.Runbook)),
		line("decision %s. %s shows those you can run here.", code(r.ID), code(k.Command+" list")))
}

// explain says what the policy would answer now. Nothing is recorded and nothing starts.
func (c *Commands) explain(ctx context.Context, k call, a automation.Ask) Answer {
	only := line("This was only a question: nothing was recorded or started.")
	d := c.Engine.Explain(ctx, a)
	e := d.Explain()
	if !d.Allowed() && !d.Pending() {
		refused := c.refusal(ctx, k, a.Runbook, d)
		refused.Lines = append(refused.Lines, looked("Rules", e.Looked)...)
		if e.Ask {
			refused.Lines = append(refused.Lines, line("%s  ask %s for a one-time approval: %s", bold("Or"), anyOf(e.Approvers),
				code(k.Command+" ask "+typedRun(a.Runbook, a.Parameters))))
		}
		refused.Lines = append(refused.Lines, only)
		return refused
	}
	lines := []Line{line("✅ %s", e.Sentence)}
	if d.Pending() {
		lines = []Line{line("✋ %s", e.Sentence), line("%s  %s", bold("Needs"), needs(d.Needs()))}
	}
	lines = append(lines, line("%s  %s version %s, sha256 %s", bold("Runs"), code(d.Runbook().Document), d.Version(), code(short(d.SHA256()))),
		line("%s  %s", bold("Under"), code(d.Role())))
	if p := parameters(d.Parameters()); p != "" {
		lines = append(lines, line("%s  %s", bold("With"), code(p)))
	}
	verb := "run"
	if a.OneTime {
		verb = "ask"
	}
	lines = append(append(lines, looked("Rules", e.Looked)...), only)
	return say(append(lines, line("To do it: %s", code(k.Command+" "+verb+" "+typedRun(a.Runbook, a.Parameters))))...)
}

// notFound answers for an ID that names nothing.
func (c *Commands) notFound(k call, kind, id string, err error) Answer {
	if !errors.Is(err, automation.ErrNotFound) {
		return c.broken(k, "reading "+kind, err)
	}
	return say(line("I don't know %s %s. %s lists the latest.", kind, code(shorten(id)), code(k.Command+" history")))
}

// short shows enough of a hash to compare it.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12] + "…"
	}
	return hash
}
