package runbook

import "slices"

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
