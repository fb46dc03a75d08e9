package bot

import (
	"strings"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// The kinds of thread replies. A failed step's kind is failedStep and its name.
const (
	replyStarted = "started"
	replyEnded   = "ended"
	failedStep   = "failed:"
)

// A thread with more failed steps than this has its plan to show them.
const maxFailedReplies = 10

// replies lists the thread replies that e wants by now, in order.
func replies(e *automation.Execution) []string {
	var kinds []string
	if awaits(e) && !cancelling(e) && callable(e) {
		kinds = append(kinds, replyAsk)
		if e.Approval != nil && e.Approval.Reminded {
			kinds = append(kinds, replyRemind)
		}
	}
	if e.AWSID != "" {
		kinds = append(kinds, replyStarted)
	}
	seen := map[string]bool{}
	for _, s := range e.Steps {
		broke := s.Status == "Failed" || s.Status == "TimedOut" || s.Status == "CompletedWithFailure"
		if kind := failedStep + s.Name; broke && !seen[kind] && len(seen) < maxFailedReplies {
			seen[kind] = true
			kinds = append(kinds, kind)
		}
	}
	if e.State.Terminal() {
		kinds = append(kinds, replyEnded)
	}
	return kinds
}

// callable says whether the card stands where others can read it.
func callable(e *automation.Execution) bool {
	at := e.Announcement.Channel
	return at == "" || at == e.Channel
}

// reply shows one thread reply. Its blocks are literal leaves.
func (l look) reply(e *automation.Execution, kind string) message {
	var m message
	for room := 2_900; ; room /= 2 {
		switch {
		case kind == replyAsk || kind == replyRemind:
			m = l.asking(e, kind == replyRemind)
		case kind == replyStarted:
			m = started(e, room)
		case strings.HasPrefix(kind, failedStep):
			m = stepFailed(e, strings.TrimPrefix(kind, failedStep), room)
		default:
			m = ended(e)
		}
		if size(m.blocks) <= maxCard || room < 100 {
			break
		}
	}
	m.text = limit(m.text, maxText)
	if l.form == bare {
		m.blocks = nil
	}
	return m
}

// started says what was started, exactly, and under which name AWS knows it. It calls nobody: the card names who asked,
// and the last reply calls them.
func started(e *automation.Execution, room int) message {
	text := "▶️ Started " + escaped(limit(e.Runbook, 100)) + ", AWS execution " + escaped(limit(e.AWSID, 100))
	parts := []slack.RichTextElement{slack.NewRichTextSection(
		words("▶️ Started "), styled(firstOf(limit(clean(e.Runbook), 100), "(unnamed)"), slack.RichTextSectionTextStyle{Bold: true}),
		words(", AWS execution "), styled(firstOf(limit(clean(e.AWSID), 100), "(unnamed)"), slack.RichTextSectionTextStyle{Code: true}))}
	if lines := limit(parameterLines(e), room); lines != "" {
		parts = append(parts, literal(lines))
	}
	return message{text: text, blocks: []slack.Block{slack.NewRichTextBlock("", parts...)}}
}

// parameterLines are the parameters as the person gave them, name=value on each line.
func parameterLines(e *automation.Execution) string {
	var lines []string
	for _, name := range names(e.Parameters) {
		for _, v := range e.Parameters[name] {
			lines = append(lines, limit(clean(name), 100)+"="+limit(cleanLines(v), 600))
		}
	}
	return strings.Join(lines, "\n")
}

func stepFailed(e *automation.Execution, name string, room int) message {
	var failed automation.Step
	for _, s := range e.Steps {
		if s.Name == name && kindOf(s.Status) == stepBroken {
			failed = s
			break
		}
	}
	word := firstOf(wordOf(failed, true), "failed")
	text := "❌ Step " + escaped(limit(name, 100)) + " " + word
	parts := []slack.RichTextElement{slack.NewRichTextSection(
		words("❌ Step "), styled(limit(firstOf(clean(name), "(unnamed)"), 100), slack.RichTextSectionTextStyle{Code: true}),
		words(" "+word+after(" after ", between(failed.StartedAt, failed.EndedAt))+after(" · ", limit(clean(failed.Action), 60))))}
	if said := strings.TrimSpace(cleanLines(failed.Failure)); said != "" {
		parts = append(parts, literal(tail(said, room)))
	}
	return message{text: text, blocks: []slack.Block{slack.NewRichTextBlock("", parts...)}}
}

// ended is the one reply that calls the person who asked: an edited card notifies nobody.
func ended(e *automation.Execution) message {
	icon, _ := face(e)
	rest := " " + clean(limit(e.Runbook, 100)) + " " + ending(e)
	text := icon + " " + person(e.Requester) + escaped(rest)
	parts := []slack.RichTextSectionElement{words(icon + " "), who(e.Requester), words(rest)}
	return message{text: text, blocks: []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(parts...))}}
}

// ending is the last word on an execution, as plain text.
func ending(e *automation.Execution) string {
	took := ""
	if d := between(e.StartedAt, e.EndedAt); d != "" {
		took = " (" + d + ")"
	}
	plainly := func(s string) string { return limit(clean(s), 100) }
	switch e.State {
	case automation.Succeeded:
		return "is done" + took
	case automation.Failed:
		if unstarted(e) {
			return "was not started: " + firstOf(limit(clean(firstOf(e.Note, e.Failure)), 300), "AWS refused it")
		}
		return "failed" + whereabouts(e, plainly) + took
	case automation.TimedOut:
		return "timed out" + whereabouts(e, plainly) + took
	case automation.Cancelled:
		return "was cancelled" + took
	case automation.Denied:
		if no := rejected(e); no != nil {
			return "was denied" + after(": ", limit(clean(no.Reason), 300))
		}
		return "was not started: " + firstOf(limit(clean(e.Note), 300), "today's policy says no")
	case automation.Expired:
		if unanswered(e) {
			return "was not approved in time, and will not start"
		}
		return "was not started in time, and will not start"
	case automation.StartUnknown:
		return "may or may not have started: AWS never said. Look there before you run it again"
	}
	return "ended: " + plainly(string(e.State)) + took
}

// who is a person in a rich text. What is no user ID mentions nobody.
func who(id string) slack.RichTextSectionElement {
	if isUser(id) {
		return slack.NewRichTextSectionUserElement(id, nil)
	}
	return words(firstOf(limit(clean(id), 40), "somebody"))
}
