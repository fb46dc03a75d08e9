package slackserver_test

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"handrail/local/slackserver"
)

func TestSlashCommandThroughSocketMode(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	got := make(chan slack.SlashCommand, 1)
	l.listen(func(c *socketmode.Client, e socketmode.Event) {
		got <- e.Data.(slack.SlashCommand)
		_ = c.Ack(*e.Request, map[string]any{"text": "on it"})
	})
	answer := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "text": "run x by @ben in #ops <a & b>"})
	if answer["ok"] != true || answer["ack"].(object)["text"] != "on it" {
		t.Fatalf("command answered %v", answer)
	}
	cmd := <-got
	if want := "run x by <@U012BEN|ben> in <#C012OPS|ops> &lt;a &amp; b&gt;"; cmd.Text != want {
		t.Errorf("text is %q, want %q", cmd.Text, want)
	}
	if cmd.UserID != "U012ANA" || cmd.ChannelID != "C012OPS" || cmd.APIAppID != "A012HANDRAIL" || cmd.IsEnterpriseInstall {
		t.Errorf("command is %+v", cmd)
	}
	mine := l.messages("ops", "ana", "")
	if len(mine) != 1 || mine[0]["ephemeral"] != true || mine[0]["text"] != "on it" {
		t.Errorf("ana sees %v", mine)
	}
	if others := l.messages("ops", "ben", ""); len(others) != 0 {
		t.Errorf("ben sees %v", others)
	}
}

func TestNobodyConnectedIsSaidToThePerson(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	answer := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "text": "help"})
	if answer["ok"] != false || answer["error"] != "dispatch_failed" {
		t.Fatalf("command answered %v", answer)
	}
	seen := l.messages("ops", "ana", "")
	if len(seen) != 1 || !strings.Contains(seen[0]["text"].(string), `/runbook failed with the error "dispatch_failed"`) {
		t.Errorf("ana sees %v", seen)
	}
}

func TestMentionInThreadBecomesAnEvent(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	got := make(chan *slackevents.AppMentionEvent, 1)
	l.listen(func(c *socketmode.Client, e socketmode.Event) {
		_ = c.Ack(*e.Request)
		got <- e.Data.(slackevents.EventsAPIEvent).InnerEvent.Data.(*slackevents.AppMentionEvent)
	})
	_, ts, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("root", false))
	if err != nil {
		t.Fatal(err)
	}
	answer := l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "@Handrail status", "thread_ts": ts})
	if answer["ok"] != true {
		t.Fatalf("message answered %v", answer)
	}
	event := <-got
	if event.Text != "<@U012HANDRAIL> status" || event.ThreadTimeStamp != ts || event.User != "U012ANA" || event.UserTeam != "T012LOCAL" {
		t.Errorf("event is %+v", event)
	}
	root := l.messages("ops", "ana", "")[0]
	if root["reply_count"] != float64(1) || root["thread_ts"] != ts {
		t.Errorf("root is %v", root)
	}
}
