package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"handrail/runbook"
)

// sheet is text for a terminal of 100 columns.
type sheet struct{ strings.Builder }

const sheetWidth = 100

// wrapped writes text after a head, and goes on below the text where a line is full. A reference is never broken.
func (p *sheet) wrapped(head, text string) {
	indent := utf8.RuneCountInString(head)
	line, used := head, 0
	for _, word := range words(text) {
		n := utf8.RuneCountInString(word)
		if used > 0 && indent+used+1+n > sheetWidth {
			p.line(line)
			line, used = strings.Repeat(" ", indent), 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	p.line(line)
}

// words splits at spaces outside of {{ … }}.
func words(text string) []string {
	var out []string
	open := false
	for _, word := range strings.Fields(text) {
		word = visible(word)
		if open {
			out[len(out)-1] += " " + word
		} else {
			out = append(out, word)
		}
		if last := out[len(out)-1]; len(last) < sheetWidth {
			open = strings.LastIndex(last, "{{") > strings.LastIndex(last, "}}")
		} else {
			open = false
		}
	}
	return out
}

func (p *sheet) line(text string) { p.WriteString(strings.TrimRight(text, " ") + "\n") }

func (p *sheet) title(text string) { p.line("\n" + text) }

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// print writes the runbook for a terminal: what to know first, then what it takes, does, gives and how it leaves its role.
func (r *shownRunbook) print(w io.Writer) error {
	p := &sheet{}
	p.line(r.Name)
	for _, paragraph := range opening(r.Description) {
		p.wrapped("  ", paragraph)
	}
	p.line("")
	p.wrapped("file      ", r.File)
	p.wrapped("runs as   ", r.Role.sentence())
	p.wrapped("effect    ", r.effectSentence())
	p.wrapped("escapes   ", r.escapeSentence())
	p.wrapped("lint      ", fmt.Sprintf("%s, %s, %s", count(r.Findings.Errors, "error", "errors"), count(r.Findings.Warnings, "warning", "warnings"),
		count(r.Findings.Notes, "note", "notes")))
	r.printParameters(p)
	r.printSteps(p)
	if len(r.Outputs) > 0 {
		p.title("OUTPUTS")
		for _, o := range r.Outputs {
			p.wrapped("  ", o)
		}
	}
	r.printChildren(p)
	r.printEscapes(p)
	_, err := io.WriteString(w, p.String())
	return err
}

// opening gives the first paragraphs of a description, without its headings and lists.
func opening(description string) []string {
	const most, chars = 2, 500
	var lines []string
	for line := range strings.Lines(description) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	var out []string
	for _, paragraph := range strings.Split(strings.Join(lines, "\n"), "\n\n") {
		paragraph = strings.TrimSpace(paragraph)
		if paragraph != "" && !strings.HasPrefix(paragraph, "* ") && !strings.HasPrefix(paragraph, "- ") && len(out) < most {
			out = append(out, shorten(paragraph, chars))
		}
	}
	return out
}

func (r *roleView) sentence() string {
	switch r.Kind {
	case runbook.RoleParameter:
		return "the role in its parameter " + r.Parameter
	case runbook.RoleFixed:
		return "the role it names itself: " + r.ARN
	case runbook.RoleAbsent:
		return "whoever starts it: it has no role"
	}
	return "unclear: " + r.Reason
}

func (r *shownRunbook) effectSentence() string {
	n := map[runbook.Effect]int{}
	for _, s := range r.Steps {
		n[s.Effect]++
	}
	var parts []string
	for _, e := range []struct {
		effect    runbook.Effect
		one, many string
	}{{runbook.Mutating, "step changes something", "steps change something"}, {runbook.Undetermined, "step may change something", "steps may change something"},
		{runbook.NonMutating, "step changes nothing", "steps change nothing"}} {
		if n[e.effect] > 0 {
			parts = append(parts, count(n[e.effect], e.one, e.many))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *shownRunbook) escapeSentence() string {
	if len(r.Escapes) == 0 {
		return "none: all of it that can be read runs under that role"
	}
	return count(len(r.Escapes), "way", "ways") + " out of the role, listed below"
}

func (r *shownRunbook) printParameters(p *sheet) {
	p.title("PARAMETERS")
	if len(r.Parameters) == 0 {
		p.line("  none")
	}
	name, kind := 0, 0
	for _, v := range r.Parameters {
		name, kind = max(name, len(v.Name)), max(kind, len(v.Type))
	}
	for _, v := range r.Parameters {
		state := "required"
		if !v.Required {
			state = "default " + shorten(plainJSON(v.Default), 60)
		}
		p.line("  " + pad(visible(v.Name), name) + "  " + pad(visible(v.Type), kind) + "  " + visible(state))
		for _, c := range v.Constraints {
			p.wrapped("      ", c)
		}
		if v.Description != "" {
			p.wrapped("      ", shorten(v.Description, 300))
		}
	}
	if len(r.Variables) > 0 {
		p.title("VARIABLES")
	}
	for _, v := range r.Variables {
		p.line("  " + visible(v.Name+"  "+v.Type+"  starts as "+shorten(plainJSON(v.Default), 60)))
	}
}

func shorten(text string, chars int) string {
	if r := []rune(text); len(r) > chars {
		return string(r[:chars]) + "…"
	}
	return text
}

func (r *shownRunbook) printChildren(p *sheet) {
	if len(r.Children) > 0 {
		p.title("STARTS")
	}
	for _, c := range r.Children {
		name := c.Document
		if name == "" {
			name = "what only the run can tell"
		}
		if c.Version == "" {
			name += ", at whatever version is current then"
		} else {
			name += ", version " + c.Version
		}
		by := c.Step
		for _, hop := range c.Trail {
			by += " → " + hop.Document + " " + hop.Step
		}
		if !c.Known {
			by += "; not known here"
		}
		p.wrapped("  ", name+" ("+by+")")
	}
}

func (r *shownRunbook) printEscapes(p *sheet) {
	if len(r.Escapes) == 0 {
		return
	}
	p.title("WAYS OUT OF THE ROLE")
	for _, e := range r.Escapes {
		head := pad(fmt.Sprintf("  line %d", e.Line), 12)
		p.wrapped(head, e.sentence())
		if e.Fix != "" {
			p.wrapped(strings.Repeat(" ", len(head))+"fix: ", e.Fix)
		}
	}
}

// span writes seconds as people do.
func span(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d%(24*time.Hour) == 0:
		return count(int(d/(24*time.Hour)), "day", "days")
	case d%time.Hour == 0:
		return count(int(d/time.Hour), "hour", "hours")
	case d%time.Minute == 0:
		return count(int(d/time.Minute), "minute", "minutes")
	}
	return count(int(seconds), "second", "seconds")
}
