package policy_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"handrail/policy"
)

// Values that would change the meaning of a command, a template, a file or a screen. None is allowed unless a policy
// lists it, and none that cannot be seen can be listed.
func hostile() []string {
	good := "i-0aaaaaaaaaaaaaaa1"
	values := []string{
		"", " ", good + " ", " " + good, good + "\n", good + "\r\n", "\t" + good, good + "\x00", "\x00", "\x1b[2J", "\x7f", "\u0085", "\u00a0",
		good + "\u200b", "\u200d" + good, "\u2060", "\ufeff" + good, "\u202e" + good, "\u2066x\u2069", "\u061c", "\u200e", "\u200f", "\u2028", "\u2029",
		"\u00ad", "\u034f", "\u115f", "\u1160", "\u17b4", "\u180b", "\u180e", "\u2800", "\u3164", "\uffa0", "\ufe0f", "\U000e0100", "\U000e0041", "\ue000", "\ufdd0",
		"\u3000", "\u2003", "\u202f", "\xff", "\xc3\x28", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"{{", "{{ AutomationAssumeRole }}", "{{ssm:/prod/password}}", "{{ssm-secure:x}}", "{{global:ACCOUNT_ID}}", good + "{{", "}}{{",
		";rm -rf /", "$(reboot)", "`reboot`", "|sh", "&&true", "a'b", `a"b`, `a\b`, "-rf", "--version", "../../etc/passwd", "%s%n", "*", "?", "~", "$HOME",
		"<!channel>", "<@U012ANA>", "<https://example.com|click>", "&lt;", "*bold*", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", `{"a":1}`, "[1]", "null", "true",
		strings.ToUpper(good), "і-0aaaaaaaaaaaaaaa1", "i‐0aaaaaaaaaaaaaaa1", "ｉ-0aaaaaaaaaaaaaaa1", good + "," + good, strings.Repeat("a", 513),
		strings.Repeat("\u0301", 100), strings.Repeat("x", 1<<20),
	}
	for c := range rune(0x20) {
		values = append(values, good+string(c), string(c)+good)
	}
	return values
}

func TestHostileValues(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	for _, value := range hostile() {
		for name, change := range map[string]func(*policy.Request){
			"value": with("InstanceId", value), "second value": with("InstanceId", "i-0aaaaaaaaaaaaaaa1", value), "name": with(value, "x"),
			"runbook": what(value), "actor": who(value), "user group": who("U9", value), "channel": where(value, "ops"), "channel name": where("C9", value),
		} {
			r := request(t, change)
			d := policy.Decide(p, r)
			if d.Allowed() && name != "channel" {
				t.Errorf("%s %q is allowed", name, value)
			}
			e := d.Explain()
			for _, text := range []string{e.Sentence, e.Decided, e.Near, e.Missing, e.Fix} {
				if !utf8.ValidString(text) || len(text) > 1200 || strings.ContainsFunc(text, unseen) {
					t.Errorf("%s %.40q: the explanation says %.100q", name, value, text)
				}
			}
		}
	}
}

func unseen(r rune) bool {
	return r < ' ' || r >= 0x7f && r <= 0xa0 || r == 0xad || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202f || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}

// fills says whether a character prints as nothing although it counts as a letter, a mark or a symbol.
func fills(r rune) bool {
	return strings.ContainsRune("\u034f\u115f\u1160\u17b4\u180b\u180e\u2800\u3164\uffa0\ufe0f\U000e0100", r)
}

// The same values in a policy: those that cannot be seen as they are, or that SSM would resolve, cannot be listed.
func TestHostileAllowValues(t *testing.T) {
	t.Parallel()
	for _, value := range hostile() {
		text := strings.Replace(example, "i-0aaaaaaaaaaaaaaa2], max_items: 1", quoteYAML(value)+"], max_items: 1", 1)
		p, err := policy.Parse("p", []byte(text))
		if err != nil {
			continue
		}
		if strings.Contains(value, "{{") || strings.ContainsFunc(value, unseen) || strings.ContainsFunc(value, fills) || !utf8.ValidString(value) || value == "" || utf8.RuneCountInString(value) > 512 {
			t.Errorf("a policy may list %q", value)
		}
		if d := policy.Decide(p, request(t, with("InstanceId", value))); !d.Allowed() {
			t.Errorf("%q is listed and refused: %s", value, d.Code())
		}
	}
}

// quoteYAML writes a double-quoted scalar with escapes for everything that a policy file cannot hold itself.
func quoteYAML(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	const hex = "0123456789abcdef"
	for i, r := range text {
		switch {
		case r == utf8.RuneError && text[i] == 0xff:
			b.WriteByte(0xff)
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r >= 0x7f:
			b.WriteString(`\U`)
			for shift := 28; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&15])
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
