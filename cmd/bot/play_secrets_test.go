package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// nowhereCommand fails if a text is anywhere that a bot writes to: its log, the database with the files beside it, what it
// sends to Slack, and what people are answered. So does base64, hex or an address of it: nowhere TEXT…
func nowhereCommand(ts *testscript.TestScript, _ bool, args []string) {
	sinks := of(ts).sinks(ts)
	for _, text := range args {
		for form, coded := range codings(text) {
			for sink, content := range sinks {
				if strings.Contains(content, coded) {
					at := strings.Index(content, coded)
					ts.Fatalf("%s, %s, is in %s: %q", text, form, sink, content[max(0, at-300):min(len(content), at+100)])
				}
			}
		}
	}
	for _, sink := range []string{"the log of bot", "handrail.db", "the calls of Slack", "the messages in ops for ana"} {
		if len(sinks[sink]) < 100 { // so that the above can fail
			ts.Fatalf("%s has only %q", sink, sinks[sink])
		}
	}
}

// codings are the forms in which a secret could get out. The end of what base64 makes of it depends on what follows.
func codings(text string) map[string]string {
	raw := []byte(text)
	return map[string]string{
		"as it is": text, "in base64": strings.TrimRight(base64.StdEncoding.EncodeToString(raw[:len(raw)/3*3]), "="), "in hex": hex.EncodeToString(raw),
		"as part of an address": url.QueryEscape(text), "in base64 for addresses": base64.URLEncoding.EncodeToString(raw[:len(raw)/3*3]),
	}
}

func (w *world) sinks(ts *testscript.TestScript) map[string]string {
	found := map[string]string{}
	w.mu.Lock()
	for name, p := range w.bots {
		found["the log of "+name] = p.log.String()
	}
	w.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(w.dir, "handrail.db*"))
	ts.Check(err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		ts.Check(err)
		found[filepath.Base(file)] = string(content)
	}
	answer, _, err := w.call(http.MethodGet, w.slackURL+"/control/calls", nil)
	ts.Check(err)
	calls, _ := answer["calls"].([]any)
	for _, call := range calls {
		if method, _ := call.(map[string]any)["method"].(string); strings.Contains(method, ".") { // the others are what Slack delivers
			text, err := json.Marshal(call)
			ts.Check(err)
			found["the calls of Slack"] += string(text)
		}
	}
	for _, user := range []string{"ana", "ben", "mallory"} {
		ms, err := w.messages("ops", user, "")
		ts.Check(err)
		place := "the messages in ops for " + user
		for _, m := range ms {
			if m["bot_id"] != nil || m["ephemeral"] == true {
				found[place] += flatten(m)
			}
		}
	}
	return found
}
