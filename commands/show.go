package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"handrail/automation"
	"handrail/policy"
)

// show describes a runbook: what it does, its parameters, who may run it where, and how it went lately.
func (c *Commands) show(ctx context.Context, k call) Answer {
	if a, ok := c.member(ctx, k); !ok {
		return a
	}
	if len(k.words) != 1 || k.words[0].Key != "" {
		return say(line("Show which runbook? %s", code(k.Command+" show NAME")))
	}
	name := k.words[0].Value
	rb, ok := c.Policy().Runbook(name)
	if !ok {
		return say(c.unknownRunbook(name), line("%s shows those you can run here.", code(k.Command+" list")))
	}
	d := c.Documents.Look(ctx, rb)
	lines := append([]Line{line("%s  %s", bold(rb.Name), rb.Description)}, about(rb, d)...)
	for _, p := range rb.Parameters {
		lines = append(lines, parameter(p, d))
	}
	for _, g := range c.Policy().GrantsFor(rb.Name) {
		lines = append(lines, grant(g))
	}
	xs, err := c.Memory.Executions(ctx, automation.Query{Runbook: rb.Name, Limit: 5})
	if err != nil {
		return c.broken(k, "reading the last results", err)
	}
	if len(xs) > 0 {
		lines = append(append(lines, line("%s", bold("Last results"))), executions(xs)...)
	}
	if err := c.Policy().Verify(rb, d); err != nil {
		return say(append(lines, line("⚠ cannot run: %s", shortenTo(err.Error(), 300)))...)
	}
	return say(append(lines, line("Try  %s", code(k.Command+" run "+c.example(ctx, rb))))...)
}

// grant says who may do what where.
func grant(g *policy.Grant) Line {
	verbs := make([]string, len(g.May))
	for i, a := range g.May {
		verbs[i] = string(a)
	}
	l := join(line("%s  ", bold("Rule "+g.Name)), list(g.To), line(" may %s in ", strings.Join(verbs, " and ")))
	if slices.Contains(g.Channels, policy.Everything) {
		return append(l, line("any channel")...)
	}
	return join(l, list(g.Channels))
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
	return append(lines, line("%s  %s", bold("Steps"), shortenTo(strings.Join(steps, ", "), 600)))
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
	shown := p.Allow[:min(len(p.Allow), 10)]
	l = join(l, line("one of "), list(shown))
	if len(p.Allow) > len(shown) {
		l = append(l, line(" and %s more", fmt.Sprint(len(p.Allow)-len(shown)))...)
	}
	if p.MaxItems > 1 {
		l = append(l, line(", up to %s values", fmt.Sprint(p.MaxItems))...)
	}
	return l
}

func shortenTo(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
