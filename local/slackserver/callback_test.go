package slackserver_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"handrail/local/slackserver"
)

// request is one HTTP callback as the app got it.
type request struct {
	path   string
	header http.Header
	body   []byte
	gone   <-chan struct{} // closed when the caller gives up
}

// httpApp is an app that is called over HTTP and answers as told.
type httpApp struct {
	*httptest.Server
	mu     sync.Mutex
	got    []request
	answer func(w http.ResponseWriter, r request)
}

func newHTTPApp(t *testing.T, answer func(http.ResponseWriter, request)) *httpApp {
	t.Helper()
	a := &httpApp{answer: answer}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		one := request{path: r.URL.Path, header: r.Header.Clone(), body: body, gone: r.Context().Done()}
		a.mu.Lock()
		a.got = append(a.got, one)
		a.mu.Unlock()
		if a.answer != nil {
			a.answer(w, one)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *httpApp) requests() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]request(nil), a.got...)
}

func (a *httpApp) options() slackserver.Options {
	return slackserver.Options{
		CommandURL: a.URL + "/commands", InteractivityURL: a.URL + "/interactions", EventsURL: a.URL + "/events",
		RetryDelays: []time.Duration{0, 0, 0}, AckWait: 500 * time.Millisecond,
	}
}

func (r request) verify(t *testing.T, secret string) {
	t.Helper()
	v, err := slack.NewSecretsVerifier(r.header, secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Write(r.body); err != nil {
		t.Fatal(err)
	}
	if err := v.Ensure(); err != nil {
		t.Errorf("the signature of %s: %v", r.path, err)
	}
}

func TestSignedSlashCommand(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, func(w http.ResponseWriter, _ request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"response_type":"in_channel","text":"hello all"}`)
	})
	l := start(t, app.options())
	if got := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "text": "list", "redeliver": 1}); got["ok"] != true {
		t.Fatal(got)
	}
	got := app.requests()
	if len(got) != 2 {
		t.Fatalf("%d requests", len(got))
	}
	got[0].verify(t, l.srv.SigningSecret())
	if diff := cmp.Diff(got[0].body, got[1].body); diff != "" {
		t.Error("the same delivery has other bytes: " + diff)
	}
	if a, b := got[0].header.Get("X-Slack-Signature"), got[1].header.Get("X-Slack-Signature"); a != b {
		t.Errorf("signatures %s and %s", a, b)
	}
	form, err := url.ParseQuery(string(got[0].body))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"command": "/runbook", "text": "list", "user_id": "U012ANA", "user_name": "ana", "channel_id": "C012OPS", "channel_name": "ops",
		"team_id": "T012LOCAL", "api_app_id": "A012HANDRAIL", "is_enterprise_install": "false",
	} {
		if form.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, form.Get(key), want)
		}
	}
	if seen := l.messages("ops", "ben", ""); len(seen) != 1 || seen[0]["text"] != "hello all" {
		t.Errorf("ben sees %v", seen)
	}
}

func TestWhatThePersonSeesWhenTheAppFails(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, want string
		answer     func(http.ResponseWriter, request)
	}{
		{"500", "http_service_error", func(w http.ResponseWriter, _ request) { w.WriteHeader(http.StatusInternalServerError) }},
		{"401", "http_client_error", func(w http.ResponseWriter, _ request) { w.WriteHeader(http.StatusUnauthorized) }},
		{"slow", "operation_timeout", func(_ http.ResponseWriter, r request) { <-r.gone }},
		{"bad blocks", "invalid_command_response", func(w http.ResponseWriter, _ request) {
			_, _ = io.WriteString(w, `{"blocks":[{"type":"sparkle"}]}`)
		}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			app := newHTTPApp(t, r.answer)
			l := start(t, app.options())
			got := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook"})
			if got["ok"] != false || got["error"] != r.want {
				t.Errorf("answered %v", got)
			}
			seen := l.messages("ops", "ana", "")
			if len(seen) != 1 || seen[0]["text"] != `/runbook failed with the error "`+r.want+`"` || seen[0]["ephemeral"] != true {
				t.Errorf("ana sees %v", seen)
			}
		})
	}
}

func TestEventsAreRetriedWithHeaders(t *testing.T) {
	t.Parallel()
	calls := 0
	app := newHTTPApp(t, func(w http.ResponseWriter, _ request) {
		if calls++; calls < 3 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	l := start(t, app.options())
	answer := l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "@Handrail hi"})
	until(t, "three attempts", func() bool { return len(app.requests()) == 3 })
	for i, r := range app.requests() {
		r.verify(t, l.srv.SigningSecret())
		var event struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(r.body, &event); err != nil || event.ID != answer["event_id"] {
			t.Errorf("event %q, want %v: %v", event.ID, answer["event_id"], err)
		}
		if want := []string{"", "1", "2"}[i]; r.header.Get("X-Slack-Retry-Num") != want {
			t.Errorf("attempt %d says %q", i, r.header.Get("X-Slack-Retry-Num"))
		}
	}
}

func TestURLVerification(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, func(w http.ResponseWriter, r request) {
		var body struct {
			Challenge string `json:"challenge"`
		}
		if json.Unmarshal(r.body, &body) == nil {
			_, _ = io.WriteString(w, body.Challenge)
		}
	})
	l := start(t, app.options())
	if got := l.post("/control/verify", object{}); got["ok"] != true {
		t.Error(got)
	}
	app.answer = func(w http.ResponseWriter, _ request) { _, _ = io.WriteString(w, "no") }
	if got := l.post("/control/verify", object{}); got["error"] != "challenge_failed" {
		t.Error(got)
	}
}

// respond posts to a response URL and returns the status and body.
func respond(t *testing.T, url string, body any) (int, string) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url, "application/json", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(said)
}

func commandURL(t *testing.T, l *local, app *httpApp) string {
	t.Helper()
	if got := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook"}); got["ok"] != true {
		t.Fatal(got)
	}
	all := app.requests()
	form, err := url.ParseQuery(string(all[len(all)-1].body))
	if err != nil {
		t.Fatal(err)
	}
	return form.Get("response_url")
}

func TestResponseURLWorksFiveTimes(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	link := commandURL(t, l, app)
	for i, body := range []object{
		{"text": "for ana"}, {"response_type": "in_channel", "text": "for all"}, {"replace_original": true, "text": "for ana, again"},
		{"text": "more", "blocks": nil, "metadata": object{"event_type": "", "event_payload": nil}}, {"delete_original": true},
	} {
		if status, said := respond(t, link, body); status != http.StatusOK || said != "ok" {
			t.Errorf("use %d: %d %s", i+1, status, said)
		}
	}
	if status, said := respond(t, link, object{"text": "one too many"}); status != http.StatusNotFound || !strings.Contains(said, "used_url") {
		t.Errorf("the sixth use: %d %s", status, said)
	}
	var texts []any
	for _, m := range l.messages("ops", "ana", "") {
		texts = append(texts, m["text"])
	}
	if diff := cmp.Diff([]any{"for all", "more"}, texts); diff != "" {
		t.Error(diff)
	}
	if seen := l.messages("ops", "ben", ""); len(seen) != 1 {
		t.Errorf("ben sees %v", seen)
	}
}

func TestResponseURLAndTriggerExpire(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	o := app.options()
	now := time.Now()
	var mu sync.Mutex
	o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	l := start(t, o)
	link := commandURL(t, l, app)
	form, err := url.ParseQuery(string(app.requests()[0].body))
	if err != nil {
		t.Fatal(err)
	}
	later(4 * time.Second)
	if _, err := l.api.OpenView(form.Get("trigger_id"), aModal()); err == nil || err.Error() != "expired_trigger_id" {
		t.Errorf("a late view: %v", err)
	}
	later(27 * time.Minute)
	if status, _ := respond(t, link, object{"text": "in time"}); status != http.StatusOK {
		t.Errorf("in time: %d", status)
	}
	later(3 * time.Minute)
	if status, said := respond(t, link, object{"text": "late"}); status != http.StatusNotFound || !strings.Contains(said, "expired_url") {
		t.Errorf("late: %d %s", status, said)
	}
	if status, _ := respond(t, l.web.URL+"/commands/T012LOCAL/1/x", object{"text": "a"}); status != http.StatusNotFound {
		t.Errorf("an invented URL: %d", status)
	}
}

func TestSlackGoAnswersThroughResponseURL(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	link := commandURL(t, l, app)
	if _, _, err := l.api.PostMessage("", slack.MsgOptionResponseURL(link, slack.ResponseTypeEphemeral), slack.MsgOptionText("hi", false)); err != nil {
		t.Fatal(err)
	}
	if err := slack.PostWebhook(link, &slack.WebhookMessage{Text: "again"}); err != nil {
		t.Fatal(err)
	}
	if seen := l.messages("ops", "ana", ""); len(seen) != 2 || seen[0]["text"] != "hi" {
		t.Errorf("ana sees %v", seen)
	}
}

func TestAppsCanDeclineRetries(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, func(w http.ResponseWriter, _ request) {
		w.Header().Set("X-Slack-No-Retry", "1")
		w.WriteHeader(http.StatusInternalServerError)
	})
	l := start(t, app.options())
	l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "@Handrail one"})
	until(t, "the first attempt", func() bool { return len(l.calls("events_api")) == 1 })
	l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "@Handrail two"})
	until(t, "the other event", func() bool { return len(l.calls("events_api")) == 2 })
	if n := len(app.requests()); n != 2 {
		t.Errorf("%d requests for two events", n)
	}
}
