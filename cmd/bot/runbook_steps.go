package main

import (
	"fmt"
	"strconv"
	"strings"

	"handrail/runbook"
)

func (r *shownRunbook) printSteps(p *sheet) {
	p.title("STEPS")
	name, action := 0, 0
	depth := map[string]int{}
	for _, s := range r.Steps {
		depth[s.Name] = 0
		if s.Loop != "" {
			depth[s.Name] = depth[s.Loop] + 1
		}
		name, action = max(name, 2*depth[s.Name]+len(s.Name)), max(action, len(s.Action))
	}
	number := 0
	for i, s := range r.Steps {
		label := "   "
		if s.Loop == "" {
			number++
			label = fmt.Sprintf("%3d", number)
		}
		indent := strings.Repeat("  ", depth[s.Name])
		p.line(label + "  " + pad(indent+visible(s.Name), name) + "  " + pad(visible(s.Action), action) + "  " + s.effect())
		below := "     " + indent + "  "
		p.wrapped(below, s.What)
		for _, line := range s.flow(r.below(i)) {
			p.wrapped(below, line)
		}
	}
}

// below is the step under the one at i in the same list, "" if it is the last.
func (r *shownRunbook) below(i int) string {
	for _, s := range r.Steps[i+1:] {
		if s.Loop == r.Steps[i].Loop {
			return s.Name
		}
	}
	return ""
}

func (s stepView) effect() string {
	switch s.Effect {
	case runbook.Mutating:
		return "changes something"
	case runbook.Undetermined:
		return "may change something"
	}
	return "changes nothing"
}

// flow says where the step goes, as far as that is not simply the step below.
func (s stepView) flow(below string) []string {
	var out []string
	for _, c := range s.Choices {
		out = append(out, "if "+c.If+" → "+c.Next)
	}
	word := "then "
	if s.Choices != nil {
		word = "else "
	}
	switch {
	case s.Next == "" && (below != "" || s.Choices != nil):
		out = append(out, word+"it ends")
	case s.Next != "" && (s.Next != below || s.Choices != nil):
		out = append(out, word+"→ "+s.Next)
	}
	if target, ok := runbook.StepTarget(s.OnFailure); ok {
		out = append(out, "if it fails → "+target+s.counts())
	} else if s.OnFailure == "Continue" {
		out = append(out, "if it fails, it goes on"+s.counts())
	}
	if target, ok := runbook.StepTarget(s.OnCancel); ok {
		out = append(out, "if it is cancelled → "+target)
	}
	var limits []string
	if s.TimeoutSeconds > 0 {
		limits = append(limits, "at most "+span(s.TimeoutSeconds))
	}
	if s.MaxAttempts > 1 {
		limits = append(limits, strconv.Itoa(s.MaxAttempts)+" attempts")
	}
	if limits != nil {
		out = append(out, strings.Join(limits, ", "))
	}
	if len(s.Outputs) > 0 {
		out = append(out, "gives "+strings.Join(s.Outputs, ", "))
	}
	return out
}

// counts says what a failure that does not stop the runbook means for its end.
func (s stepView) counts() string {
	if s.Critical {
		return ", and the execution ends as failed"
	}
	return ""
}
