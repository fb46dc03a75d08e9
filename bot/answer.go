package bot

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"handrail/commands"
)

const (
	// An acknowledgement of 20 KB or more is dropped by Slack without a word: slack-go socketmode.go.
	maxAck = 19_000
	// All blocks together: an undocumented limit near 13,200 characters, msg_blocks_too_long.
	maxAnswer = 9_000
	maxText   = 3_000
)

// empty says that the answer is silence.
func empty(a commands.Answer) bool { return len(a.Lines) == 0 }

// ackJSON is the body that acknowledges a slash command, nil for silence.
func ackJSON(a commands.Answer) []byte {
	if empty(a) {
		return nil
	}
	for room := maxAnswer; ; room /= 2 {
		m := answer(a, room)
		body, err := json.Marshal(struct {
			Type   string        `json:"response_type"`
			Text   string        `json:"text"`
			Blocks []slack.Block `json:"blocks,omitempty"`
		}{slack.ResponseTypeEphemeral, m.text, m.blocks})
		if err == nil && len(body) < maxAck || room < 100 {
			return body
		}
	}
}

// message is what goes to Slack: text for notifications and screen readers, blocks for everybody else.
type message struct {
	text   string
	blocks []slack.Block
}

// answer shows an answer in at most room characters. Every span becomes a literal leaf of a rich
// text, so that nothing in it can mention, link or format.
func answer(a commands.Answer, room int) message {
	lines, cut := fit(a.Lines, room)
	if cut > 0 {
		lines = append(lines, commands.Line{{Text: "… " + strconv.Itoa(cut) + " more lines are not shown."}})
	}
	var text strings.Builder
	for i, line := range lines {
		if i > 0 {
			text.WriteByte('\n')
		}
		for _, s := range line {
			text.WriteString(spanText(s))
		}
	}
	m := message{text: limit(text.String(), maxText), blocks: []slack.Block{slack.NewRichTextBlock("", richLines(lines)...)}}
	if ask := askButton(a.Ask); ask != nil {
		m.blocks = append(m.blocks, ask)
	}
	return m
}

// fit keeps the first lines that have room together, and says how many do not.
func fit(lines []commands.Line, room int) (kept []commands.Line, cut int) {
	for i, line := range lines {
		n := 1
		for _, s := range line {
			n += utf8.RuneCountInString(s.Text)
		}
		if n > room && i > 0 {
			return kept, len(lines) - i
		}
		if n > room {
			line = commands.Line{{Style: line[0].Style, Text: limit(line[0].Text, max(room, 20))}}
		}
		room -= n
		kept = append(kept, line)
	}
	return kept, 0
}

// richLines joins lines to sections; a line of code alone becomes a block of preformatted text.
func richLines(lines []commands.Line) []slack.RichTextElement {
	var out []slack.RichTextElement
	var section []slack.RichTextSectionElement
	flush := func() {
		if len(section) > 0 {
			out = append(out, slack.NewRichTextSection(section...))
			section = nil
		}
	}
	for i, line := range lines {
		if preformatted(line) {
			flush()
			out = append(out, literal(line[0].Text))
			continue
		}
		for _, s := range line {
			if e := leaf(s); e != nil {
				section = append(section, e)
			}
		}
		if i < len(lines)-1 && !preformatted(lines[i+1]) {
			section = append(section, words("\n"))
		}
	}
	flush()
	if len(out) == 0 {
		out = append(out, slack.NewRichTextSection(words(" ")))
	}
	return out
}

func preformatted(line commands.Line) bool {
	return len(line) == 1 && line[0].Style == commands.Code && strings.Contains(line[0].Text, "\n")
}

// literal is preformatted text: no escaping, no mentions, no way out of a fence.
func literal(s string) *slack.RichTextPreformatted {
	if s = cleanLines(s); s == "" {
		s = " " // an empty leaf is refused
	}
	return &slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{words(s)}}
}

func words(s string) slack.RichTextSectionElement { return slack.NewRichTextSectionTextElement(s, nil) }

func styled(s string, style slack.RichTextSectionTextStyle) slack.RichTextSectionElement {
	return slack.NewRichTextSectionTextElement(s, &style)
}

// leaf shows one span, nil if there is nothing to show.
func leaf(s commands.Span) slack.RichTextSectionElement {
	text := cleanLines(s.Text)
	if text == "" {
		return nil
	}
	switch s.Style {
	case commands.Bold:
		return styled(text, slack.RichTextSectionTextStyle{Bold: true})
	case commands.Code:
		return styled(text, slack.RichTextSectionTextStyle{Code: true})
	case commands.Person:
		if isUser(text) {
			return slack.NewRichTextSectionUserElement(text, nil)
		}
	case commands.Place:
		if isChannel(text) {
			return slack.NewRichTextSectionChannelElement(text, nil)
		}
	case commands.Moment:
		if at, ok := unix(text); ok {
			fallback := at.UTC().Format("2 Jan 15:04 UTC")
			return slack.NewRichTextSectionDateElement(at.Unix(), "{date_short_pretty} {time}", nil, &fallback)
		}
	}
	return words(text)
}

// spanText is one span for the notification text.
func spanText(s commands.Span) string {
	text := escaper.Replace(cleanLines(s.Text))
	switch s.Style {
	case commands.Person:
		if isUser(text) {
			return "<@" + text + ">"
		}
	case commands.Place:
		if isChannel(text) {
			return "<#" + text + ">"
		}
	case commands.Moment:
		if at, ok := unix(text); ok {
			return at.UTC().Format("2 Jan 15:04 UTC")
		}
	}
	return text
}

// unix reads seconds within the years that Slack can show.
func unix(s string) (time.Time, bool) {
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil && seconds > 0 && seconds < 1<<33
}

// whisper tells one person alone, in the thread if there is one, or in a direct message where the
// bot may not write. What cannot be said at all is logged: an ephemeral message is never the only record.
func (b *Bot) whisper(ctx context.Context, inv commands.Invocation, a commands.Answer) {
	if empty(a) {
		return
	}
	m := answer(a, maxAnswer)
	err := b.announce.limits.wait(ctx, methodEphemeral, inv.Channel)
	if err == nil {
		opts := append(options(m), slack.MsgOptionTS(inv.Thread))
		if inv.Thread == "" {
			opts = options(m)
		}
		_, err = b.opt.Workspace.api.PostEphemeralContext(ctx, inv.Channel, inv.User, opts...)
		b.announce.limits.learn(methodEphemeral, err)
	}
	if classify(err) == blocked {
		_, _, err = b.opt.Workspace.api.PostMessageContext(ctx, inv.User, options(m)...)
	}
	if err != nil {
		b.opt.Log.Warn("an answer was not delivered", "key", inv.Key, "error", redacted(err))
	}
}

// options sends a message as it is: nothing is parsed, linked or unfurled.
func options(m message) []slack.MsgOption {
	o := []slack.MsgOption{
		slack.MsgOptionText(m.text, false), slack.MsgOptionParse(false), slack.MsgOptionLinkNames(false),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
	if len(m.blocks) > 0 {
		o = append(o, slack.MsgOptionBlocks(m.blocks...))
	}
	return o
}
