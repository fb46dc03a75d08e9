package commands

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []Word
	}{
		{"", nil},
		{"   ", nil},
		{"run restart-web", []Word{{Value: "run"}, {Value: "restart-web"}}},
		{"a=b", []Word{{Key: "a", Value: "b"}}},
		{"a=b=c", []Word{{Key: "a", Value: "b=c"}}},
		{"a=", []Word{{Key: "a"}}},
		{`a="b c"`, []Word{{Key: "a", Value: "b c"}}},
		{`a='b "c" d'`, []Word{{Key: "a", Value: `b "c" d`}}},
		{"a=“b c”", []Word{{Key: "a", Value: "b c"}}},
		{"a=“b c\"", []Word{{Key: "a", Value: "b c"}}},
		{"a=‘b c’", []Word{{Key: "a", Value: "b c"}}},
		{`a="say \"no\" \\ yes"`, []Word{{Key: "a", Value: `say "no" \ yes`}}},
		{"it's fine", []Word{{Value: "it's"}, {Value: "fine"}}},
		{"--a b", []Word{{Key: "a", Value: "b"}}},
		{"--a=b", []Word{{Key: "a", Value: "b"}}},
		{"—a b", []Word{{Key: "a", Value: "b"}}},
		{"run x --dry-run", []Word{{Value: "run"}, {Value: "x"}, {Value: "--dry-run"}}},
		{"run x —dry-run", []Word{{Value: "run"}, {Value: "x"}, {Value: "--dry-run"}}},
		{"a=1 a=2", []Word{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}}},
		{"by=<@U012ANA|ana.b>", []Word{{Key: "by", Value: "@U012ANA"}}},
		{"by=<@U012ANA>", []Word{{Key: "by", Value: "@U012ANA"}}},
		{"in=<#C012OPS|ops>", []Word{{Key: "in", Value: "#C012OPS"}}},
		{"<!subteam^S0LEADS|@leads>", []Word{{Value: "@S0LEADS"}}},
		{"<!channel>", []Word{{Value: "@channel"}}},
		{"h=<https://evil.example|click>", []Word{{Key: "h", Value: "https://evil.example"}}},
		{"h=<https://evil.example|example.com>", []Word{{Key: "h", Value: "https://evil.example"}}},
		{"h=<mailto:ana@example.com|ana@example.com>", []Word{{Key: "h", Value: "ana@example.com"}}},
		{"h=<http://example.com/|example.com>", []Word{{Key: "h", Value: "example.com"}}},
		{"--DryRun true", []Word{{Key: "DryRun", Value: "true"}}},
		{"h=<http://example.com|example.com>", []Word{{Key: "h", Value: "example.com"}}},
		{"h=<http://example.com/?a=1&amp;b=2>", []Word{{Key: "h", Value: "http://example.com/?a=1&b=2"}}},
		{"a=&lt;@U012ANA&gt;", []Word{{Key: "a", Value: "<@U012ANA>"}}},
		{"a=b\u00a0c=d", []Word{{Key: "a", Value: "b"}, {Key: "c", Value: "d"}}},
		{"a=&amp;amp;", []Word{{Key: "a", Value: "&amp;"}}},
	} {
		got, err := Split(tc.text)
		if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(Word{}, "At", "Width")); diff != "" || err != nil {
			t.Errorf("Split(%q): %v\n%s", tc.text, err, diff)
		}
	}
}

func TestSplitPointsAtTheMistake(t *testing.T) {
	for _, tc := range []struct {
		text, what string
		at         int
	}{
		{`run a="b`, "never closes", 6},
		{`run "b"c`, "closing quote", 4},
		{"run =b", "name is missing", 4},
		{"run --a", "--a VALUE", 4},
		{"run x --dryrun a=b", "I don't know --dryrun. Did you mean --dry-run?", 6},
		{"run x —dry", "Did you mean --dry-run?", 6},
		{strings.Repeat("x", MaxText+1), "longer", 0},
		{"run \xff", "no text", 0},
	} {
		_, err := Split(tc.text)
		var bad *SyntaxError
		if !errors.As(err, &bad) || !strings.Contains(bad.What, tc.what) || bad.At != tc.at {
			t.Errorf("Split(%.20q) = %+v, want %q at %d", tc.text, err, tc.what, tc.at)
		}
	}
}

// FuzzSplit checks that no line upsets the grammar, that every mistake lies inside the line, and that a label never
// becomes part of what was said.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`run a="b c" --d e`, "<@U1|x> “a” 'b", "a=<#C1|y>", "&lt;&gt;&amp;", "--", "—", "=\"", "<", "<|>", "\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words, err := Split(text)
		var bad *SyntaxError
		switch {
		case err != nil && !errors.As(err, &bad):
			t.Fatalf("not a SyntaxError: %v", err)
		case err != nil && (bad.At < 0 || bad.Width < 0 || bad.At+bad.Width > utf8.RuneCountInString(bad.Text)+1):
			t.Fatalf("%q: the mistake at %d+%d is outside of %q", text, bad.At, bad.Width, bad.Text)
		}
		width := utf8.RuneCountInString(clean(text))
		for _, w := range words {
			if w.At < 0 || w.Width < 1 || w.At+w.Width > width {
				t.Fatalf("%q: %+v is outside of the line", text, w)
			}
			if !strings.Contains(w.Value+w.Key, "|") {
				continue
			}
			if i := strings.IndexByte(text, '<'); i < 0 && !strings.Contains(text, "|") && !strings.Contains(text, "&") {
				t.Fatalf("%q: a bar out of nothing in %+v", text, w)
			}
		}
	})
}
