package commands

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"handrail/policy"
)

// Invocation is one thing a person asked, after the edge has verified it. No Slack type goes further in than this.
type Invocation struct {
	Key     string // idempotency key: the same delivery twice has the same key
	Entry   policy.Entry
	Team    string // verified team ID
	User    string // verified user ID
	Channel string // verified channel ID
	Thread  string // ts of the thread, "" if none
	Text    string // as typed, with Slack's escapes (&amp; <@U…|name> <#C…|name>)
	Args    []Word // the words themselves, from a button or a form: used instead of Text if there are any, and never read again
	Command string // how the person called us, for hints: "/runbook" or "@Handrail"
	At      time.Time
}

// words are the words of the invocation, and the line that they stand in: as typed, or as it would be typed.
func (inv Invocation) words() ([]Word, string, error) {
	if len(inv.Args) == 0 {
		words, err := Split(inv.Text)
		return words, clean(inv.Text), err
	}
	size, at := 0, 0
	var words []Word
	var b strings.Builder
	for _, w := range inv.Args {
		text := w.typed()
		if size += len(text); size > MaxText || !utf8.ValidString(text) {
			return nil, "", &SyntaxError{What: "That is longer than a command can be, or holds characters that are no text. Please write it anew."}
		}
		if at > 0 {
			b.WriteByte(' ')
			at++
		}
		w.At, w.Width = at, utf8.RuneCountInString(text)
		at += w.Width
		b.WriteString(text)
		words = append(words, w)
	}
	return words, b.String(), nil
}

// typed is the word as somebody would type it.
func (w Word) typed() string {
	value := w.Value
	if value == "" || strings.ContainsAny(value, "\"'\u201c\u201d\u2018\u2019") || strings.ContainsFunc(value, unicode.IsSpace) || w.Key == "" && strings.Contains(value, "=") {
		value = `"` + quoting.Replace(value) + `"`
	}
	if w.Key == "" {
		return value
	}
	return w.Key + "=" + value
}

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\u201c", "\\\u201c", "\u201d", "\\\u201d")
