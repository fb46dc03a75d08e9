package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hammerCommand has people ask without a break while the bot is killed and started again: hammer KILLS. Then it judges:
// every acknowledged command has one row that came to an end, and AWS began one automation for each row that it knows.
func hammerCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	kills, err := strconv.Atoi(args[0])
	ts.Check(err)
	stop, acked := make(chan struct{}), make(chan map[string]bool, 1)
	go func() { acked <- w.ask(stop) }()
	for range kills {
		time.Sleep(time.Duration(100+rand.IntN(400)) * time.Millisecond)
		kill9Command(ts, false, nil)
		serveCommand(ts, false, nil)
	}
	close(stop)
	w.judge(ts, <-acked)
}

// ask types commands until it is told to stop, four people at a time, and returns the reasons of those that were acknowledged.
func (w *world) ask(stop <-chan struct{}) map[string]bool {
	acked := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for person := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(40 * time.Millisecond):
				}
				reason := fmt.Sprintf("ask-%d-%d", person, n)
				answer, _, err := w.call(http.MethodPost, w.slackURL+"/control/command", map[string]any{"user": "ana", "channel": "ops", "command": "/runbook",
					"text": fmt.Sprintf("run drain-and-restart InstanceId=i-0aaaaaaaaaaaaaaa%d FailAt=drain reason=%s", n%3+1, reason)})
				ack, _ := answer["ack"].(map[string]any)
				if err == nil && answer["ok"] == true && ack["text"] == nil { // a text would be a no, such as that the bot is busy
					mu.Lock()
					acked[reason] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return acked
}

type judged struct {
	Runs []struct {
		Ref, State, Reason string
		AWSID              string `json:"aws_execution_id"`
	}
}

func (w *world) runs(ts *testscript.TestScript, flags ...string) judged {
	cmd := exec.Command("bot", append([]string{"runs", "list", "--config", "handrail.yaml", "-o", "json", "--limit", "10000"}, flags...)...)
	cmd.Dir = w.dir
	out, err := cmd.Output()
	ts.Check(err)
	var j judged
	ts.Check(json.Unmarshal(out, &j))
	return j
}

func (w *world) judge(ts *testscript.TestScript, acked map[string]bool) {
	wait(ts, "everything has come to an end", func() error {
		if open := len(w.runs(ts, "--open").Runs); open > 0 {
			return fmt.Errorf("%d are open", open)
		}
		return nil
	})
	rows, known := map[string]int{}, map[string]bool{}
	for _, r := range w.runs(ts).Runs {
		rows[r.Reason]++
		if r.AWSID != "" {
			known[r.AWSID] = true
		}
	}
	for reason := range acked {
		if rows[reason] != 1 {
			ts.Fatalf("%s was acknowledged and has %d rows", reason, rows[reason])
		}
	}
	began, tokens := map[string]bool{}, map[string]bool{}
	for _, c := range w.ssmCalls(ts, "StartAutomationExecution") {
		request, whole := c["request"].(map[string]any)
		if !whole { // the bot was killed while it sent this one
			continue
		}
		tokens[request["ClientToken"].(string)] = true
		response, _ := c["response"].(map[string]any)
		if id, ok := response["AutomationExecutionId"].(string); ok {
			began[id] = true
		}
	}
	if len(began) != len(tokens) || len(began) != len(known) || len(acked) == 0 {
		ts.Fatalf("%d acknowledged, %d tokens, %d automations in AWS, %d of them known", len(acked), len(tokens), len(began), len(known))
	}
	ts.Logf("%d acknowledged, %d rows, %d started, none lost, none twice", len(acked), len(rows), len(began))
}
