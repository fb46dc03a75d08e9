package runbook

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// inputs checks a step's inputs against what its action takes.
func (l *linter) inputs(s *Step) {
	spec := actionNamed(s.Action)
	var known []string
	for _, in := range spec.inputs {
		known = append(known, in.name)
		if _, given := s.Inputs[in.name]; !given && in.required {
			l.error(s.at("inputs"), "missing-input", "%s needs the input %s", s.Action, in.name)
		}
	}
	if spec.oneOf != nil && !slices.ContainsFunc(spec.oneOf, func(name string) bool { _, ok := s.Inputs[name]; return ok }) {
		l.error(s.at("inputs"), "missing-input", "%s needs the input %s", s.Action, strings.Join(spec.oneOf, " or "))
	}
	for _, in := range s.at("inputs").children() {
		name := strings.TrimPrefix(in.path, s.path+".inputs.")
		one, ok := spec.input(name)
		switch {
		case !ok && spec.open:
			l.misspelt(in, name, known)
		case !ok:
			l.warn(in, "unknown-input", "%s has no documented input %s", s.Action, name)
			l.fix(l.similar(name, known))
		case one.values != nil && plain(in.node) && !slices.Contains(one.values, in.node.text):
			l.error(in, "input-value", "%s is %q; it must be %s", name, in.node.text, strings.Join(one.values, ", "))
		}
	}
}

// misspelt finds an input of an open action that differs from one of its own in nothing but case.
func (l *linter) misspelt(in place, name string, known []string) {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			l.warn(in, "unknown-input", "%s goes to the operation; the action's own input is %s", name, k)
		}
	}
}

// plain says whether a node is a text that is known before the step runs.
func plain(n *node) bool { return n != nil && n.kind == kindString && !strings.Contains(n.text, "{{") }

// literal gives the text of an input that is known before the step runs.
func (s *Step) literal(name string) (string, bool) {
	v, ok := s.Inputs[name].(string)
	return v, ok && !strings.Contains(v, "{{")
}

// outputTypes: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-outputs-inputs.html.
var outputTypes = []string{"String", "StringList", "Boolean", "Integer", "MapList", "StringMap"}

func (l *linter) stepOutputs(s *Step) {
	seen := map[string]bool{}
	for i, o := range s.Outputs {
		at := s.at("outputs", i)
		if seen[o.Name] {
			l.error(at.at("Name"), "output", "the output %q is declared twice", o.Name)
		}
		seen[o.Name] = true
		if !nameOK(o.Name) {
			l.warn(at.at("Name"), "output", "no reference can name the output %q: names have letters, digits and underscores", o.Name)
		}
		if o.Type != "" && !slices.Contains(outputTypes, o.Type) {
			l.error(at.at("Type"), "output", "the type is %q; it must be %s", o.Type, strings.Join(outputTypes, ", "))
			l.fix(l.similar(o.Type, outputTypes))
		}
		if o.Selector == "" {
			l.warn(at, "output", "the output %q has no Selector", o.Name)
		} else if err := CheckSelector(o.Selector); err != nil {
			l.error(at.at("Selector"), "selector", "%s", err)
		}
	}
	if selector, ok := s.literal("PropertySelector"); ok {
		if err := CheckSelector(selector); err != nil {
			l.error(s.at("inputs", "PropertySelector"), "selector", "%s", err)
		}
	}
}

// timing checks timeoutSeconds and maxAttempts.
func (l *linter) timing(s *Step) {
	spec := actionNamed(s.Action)
	if spec.maxSeconds > 0 && s.TimeoutSeconds > spec.maxSeconds {
		l.warn(s.at("timeoutSeconds"), "timeout", "%s ends after %d seconds whatever timeoutSeconds says", s.Action, spec.maxSeconds)
	}
	if s.TimeoutSeconds > 0 && (s.Action == "aws:branch" || s.Action == "aws:updateVariable") {
		l.note(s.at("timeoutSeconds"), "timeout", "%s ends at once, so timeoutSeconds counts for nothing", s.Action)
	}
	if s.MaxAttempts > 1 && (s.Action == "aws:approve" || s.Action == "aws:pause") {
		l.note(s.at("maxAttempts"), "attempts", "%s waits for people again with each attempt", s.Action)
	}
}

// maxSleep: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html.
const maxSleep = 604799 * time.Second

func (l *linter) sleep(s *Step) {
	if text, ok := s.literal("Duration"); ok {
		d, err := ParseDuration(text)
		switch {
		case err != nil:
			l.error(s.at("inputs", "Duration"), "duration", "%q is no duration", text)
			l.fix("Write it in the ISO 8601 format, such as PT10M for ten minutes.")
		case d > maxSleep:
			l.error(s.at("inputs", "Duration"), "duration", "%q is longer than the 604799 seconds that a step can sleep", text)
		}
	}
	if text, ok := s.literal("Timestamp"); ok {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			l.error(s.at("inputs", "Timestamp"), "duration", "%q is no time", text)
			l.fix("Write it in the ISO 8601 format, such as 2026-01-31T18:00:00Z.")
		} else {
			l.warn(s.at("inputs", "Timestamp"), "duration", "the time is fixed, so the step sleeps only in executions before it")
		}
	}
	if s.Inputs["Duration"] != nil && s.Inputs["Timestamp"] != nil {
		l.warn(s.at("inputs"), "duration", "both Duration and Timestamp are given")
	}
}

func (l *linter) approve(s *Step) {
	approvers, ok := s.Inputs["Approvers"].([]any)
	if !ok || len(References(approvers)) > 0 {
		return
	}
	if len(approvers) == 0 {
		l.error(s.at("inputs", "Approvers"), "approvers", "nobody can approve: the list is empty")
	}
	if len(approvers) > 10 {
		l.error(s.at("inputs", "Approvers"), "approvers", "there are %d approvers; at most 10 are allowed", len(approvers))
	}
	if least, err := strconv.Atoi(text(s.Inputs["MinRequiredApprovals"])); err == nil && least > len(approvers) && len(approvers) > 0 {
		// An approver can be a role or a group of people, each of whom counts.
		l.warn(s.at("inputs", "MinRequiredApprovals"), "approvers", "%d approvals are required of %d approvers", least, len(approvers))
	}
}

// child tells of a child that can become another one after somebody allowed this runbook.
func (l *linter) child(s *Step) {
	if key, ok := s.childKey(); ok && !versionNumber.MatchString(key.version) {
		l.note(s.at("inputs", "DocumentName"), "unpinned", "%s is started at whatever version is current then", key.name)
		l.fix("Write its number as DocumentVersion, so that what it does stays what was looked at.")
	}
}

func (l *linter) updateVariable(s *Step) {
	name, ok := s.literal("Name")
	if !ok {
		return
	}
	variable, ok := strings.CutPrefix(name, "variable:")
	if !ok {
		l.error(s.at("inputs", "Name"), "variable", "Name is %q; it must be variable:NAME", name)
		return
	}
	if _, ok := l.d.Variable(variable); !ok {
		l.error(s.at("inputs", "Name"), "unknown-variable", "there is no variable %q", variable)
		l.fix(l.similar(variable, l.variableNames()))
	}
}

func (l *linter) variableNames() []string {
	var names []string
	for _, v := range l.d.Variables {
		names = append(names, v.Name)
	}
	return names
}
