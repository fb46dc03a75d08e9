package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	s := c.look(ctx, k)
	found := s.runnable(word)
	if len(found) == 0 && word != "" {
		return say(line("No runbook that you can run here matches %s. %s shows all of them.", code(shorten(word)), code(k.Command+" list")))
	}
	if len(found) == 0 {
		return say(line("There is no runbook that you can run here. The policy grants runbooks to people by channel; %s explains a no.",
			code(k.Command+" why NAME")))
	}
	some := found[:min(len(found), shownRunbooks)]
	lines := append([]Line{line("%s", bold("Runbooks you can run here"))}, runbooks(some, c.marks(ctx, s, k, some), c.unfit(ctx, some))...)
	if len(found) > shownRunbooks {
		lines = append(lines, line("… and more: add a word to narrow the list."))
	}
	return say(append(lines, line("To look at one: %s", code(k.Command+" show NAME")))...)
}

// runnable returns what the person may run or ask for here, sorted by name.
func (s sight) runnable(word string) []*policy.Runbook {
	found := append(s.policy.Allowed(s.actor, s.channel, policy.Run), s.policy.Allowed(s.actor, s.channel, policy.Ask)...)
	found = slices.DeleteFunc(found, func(rb *policy.Runbook) bool {
		return !strings.Contains(strings.ToLower(rb.Name+" "+rb.Description), strings.ToLower(word))
	})
	slices.SortFunc(found, func(a, b *policy.Runbook) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(found)
}

// runbooks lists them, with what a run takes, and the reason of those that cannot run now.
func runbooks(rbs []*policy.Runbook, marks []Line, reasons []string) []Line {
	var lines []Line
	for i, rb := range rbs {
		l := line("•  %s", code(rb.Name))
		if rb.Description != "" {
			l = append(l, line("  %s", rb.Description)...)
		}
		l = append(l, marks[i]...)
		if reasons[i] != "" {
			l = append(l, line("  ⚠ cannot run: %s", reasons[i])...)
		}
		lines = append(lines, l)
	}
	return lines
}

// lookWithin is how long a list waits for AWS, of the three seconds that Slack gives.
const lookWithin = 1500 * time.Millisecond

// unfit says for each runbook why it cannot run now, and "" if it can or if nothing was heard in time.
func (c *Commands) unfit(ctx context.Context, rbs []*policy.Runbook) []string {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	p, reasons := c.Policy(), make([]string, len(rbs))
	var looks errgroup.Group
	looks.SetLimit(8)
	for i, rb := range rbs {
		looks.Go(func() error {
			doc := c.Documents.Look(ctx, rb)
			if err := p.Verify(rb, doc); err != nil && ctx.Err() == nil {
				reasons[i] = shortenTo(err.Error(), 200)
			}
			return nil
		})
	}
	_ = looks.Wait() // no look returns an error
	return reasons
}
