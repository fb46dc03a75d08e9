package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"handrail/commands"
	"handrail/local/slackserver"
)

// rude is a Slack that sends whatever a test wants over its first connection and notes what comes back.
type rude struct {
	*httptest.Server
	send  []string
	acks  chan object
	mu    sync.Mutex
	opens []time.Time
	once  sync.Once
}

func newRude(t *testing.T, send ...string) *rude {
	t.Helper()
	r := &rude{send: send, acks: make(chan object, 100)}
	mux := http.NewServeMux()
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	answer("/api/auth.test", `{"ok":true,"team_id":"T012LOCAL","user_id":"U012HANDRAIL","bot_id":"B012HANDRAIL","user":"handrail"}`)
	answer("/api/bots.info", `{"ok":true,"bot":{"id":"B012HANDRAIL","app_id":"A012HANDRAIL"}}`)
	mux.HandleFunc("/api/apps.connections.open", func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		r.opens = append(r.opens, time.Now())
		r.mu.Unlock()
		fmt.Fprintf(w, `{"ok":true,"url":"ws%s/link/?ticket=secret"}`, strings.TrimPrefix(r.URL, "http"))
	})
	mux.HandleFunc("/link/", r.link)
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

func (r *rude) link(w http.ResponseWriter, req *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	c, err := up.Upgrade(w, req, nil)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A012HANDRAIL"}}`))
	r.once.Do(func() {
		for _, m := range r.send {
			_ = c.WriteMessage(websocket.TextMessage, []byte(m))
		}
	})
	for {
		var ack object
		if c.ReadJSON(&ack) != nil {
			return
		}
		r.acks <- ack
	}
}

// runOn runs a Socket Mode bot until the test ends.
func runOn(t *testing.T, api string, reply commander, l Limits) *Bot {
	t.Helper()
	w, err := NewWorkspace(WorkspaceOptions{APIURL: api, BotToken: "xoxb-test", AppToken: "xapp-test"})
	if err != nil {
		t.Fatal(err)
	}
	l.Drain = time.Second
	b, err := New(Options{Workspace: w, Commander: reply, Store: newMemory(), Owner: "one", Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return b
}

func envelopeJSON(id, kind, payload string) string {
	return fmt.Sprintf(`{"envelope_id":%q,"type":%q,"accepts_response_payload":true,"payload":%s}`, id, kind, payload)
}

const slashJSON = `{"team_id":"T012LOCAL","api_app_id":"A012HANDRAIL","channel_id":"C012OPS","user_id":"U012ANA","command":"/runbook","text":"list","trigger_id":"1.2.3"`

func TestEveryEnvelopeIsAcknowledged(t *testing.T) {
	t.Parallel()
	send := map[string]string{
		"unknown":   envelopeJSON("unknown", "something_new", `{"a":1}`),
		"noevent":   envelopeJSON("noevent", "events_api", `{"type":"event_callback","team_id":"T012LOCAL","api_app_id":"A012HANDRAIL","event":{"type":"from_the_future"}}`),
		"nulls":     envelopeJSON("nulls", "events_api", `null`),
		"array":     envelopeJSON("array", "interactive", `[]`),
		"string":    envelopeJSON("string", "slash_commands", `"x"`),
		"foreign":   envelopeJSON("foreign", "slash_commands", slashJSON+`,"team_id":"T0OTHER"}`),
		"notrigger": envelopeJSON("notrigger", "slash_commands", slashJSON+`,"trigger_id":""}`),
		"strict":    envelopeJSON("strict", "slash_commands", slashJSON+`,"is_enterprise_install":17}`), // slack-go cannot read it; we can
		"good":      envelopeJSON("good", "slash_commands", slashJSON+`}`),
		"view":      envelopeJSON("view", "interactive", `{"type":"view_closed","team":{"id":"T012LOCAL"},"api_app_id":"A012HANDRAIL"}`),
	}
	var list []string
	for _, m := range send {
		list = append(list, m)
	}
	r := newRude(t, append(list, `not json`, `{"type":"events_api"}`, ``)...)
	runOn(t, r.URL+"/api/", func(context.Context, commands.Invocation) commands.Answer { return sayPlainly("hello") }, Limits{Connections: 1})
	for range send {
		select {
		case ack := <-r.acks:
			id, _ := ack["envelope_id"].(string)
			payload, _ := ack["payload"].(object)
			if _, ok := send[id]; !ok {
				t.Errorf("unexpected acknowledgement %v", ack)
			}
			delete(send, id)
			if told := payload["text"] == "hello"; told != (id == "good" || id == "strict") {
				t.Errorf("%s was answered %v", id, payload)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("not acknowledged: %v", send)
		}
	}
}

func TestConnectsArePaced(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		l.post("/control/disconnect", object{"reason": "too_many_websockets"})
	}
	// Two connections: one connect each, and then at 1 s and 2 s at the earliest.
	if n := len(l.calls("apps.connections.open")); n < 3 || n > 6 {
		t.Errorf("%d connects in two and a half seconds", n)
	}
}

func TestOneConnectionMayDie(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, func(context.Context, commands.Invocation) commands.Answer { return sayPlainly("here") })
	up := func(n int) func() bool {
		return func() bool {
			count := 0
			for _, s := range l.bot.sockets {
				if s.health() == nil {
					count++
				}
			}
			return count == n
		}
	}
	eventually(t, "both connections are up", up(2))
	l.post("/control/disconnect", object{"reason": "drop", "count": 1})
	eventually(t, "one connection is down", up(1))
	for range 5 {
		if r := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "text": "list"}); r["ok"] != true {
			t.Fatalf("the command answered %v", r)
		}
	}
	if err := l.bot.Health(); err != nil {
		t.Errorf("unhealthy with one connection: %v", err)
	}
	eventually(t, "it comes back", up(2))
}

func TestStoppingFinishesWhatIsInHand(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	l := serve(t, slackserver.Options{}, func(ctx context.Context, _ commands.Invocation) commands.Answer {
		close(entered)
		<-leave
		if ctx.Err() != nil {
			return sayPlainly("cut off")
		}
		return sayPlainly("done")
	})
	answered := make(chan object, 1)
	go func() {
		answered <- l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "text": "list"})
	}()
	<-entered
	time.AfterFunc(50*time.Millisecond, func() { close(leave) })
	l.stop()
	if r := <-answered; r["ok"] != true || r["ack"].(object)["text"] != "done" {
		t.Errorf("the command answered %v", r)
	}
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	b := runOn(t, web.URL+"/", unreached(t), Limits{})
	if err := b.Health(); err == nil || !strings.Contains(err.Error(), "which workspace") {
		t.Errorf("health is %v", err)
	}
	b.opt.Workspace.home.Store(&installation{team: "T1"})
	eventually(t, "the reason is known", func() bool {
		err := b.Health()
		return err != nil && strings.Contains(err.Error(), "404")
	})
	if strings.Contains(fmt.Sprint(b.Health()), "xapp") {
		t.Error("health shows a token")
	}
}

func TestCommandsBeforeSlackIsKnownAreRefusedInTime(t *testing.T) {
	t.Parallel()
	r := newRude(t, envelopeJSON("early", "slash_commands", slashJSON+`}`), envelopeJSON("earlier", "interactive", clickJSON("")))
	w, err := NewWorkspace(WorkspaceOptions{APIURL: r.URL + "/api", BotToken: "xoxb-test", AppToken: "xapp-test",
		HTTPClient: &http.Client{Transport: forgetful{}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Options{Workspace: w, Commander: unreached(t), Store: newMemory(), Owner: "one", Limits: Limits{Connections: 1, Budget: 100 * time.Millisecond, Drain: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	select {
	case ack := <-r.acks:
		raw, _ := json.Marshal(ack)
		if ack["envelope_id"] != "early" || !strings.Contains(string(raw), "Nothing was done") {
			t.Errorf("acknowledged %s", raw)
		}
	case <-time.After(3 * time.Second):
		t.Error("not acknowledged")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(r.acks) > 0 {
		t.Errorf("a click was acknowledged that Slack should send again: %v", <-r.acks)
	}
}

// forgetful does not know who we are.
type forgetful struct{}

func (forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "auth.test") {
		return nil, fmt.Errorf("connection refused")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestMoreConnectionsThanOursAreSaidOnce(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	b := &Bot{opt: Options{Limits: Limits{}.withDefaults(), Log: slog.New(slog.NewTextHandler(&log, nil))}}
	for n, want := range []int{0, 0, 0, 1, 1, 2, 2, 3} {
		b.count([]int{1, 1, 2, 3, 3, 4, 2, 3}[n])
		if got := strings.Count(log.String(), "level=WARN"); got != want {
			t.Errorf("%d warnings after %d hellos, want %d", got, n+1, want)
		}
	}
}
