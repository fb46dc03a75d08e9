package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"handrail/runbook"
)

type runbookLintCmd struct {
	Files    []string `arg:"" name:"file" help:"Runbooks in JSON or YAML."`
	Children string   `help:"A folder with the runbooks that these start. Without it, and where a runbook is not among the files, it is unclear what a child runs as." type:"existingdir" placeholder:"DIR"`
	Output   string   `short:"o" help:"table or json." enum:"table,json" default:"table"`
}

// Run prints what is wrong with each file. It ends with 1 if there is an error or an escape.
func (c *runbookLintCmd) Run(io streams) error {
	library, err := newRunbookLibrary(c.Children, c.Files)
	if err != nil {
		return err
	}
	var all []lintedRunbook
	var total lintCounts
	for _, path := range c.Files {
		f, err := library.open(path)
		if err != nil {
			return err
		}
		one := lint(f, library)
		total.add(one.Counts)
		all = append(all, one)
	}
	if c.Output == "json" {
		err = writeJSON(io.out, map[string]any{"runbooks": all, "counts": total})
	} else {
		err = printLint(io.out, all, total)
	}
	if err != nil {
		return err
	}
	if total.Errors+total.Escapes > 0 {
		return fmt.Errorf("%s with errors or escapes", count(total.bad, "runbook", "runbooks"))
	}
	return nil
}

// lintedRunbook is what lint says about one file; its JSON keys are a contract.
type lintedRunbook struct {
	File     string        `json:"file"`
	Valid    bool          `json:"valid"` // whether it could be parsed
	Role     *roleView     `json:"role,omitempty"`
	Findings []findingView `json:"findings"`
	Escapes  []escapeView  `json:"escapes"`
	Counts   lintCounts    `json:"counts"`
}

type lintCounts struct {
	Errors   int `json:"errors"`
	Escapes  int `json:"escapes"`
	Warnings int `json:"warnings"`
	Notes    int `json:"notes"`
	bad      int // runbooks with errors or escapes
}

func (c *lintCounts) add(more lintCounts) {
	c.Errors, c.Escapes, c.Warnings, c.Notes = c.Errors+more.Errors, c.Escapes+more.Escapes, c.Warnings+more.Warnings, c.Notes+more.Notes
	if more.Errors+more.Escapes > 0 {
		c.bad++
	}
}

func lint(f *runbookFile, library *runbookLibrary) lintedRunbook {
	out := lintedRunbook{File: f.path, Findings: []findingView{}, Escapes: []escapeView{}}
	problems := f.problems
	if f.document != nil {
		a := f.document.Analyse(library.child)
		out.Valid, out.Role = true, viewRole(a.Role)
		problems = f.document.Lint()
		for _, e := range a.Escapes {
			out.Escapes = append(out.Escapes, viewEscape(e))
		}
	}
	for _, p := range problems {
		out.Findings = append(out.Findings, viewFinding(p))
		switch p.Severity {
		case runbook.SeverityWarning:
			out.Counts.Warnings++
		case runbook.SeverityNote:
			out.Counts.Notes++
		default:
			out.Counts.Errors++
		}
	}
	out.Counts.Escapes = len(out.Escapes)
	return out
}

// printLint prints a line for each finding, as compilers do, and a line at the end.
func printLint(w io.Writer, all []lintedRunbook, total lintCounts) error {
	var b strings.Builder
	for _, one := range all {
		for _, line := range one.lines() {
			b.WriteString(line.text)
		}
	}
	parts := []string{count(total.Errors, "error", "errors"), count(total.Escapes, "escape", "escapes"), count(total.Warnings, "warning", "warnings"),
		count(total.Notes, "note", "notes")}
	fmt.Fprintf(&b, "%s: %s\n", count(len(all), "runbook", "runbooks"), strings.Join(parts, ", "))
	_, err := io.WriteString(w, b.String())
	return err
}

// lintLine is one finding with where it belongs in the file.
type lintLine struct {
	line, column int
	text         string
}

// lines gives findings and escapes in the order of the text.
func (r lintedRunbook) lines() []lintLine {
	var out []lintLine
	add := func(line, column int, word, message, fix string) {
		place := ""
		if line > 0 {
			place = fmt.Sprintf("%d:%d:", line, column)
		}
		text := fmt.Sprintf("%s:%s %s: %s\n", r.File, place, word, visible(message))
		if fix != "" {
			text += "    fix: " + visible(fix) + "\n"
		}
		out = append(out, lintLine{line, column, text})
	}
	for _, p := range r.Findings {
		message := p.Message
		if p.Path != "" {
			message = p.Path + ": " + message
		}
		add(p.Line, p.Column, string(p.Severity), message, p.Fix)
	}
	for _, e := range r.Escapes {
		add(e.Line, e.Column, "escape", e.sentence(), e.Fix)
	}
	slices.SortStableFunc(out, func(a, b lintLine) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	return out
}
