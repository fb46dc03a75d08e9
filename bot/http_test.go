package bot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/commands"
	"handrail/policy"
)

func unreached(t *testing.T) commander {
	return func(_ context.Context, inv commands.Invocation) commands.Answer {
		t.Errorf("the commander was reached with %+v", inv)
		return commands.Answer{}
	}
}

var routes = []string{"/slack/commands", "/slack/interactions", "/slack/options", "/slack/events"}

func TestUnsignedRequestsLearnNothing(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, unreached(t))
	for _, route := range routes {
		kind := formType
		if route == "/slack/events" {
			kind = "application/json"
		}
		for name, change := range map[string]func(*http.Request){
			"no signature":      func(r *http.Request) { r.Header.Del(signatureHeader) },
			"a wrong signature": func(r *http.Request) { r.Header.Set(signatureHeader, "v0="+strings.Repeat("0", 64)) },
			"an old timestamp":  func(r *http.Request) { r.Header.Set(timestampHeader, "1531420618") },
			"a wrong type":      func(r *http.Request) { r.Header.Del(signatureHeader); r.Header.Set("Content-Type", "text/plain") },
		} {
			status, body := send(t, web.URL+route, kind, slashForm(nil), change)
			if status != http.StatusUnauthorized || body != "Unauthorized\n" {
				t.Errorf("%s with %s: %d %q", route, name, status, body)
			}
		}
	}
}

func TestOtherRoutesAndMethodsDoNotExist(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, unreached(t))
	for _, route := range []string{"/", "/slack", "/slack/", "/slack/commands/", "/slack/actions", "/metrics", "/debug/pprof/"} {
		if status, _ := send(t, web.URL+route, formType, slashForm(nil), nil); status != http.StatusNotFound {
			t.Errorf("POST %s: %d", route, status)
		}
	}
	for _, route := range routes {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodHead} {
			if status, _ := send(t, web.URL+route, formType, slashForm(nil), func(r *http.Request) { r.Method = method }); status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, route, status)
			}
		}
	}
}

func TestSignedButBadRequestsAreRefused(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, unreached(t))
	form := func(name string, values ...string) string { return slashForm(url.Values{name: values}) }
	for name, c := range map[string]struct {
		route, kind, body string
		want              int
	}{
		"too large":               {"/slack/commands", formType, form("text", strings.Repeat("x", maxBody)), http.StatusRequestEntityTooLarge},
		"JSON command":            {"/slack/commands", "application/json", `{"command":"/runbook"}`, http.StatusUnsupportedMediaType},
		"no content type":         {"/slack/commands", "", slashForm(nil), http.StatusUnsupportedMediaType},
		"form event":              {"/slack/events", formType, slashForm(nil), http.StatusUnsupportedMediaType},
		"broken form":             {"/slack/commands", formType, "a=%zz", http.StatusBadRequest},
		"no trigger":              {"/slack/commands", formType, form("trigger_id", ""), http.StatusBadRequest},
		"no user":                 {"/slack/commands", formType, form("user_id", ""), http.StatusBadRequest},
		"a user that is no ID":    {"/slack/commands", formType, form("user_id", "U1> <!channel"), http.StatusBadRequest},
		"two users":               {"/slack/commands", formType, form("user_id", "U012ANA", "U012BEN"), http.StatusBadRequest},
		"no channel":              {"/slack/commands", formType, form("channel_id", ""), http.StatusBadRequest},
		"no command":              {"/slack/commands", formType, form("command", ""), http.StatusBadRequest},
		"another team":            {"/slack/commands", formType, form("team_id", "T0OTHER"), http.StatusForbidden},
		"no team":                 {"/slack/commands", formType, form("team_id", ""), http.StatusForbidden},
		"another app":             {"/slack/commands", formType, form("api_app_id", "A0OTHER"), http.StatusForbidden},
		"no app":                  {"/slack/commands", formType, form("api_app_id", ""), http.StatusForbidden},
		"no payload":              {"/slack/interactions", formType, "x=1", http.StatusBadRequest},
		"payload in the query":    {"/slack/interactions?payload=%7B%7D", formType, "x=1", http.StatusBadRequest},
		"broken payload":          {"/slack/interactions", formType, "payload=%7B", http.StatusBadRequest},
		"click in another team":   {"/slack/interactions", formType, "payload=" + url.QueryEscape(clickJSON(`"team":{"id":"T0OTHER"}`)), http.StatusForbidden},
		"click in another app":    {"/slack/interactions", formType, "payload=" + url.QueryEscape(clickJSON(`"api_app_id":"A0OTHER"`)), http.StatusForbidden},
		"broken event":            {"/slack/events", "application/json", `{`, http.StatusBadRequest},
		"event of another team":   {"/slack/events", "application/json", eventJSON(`"team_id":"T0OTHER"`, ``), http.StatusForbidden},
		"event of another app":    {"/slack/events", "application/json", eventJSON(`"api_app_id":"A0OTHER"`, ``), http.StatusForbidden},
		"mention without its ID":  {"/slack/events", "application/json", eventJSON(`"event_id":""`, ``), http.StatusBadRequest},
		"mention, bad thread":     {"/slack/events", "application/json", eventJSON(``, `"thread_ts":"../x"`), http.StatusBadRequest},
		"mention, channel absent": {"/slack/events", "application/json", eventJSON(``, `"channel":""`), http.StatusBadRequest},
	} {
		if status, body := send(t, web.URL+c.route, c.kind, c.body, nil); status != c.want || len(body) > 40 {
			t.Errorf("%s: %d %q, want %d", name, status, body, c.want)
		}
	}
}

// clickJSON is a click on a Cancel button, with some fields replaced.
func clickJSON(change string) string {
	return replaced(`{"type":"block_actions","api_app_id":"A012HANDRAIL","team":{"id":"T012LOCAL"},"user":{"id":"U012ANA","team_id":"T012LOCAL"},
		"channel":{"id":"C012OPS"},"container":{"type":"message","message_ts":"1700000000.000100","channel_id":"C012OPS"},
		"message":{"ts":"1700000000.000100"},"actions":[{"action_id":"cancel","block_id":"b","value":"`+theID+`","type":"button","action_ts":"1700000001.5"}]}`, change)
}

// eventJSON is a mention, with some fields of the envelope and of the event replaced.
func eventJSON(outer, inner string) string {
	event := replaced(`{"type":"app_mention","user":"U012ANA","text":"<@U012HANDRAIL> list","ts":"1700000000.000100","channel":"C012OPS"}`, inner)
	return replaced(`{"type":"event_callback","team_id":"T012LOCAL","api_app_id":"A012HANDRAIL","event_id":"Ev1","event":`+event+`}`, outer)
}

func replaced(base, change string) string {
	all := map[string]json.RawMessage{}
	for _, part := range []string{base, "{" + change + "}"} {
		if err := json.Unmarshal([]byte(part), &all); err != nil {
			panic(err) // a test's own text is wrong
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func TestTheSameBytesTwiceHaveTheSameKey(t *testing.T) {
	t.Parallel()
	var keys []string
	_, web := httpBot(t, func(_ context.Context, inv commands.Invocation) commands.Answer {
		keys = append(keys, inv.Key)
		return sayPlainly("ok")
	})
	body := slashForm(nil)
	for range 2 {
		status, out := send(t, web.URL+"/slack/commands", formType, body, nil)
		if status != http.StatusOK || !strings.Contains(out, `"response_type":"ephemeral"`) || !strings.Contains(out, `"text":"ok"`) {
			t.Errorf("answered %d %q", status, out)
		}
	}
	if want := []string{"slash:13345224609.738474920.8088930838d88f008e0", "slash:13345224609.738474920.8088930838d88f008e0"}; !cmp.Equal(keys, want) {
		t.Errorf("keys are %q", keys)
	}
}

func TestAnEmptyAnswerIsASilentAcknowledgement(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, func(context.Context, commands.Invocation) commands.Answer { return commands.Answer{} })
	if status, out := send(t, web.URL+"/slack/commands", formType, slashForm(nil), nil); status != http.StatusOK || out != "" {
		t.Errorf("answered %d %q", status, out)
	}
}

func TestURLVerification(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, unreached(t))
	status, out := send(t, web.URL+"/slack/events", "application/json; charset=utf-8", `{"type":"url_verification","challenge":"3eZb<\"x"}`, nil)
	if status != http.StatusOK || out != `{"challenge":"3eZb\u003c\"x"}` {
		t.Errorf("answered %d %q", status, out)
	}
}

func TestWhatNobodyTypedIsIgnored(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, unreached(t))
	for name, body := range map[string]string{
		"a bot":               eventJSON(``, `"bot_id":"B1"`),
		"ourselves":           eventJSON(``, `"user":"U012HANDRAIL"`),
		"an edit":             eventJSON(``, `"edited":{"user":"U012ANA","ts":"1"}`),
		"message_changed":     eventJSON(``, `"type":"message","subtype":"message_changed"`),
		"a message":           eventJSON(``, `"type":"message"`),
		"a subtype":           eventJSON(``, `"subtype":"file_share"`),
		"a talk about us":     eventJSON(``, `"text":"do not use <@U012HANDRAIL> run restart-web today"`),
		"an aside":            eventJSON(``, `"text":"<@U012BEN> <@U012HANDRAIL> list"`),
		"another's name":      eventJSON(``, `"text":"<@U012HANDRAILX> and <@U012HANDRAIL> list"`),
		"a quotation":         eventJSON(``, `"text":"&gt; <@U012HANDRAIL> run restart-web"`),
		"no name":             eventJSON(``, `"text":"list"`),
		"a reaction":          eventJSON(``, `"type":"reaction_added"`),
		"an unknown event":    eventJSON(``, `"type":"something_new","channel":{"id":"C1"}`),
		"an unknown envelope": eventJSON(`"type":"something_new"`, ``),
		"rate limiting":       `{"type":"app_rate_limited","team_id":"T012LOCAL","api_app_id":"A012HANDRAIL"}`,
	} {
		if status, out := send(t, web.URL+"/slack/events", "application/json", body, nil); status != http.StatusOK || out != "" {
			t.Errorf("%s: %d %q", name, status, out)
		}
	}
}

func TestMentionsAreDecoded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ inner, text, thread, team string }{
		"plain":               {`"text":"<@U012HANDRAIL> list"`, "list", "", "T012LOCAL"},
		"with a label":        {`"text":"<@U012HANDRAIL|handrail> list"`, "list", "", "T012LOCAL"},
		"with another's name": {`"text":" <@U012HANDRAIL> run x a=<@U012BEN> "`, "run x a=<@U012BEN>", "", "T012LOCAL"},
		"with ours":           {`"text":"<@U012HANDRAIL> run x a=<@U012HANDRAIL> "`, "run x a=<@U012HANDRAIL>", "", "T012LOCAL"},
		"after a greeting":    {`"text":"Hey, <@U012HANDRAIL> list"`, "list", "", "T012LOCAL"},
		"in a thread":         {`"thread_ts":"1700000000.000001"`, "list", "1700000000.000001", "T012LOCAL"},
		"of an outsider":      {`"user_team":"T0OTHER"`, "list", "", "T0OTHER"},
		"edited is nothing":   {`"edited":null`, "list", "", "T012LOCAL"},
		"nothing but a name":  {`"text":"<@U012HANDRAIL>"`, "", "", "T012LOCAL"},
	} {
		var got commands.Invocation
		_, web := httpBot(t, func(_ context.Context, inv commands.Invocation) commands.Answer { got = inv; return commands.Answer{} })
		if status, _ := send(t, web.URL+"/slack/events", "application/json", eventJSON(``, c.inner), nil); status != http.StatusOK {
			t.Errorf("%s: %d", name, status)
		}
		if got.Key != "event:Ev1" || got.Entry != policy.ByMention || got.Text != c.text || got.Thread != c.thread || got.Team != c.team || got.Command != "@Handrail" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOptionsAreEmpty(t *testing.T) {
	t.Parallel()
	_, web := httpBot(t, unreached(t))
	body := "payload=" + url.QueryEscape(clickJSON(`"type":"block_suggestion"`))
	if status, out := send(t, web.URL+"/slack/options", formType, body, nil); status != http.StatusOK || out != `{"options":[]}` {
		t.Errorf("answered %d %q", status, out)
	}
}
