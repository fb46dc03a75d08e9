package commands

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"handrail/policy"
)

// Word is one argument as typed: a bare word, or key=value.
type Word struct {
	Key   string // "" for a bare word
	Value string
	At    int // where it begins in the line, in characters
	Width int // how wide it is in the line, in characters
}

// MaxText is the longest command in bytes. Slack sends at most 4,000 characters of a message
// (docs.slack.dev/changelog/2018-truncating-really-long-messages).
const MaxText = 16 << 10

// SyntaxError is a line that cannot be read.
type SyntaxError struct {
	What  string // what is wrong and how to write it
	At    int    // where, in characters of Text
	Width int
	Text  string // the line as it was read, "" if it could not be
}

// Error says what is wrong and where.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s (at character %d)", e.What, e.At+1)
}

// Split reads a command line: words and key=value pairs, with straight or curly quotes, --key value
// and —key value for key=value, and Slack's escapes. A mention becomes @U… or #C…, whatever label it
// carries, because only the ID can be trusted. Split never panics.
func Split(text string) ([]Word, error) {
	r := &reader{}
	if len(text) > MaxText {
		return nil, r.fail("That is longer than a command can be. Please shorten it.", 0, 0)
	}
	if !utf8.ValidString(text) {
		return nil, r.fail("That holds characters that are no text. Please type it again.", 0, 0)
	}
	r.line = []rune(clean(text))
	var words []Word
	for r.skip(); !r.done(); r.skip() {
		w, err := r.word()
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
	return words, nil
}

// clean takes Slack's escapes out of a line and makes the dashes and spaces that phones type plain.
func clean(text string) string {
	var b strings.Builder
	for text != "" {
		open := strings.IndexByte(text, '<')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '>')
		if end < 0 {
			break
		}
		b.WriteString(plain(text[:open]))
		b.WriteString(escape(text[open+1 : open+end]))
		text = text[open+end+1:]
	}
	b.WriteString(plain(text))
	return strings.TrimSpace(b.String())
}

var dashes = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2014", "--", "\u2013", "--")

func plain(text string) string { return dashes.Replace(html.UnescapeString(text)) }

// escape reads what stands between < and >: @U…|name, #C…|name, !subteam^S…|name, or a link that Slack made of the text.
func escape(inner string) string {
	id, label, labelled := strings.Cut(inner, "|")
	switch {
	case strings.HasPrefix(id, "@"), strings.HasPrefix(id, "#"):
		return id
	case strings.HasPrefix(id, "!"):
		return "@" + strings.TrimPrefix(strings.TrimPrefix(id, "!"), "subteam^")
	case labelled && bare(id) == bare(label):
		return plain(label)
	}
	return plain(id)
}

// bare is an address as people type it. A link is read as its label only if that is the address: any other label could
// hide where it goes.
func bare(address string) string {
	for _, scheme := range []string{"http://", "https://", "mailto:", "tel:"} {
		address = strings.TrimPrefix(address, scheme)
	}
	return strings.TrimSuffix(address, "/")
}

type reader struct {
	line []rune
	at   int
}

func (r *reader) done() bool { return r.at >= len(r.line) }

func (r *reader) peek() rune {
	if r.done() {
		return 0
	}
	return r.line[r.at]
}

func (r *reader) skip() {
	for !r.done() && space(r.peek()) {
		r.at++
	}
}

func space(c rune) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// word reads one word, or a key with its value.
func (r *reader) word() (Word, error) {
	w := Word{At: r.at}
	long := r.at+1 < len(r.line) && r.line[r.at] == '-' && r.line[r.at+1] == '-'
	if long {
		r.at += 2
	}
	text, quoted, err := r.text(true)
	if err != nil {
		return w, err
	}
	switch {
	case text == "" && !quoted:
		return w, r.fail("A name is missing here. Write NAME=VALUE.", w.At, max(1, r.at-w.At))
	case !quoted && r.peek() == '=':
		r.at++
		w.Key = text
		w.Value, _, err = r.text(false)
	case long && !flags[text]:
		if flag := meantFlag(text); flag != "" {
			return w, r.fail(fmt.Sprintf("I don't know --%s. Did you mean --%s?", text, flag), w.At, r.at-w.At)
		}
		w.Key = text
		r.skip()
		if r.done() {
			return w, r.fail(fmt.Sprintf("--%s needs a value: --%s VALUE or %s=VALUE.", text, text, text), w.At, r.at-w.At)
		}
		w.Value, _, err = r.text(false)
	case long:
		w.Value = "--" + text
	default:
		w.Value = text
	}
	w.Width = r.at - w.At
	return w, err
}

// flags are the words with -- that take no value.
var flags = map[string]bool{"dry-run": true, "break-glass": true}

// meantFlag is the flag that somebody meant who wrote it in another way, or "". Names of parameters have capitals.
func meantFlag(text string) string {
	for flag := range flags {
		if len(text) >= 3 && text == strings.ToLower(text) && len(policy.Nearest(text, []string{flag})) > 0 {
			return flag
		}
	}
	return ""
}

// text reads up to the next space, and up to = as well for what may be a key. Quotes count at its beginning only, so
// that an apostrophe inside a word is itself.
func (r *reader) text(key bool) (text string, quoted bool, err error) {
	if closers := quotes(r.peek()); closers != "" {
		text, err = r.quoted(closers)
		return text, true, err
	}
	start := r.at
	for !r.done() && !space(r.peek()) && (!key || r.peek() != '=') {
		r.at++
	}
	return string(r.line[start:r.at]), false, nil
}

// quotes returns what may close a quotation that c opens: any of its kind, since phones and people mix them.
func quotes(c rune) string {
	const double, single = "\"\u201c\u201d\u201e\u201f", "'\u2018\u2019\u201a\u201b"
	switch {
	case c != 0 && strings.ContainsRune(double, c):
		return double
	case c != 0 && strings.ContainsRune(single, c):
		return single
	}
	return ""
}

// quoted reads to the closing quote. Within, \" and \\ stand for themselves.
func (r *reader) quoted(closers string) (string, error) {
	start := r.at
	r.at++
	var b strings.Builder
	for !r.done() {
		c := r.line[r.at]
		next := rune(0)
		if r.at+1 < len(r.line) {
			next = r.line[r.at+1]
		}
		switch {
		case c == '\\' && (next == '\\' || quotes(next) == closers):
			b.WriteRune(next)
			r.at += 2
			continue
		case strings.ContainsRune(closers, c):
			r.at++
			if !r.done() && !space(r.peek()) {
				return "", r.fail("Text follows a closing quote. Put a space between them, or quote all of it.", start, r.at-start+1)
			}
			return b.String(), nil
		}
		b.WriteRune(c)
		r.at++
	}
	return "", r.fail("A quote opens here and never closes. Close it, or leave it out.", start, r.at-start)
}

func (r *reader) fail(what string, at, width int) error {
	return &SyntaxError{What: what, At: at, Width: width, Text: string(r.line)}
}
