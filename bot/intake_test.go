package bot

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"handrail/automation"
	"handrail/commands"
)

func ask(t *testing.T, address, user, text string) string {
	t.Helper()
	status, out := send(t, address+"/slack/commands", formType, slashForm(url.Values{"user_id": {user}, "text": {text}}), nil)
	if status != http.StatusOK {
		t.Fatalf("answered %d %q", status, out)
	}
	return out
}

func TestBusyIsSaidAndCancellingHasItsOwnPlaces(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	b, web := httpBot(t, func(_ context.Context, inv commands.Invocation) commands.Answer {
		if typed(inv) == "slow" {
			entered <- struct{}{}
			<-leave
		}
		return sayPlainly("answered " + typed(inv))
	})
	b.intake.places = make(chan struct{}, 1)
	first := make(chan string, 1)
	go func() { first <- ask(t, web.URL, "U012ANA", "slow") }()
	<-entered
	if out := ask(t, web.URL, "U012BEN", "list"); !strings.Contains(out, "I am busy") {
		t.Errorf("answered %s", out)
	}
	if out := ask(t, web.URL, "U012BEN", "cancel r-7f3k2"); !strings.Contains(out, "answered cancel r-7f3k2") {
		t.Errorf("answered %s", out)
	}
	close(leave)
	if out := <-first; !strings.Contains(out, "answered slow") {
		t.Errorf("answered %s", out)
	}
	if out := ask(t, web.URL, "U012BEN", "list"); !strings.Contains(out, "answered list") {
		t.Errorf("answered %s", out)
	}
}

func TestOnePersonCannotAskWithoutEnd(t *testing.T) {
	t.Parallel()
	n := 0
	_, web := httpBot(t, func(context.Context, commands.Invocation) commands.Answer { n++; return sayPlainly("ok") })
	refusals := 0
	for range 80 {
		if strings.Contains(ask(t, web.URL, "U012MALLORY", "list"), "faster than I can answer") {
			refusals++
		}
	}
	if refusals < 20 || n+refusals != 80 {
		t.Errorf("%d answers and %d refusals", n, refusals)
	}
	if out := ask(t, web.URL, "U012MALLORY", "cancel r-7f3k2"); !strings.Contains(out, `"ok"`) {
		t.Errorf("cancelling answered %s", out)
	}
	if out := ask(t, web.URL, "U012ANA", "list"); !strings.Contains(out, `"ok"`) {
		t.Errorf("another person was answered %s", out)
	}
}

func TestCancellingHasABucketOfItsOwn(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, func(context.Context, commands.Invocation) commands.Answer { return sayPlainly("ok") })
	refusals := func(n int, text string) (refused int) {
		for range n {
			if strings.Contains(ask(t, web.URL, "U012MALLORY", text), "faster than I can answer") {
				refused++
			}
		}
		return refused
	}
	if n := refusals(80, "cancelled list"); n < 20 {
		t.Errorf("%d refusals: it only looks like cancelling", n)
	}
	if n := refusals(100, "Cancel r-7f3k2"); n > 0 {
		t.Errorf("%d refusals of cancelling", n)
	}
	if n := refusals(400, "cancel r-7f3k2"); n < 100 {
		t.Errorf("%d refusals: cancelling has no limit", n)
	}
}

func TestCancellingLeavesTheOtherPlaces(t *testing.T) {
	t.Parallel()
	in := newIntake(Limits{Concurrent: 4})
	if in.enter(true) == nil || len(in.places) != 0 || len(in.reserved) != 1 {
		t.Errorf("cancelling took another place: %d and %d", len(in.places), len(in.reserved))
	}
	for range 4 {
		if in.enter(true) == nil {
			t.Fatal("cancelling may use every place")
		}
	}
	if in.enter(true) != nil || in.enter(false) != nil {
		t.Error("there is no place left")
	}
}

func TestAPanicIsAnswered(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, func(context.Context, commands.Invocation) commands.Answer { panic("xoxb-secret") })
	if out := ask(t, web.URL, "U012ANA", "list"); !strings.Contains(out, "Something broke on my side") || strings.Contains(out, "secret") {
		t.Errorf("answered %s", out)
	}
}

func TestAClickOnAnythingButTheCardIsRefused(t *testing.T) {
	t.Parallel()
	b, web := httpBot(t, unreached(t))
	m := b.opt.Store.(*memory)
	mine, other := accepted(theID), accepted(nth(2))
	mine.Announcement = automation.Announcement{Version: 1, Channel: "C012OPS", Card: "1700000000.000100"}
	other.Announcement = automation.Announcement{Version: 1, Channel: "C012OPS", Card: "1700000000.000200"}
	m.insert(mine)
	m.insert(other)
	for name, change := range map[string]string{
		"another message":    `"container":{"message_ts":"1700000000.000999","channel_id":"C012OPS"},"message":{"ts":"1700000000.000999"}`,
		"another card":       `"container":{"message_ts":"1700000000.000200","channel_id":"C012OPS"},"message":{"ts":"1700000000.000200"}`,
		"another channel":    `"container":{"message_ts":"1700000000.000100","channel_id":"C012RANDOM"},"channel":{"id":"C012RANDOM"}`,
		"two messages":       `"message":{"ts":"1700000000.000200"}`,
		"two channels":       `"channel":{"id":"C012RANDOM"}`,
		"a foreign ID":       `"actions":[{"action_id":"cancel","value":"` + nth(2) + `","action_ts":"1.5"}]`,
		"an invented ID":     `"actions":[{"action_id":"cancel","value":"x","action_ts":"1.5"}]`,
		"a huge value":       `"actions":[{"action_id":"cancel","value":"` + strings.Repeat("x", 500_000) + `","action_ts":"1.5"}]`,
		"no value":           `"actions":[{"action_id":"cancel","action_ts":"1.5"}]`,
		"another action":     `"actions":[{"action_id":"something","value":"` + theID + `","action_ts":"1.5"}]`,
		"two actions":        `"actions":[{"action_id":"cancel","value":"` + theID + `","action_ts":"1.5"},{"action_id":"cancel","value":"` + theID + `","action_ts":"1.5"}]`,
		"no time":            `"actions":[{"action_id":"cancel","value":"` + theID + `"}]`,
		"nobody":             `"user":{"id":""}`,
		"another kind":       `"type":"message_action"`,
		"an ephemeral place": `"container":{"message_ts":"../../x","channel_id":"C012OPS"},"message":{"ts":"../../x"}`,
	} {
		status, out := send(t, web.URL+"/slack/interactions", formType, "payload="+url.QueryEscape(clickJSON(change)), nil)
		if out != "" && status == http.StatusOK {
			t.Errorf("%s: %d %q", name, status, out)
		}
	}
}

func TestTheSameClickTwiceHasTheSameKey(t *testing.T) {
	t.Parallel()
	keys := map[string]int{}
	b, web := httpBot(t, func(_ context.Context, inv commands.Invocation) commands.Answer {
		keys[inv.Key+" "+typed(inv)+" "+inv.Thread]++
		return commands.Answer{}
	})
	e := accepted(theID)
	e.Announcement = automation.Announcement{Version: 1, Channel: "C012OPS", Card: "1700000000.000100"}
	b.opt.Store.(*memory).insert(e)
	for range 2 {
		send(t, web.URL+"/slack/interactions", formType, "payload="+url.QueryEscape(clickJSON("")), nil)
	}
	if len(keys) != 1 || keys["button:C012OPS:1700000000.000100:cancel:U012ANA:1700000001.5 cancel r-7f3k2 "] != 2 {
		t.Errorf("keys are %v", keys)
	}
}
