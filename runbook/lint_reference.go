package runbook

import (
	"slices"
	"strings"
)

// References to {{ global:NAME }}: docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html.
var globals = []string{"ACCOUNT_ID", "AWS_PARTITION", "DATE", "DATE_TIME", "REGION"}

// references checks every {{ … }} in the inputs of steps, and assumeRole.
func (l *linter) references() {
	for _, b := range l.flow.blocks {
		for i := range b.steps {
			s := &b.steps[i]
			for _, in := range s.at("inputs").children() {
				if s.Action == "aws:loop" && strings.HasSuffix(in.path, ".inputs.Steps") {
					continue // its steps are checked one by one
				}
				in.texts(func(at place, text string) { l.text(s, in, at, text) })
			}
		}
	}
	at := l.d.at("assumeRole")
	at.texts(func(at place, text string) {
		for _, r := range References(text) {
			l.role(at, r)
		}
	})
}

// text checks the references in one string of a step's inputs.
func (l *linter) text(s *Step, input, at place, text string) {
	if !strings.Contains(text, "{{") {
		return
	}
	code := s.code(strings.TrimPrefix(input.path, s.path+".inputs."))
	for _, m := range referencePattern.FindAllStringSubmatchIndex(text, -1) {
		l.reference(s, at.inside(m[0]), newReference(text, m), code)
	}
	if inner := strings.TrimSpace(text); strings.HasPrefix(inner, "{{") && strings.HasSuffix(inner, "}}") && !referencePattern.MatchString(inner) && code == "" {
		l.warn(at, "reference", "%s is no reference, so it stays as it is", brief(inner, 60))
		l.fix("A reference is {{ parameter }}, {{ step.Output }}, {{ global:NAME }}, {{ automation:EXECUTION_ID }} or {{ variable:NAME }}; it goes no deeper and has no index.")
	}
}

// code says what kind of program an input holds, which may have braces of its own; "" for all others.
func (s *Step) code(input string) string {
	switch {
	case s.Action == "aws:executeScript" && input == "Script":
		return "script"
	case s.Action == "aws:runCommand" && input == "Parameters":
		return "command"
	case s.Action == "aws:createStack" && input == "TemplateBody":
		return "template"
	}
	return ""
}

func (l *linter) reference(s *Step, at place, r Reference, code string) {
	switch r.Kind {
	case RefSSM:
		l.refused(at, "Declare a parameter whose default is this reference.", "ssm", "{{ %s }} is allowed only in the default of a parameter", r)
	case RefVariable:
		l.used[r] = true
		if _, ok := l.d.Variable(r.Name); !ok {
			l.refused(at, l.similar(r.Name, l.variableNames()), "unknown-variable", "there is no variable %q", r.Name)
		}
	case RefGlobal, RefAutomation:
		l.system(at, r)
	case RefName:
		l.parameter(at, r, code)
	case RefStep:
		l.output(s, at, r, code)
	}
}

// system checks a reference to a system variable.
func (l *linter) system(at place, r Reference) {
	switch {
	case r.Kind == RefGlobal && !slices.Contains(globals, r.Name):
		l.warn(at, "unknown-global", "there is no {{ %s }}; it stays as it is", r)
		l.fix(l.similar(r.Name, globals))
	case r.Kind == RefAutomation && r.Name != "EXECUTION_ID":
		l.warn(at, "unknown-global", "there is no {{ %s }}; it stays as it is", r)
		l.fix("The only one is automation:EXECUTION_ID.")
	}
}

// parameter checks a reference to a parameter. The text of the refusal is the service's:
// github.com/CrowdStrike/aws-ssm-distributor/issues/66.
func (l *linter) parameter(at place, r Reference, code string) {
	l.used[r] = true
	if _, ok := l.d.Parameter(r.Name); ok {
		return
	}
	if code != "" {
		l.warn(at, "unknown-parameter", "there is no parameter %q; in the text of a %s this may be meant so", r.Name, code)
		return
	}
	l.refused(at, l.similar(r.Name, l.parameterNames()), "unknown-parameter", "Parameter %q is not declared.", r.Name)
}

func (l *linter) parameterNames() []string {
	var names []string
	for _, p := range l.d.Parameters {
		names = append(names, p.Name)
	}
	return names
}

// output checks a reference to a step's output.
func (l *linter) output(s *Step, at place, r Reference, code string) {
	from := l.flow.byName[r.Name]
	switch {
	case from == nil && code != "":
		l.warn(at, "unknown-step", "there is no step %q; in the text of a %s this may be meant so", r.Name, code)
	case from == nil:
		l.error(at, "unknown-step", "there is no step %q", r.Name)
		l.fix(l.similar(r.Name, l.stepNames))
	case from == s && s.Action == "aws:loop" || l.flow.inside(s, from):
		l.outputName(at, from, r)
	case !l.flow.after(from, s) && (s.Action != "aws:loop" || !l.flow.inside(from, s)):
		l.error(at, "never-before", "the step %q never runs before this one, so its output %s is never there", r.Name, r.Output)
	default:
		l.outputName(at, from, r)
	}
}

// outputName checks that the step has the output. The service may know some that no page describes, so it is a warning.
func (l *linter) outputName(at place, from *Step, r Reference) {
	spec := actionNamed(from.Action)
	if spec == nil || spec.internal {
		return
	}
	var known []string
	for _, o := range from.Outputs {
		known = append(known, o.Name)
	}
	known = append(known, spec.outputs...)
	if slices.Contains(known, r.Output) {
		return
	}
	if len(known) == 0 {
		l.warn(at, "unknown-output", "the step %q has no outputs", from.Name)
		return
	}
	l.warn(at, "unknown-output", "the step %q has no output %s; it has %s", from.Name, r.Output, brief(strings.Join(known, ", "), 200))
	l.fix(l.similar(r.Output, known))
}

// role checks a reference in assumeRole.
func (l *linter) role(at place, r Reference) {
	l.used[r] = true
	switch r.Kind {
	case RefSSM:
		l.refused(at, "Declare a parameter for the role.", "assume-role", "assumeRole cannot refer to Parameter Store")
	case RefName:
		p, ok := l.d.Parameter(r.Name)
		switch {
		case !ok:
			l.refused(at, l.similar(r.Name, l.parameterNames()), "assume-role", "Parameter %q is not declared.", r.Name)
		case p.shape() != shapeString:
			l.error(at, "assume-role", "assumeRole refers to %s, which is of type %s and not a string", r.Name, p.Type)
		}
	case RefStep, RefVariable:
		l.error(at, "assume-role", "assumeRole is resolved before the first step, so {{ %s }} has no value", r)
	}
}

// outputs checks the document's outputs.
func (l *linter) outputs() {
	for i, name := range l.d.Outputs {
		at := l.d.at("outputs", i)
		if refs := References(name); len(refs) == 1 && strings.HasPrefix(name, "{{") {
			l.warn(at, "output", "an output is written without braces: %s", refs[0])
			continue
		}
		step, output, ok := strings.Cut(name, ".")
		from := l.flow.byName[step]
		switch {
		case !ok || !nameOK(output):
			l.warn(at, "output", "%q is not of the form step.Output", name)
		case from == nil:
			l.refused(at, l.similar(step, l.stepNames), "unknown-step", "there is no step %q", step)
		default:
			l.outputName(at, from, Reference{Kind: RefStep, Name: step, Output: output})
		}
	}
}
