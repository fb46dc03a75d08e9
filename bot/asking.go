package bot

import (
	"regexp"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"handrail/automation"
	"handrail/policy"
)

// The kinds of thread replies that call approvers.
const (
	replyAsk    = "ask"
	replyRemind = "remind"
)

// userGroupID is the form of a Slack user group's ID.
var userGroupID = regexp.MustCompile(`^S[A-Z0-9]{2,30}$`)

// maxMentions bounds how many are called at once.
const maxMentions = 15

// called lists whom to call: the accounts that may approve, but for who asked and who answered, and the user groups.
func (l look) called(e *automation.Execution) (users, groups []string) {
	if l.approvers == nil || e.Approval == nil {
		return nil, nil
	}
	var from []string
	for _, n := range e.Approval.Needs {
		from = append(from, n.From...)
	}
	users, groups = l.approvers(from)
	users = slices.DeleteFunc(slices.Clone(users), func(id string) bool {
		return !isUser(id) || id == e.Requester || slices.ContainsFunc(e.Approval.Votes, func(v automation.Vote) bool { return v.User == id })
	})
	groups = slices.DeleteFunc(slices.Clone(groups), func(id string) bool { return !userGroupID.MatchString(id) })
	return users, groups
}

// mentions calls approvers, in a rich text and for the notification. Both are empty if there is nobody to call.
func (l look) mentions(e *automation.Execution) (parts []slack.RichTextSectionElement, text string) {
	users, groups := l.called(e)
	add := func(leaf slack.RichTextSectionElement, entity string) {
		if len(parts) > 0 {
			parts = append(parts, words(" "))
		}
		parts, text = append(parts, leaf), text+entity+" "
	}
	for _, id := range groups[:min(len(groups), maxMentions)] {
		add(slack.NewRichTextSectionUserGroupElement(id), "<!subteam^"+id+">")
	}
	for _, id := range users[:min(len(users), maxMentions-min(len(groups), maxMentions))] {
		add(slack.NewRichTextSectionUserElement(id, nil), "<@"+id+">")
	}
	return parts, strings.TrimSpace(text)
}

// asking is the reply that calls those who may approve: an edited card notifies nobody.
func (l look) asking(e *automation.Execution, again bool) message {
	first := "✋ "
	if again {
		first = "✋ Still waiting: "
	}
	name := firstOf(limit(clean(e.Runbook), 100), "a runbook")
	called, text := l.mentions(e)
	please := "Approve or deny it on the card"
	if len(called) > 0 {
		called, text, please = append(called, words(": ")), strings.TrimSpace(text)+": ", "approve or deny it on the card"
	}
	parts := append([]slack.RichTextSectionElement{words(first), who(e.Requester), words(wish(e)), strong(name), words(". ")}, called...)
	parts = append(parts, words(please))
	if e.Approval != nil && !e.Approval.By.IsZero() {
		parts = append(parts, words(", until "), timeLeaf(e.Approval.By, "{time}"))
	}
	parts = append(parts, words("."))
	return message{text: first + person(e.Requester) + wish(e) + escaped(name) + ". " + text + please + ".",
		blocks: []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(parts...))}}
}

// wish says what the requester wants: to run it, or to be let run it once.
func wish(e *automation.Execution) string {
	if e.Action == policy.Ask {
		return ", who may not, asks to run once "
	}
	return " wants to run "
}

// askCard is the message in the approvers' channel.
func (l look) askCard(e *automation.Execution) message {
	m := message{text: limit(notice(e), maxText)}
	if called, text := l.mentions(e); awaits(e) && len(called) > 0 {
		m.text = limit(notice(e)+" · "+text, maxText)
	}
	if l.form == bare {
		return m
	}
	for _, room := range []int{2_500, 1_000, 300} {
		m.blocks = l.askBlocks(e, room)
		if size(m.blocks) <= maxCard {
			break
		}
	}
	return m
}

func (l look) askBlocks(e *automation.Execution, room int) []slack.Block {
	blocks := []slack.Block{section(l.headline(e))}
	if e.Reason != "" {
		blocks = append(blocks, quote(limit(cleanLines(e.Reason), 300)))
	}
	if awaits(e) {
		blocks = append(blocks, l.request(e, room))
		if called, _ := l.mentions(e); len(called) > 0 {
			blocks = append(blocks, slack.NewRichTextBlock("", slack.NewRichTextSection(append([]slack.RichTextSectionElement{words("Who may answer: ")}, called...)...)))
		}
	}
	blocks = append(append(blocks, verdict(e)...), asked(e))
	return append(blocks, l.actions(e, true)...)
}

// asked is the small print of the approvers' message: who asked and where the card is.
func asked(e *automation.Execution) slack.Block {
	line := person(e.Requester) + " asked"
	if at := firstOf(e.Announcement.Channel, e.Channel); isChannel(at) {
		line += " in <#" + at + ">, where the card is"
	}
	return smallPrint(line+" · "+code(e.Ref), e)
}

// emergencyNotice tells a channel of a break-glass run.
func (l look) emergencyNotice(e *automation.Execution) message {
	name := firstOf(limit(clean(e.Runbook), 100), "a runbook")
	text := "🚨 Break-glass: " + person(e.Requester) + " runs " + escaped(name) + " · " + escaped(limit(e.Ref, 40))
	if l.form == bare {
		return message{text: text}
	}
	parts := []slack.RichTextSectionElement{words("🚨 "), strong("Break-glass  "), who(e.Requester), words(" runs "), strong(name)}
	if isChannel(e.Channel) {
		parts = append(parts, words(" in "), slack.NewRichTextSectionChannelElement(e.Channel, nil))
	}
	parts = append(parts, words(" under the emergency rule "), styled(firstOf(limit(clean(e.Rule), 100), "(unnamed)"), slack.RichTextSectionTextStyle{Code: true}),
		words(" · "), styled(firstOf(limit(clean(e.Ref), 40), "?"), slack.RichTextSectionTextStyle{Code: true}))
	all := []slack.RichTextElement{slack.NewRichTextSection(parts...)}
	if reason := limit(cleanLines(e.Reason), 300); reason != "" {
		all = append(all, &slack.RichTextQuote{Type: slack.RTEQuote, Elements: []slack.RichTextSectionElement{words(reason)}})
	}
	if rows := limit(strings.Join(parameterRows(e), "\n"), 1_500); rows != "" {
		all = append(all, literal(rows))
	}
	return message{text: text, blocks: []slack.Block{slack.NewRichTextBlock("", all...)}}
}
