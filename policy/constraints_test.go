package policy_test

import (
	"context"
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"handrail/policy"
)

// constrained is the example with another constraint for InstanceId.
func constrained(t testing.TB, constraint string) *policy.Policy {
	t.Helper()
	return parse(t, strings.Replace(example, "{allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 1}", constraint, 1))
}

// kinds are one parameter for each kind of constraint, and one with several.
var kinds = map[string]string{
	"allow":   "{allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]}",
	"pattern": `{pattern: "i-[0-9a-f]{17}"}`,
	"either":  `{pattern: "a|i-0aaaaaaaaaaaaaaa1"}`,
	"lines":   `{pattern: "(?m)^i-0a+1$"}`,
	"dots":    `{pattern: "i-[a-z0-9.]*1"}`,
	"number":  "{min: 1, max: 10}",
	"least":   "{min: -5}",
	"secret":  "{secret: true}",
	"both":    `{secret: true, pattern: "/prod/[a-z]+"}`,
}

// more are hostile values beside those of hostile(), for numbers, patterns and secrets.
func more() []string {
	return []string{
		"01", "+1", "1 ", " 1", "1.0", "1e0", "0x1", "1_0", "１", "١", "-0", "--1", "1\n", "\n1", "1\x00", "9223372036854775808", "99999999999999999999", "-6", "0", "11", "1,2", "NaN", "Infinity", "one",
		"hunter2", "password=/prod/db", "prod/db", "/", "//", "/a/", "/a//b", "/prod/ db", "/prod/db\n", "/../x", "/prod/..", "/./x", "/-rf", "/pröd/db", "/prоd/db", "/prod/db:1", "ssm:/prod/db", "{{ssm:/prod/db}}",
		"/prod/db;id", "/prod/$(id)", "/prod/db?x", "\\prod\\db", "C:/prod", "/" + strings.Repeat("a", 512), strings.Repeat("/a", 16), "https://example.com/x", "arn:aws:ssm:eu-west-1:123456789012:parameter/x",
		"a\ni-0aaaaaaaaaaaaaaa1", "i-0aaaaaaaaaaaaaaa1\na", "b|i-0aaaaaaaaaaaaaaa1", "xi-0aaaaaaaaaaaaaaa1", "i-0aaaaaaaaaaaaaaa1x", "I-0AAAAAAAAAAAAAAA1", "i-\n1", "i-a\u20281",
	}
}

func TestHostileValuesOfEveryKind(t *testing.T) {
	t.Parallel()
	all := append(hostile(), more()...)
	if len(all) < 150 {
		t.Fatalf("there are only %d values", len(all))
	}
	fine := map[string][]string{ // what is no attack on that kind
		"least":   {"0", "11"},
		"pattern": {}, "allow": {}, "either": {}, "lines": {}, "dots": {}, "number": {}, "secret": {}, "both": {},
	}
	for kind, constraint := range kinds {
		p := constrained(t, constraint)
		for _, value := range all {
			d := policy.Decide(p, request(t, with("InstanceId", value)))
			if d.Allowed() != slices.Contains(fine[kind], value) {
				t.Errorf("%s takes %q: %s", kind, value, d.Code())
			}
			if e := d.Explain(); kind == "secret" && len(value) > 3 && strings.Contains(e.Sentence+e.Fix+e.Missing+e.Near+e.Value, value) && !strings.Contains("/path/name", value) {
				t.Errorf("the explanation repeats what may be a secret: %q in %+v", value, e)
			}
		}
	}
}

func TestValuesOfEveryKind(t *testing.T) {
	t.Parallel()
	for kind, values := range map[string][]string{
		"allow": {"i-0aaaaaaaaaaaaaaa1"}, "pattern": {"i-0123456789abcdef0"}, "either": {"a", "i-0aaaaaaaaaaaaaaa1"}, "number": {"1", "10", "7"},
		"least": {"-5", "9223372036854775807", "0"}, "secret": {"/prod/db", "/a", "/a/b_c/d-e.f", strings.Repeat("/a", 15)}, "both": {"/prod/db"}, "lines": {"i-0aaa1"}, "dots": {"i-.1"},
	} {
		p := constrained(t, kinds[kind])
		for _, value := range values {
			if d := policy.Decide(p, request(t, with("InstanceId", value))); !d.Allowed() {
				t.Errorf("%s refuses %q: %s", kind, value, d.Code())
			}
		}
	}
}

func TestCodesOfValues(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		kind, value string
		want        policy.Code
	}{
		{"pattern", "i-1", policy.CodeValueNotAllowed}, {"pattern", "", policy.CodeValueMissing}, {"number", "11", policy.CodeValueNotAllowed},
		{"number", "{{x}}", policy.CodeValueTemplate}, {"dots", "i-\u200b1", policy.CodeValueHidden}, {"dots", "i-" + strings.Repeat("a", 512) + "1", policy.CodeValueTooLong},
		{"secret", "hunter2", policy.CodeValueSecret}, {"secret", "{{ssm:/a}}", policy.CodeValueSecret}, {"secret", "", policy.CodeValueMissing},
		{"both", "/dev/db", policy.CodeValueNotAllowed}, {"both", "hunter2", policy.CodeValueSecret},
	} {
		if d := policy.Decide(constrained(t, kinds[row.kind]), request(t, with("InstanceId", row.value))); d.Code() != row.want {
			t.Errorf("%s %q: %s, want %s", row.kind, row.value, d.Code(), row.want)
		}
	}
}

func TestWants(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"allow":   "It wants InstanceId to be one of i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2.",
		"pattern": "It wants InstanceId to be text that matches i-[0-9a-f]{17} as a whole.",
		"number":  "It wants InstanceId to be a whole number from 1 to 10.",
		"least":   "It wants InstanceId to be a whole number of -5 or more.",
		"secret":  "It wants InstanceId to be the name of an SSM parameter that holds the secret, such as /path/name.",
		"both":    "It wants InstanceId to be the name of an SSM parameter that holds the secret, such as /path/name, that matches /prod/[a-z]+ as a whole.",
	} {
		b, _ := constrained(t, kinds[kind]).Runbook("restart-web")
		p, _ := b.Parameter("InstanceId")
		if got := p.Wants(); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

// holds is an independent reading of what the kinds want.
func holds(kind, value string) bool {
	if value == "" || utf8.RuneCountInString(value) > 512 || strings.Contains(value, "{{") || strings.ContainsFunc(value, unseen) || strings.ContainsFunc(value, fills) ||
		!utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return false
	}
	number := func(least, most int64) bool {
		n, ok := new(big.Int).SetString(value, 10)
		return ok && n.String() == value && n.Cmp(big.NewInt(least)) >= 0 && n.Cmp(big.NewInt(most)) <= 0
	}
	matches := func(pattern string) bool { return regexp.MustCompile(`\A(` + pattern + `)\z`).MatchString(value) }
	const name = `(/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,15}`
	switch kind {
	case "allow":
		return value == "i-0aaaaaaaaaaaaaaa1" || value == "i-0aaaaaaaaaaaaaaa2"
	case "pattern":
		return matches(`i-[0-9a-f]{17}`)
	case "either":
		return value == "a" || value == "i-0aaaaaaaaaaaaaaa1"
	case "lines":
		return matches(`i-0a+1`)
	case "dots":
		return matches(`i-[a-z0-9.]*1`)
	case "number":
		return number(1, 10)
	case "least":
		return number(-5, 1<<63-1)
	case "secret":
		return matches(name)
	case "both":
		return matches(name) && matches(`/prod/[a-z]+`)
	}
	return false
}

// What is accepted holds what the policy wants, and the other way round.
func TestAnyValue(t *testing.T) {
	t.Parallel()
	policies := map[string]*policy.Policy{}
	for kind, constraint := range kinds {
		policies[kind] = constrained(t, constraint)
	}
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`i-[0-9a-f]{16,18}`), rapid.StringMatching(`-?[0-9]{1,3}`), rapid.StringMatching(`(/?[a-z.-]{0,3}){1,4}`), rapid.StringMatching(`/prod/[a-z]+`),
			rapid.SampledFrom(append(hostile()[:60], more()...)),
		).Draw(rt, "value")
		for kind, p := range policies {
			d := policy.Decide(p, request(t, with("InstanceId", value)))
			if d.Allowed() != holds(kind, value) {
				rt.Fatalf("%s %q: %s", kind, value, d.Code())
			}
			if d.Allowed() {
				accepted++
			}
		}
	})
	if accepted < 20 {
		t.Errorf("only %d values were accepted", accepted)
	}
}

// FuzzValue asks the same of any bytes.
func FuzzValue(f *testing.F) {
	for _, value := range append(hostile(), more()...) {
		if len(value) < 1000 {
			f.Add(value)
		}
	}
	policies := map[string]*policy.Policy{}
	for kind, constraint := range kinds {
		policies[kind] = constrained(f, constraint)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for kind, p := range policies {
			d := policy.Decide(p, request(t, with("InstanceId", value)))
			if d.Allowed() && !holds(kind, value) {
				t.Fatalf("%s takes %q", kind, value)
			}
			d.Explain()
		}
	})
}

// A secret that somebody types where its name belongs is in no record, whatever the refusal is for.
func TestRecordsKeepNoSecret(t *testing.T) {
	t.Parallel()
	gate := policy.NewGate(constrained(t, kinds["secret"]))
	for name, r := range map[string]*policy.Request{
		"refused for the value":   request(t, with("InstanceId", "/prod/db", "hunter2")),
		"refused for the person":  request(t, who("U0X"), with("InstanceId", "hunter2")),
		"refused for the channel": request(t, where("C9", "random"), with("InstanceId", "hunter2")),
		"in other letters":        request(t, without("InstanceId"), with("instanceid", "hunter2")),
	} {
		var kept policy.Record
		d, err := gate.Check(t.Context(), recordFunc(func(r policy.Record) { kept = r }), "", "", r)
		if err != nil || d.Allowed() {
			t.Fatalf("%s: %v, %v", name, d.Code(), err)
		}
		text, err := json.Marshal(kept)
		if err != nil || strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "(not kept)") {
			t.Errorf("%s: %s, %v", name, text, err)
		}
		if name == "refused for the value" && !strings.Contains(string(text), "/prod/db") {
			t.Errorf("the name of a secret is not kept: %s", text)
		}
	}
}

type recordFunc func(policy.Record)

func (f recordFunc) Record(_ context.Context, r policy.Record) error {
	f(r)
	return nil
}
