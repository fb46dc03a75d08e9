package runbook

import (
	"slices"
	"strings"
)

const (
	// maxFindings bounds what one document can be told; a hostile one could hold a mistake in every byte.
	maxFindings = 1_000
	// maxSuggestions bounds how many of them are searched for a similar name.
	maxSuggestions = 100
)

// Lint looks for everything that is wrong or odd in a document although it could be parsed, in the order of the text:
// at most 1,000 findings. It knows nothing of AWS accounts, so it cannot say whether a name exists there, and it says
// nothing about the role; see Analyse. The document must come from Parse.
func (d *Document) Lint() []Problem {
	l := &linter{d: d, flow: d.flow(), used: map[Reference]bool{}}
	for _, b := range l.flow.blocks {
		for i := range b.steps {
			l.stepNames = append(l.stepNames, b.steps[i].Name)
		}
	}
	for _, n := range d.Notes {
		l.add(n)
	}
	l.jumps()
	l.circles()
	l.unreachable()
	for _, b := range l.flow.blocks {
		for i := range b.steps {
			l.step(&b.steps[i])
		}
	}
	l.references()
	l.parameters()
	l.outputs()
	slices.SortStableFunc(l.out, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.CompactFunc(l.out, func(a, b Problem) bool { return a.String() == b.String() })
}

// Check looks for what AWS refuses when a document is created although each part of it is well formed: jumps to steps
// that do not exist, circles, actions nobody knows, references that are not allowed where they stand. It is the part of
// Lint that the service itself does.
func (d *Document) Check() []Problem {
	return slices.DeleteFunc(d.Lint(), func(p Problem) bool { return !p.refused })
}

// linter collects the findings of one document.
type linter struct {
	d    *Document
	flow *flow
	// stepNames are those of every step, in order.
	stepNames []string
	// used are the parameters and variables that something refers to.
	used map[Reference]bool
	out  []Problem
}

func (l *linter) add(p Problem) {
	if len(l.out) < maxFindings {
		l.out = append(l.out, p)
	}
}

func (l *linter) error(at place, rule, format string, args ...any) {
	l.add(at.problem(SeverityError, rule, format, args...))
}

func (l *linter) warn(at place, rule, format string, args ...any) {
	l.add(at.problem(SeverityWarning, rule, format, args...))
}

func (l *linter) note(at place, rule, format string, args ...any) {
	l.add(at.problem(SeverityNote, rule, format, args...))
}

// refused reports what the service refuses, with a fix or "".
func (l *linter) refused(at place, fix, rule, format string, args ...any) {
	p := at.problem(SeverityError, rule, format, args...)
	p.refused, p.Fix = true, fix
	l.add(p)
}

// fix gives the last finding a fix.
func (l *linter) fix(text string) {
	if len(l.out) > 0 && len(l.out) < maxFindings {
		l.out[len(l.out)-1].Fix = text
	}
}

// similar is didYouMean while there are few findings.
func (l *linter) similar(name string, known []string) string {
	if len(l.out) > maxSuggestions {
		return ""
	}
	return didYouMean(name, known)
}

// step checks one step by itself.
func (l *linter) step(s *Step) {
	if first := l.flow.byName[s.Name]; first != s {
		l.error(s.at("name"), "name", "the name %q is already used by the step in line %d; a name is unique in the whole document", s.Name, first.Line)
	}
	if !l.action(s) {
		return
	}
	l.inputs(s)
	l.stepOutputs(s)
	l.timing(s)
	switch s.Action {
	case "aws:branch":
		l.branch(s)
	case "aws:loop":
		l.loop(s)
	case "aws:updateVariable":
		l.updateVariable(s)
	case "aws:sleep":
		l.sleep(s)
	case "aws:executeScript":
		l.script(s)
	case "aws:approve":
		l.approve(s)
	case "aws:executeAutomation":
		l.child(s)
	}
}

// action checks the action's name; not ok means that nothing more is known of the step.
func (l *linter) action(s *Step) (ok bool) {
	spec := actionNamed(s.Action)
	switch {
	case spec == nil:
		fix := l.similar(s.Action, Actions())
		if strings.HasPrefix(s.Action, "aws:run") && fix == "" {
			fix = "The actions of Command documents, such as aws:runShellScript, run on instances: start one with aws:runCommand."
		}
		l.refused(s.at("action"), fix, "unknown-action", "there is no action %q in Automation runbooks", s.Action)
	case spec.internal:
		l.note(s.at("action"), "internal-action", "%s stands in AWS's own runbooks and in no reference; nothing of it is checked", s.Action)
	default:
		return true
	}
	return false
}
