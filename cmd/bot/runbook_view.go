package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"handrail/runbook"
)

// The JSON keys of these views are a contract.

type roleView struct {
	Kind      runbook.RoleKind `json:"kind"`
	Parameter string           `json:"parameter,omitempty"`
	ARN       string           `json:"arn,omitempty"`
	Reason    string           `json:"reason,omitempty"`
}

func viewRole(r runbook.Role) *roleView { return &roleView{r.Kind, r.Parameter, r.ARN, r.Reason} }

type findingView struct {
	Line     int              `json:"line"`
	Column   int              `json:"column"`
	Severity runbook.Severity `json:"severity"`
	Rule     string           `json:"rule"`
	Step     string           `json:"step,omitempty"`
	Path     string           `json:"path"`
	Message  string           `json:"message"`
	Fix      string           `json:"fix,omitempty"`
}

func viewFinding(p runbook.Problem) findingView {
	return findingView{p.Line, p.Column, p.Severity, p.Rule, p.Step, p.Path, p.Message, p.Fix}
}

type escapeView struct {
	Line      int                `json:"line"`
	Column    int                `json:"column"`
	Kind      runbook.EscapeKind `json:"kind"`
	Step      string             `json:"step,omitempty"`
	Path      string             `json:"path"`
	Trail     []hopView          `json:"trail,omitempty"`
	Message   string             `json:"message"`
	Fix       string             `json:"fix,omitempty"`
	ARN       string             `json:"arn,omitempty"`
	Parameter string             `json:"parameter,omitempty"`
}

type hopView struct {
	Document string `json:"document"`
	Version  string `json:"version,omitempty"`
	Step     string `json:"step,omitempty"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

func viewEscape(e runbook.Escape) escapeView {
	return escapeView{e.Line, e.Column, e.Kind, e.Step, e.Path, viewTrail(e.Trail), e.Message, e.Fix, e.ARN, e.Parameter}
}

func viewTrail(trail []runbook.Hop) []hopView {
	var out []hopView
	for _, h := range trail {
		out = append(out, hopView{h.Document, h.Version, h.Step, h.Line, h.Column})
	}
	return out
}

// sentence says who does it, and through which children.
func (e escapeView) sentence() string {
	var b strings.Builder
	if e.Step != "" {
		b.WriteString("step " + e.Step)
		for _, h := range e.Trail {
			fmt.Fprintf(&b, " starts %s, whose step %s (line %d)", h.Document, h.Step, h.Line)
		}
		b.WriteString(": ")
	}
	return b.String() + e.Message
}

type childView struct {
	Step     string    `json:"step"`
	Line     int       `json:"line"`
	Document string    `json:"document,omitempty"` // absent if only the run can tell
	Version  string    `json:"version,omitempty"`
	Pinned   bool      `json:"pinned"`
	Known    bool      `json:"known"`
	Trail    []hopView `json:"trail,omitempty"`
}

// visible writes out what could steer a terminal.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRune(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}
