package commands

import (
	"strconv"
	"strings"
	"time"
)

// line builds a Line from a format whose only verb is %s. A Span keeps its style, a string is plain.
func line(format string, args ...any) Line {
	var l Line
	for i, part := range strings.Split(format, "%s") {
		if i > 0 && i <= len(args) {
			l = append(l, span(args[i-1]))
		}
		if part != "" {
			l = append(l, Span{Text: part})
		}
	}
	return l
}

func span(arg any) Span {
	switch v := arg.(type) {
	case Span:
		return v
	case string:
		return Span{Text: v}
	}
	return Span{}
}

func code(s string) Span   { return Span{Code, s} }
func bold(s string) Span   { return Span{Bold, s} }
func person(s string) Span { return Span{Person, s} }

func moment(t time.Time) Span { return Span{Moment, strconv.FormatInt(t.Unix(), 10)} }

// list joins words as code: `a`, `b` and `c`.
func list(words []string) Line {
	var l Line
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			l = append(l, Span{Text: " and "})
		case i > 0:
			l = append(l, Span{Text: ", "})
		}
		l = append(l, code(w))
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

// point shows a line of input with marks under a part of it.
func point(prefix, text string, at, width int) Line {
	marks := strings.Repeat(" ", len([]rune(prefix))+1+at) + strings.Repeat("^", max(1, width))
	return Line{code(prefix + " " + text + "\n" + marks)}
}
