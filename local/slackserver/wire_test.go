package slackserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"handrail/local/slackserver"
)

// local is a running server and the ways to talk to it.
type local struct {
	t   *testing.T
	srv *slackserver.Server
	web *httptest.Server
	api *slack.Client
}

func start(t *testing.T, o slackserver.Options) *local {
	t.Helper()
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	srv, err := slackserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv.Handler())
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	api := slack.New(srv.BotToken(), slack.OptionAppLevelToken(srv.AppToken()), slack.OptionAPIURL(web.URL+"/api/"))
	return &local{t: t, srv: srv, web: web, api: api}
}

// object is any JSON answer.
type object = map[string]any

func (l *local) post(path string, body any) object {
	l.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	resp, err := http.Post(l.web.URL+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		l.t.Fatal(err)
	}
	return l.read(resp)
}

func (l *local) get(path string) object {
	l.t.Helper()
	resp, err := http.Get(l.web.URL + path)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.read(resp)
}

func (l *local) read(resp *http.Response) object {
	l.t.Helper()
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		l.t.Fatalf("reading %s: %v in %q", resp.Request.URL.Path, err, raw)
	}
	return out
}

// messages lists what the person sees; thread may be empty.
func (l *local) messages(channel, user, thread string) []object {
	l.t.Helper()
	out := []object{}
	for _, m := range l.get("/control/messages?channel=" + channel + "&user=" + user + "&thread_ts=" + thread)["messages"].([]any) {
		out = append(out, m.(object))
	}
	return out
}

func (l *local) calls(method string) []object {
	l.t.Helper()
	out := []object{}
	for _, c := range l.get("/control/calls?method=" + method)["calls"].([]any) {
		out = append(out, c.(object))
	}
	return out
}

// until waits for a condition, with a deadline.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for " + what)
		}
		time.Sleep(2 * time.Millisecond) // between two looks at the condition
	}
}

// listen runs slack-go's Socket Mode client; handle gets every request event.
func (l *local) listen(handle func(*socketmode.Client, socketmode.Event)) {
	l.t.Helper()
	client := socketmode.New(l.api)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	connected := make(chan struct{}, 100)
	go func() {
		defer close(done)
		_ = client.RunContext(ctx) // ends with the test
	}()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-client.Events:
				switch e.Type {
				case socketmode.EventTypeHello:
					connected <- struct{}{}
				case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
					handle(client, e)
				}
			}
		}
	}()
	l.t.Cleanup(func() { cancel(); <-done })
	select {
	case <-connected:
	case <-time.After(5 * time.Second):
		l.t.Fatal("no hello")
	}
}
