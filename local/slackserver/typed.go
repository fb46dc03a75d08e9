package slackserver

import (
	"regexp"
	"strings"
)

// typedToken finds what Slack turns into entities: @name, #channel and links,
// and mentions that a script wrote in their wire form. A name may hold dots and
// dashes, but not end in one.
var typedToken = regexp.MustCompile(`<[@#][A-Z0-9]+(?:\|[^<>|]*)?>|https?://[^\s<>]+|[@#][\pL\pN_](?:[\pL\pN._-]*[\pL\pN_])?`)

var escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escapeTyped turns what a person typed into Slack's wire text, as a command
// with should_escape gets it: <@U012ANA|ana>, <#C012OPS|ops>, <https://…>, and
// entities for & < >. Names that nobody has stay as they are, and mentions of an
// ID that there is go through. The caller holds the workspace's lock.
func (w *workspace) escapeTyped(typed string, labels bool) string {
	var out strings.Builder
	last := 0
	for _, at := range typedToken.FindAllStringIndex(typed, -1) {
		word := typed[at[0]:at[1]]
		if at[0] > 0 && word[0] != '<' && !strings.ContainsRune(" \t\n\r()[]{},;:=\"'“”‘’<>/*_~!?-\u00a0", lastRune(typed[:at[0]])) {
			continue // such as the @ in an e-mail address
		}
		entity := w.entity(word, labels)
		if entity == "" {
			continue
		}
		out.WriteString(escapeText.Replace(typed[last:at[0]]))
		out.WriteString(entity)
		last = at[1]
	}
	out.WriteString(escapeText.Replace(typed[last:]))
	return out.String()
}

func lastRune(s string) rune {
	var last rune
	for _, r := range s {
		last = r
	}
	return last
}

// entity is the wire form of one word, or "" when it names nothing.
func (w *workspace) entity(word string, labels bool) string {
	name := strings.ToLower(word[1:])
	switch word[0] {
	case '<':
		if w.mentions(word) {
			return word
		}
		return ""
	case 'h':
		return "<" + strings.ReplaceAll(word, "&", "&amp;") + ">"
	case '#':
		if c := w.channel("#" + name); c != nil && !c.isIM {
			return "<#" + c.ID + "|" + c.Name + ">"
		}
		return ""
	}
	switch name {
	case "here", "channel", "everyone":
		return "<!" + name + ">"
	}
	if u := w.user("@" + name); u != nil {
		if labels {
			return "<@" + u.ID + "|" + u.Name + ">"
		}
		return "<@" + u.ID + ">"
	}
	for _, g := range w.groups {
		if g.Handle == name {
			return "<!subteam^" + g.ID + "|@" + g.Handle + ">"
		}
	}
	return ""
}

// mentions says whether a mention such as <@U012ANA> or <#C012OPS|ops> names
// somebody or a channel that there is.
func (w *workspace) mentions(word string) bool {
	id, _, _ := strings.Cut(word[2:len(word)-1], "|")
	if word[1] == '#' {
		c := w.byID[id]
		return c != nil && !c.isIM
	}
	u := w.user(id)
	return u != nil && u.ID == id
}
