package commands

import (
	"strings"
	"testing"
)

func TestPointShowsThePartAroundTheMark(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tc := range []struct {
		name, text string
		at, width  int
		shown      string
		marks      string
	}{
		{"a short line", "run a b", 6, 1, "/rb run a b", "          ^"},
		{"line breaks", "run\na\r\tb", 7, 1, "/rb run a  b", "           ^"},
		{"the end", "run", 3, 0, "/rb run", "       ^"},
		{"a mark at the end of a long line", long + " bad", 301, 3, "…" + strings.Repeat("x", 96) + " bad", strings.Repeat(" ", 98) + "^^^"},
		{"a mark in the middle", long + "bad" + long, 300, 3, "…" + strings.Repeat("x", 25) + "bad" + strings.Repeat("x", 72) + "…", strings.Repeat(" ", 26) + "^^^"},
		{"a mark at the beginning", "bad" + long, 0, 3, "/rb bad" + strings.Repeat("x", 93) + "…", "    ^^^"},
		{"a mark that is longer than the window", "a=" + long + long, 2, 600, "/rb a=" + strings.Repeat("x", 94) + "…", "      " + strings.Repeat("^", 94)},
	} {
		got := point("/rb", tc.text, tc.at, tc.width)[0].Text
		shown, marks, _ := strings.Cut(got, "\n")
		if tc.name == "a mark that is longer than the window" {
			if len([]rune(shown)) > window+2 || strings.Count(marks, "^") > window || strings.Count(marks, "^") < window/2 {
				t.Errorf("%s:\n%s", tc.name, got)
			}
			continue
		}
		if shown != tc.shown || marks != tc.marks {
			t.Errorf("%s:\n%s\nwant\n%s\n%s", tc.name, got, tc.shown, tc.marks)
		}
	}
}
