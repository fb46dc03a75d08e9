package slackserver_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"handrail/local/slackserver"
)

// socket is a bare Socket Mode connection.
type socket struct {
	l  *local
	ws *websocket.Conn
}

func (l *local) ticket() string {
	l.t.Helper()
	resp, err := http.PostForm(l.web.URL+"/api/apps.connections.open", url.Values{"token": {l.srv.AppToken()}})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.read(resp)["url"].(string)
}

func (l *local) dial(link string) (*socket, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, link, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://api.slack.com"}}})
	if err != nil {
		return nil, err
	}
	l.t.Cleanup(func() { _ = ws.CloseNow() })
	return &socket{l, ws}, nil
}

func (l *local) connect() *socket {
	l.t.Helper()
	s, err := l.dial(l.ticket())
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func (s *socket) read() object {
	s.l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, raw, err := s.ws.Read(ctx)
	if err != nil {
		return object{"type": "closed"}
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		s.l.t.Error(err)
	}
	return out
}

func (s *socket) write(v any) {
	s.l.t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		s.l.t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageText, raw); err != nil {
		s.l.t.Error(err)
	}
}

func TestTenConnectionsAndNoMore(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	for i := range 10 {
		hello := l.connect().read()
		if hello["type"] != "hello" || hello["num_connections"] != float64(i+1) || hello["connection_info"].(object)["app_id"] != "A012HANDRAIL" {
			t.Fatalf("hello %d is %v", i, hello)
		}
	}
	if got := l.connect().read(); got["type"] != "disconnect" || got["reason"] != "too_many_websockets" {
		t.Errorf("the eleventh is told %v", got)
	}
}

func TestTicketsWorkOnce(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	link := l.ticket()
	if _, err := l.dial(link); err != nil {
		t.Fatal(err)
	}
	if _, err := l.dial(link); err == nil {
		t.Error("a ticket works twice")
	}
	if _, err := l.dial(strings.Replace(link, "ticket=", "ticket=0", 1)); err == nil {
		t.Error("an invented ticket works")
	}
}

func TestWhatIsNotAcknowledgedComesAgain(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{AckWait: 50 * time.Millisecond, RetryDelays: []time.Duration{0, 0, 0}})
	s := l.connect()
	s.read()
	l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "@Handrail hi"})
	first, second := s.read(), s.read()
	if first["retry_attempt"] != float64(0) || second["retry_attempt"] != float64(1) || second["retry_reason"] == "" {
		t.Errorf("attempts %v and %v", first["retry_attempt"], second["retry_attempt"])
	}
	if first["envelope_id"] == second["envelope_id"] {
		t.Error("an envelope_id came twice")
	}
	if a, b := first["payload"].(object)["event_id"], second["payload"].(object)["event_id"]; a != b {
		t.Errorf("events %v and %v", a, b)
	}
	s.write(object{"envelope_id": second["envelope_id"]})

	answer := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook"})
	if answer["error"] != "operation_timeout" {
		t.Errorf("the person was told %v", answer)
	}
	var tries []object
	for len(tries) < 2 {
		if e := s.read(); e["type"] == "slash_commands" {
			tries = append(tries, e)
		}
	}
	if a, b := tries[0]["payload"].(object)["trigger_id"], tries[1]["payload"].(object)["trigger_id"]; a != b || tries[1]["retry_attempt"] != float64(1) {
		t.Errorf("triggers %v and %v", a, b)
	}
}

func TestAcknowledgementsOf20KBAreDropped(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{AckWait: 100 * time.Millisecond})
	s := l.connect()
	s.read()
	go func() {
		e := s.read()
		s.write(object{"envelope_id": e["envelope_id"], "payload": object{"text": strings.Repeat("a", 20<<10)}})
	}()
	if got := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook"}); got["error"] != "operation_timeout" {
		t.Errorf("answered %v", got)
	}
}

func TestGarbageOnTheSocketIsRecordedNotFatal(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	s := l.connect()
	s.read()
	for _, v := range []any{"hello", 1, nil, object{}, object{"envelope_id": "none"}, []any{}} {
		s.write(v)
	}
	until(t, "six records", func() bool { return len(l.calls("socket.ack")) == 6 })
	go func() {
		e := s.read()
		s.write(object{"envelope_id": e["envelope_id"], "payload": "plain words"})
	}()
	if got := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook"}); got["ok"] != true {
		t.Errorf("the connection is dead: %v", got)
	}
}

func TestDisconnects(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	for _, reason := range []string{"warning", "refresh_requested", "link_disabled", "drop"} {
		s := l.connect()
		s.read()
		if got := l.post("/control/disconnect", object{"reason": reason}); got["connections"].(float64) < 1 {
			t.Fatalf("%s: %v", reason, got)
		}
		told := s.read()
		if reason == "drop" && told["type"] != "closed" || reason != "drop" && told["reason"] != reason {
			t.Errorf("%s: the app was told %v", reason, told)
		}
	}
}

func TestSlackGoSurvivesAHundredDisconnects(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{AckWait: 500 * time.Millisecond, RetryDelays: slices.Repeat([]time.Duration{100 * time.Millisecond}, 100)})
	var mu sync.Mutex
	seen := map[string]int{}
	l.listen(func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		var payload struct {
			ID string `json:"event_id"`
		}
		_ = json.Unmarshal(e.Request.Payload, &payload)
		mu.Lock()
		defer mu.Unlock()
		seen[payload.ID]++
	})
	sent := map[string]bool{}
	for i := range 100 {
		answer := l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "@Handrail hi"})
		sent[answer["event_id"].(string)] = true
		reason := "drop"
		if i%2 == 0 {
			reason = "refresh_requested"
		}
		l.post("/control/disconnect", object{"reason": reason})
	}
	until(t, "every event", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for id := range sent {
			if seen[id] == 0 {
				return false
			}
		}
		return true
	})
}

func TestServeEndsPromptly(t *testing.T) {
	t.Parallel()
	srv, err := slackserver.New(slackserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, listener) }()
	base := "http://" + listener.Addr().String()
	api := slack.New(srv.BotToken(), slack.OptionAppLevelToken(srv.AppToken()), slack.OptionAPIURL(base+"/api/"))
	client := socketmode.New(api)
	clientCtx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { _ = client.RunContext(clientCtx) }()
	for e := range client.Events {
		if e.Type == socketmode.EventTypeHello {
			break
		}
	}
	resp, err := http.Get(base + "/page/events?user=ana")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Fatal("it still serves")
	}
}

func TestBadURLsAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"nowhere", "ftp://127.0.0.1/x", "http://", "://"} {
		if _, err := slackserver.New(slackserver.Options{CommandURL: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
