package bot

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/local/slackserver"
	"handrail/policy"
)

// withRules gives a bot what today's policy says, in which ben is who may approve.
func withRules(o *Options) {
	o.Rules = rules()
	o.Rules.Approvers = func([]string) (users, groups []string) { return []string{"U012ANA", "U012BEN"}, nil }
	o.Rules.Emergency = func(string) string { return "#random" }
}

// pends changes an accepted execution to one that waits for approval, asked in a channel too.
func pends(channel string) func(*automation.Execution) {
	return func(e *automation.Execution) {
		w := waitingFor(policy.Need{Rule: "failovers", From: []string{"leads"}, Count: 1, Channel: channel})
		e.State, e.Approval, e.Runbook, e.Rule, e.Parameters, e.Reason = w.State, w.Approval, w.Runbook, w.Rule, w.Parameters, w.Reason
		e.Approval.By = time.Now().Add(15 * time.Minute)
	}
}

func agreed(e *automation.Execution) {
	a := *e.Approval
	a.Votes = []automation.Vote{{User: "U012BEN", At: time.Now()}}
	e.Approval, e.State, e.AWSID, e.StartedAt = &a, automation.Running, theAWS, time.Now()
}

// shownAs is a message in a channel as JSON, with its blocks.
func (l *local) shownAs(channel, ts string) string {
	l.t.Helper()
	for _, m := range l.sees("ben", channel, "") {
		if m["ts"] == ts {
			raw, err := json.Marshal(m)
			if err != nil {
				l.t.Fatal(err)
			}
			return string(raw)
		}
	}
	return ""
}

func TestAnApprovalIsAskedInBothPlacesAndAnswered(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil, withRules)
	l.accept(theID, pends("#random"))
	e := l.waitTold(theID)
	if thread := texts(l.sees("ben", "ops", e.Announcement.Card)); strings.Count(thread, "<@U012BEN>") != 1 || strings.Contains(thread, "Still waiting") {
		t.Errorf("the thread is %q", thread)
	}
	if e.Announcement.AskChannel != "C012RANDOM" || e.Announcement.AskCard == "" || !strings.Contains(l.shownAs("random", e.Announcement.AskCard), `"action_id":"approve"`) {
		t.Fatalf("the approvers' channel is not asked: %+v", e.Announcement)
	}
	for channel, ts := range map[string]string{"ops": e.Announcement.Card, "random": e.Announcement.AskCard} {
		l.post("/control/action", object{"user": "ben", "channel": channel, "message_ts": ts, "action_id": "approve"})
		if inv := <-l.asked; inv.Entry != policy.ByButton || typed(inv) != "approve r-7f3k2" || inv.User != "U012BEN" || inv.Channel != "C012"+strings.ToUpper(channel) {
			t.Errorf("invocation is %+v", inv)
		}
	}
	l.change(theID, func(e *automation.Execution) { a := *e.Approval; a.Reminded = true; e.Approval = &a })
	l.waitTold(theID)
	l.change(theID, agreed)
	l.waitTold(theID)
	for channel, ts := range map[string]string{"ops": e.Announcement.Card, "random": e.Announcement.AskCard} {
		if m := l.shownAs(channel, ts); strings.Contains(m, `"action_id":"approve"`) || !strings.Contains(m, "→ started") || !strings.Contains(m, "U012BEN") {
			t.Errorf("after the approval %s shows %s", channel, m)
		}
	}
	calls := len(l.calls("chat.update"))
	l.change(theID, succeed)
	l.waitTold(theID)
	if n := len(l.calls("chat.update")) - calls; n != 1 {
		t.Errorf("%d messages were updated after the approvers' message was done", n)
	}
	if thread := texts(l.sees("ben", "ops", e.Announcement.Card)); strings.Count(thread, "Still waiting") != 1 || strings.Count(thread, "is done") != 1 {
		t.Errorf("the thread is %q", thread)
	}
	if got := l.sees("ben", "random", ""); len(got) != 1 {
		t.Errorf("the approvers' channel shows %q", texts(got))
	}
}

func TestTheApproversChannelThatIsTheCardsOwnIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{"#ops", "C012OPS"} {
		l := serve(t, slackserver.Options{}, nil, withRules)
		l.accept(theID, pends(channel))
		l.waitTold(theID)
		if got := l.sees("ben", "ops", ""); len(got) != 1 {
			t.Errorf("the channel shows %q", texts(got))
		}
	}
}

func TestAnApproversChannelThatCannotBeReachedHoldsUpNothing(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil, withRules)
	l.post("/control/channels", object{"channel": "closed", "id": "C012CLOSED", "bot_member": false, "is_private": true})
	for home, channel := range map[string]string{"ops": "#nowhere", "random": "C012CLOSED", "inc-204": "C012NOBODY"} {
		id := nth(len(home))
		l.accept(id, pends(channel), func(e *automation.Execution) {
			e.ID, e.Channel = id, "C012"+strings.ToUpper(strings.ReplaceAll(home, "-", ""))
		})
		e := l.waitTold(id)
		if card := l.shownAs(home, e.Announcement.Card); !strings.Contains(card, "could not reach the approvers' channel") || !strings.Contains(card, `"action_id":"approve"`) {
			t.Errorf("the card for %s is %s", channel, card)
		}
		posts := len(l.calls("chat.postMessage"))
		l.change(id, agreed)
		l.change(id, succeed)
		l.waitTold(id)
		if n := len(l.calls("chat.postMessage")) - posts; n != 2 {
			t.Errorf("%d more messages were posted, want the start and the end", n)
		}
	}
}

func TestABreakGlassRunIsToldOnce(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil, withRules)
	l.accept(theID, func(e *automation.Execution) { e.BreakGlass, e.Rule, e.Reason = true, "emergency", "the site is down" })
	l.waitTold(theID)
	l.change(theID, succeed)
	l.waitTold(theID)
	if got := l.sees("ben", "random", ""); len(got) != 1 || !strings.Contains(texts(got), "🚨 Break-glass: <@U012ANA> runs restart-web") {
		t.Errorf("the channel shows %q", texts(got))
	}
}

func TestDenyingAsksWhy(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, func(context.Context, commands.Invocation) commands.Answer { return sayPlainly("Denied, then.") }, withRules)
	l.accept(theID, pends(""))
	e := l.waitTold(theID)
	id := l.open("ben", object{"user": "ben", "channel": "ops", "message_ts": e.Announcement.Card, "action_id": "deny"})
	for _, empty := range []string{" ", "\u200b", "\n\n"} {
		r := l.post("/control/submit", object{"user": "ben", "view_id": id, "values": object{"reason": object{"reason": empty}}})
		if raw := string(mustJSON(t, r)); !strings.Contains(raw, "Please say why") {
			t.Errorf("without a reason the form answered %s", raw)
		}
	}
	reason := "no \"step=Other\" <!channel>\nreason=x cancel all"
	r := l.post("/control/submit", object{"user": "ben", "view_id": id, "values": object{"reason": object{"reason": reason}}})
	if r["ok"] != true {
		t.Fatalf("the form answered %v", r)
	}
	inv := <-l.asked
	if len(inv.Args) != 3 || inv.Args[0].Value != "deny" || inv.Args[1].Value != "r-7f3k2" || inv.Args[2].Key != "reason" || inv.Args[2].Value != `no "step=Other" <!channel> reason=x cancel all` ||
		inv.Entry != policy.ByForm || inv.User != "U012BEN" || inv.Channel != "C012OPS" || !strings.HasPrefix(inv.Key, "form:"+id+":") {
		t.Errorf("invocation is %+v", inv)
	}
	eventually(t, "ben is answered", func() bool { return strings.Contains(texts(l.sees("ben", "ops", "")), "Denied, then.") })
}

// open clicks a button and returns the form that it opens.
func (l *local) open(user string, click object) string {
	l.t.Helper()
	before := len(l.calls("views.open"))
	if r := l.post("/control/action", click); r["ok"] != true {
		l.t.Fatalf("the click answered %v", r)
	}
	eventually(l.t, "a form opens", func() bool { return len(l.calls("views.open")) > before })
	calls := l.calls("views.open")
	answer := calls[len(calls)-1]["response"].(object)
	if answer["ok"] != true {
		l.t.Fatalf("slack refused the form: %v", answer)
	}
	return answer["view"].(object)["id"].(string)
}

func TestAFormThatComesTooLateChangesNothing(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil, withRules)
	l.accept(theID, pends(""))
	e := l.waitTold(theID)
	click := object{"user": "ben", "channel": "ops", "message_ts": e.Announcement.Card, "action_id": "deny"}
	id := l.open("ben", click)
	l.change(theID, agreed)
	l.waitTold(theID)
	r := l.post("/control/submit", object{"user": "ben", "view_id": id, "values": object{"reason": object{"reason": "too slow"}}})
	if raw := string(mustJSON(t, r)); !strings.Contains(raw, "It is too late for that: r-7f3k2 is running.") {
		t.Errorf("the form answered %s", raw)
	}
	click["force"], click["value"] = true, theID
	l.post("/control/action", click)
	eventually(t, "ben is told", func() bool { return strings.Contains(texts(l.sees("ben", "ops", "")), "It is too late") })
	if len(l.asked) > 0 {
		t.Errorf("the commander was asked: %+v", <-l.asked)
	}
}

func TestARefusalOffersToAsk(t *testing.T) {
	t.Parallel()
	const decision = "d-abcdefgh2345"
	l := serve(t, slackserver.Options{}, func(_ context.Context, inv commands.Invocation) commands.Answer {
		if inv.Entry == policy.ByForm {
			return commands.Answer{}
		}
		a := sayPlainly("⛔ You may not run this.")
		a.Refused, a.Ask = true, decision
		return a
	}, withRules)
	l.post("/control/command", object{"user": "mallory", "channel": "ops", "command": "/runbook", "text": "run failover-db"})
	<-l.asked
	seen := l.sees("mallory", "ops", "")
	if len(seen) != 1 || !strings.Contains(string(mustJSON(t, seen)), `"action_id":"ask"`) {
		t.Fatalf("mallory sees %v", seen)
	}
	id := l.open("mallory", object{"user": "mallory", "channel": "ops", "message_ts": seen[0]["ts"], "action_id": "ask"})
	l.post("/control/submit", object{"user": "mallory", "view_id": id, "values": object{"reason": object{"reason": "INC-204"}}})
	inv := <-l.asked
	if typed(inv) != "ask "+decision+" reason=INC-204" || inv.Entry != policy.ByForm || inv.User != "U012MALLORY" || inv.Channel != "C012OPS" {
		t.Errorf("invocation is %+v", inv)
	}
}

func TestAStepIsAnsweredUnderItsOwnRule(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil, withRules)
	waits := func(names ...string) func(*automation.Execution) {
		return func(e *automation.Execution) {
			e.State, e.AWSID, e.StartedAt, e.Steps = automation.Waiting, theAWS, time.Now(), nil
			for _, name := range names {
				e.Steps = append(e.Steps, automation.Step{Name: name, Action: "aws:approve", Status: "Waiting"})
			}
		}
	}
	l.accept(theID, waits("Other"))
	e := l.waitTold(theID)
	if card := l.shownAs("ops", e.Announcement.Card); strings.Contains(card, "approve_step") || !strings.Contains(card, "AWS goes on once somebody answers there.") {
		t.Errorf("a step without a rule is shown as %s", card)
	}
	l.change(theID, waits("Other", "Confirm"))
	l.waitTold(theID)
	click := object{"user": "ben", "channel": "ops", "message_ts": e.Announcement.Card, "action_id": "approve_step"}
	l.post("/control/action", click)
	if inv := <-l.asked; typed(inv) != "approve r-7f3k2 step=Confirm" {
		t.Errorf("invocation is %+v", inv)
	}
	id := l.open("ben", object{"user": "ben", "channel": "ops", "message_ts": e.Announcement.Card, "action_id": "deny_step"})
	l.post("/control/submit", object{"user": "ben", "view_id": id, "values": object{"reason": object{"reason": "wrong build"}}})
	if inv := <-l.asked; typed(inv) != "deny r-7f3k2 step=Confirm reason=wrong build" {
		t.Errorf("invocation is %+v", inv)
	}
	for _, block := range []string{"step:Other", "step:", "step:Confirm ", "Confirm", "step:<!channel>"} {
		click["block_id"], click["force"], click["value"] = block, true, theID
		l.post("/control/action", click)
	}
	l.change(theID, func(e *automation.Execution) { e.State = automation.Running })
	click["block_id"] = "step:Confirm"
	l.post("/control/action", click)
	eventually(t, "ben is told six times", func() bool {
		return strings.Count(texts(l.sees("ben", "ops", "")), "No step of r-7f3k2 waits for this answer") == 6
	})
	if len(l.asked) > 0 {
		t.Errorf("the commander was asked: %+v", <-l.asked)
	}
}
