package bot

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// stepState folds AWS's step statuses: AutomationExecutionStatus in SSM's API reference.
type stepState int

const (
	stepAhead  stepState = iota // not begun
	stepActive                  // under way, or waiting for somebody
	stepOver                    // done
	stepBroken                  // ended otherwise
)

// kindOf reads AWS's word. An unknown word is under way: it claims neither success nor failure.
func kindOf(status string) stepState {
	switch status {
	case "", "Pending", "Scheduled":
		return stepAhead
	case "Success", "CompletedWithSuccess", "Approved", "ChangeCalendarOverrideApproved", "Exited":
		return stepOver
	case "Failed", "TimedOut", "Cancelled", "Rejected", "CompletedWithFailure", "ChangeCalendarOverrideRejected":
		return stepBroken
	}
	return stepActive
}

// wordOf is the word beside a step, where its icon does not say all.
func wordOf(s automation.Step, over bool) string {
	switch s.Status {
	case "TimedOut":
		return "timed out"
	case "Cancelled":
		return "cancelled"
	case "Cancelling":
		return "cancelling"
	case "Rejected":
		return "rejected"
	case "Exited":
		return "left early"
	case "Waiting":
		return "waiting"
	case "PendingApproval":
		return "waits for an approval in AWS"
	}
	if kindOf(s.Status) == stepAhead && over {
		return "not run"
	}
	return ""
}

// plan shows at most n steps as tasks, the present one among them.
func plan(e *automation.Execution, n int) slack.Block {
	e, unneeded := ran(e)
	shown, before, after := window(e, n)
	var tasks []*slack.TaskCardBlock
	if before > 0 {
		tasks = append(tasks, slack.NewTaskCardBlock("before", fmt.Sprintf("%d earlier steps", before)).WithStatus(slack.TaskCardStatusComplete))
	}
	room := 2_000 // characters of output in all
	for i, s := range shown {
		tasks = append(tasks, task(e, s, before+i, &room))
	}
	if after > 0 {
		tasks = append(tasks, slack.NewTaskCardBlock("after", fmt.Sprintf("%d later steps", after)).WithStatus(slack.TaskCardStatusPending))
	}
	return slack.NewPlanBlock(tally(e) + unneeded).WithTasks(tasks...)
}

// ran leaves out of a success what its branches passed by, which would look like work to come, and says how much that is.
func ran(e *automation.Execution) (*automation.Execution, string) {
	if e.State != automation.Succeeded {
		return e, ""
	}
	short := *e
	short.Steps = slices.DeleteFunc(slices.Clone(e.Steps), func(s automation.Step) bool { return kindOf(s.Status) == stepAhead })
	if n := len(e.Steps) - len(short.Steps); n > 0 {
		return &short, fmt.Sprintf(" · %d not needed", n)
	}
	return e, ""
}

// tally is "2 of 4 steps".
func tally(e *automation.Execution) string {
	done := 0
	for _, s := range e.Steps {
		if kindOf(s.Status) == stepOver {
			done++
		}
	}
	if len(e.Steps) == 1 {
		return fmt.Sprintf("%d of 1 step", done)
	}
	return fmt.Sprintf("%d of %d steps", done, len(e.Steps))
}

// window picks up to n steps around the present one, and counts those left out.
func window(e *automation.Execution, n int) (shown []automation.Step, before, after int) {
	if len(e.Steps) <= n {
		return e.Steps, 0, 0
	}
	n = max(n-2, 1)
	from := min(max(current(e)-n+1, 0), len(e.Steps)-n)
	return e.Steps[from : from+n], from, len(e.Steps) - from - n
}

func task(e *automation.Execution, s automation.Step, i int, room *int) *slack.TaskCardBlock {
	// The position makes it unique: an ID of AWS may be missing, and a loop repeats names.
	t := slack.NewTaskCardBlock(fmt.Sprintf("step-%d", i+1), stepTitle(e, s)).WithStatus(taskStatus(s))
	text := limit(strings.TrimSpace(cleanLines(s.Failure)), min(600, *room))
	if text == "" || kindOf(s.Status) != stepBroken {
		return t
	}
	*room -= len([]rune(text))
	return t.WithOutput(slack.NewRichTextBlock("", literal(text)))
}

func taskStatus(s automation.Step) slack.TaskCardStatus {
	switch kindOf(s.Status) {
	case stepAhead:
		return slack.TaskCardStatusPending
	case stepOver:
		return slack.TaskCardStatusComplete
	case stepBroken:
		return slack.TaskCardStatusError
	}
	return slack.TaskCardStatusInProgress
}

// stepTitle is plain text: name, word, time.
func stepTitle(e *automation.Execution, s automation.Step) string {
	parts := []string{limit(firstOf(clean(s.Name), "(unnamed)"), 100)}
	if word := wordOf(s, e.State.Terminal()); word != "" {
		parts = append(parts, word)
	}
	if took := between(s.StartedAt, s.EndedAt); took != "" {
		parts = append(parts, took)
	}
	return strings.Join(parts, " · ")
}

// stepLines is the plan without a plan block: a line for each step.
func stepLines(e *automation.Execution, n int) string {
	e, unneeded := ran(e)
	shown, before, after := window(e, n)
	lines := []string{bold(tally(e) + unneeded)}
	if before > 0 {
		lines = append(lines, fmt.Sprintf("✅  %d earlier steps", before))
	}
	for _, s := range shown {
		line := stepIcon(s) + "  " + code(firstOf(s.Name, "(unnamed)"))
		if word := wordOf(s, e.State.Terminal()); word != "" {
			line += "  " + word
		}
		if took := between(s.StartedAt, s.EndedAt); took != "" {
			line += "  " + took
		}
		lines = append(lines, line)
	}
	if after > 0 {
		lines = append(lines, fmt.Sprintf("⏳  %d later steps", after))
	}
	for len(strings.Join(lines, "\n")) > maxText && len(lines) > 2 {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

func stepIcon(s automation.Step) string {
	switch kindOf(s.Status) {
	case stepAhead:
		return "⏳"
	case stepOver:
		return "✅"
	case stepBroken:
		return "❌"
	}
	return "▶️"
}

// diagnosis is what everyone asks first after a failure: what broke, what AWS said, what is done
// already. After a cancel it is the last of these; otherwise nil.
func diagnosis(e *automation.Execution) slack.Block {
	broke := e.State == automation.Failed || e.State == automation.TimedOut
	if !broke && e.State != automation.Cancelled {
		return nil
	}
	var parts []slack.RichTextElement
	if what, said := fault(e); broke {
		if what != "" {
			parts = append(parts, slack.NewRichTextSection(strong("What broke  "), words(what)))
		}
		if said != "" {
			parts = append(parts, literal(tail(said, 700)))
		}
	}
	parts = append(parts, slack.NewRichTextSection(strong("State now  "), words(remains(e))))
	return slack.NewRichTextBlock("", parts...)
}

// fault is the step that broke, and what AWS said of it.
func fault(e *automation.Execution) (what, said string) {
	said = e.Failure
	if i := current(e); i >= 0 && kindOf(e.Steps[i].Status) == stepBroken {
		what = limit(clean(e.Steps[i].Name), 100) + after(" · ", limit(clean(e.Steps[i].Action), 60))
		said = firstOf(e.Steps[i].Failure, e.Failure)
	}
	return what, strings.TrimSpace(cleanLines(said))
}

// unstarted says whether AWS never began: it refused the start, or somebody cancelled before it.
func unstarted(e *automation.Execution) bool { return e.AWSID == "" && len(e.Steps) == 0 }

// remains says what was done before it broke or was stopped.
func remains(e *automation.Execution) string {
	var done []string
	for _, s := range e.Steps {
		if s.Status == "Success" || s.Status == "CompletedWithSuccess" || s.Status == "Approved" {
			done = append(done, limit(clean(s.Name), 60))
		}
	}
	switch {
	case unstarted(e):
		return "Nothing was started."
	case len(e.Steps) == 0:
		return "AWS reported no step; look there before you run it again."
	case len(done) == 0 && e.State == automation.Cancelled:
		return "no step completed; the one that was under way may have changed something."
	case len(done) == 0:
		return "no step completed; the one that broke may have changed something."
	case len(done) > 8:
		done = append(done[:7:7], fmt.Sprintf("%d more", len(done)-7))
	}
	return "completed " + strings.Join(done, ", ") + ". What they changed stays changed."
}
