package bot

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"handrail/automation"
	"handrail/policy"
)

// awaits says whether others have to agree before the execution starts.
func awaits(e *automation.Execution) bool { return e.State == automation.AwaitingApproval }

// asks says whether others had to agree before the start, whatever became of it.
func asks(e *automation.Execution) bool {
	return e.Approval != nil && (len(e.Approval.Needs) > 0 || len(e.Approval.Votes) > 0 || awaits(e))
}

// needs are the approvals that e wants, nil if none are known.
func needs(e *automation.Execution) []policy.Need {
	if e.Approval == nil {
		return nil
	}
	return e.Approval.Needs
}

// votes are those who agreed, and who said no first, if anybody did.
func votes(e *automation.Execution) (yes []automation.Vote, no *automation.Vote) {
	if e.Approval == nil {
		return nil, nil
	}
	for i, v := range e.Approval.Votes {
		switch {
		case !v.Reject:
			yes = append(yes, v)
		case no == nil:
			no = &e.Approval.Votes[i]
		}
	}
	return yes, no
}

// wanted is how many people have to agree.
func wanted(e *automation.Execution) (n int) {
	for _, need := range needs(e) {
		n += max(need.Count, 0)
	}
	return n
}

// unanswered says whether the wait for approvals ended without enough of them.
func unanswered(e *automation.Execution) bool {
	yes, _ := votes(e)
	return e.State == automation.Expired && asks(e) && len(yes) < wanted(e)
}

// rejected is the answer that ended the wait, nil if none did.
func rejected(e *automation.Execution) *automation.Vote {
	if e.State != automation.Denied {
		return nil
	}
	_, no := votes(e)
	return no
}

// void says whether something changed since the approvers were asked, which ended it.
func void(e *automation.Execution) bool {
	return e.State == automation.Denied && e.Approval != nil && len(e.Approval.Void) > 0
}

// request shows approvers what they are asked. It holds literal leaves only.
func (l look) request(e *automation.Execution, room int) slack.Block {
	var parts []slack.RichTextElement
	var rows []slack.RichTextSectionElement
	row := func(title string, rest ...slack.RichTextSectionElement) {
		if len(rows) > 0 {
			rows = append(rows, words("\n"))
		}
		rows = append(append(rows, strong(title+"  ")), rest...)
	}
	if e.Action == policy.Ask {
		row("One time", who(e.Requester), words(" has no right to run this and asks for this one run"))
	}
	if text := effect(e); text != "" {
		row("Will do", words(text))
	}
	for _, text := range locations(e) {
		row("Where", words(text))
	}
	switch lines := parameterRows(e); {
	case len(lines) == 1 && utf8.RuneCountInString(lines[0]) <= 120:
		row("Parameters", styled(lines[0], slack.RichTextSectionTextStyle{Code: true}))
	case len(lines) > 0:
		row("Parameters")
		text := strings.Join(lines, "\n")
		parts = append(parts, slack.NewRichTextSection(rows...), literal(limit(text, room)))
		rows = nil
		if n := utf8.RuneCountInString(text) - room; n > 0 {
			rows = append(rows, words(fmt.Sprintf("%d characters are not shown here. Ask for them before you agree.", n)))
		}
	default:
		row("Parameters", words("none"))
	}
	for i, line := range l.needed(e) {
		row([]string{"Needs", "and"}[min(i, 1)], line...)
	}
	return slack.NewRichTextBlock("", append(parts, slack.NewRichTextSection(rows...))...)
}

func strong(s string) slack.RichTextSectionElement {
	return styled(s, slack.RichTextSectionTextStyle{Bold: true})
}

// effect is what an execution will do: how much it changes, on how many targets, and how it went before.
func effect(e *automation.Execution) string {
	a := e.Approval
	if a == nil {
		return ""
	}
	var parts []string
	switch {
	case a.Changes > 0 && a.Reads > 0:
		parts = append(parts, count(a.Changes, "step that changes something", "steps that change something")+", "+strconv.Itoa(a.Reads)+" that only look")
	case a.Changes > 0:
		parts = append(parts, count(a.Changes, "step that changes something", "steps that change something"))
	case a.Reads > 0:
		parts = append(parts, count(a.Reads, "step that only looks", "steps that only look"))
	}
	if n := len(a.Bound.Targets); n > 0 {
		parts = append(parts, count(n, "target", "targets"))
	}
	if len(a.Results) > 0 {
		parts = append(parts, "last "+count(len(a.Results), "run", "runs")+" "+results(a.Results))
	} else {
		parts = append(parts, "never run before")
	}
	return strings.Join(parts, " · ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// results are signs for how the last executions ended, the oldest first.
func results(newest []automation.State) string {
	var b strings.Builder
	for _, s := range slices.Backward(newest[:min(len(newest), 5)]) {
		switch s {
		case automation.Succeeded:
			b.WriteString("✅")
		case automation.Cancelled:
			b.WriteString("🚫")
		default:
			b.WriteString("❌")
		}
	}
	return b.String()
}

// locations are the accounts and Regions of an execution in several, a line each.
func locations(e *automation.Execution) (lines []string) {
	if e.Approval == nil {
		return nil
	}
	for _, at := range e.Approval.Bound.Locations {
		line := strings.Join(at.Accounts, ", ") + " · " + strings.Join(at.Regions, ", ")
		if at.ExecutionRole != "" {
			line += " · as " + at.ExecutionRole
		}
		if lines = append(lines, limit(clean(line), 300)); len(lines) == 10 && len(e.Approval.Bound.Locations) > 10 {
			return append(lines[:9:9], fmt.Sprintf("and %d more", len(e.Approval.Bound.Locations)-9))
		}
	}
	return lines
}

// parameterRows are the parameters for approvers, one on each line: no value can look like another parameter.
func parameterRows(e *automation.Execution) (lines []string) {
	for _, name := range names(e.Parameters) {
		for _, v := range e.Parameters[name] {
			line := clean(name) + "=" + strings.NewReplacer("\n", "⏎", "\t", "⇥").Replace(cleanLines(v))
			lines = append(lines, line)
		}
	}
	return lines
}

// needed says who has to agree, a line for each need, and how far that is.
func (l look) needed(e *automation.Execution) (lines [][]slack.RichTextSectionElement) {
	yes, _ := votes(e)
	all := needs(e)
	for _, need := range all[:min(len(all), 10)] {
		from := limit(clean(strings.Join(need.From, ", ")), 200)
		var line []slack.RichTextSectionElement
		if need.Freeze {
			line = append(line, l.frozen(need.Rule)...)
			line = append(line, words(fmt.Sprintf("; %d of %s may let it through, not the requester", need.Count, from)))
		} else {
			line = append(line, words(fmt.Sprintf("%d of %s, not the requester", need.Count, from)))
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		lines = append(lines, []slack.RichTextSectionElement{words("somebody's agreement")})
	}
	last := &lines[len(lines)-1]
	*last = append(*last, words(fmt.Sprintf(" · %d so far", len(yes))))
	for i, v := range yes[:min(len(yes), 10)] {
		*last = append(*last, words([]string{": ", ", "}[min(i, 1)]), who(v.User))
	}
	if e.Approval != nil && !e.Approval.By.IsZero() {
		*last = append(*last, words(" · expires "), timeLeaf(e.Approval.By, "{date_short_pretty} {time}"))
	}
	return lines
}

// frozen says which freeze is in the way, until when and why, as far as today's policy tells.
func (l look) frozen(name string) []slack.RichTextSectionElement {
	line := []slack.RichTextSectionElement{words("the freeze "), styled(firstOf(limit(clean(name), 100), "(unnamed)"), slack.RichTextSectionTextStyle{Code: true})}
	if l.freeze == nil {
		return line
	}
	until, reason := l.freeze(name)
	if !until.IsZero() {
		line = append(line, words(": frozen until "), timeLeaf(until, "{date_short_pretty} {time}"))
	}
	if reason = limit(clean(reason), 200); reason != "" {
		line = append(line, words(" ("+reason+")"))
	}
	return line
}

// timeLeaf is a time in each reader's zone.
func timeLeaf(t time.Time, format string) slack.RichTextSectionElement {
	if t.Unix() <= 0 || t.Unix() >= 1<<33 {
		return words("at an unknown time")
	}
	fallback := t.UTC().Format("2 Jan 15:04 UTC")
	return slack.NewRichTextSectionDateElement(t.Unix(), format, nil, &fallback)
}

// bound is the small print: what exactly an approval is for.
func bound(e *automation.Execution) string {
	if e.Approval == nil {
		return ""
	}
	parts := []string{"these parameters"}
	if sum := firstOf(e.Approval.Bound.SHA256, e.SHA256); sum != "" {
		parts = append([]string{"sha256 " + code(limit(clean(sum), 13))}, parts...)
	}
	if v := firstOf(e.Approval.Bound.Version, e.Request.DocumentVersion); v != "" {
		parts = append([]string{"version " + code(v)}, parts...)
	}
	return "Bound to " + strings.Join(parts, ", ") + "; any change voids it"
}
