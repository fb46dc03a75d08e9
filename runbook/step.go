package runbook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Step is one entry of mainSteps.
type Step struct {
	Name, Action, Description string
	// Inputs holds string, json.Number, bool, nil, []any and map[string]any, references unresolved. Never nil.
	Inputs map[string]any
	// OnFailure is "" (which means Abort), "Abort", "Continue" or "step:NAME"; OnCancel the same without Continue.
	// StepTarget takes NAME out.
	OnFailure, OnCancel string
	NextStep            string
	IsEnd               bool
	// IsCritical is nil if the document does not say; see Critical.
	IsCritical *bool
	// MaxAttempts is 0 if not given, which means 1.
	MaxAttempts int
	// TimeoutSeconds is 0 if not given; then the action's own default counts.
	TimeoutSeconds int64
	Outputs        []StepOutput
	// Steps are the steps of an aws:loop, which Inputs holds as well; nil for every other action.
	Steps        []Step
	Line, Column int

	// node and path are where the step stands in the text; nil and "" if it was not parsed.
	node *node
	path string
}

// StepOutput is a value that a step takes out of its action's response.
type StepOutput struct{ Name, Selector, Type string }

// Critical says whether this step's failure makes the whole execution fail although the execution went on. An unset
// isCritical counts as true, except with onFailure: Continue.
func (s Step) Critical() bool {
	if s.IsCritical != nil {
		return *s.IsCritical
	}
	return s.OnFailure != "Continue"
}

// StepTarget returns NAME of a reaction "step:NAME".
func StepTarget(reaction string) (name string, ok bool) {
	return strings.CutPrefix(reaction, "step:")
}

// An action is "aws:" and letters. The API model says 3 to 25, but aws:waitForAwsResourceProperty has 26 and public
// runbooks hold longer ones.
var actionPattern = regexp.MustCompile(`^aws:[a-zA-Z]{3,50}$`)

func (p *parser) steps(n *node, path string) []Step {
	items := p.items(n, path)
	if n.kind == kindList && len(items) == 0 {
		p.problem(n, path, "is empty; there must be at least one step")
	}
	var out []Step
	lines := map[string]int{}
	for i, item := range items {
		path := fmt.Sprintf("%s[%d]", path, i)
		s := p.step(item, path)
		if first, seen := lines[s.Name]; seen && s.Name != "" {
			p.problem(item, path+".name", "the name %q is already used by the step in line %d", s.Name, first)
		}
		lines[s.Name] = s.Line
		out = append(out, s)
	}
	return out
}

func (p *parser) step(n *node, path string) Step {
	s := Step{Line: n.line, Column: n.col, Inputs: map[string]any{}, node: n, path: path}
	if n.kind != kindObject {
		p.problem(n, path, "is %s; a step is an object with name, action and inputs", n.kind)
		return s
	}
	for _, f := range n.fields {
		p.stepField(&s, f, path+"."+f.name)
	}
	if n.get("name") == nil {
		p.problem(n, path+".name", "is missing")
	}
	if n.get("action") == nil {
		p.problem(n, path+".action", "is missing")
	}
	if s.Action == "aws:loop" {
		s.Steps = p.loopSteps(n, path)
	}
	return s
}

func (p *parser) stepField(s *Step, f field, path string) {
	n := f.value
	switch f.name {
	case "name":
		s.Name = p.text(n, path)
		if n.kind == kindString && !nameOK(s.Name) {
			p.problem(n, path, "%q is no step name; use letters, digits and underscores", s.Name)
		}
	case "action":
		s.Action = p.text(n, path)
		if n.kind == kindString && !actionPattern.MatchString(s.Action) {
			p.problem(n, path, "%q is no action; one looks like aws:sleep", s.Action)
		}
	case "inputs":
		s.Inputs = p.inputs(n, path)
	case "description":
		s.Description = p.loose(n, path)
	case "onFailure":
		s.OnFailure = p.reaction(n, path, "Abort", "Continue")
	case "onCancel":
		s.OnCancel = p.reaction(n, path, "Abort")
	case "nextStep":
		s.NextStep = p.text(n, path)
	case "isEnd":
		s.IsEnd = p.boolean(n, path)
	case "isCritical":
		critical := p.boolean(n, path)
		s.IsCritical = &critical
	case "maxAttempts":
		s.MaxAttempts = int(p.positive(n, path))
	case "timeoutSeconds":
		s.TimeoutSeconds = p.positive(n, path)
	case "outputs":
		s.Outputs = p.stepOutputs(n, path)
	default:
		p.unknownKey(f, path, "step", "name", "action", "inputs", "description", "onFailure", "onCancel", "nextStep", "isEnd", "isCritical", "maxAttempts",
			"timeoutSeconds", "outputs")
	}
}

func (p *parser) loopSteps(n *node, path string) []Step {
	inputs := n.get("inputs")
	if inputs == nil || inputs.get("Steps") == nil {
		p.problem(n, path+".inputs.Steps", "is missing; a loop has at least one step")
		return nil
	}
	return p.steps(inputs.get("Steps"), path+".inputs.Steps")
}

func (p *parser) inputs(n *node, path string) map[string]any {
	if n.kind == kindNull {
		return map[string]any{}
	}
	if n.kind != kindObject {
		p.problem(n, path, "is %s; it must be an object", n.kind)
		return map[string]any{}
	}
	inputs, _ := n.value().(map[string]any)
	return inputs
}

func (p *parser) reaction(n *node, path string, words ...string) string {
	text := p.text(n, path)
	if n.kind != kindString {
		return ""
	}
	for _, word := range words {
		if text == word {
			return text
		}
	}
	if target, ok := StepTarget(text); !ok || !nameOK(target) {
		p.problem(n, path, "is %q; it must be %s or step:NAME", text, strings.Join(words, ", "))
	}
	return text
}

// boolean takes true and false, and the same as text, which AWS accepts: 201 steps of public runbooks write it so.
func (p *parser) boolean(n *node, path string) bool {
	if n.kind == kindBool || n.kind == kindString {
		switch strings.ToLower(n.text) {
		case "true":
			return true
		case "false":
			return false
		}
	}
	p.problem(n, path, "must be true or false")
	return false
}

// positive takes a whole number from 1, also as text.
func (p *parser) positive(n *node, path string) int64 {
	if n.kind == kindNumber || n.kind == kindString {
		if v, err := strconv.ParseInt(n.text, 10, 32); err == nil && v > 0 {
			return v
		}
	}
	p.problem(n, path, "must be a whole number from 1")
	return 0
}

func (p *parser) stepOutputs(n *node, path string) []StepOutput {
	var out []StepOutput
	for i, item := range p.items(n, path) {
		here := fmt.Sprintf("%s[%d]", path, i)
		p.names(item, here)
		var o StepOutput
		for _, f := range item.fields {
			switch f.name {
			case "Name":
				o.Name = p.text(f.value, here+".Name")
			case "Selector":
				o.Selector = p.text(f.value, here+".Selector")
			case "Type":
				o.Type = p.text(f.value, here+".Type")
			default:
				p.unknownKey(f, here+"."+f.name, "step output", "Name", "Selector", "Type")
			}
		}
		if item.kind == kindObject && o.Name == "" {
			p.problem(item, here+".Name", "is missing")
		}
		out = append(out, o)
	}
	return out
}
