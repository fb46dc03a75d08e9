package commands

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

func TestLocking(t *testing.T) {
	for text, want := range map[string]string{
		"lock": "Lock which runbook?",
		"lock restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 disk full":              "For how long?",
		"lock restart-web for=2h":                                                "Why? Whoever is stopped by the lock",
		"lock restart-web for=tomorrow disk full":                                "`for=tomorrow` is no time for a lock.",
		"lock restart-web for=31d disk full":                                     "30 days at most",
		"lock restart-web for=0m disk full":                                      "is no time for a lock",
		"lock restart-web for=2h " + strings.Repeat("x", 301):                    "at most 300",
		"lock restart-web instanceid=i-0aaaaaaaaaaaaaaa1 for=2h disk full":       "Did you mean `InstanceId`?",
		"lock restart-web InstanceId=i-0aaaaaaaaaaaaaaa9 for=2h disk full":       "is not a value that `InstanceId` can have",
		"lock restart-wbe for=2h disk full":                                      "I don't know a runbook `restart-wbe`. Did you mean `restart-web`?",
		"lock restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 for=2h disk full":       "🔒 `restart-web InstanceId=i-0aaaaaaaaaaaaaaa1` is locked until 1790007200 by <U012BEN>: disk full (`l-abcdefg`)",
		`lock restart-web for=1d reason="&lt;!channel&gt; *look*"`:               "until 1790086400 by <U012BEN>: <!channel> *look* (`l-abcdefg`)\nTo end it sooner: `/runbook unlock l-abcdefg`",
		"lock restart-web --for 30m InstanceId=i-0aaaaaaaaaaaaaaa1 reason=disk ": "until 1790001800 by <U012BEN>: disk",
	} {
		_, c := gatedHouse(t)
		if got := read(c.Do(t.Context(), as("U012BEN", text))); !strings.Contains(got, want) {
			t.Errorf("%q: %s\nwants %q", text, got, want)
		}
	}
}

func TestOnlyWhoMayLocksAndUnlocks(t *testing.T) {
	h, c := gatedHouse(t)
	if a := c.Do(t.Context(), as("U012ANA", "lock restart-web for=2h because")); !a.Refused || len(h.locks) > 0 || !strings.Contains(read(a), "No rule lets you lock restart-web") {
		t.Errorf("ana is told %s", read(a))
	}
	c.Do(t.Context(), as("U012BEN", "lock restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 for=2h disk full"))
	if diff := cmp.Diff(map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, h.locks[0].Parameters); diff != "" || h.wishes[1].Reason != "disk full" {
		t.Fatalf("locked %+v\n%s", h.locks, diff)
	}
	for text, want := range map[string]string{
		"unlock l-abcdefg": "No rule lets you lock restart-web",
		"unlock l-nothere": "I don't know a lock `l-nothere` that is not over. `/runbook locks` lists them.",
		"unlock":           "`/runbook unlock ID`",
		"locks":            "Locked now\n🔒 `restart-web InstanceId=i-0aaaaaaaaaaaaaaa1` is locked until 1790007200 by <U012BEN>: disk full (`l-abcdefg`)\nTo end one: `/runbook unlock ID`",
		"locks a b":        "Write `/runbook locks` or `/runbook locks NAME`.",
		"list":             "✋ needs approval by 2 of `leads`  🔒 locked in part: `/runbook locks restart-web`",
		"show restart-web": "🔒 `restart-web InstanceId=i-0aaaaaaaaaaaaaaa1` is locked until",
		"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1": "locked until",
	} {
		if got := read(c.Do(t.Context(), as("U012ANA", text))); !strings.Contains(got, want) {
			t.Errorf("ana: %q: %s\nwants %q", text, got, want)
		}
	}
	if a := c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa2")); a.Execution == nil {
		t.Errorf("the other instance: %s", read(a))
	}
	if got := read(c.Do(t.Context(), as("U012KIM", "unlock l-abcdefg"))); !strings.Contains(got, "🔓 `restart-web InstanceId=i-0aaaaaaaaaaaaaaa1` is no longer locked by `l-abcdefg`.") || len(h.locks) > 0 {
		t.Errorf("kim is told %s", got)
	}
	if got := read(c.Do(t.Context(), as("U012ANA", "locks restart-web"))); !strings.Contains(got, "Nothing is locked.") {
		t.Errorf("ana sees %s", got)
	}
}

func TestLocksThatCannotBeRead(t *testing.T) {
	h, c := gatedHouse(t)
	h.broken = errors.New("disk full: token xoxb-123")
	if got := read(c.Do(t.Context(), as("U012ANA", "locks"))); !strings.Contains(got, "reading the locks") || strings.Contains(got, "xoxb") {
		t.Errorf("ana sees %s", got)
	}
	if got := read(c.Do(t.Context(), as("U012ANA", "list"))); !strings.Contains(got, "restart-web") {
		t.Errorf("ana sees %s", got)
	}
}

// What stands above the grants is said even where something else decided.
func TestARefusalTellsOfFreezesAndLocksAsWell(t *testing.T) {
	h, c := gatedHouse(t)
	text := strings.Replace(gatedPolicy, "\ngrants:", `
freezes:
  - {name: year-end, from: 2026-09-01T00:00:00Z, until: 2026-12-31T00:00:00Z, runbooks: ["*"], reason: "release <!here>", owner: leads, override: [leads]}
grants:`, 1)
	p, err := policy.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	h.policy = p
	at := time.Date(2026, 9, 20, 12, 0, 0, 0, time.UTC)
	h.locks = []policy.Lock{{ID: "l-abcdefg", Runbook: "restart-web", By: "U012BEN", Reason: "disk full", At: at, Until: at.Add(time.Hour)},
		{ID: "l-other", Runbook: "restart-web", Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa2"}}, By: "U012BEN", Until: at.Add(time.Hour)}}
	inv := as("U012LEE", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1")
	inv.At = at
	if got := read(c.Do(t.Context(), inv)); strings.Contains(got, "frozen") || strings.Contains(got, "locked") {
		t.Errorf("lee, who may not see it, is told %s", got)
	}
	inv.User = "U012BEN"
	got := read(c.Do(t.Context(), inv))
	for _, want := range []string{"⛔ No rule lets you run restart-web in #ops.", "\nWhy  ",
		"\nAlso  ❄ `restart-web` is frozen until 1798675200: release <!here> (freeze `year-end`, owner `leads`; 2 of `leads` can let a run through)",
		"\nAlso  🔒 `restart-web` is locked until 1789909200 by <U012BEN>: disk full (`l-abcdefg`)", "\nYou can  "} {
		if !strings.Contains(got, want) {
			t.Errorf("ben is told\n%s\nwants %q", got, want)
		}
	}
	if strings.Contains(got, "l-other") {
		t.Errorf("ben is told of a lock on something else\n%s", got)
	}
	inv.User, inv.Text = "U012ANA", "list"
	if got := read(c.Do(t.Context(), inv)); !strings.Contains(got, "✋ needs approval by 2 of `leads`  ❄ frozen until 1798675200  🔒 locked until 1789909200") {
		t.Errorf("ana sees %s", got)
	}
}
