package commands

import (
	"context"
	"slices"

	"handrail/policy"
)

// shownInHelp is how many runbooks the help names.
const shownInHelp = 5

// help shows what this person may run here and the commands, or one of them.
func (c *Commands) help(ctx context.Context, k call) Answer {
	if len(k.words) > 0 {
		for _, cmd := range table() {
			if cmd.is(k.words[0]) {
				return say(line("%s  %s", code(k.Command+" "+cmd.usage), cmd.about))
			}
		}
		if _, ok := c.look(ctx, k).runbook(k.words[0].Value); ok {
			return c.show(ctx, k)
		}
		return c.unknown(ctx, k)
	}
	var lines []Line
	s := c.look(ctx, k)
	if found := s.runnable(""); len(found) > 0 {
		lines = append(lines, line("%s", bold("Runbooks you can run here")))
		some := found[:min(len(found), shownInHelp)]
		reasons := c.unfit(ctx, some)
		lines = append(lines, runbooks(some, c.marks(ctx, s, k, some), reasons)...)
		if len(found) > shownInHelp {
			lines = append(lines, line("… and more: %s", code(k.Command+" list")))
		}
		if i := slices.Index(reasons, ""); i >= 0 {
			lines = append(lines, line("Try  %s", code(k.Command+" "+s.verb(some[i].Name)+" "+c.example(ctx, some[i]))))
		}
	} else {
		lines = append(lines, line("There is no runbook that you can run in this channel."))
	}
	lines = append(lines, line("%s", bold("Commands")))
	for _, cmd := range table() {
		lines = append(lines, line("•  %s  %s", code(k.Command+" "+cmd.usage), cmd.about))
	}
	return say(append(lines, line("Slash commands do not work in threads; there, write %s.", code("@Handrail run …")))...)
}

// example is how a run is typed: with the first allowed value of each parameter that must be given, if the policy lists any.
func (c *Commands) example(ctx context.Context, rb *policy.Runbook) string {
	required := c.required(ctx, rb)
	s := rb.Name
	for _, p := range rb.Parameters {
		switch {
		case required != nil && !slices.Contains(required, p.Name), required == nil && len(p.Allow) == 0:
		case len(p.Allow) > 0:
			s += " " + parameters(map[string][]string{p.Name: p.Allow[:1]})
		default:
			s += " " + p.Name + "=…"
		}
	}
	return s
}

// required lists the document's parameters without a default, or nil if the document is not known.
func (c *Commands) required(ctx context.Context, rb *policy.Runbook) []string {
	d := c.Documents.Look(ctx, rb)
	if d == nil || d.Content == nil {
		return nil
	}
	names := []string{}
	for _, p := range d.Content.Parameters {
		if p.Required() {
			names = append(names, p.Name)
		}
	}
	return names
}
