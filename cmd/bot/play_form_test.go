package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// formCommand waits for the newest form that a person has open, and sends it with a text in one field: form USER FIELD TEXT.
// The field's block and its element have the same name.
func formCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	var id string
	wait(ts, args[0]+" has a form open", func() error {
		answer, _, err := w.call(http.MethodGet, w.slackURL+"/control/messages?"+url.Values{"channel": {"ops"}, "user": {args[0]}}.Encode(), nil)
		if err != nil {
			return err
		}
		views, _ := answer["views"].([]any)
		for _, v := range slices.Backward(views) {
			id, _ = v.(map[string]any)["id"].(string)
			return nil
		}
		return fmt.Errorf("there is none in %v", answer)
	})
	field := map[string]any{args[1]: map[string]any{args[1]: strings.Join(args[2:], " ")}}
	answer, _, err := w.call(http.MethodPost, w.slackURL+"/control/submit", map[string]any{"user": args[0], "view_id": id, "values": field})
	ts.Check(err)
	if ok, _ := answer["ok"].(bool); ok == neg {
		ts.Fatalf("slack answers %v", answer)
	}
}

// privatelyCommand clicks a button of the newest message that only this person sees: privately USER CHANNEL ACTION.
func privatelyCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	var at any
	wait(ts, args[0]+" sees the button "+args[2], func() error {
		ms, err := w.messages(args[1], args[0], "")
		if err != nil {
			return err
		}
		for _, m := range slices.Backward(ms) {
			if m["ephemeral"] == true && strings.Contains(flatten(m), `"action_id":"`+args[2]+`"`) {
				at = m["ts"]
				return nil
			}
		}
		return errors.New("nobody shows it")
	})
	answer, _, err := w.call(http.MethodPost, w.slackURL+"/control/action",
		map[string]any{"user": args[0], "channel": args[1], "action_id": args[2], "message_ts": at})
	ts.Check(err)
	if ok, _ := answer["ok"].(bool); ok == neg {
		ts.Fatalf("slack answers %v", answer)
	}
}
