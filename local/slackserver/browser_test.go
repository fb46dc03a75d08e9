package slackserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/slack-go/slack"
)

// browser is one tab of a headless chromium, spoken to by its own protocol.
type browser struct {
	t    *testing.T
	ws   *websocket.Conn
	next int
	tab  string // session ID
}

// browse opens a tab, or skips where there is no chromium.
func browse(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	dir, err := os.MkdirTemp("", "slackserver-browser-")
	if err != nil {
		t.Fatal(err)
	}
	// Its child processes may write for a moment after it has ended.
	t.Cleanup(func() { until(t, "an empty profile", func() bool { return os.RemoveAll(dir) == nil }) })
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+dir, "--remote-debugging-port=0", "about:blank")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			cancel()
			<-ended
		}
		cancel()
	})
	lines := bufio.NewScanner(stderr)
	link := ""
	for link == "" && lines.Scan() {
		link = regexp.MustCompile(`ws://\S+`).FindString(lines.Text())
	}
	go func() {
		for lines.Scan() { // keep the pipe empty
		}
		_ = cmd.Wait() // a killed browser says so, too
		close(ended)
	}()
	ws, _, err := websocket.Dial(ctx, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(-1)
	b := &browser{t: t, ws: ws}
	t.Cleanup(func() { b.call("Browser.close", object{}); _ = ws.CloseNow() })
	target := b.call("Target.createTarget", object{"url": "about:blank"})["targetId"]
	b.tab = b.call("Target.attachToTarget", object{"targetId": target, "flatten": true})["sessionId"].(string)
	return b
}

// call does one command and drops the events that come before its answer.
func (b *browser) call(method string, params object) object {
	b.t.Helper()
	b.next++
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	command := object{"id": b.next, "method": method, "params": params}
	if b.tab != "" && method != "Browser.close" {
		command["sessionId"] = b.tab
	}
	raw, err := json.Marshal(command)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.ws.Write(ctx, websocket.MessageText, raw); err != nil {
		b.t.Fatal(err)
	}
	for {
		_, raw, err := b.ws.Read(ctx)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var got struct {
			ID     int    `json:"id"`
			Result object `json:"result"`
		}
		if json.Unmarshal(raw, &got) == nil && got.ID == b.next {
			return got.Result
		}
	}
}

// eval runs a script and returns its value.
func (b *browser) eval(script string) any {
	b.t.Helper()
	got := b.call("Runtime.evaluate", object{"expression": script, "returnByValue": true, "awaitPromise": true})
	if failed, ok := got["exceptionDetails"]; ok {
		b.t.Fatalf("%s: %v", script, failed)
	}
	return got["result"].(object)["value"]
}

// see waits until the script is true.
func (b *browser) see(script string) {
	b.t.Helper()
	until(b.t, script, func() bool { return b.eval(script) == true })
}

func TestPageTellsAStory(t *testing.T) {
	t.Parallel()
	app := newHTTPApp(t, nil)
	l := start(t, app.options())
	b := browse(t)
	hostile := `<img src=x onerror="document.title='owned'"> <javascript:alert(1)|click> <!channel> ` + "```<script>x</script>```"
	sure := slack.NewConfirmationBlockObject(say("Sure?"), say("It stops."), say("Stop it"), say("Keep"))
	_, ts, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("card", false), slack.MsgOptionBlocks(
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, hostile, false, false), nil, nil),
		slack.NewPlanBlock("1 of 2 steps").WithTasks(
			slack.NewTaskCardBlock("1", "<b>Drain</b>").WithStatus(slack.TaskCardStatusComplete),
			slack.NewTaskCardBlock("2", "Restart").WithStatus(slack.TaskCardStatusInProgress)),
		slack.NewActionBlock("", slack.NewButtonBlockElement("cancel", "r-1", say("Cancel")).WithStyle(slack.StyleDanger).WithConfirm(sure))))
	if err != nil {
		t.Fatal(err)
	}
	b.call("Page.navigate", object{"url": l.web.URL + "/#/ana/ops"})
	b.see(`document.querySelectorAll(".message .plan .task").length === 2`)
	if n := b.eval(`document.querySelectorAll("#app img, #app script, #app a[href^='javascript']").length`); n != float64(0) {
		t.Errorf("%v elements came out of a message", n)
	}
	if words := b.eval(`document.querySelector(".task-title").textContent`); words != "<b>Drain</b>" {
		t.Errorf("the step is called %v", words)
	}
	b.eval(`document.querySelector(".actions .danger").click()`)
	b.see(`!!document.querySelector("dialog.confirm")`)
	b.eval(`document.querySelector("dialog.confirm .danger, dialog.confirm .primary").click()`)
	until(t, "the click", func() bool { return len(l.calls("interactive")) == 1 })

	l.post("/control/message", object{"user": "ben", "channel": "ops", "text": "@ana look", "thread_ts": ts})
	b.see(`document.querySelector(".thread-line b")?.textContent === "1 reply"`)
	b.eval(`document.querySelector(".thread-line").click()`)
	b.see(`document.querySelectorAll("aside.thread .message").length === 2`)

	b.eval(`location.hash = "#/mallory/ops"`)
	b.see(`document.querySelector(".account p b")?.textContent === "mallory"`)
	if _, err := l.api.PostEphemeral("C012OPS", "U012MALLORY", slack.MsgOptionText("no", false)); err != nil {
		t.Fatal(err)
	}
	b.see(`document.querySelector(".message.ephemeral")?.textContent.includes("Only visible to you")`)
	if title := b.eval(`document.title`); title == "owned" {
		t.Error("a message ran a script")
	}
}
