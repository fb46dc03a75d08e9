package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// sayCommand lets a person type: say USER CHANNEL TEXT. A text that begins with / is a slash command. More fields for
// the control route follow as name:=JSON before the text.
func sayCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	body := map[string]any{"user": args[0], "channel": args[1]}
	args = args[2:]
	for len(args) > 0 {
		name, value, ok := strings.Cut(args[0], ":=")
		if !ok {
			break
		}
		var v any
		ts.Check(json.Unmarshal([]byte(value), &v))
		body[name] = v
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if body["thread_ts"] == "card" {
		body["thread_ts"] = w.newestCard(ts, body["channel"].(string))["ts"]
	}
	route := "/control/message"
	if command, rest, _ := strings.Cut(text, " "); strings.HasPrefix(command, "/") {
		route, body["command"], text = "/control/command", command, rest
	}
	body["text"] = text
	answer, _, err := w.call(http.MethodPost, w.slackURL+route, body)
	ts.Check(err)
	if ok, _ := answer["ok"].(bool); ok == neg {
		ts.Fatalf("slack answers %v", answer)
	}
}

// clickCommand clicks a button of the newest card: click USER CHANNEL ACTION [name:=JSON].
func clickCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	body := map[string]any{"user": args[0], "channel": args[1], "action_id": args[2]}
	for _, arg := range args[3:] {
		name, value, _ := strings.Cut(arg, ":=")
		var v any
		ts.Check(json.Unmarshal([]byte(value), &v))
		body[name] = v
	}
	if body["message_ts"] == nil {
		body["message_ts"] = w.newestCard(ts, args[1])["ts"]
	}
	answer, _, err := w.call(http.MethodPost, w.slackURL+"/control/action", body)
	ts.Check(err)
	if ok, _ := answer["ok"].(bool); ok == neg {
		ts.Fatalf("slack answers %v", answer)
	}
}

// messages is what a person sees in a channel, or in the thread of its newest card.
func (w *world) messages(channel, user, thread string) ([]map[string]any, error) {
	q := url.Values{"channel": {channel}, "user": {user}}
	if thread != "" {
		q.Set("thread_ts", thread)
	}
	answer, _, err := w.call(http.MethodGet, w.slackURL+"/control/messages?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	list, _ := answer["messages"].([]any)
	for _, m := range list {
		out = append(out, m.(map[string]any))
	}
	return out, nil
}

// newestCard is the newest message of the bot at the top of a channel that has an execution's metadata.
func (w *world) newestCard(ts *testscript.TestScript, channel string) map[string]any {
	var found map[string]any
	wait(ts, "there is a card in "+channel, func() error {
		ms, err := w.messages(channel, "ana", "")
		if err != nil {
			return err
		}
		for _, m := range slices.Backward(ms) {
			_, bot := m["bot_id"]
			if _, meta := m["metadata"]; bot && meta && m["ephemeral"] == nil {
				found = m
				return nil
			}
		}
		return fmt.Errorf("no card, but %v", ms)
	})
	return found
}

func flatten(m map[string]any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]any{"text": m["text"], "blocks": m["blocks"]}) // maps of JSON always encode
	return b.String()
}

// privateCommand waits until a person is told something that nobody else sees: private USER CHANNEL PATTERN.
func privateCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	pattern := regexp.MustCompile(args[2])
	check := func() error {
		ms, err := w.messages(args[1], args[0], "")
		if err != nil {
			return err
		}
		for _, m := range ms {
			if m["ephemeral"] == true && pattern.MatchString(flatten(m)) {
				return nil
			}
		}
		return fmt.Errorf("%s sees in private: %s", args[0], privates(ms))
	}
	if neg {
		if check() == nil {
			ts.Fatalf("%s is told %s", args[0], args[2])
		}
		return
	}
	wait(ts, args[0]+" is told "+args[2], check)
}

func privates(ms []map[string]any) string {
	var out []string
	for _, m := range ms {
		if m["ephemeral"] == true {
			out = append(out, flatten(m))
		}
	}
	return strings.Join(out, "\n")
}

// cardCommand waits until the newest card in a channel matches: card [within=TIME] CHANNEL PATTERN.
func cardCommand(ts *testscript.TestScript, neg bool, args []string) {
	w, limit := of(ts), patience
	if value, ok := strings.CutPrefix(args[0], "within="); ok {
		var err error
		limit, err = time.ParseDuration(value)
		ts.Check(err)
		args = args[1:]
	}
	pattern := regexp.MustCompile(args[1])
	if neg {
		if text := flatten(w.newestCard(ts, args[0])); pattern.MatchString(text) {
			ts.Fatalf("the card says %s", text)
		}
		return
	}
	began := time.Now()
	waitFor(ts, limit, "the card says "+args[1], func() error {
		if text := flatten(w.newestCard(ts, args[0])); !pattern.MatchString(text) {
			return fmt.Errorf("it says %s", text)
		}
		if late := time.Since(began); late > limit {
			return fatal{fmt.Errorf("it says so after %s", late)}
		}
		return nil
	})
}

// threadCommand waits until the newest card's thread has a reply that matches: thread CHANNEL PATTERN.
func threadCommand(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	pattern := regexp.MustCompile(args[1])
	check := func() error {
		card := w.newestCard(ts, args[0])
		root, _ := card["thread_ts"].(string)
		if root == "" {
			root = card["ts"].(string)
		}
		ms, err := w.messages(args[0], "ana", root)
		if err != nil {
			return err
		}
		var all []string
		for _, m := range ms {
			text := flatten(m)
			if m["ts"] != card["ts"] && pattern.MatchString(text) {
				return nil
			}
			all = append(all, text)
		}
		return fmt.Errorf("the thread has %s", strings.Join(all, "\n"))
	}
	if neg {
		if check() == nil {
			ts.Fatalf("the thread has %s", args[1])
		}
		return
	}
	wait(ts, "the thread has "+args[1], check)
}

// startsCommand checks how many automations AWS has begun, and that each call carried the role and a token: starts N.
func startsCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	calls := w.ssmCalls(ts, "StartAutomationExecution")
	tokens := map[string]bool{}
	for _, c := range calls {
		request, whole := c["request"].(map[string]any)
		if !whole { // the bot was killed while it sent this one
			continue
		}
		params, _ := request["Parameters"].(map[string]any)
		role, _ := params["AutomationAssumeRole"].([]any)
		token, _ := request["ClientToken"].(string)
		if len(role) != 1 || role[0] != "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole" || len(token) != 36 {
			ts.Fatalf("a start without the policy's role or a token: %v", request)
		}
		tokens[token] = true
	}
	if len(tokens) != want {
		ts.Fatalf("%d different starts in %d calls, want %d", len(tokens), len(calls), want)
	}
}

func (w *world) ssmCalls(ts *testscript.TestScript, operation string) []map[string]any {
	answer, _, err := w.call(http.MethodGet, w.ssmURL+"/control/calls?operation="+operation, nil)
	ts.Check(err)
	var out []map[string]any
	list, _ := answer["calls"].([]any)
	for _, c := range list {
		out = append(out, c.(map[string]any))
	}
	return out
}

// faultCommand injects a fault: fault slack|ssm JSON.
func faultCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	base := map[string]string{"slack": w.slackURL, "ssm": w.ssmURL}[args[0]]
	controlPost(ts, w, base+"/control/faults", args[1])
}

// controlCommand uses any other control route: control slack|ssm ROUTE JSON.
func controlCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	base := map[string]string{"slack": w.slackURL, "ssm": w.ssmURL}[args[0]]
	controlPost(ts, w, base+"/control/"+args[1], args[2])
}

func controlPost(ts *testscript.TestScript, w *world, target, body string) {
	answer, status, err := w.call(http.MethodPost, target, json.RawMessage(body))
	ts.Check(err)
	if status != http.StatusOK || answer["ok"] == false {
		ts.Fatalf("%s answers %d %v", target, status, answer)
	}
}

// instanceCommand waits until an instance is in a state: instance ID STATE.
func instanceCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	wait(ts, args[0]+" is "+args[1], func() error {
		answer, _, err := w.call(http.MethodGet, w.ssmURL+"/control/instances", nil)
		if err != nil {
			return err
		}
		text, _ := json.Marshal(answer) // a decoded answer always encodes
		list, _ := answer["instances"].([]any)
		for _, i := range list {
			m := i.(map[string]any)
			if m["id"] == args[0] && m["state"] == args[1] {
				return nil
			}
		}
		return fmt.Errorf("AWS has %s", text)
	})
}

// postCommand sends a raw request to the bot: post PATH STATUS FILE [Header:value…].
func postCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	body, err := os.ReadFile(filepath.Join(w.dir, args[2]))
	ts.Check(err)
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, "http://"+w.listen+args[0], bytes.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range args[3:] {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	if strconv.Itoa(res.StatusCode) != args[1] {
		ts.Fatalf("the bot answers %s, want %s", res.Status, args[1])
	}
}

// callsCommand waits until Slack was called in a way: calls METHOD PATTERN.
func callsCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	pattern := regexp.MustCompile(args[1])
	wait(ts, args[0]+" is called with "+args[1], func() error {
		answer, _, err := w.call(http.MethodGet, w.slackURL+"/control/calls?method="+args[0], nil)
		if err != nil {
			return err
		}
		text, _ := json.Marshal(answer["calls"])
		if !pattern.Match(text) {
			return fmt.Errorf("the calls are %s", text)
		}
		return nil
	})
}

// countCommand counts messages of the newest card's thread, or cards of a channel, that match: count cards|thread CHANNEL PATTERN N.
func countCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	pattern := regexp.MustCompile(args[2])
	thread := ""
	if args[0] == "thread" {
		thread = w.newestCard(ts, args[1])["ts"].(string)
	}
	ms, err := w.messages(args[1], "ana", thread)
	ts.Check(err)
	n := 0
	for _, m := range ms {
		if (args[0] == "thread" || m["metadata"] != nil) && pattern.MatchString(flatten(m)) {
			n++
		}
	}
	if strconv.Itoa(n) != args[3] {
		ts.Fatalf("%d %s match %s, want %s", n, args[0], args[2], args[3])
	}
}

// cardsCommand waits until so many cards of a channel match: cards CHANNEL PATTERN N.
func cardsCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	pattern := regexp.MustCompile(args[1])
	wait(ts, args[2]+" cards match "+args[1], func() error {
		ms, err := w.messages(args[0], "ana", "")
		n := 0
		for _, m := range ms {
			if m["metadata"] != nil && pattern.MatchString(flatten(m)) {
				n++
			}
		}
		if err == nil && strconv.Itoa(n) != args[2] {
			err = fmt.Errorf("%d do", n)
		}
		return err
	})
}
