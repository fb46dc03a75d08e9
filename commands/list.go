package commands

import (
	"context"
	"strings"

	"handrail/policy"
)

// shownRunbooks is how many runbooks an answer lists.
const shownRunbooks = 30

// list shows what this person may run here.
func (c *Commands) list(ctx context.Context, k call) Answer {
	word := ""
	if len(k.words) > 0 {
		word = k.words[0].Value
	}
	if len(k.words) > 1 || len(k.words) == 1 && k.words[0].Key != "" {
		return say(line("Write %s, with one word at most.", code(k.Command+" list WORD")))
	}
	found := c.runnable(ctx, k, word)
	if len(found) == 0 && word != "" {
		return say(line("No runbook that you can run here matches %s. %s shows all of them.", code(shorten(word)), code(k.Command+" list")))
	}
	if len(found) == 0 {
		return say(line("There is no runbook that you can run here. The policy grants runbooks to people by channel; %s explains a no.",
			code(k.Command+" why NAME")))
	}
	return say(append([]Line{line("%s", bold("Runbooks you can run here"))}, runbooks(found)...)...)
}

func (c *Commands) runnable(ctx context.Context, k call, word string) []*policy.Runbook {
	actor, channel := c.here(ctx, k)
	var found []*policy.Runbook
	for _, rb := range c.Policy().Allowed(actor, channel, policy.Run) {
		if word == "" || strings.Contains(strings.ToLower(rb.Name+" "+rb.Description), strings.ToLower(word)) {
			found = append(found, rb)
		}
	}
	return found
}

func runbooks(found []*policy.Runbook) []Line {
	var lines []Line
	for _, rb := range found[:min(len(found), shownRunbooks)] {
		l := line("•  %s", code(rb.Name))
		if rb.Description != "" {
			l = append(l, line("  %s", rb.Description)...)
		}
		lines = append(lines, l)
	}
	if len(found) > shownRunbooks {
		lines = append(lines, line("… and more: add a word to narrow the list."))
	}
	return lines
}
