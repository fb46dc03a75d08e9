package commands

import (
	"context"

	"handrail/policy"
)

// refusal explains a no to doing something with a runbook, and helps: the rule that decided, what else stands in the
// way, the rule that would allow, and what the person can do.
func (c *Commands) refusal(ctx context.Context, k call, name string, d policy.Decision) Answer {
	s := c.look(ctx, k)
	if !general(d.Code()) && !s.sees(name) {
		return c.noRunbook(s, k, name, d.ID())
	}
	e := d.Explain()
	lines := append([]Line{line("⛔ %s", e.Sentence)}, row("Why", e.Decided)...)
	lines = append(lines, c.also(ctx, s, k, name, d)...)
	lines = append(append(lines, row("Would allow", e.Near)...), row("Missing", e.Missing)...)
	lines = append(lines, s.way(k, name, d, e.Fix)...)
	if d.Code() == policy.CodeParameterMissing {
		lines = append(lines, line("Try  %s", code(k.Command+" "+s.verb(name)+" "+c.example(ctx, d.Runbook()))))
	}
	lines = append(lines, pointAt(k, d)...)
	a := Answer{Lines: lines, Refused: true}
	if e.Ask && d.ID() != "" {
		a.Ask = d.ID()
		a.Lines = append(a.Lines, line("%s  ask %s for a one-time approval: %s", bold("Or"), anyOf(e.Approvers), code(k.Command+" ask "+d.ID())))
	}
	if d.ID() != "" {
		a.Lines = append(a.Lines, line("decision %s, explained by %s", code(d.ID()), code(k.Command+" why "+d.ID())))
	}
	return a
}

// way is what the person can do.
func (s sight) way(k call, name string, d policy.Decision, fix string) []Line {
	switch {
	case d.Parameter() != "":
		return row("Next", fix)
	case d.Action() == policy.Ask && s.verb(name) == "run" && len(s.policy.Covering(s.actor, s.channel, name, policy.Run)) > 0:
		return []Line{line("%s  run it, without asking: %s", bold("You can"), code(k.Command+" run "+typedRun(name, d.Parameters())))}
	}
	return row("You can", fix)
}

// general says whether a no is one that has nothing to do with which runbook somebody named.
func general(code policy.Code) bool {
	switch code {
	case "", policy.CodePolicyMissing, policy.CodeRequestInvalid, policy.CodeStandingUnknown, policy.CodeGuest, policy.CodeBot,
		policy.CodeDeactivated, policy.CodeExternal, policy.CodeChannelUnknown:
		return true
	}
	return false
}

// noRunbook is the refusal of a name that is no runbook, or none that this person may see.
func (c *Commands) noRunbook(s sight, k call, name, decision string) Answer {
	lines := []Line{join(line("⛔ "), s.unknown(name)), line("%s shows those you can run here.", code(k.Command+" list"))}
	for _, w := range k.words {
		if w.Key == "" && w.Value == name {
			lines = append(lines, point(k.Command, k.line, w.At, w.Width))
			break
		}
	}
	if decision != "" {
		lines = append(lines, line("decision %s", code(decision)))
	}
	return Answer{Lines: lines, Refused: true}
}

// row is a line with a heading, or nothing.
func row(heading, text string) []Line {
	if text == "" {
		return nil
	}
	return []Line{line("%s  %s", bold(heading), text)}
}

// also names the freezes and the locks that would stop the run as well.
func (c *Commands) also(ctx context.Context, s sight, k call, name string, d policy.Decision) []Line {
	if d.Action() != policy.Run && d.Action() != policy.Ask {
		return nil
	}
	var lines []Line
	for _, f := range s.frozen(k, name) {
		if d.Code() != policy.CodeFrozen || d.Rule() != f.Name {
			lines = append(lines, join(line("%s  ", bold("Also")), freeze(name, f)))
		}
	}
	for _, l := range c.locked(ctx, k, name) {
		if d.Code() != policy.CodeLocked && holds(l, d.Parameters()) {
			lines = append(lines, join(line("%s  ", bold("Also")), lock(l)))
		}
	}
	return lines
}

// pointAt marks the word of the line that the decision is about.
func pointAt(k call, d policy.Decision) []Line {
	name := d.Parameter()
	for _, w := range k.words {
		if name != "" && w.Key == name && (d.Value() == "" || w.Value == d.Value()) {
			return pointIn(k, d.Runbook(), w)
		}
	}
	return nil
}

// pointIn marks a word of a line about a runbook, unless the line may have a secret.
func pointIn(k call, rb *policy.Runbook, w Word) []Line {
	if rb.TakesSecrets() {
		return nil
	}
	return []Line{point(k.Command, k.line, w.At, w.Width)}
}

// refusedBefore answers a delivery that came again with what was decided the first time.
func (c *Commands) refusedBefore(ctx context.Context, k call, r *policy.Record) Answer {
	sentence := line("%s", r.Sentence)
	if s := c.look(ctx, k); !general(r.Code) && !s.sees(r.Runbook) {
		sentence = s.unknown(r.Runbook)
	}
	a := say(join(line("⛔ That request was received before, and refused: "), sentence), line("decision %s", code(r.ID)))
	a.Refused = true
	return a
}
