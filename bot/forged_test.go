package bot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

// twoCards are a bot on signed HTTP and two executions that wait, each with its card and its message to approvers.
func twoCards(t *testing.T, reply commander) (*Bot, string) {
	t.Helper()
	b, web := httpBot(t, reply)
	b.announce.look = ruled(rich)
	for i := range 2 {
		e := waitingFor()
		e.ID, e.Ref = nth(i), fmt.Sprintf("r-%07d", i)
		e.Announcement = automation.Announcement{Version: 1, Channel: "C012OPS", Card: fmt.Sprintf("1700000000.00010%d", i), AskChannel: approversID, AskCard: fmt.Sprintf("1700000000.00020%d", i)}
		b.opt.Store.(*memory).insert(e)
	}
	return b, web.URL
}

func clickOn(channel, ts, action, block, value string) string {
	return clickJSON(fmt.Sprintf(`"container":{"message_ts":%q,"channel_id":%q},"message":{"ts":%q},"channel":{"id":%q},"trigger_id":"1.2.x","actions":[{"action_id":%q,"block_id":%q,"value":%q,"action_ts":"1.5"}]`,
		ts, channel, ts, channel, action, block, value))
}

func TestAForgedAnswerIsRefused(t *testing.T) {
	t.Parallel()
	b, _ := twoCards(t, unreached(t))
	recorded := map[string]int{} // what was clicked for which execution
	b.opt.Misplaced = func(_ context.Context, a automation.ApproveAsk, action policy.Action) error {
		recorded[string(action)+" "+a.Execution]++
		if a.User == "" || a.Channel == "" || a.Entry != policy.ByButton {
			t.Errorf("recorded is %+v", a)
		}
		return nil
	}
	for _, action := range []string{actionApprove, actionDeny, actionApproveStep, actionDenyStep, actionCancel} {
		for name, payload := range map[string]string{
			"the other card's value":         clickOn("C012OPS", "1700000000.000100", action, "", nth(1)),
			"the other message to approvers": clickOn(approversID, "1700000000.000201", action, "", nth(0)),
			"the card's ts there":            clickOn(approversID, "1700000000.000100", action, "", nth(0)),
			"the approvers' ts here":         clickOn("C012OPS", "1700000000.000200", action, "", nth(0)),
			"a copy elsewhere":               clickOn("C012RANDOM", "1700000000.000100", action, "", nth(0)),
			"a reference":                    clickOn("C012OPS", "1700000000.000100", action, "", "r-0000000"),
			"no value":                       clickOn("C012OPS", "1700000000.000100", action, "", ""),
			"a value and more":               clickOn("C012OPS", "1700000000.000100", action, "", nth(0)+" step=Confirm"),
			"a huge value":                   clickOn("C012OPS", "1700000000.000100", action, "", strings.Repeat("x", 900_000)),
			"a wild channel":                 clickOn("#ops", "1700000000.000100", action, "", nth(0)),
			"a wild message":                 clickOn("C012OPS", "x", action, "", nth(0)),
		} {
			// What is whispered after the acknowledgement is not waited for.
			if ack := b.interactive(t.Context(), received{payload: []byte(payload), at: time.Now()}); ack.payload != nil {
				t.Errorf("%s with %s: %d %q", action, name, ack.status, ack.payload)
			}
		}
	}
	for _, action := range []policy.Action{policy.Approve, policy.Reject, policy.Cancel} {
		if recorded[string(action)+" "+nth(0)] < 4 || recorded[string(action)+" "+nth(1)] < 1 {
			t.Errorf("recorded of %s is %v", action, recorded)
		}
	}
	b.opt.Misplaced = nil
	for i := range 10_000 { // beside HTTP, for speed
		e, no := b.row(t.Context(), commands.Invocation{Channel: "C012OPS", User: "U012MALLORY"}, "1700000000.000100", actionApprove, nth(i+2))
		if e != nil || no == nil {
			t.Fatalf("an invented ID names %+v", e)
		}
	}
}

func viewJSON(callback, meta, reason, more string) string {
	p := fmt.Sprintf(`{"type":"view_submission","api_app_id":"A012HANDRAIL","team":{"id":"T012LOCAL"},"user":{"id":"U012BEN","team_id":"T012LOCAL"},
		"view":{"id":"V012","hash":"1.h","app_id":"A012HANDRAIL","callback_id":%q,"private_metadata":%q,"state":{"values":{"reason":{"reason":{"type":"plain_text_input","value":%q}}}}}`, callback, meta, reason)
	return p + more + `}`
}

func TestAForgedFormIsRefused(t *testing.T) {
	t.Parallel()
	_, address := twoCards(t, unreached(t))
	meta := func(id, channel, ts, step string) string {
		return fmt.Sprintf(`{"id":%q,"channel":%q,"ts":%q,"step":%q}`, id, channel, ts, step)
	}
	for name, payload := range map[string]string{
		"the other execution":    viewJSON(actionDeny, meta(nth(1), "C012OPS", "1700000000.000100", ""), "why", ""),
		"an unknown message":     viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000999", ""), "why", ""),
		"another channel":        viewJSON(actionDeny, meta(nth(0), "C012RANDOM", "1700000000.000100", ""), "why", ""),
		"a step that waits not":  viewJSON(actionDenyStep, meta(nth(0), "C012OPS", "1700000000.000100", "Confirm"), "why", ""),
		"a step for the start":   viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", "Confirm"), "why", ""),
		"no decision":            viewJSON(actionAsk, meta("d-x", "C012OPS", "1700000000.000100", ""), "why", ""),
		"a decision and a step":  viewJSON(actionAsk, meta("d-abcdefgh2345", "C012OPS", "1700000000.000100", "x"), "why", ""),
		"no metadata":            viewJSON(actionDeny, "", "why", ""),
		"broken metadata":        viewJSON(actionDeny, `{"id":7}`, "why", ""),
		"a huge metadata":        viewJSON(actionDeny, meta(strings.Repeat("x", 100_000), "C012OPS", "1700000000.000100", ""), "why", ""),
		"no reason":              viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), " \n ", ""),
		"a long reason":          viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), strings.Repeat("é", 301), ""),
		"a huge reason":          viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), strings.Repeat("x", 500_000), ""),
		"another app":            strings.Replace(viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), "why", ""), `"api_app_id":"A012HANDRAIL"`, `"api_app_id":"A0OTHER"`, 1),
		"a view of another app":  strings.Replace(viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), "why", ""), `"app_id":"A012HANDRAIL","callback`, `"app_id":"A0OTHER","callback`, 1),
		"another team":           strings.Replace(viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), "why", ""), `"team":{"id":"T012LOCAL"}`, `"team":{"id":"T0OTHER"}`, 1),
		"nobody":                 strings.Replace(viewJSON(actionDeny, meta(nth(0), "C012OPS", "1700000000.000100", ""), "why", ""), `"user":{"id":"U012BEN"`, `"user":{"id":"x"`, 1),
		"a form that is another": viewJSON("something", meta(nth(0), "C012OPS", "1700000000.000100", ""), "why", ""),
	} {
		status, out := send(t, address+"/slack/interactions", formType, "payload="+url.QueryEscape(payload), nil)
		if status == http.StatusOK && out != "" && !strings.Contains(out, `"response_action":"errors"`) {
			t.Errorf("%s: %d %q", name, status, out)
		}
		if status == http.StatusOK && out == "" && name != "a form that is another" {
			t.Errorf("%s closes the form without a word", name)
		}
	}
}

func TestTheSameFormTwiceHasTheSameKey(t *testing.T) {
	t.Parallel()
	keys := map[string]int{}
	_, address := twoCards(t, func(_ context.Context, inv commands.Invocation) commands.Answer {
		keys[inv.Key+" "+typed(inv)]++
		return commands.Answer{}
	})
	payload := viewJSON(actionDeny, fmt.Sprintf(`{"id":%q,"channel":%q,"ts":"1700000000.000200"}`, nth(0), approversID), "not now", "")
	for range 2 {
		send(t, address+"/slack/interactions", formType, "payload="+url.QueryEscape(payload), nil)
	}
	if len(keys) != 1 || keys["form:V012:1.h:U012BEN deny r-0000000 reason=not now"] != 2 {
		t.Errorf("keys are %v", keys)
	}
}
