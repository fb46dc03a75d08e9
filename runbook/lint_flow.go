package runbook

import (
	"slices"
	"strings"
)

// notOnCancel are the actions that an onCancel step must not have:
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html, "onCancel".
var notOnCancel = []string{"aws:approve", "aws:copyImage", "aws:createImage", "aws:createStack", "aws:createTags", "aws:pause",
	"aws:runInstances", "aws:sleep"}

// jumps checks where steps go.
func (l *linter) jumps() {
	for _, b := range l.flow.blocks {
		for i := range b.steps {
			s := &b.steps[i]
			for _, j := range s.jumps() {
				l.jump(b, s, j)
			}
			l.reactions(b, s)
			l.ends(s)
		}
	}
}

func (l *linter) jump(b *block, s *Step, j jump) {
	if b.find(j.target) != nil {
		return
	}
	if inner := l.flow.byName[j.target]; inner != nil {
		l.refused(s.at(j.where...), "", "unknown-step", "the step %q stands in the loop %q; nothing outside of a loop can jump into it",
			j.target, l.flow.home[inner].owner.Name)
		return
	}
	l.refused(s.at(j.where...), l.similar(j.target, l.stepNames), "unknown-step", "there is no step %q", j.target)
}

func (l *linter) reactions(b *block, s *Step) {
	if s.OnCancel != "" && (s.Action == "aws:loop" || s.Action == "aws:updateVariable") {
		l.error(s.at("onCancel"), "on-cancel", "%s does not support onCancel", s.Action)
		l.fix("Set onCancel on the steps inside the loop, or leave it out.")
	}
	target, ok := StepTarget(s.OnCancel)
	if t := b.find(target); ok && t != nil && slices.Contains(notOnCancel, t.Action) {
		l.refused(s.at("onCancel"), "", "on-cancel", "the step %q is %s, which cannot run after a cancellation", target, t.Action)
	}
	if t, ok := StepTarget(s.OnFailure); ok && s.IsCritical != nil && *s.IsCritical && b.find(t) != nil {
		l.note(s.at("isCritical"), "critical", "when this step fails, the execution ends as failed even if %q and what follows it succeed", t)
	}
}

// ends checks isEnd against everything that goes on.
func (l *linter) ends(s *Step) {
	if !s.IsEnd {
		return
	}
	if s.NextStep != "" {
		l.warn(s.at("nextStep"), "is-end", "isEnd ends the execution after this step, so nextStep is never followed")
	}
	if _, ok := StepTarget(s.OnFailure); ok {
		l.warn(s.at("onFailure"), "is-end", "isEnd ends the execution after this step even if it fails, so the step in onFailure never runs")
	}
	if _, ok := s.Inputs["Default"].(string); ok && s.Action == "aws:branch" {
		l.note(s.at("isEnd"), "is-end", "the branch has a Default, so that isEnd counts for nothing")
	}
}

// jump is a step named as a possible next one, and where in the step it is named.
type jump struct {
	where  []any
	target string
}

// jumps lists every step that s names as a possible next one.
func (s Step) jumps() []jump {
	var out []jump
	if s.Action == "aws:branch" {
		list, _ := s.Inputs["Choices"].([]any)
		for i, item := range list {
			choice, _ := item.(map[string]any)
			if target, ok := choice["NextStep"].(string); ok {
				out = append(out, jump{[]any{"inputs", "Choices", i, "NextStep"}, target})
			}
		}
		if target, ok := s.Inputs["Default"].(string); ok {
			out = append(out, jump{[]any{"inputs", "Default"}, target})
		}
	}
	if s.NextStep != "" {
		out = append(out, jump{[]any{"nextStep"}, s.NextStep})
	}
	if target, ok := StepTarget(s.OnFailure); ok {
		out = append(out, jump{[]any{"onFailure"}, target})
	}
	if target, ok := StepTarget(s.OnCancel); ok {
		out = append(out, jump{[]any{"onCancel"}, target})
	}
	return out
}

// unreachable reports the steps that nothing leads to; of a loop that nothing leads to, the loop alone.
func (l *linter) unreachable() {
	if len(l.d.Steps) == 0 {
		return
	}
	reached := l.flow.from([]*Step{&l.d.Steps[0]})
	for _, b := range l.flow.blocks {
		for i := range b.steps {
			s := &b.steps[i]
			if reached.has(l.flow.number[s]) || b.owner != nil && !reached.has(l.flow.number[b.owner]) {
				continue
			}
			l.warn(s.at(), "unreachable", "no step leads to %q, so it never runs", s.Name)
		}
	}
}

// maxCircles bounds how many circles are told, maxTrace how many steps of one.
const (
	maxCircles = 20
	maxTrace   = 20
)

// circles reports the ways to come back to a step, each with its trace.
func (l *linter) circles() {
	found := 0
	for _, b := range l.flow.blocks {
		c := &circleSearch{b: b, flow: l.flow, state: make([]uint8, len(b.steps))}
		c.report = func(i int, back string) {
			if found++; found > maxCircles {
				return
			}
			trace := append(slices.Clone(c.trace[slices.Index(c.trace, back):]), back)
			if len(trace) > maxTrace {
				trace = append(append(slices.Clone(trace[:maxTrace-2]), "…"), trace[len(trace)-1])
			}
			l.refused(b.steps[i].at(), "", "circle", "the steps run in a circle: %s", strings.Join(trace, " → "))
		}
		for i := range b.steps {
			c.visit(i)
		}
	}
}

// circleSearch goes through the steps of one block, depth first.
type circleSearch struct {
	b      *block
	flow   *flow
	state  []uint8 // unseen, open, done
	trace  []string
	report func(i int, back string)
}

func (c *circleSearch) visit(i int) {
	const open, done = 1, 2
	if c.state[i] != 0 {
		return
	}
	c.state[i], c.trace = open, append(c.trace, c.b.steps[i].Name)
	for _, next := range c.flow.leaves(&c.b.steps[i]) {
		j, ok := c.b.index[next]
		switch {
		case !ok:
		case c.state[j] == open:
			c.report(i, next)
		default:
			c.visit(j)
		}
	}
	c.state[i], c.trace = done, c.trace[:len(c.trace)-1]
}

// leaves lists the steps after s: what s names, what is below it, and what the steps of a loop name outside of it.
func (f *flow) leaves(s *Step) []string {
	var out []string
	for _, j := range s.jumps() {
		if j.where[0] != "nextStep" || s.goesOn() {
			out = append(out, j.target)
		}
	}
	if name, ok := f.home[s].following(s); ok {
		out = append(out, name)
	}
	for i := range s.Steps {
		inner := f.home[&s.Steps[i]]
		for _, name := range f.leaves(&s.Steps[i]) {
			if _, within := inner.index[name]; !within {
				out = append(out, name)
			}
		}
	}
	return out
}

// goesOn says whether something comes after s that its choices do not decide.
func (s *Step) goesOn() bool {
	_, decided := s.Inputs["Default"].(string)
	return !s.IsEnd && (s.Action != "aws:branch" || !decided)
}

// following is the step below s if s goes there, else none.
func (b *block) following(s *Step) (string, bool) {
	if !s.goesOn() || s.NextStep != "" {
		return "", false
	}
	if i := b.index[s.Name]; i+1 < len(b.steps) {
		return b.steps[i+1].Name, true
	}
	return "", false
}
