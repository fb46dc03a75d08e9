package slackserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"handrail/local/slackserver"
)

func TestForeignWebPagesAreRefused(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	rows := []struct {
		name, host, origin, site string
		status                   int
	}{
		{"a script", "", "", "", http.StatusOK},
		{"our own page", "", "self", "same-origin", http.StatusOK},
		{"another page", "", "https://evil.example", "cross-site", http.StatusForbidden},
		{"another port", "", "http://127.0.0.1:1", "same-site", http.StatusForbidden},
		{"no origin to speak of", "", "null", "", http.StatusForbidden},
		{"a name that was rebound", "evil.example", "", "", http.StatusForbidden},
		{"a rebound name with its own origin", "evil.example", "http://evil.example", "same-origin", http.StatusForbidden},
		{"localhost", "localhost:80", "http://localhost:80", "same-origin", http.StatusOK},
	}
	for _, r := range rows {
		for _, path := range []string{"POST /control/message", "GET /control/calls", "GET /page/state", "GET /"} {
			method, path, _ := strings.Cut(path, " ")
			req, err := http.NewRequest(method, l.web.URL+path, strings.NewReader(`{"user":"ana","channel":"ops","text":"a"}`))
			if err != nil {
				t.Fatal(err)
			}
			if r.host != "" {
				req.Host = r.host
			}
			if r.origin == "self" {
				r.origin = l.web.URL
			}
			if r.origin != "" {
				req.Header.Set("Origin", r.origin)
			}
			req.Header.Set("Sec-Fetch-Site", r.site)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != r.status {
				t.Errorf("%s: %s %s answered %d, want %d", r.name, method, path, resp.StatusCode, r.status)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	post := func() error {
		_, _, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("a", false))
		return err
	}
	kept := func() int { return len(l.messages("ops", "ana", "")) }
	rows := []struct {
		name  string
		fault object
		want  func(error) bool
		adds  int
	}{
		{"rate limit", object{"match": "chat.postMessage", "error": "ratelimited", "retry_after": 7}, func(err error) bool {
			var limited *slack.RateLimitedError
			return errors.As(err, &limited) && limited.RetryAfter == 7*time.Second
		}, 0},
		{"status", object{"match": "chat.*", "status": 500}, func(err error) bool {
			var status slack.StatusCodeError
			return errors.As(err, &status) && status.Code == 500
		}, 0},
		{"error", object{"match": "chat.postMessage", "error": "fatal_error"}, func(err error) bool { return err != nil && err.Error() == "fatal_error" }, 0},
		{"a lost reply", object{"match": "chat.postMessage", "drop_reply": true}, func(err error) bool { return err != nil }, 1},
		{"a delay", object{"match": "chat.postMessage", "delay_ms": 1}, func(err error) bool { return err == nil }, 1},
		{"another method", object{"match": "chat.update", "error": "fatal_error"}, func(err error) bool { return err == nil }, 1},
	}
	for _, r := range rows {
		if got := l.post("/control/faults", r.fault); got["ok"] != true {
			t.Fatalf("%s: %v", r.name, got)
		}
		before := kept()
		if err := post(); !r.want(err) {
			t.Errorf("%s: the call gave %v", r.name, err)
		}
		if kept()-before != r.adds {
			t.Errorf("%s: %d messages were added, want %d", r.name, kept()-before, r.adds)
		}
		l.post("/control/faults", object{"reset": true})
		if err := post(); err != nil {
			t.Errorf("%s: the fault stays: %v", r.name, err)
		}
	}
	for _, bad := range []object{{}, {"match": "["}, {"match": "a", "status": 42}, {"match": "a", "delay_ms": -1}, {"mach": "a"}} {
		if got := l.post("/control/faults", bad); got["ok"] != false {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestFaultsAreTakenAway(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	l.post("/control/faults", object{"match": "*", "times": -1, "error": "fatal_error"})
	req, err := http.NewRequest(http.MethodDelete, l.web.URL+"/control/faults", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.read(res); got["ok"] != true || len(got["faults"].([]any)) != 0 {
		t.Errorf("DELETE answers %v", got)
	}
	if _, err := l.api.AuthTest(); err != nil {
		t.Errorf("the fault stays: %v", err)
	}
}

func TestFaultsCountDown(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	l.post("/control/faults", object{"match": "auth.test", "times": 2, "error": "fatal_error"})
	var got []bool
	for range 3 {
		_, err := l.api.AuthTest()
		got = append(got, err == nil)
	}
	if diff := cmp.Diff([]bool{false, false, true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCallsAreRecordedWithoutSecrets(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	if _, _, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("a "+l.srv.BotToken(), false), slack.MsgOptionBlocks(slack.NewDividerBlock())); err != nil {
		t.Fatal(err)
	}
	link := commandURL(t, l, app)
	respond(t, link, object{"text": "a"})
	all, err := json.Marshal(l.get("/control/calls"))
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(link, "/commands/T012LOCAL/")
	for _, hidden := range []string{l.srv.BotToken(), l.srv.AppToken(), l.srv.SigningSecret(), secret} {
		if strings.Contains(string(all), hidden) {
			t.Errorf("%q is in the record", hidden)
		}
	}
	posts := l.calls("chat.postMessage")
	if len(posts) != 1 || posts[0]["status"] != float64(200) || posts[0]["response"].(object)["ok"] != true {
		t.Fatalf("calls %v", posts)
	}
	if blocks, ok := posts[0]["request"].(object)["blocks"].([]any); !ok || len(blocks) != 1 {
		t.Errorf("request %v", posts[0]["request"])
	}
	for _, method := range []string{"slash_commands", "response_url"} {
		if len(l.calls(method)) != 1 {
			t.Errorf("%s is not recorded once", method)
		}
	}
}

func TestControlRefusals(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	rows := []struct {
		name, path string
		body       object
		want       string
	}{
		{"unknown person", "/control/command", object{"user": "eve", "channel": "ops", "command": "/runbook"}, "user_not_found"},
		{"unknown channel", "/control/command", object{"user": "ana", "channel": "none", "command": "/runbook"}, "channel_not_found"},
		{"unknown command", "/control/command", object{"user": "ana", "channel": "ops", "command": "/shout"}, "unknown_command"},
		{"unknown field", "/control/command", object{"user": "ana", "chanel": "ops"}, "invalid_arguments"},
		{"a thread", "/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "thread_ts": "1.1"}, "not_supported_in_threads"},
		{"nothing said", "/control/message", object{"user": "ana", "channel": "ops", "text": " "}, "no_text"},
		{"unknown thread", "/control/message", object{"user": "ana", "channel": "ops", "text": "a", "thread_ts": "1.1"}, "cannot_reply_to_message"},
		{"unknown form", "/control/submit", object{"user": "ana", "view_id": "V0"}, "view_not_found"},
		{"unknown reason", "/control/disconnect", object{"reason": "bored"}, "invalid_arguments"},
		{"nowhere to verify", "/control/verify", object{}, "no_events_url"},
	}
	for _, r := range rows {
		if got := l.post(r.path, r.body); got["ok"] != false || got["error"] != r.want {
			t.Errorf("%s: answered %v, want %s", r.name, got, r.want)
		}
	}
	threads := l.messages("ops", "ana", "")
	if last := threads[len(threads)-1]["text"]; last != "/runbook is not supported in threads. Sorry!" {
		t.Errorf("ana is told %q", last)
	}
}

func TestCoverageListsEveryMethod(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	got := l.get("/control/coverage")
	for _, m := range got["methods"].([]any) {
		name := m.(object)["method"].(string)
		resp, err := http.PostForm(l.web.URL+"/api/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer := l.read(resp); answer["error"] == "unknown_method" {
			t.Errorf("%s is listed but unknown", name)
		}
	}
	if len(got["gaps"].([]any)) == 0 {
		t.Error("no gaps are named")
	}
}

func TestPageFilesKeepToThisServer(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	for _, path := range []string{"/", "/app.js", "/base.css", "/vendor/preact.mjs", "/vendor/htm.mjs"} {
		resp, err := http.Get(l.web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		if resp.StatusCode != http.StatusOK || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "'sha256-") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %d with policy %q", path, resp.StatusCode, policy)
		}
	}
}

// stream reads page events until one of the type comes.
func (l *local) stream(user string) func(kind string) object {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	l.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.web.URL+"/page/events?user="+user, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	return func(kind string) object {
		l.t.Helper()
		for lines.Scan() {
			var e object
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &e) == nil && e["type"] == kind {
				return e
			}
		}
		l.t.Fatalf("%s's page was never told of %q: %v", user, kind, lines.Err())
		return nil
	}
}

func TestPagesAreToldWhatTheirPersonSees(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	ana, ben := l.stream("ana"), l.stream("ben")
	ana("hello")
	ben("hello")
	if _, err := l.api.PostEphemeral("C012OPS", "U012ANA", slack.MsgOptionText("for ana", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("for all", false)); err != nil {
		t.Fatal(err)
	}
	if e := ana("message"); e["message"].(object)["text"] != "for ana" {
		t.Errorf("ana's page was told %v", e)
	}
	if e := ben("message"); e["message"].(object)["text"] != "for all" {
		t.Errorf("ben's page was told %v", e)
	}
	state := l.get("/page/state?user=ana")
	if state["me"] != "U012ANA" || len(state["channels"].([]any)) != 3 {
		t.Errorf("state %v", state)
	}
}
