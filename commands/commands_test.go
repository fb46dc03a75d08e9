package commands

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

func TestRunAnswersWithItsCard(t *testing.T) {
	h, c := newHouse(t)
	a := c.Do(t.Context(), as("U012ANA", `run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 InstanceId=i-0aaaaaaaaaaaaaaa2 reason="it hangs"`))
	if len(a.Lines) != 0 || a.Execution == nil || a.Refused {
		t.Fatalf("answer: %s", read(a))
	}
	if got := h.asked[0]; len(got.Parameters["InstanceId"]) != 2 || got.Reason != "it hangs" || got.Parameters["reason"] != nil {
		t.Errorf("asked %+v", got)
	}
	again := c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"))
	if !strings.Contains(read(again), "received before: it is `r-abcdefg`") || again.Execution != nil {
		t.Errorf("a repeated delivery is told %s", read(again))
	}
}

// Each wrong line gets a sentence that says what, where and how to mend it, and starts nothing.
func TestWrongLinesAreExplained(t *testing.T) {
	for _, tc := range []struct{ user, text, want string }{
		{"U012ANA", "rnu restart-web", "I don't know the command `rnu`. Did you mean `run`?"},
		{"U012ANA", "restart-web InstanceId=i-1", "To run it: `/runbook run restart-web InstanceId=i-1`"},
		{"U012ANA", "run", "Which runbook?"},
		{"U012ANA", "run restart-web i-1", "`/runbook run restart-web i-1\n                         ^^^`"},
		{"U012ANA", "run restart-wbe InstanceId=i-1", "restart-web"},
		{"U012ANA", "run restart-web", "Try  `/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`"},
		{"U012ANA", "run restart-web InstanceID=i-0aaaaaaaaaaaaaaa1", "InstanceId"},
		{"U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa9", "^^^"},
		{"U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 AutomationAssumeRole=arn:aws:iam::123456789012:role/Admin", "AutomationAssumeRole"},
		{"U012BEN", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1", "web-restarts"},
		{"U012MALLORY", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1", "I don't know a runbook `restart-web`."},
		{"U012ANA", `run restart-web "InstanceId`, "never closes"},
		{"U012ANA", "run restart-web reason=" + strings.Repeat("x", 301), "at most 300"},
		{"U012ANA", "show nothing-here", "I don't know a runbook `nothing-here`"},
		{"U012ANA", "status r-nothere", "I don't know an execution `r-nothere`"},
		{"U012ANA", "cancel r-nothere", "I don't know an execution `r-nothere`"},
		{"U012ANA", "why d-nothere", "I don't know a decision `d-nothere`"},
		{"U012ANA", "history since=yesterday", "`7d`"},
		{"U012ANA", "history by=ana", "`by=@ana`"},
		{"U012ANA", "history restart-wbe", "Did you mean `restart-web`?"},
		{"U012ANA", "history colour=red", "I don't know `colour=` here"},
	} {
		h, c := newHouse(t)
		if got := read(c.Do(t.Context(), as(tc.user, tc.text))); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q\n%s\nwants %q", tc.user, tc.text, got, tc.want)
		}
		if len(h.asked) != 0 {
			t.Errorf("%q was accepted", tc.text)
		}
	}
}

func TestARefusalNamesBothRules(t *testing.T) {
	_, c := newHouse(t)
	a := c.Do(t.Context(), as("U012BEN", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"))
	text := read(a)
	if !a.Refused || !strings.Contains(text, "the default is no") || !strings.Contains(text, "web-restarts lets web run it") {
		t.Errorf("ben is told\n%s", text)
	}
}

func TestWhatBreaksIsOursAndHasAReference(t *testing.T) {
	h, c := newHouse(t)
	h.broken = errors.New("disk full: token xoxb-123")
	text := read(c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1")))
	if !strings.Contains(text, "nothing was started") || !strings.Contains(text, "`e-") || strings.Contains(text, "xoxb") {
		t.Errorf("ana is told %s", text)
	}
}

func TestADryRunAsksOnly(t *testing.T) {
	h, c := newHouse(t)
	for _, text := range []string{"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 --dry-run", "why restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"} {
		got := read(c.Do(t.Context(), as("U012ANA", text)))
		if !strings.Contains(got, "✅") || !strings.Contains(got, "only a question") || !strings.Contains(got, "role/AmazonSSMAutomationRole") {
			t.Errorf("%q: %s", text, got)
		}
	}
	if len(h.asked) != 0 {
		t.Error("a dry run ran")
	}
}

func TestHelpShowsWhatThisPersonMayRun(t *testing.T) {
	_, c := newHouse(t)
	if got := read(c.Do(t.Context(), as("U012ANA", ""))); !strings.Contains(got, "`/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`") {
		t.Errorf("ana sees\n%s", got)
	}
	if got := read(c.Do(t.Context(), as("U012BEN", "help"))); strings.Contains(got, "restart-web") || !strings.Contains(got, "no runbook that you can run") {
		t.Errorf("ben sees\n%s", got)
	}
	if got := read(c.Do(t.Context(), as("U012ANA", "help cancel"))); !strings.Contains(got, "`/runbook cancel ID [reason]`") {
		t.Errorf("help on a command: %s", got)
	}
}

func TestListAndShow(t *testing.T) {
	h, c := newHouse(t)
	for text, want := range map[string]string{
		"list":              "`restart-web`  Restart a web server",
		"ls rest":           "`restart-web`",
		"list nothing":      "matches `nothing`",
		"show  restart-web": "Rule web-restarts  `web` may run and cancel in `#ops`",
		"show restart-web":  "`InstanceId`: StringList, required, one of `i-0aaaaaaaaaaaaaaa1` and `i-0aaaaaaaaaaaaaaa2`, up to 2 values",
	} {
		if got := read(c.Do(t.Context(), as("U012ANA", text))); !strings.Contains(got, want) {
			t.Errorf("%q: %s\nwants %q", text, got, want)
		}
	}
	h.document = &policy.Document{State: policy.DocumentGone}
	if got := read(c.Do(t.Context(), as("U012ANA", "show restart-web"))); !strings.Contains(got, "AWS has no such document") {
		t.Errorf("a document that is gone: %s", got)
	}
}

func TestStatusHistoryWhyAndCancel(t *testing.T) {
	h, c := newHouse(t)
	c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"))
	x := h.executions[0]
	x.Decision, x.Steps = "d-1", []automation.Step{{Name: "stopInstances", Status: "InProgress"}}
	h.records["d-1"] = policy.Record{ID: "d-1", Runbook: "restart-web", Action: policy.Run, Allowed: true, Code: policy.CodeGranted, Rule: "web-restarts", Actor: "U012ANA", Sentence: "web-restarts lets you run it."}
	for text, want := range map[string]string{
		"status":                          "`r-abcdefg`  restart-web  queued  <U012ANA>",
		"st r-abcdefg":                    "`stopInstances`  InProgress",
		"history":                         "InstanceId=i-0aaaaaaaaaaaaaaa1",
		"why r-abcdefg":                   "✅ <U012ANA> was allowed to ",
		"why d-1":                         "`web-restarts`",
		"cancel r-abcdefg wrong server":   "Cancelling `r-abcdefg`",
		"history by=<@U012ANA> since=7d":  "r-abcdefg",
		"status all":                      "r-abcdefg",
		"history restart-web since=2w":    "r-abcdefg",
		"run restart-web --dry-run a=“b”": "`a`",
	} {
		if got := read(c.Do(t.Context(), as("U012ANA", text))); !strings.Contains(got, want) && !strings.Contains(got, strings.Trim(want, "`")) {
			t.Errorf("%q: %s\nwants %q", text, got, want)
		}
	}
	c.Do(t.Context(), as("U012ANA", "history by=<@U012ANA|a> since=7d restart-web"))
	if want := as("", "").At.Add(-7 * 24 * time.Hour); h.query.Requester != "U012ANA" || !h.query.Since.Equal(want) || h.query.Runbook != "restart-web" {
		t.Errorf("asked the store %+v", h.query)
	}
	if h.cancels[0].Reason != "wrong server" {
		t.Errorf("cancelled with %+v", h.cancels[0])
	}
}

func TestStrangersAreShownNothing(t *testing.T) {
	h, c := newHouse(t)
	c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"))
	for _, standing := range []policy.Standing{policy.StandingGuest, policy.StandingExternal, policy.StandingBot, policy.StandingDeactivated, policy.StandingUnknown} {
		h.standing = standing
		for _, text := range []string{"status all", "history", "show restart-web", "why r-abcdefg", "list", "help"} {
			if got := read(c.Do(t.Context(), as("U012ANA", text))); strings.Contains(got, "r-abcdefg") || strings.Contains(got, "i-0aaaaaaaaaaaaaaa1") {
				t.Errorf("%q shows a %q\n%s", text, standing, got)
			}
		}
	}
}

func TestARepeatedDeliveryIsToldWhatWasDecided(t *testing.T) {
	h, c := newHouse(t)
	h.again = &automation.Outcome{Again: true, Refused: &policy.Record{ID: "d-old", Runbook: "restart-web", Code: policy.CodeNotGranted, Sentence: "No rule lets you run restart-web in #ops."}}
	h.executions = []*automation.Execution{{ID: "x", Ref: "r-abcdefg", Runbook: "restart-web"}}
	for _, text := range []string{"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1", "cancel r-abcdefg"} {
		a := c.Do(t.Context(), as("U012ANA", text))
		if got := read(a); !a.Refused || got != "⛔ That request was received before, and refused: No rule lets you run restart-web in #ops.\ndecision `d-old`\n" {
			t.Errorf("%q: %s", text, got)
		}
	}
	h.again = &automation.Outcome{Again: true, Execution: &automation.Execution{Ref: "r-abcdefg", State: automation.Running, CancelBy: "U012BEN"}}
	if got := read(c.Do(t.Context(), as("U012ANA", "cancel r-abcdefg"))); !strings.Contains(got, "being cancelled already, by <U012BEN>") {
		t.Errorf("a cancel that came again: %s", got)
	}
}

func TestAnUnclearAnswerDoesNotSayThatNothingStarted(t *testing.T) {
	h, c := newHouse(t)
	h.broken = fmt.Errorf("accepting the request: %w", automation.ErrUnclear)
	got := read(c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1")))
	if strings.Contains(got, "nothing was started") || !strings.Contains(got, "`/runbook status mine`") || !strings.Contains(got, "`e-") {
		t.Errorf("ana is told %s", got)
	}
}

func TestWhyTellsOfSomebodyElse(t *testing.T) {
	h, c := newHouse(t)
	h.records["d-yes"] = policy.Record{ID: "d-yes", Allowed: true, Code: policy.CodeGranted, Rule: "web-restarts", Actor: "U012ANA", Action: policy.Run,
		Runbook: "restart-web", Channel: "C012OPS", Sentence: "web-restarts lets you run restart-web in #ops."}
	h.records["d-no"] = policy.Record{ID: "d-no", Code: policy.CodeNotGranted, Actor: "U012MALLORY", Action: policy.Cancel,
		Runbook: "restart-web", Channel: "C012OPS", Sentence: "No rule lets you cancel restart-web in #ops."}
	for id, want := range map[string]string{
		"d-yes": "✅ <U012ANA> was allowed to run `restart-web` in <C012OPS>, ",
		"d-no":  "⛔ <U012MALLORY> was refused a cancel of `restart-web` in <C012OPS>, ",
	} {
		got := read(c.Do(t.Context(), as("U012BEN", "why "+id)))
		if !strings.HasPrefix(got, want) || !strings.Contains(got, "\nTold then:  "+h.records[id].Sentence+"\n") {
			t.Errorf("ben is told\n%s", got)
		}
	}
}

func TestStatusRightAfterTheStart(t *testing.T) {
	h, c := newHouse(t)
	x := &automation.Execution{ID: "x", Ref: "r-abcdefg", Runbook: "restart-web", State: automation.Running, AWSID: "aws-1"}
	h.executions = append(h.executions, x)
	if got := read(c.Do(t.Context(), as("U012ANA", "status r-abcdefg"))); !strings.Contains(got, "AWS execution `aws-1`\n") {
		t.Errorf("without a status: %s", got)
	}
	x.AWSStatus = "InProgress"
	if got := read(c.Do(t.Context(), as("U012ANA", "status r-abcdefg"))); !strings.Contains(got, "AWS execution `aws-1`, status InProgress\n") {
		t.Errorf("with a status: %s", got)
	}
}

func TestAllowedValuesAreListedOnce(t *testing.T) {
	_, c := newHouse(t)
	got := read(c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-9")))
	if strings.Count(got, "one of") != 1 || strings.Contains(got, "Missing") {
		t.Errorf("ana is told\n%s", got)
	}
	got = read(c.Do(t.Context(), as("U012ANA", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1,i-0aaaaaaaaaaaaaaa2")))
	if !strings.Contains(got, "Next  Repeat the parameter for several values: InstanceId=i-0aaaaaaaaaaaaaaa1 InstanceId=i-0aaaaaaaaaaaaaaa2\n") {
		t.Errorf("ana is told\n%s", got)
	}
}

// Nobody is invited to type what cannot work.
func TestWhatCannotRunIsMarked(t *testing.T) {
	h, c := newHouse(t)
	h.document.SHA256 = strings.Repeat("2", 64)
	for _, text := range []string{"list", "help", "show restart-web"} {
		got := read(c.Do(t.Context(), as("U012ANA", text)))
		if !strings.Contains(got, "cannot run: The content of AWS-RestartEC2Instance version 1 is not the one that the policy pins.") || strings.Contains(got, "Try") {
			t.Errorf("%q:\n%s", text, got)
		}
	}
}
