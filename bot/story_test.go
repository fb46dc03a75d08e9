package bot

import (
	"context"
	"strings"
	"testing"

	"handrail/automation"
	"handrail/commands"
	"handrail/local/slackserver"
	"handrail/policy"
)

func TestSlashCommandIsAnsweredToThePersonAlone(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, func(context.Context, commands.Invocation) commands.Answer {
		return commands.Answer{Lines: []commands.Line{{{Text: "I don't know a runbook "}, {Style: commands.Code, Text: "restart-servce"}, {Text: "."}}}}
	})
	r := l.post("/control/command", object{"user": "ana", "channel": "ops", "command": "/runbook", "text": "run restart-servce by @ben"})
	if r["ok"] != true {
		t.Fatalf("the command answered %v", r)
	}
	inv := <-l.asked
	if !strings.HasPrefix(inv.Key, "slash:") || inv.Entry != policy.ByCommand || inv.Team != "T012LOCAL" || inv.User != "U012ANA" ||
		inv.Channel != "C012OPS" || inv.Command != "/runbook" || inv.Text != "run restart-servce by <@U012BEN|ben>" || inv.At.IsZero() {
		t.Errorf("invocation is %+v", inv)
	}
	if got := texts(l.sees("ana", "ops", "")); got != "I don't know a runbook restart-servce." {
		t.Errorf("ana sees %q", got)
	}
	if got := l.sees("ben", "ops", ""); len(got) != 0 {
		t.Errorf("ben sees %v", got)
	}
}

func TestCardGoesFromQueuedToSucceeded(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	l.accept(theID)
	l.waitTold(theID)
	seen := l.sees("ben", "ops", "")
	if len(seen) != 1 || !strings.Contains(texts(seen), "restart-web (i-0aaaaaaaaaaaaaaa1) queued") {
		t.Fatalf("ben sees %v", seen)
	}
	l.change(theID, succeed)
	e := l.waitTold(theID)
	if got := texts(l.sees("ben", "ops", "")); got != "✅ restart-web (i-0aaaaaaaaaaaaaaa1) succeeded in 1\u00a0m 42\u00a0s · r-7f3k2" {
		t.Errorf("ben sees %q", got)
	}
	thread := l.sees("ben", "ops", e.Announcement.Card)
	if len(thread) != 3 || !strings.Contains(texts(thread[1:2]), theAWS) || texts(thread[2:]) != "✅ <@U012ANA> restart-web is done (1\u00a0m 42\u00a0s)" {
		t.Errorf("the thread is %q", texts(thread))
	}
	if n := len(l.calls("chat.postMessage")); n != 3 {
		t.Errorf("%d messages were posted, want the card and two replies", n)
	}
}

func TestMentionIsAnsweredInItsThread(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, func(context.Context, commands.Invocation) commands.Answer {
		return sayPlainly("Nothing is running.")
	})
	root := l.post("/control/message", object{"user": "ben", "channel": "ops", "text": "checkout is slow"})
	ts := root["ts"].(string)
	l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "hey @Handrail status mine", "thread_ts": ts})
	inv := <-l.asked
	if !strings.HasPrefix(inv.Key, "event:Ev") || inv.Entry != policy.ByMention || inv.Thread != ts || inv.Text != "status mine" || inv.Command != "@Handrail" {
		t.Errorf("invocation is %+v", inv)
	}
	eventually(t, "ana is answered in the thread", func() bool { return strings.Contains(texts(l.sees("ana", "ops", ts)), "Nothing is running.") })
	if strings.Contains(texts(l.sees("ben", "ops", ts)), "Nothing") {
		t.Error("ben sees ana's answer")
	}
}

func TestCancelButton(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, func(context.Context, commands.Invocation) commands.Answer {
		return sayPlainly("🚫 Cancelling r-7f3k2.")
	})
	l.accept(theID, func(e *automation.Execution) { e.State, e.AWSID = automation.Running, theAWS })
	e := l.waitTold(theID)
	if n := len(l.sees("ben", "ops", e.Announcement.Card)); n != 2 {
		t.Fatalf("the card's thread has %d messages, want the card and a reply", n)
	}
	click := object{"user": "ana", "channel": "ops", "message_ts": e.Announcement.Card, "action_id": "cancel"}
	if r := l.post("/control/action", click); r["ok"] != true {
		t.Fatalf("the click answered %v", r)
	}
	inv := <-l.asked
	if inv.Entry != policy.ByButton || typed(inv) != "cancel r-7f3k2" || inv.User != "U012ANA" || inv.Channel != "C012OPS" || inv.Team != "T012LOCAL" ||
		!strings.HasPrefix(inv.Key, "button:C012OPS:"+e.Announcement.Card+":cancel:U012ANA:") {
		t.Errorf("invocation is %+v", inv)
	}
	eventually(t, "ana is answered", func() bool { return strings.Contains(texts(l.sees("ana", "ops", "")), "Cancelling r-7f3k2") })
}

func TestCardInAThreadStaysThere(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	root := l.post("/control/message", object{"user": "ben", "channel": "ops", "text": "checkout is slow"})
	ts := root["ts"].(string)
	l.accept(theID, func(e *automation.Execution) { e.Thread = ts; succeed(e) })
	l.waitTold(theID)
	if got := l.sees("ben", "ops", ""); len(got) != 1 {
		t.Errorf("the channel shows %q", texts(got))
	}
	if got := l.sees("ben", "ops", ts); len(got) != 4 {
		t.Errorf("the thread shows %q", texts(got))
	}
}
