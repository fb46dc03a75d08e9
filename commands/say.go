package commands

import (
	"strconv"
	"strings"
	"time"
)

// line builds a Line from a format whose only verb is %s. A Span and a Line keep their styles, a string is plain.
func line(format string, args ...any) Line {
	var l Line
	for i, part := range strings.Split(format, "%s") {
		if i > 0 && i <= len(args) {
			l = append(l, spans(args[i-1])...)
		}
		if part != "" {
			l = append(l, Span{Text: part})
		}
	}
	return l
}

func spans(arg any) Line {
	switch v := arg.(type) {
	case Line:
		return v
	case Span:
		return Line{v}
	case string:
		return Line{{Text: breaks.Replace(v)}} // one line stays one line, whoever wrote the text
	}
	return nil
}

func code(s string) Span   { return Span{Code, s} }
func bold(s string) Span   { return Span{Bold, s} }
func person(s string) Span { return Span{Person, s} }

func moment(t time.Time) Span { return Span{Moment, strconv.FormatInt(t.Unix(), 10)} }

// list joins words as code: `a`, `b` and `c`.
func list(words []string) Line { return joined(codes(words), "and") }

// anyOf joins words as code: `a`, `b` or `c`.
func anyOf(words []string) Line { return joined(codes(words), "or") }

func codes(words []string) []Line {
	parts := make([]Line, len(words))
	for i, w := range words {
		parts[i] = Line{code(w)}
	}
	return parts
}

// and joins lines: a, b and c.
func and(parts []Line) Line { return joined(parts, "and") }

// joined joins lines with commas, and the last two with a word.
func joined(parts []Line, last string) Line {
	var l Line
	for i, p := range parts {
		switch {
		case i > 0 && i == len(parts)-1:
			l = append(l, Span{Text: " " + last + " "})
		case i > 0:
			l = append(l, Span{Text: ", "})
		}
		l = append(l, p...)
	}
	return l
}

// say is an answer of whole lines.
func say(lines ...Line) Answer { return Answer{Lines: lines} }

// join makes one line of several.
func join(lines ...Line) Line {
	var l Line
	for _, x := range lines {
		l = append(l, x...)
	}
	return l
}

// window is how much of a long line is shown around the mark, in characters.
const window = 100

// point shows a line of input with marks under a part of it. Line breaks become spaces, and of a long line it shows
// the part around the mark.
func point(prefix, text string, at, width int) Line {
	all := []rune(breaks.Replace(prefix + " " + text))
	at += len([]rune(prefix)) + 1
	from, to := 0, len(all)
	if to > window {
		from = min(max(0, at-window/4), to-window)
		if at+width <= window {
			from = 0
		}
		to = from + window
	}
	width = max(1, min(width, to-at))
	shown, at := string(all[from:to]), at-from
	if from > 0 {
		shown, at = "…"+shown, at+1
	}
	if to < len(all) {
		shown += "…"
	}
	return Line{code(shown + "\n" + strings.Repeat(" ", at) + strings.Repeat("^", width))}
}

var breaks = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")
