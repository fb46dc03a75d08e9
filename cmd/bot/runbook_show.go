package main

import (
	"strings"

	"handrail/runbook"
)

type runbookShowCmd struct {
	File     string `arg:"" help:"A runbook in JSON or YAML."`
	Children string `help:"A folder with the runbooks that this one starts." type:"existingdir" placeholder:"DIR"`
	Output   string `short:"o" help:"table or json." enum:"table,json" default:"table"`
}

// Run prints the runbook.
func (c *runbookShowCmd) Run(io streams) error {
	library, err := newRunbookLibrary(c.Children, []string{c.File})
	if err != nil {
		return err
	}
	f, err := library.open(c.File)
	if err != nil {
		return err
	}
	if f.document == nil {
		return usageError{inFile(c.File, &runbook.ParseError{Problems: f.problems})}
	}
	view := viewRunbook(f, library)
	if c.Output == "json" {
		return writeJSON(io.out, view)
	}
	return view.print(io.out)
}

// shownRunbook is a runbook as a person reads it; its JSON keys are a contract.
type shownRunbook struct {
	File        string          `json:"file"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Role        *roleView       `json:"role"`
	Effect      runbook.Effect  `json:"effect"` // the worst of the steps
	Parameters  []parameterView `json:"parameters"`
	Variables   []variableView  `json:"variables"`
	Steps       []stepView      `json:"steps"`
	Outputs     []string        `json:"outputs"`
	Files       []string        `json:"files"`
	Children    []childView     `json:"children"`
	Escapes     []escapeView    `json:"escapes"`
	Findings    lintCounts      `json:"findings"`
}

type parameterView struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Required    bool     `json:"required"`
	Default     any      `json:"default,omitempty"`
	Constraints []string `json:"constraints,omitempty"`
	Line        int      `json:"line"`
}

type variableView struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default any    `json:"default,omitempty"`
}

type stepView struct {
	Name        string         `json:"name"`
	Action      string         `json:"action"`
	Description string         `json:"description,omitempty"`
	Line        int            `json:"line"`
	Loop        string         `json:"loop,omitempty"` // the loop that the step stands in
	Effect      runbook.Effect `json:"effect"`
	What        string         `json:"what"`
	Choices     []choiceView   `json:"choices,omitempty"`
	// Next is where it goes on success when no choice decides, "" for the end.
	Next           string   `json:"next,omitempty"`
	OnFailure      string   `json:"on_failure"`
	OnCancel       string   `json:"on_cancel,omitempty"`
	Critical       bool     `json:"critical"`
	MaxAttempts    int      `json:"max_attempts"`
	TimeoutSeconds int64    `json:"timeout_seconds,omitempty"`
	Outputs        []string `json:"outputs,omitempty"`
}

type choiceView struct {
	If   string `json:"if"`
	Next string `json:"next"`
}

func viewRunbook(f *runbookFile, library *runbookLibrary) *shownRunbook {
	d := f.document
	a := d.Analyse(library.child)
	out := &shownRunbook{File: f.path, Name: documentName(f.path), Description: strings.TrimSpace(d.Description), Role: viewRole(a.Role), Effect: runbook.NonMutating,
		Parameters: []parameterView{}, Variables: []variableView{}, Outputs: append([]string{}, d.Outputs...), Files: append([]string{}, d.Files...),
		Children: []childView{}, Escapes: []escapeView{}, Findings: lint(f, library).Counts}
	for _, p := range d.Parameters {
		v := parameterView{Name: p.Name, Type: p.Type, Description: strings.TrimSpace(p.Description), Required: p.Required(), Constraints: p.Constraints(), Line: p.Line}
		if p.HasDefault {
			v.Default = p.Default
		}
		out.Parameters = append(out.Parameters, v)
	}
	for _, v := range d.Variables {
		out.Variables = append(out.Variables, variableView{v.Name, v.Type, v.Default})
	}
	effects := d.Effects(library.child)
	for i, e := range effects {
		if e.Loop == "" {
			out.Effect = out.Effect.Worse(e.Effect)
		}
		effects[i].What = visible(e.What)
	}
	out.Steps = viewSteps(d.Steps, "", &effects)
	for _, c := range a.Children {
		out.Children = append(out.Children, childView{c.Step, c.Line, c.Document, c.Version, c.Pinned, c.Known, viewTrail(c.Trail)})
	}
	for _, e := range a.Escapes {
		out.Escapes = append(out.Escapes, viewEscape(e))
	}
	return out
}

// viewSteps takes the effects, which are in the same order, one by one.
func viewSteps(steps []runbook.Step, loop string, effects *[]runbook.StepEffect) []stepView {
	out := []stepView{}
	for i, s := range steps {
		e := (*effects)[0]
		*effects = (*effects)[1:]
		v := stepView{Name: s.Name, Action: s.Action, Description: strings.TrimSpace(s.Description), Line: s.Line, Loop: loop, Effect: e.Effect, What: e.What,
			OnFailure: s.OnFailure, OnCancel: s.OnCancel, Critical: s.Critical(), MaxAttempts: max(s.MaxAttempts, 1), TimeoutSeconds: s.TimeoutSeconds}
		if v.OnFailure == "" {
			v.OnFailure = "Abort"
		}
		v.Choices, v.Next = stepChoices(s)
		switch {
		case v.Next != "" || s.IsEnd:
		case s.NextStep != "":
			v.Next = s.NextStep
		case i+1 < len(steps):
			v.Next = steps[i+1].Name
		}
		for _, o := range s.Outputs {
			v.Outputs = append(v.Outputs, o.Name)
		}
		out = append(out, v)
		out = append(out, viewSteps(s.Steps, s.Name, effects)...)
	}
	return out
}

// stepChoices gives the choices of a branch, and its Default.
func stepChoices(s runbook.Step) (choices []choiceView, otherwise string) {
	if s.Action != "aws:branch" {
		return nil, ""
	}
	list, _ := s.Inputs["Choices"].([]any)
	for _, item := range list {
		choice, _ := item.(map[string]any)
		next, _ := choice["NextStep"].(string)
		choices = append(choices, choiceView{conditionText(choice, 0), next})
	}
	otherwise, _ = s.Inputs["Default"].(string)
	return choices, otherwise
}
