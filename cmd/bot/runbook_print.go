package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"handrail/local/ssmserver"
	"handrail/runbook"
)

// printer shows a local run as it goes: one line when a step begins to matter, one when it ends.
type printer struct {
	out   io.Writer
	began time.Time
	depth map[string]int  // of executions, 0 for the one that was started
	begun map[string]bool // step runs whose beginning was shown
}

func (p *printer) title(name string, d *runbook.Document, url string, parameters map[string][]string) {
	fmt.Fprintf(p.out, "%s on the local SSM at %s\n", name, url)
	for _, line := range wrap(firstSentence(d.Description), 100) {
		fmt.Fprintf(p.out, "  %s\n", line)
	}
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		fmt.Fprintf(p.out, "  %s = %s\n", key, legible(strings.Join(parameters[key], ", ")))
	}
	fmt.Fprintln(p.out)
}

// firstSentence is the first line of a description that says something, without Markdown's marks.
func firstSentence(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "---") {
			return legible(line)
		}
	}
	return ""
}

// wrap breaks a text into lines of about so many bytes.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// line prints with the time since the start in front.
func (p *printer) line(depth int, format string, args ...any) {
	fmt.Fprintf(p.out, "%7.1fs  %s%s\n", time.Since(p.began).Seconds(), strings.Repeat("  ", depth), fmt.Sprintf(format, args...))
}

func (p *printer) detail(depth int, text string) {
	for line := range strings.Lines(text) {
		fmt.Fprintf(p.out, "          %s  %s\n", strings.Repeat("  ", depth), legible(strings.TrimRight(line, "\r\n")))
	}
}

func (p *printer) say(text string) { p.line(0, "%s", text) }

func (p *printer) change(c ssmserver.Change) {
	depth, seen := p.depth[c.ExecutionID]
	if !seen {
		if parent, known := p.depth[c.ParentID]; known {
			depth = parent + 1
		}
		p.depth[c.ExecutionID] = depth
	}
	if c.Step == "" {
		if c.ParentID != "" && !seen {
			p.line(depth, "⤷ %s", c.Document)
		}
		return
	}
	step := c.Step
	if c.Loop != "" {
		step = fmt.Sprintf("%s[%d].%s", c.Loop, c.Iteration, c.Step)
	}
	switch c.StepStatus {
	case "InProgress":
		if p.begun[c.StepID] {
			return // it goes on after a wait
		}
		p.begun[c.StepID] = true
		p.line(depth, "▸ %s  %s", step, c.Action)
	case "Waiting":
		p.line(depth, "… %s waits", step)
	case "Cancelling":
		p.line(depth, "… %s is cancelled", step)
	case "Success", "Exited":
		p.line(depth, "✓ %s  %s", step, took(c.Started, c.Ended))
		p.outputs(depth, c.Outputs)
	case "Failed", "TimedOut", "Cancelled":
		p.line(depth, "✗ %s  %s after %s", step, c.StepStatus, took(c.Started, c.Ended))
		failure := c.FailureMessage
		if c.Action == "aws:loop" { // whose step has just told the rest
			failure, _, _ = strings.Cut(failure, "\n")
		}
		p.detail(depth, failure)
	}
}

// legible shows what could steer a terminal as escapes, and leaves everything else as it is.
func legible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) || r == '\t' {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// maxShown is how much of an output a line shows; -o json has the whole.
const maxShown = 160

func (p *printer) outputs(depth int, outputs map[string][]string) {
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		text := legible(strings.Join(outputs[name], ", "))
		if r := []rune(text); len(r) > maxShown {
			text = string(r[:maxShown]) + "…"
		}
		p.detail(depth, name+" = "+text)
	}
}

// end says how it ended, and which steps never ran.
func (p *printer) end(e localExecution) {
	var rest []string
	for _, s := range e.StepExecutions {
		if s.StepStatus == "Pending" {
			rest = append(rest, s.StepName)
		}
	}
	if rest != nil {
		p.line(0, "– not run: %s", strings.Join(rest, ", "))
	}
	fmt.Fprintf(p.out, "\n%s after %s\n", e.AutomationExecutionStatus, time.Since(p.began).Round(100*time.Millisecond))
	for _, name := range slices.Sorted(maps.Keys(e.Outputs)) {
		fmt.Fprintf(p.out, "  %s = %s\n", name, legible(strings.Join(e.Outputs[name], ", ")))
	}
}
