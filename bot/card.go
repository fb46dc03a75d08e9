package bot

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// form is how much of Block Kit a message uses.
type form int

const (
	rich  form = iota // with a plan
	plain             // sections only, for workspaces and clients without plans
	bare              // no blocks at all
)

// look is all that a card depends on beside its row. Its functions may be nil.
type look struct {
	console   func(region, id string) string                // address in AWS
	approvers func(names []string) (users, groups []string) // accounts behind names of the policy
	stepRule  func(runbook, step string) bool               // whether people may answer a step here
	freeze    func(name string) (until time.Time, reason string)
	emergency func(rule string) string // channel that is told of a break-glass grant
	form      form
}

// maxCard bounds the blocks of a card as JSON; Slack's undocumented limit is near 13,200 characters.
const maxCard = 11_000

// card shows e as its row says, and nothing else: the same row gives the same message.
func (l look) card(e *automation.Execution) message {
	m := message{text: limit(notice(e), maxText)}
	if l.form == bare {
		return m
	}
	for _, steps := range []int{40, 20, 10, 3, 0} { // about 50 tasks are shown at most
		m.blocks = l.blocks(e, steps, room(steps))
		if size(m.blocks) <= maxCard {
			break
		}
	}
	return m
}

// room is how many characters of parameters a card shows to approvers, beside so many steps.
func room(steps int) int {
	if steps >= 20 {
		return 2_500
	}
	return 300 + 100*steps
}

func (l look) blocks(e *automation.Execution, steps, room int) []slack.Block {
	blocks := []slack.Block{section(l.headline(e))}
	if e.Reason != "" {
		blocks = append(blocks, quote(limit(cleanLines(e.Reason), 300)))
	}
	if e.CancelReason != "" {
		blocks = append(blocks, quote(limit(cleanLines(e.CancelReason), 200), words("Reason for cancelling")))
	}
	if awaits(e) {
		blocks = append(blocks, l.request(e, room))
	}
	if len(e.Steps) > 0 && steps > 0 {
		if l.form == rich {
			blocks = append(blocks, plan(e, steps))
		} else {
			blocks = append(blocks, section(stepLines(e, steps)))
		}
	}
	if b := diagnosis(e); b != nil {
		blocks = append(blocks, b)
	}
	blocks = append(append(blocks, answers(e)...), verdict(e)...)
	blocks = append(blocks, l.context(e))
	return append(blocks, l.actions(e, false)...)
}

func size(blocks []slack.Block) int {
	body, err := json.Marshal(blocks)
	if err != nil {
		return maxCard + 1
	}
	return utf8.RuneCount(body)
}

// section is mrkdwn that is taken literally: no bare URL, name or @word in it becomes a link.
func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, limit(text, maxText), false, true), nil, nil)
}

// quote shows what somebody wrote, literally, under a title if there is one.
func quote(s string, title ...slack.RichTextSectionElement) slack.Block {
	var parts []slack.RichTextElement
	if len(title) > 0 {
		parts = append(parts, slack.NewRichTextSection(title...))
	}
	return slack.NewRichTextBlock("", append(parts, &slack.RichTextQuote{Type: slack.RTEQuote, Elements: []slack.RichTextSectionElement{words(firstOf(s, " "))}})...) // an empty leaf is refused
}

// face is the icon and the word of a state. Colour and icon never stand alone.
func face(e *automation.Execution) (icon, word string) {
	if cancelling(e) {
		return "🚫", "cancelling"
	}
	switch e.State {
	case automation.AwaitingApproval:
		return "✋", "waiting for approval"
	case automation.Queued:
		return "⏳", "queued"
	case automation.Starting:
		return "⏳", "starting"
	case automation.Running:
		return "▶️", "running"
	case automation.Waiting:
		return "✋", "waiting for a person"
	case automation.Succeeded:
		return "✅", "succeeded"
	case automation.Failed:
		return "❌", "failed"
	case automation.TimedOut:
		return "❌", "timed out"
	case automation.Cancelled:
		return "🚫", "cancelled"
	case automation.Denied:
		return "⛔", "denied"
	case automation.Expired:
		return "⌛", "expired"
	case automation.StartUnknown:
		return "❓", "start unknown"
	}
	return "❔", limit(clean(string(e.State)), 40)
}

func cancelling(e *automation.Execution) bool  { return e.CancelBy != "" && !e.State.Terminal() }
func cancellable(e *automation.Execution) bool { return e.CancelBy == "" && !e.State.Terminal() }

// headline is the first line of the card, in mrkdwn.
func (l look) headline(e *automation.Execution) string {
	icon, word := face(e)
	line := icon + " " + bold(e.Runbook)
	for _, v := range values(e) {
		line += " · " + code(v)
	}
	line += ": " + bold(word) + circumstance(e, asCode)
	if note := l.remark(e); note != "" {
		line += "\n" + note
	}
	return line
}

// notice is the same for notifications and screen readers.
func notice(e *automation.Execution) string {
	icon, word := face(e)
	line := icon + " " + escaped(limit(e.Runbook, 100))
	if v := values(e); len(v) > 0 {
		line += " (" + escaped(strings.Join(v, ", ")) + ")"
	}
	return line + " " + escaped(word) + circumstance(e, asWords) + " · " + escaped(e.Ref)
}

// values are the first few parameter values, in the order of their names; the thread has all.
func values(e *automation.Execution) []string {
	var all []string
	for _, name := range names(e.Parameters) {
		all = append(all, e.Parameters[name]...)
	}
	for i, v := range all {
		all[i] = firstOf(limit(clean(v), 60), "(empty)")
	}
	if len(all) > 3 {
		return append(all[:2:2], fmt.Sprintf("%d more", len(all)-2))
	}
	return all
}

func names(parameters map[string][]string) []string {
	var all []string
	for name := range parameters {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// voice is how names are shown: as code in mrkdwn, or as they are.
type voice func(string) string

func asCode(s string) string  { return code(s) }
func asWords(s string) string { return escaped(limit(clean(s), 100)) }

// circumstance is the rest of the state's sentence: where, how long, by whom.
func circumstance(e *automation.Execution, name voice) string {
	took := between(e.StartedAt, e.EndedAt)
	at := whereabouts(e, name)
	switch e.State {
	case automation.Running, automation.Waiting:
		if cancelling(e) {
			return ", as " + person(e.CancelBy) + " asked" + at
		}
		return at
	case automation.Succeeded:
		return after(" in ", took)
	case automation.Failed, automation.TimedOut:
		return at + after(" after ", took)
	case automation.Cancelled:
		if e.CancelBy != "" {
			return " by " + person(e.CancelBy) + after(" after ", took)
		}
		return " in AWS" + after(" after ", took)
	case automation.Denied:
		return refusedBy(e)
	case automation.Expired:
		return lapsed(e)
	case automation.StartUnknown:
		return ": AWS never said whether it started"
	case automation.AwaitingApproval, automation.Queued, automation.Starting:
		if cancelling(e) {
			return ", as " + person(e.CancelBy) + " asked"
		}
	}
	return ""
}

// refusedBy is how an execution was denied before its start.
func refusedBy(e *automation.Execution) string {
	switch {
	case rejected(e) != nil:
		return "; nothing ran"
	case void(e):
		return ": what was asked for has changed since; nothing ran"
	}
	return " before the start; nothing ran"
}

// lapsed is how an execution ran out of time.
func lapsed(e *automation.Execution) string {
	if unanswered(e) {
		return "; nothing ran"
	}
	return "; it did not start in time and will not start"
}

func after(word, took string) string {
	if took == "" {
		return ""
	}
	return word + took
}

// whereabouts says at which step an execution is, or was when it ended.
func whereabouts(e *automation.Execution, name voice) string {
	i := current(e)
	if i < 0 {
		return ""
	}
	word := ", step"
	if e.State.Terminal() {
		word = " at step"
	}
	return fmt.Sprintf("%s %d of %d %s", word, i+1, len(e.Steps), name(e.Steps[i].Name))
}

// current is the index of the step that counts now: one that broke, else the last that began; -1 if none has.
func current(e *automation.Execution) int {
	at := -1
	for i, s := range e.Steps {
		switch kindOf(s.Status) {
		case stepBroken:
			if e.State.Terminal() && e.State != automation.Succeeded {
				return i
			}
			at = i
		case stepActive, stepOver:
			at = i
		}
	}
	return at
}

// remark is a second line where the first leaves a question open.
func (l look) remark(e *automation.Execution) string {
	var lines []string
	if e.BreakGlass {
		lines = append(lines, "🚨 *break-glass*: an emergency rule was used on request")
	}
	if e.Note != "" && rejected(e) == nil && !void(e) && !unanswered(e) { // there the verdict says it
		lines = append(lines, sentence(e.Note, 400))
	}
	switch {
	case e.State == automation.StartUnknown:
		lines = append(lines, "Before you run it again, look in AWS for an automation with the tag "+code(firstOf(e.Request.Tag, "handrail:"+e.ID))+
			" and see whether it runs. I will not start it a second time.")
	case e.State == automation.Waiting && !cancelling(e) && len(l.answerable(e)) == 0:
		lines = append(lines, waitsInAWS(e))
	case unanswered(e):
		lines = append(lines, "Ask again if it is still wanted.")
	case e.State == automation.Expired && !e.StartBy.IsZero():
		lines = append(lines, "It had until "+moment(e.StartBy, "{time}")+". Run it again if it is still wanted.")
	}
	lines = append(lines, untold(e)...)
	if e.Parked != "" {
		lines = append(lines, "⚠️ An operator has to look at this: "+sentence(e.Parked, 200))
	}
	return strings.Join(lines, "\n")
}

// waitsInAWS says what AWS waits for when nobody can answer it here.
func waitsInAWS(e *automation.Execution) string {
	if e.Approval != nil {
		for _, s := range e.Approval.Steps {
			waits := slices.ContainsFunc(e.Steps, func(x automation.Step) bool { return x.Name == s.Step && kindOf(x.Status) == stepActive })
			switch {
			case waits && s.Signal != "" && !s.Sent:
				return "The answer is on its way to AWS."
			case waits && s.Signal != "":
				return "AWS has the answer. If it waits on, the step's Approvers in the document do not name the role that I use."
			}
		}
	}
	return "AWS goes on once somebody answers there."
}

// awsID is the form of an AutomationExecutionId.
var awsID = regexp.MustCompile(`^[0-9a-fA-F-]{36}$`)

// context is the small print: who, which, why, where, when.
func (l look) context(e *automation.Execution) slack.Block {
	parts := []string{person(e.Requester) + " asked", code(e.Ref)}
	if e.Rule != "" {
		parts = append(parts, "rule "+code(e.Rule))
	}
	if !e.StartedAt.IsZero() {
		parts = append(parts, "started "+moment(e.StartedAt, "{date_short_pretty} {time}"))
	} else if !e.CreatedAt.IsZero() {
		parts = append(parts, "asked "+moment(e.CreatedAt, "{date_short_pretty} {time}"))
	}
	if link := l.link(e); link != "" {
		parts = append(parts, link)
	}
	parts = append(parts, elsewhereAsked(e)...)
	if away := e.Announcement.Channel; away != "" && away != e.Channel && isChannel(e.Channel) {
		parts = append(parts, "asked in <#"+e.Channel+">, where I may not write: invite me there")
	}
	return smallPrint(strings.Join(parts, " · "), e)
}

// smallPrint is the last line of a message, with what an approval is for while one is waited for.
func smallPrint(line string, e *automation.Execution) slack.Block {
	if text := bound(e); awaits(e) && text != "" {
		line += "\n" + text
	}
	return slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, limit(line, maxText), false, true))
}

func (l look) link(e *automation.Execution) string {
	if l.console == nil || !awsID.MatchString(e.AWSID) {
		return ""
	}
	address := l.console(e.Region, e.AWSID)
	if address == "" || strings.ContainsAny(address, "<>|\n ") {
		return ""
	}
	return "<" + escaper.Replace(address) + "|open in AWS>"
}

// AWSConsole is the address of an execution in AWS's console, for Options.Console.
func AWSConsole(region, id string) string {
	host := region + ".console.aws.amazon.com"
	switch {
	case strings.HasPrefix(region, "cn-"):
		host = region + ".console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		host = "console.amazonaws-us-gov.com"
	}
	return "https://" + host + "/systems-manager/automation/execution/" + id + "?region=" + region
}
