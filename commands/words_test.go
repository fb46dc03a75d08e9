package commands

import (
	"errors"
	"strings"
	"testing"
	"unicode"
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

// What a button or a form says is taken as it is: no quote, mention or escape in a value is read again.
func TestArgsAreNotReadAgain(t *testing.T) {
	h, c := newHouse(t)
	inv := as("U012ANA", "run something-else")
	inv.Args = []Word{{Value: "run"}, {Value: "restart-web"}, {Key: "InstanceId", Value: "i-0aaaaaaaaaaaaaaa1"},
		{Key: "reason", Value: `it "hangs" & <@U012BEN> x=y --dry-run`}}
	if a := c.Do(t.Context(), inv); a.Execution == nil || h.asked[0].Reason != `it "hangs" & <@U012BEN> x=y --dry-run` {
		t.Fatalf("answer: %s, asked %+v", read(a), h.asked)
	}
	inv.Key, inv.Args = "k2", []Word{{Value: "run"}, {Value: "restart-web"}, {Key: "InstanceId", Value: "i 9"}}
	if got := read(c.Do(t.Context(), inv)); !strings.Contains(got, "`/runbook run restart-web InstanceId=\"i 9\"\n                         ^^^^^^^^^^^^^^^^`") {
		t.Errorf("a wrong value in a form: %s", got)
	}
	inv.Args = []Word{{Value: strings.Repeat("x", MaxText+1)}}
	if got := read(c.Do(t.Context(), inv)); !strings.Contains(got, "longer than a command") {
		t.Errorf("a long form: %s", got)
	}
}

// FuzzArgs checks that words which are shown as a line are those words when the line is typed.
func FuzzArgs(f *testing.F) {
	f.Add("a", `b "c" d`)
	f.Add("", "it's")
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, r := range key + value {
			if strings.ContainsRune("<>&\u00a0\u202f\u2013\u2014\u201e\u201f\u201a\u201b\\\n\r\t", r) || r == utf8.RuneError {
				t.Skip() // Slack's escapes and what phones make are for typed lines
			}
		}
		if strings.ContainsFunc(key, unicode.IsSpace) || strings.ContainsAny(key, "=\"'\u201c\u201d\u2018\u2019-") || strings.HasPrefix(value, "-") {
			t.Skip()
		}
		_, line, err := Invocation{Args: []Word{{Key: key, Value: value}}}.words()
		if err != nil {
			return
		}
		got, err := Split(line)
		if err != nil || len(got) != 1 || got[0].Key != key || got[0].Value != value {
			t.Fatalf("%q=%q is shown as %q, which is %+v, %v", key, value, line, got, err)
		}
	})
}
