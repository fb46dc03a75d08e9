package bot

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"handrail/automation"
	"handrail/local/slackserver"
)

// inThread is what ben sees under the card of an execution.
func (l *local) inThread(id string) []object {
	l.t.Helper()
	return l.sees("ben", "ops", l.store.row(id).Announcement.Card)
}

// right checks that the thread shows the row, once: one card, one start and one end.
func (l *local) right(id, card string) {
	l.t.Helper()
	l.waitTold(id)
	if seen := texts(l.sees("ben", "ops", "")); !strings.Contains(seen, card) || strings.Count(seen, "restart-web") != 1 {
		l.t.Errorf("the channel shows %q", seen)
	}
	if got := l.inThread(id); len(got) != 3 {
		l.t.Errorf("the thread shows %q", texts(got))
	}
}

func TestTheThreadIsRightAfterFaults(t *testing.T) {
	t.Parallel()
	for name, f := range map[string][]object{
		"posting fails before it is done": {{"match": "chat.postMessage", "times": 2, "status": 500}},
		"posting is done, the reply lost": {{"match": "chat.postMessage", "times": 1, "drop_reply": true}},
		"every reply is lost once":        {{"match": "chat.postMessage", "times": 1, "drop_reply": true}, {"match": "conversations.*", "times": 1, "status": 502}},
		"updating fails":                  {{"match": "chat.update", "times": 3, "status": 503}},
		"updating is done, reply lost":    {{"match": "chat.update", "times": 1, "drop_reply": true}},
		"internal_error":                  {{"match": "chat.*", "times": 2, "error": "internal_error"}},
		"an unknown no":                   {{"match": "chat.*", "times": 2, "error": "something_new"}},
		"rate limited":                    {{"match": "chat.*", "times": 1, "error": "ratelimited", "retry_after": 1}},
		"the plan is refused":             {{"match": "chat.update", "times": 1, "error": "invalid_blocks"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := serve(t, slackserver.Options{}, nil)
			for _, one := range f {
				l.fault(one)
			}
			l.accept(theID)
			eventually(t, "the card is there", func() bool { return l.store.row(theID).Announcement.Card != "" })
			l.change(theID, succeed)
			l.right(theID, "succeeded in 1\u00a0m 42\u00a0s")
		})
	}
}

func TestAnOutageIsMadeUpForWhenSlackIsBack(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.accept(theID)
	l.waitTold(theID)
	l.fault(object{"match": "chat.*", "times": -1, "status": 503})
	l.change(theID, func(e *automation.Execution) { e.State = automation.Running })
	l.change(theID, succeed)
	eventually(t, "slack was tried", func() bool { return len(l.calls("chat.update")) > 2 })
	l.post("/control/faults", object{"reset": true})
	l.right(theID, "succeeded in 1\u00a0m 42\u00a0s")
}

func TestARestartGoesOnWhereTheLastProcessDied(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.accept(theID)
	l.waitTold(theID)
	l.stop()
	// The process died after it had posted the end and before it could note that.
	l.store.change(theID, succeed)
	api := slack.New(l.slack.BotToken(), slack.OptionAPIURL(l.url+"/api/"))
	e := l.store.row(theID)
	for _, kind := range []string{replyStarted, replyEnded} {
		_, _, err := api.PostMessage(e.Channel, append(options(look{}.reply(e, kind)), slack.MsgOptionTS(e.Announcement.Card), slack.MsgOptionMetadata(metadata(e, kind)))...)
		if err != nil {
			t.Fatal(err)
		}
	}
	l.start(nil)
	l.right(theID, "succeeded in 1\u00a0m 42\u00a0s")
}

func TestACardThatWasPostedBeforeACrashIsFound(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.stop()
	e := accepted(theID)
	e.CreatedAt = time.Now().Add(-time.Minute)
	api := slack.New(l.slack.BotToken(), slack.OptionAPIURL(l.url+"/api/"))
	_, ts, err := api.PostMessage(e.Channel, append(options(look{}.card(e)), slack.MsgOptionMetadata(metadata(e, "card")))...)
	if err != nil {
		t.Fatal(err)
	}
	succeed(e)
	l.store.insert(e)
	l.start(nil)
	l.right(theID, "succeeded in 1\u00a0m 42\u00a0s")
	if got := l.store.row(theID).Announcement.Card; got != ts {
		t.Errorf("the card is %s, want %s", got, ts)
	}
}

func TestAnotherAppsMessageIsNotTakenForOurs(t *testing.T) {
	t.Parallel()
	c := &card{e: accepted(theID)}
	home := &installation{user: "U012HANDRAIL", bot: "B012HANDRAIL"}
	forged := slack.Message{Msg: slack.Msg{User: "U012MALLORY", BotID: "B0OTHER", Timestamp: "1.1", Metadata: metadata(c.e, "card")}}
	if adopt(c, home, []slack.Message{forged}) || c.e.Announcement.Card != "" {
		t.Error("took over a message of another app")
	}
}

func TestWhereTheBotMayNotWriteThePersonIsToldDirectly(t *testing.T) {
	t.Parallel()
	channels := []slackserver.Channel{{ID: "C012OPS", Name: "ops"}, {ID: "C012OLD", Name: "old", IsArchived: true, BotMember: true}}
	l := serve(t, slackserver.Options{Channels: channels}, nil)
	l.accept(theID, func(e *automation.Execution) { e.Channel = "C012OLD" })
	e := l.waitTold(theID)
	if !strings.HasPrefix(e.Announcement.Channel, "D") || e.Announcement.Card == "" {
		t.Fatalf("announced %+v", e.Announcement)
	}
	l.change(theID, succeed)
	e = l.waitTold(theID)
	seen := l.sees("ana", e.Announcement.Channel, "")
	if len(seen) != 1 || !strings.Contains(texts(seen), "succeeded") {
		t.Errorf("ana sees %q", texts(seen))
	}
	if thread := l.sees("ana", e.Announcement.Channel, e.Announcement.Card); len(thread) != 3 {
		t.Errorf("the thread shows %q", texts(thread))
	}
}

func TestADeletedCardIsPostedAgainOnce(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.accept(theID)
	e := l.waitTold(theID)
	api := slack.New(l.slack.BotToken(), slack.OptionAPIURL(l.url+"/api/"))
	remove := func(ts string) {
		t.Helper()
		if _, _, err := api.DeleteMessage("C012OPS", ts); err != nil {
			t.Fatal(err)
		}
	}
	remove(e.Announcement.Card)
	l.change(theID, func(e *automation.Execution) { e.State = automation.Running })
	again := l.waitTold(theID)
	if again.Announcement.Card == e.Announcement.Card || !strings.Contains(texts(l.sees("ben", "ops", "")), "running") {
		t.Fatalf("announced %+v, ben sees %q", again.Announcement, texts(l.sees("ben", "ops", "")))
	}
	remove(again.Announcement.Card)
	l.change(theID, succeed)
	l.waitTold(theID)
	if got := l.sees("ben", "ops", ""); len(got) != 0 {
		t.Errorf("ben sees %q after somebody deleted the card twice", texts(got))
	}
}

func TestPlainBlocksAreRememberedForTheWorkspace(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.fault(object{"match": "chat.postMessage", "times": 1, "error": "invalid_blocks"})
	l.accept(theID, func(e *automation.Execution) {
		e.Steps = []automation.Step{{Name: "stopInstances", Status: "InProgress"}}
	})
	l.waitTold(theID)
	l.accept("01981f3e-7b00-7c55-9f00-00000000000b", func(e *automation.Execution) {
		e.Steps = []automation.Step{{Name: "stopInstances", Status: "InProgress"}}
	})
	l.waitTold("01981f3e-7b00-7c55-9f00-00000000000b")
	for _, m := range l.sees("ben", "ops", "") {
		if raw := string(mustJSON(t, m["blocks"])); strings.Contains(raw, `"plan"`) || !strings.Contains(raw, "▶️  `stopInstances`") {
			t.Errorf("a message has the blocks %s", raw)
		}
	}
}

func TestAPoisonRowDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil, func(o *Options) {
		o.Console = func(region, _ string) string {
			if region == "poison" {
				panic("poison")
			}
			return ""
		}
	})
	l.accept("01981f3e-7b00-7c55-9f00-00000000000c", func(e *automation.Execution) { e.Region, e.AWSID = "poison", theAWS })
	for range 3 {
		l.accept(theID)
		l.change(theID, succeed)
		l.right(theID, "succeeded")
		break
	}
	eventually(t, "the poison row is put off", func() bool { return l.store.row("01981f3e-7b00-7c55-9f00-00000000000c").Announcement.Attempts > 0 })
}

func TestAStoreThatFailsForAWhile(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.store.mu.Lock()
	l.store.fail = errors.New("disk full")
	l.store.mu.Unlock()
	l.accept(theID)
	l.store.mu.Lock()
	l.store.fail = nil
	l.store.mu.Unlock()
	l.change(theID, succeed)
	l.right(theID, "succeeded")
}

func TestAnUnknownNoIsNotRetriedForEver(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		var everywhere atomic.Bool
		w.answer(func(method string, form url.Values) (int, http.Header, string) {
			if method == "chat.postMessage" && (everywhere.Load() || form.Get("channel") == "C012OPS") {
				return http.StatusOK, nil, `{"ok":false,"error":"posting_to_general_channel_denied"}`
			}
			return http.StatusOK, nil, ""
		})
		a.wake(m.insert(accepted("one")))
		time.Sleep(5 * time.Minute)
		if e := m.row("one"); e.Announcement.Channel != "U012ANA" || !m.told("one") {
			t.Errorf("the person was not told directly: %+v", e.Announcement)
		}
		if n := len(w.of("chat.postMessage")); n != patience+1 {
			t.Errorf("%d posts, want %d in the channel and one beside it", n, patience)
		}
		everywhere.Store(true)
		a.wake(m.insert(accepted("two")))
		time.Sleep(5 * time.Minute)
		if n := len(w.of("chat.postMessage")); !m.told("two") || n != patience+1+2*patience {
			t.Errorf("after %d posts in all the other is told: %v", n, m.told("two"))
		}
	})
}
