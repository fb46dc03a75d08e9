package bot

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Slack's IDs: U and W for users, C, G and D for conversations, T and E for teams.
var (
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)
	channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{2,30}$`)
	stamp     = regexp.MustCompile(`^\d{1,12}\.\d{1,9}$`)
	escapes   = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\-_])")
)

func isUser(id string) bool    { return userID.MatchString(id) }
func isChannel(id string) bool { return channelID.MatchString(id) }

// cleanLines makes untrusted text harmless to read: it takes out terminal sequences, control,
// direction and invisible characters. Line ends and tabs stay.
func cleanLines(s string) string {
	if plainASCII(s) {
		return s
	}
	s = escapes.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return -1
		}
		return r
	}, s)
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// clean is cleanLines on one line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, cleanLines(s))
}

// limit cuts s to n characters, and says so with an ellipsis.
func limit(s string, n int) string {
	switch {
	case n <= 0:
		return ""
	case utf8.RuneCountInString(s) <= n:
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// tail keeps the last n characters of s; what broke is at the end of a log.
func tail(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return fmt.Sprintf("… (%d characters before this are not shown)\n", len(r)-n) + string(r[len(r)-n:])
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escaped makes any text literal in mrkdwn, but for its own emphasis signs.
func escaped(s string) string { return escaper.Replace(clean(s)) }

var unemphasised = strings.NewReplacer("*", "∗", "_", "＿", "~", "∼", "`", "ˋ")

// sentence makes a sentence literal in mrkdwn, emphasis signs included. Only signs that could open
// or close emphasis change.
func sentence(s string, n int) string { return unemphasised.Replace(escaped(limit(clean(s), n))) }

// bold and code show a name in mrkdwn. A name cannot end its own emphasis.
func bold(s string) string {
	return "*" + unbroken.Replace(escaped(limit(clean(s), 100))) + "*"
}

var unbroken = strings.NewReplacer("*", "∗", "~", "∼", "`", "ˋ")

func code(s string) string {
	s = strings.ReplaceAll(escaped(limit(clean(s), 100)), "`", "ˋ")
	if strings.TrimSpace(s) == "" {
		s = "(empty)"
	}
	return "`" + s + "`"
}

// person shows a user in mrkdwn. What is no user ID mentions nobody.
func person(id string) string {
	if isUser(id) {
		return "<@" + id + ">"
	}
	return code(id)
}

// moment shows a time in each reader's zone.
func moment(t time.Time, format string) string {
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), format, t.UTC().Format("15:04 UTC"))
}

// human is a duration as people say it, to the second. A number and its unit stay on one line.
func human(d time.Duration) string {
	d = max(d, 0)
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case d < time.Second:
		return "less than a second"
	case s < 60:
		return fmt.Sprintf("%d\u00a0s", s)
	case s < 3600:
		return fmt.Sprintf("%d\u00a0m %02d\u00a0s", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%d\u00a0h %02d\u00a0m", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d\u00a0d %d\u00a0h", s/86400, s%86400/3600)
}

// between is the time from a to b, "" if either is not known.
func between(a, b time.Time) string {
	if a.IsZero() || b.IsZero() {
		return ""
	}
	return human(b.Sub(a))
}
