package commands

import (
	"context"
	"fmt"
	"strings"

	"handrail/automation"
	"handrail/policy"
)

// show describes a runbook: what it does, its parameters, who may run it where, what stops it now, and how it went lately.
func (c *Commands) show(ctx context.Context, k call) Answer {
	s, bad := c.member(ctx, k)
	if bad != nil {
		return *bad
	}
	if len(k.words) != 1 || k.words[0].Key != "" {
		return say(line("Show which runbook? %s", code(k.Command+" show NAME")))
	}
	rb, ok := s.runbook(k.words[0].Value)
	if !ok {
		return c.noSuch(s, k, k.words[0])
	}
	d := c.Documents.Look(ctx, rb)
	lines := append([]Line{line("%s  %s", bold(rb.Name), rb.Description)}, about(rb, d)...)
	for _, p := range rb.Parameters {
		lines = append(lines, parameter(p, d))
	}
	lines = append(lines, s.rules(rb.Name)...)
	for _, step := range rb.Steps {
		lines = append(lines, line("%s  answered by %s of %s", bold("Step "+step.Step), fmt.Sprint(step.Approval.Count), anyOf(step.Approval.From)))
	}
	for _, f := range s.frozen(k, rb.Name) {
		lines = append(lines, freeze(rb.Name, f))
	}
	for _, l := range c.locked(ctx, k, rb.Name) {
		lines = append(lines, lock(l))
	}
	xs, err := c.Memory.Executions(ctx, automation.Query{Runbook: rb.Name, Limit: 5})
	if err != nil {
		return c.broken(k, "reading the last results", err)
	}
	if len(xs) > 0 {
		lines = append(append(lines, line("%s", bold("Last results"))), executions(xs)...)
	}
	if err := s.policy.Verify(rb, d); err != nil {
		return say(append(lines, line("⚠ cannot run: %s", shortenTo(err.Error(), 300)))...)
	}
	return say(append(lines, line("Try  %s", code(k.Command+" "+s.verb(rb.Name)+" "+c.example(ctx, rb))))...)
}

// verb is how this person gets a runbook to run here.
func (s sight) verb(runbook string) string {
	if len(s.policy.Covering(s.actor, s.channel, runbook, policy.Run)) == 0 && len(s.policy.Covering(s.actor, s.channel, runbook, policy.Ask)) > 0 {
		return "ask"
	}
	return "run"
}

func about(rb *policy.Runbook, d *policy.Document) []Line {
	l := line("%s  %s version %s", bold("Document"), code(rb.Document), rb.Version)
	switch {
	case d == nil || d.State == policy.DocumentUnknown:
		return []Line{append(l, line(" (AWS could not be asked about it)")...)}
	case d.State == policy.DocumentGone:
		return []Line{append(l, line(" (AWS has no such document)")...)}
	case d.Content == nil:
		return []Line{append(l, line(" (its content cannot be read)")...)}
	}
	lines := []Line{append(l, line(", sha256 %s", code(short(d.SHA256)))...)}
	if d.Content.Description != "" {
		lines = append(lines, line("%s", shortenTo(d.Content.Description, 300)))
	}
	var steps []string
	for _, s := range d.Content.Steps {
		steps = append(steps, fmt.Sprintf("%s (%s)", s.Name, s.Action))
	}
	lines = append(lines, line("%s  %s", bold("Steps"), shortenTo(strings.Join(steps, ", "), 600)))
	if len(rb.Children) > 0 {
		var children []string
		for _, child := range rb.Children {
			children = append(children, child.Name+" version "+child.Version)
		}
		lines = append(lines, line("%s  %s", bold("Starts"), shortenTo(strings.Join(children, ", "), 600)))
	}
	return lines
}

func parameter(p policy.Parameter, d *policy.Document) Line {
	l := line("%s  %s: ", bold("Parameter"), code(p.Name))
	if d != nil && d.Content != nil {
		if declared, ok := d.Content.Parameter(p.Name); ok {
			l = append(l, line("%s, ", declared.Type)...)
			if declared.Required() {
				l = append(l, line("required, ")...)
			}
		}
	}
	return join(l, constraint(p))
}

func shortenTo(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
