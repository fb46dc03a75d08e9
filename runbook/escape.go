package runbook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// EscapeKind says how work leaves the role that the document runs under.
type EscapeKind string

// What Analyse can find. Treat a kind you don't know as the worst.
const (
	// RoleIsAbsent: the document has no role and runs with the rights of whoever starts it.
	RoleIsAbsent EscapeKind = "role-absent"
	// RoleIsFixed: the document names its role itself; ARN holds it.
	RoleIsFixed EscapeKind = "role-fixed"
	// RoleIsUnclear: how the role is set cannot be told.
	RoleIsUnclear EscapeKind = "role-unclear"
	// RoleHasDefault: without a value for the role's parameter another role counts; ARN holds it.
	RoleHasDefault EscapeKind = "role-default"
	// ChildWithoutRole: a child runs with the rights of whoever started the parent.
	ChildWithoutRole EscapeKind = "child-no-role"
	// ChildWithOtherRole: a child runs under another role; ARN holds it if it is written there.
	ChildWithOtherRole EscapeKind = "child-other-role"
	// ChildUnclear: which child runs, or under which role, is known only when the step runs.
	ChildUnclear EscapeKind = "child-unclear"
	// ChildUnknown: nobody could show the child's document.
	ChildUnknown EscapeKind = "child-unknown"
	// OtherLocations: the child runs in other accounts and Regions under a role of theirs.
	OtherLocations EscapeKind = "target-locations"
	// StartsAutomation: an operation or a script starts automations by itself.
	StartsAutomation EscapeKind = "starts-automation"
	// AssumesRole: an operation or a script gets credentials of another identity.
	AssumesRole EscapeKind = "assumes-role"
	// PassesRole: a role is handed to a service, which then works under it.
	PassesRole EscapeKind = "passes-role"
	// ChangesRights: IAM is changed, so that something may afterwards do more.
	ChangesRights EscapeKind = "changes-rights"
	// OwnRole: what is invoked has a role of its own.
	OwnRole EscapeKind = "own-role"
	// Hidden: what runs cannot be read here.
	Hidden EscapeKind = "hidden"
)

// Escape is one way in which a document does, or may do, work under another identity than its role.
type Escape struct {
	Kind EscapeKind
	// Step, Path, Line and Column are a place in the analysed document; for what a child does, the step that starts it.
	// Step is "" for the document's own role.
	Step, Path   string
	Line, Column int
	// Trail leads from there through the children to the place itself; nil if it is in the analysed document.
	Trail []Hop
	// Message is a sentence without a full stop, and Fix one that says what to do.
	Message, Fix string
	// ARN is the other role where the document writes it out, else "".
	ARN string
	// Parameter is the parameter whose value decides, else "". Whoever confines its values closes the escape.
	Parameter string
	// Roles are, for OtherLocations alone, the names of the roles in the other accounts; one that is known only when the
	// step runs stands there as it is written.
	Roles []string
}

// Hop is a place in a child's document.
type Hop struct {
	Document, Version string
	Step              string
	Line, Column      int
}

// Child is an automation that a document starts, itself or through its children.
type Child struct {
	// Step, Line and Column are where the analysed document starts it, or the child that does.
	Step         string
	Line, Column int
	// Trail names the documents in between, the one that starts this child last; nil for the document's own children.
	Trail []Hop
	// Document is "" if the name is known only when the step runs. Version is as the step gives it, "" for the default.
	Document, Version string
	// Pinned says whether the version is a number, so that the child stays what it is.
	Pinned bool
	// Known says whether the document could be looked at.
	Known bool
}

// Analysis says under which roles a document and everything it starts work.
type Analysis struct {
	Role Role
	// Children are in the order of the text, each with its own children behind it.
	Children []Child
	// Escapes are in the order of the text; none means that all of it that can be read runs under Role.
	Escapes []Escape
}

// MaxEscapes bounds an analysis: one with as many escapes or children may have left some out.
const MaxEscapes = 1_000

// Analyse finds every way out of the document's role: how the role is set, what each child runs under, transitively, what
// steps and scripts start, assume or hand over. It reads scripts by their words, so a script that means to deceive can:
// no escape is no proof, but what looks unclear is told as Hidden. children may be nil; then every child is unknown.
// The document must come from Parse.
func (d *Document) Analyse(children Children) Analysis {
	a := &analyser{children: children, done: map[visited]Analysis{}}
	out := a.document(d, nil)
	out.Role = d.Role()
	out.Escapes = append(d.roleEscapes(), out.Escapes...)
	slices.SortStableFunc(out.Escapes, func(a, b Escape) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	return out
}

// Contained says whether no way out of the role was found.
func (a Analysis) Contained() bool { return a.Role.Kind == RoleParameter && len(a.Escapes) == 0 }

// roleEscapes looks at how the document's own role is set.
func (d *Document) roleEscapes() []Escape {
	at := d.at("assumeRole")
	switch role := d.Role(); role.Kind {
	case RoleParameter:
		p, _ := d.Parameter(role.Parameter)
		if arn := text(p.Default); p.HasDefault && p.Default != nil && arn != "" {
			e := d.at("parameters", p.Name, "default").escape(RoleHasDefault, "without a value for %s the runbook runs as %s", p.Name, brief(arn, 200))
			e.Parameter, e.ARN = p.Name, arn
			e.Fix = `Give the parameter the default "", or none.`
			return []Escape{e}
		}
		return nil
	case RoleFixed:
		e := at.escape(RoleIsFixed, "the runbook names its role itself: %s", role.ARN)
		e.ARN, e.Fix = role.ARN, fixRole
		return []Escape{e}
	case RoleAbsent:
		e := at.escape(RoleIsAbsent, "the runbook has no assumeRole, so it runs with the rights of whoever starts it")
		e.Fix = fixRole
		return []Escape{e}
	default:
		e := at.escape(RoleIsUnclear, "it is unclear which role the runbook runs as: %s", role.Reason)
		e.Fix = fixRole
		return []Escape{e}
	}
}

const fixRole = `Write assumeRole: "{{ AutomationAssumeRole }}" and declare that parameter.`

// escape makes an escape at the place.
func (p place) escape(kind EscapeKind, format string, args ...any) Escape {
	out := Escape{Kind: kind, Step: p.step, Path: p.path, Message: fmt.Sprintf(format, args...)}
	out.Line, out.Column = p.position()
	return out
}

// String gives "line:column: message", and the way there through children.
func (e Escape) String() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", e.Line, e.Column)
	}
	for _, hop := range e.Trail {
		fmt.Fprintf(&b, "%s, step %s (line %d): ", hop.Document, hop.Step, hop.Line)
	}
	return b.String() + e.Message
}

// analyser looks at one document and all its children.
type analyser struct {
	children Children
	// done is what each child's document holds.
	done map[visited]Analysis
}

// visited is a child at a depth, which decides how deep its own children may be.
type visited struct {
	childKey
	depth int
}

// document looks at the steps of one document. trail are the children that lead to it.
func (a *analyser) document(d *Document, trail []childKey) Analysis {
	var out Analysis
	var look func(steps []Step)
	look = func(steps []Step) {
		for i := range steps {
			s := &steps[i]
			out.add(d.stepEscapes(s)...)
			if s.Action == "aws:executeAutomation" {
				a.child(d, s, trail, &out)
			}
			look(s.Steps)
		}
	}
	look(d.Steps)
	return out
}

func (a *Analysis) add(more ...Escape) {
	a.Escapes = append(a.Escapes, more[:min(len(more), max(0, MaxEscapes-len(a.Escapes)))]...)
}
