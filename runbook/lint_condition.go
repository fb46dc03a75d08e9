package runbook

import (
	"slices"
	"strings"
)

// operators: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-branch.html.
var operators = []string{"StringEquals", "EqualsIgnoreCase", "StartsWith", "EndsWith", "Contains", "NumericEquals", "NumericGreater", "NumericLesser",
	"NumericGreaterOrEquals", "NumericLesserOrEquals", "BooleanEquals"}

// branch checks the choices of an aws:branch.
func (l *linter) branch(s *Step) {
	at := s.at("inputs", "Choices")
	if _, given := s.Inputs["Choices"]; !given {
		return
	}
	if at.node != nil && at.node.kind == kindList && len(at.node.items) == 0 {
		l.error(at, "choice", "there are no choices")
	}
	if at.node != nil && at.node.kind != kindList {
		l.error(at, "choice", "Choices is %s; it must be a list", at.node.kind)
		return
	}
	for _, choice := range at.children() {
		if choice.node.kind != kindObject {
			l.error(choice, "choice", "a choice is an object with NextStep, Variable and an operator")
			continue
		}
		if next := choice.node.get("NextStep"); next == nil || next.kind != kindString {
			l.error(choice, "choice", "the choice has no NextStep")
		} else if strings.Contains(next.text, "{{") {
			l.error(choice.at("NextStep"), "choice", "NextStep cannot be a reference")
		}
		l.condition(s, choice, 0)
	}
}

// condition checks And, Or, Not, or a Variable with one operator.
func (l *linter) condition(s *Step, at place, depth int) {
	if depth > 20 || at.node == nil || at.node.kind != kindObject {
		l.error(at, "condition", "a condition is an object with a Variable and an operator, nested 20 levels at most")
		return
	}
	var names []string
	for _, f := range at.node.fields {
		if f.name != "NextStep" && f.name != "Variable" {
			names = append(names, f.name)
		}
	}
	if len(names) != 1 {
		l.error(at, "condition", "a condition has exactly one operator, or one of And, Or and Not; this one has %d", len(names))
		return
	}
	name := names[0]
	switch {
	case name == "And" || name == "Or" || name == "Not":
		l.combined(s, name, at.at(name), depth)
	case !slices.Contains(operators, name):
		l.refused(at.at(name), l.similar(name, append([]string{"And", "Or", "Not"}, operators...)), "condition", "there is no operator %q", name)
	case at.node.get("Variable") == nil:
		l.error(at, "condition", "the condition has no Variable to compare")
	case !strings.Contains(at.node.get("Variable").text, "{{"):
		l.warn(at.at("Variable"), "condition", "Variable is no reference, so the condition is always the same")
	}
}

func (l *linter) combined(s *Step, name string, at place, depth int) {
	parts := []place{at}
	if at.node != nil && at.node.kind == kindList {
		parts = at.children()
	}
	if len(parts) < 2 && name != "Not" {
		// The text is the service's: github.com/awsdocs/aws-systems-manager-user-guide/pull/186.
		l.refused(at, "", "condition", "Expect at least two expressions for operator: %s in step: %s. Provided: %d", name, s.Name, len(parts))
	}
	for _, part := range parts {
		l.condition(s, part, depth+1)
	}
}

// iteratorTypes, and the limits of loops: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html.
var iteratorTypes = []string{"Boolean", "Integer", "String", "StringMap"}

const maxIterations = 100

func (l *linter) loop(s *Step) {
	_, iterates := s.Inputs["Iterators"]
	_, asks := s.Inputs["LoopCondition"]
	if iterates && asks {
		l.error(s.at("inputs"), "loop", "a loop has Iterators or a LoopCondition, not both")
	}
	if asks {
		l.condition(s, s.at("inputs", "LoopCondition"), 0)
	}
	if list, ok := s.Inputs["Iterators"].([]any); ok && len(list) > maxIterations {
		l.error(s.at("inputs", "Iterators"), "loop", "there are %d iterators; at most %d are allowed", len(list), maxIterations)
	}
	if kind, ok := s.literal("IteratorDataType"); ok && !slices.Contains(iteratorTypes, kind) {
		l.error(s.at("inputs", "IteratorDataType"), "loop", "the type is %q; it must be %s", kind, strings.Join(iteratorTypes, ", "))
	}
	if most, given := s.Inputs["MaxIterations"]; given {
		l.iterations(s.at("inputs", "MaxIterations"), text(most), iterates)
	} else if asks {
		l.note(s.at("inputs"), "loop", "without MaxIterations the loop goes on for up to %d turns", maxIterations)
	}
	for i := range s.Steps {
		if s.Steps[i].Action == "aws:loop" {
			l.warn(s.Steps[i].at(), "loop", "a loop inside a loop: the guide describes none, and no public runbook has one")
		}
	}
}

func (l *linter) iterations(at place, text string, iterates bool) {
	p := Parameter{Type: "Integer"}
	if v, problem := p.convertOne(text); !strings.Contains(text, "{{") && (problem != "" || !between(v, 1, maxIterations)) {
		l.error(at, "loop", "MaxIterations is %s; it must be a whole number from 1 to %d", brief(text, 40), maxIterations)
	}
	if iterates {
		l.note(at, "loop", "MaxIterations belongs to LoopCondition; a loop over Iterators takes a turn for each")
	}
}
