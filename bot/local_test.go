package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/local/slackserver"
)

// local is a bot with the real client on a local Slack.
type local struct {
	t     *testing.T
	slack *slackserver.Server
	url   string
	store *memory
	bot   *Bot
	stop  func()
	asked chan commands.Invocation
}

type object = map[string]any

// serve starts a local Slack, and a bot on it that answers with reply.
func serve(t *testing.T, o slackserver.Options, reply commander, adjust ...func(*Options)) *local {
	t.Helper()
	s, err := slackserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	l := &local{t: t, slack: s, url: web.URL, store: newMemory(), asked: make(chan commands.Invocation, 100)}
	t.Cleanup(func() { l.stop(); _ = s.Close(); web.Close() })
	l.start(reply, adjust...)
	return l
}

// start runs a bot on the store; it replaces one that was stopped.
func (l *local) start(reply commander, adjust ...func(*Options)) {
	l.t.Helper()
	w, err := NewWorkspace(WorkspaceOptions{APIURL: l.url + "/api", BotToken: l.slack.BotToken(), AppToken: l.slack.AppToken()})
	if err != nil {
		l.t.Fatal(err)
	}
	o := Options{Workspace: w, Store: l.store, Owner: "one", Limits: Limits{Poll: 50 * time.Millisecond, Interval: 10 * time.Millisecond, Retry: 20 * time.Millisecond, Drain: time.Second}}
	o.Commander = commander(func(ctx context.Context, inv commands.Invocation) commands.Answer {
		l.asked <- inv
		if reply == nil {
			return commands.Answer{}
		}
		return reply(ctx, inv)
	})
	for _, f := range adjust {
		f(&o)
	}
	if l.bot, err = New(o); err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.bot.Run(ctx) }()
	l.stop = func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				l.t.Errorf("Run returned %v", err)
			}
		case <-time.After(5 * time.Second):
			l.t.Error("Run did not end within five seconds")
		}
		l.stop = func() {}
	}
	eventually(l.t, "the bot is healthy", func() bool { return l.bot.Health() == nil })
}

// post plays a person.
func (l *local) post(path string, body object) object {
	l.t.Helper()
	raw, _ := json.Marshal(body)
	r, err := http.Post(l.url+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Body.Close()
	var out object
	if err := json.NewDecoder(r.Body).Decode(&out); err != nil {
		l.t.Fatal(err)
	}
	return out
}

func (l *local) get(path string, query url.Values) object {
	l.t.Helper()
	r, err := http.Get(l.url + path + "?" + query.Encode())
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Body.Close()
	var out object
	if err := json.NewDecoder(r.Body).Decode(&out); err != nil {
		l.t.Fatal(err)
	}
	return out
}

// sees lists what a person sees in a channel, or in a thread.
func (l *local) sees(user, channel, thread string) []object {
	l.t.Helper()
	q := url.Values{"user": {user}, "channel": {channel}}
	if thread != "" {
		q.Set("thread_ts", thread)
	}
	var out []object
	list, _ := l.get("/control/messages", q)["messages"].([]any)
	for _, m := range list {
		out = append(out, m.(object))
	}
	return out
}

func texts(messages []object) string {
	var all []string
	for _, m := range messages {
		all = append(all, m["text"].(string))
	}
	return strings.Join(all, "\n")
}

func (l *local) calls(method string) []object {
	l.t.Helper()
	var out []object
	list, _ := l.get("/control/calls", url.Values{"method": {method}})["calls"].([]any)
	for _, m := range list {
		out = append(out, m.(object))
	}
	return out
}

func (l *local) fault(f object) {
	l.t.Helper()
	if r := l.post("/control/faults", f); r["ok"] != true {
		l.t.Fatalf("fault answered %v", r)
	}
}

// accept stores a new execution and tells the bot, as the engine does.
func (l *local) accept(id string, f ...func(*automation.Execution)) {
	e := accepted(id)
	for _, g := range f {
		g(e)
	}
	l.bot.Wake(l.store.insert(e))
}

func (l *local) change(id string, f func(*automation.Execution)) { l.bot.Wake(l.store.change(id, f)) }

func (l *local) waitTold(id string) *automation.Execution {
	l.t.Helper()
	eventually(l.t, "slack is told everything", func() bool { return l.store.told(id) })
	return l.store.row(id)
}

// finish takes an execution to its end.
func succeed(e *automation.Execution) {
	now := time.Now()
	e.State, e.AWSID, e.StartedAt, e.EndedAt = automation.Succeeded, theAWS, now.Add(-102*time.Second), now
	e.Steps = []automation.Step{
		{Name: "stopInstances", Action: "aws:changeInstanceState", Status: "Success", StartedAt: now.Add(-102 * time.Second), EndedAt: now.Add(-60 * time.Second)},
		{Name: "startInstances", Action: "aws:changeInstanceState", Status: "Success", StartedAt: now.Add(-60 * time.Second), EndedAt: now},
	}
}
