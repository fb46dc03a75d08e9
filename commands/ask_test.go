package commands

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

// A click says only which decision it is about. What is asked for is what that decision refused, to the same person, in
// the same place, within the hour.
func TestAskingWithADecision(t *testing.T) {
	at := as("", "").At
	refused := policy.Record{ID: "d-abcdefghijkl", At: at.Add(-time.Minute), Actor: "U012MALLORY", Team: "T1", Channel: "C012OPS", Action: policy.Run,
		Runbook: "restart-web", Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa2"}}, Code: policy.CodeActionNotGranted,
		Facts: policy.Facts{Ask: true, Reason: "it hangs"}}
	for name, tc := range map[string]struct {
		user   string
		change func(*policy.Record)
		args   []Word
		want   string // "" means that it is asked
	}{
		"the button":      {"U012MALLORY", func(*policy.Record) {}, nil, ""},
		"an hour ago":     {"U012MALLORY", func(r *policy.Record) { r.At = at.Add(-time.Hour) }, nil, ""},
		"too late":        {"U012MALLORY", func(r *policy.Record) { r.At = at.Add(-time.Hour - time.Millisecond) }, nil, "more than an hour old. Run it again, and ask then: `/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa2`"},
		"from tomorrow":   {"U012MALLORY", func(r *policy.Record) { r.At = at.Add(24 * time.Hour) }, nil, "more than an hour old"},
		"somebody else's": {"U012BEN", func(*policy.Record) {}, nil, "I don't know a refusal `d-abcdefghijkl` of yours."},
		"another team":    {"U012MALLORY", func(r *policy.Record) { r.Team = "T2" }, nil, "I don't know a refusal"},
		"another channel": {"U012MALLORY", func(r *policy.Record) { r.Channel = "C012RND" }, nil, "decided in another channel"},
		"not offered":     {"U012MALLORY", func(r *policy.Record) { r.Facts.Ask = false }, nil, "does not let you ask"},
		"a yes":           {"U012MALLORY", func(r *policy.Record) { r.Allowed = true }, nil, "I don't know a refusal"},
		"a cancel":        {"U012MALLORY", func(r *policy.Record) { r.Action = policy.Cancel }, nil, "I don't know a refusal"},
		"none":            {"U012MALLORY", func(r *policy.Record) { r.ID = "d-other" }, nil, "I don't know a refusal"},
		"with parameters": {"U012MALLORY", func(*policy.Record) {}, []Word{{Key: "InstanceId", Value: "i-0aaaaaaaaaaaaaaa1"}}, "I don't know a runbook `d-abcdefghijkl`"},
		"an own reason":   {"U012MALLORY", func(*policy.Record) {}, []Word{{Key: "reason", Value: "still hangs"}}, ""},
	} {
		h, c := gatedHouse(t)
		r := refused
		tc.change(&r)
		h.records[r.ID] = r
		inv := as(tc.user, "")
		inv.Entry, inv.Args = policy.ByButton, append([]Word{{Value: "ask"}, {Value: "d-abcdefghijkl"}}, tc.args...)
		a := c.Do(t.Context(), inv)
		switch {
		case tc.want != "":
			if got := read(a); !strings.Contains(got, tc.want) || len(h.asked) > 0 {
				t.Errorf("%s: %s\nasked %+v", name, got, h.asked)
			}
		case len(h.asked) != 1 || a.Execution == nil:
			t.Errorf("%s: %s", name, read(a))
		default:
			want := r.Parameters
			if diff := cmp.Diff(want, h.asked[0].Parameters); diff != "" || !h.asked[0].OneTime || h.asked[0].Runbook != "restart-web" || h.asked[0].Reason == "" {
				t.Errorf("%s: asked %+v\n%s", name, h.asked[0], diff)
			}
			inv.Key = "another click"
			if got := read(c.Do(t.Context(), inv)); len(h.asked) != 1 || !strings.Contains(got, "received before: it is `r-abcdefg`") {
				t.Errorf("%s: a second click is told %s", name, got)
			}
			if tc.args != nil && h.asked[0].Reason != "still hangs" {
				t.Errorf("%s: asked for %q", name, h.asked[0].Reason)
			}
		}
	}
}

// Who may run it need not ask.
func TestAskingForWhatOneMayRun(t *testing.T) {
	_, c := gatedHouse(t)
	got := read(c.Do(t.Context(), as("U012ANA", "ask restart-web InstanceId=i-0aaaaaaaaaaaaaaa1")))
	if !strings.Contains(got, "You can  run it, without asking: `/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`") {
		t.Errorf("ana is told %s", got)
	}
	if got := read(c.Do(t.Context(), as("U012MALLORY", "ask restart-web"))); !strings.Contains(got, "Try  `/runbook ask restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`") {
		t.Errorf("mallory is told %s", got)
	}
}

func TestAskingByName(t *testing.T) {
	h, c := gatedHouse(t)
	a := c.Do(t.Context(), as("U012MALLORY", `ask restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 reason="it hangs"`))
	if a.Execution == nil || !h.asked[0].OneTime || h.asked[0].Reason != "it hangs" {
		t.Fatalf("mallory is told %s", read(a))
	}
	for text, want := range map[string]string{
		"ask": "`/runbook ask NAME key=value…`",
		"ask restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 --break-glass": "I don't know what `--break-glass` is for.",
		"ask restart-web --dry-run InstanceId=i-0aaaaaaaaaaaaaaa1":     "Needs  1 of `leads`",
		"ask restart-web InstanceId=i-9":                               "i-9 is not allowed",
	} {
		inv := as("U012MALLORY", text)
		inv.Key = text
		if got := read(c.Do(t.Context(), inv)); !strings.Contains(got, want) {
			t.Errorf("%q: %s\nwants %q", text, got, want)
		}
	}
	if len(h.asked) != 1 {
		t.Errorf("asked %+v", h.asked)
	}
}

// The flag reaches the policy, and only there is it decided who may use it.
func TestBreakGlass(t *testing.T) {
	h, c := gatedHouse(t)
	for text, want := range map[string]string{
		"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 --break-glass":   `Add reason="…".`,
		"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 reason=x":        "red-button",
		"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 --brake-glass x": "Did you mean --break-glass?",
	} {
		if got := read(c.Do(t.Context(), as("U012KIM", text))); !strings.Contains(got, want) {
			t.Errorf("%q: %s\nwants %q", text, got, want)
		}
	}
	a := c.Do(t.Context(), as("U012KIM", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 —break-glass reason=“all is down”"))
	if a.Execution == nil || !h.asked[0].BreakGlass || h.asked[0].Reason != "all is down" {
		t.Fatalf("kim is told %s", read(a))
	}
	h.executions[0].BreakGlass = true
	if got := read(c.Do(t.Context(), as("U012ANA", "history --break-glass"))); !strings.Contains(got, "r-abcdefg") || !strings.Contains(got, "🚨 emergency") || !h.query.BreakGlass {
		t.Errorf("ana sees %s", got)
	}
	h.executions[0].BreakGlass = false
	if got := read(c.Do(t.Context(), as("U012ANA", "history restart-web --break-glass since=7d"))); !strings.Contains(got, "Nothing ran that matches") {
		t.Errorf("ana sees %s", got)
	}
}
