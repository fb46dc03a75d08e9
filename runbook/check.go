package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// Check looks for what AWS refuses when a document is created although each part of it is well formed: jumps to steps
// that do not exist, circles, references that are not allowed where they stand. The problems are in step order.
func (d *Document) Check() []Problem {
	var out []Problem
	for i, s := range d.Steps {
		path := fmt.Sprintf("mainSteps[%d]", i)
		report := func(where, format string, args ...any) {
			out = append(out, Problem{Line: s.Line, Column: s.Column, Path: path + where, Message: fmt.Sprintf(format, args...)})
		}
		for _, j := range s.jumps() {
			if d.stepIndex(j.target) < 0 {
				report(j.where, "there is no step %q", j.target)
			}
		}
		if target, ok := StepTarget(s.OnCancel); ok {
			if t, found := d.Step(target); found && slices.Contains(notOnCancel, t.Action) {
				report(".onCancel", "the step %q is %s, which cannot run after a cancellation", target, t.Action)
			}
		}
		for _, ref := range References(map[string]any(s.Inputs)) {
			if ref.Kind == RefSSM {
				report(".inputs", "{{ %s }} is allowed only in the default of a parameter", ref)
			}
			if _, ok := d.Variable(ref.Name); ref.Kind == RefVariable && !ok {
				report(".inputs", "there is no variable %q", ref.Name)
			}
		}
	}
	for i, name := range d.Outputs {
		if step, _, ok := strings.Cut(name, "."); ok && d.stepIndex(step) < 0 {
			out = append(out, Problem{Path: fmt.Sprintf("outputs[%d]", i), Message: fmt.Sprintf("there is no step %q", step)})
		}
	}
	return append(out, d.circles()...)
}

// notOnCancel are the actions that an onCancel step must not have:
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html, "onCancel".
var notOnCancel = []string{"aws:approve", "aws:copyImage", "aws:createImage", "aws:createStack", "aws:createTags", "aws:pause",
	"aws:runInstances", "aws:sleep"}

type jump struct{ where, target string }

// jumps lists every step that s names as a possible next one.
func (s Step) jumps() []jump {
	var out []jump
	for _, c := range s.choices() {
		out = append(out, jump{".inputs.Choices", c})
	}
	if s.Action == "aws:branch" {
		if def, ok := s.Inputs["Default"].(string); ok {
			out = append(out, jump{".inputs.Default", def})
		}
	}
	if s.NextStep != "" {
		out = append(out, jump{".nextStep", s.NextStep})
	}
	if target, ok := StepTarget(s.OnFailure); ok {
		out = append(out, jump{".onFailure", target})
	}
	if target, ok := StepTarget(s.OnCancel); ok {
		out = append(out, jump{".onCancel", target})
	}
	return out
}

// choices are the targets of an aws:branch, in order.
func (s Step) choices() []string {
	if s.Action != "aws:branch" {
		return nil
	}
	var out []string
	list, _ := s.Inputs["Choices"].([]any)
	for _, item := range list {
		choice, _ := item.(map[string]any)
		if target, ok := choice["NextStep"].(string); ok {
			out = append(out, target)
		}
	}
	return out
}

// Successors lists the steps that can follow s when it succeeds, each once: the choices of a branch and its default,
// else nextStep or the step after it. It is nil for the last step and after isEnd.
func (d *Document) Successors(s Step) []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, target := range s.choices() {
		add(target)
	}
	if def, ok := s.Inputs["Default"].(string); ok && s.Action == "aws:branch" {
		add(def)
		return out
	}
	if next, ok := d.Following(s); ok {
		add(next)
	}
	return out
}

// Following is the step that comes after s when nothing else decides: nextStep, or the one below it.
func (d *Document) Following(s Step) (name string, ok bool) {
	if s.IsEnd {
		return "", false
	}
	if s.NextStep != "" {
		return s.NextStep, true
	}
	if i := d.stepIndex(s.Name); i >= 0 && i+1 < len(d.Steps) {
		return d.Steps[i+1].Name, true
	}
	return "", false
}

// circles reports each way to come back to a step, with its trace.
func (d *Document) circles() []Problem {
	var out []Problem
	index := make(map[string]int, len(d.Steps))
	for i, s := range d.Steps {
		index[s.Name] = i
	}
	const (
		unseen = iota
		open
		done
	)
	state := make([]int, len(d.Steps))
	var trace []string
	var visit func(i int)
	visit = func(i int) {
		state[i], trace = open, append(trace, d.Steps[i].Name)
		for _, name := range d.edges(d.Steps[i]) {
			next, ok := index[name]
			switch {
			case !ok:
			case state[next] == open:
				from := slices.Index(trace, name)
				out = append(out, Problem{Line: d.Steps[i].Line, Column: d.Steps[i].Column, Path: fmt.Sprintf("mainSteps[%d]", i),
					Message: "the steps run in a circle: " + strings.Join(append(slices.Clone(trace[from:]), name), " → ")})
			case state[next] == unseen:
				visit(next)
			}
		}
		state[i], trace = done, trace[:len(trace)-1]
	}
	for i := range d.Steps {
		if state[i] == unseen {
			visit(i)
		}
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Line - b.Line })
	return out
}

func (d *Document) edges(s Step) []string {
	out := d.Successors(s)
	for _, reaction := range []string{s.OnFailure, s.OnCancel} {
		if target, ok := StepTarget(reaction); ok {
			out = append(out, target)
		}
	}
	return out
}
