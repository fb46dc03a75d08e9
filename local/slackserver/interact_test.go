package slackserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/slack-go/slack"
)

func say(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func aModal() slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: say("Run"), Submit: say("Go"), CallbackID: "run", PrivateMetadata: "draft-1",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("reason", say("Reason"), nil, slack.NewPlainTextInputBlockElement(nil, "text")),
			slack.NewInputBlock("env", say("Where"), nil, slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "pick",
				slack.NewOptionBlockObject("staging", say("staging"), nil), slack.NewOptionBlockObject("prod", say("prod"), nil))),
		}},
	}
}

// payload decodes the last interactive payload that the app got.
func (a *httpApp) payload(t *testing.T) slack.InteractionCallback {
	t.Helper()
	all := a.requests()
	form, err := url.ParseQuery(string(all[len(all)-1].body))
	if err != nil {
		t.Fatal(err)
	}
	var out slack.InteractionCallback
	if err := json.Unmarshal([]byte(form.Get("payload")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (l *local) card() string {
	l.t.Helper()
	more := slack.NewOverflowBlockElement("more", slack.NewOptionBlockObject("again", say("Again"), nil), slack.NewOptionBlockObject("why", say("Why?"), nil))
	hidden := slack.NewButtonBlockElement("approve", "r-1", say("Approve"))
	hidden.VisibleToUserIDs = []string{"U012BEN"}
	_, ts, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("card", false), slack.MsgOptionBlocks(
		slack.NewSectionBlock(say("card"), nil, slack.NewAccessory(more)),
		slack.NewActionBlock("buttons", slack.NewButtonBlockElement("cancel", "r-1", say("Cancel")), hidden)))
	if err != nil {
		l.t.Fatal(err)
	}
	return ts
}

func TestClicks(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	ts := l.card()
	rows := []struct {
		name string
		with object
		want string
	}{
		{"a button", object{"action_id": "cancel"}, ""},
		{"its value", object{"action_id": "cancel", "value": "r-1"}, ""},
		{"another value", object{"action_id": "cancel", "value": "r-2"}, "value_not_found"},
		{"another value, forged", object{"action_id": "cancel", "value": "r-2", "force": true}, ""},
		{"what is not there", object{"action_id": "start"}, "action_not_found"},
		{"what is not there, forged", object{"action_id": "start", "force": true}, ""},
		{"a choice", object{"action_id": "more", "value": "why"}, ""},
		{"a choice that is not offered", object{"action_id": "more", "value": "else"}, "value_not_found"},
		{"what is hidden", object{"action_id": "approve"}, "action_not_found"},
		{"what ben sees", object{"action_id": "approve", "user": "ben"}, ""},
		{"another message", object{"action_id": "cancel", "message_ts": "1.1"}, "message_not_found"},
		{"nobody", object{"action_id": "cancel", "user": "eve"}, "user_not_found"},
	}
	for _, r := range rows {
		body := object{"user": "ana", "channel": "ops", "message_ts": ts}
		for key, value := range r.with {
			body[key] = value
		}
		got := l.post("/control/action", body)
		if r.want == "" && got["ok"] != true || r.want != "" && got["error"] != r.want {
			t.Errorf("%s: answered %v, want %q", r.name, got, r.want)
		}
	}
}

func TestClickPayload(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	ts := l.card()
	l.post("/control/action", object{"user": "ana", "channel": "ops", "message_ts": ts, "action_id": "more", "value": "why", "team": "T0OTHER", "app": "A0OTHER"})
	p := app.payload(t)
	a := p.ActionCallback.BlockActions[0]
	if p.Type != slack.InteractionTypeBlockActions || a.ActionID != "more" || a.SelectedOption.Value != "why" || a.ActionTs == "" || a.BlockID == "" {
		t.Errorf("action is %+v", a)
	}
	if p.Team.ID != "T0OTHER" || p.APIAppID != "A0OTHER" || p.User.ID != "U012ANA" || p.Channel.ID != "C012OPS" || p.Container.MessageTs != ts || p.Message.Timestamp != ts {
		t.Errorf("payload is %+v", p)
	}
	if status, _ := respond(t, p.ResponseURL, object{"replace_original": true, "text": "replaced"}); status != http.StatusOK {
		t.Errorf("replacing: %d", status)
	}
	if seen := l.messages("ops", "ben", ""); seen[0]["text"] != "replaced" || seen[0]["blocks"] != nil {
		t.Errorf("ben sees %v", seen)
	}
}

func TestFormFromOpenToClose(t *testing.T) {
	t.Parallel()
	ack := ""
	app := newHTTPApp(t, func(w http.ResponseWriter, _ request) { _, _ = io.WriteString(w, ack) })
	l := start(t, app.options())
	ts := l.card()
	l.post("/control/action", object{"user": "ana", "channel": "ops", "message_ts": ts, "action_id": "cancel"})
	trigger := app.payload(t).TriggerID
	opened, err := l.api.OpenView(trigger, aModal())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.api.OpenView(trigger, aModal()); err == nil || err.Error() != "exchanged_trigger_id" {
		t.Errorf("the trigger works twice: %v", err)
	}
	views := l.get("/control/messages?channel=ops&user=ana")["views"].([]any)
	if len(views) != 1 || views[0].(object)["private_metadata"] != "draft-1" {
		t.Fatalf("ana has open %v", views)
	}
	form := object{"user": "ana", "view_id": opened.ID, "values": object{"reason": object{"text": "because"}}}
	if got := l.post("/control/submit", form); got["error"] != "missing_values" || got["errors"].(object)["env"] == nil {
		t.Errorf("half a form: %v", got)
	}
	form["values"].(object)["env"] = object{"pick": "mars"}
	if got := l.post("/control/submit", form); got["error"] != "value_not_found" {
		t.Errorf("a choice that is not offered: %v", got)
	}
	form["values"].(object)["env"] = object{"pick": "prod"}
	ack = `{"response_action":"errors","errors":{"reason":"too short"}}`
	if got := l.post("/control/submit", form); got["ok"] != true || got["errors"].(object)["reason"] != "too short" {
		t.Errorf("refused by the app: %v", got)
	}
	p := app.payload(t)
	if p.View.State.Values["reason"]["text"].Value != "because" || p.View.State.Values["env"]["pick"].SelectedOption.Value != "prod" || p.View.PrivateMetadata != "draft-1" {
		t.Errorf("state is %+v", p.View.State)
	}
	if _, err := l.api.UpdateView(aModal(), "", "stale", opened.ID); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("a stale update: %v", err)
	}
	ack = ""
	if got := l.post("/control/submit", form); got["ok"] != true {
		t.Errorf("the last submit: %v", got)
	}
	if got := l.post("/control/submit", form); got["error"] != "view_not_found" {
		t.Errorf("a closed form: %v", got)
	}
}

func TestPushedFormsStackThreeHigh(t *testing.T) {
	t.Parallel()
	modal, err := json.Marshal(aModal())
	if err != nil {
		t.Fatal(err)
	}
	app := newHTTPApp(t, func(w http.ResponseWriter, r request) {
		if form, _ := url.ParseQuery(string(r.body)); len(form.Get("payload")) > 0 && json.Valid(modal) {
			var p slack.InteractionCallback
			if json.Unmarshal([]byte(form.Get("payload")), &p) == nil && p.Type == slack.InteractionTypeViewSubmission {
				_, _ = io.WriteString(w, `{"response_action":"push","view":`+string(modal)+`}`)
			}
		}
	})
	l := start(t, app.options())
	l.post("/control/action", object{"user": "ana", "channel": "ops", "message_ts": l.card(), "action_id": "cancel"})
	if _, err := l.api.OpenView(app.payload(t).TriggerID, aModal()); err != nil {
		t.Fatal(err)
	}
	submit := func() object {
		views := l.get("/control/messages?channel=ops&user=ana")["views"].([]any)
		top := views[len(views)-1].(object)["id"]
		return l.post("/control/submit", object{"user": "ana", "view_id": top, "values": object{"reason": object{"text": "a"}, "env": object{"pick": "prod"}}})
	}
	for range 2 {
		if got := submit(); got["ok"] != true {
			t.Fatal(got)
		}
	}
	if got := submit(); got["error"] != "push_limit_reached" {
		t.Errorf("a fourth form: %v", got)
	}
}

func TestHomeView(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewSectionBlock(say("hi"), nil, nil)}}}
	if _, err := l.api.PublishView("U012ANA", home, ""); err != nil {
		t.Fatal(err)
	}
	if got := l.post("/control/home", object{"user": "ana"}); got["view"] == nil {
		t.Errorf("ana's Home is %v", got)
	}
	until(t, "app_home_opened", func() bool { return len(app.requests()) == 1 })
}

func TestOptionsForASelect(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, func(w http.ResponseWriter, _ request) {
		_, _ = io.WriteString(w, `{"options":[{"text":{"type":"plain_text","text":"i-1"},"value":"i-1"}]}`)
	})
	l := start(t, app.options())
	pick := slack.NewOptionsSelectBlockElement(slack.OptTypeExternal, nil, "instance")
	_, ts, err := l.api.PostMessage("C012OPS", slack.MsgOptionBlocks(slack.NewActionBlock("b", pick)))
	if err != nil {
		t.Fatal(err)
	}
	got := l.post("/control/options", object{"user": "ana", "channel": "ops", "message_ts": ts, "action_id": "instance", "value": "i-"})
	if got["ok"] != true || len(got["options"].([]any)) != 1 {
		t.Errorf("options %v", got)
	}
	if p := app.payload(t); p.Type != slack.InteractionTypeBlockSuggestion || p.Value != "i-" || p.ActionID != "instance" {
		t.Errorf("payload %+v", p)
	}
}
