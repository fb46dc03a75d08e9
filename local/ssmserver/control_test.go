package ssmserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/uuid"
)

// calls gives the operations that /control/calls lists.
func (w *world) calls(query string) []map[string]any {
	w.Helper()
	status, answer := w.control(http.MethodGet, "/control/calls"+query, nil)
	list, ok := answer["calls"].([]any)
	if status != http.StatusOK || !ok {
		w.Fatalf("%d %v", status, answer)
	}
	var out []map[string]any
	for _, item := range list {
		out = append(out, item.(map[string]any))
	}
	return out
}

func (w *world) fault(fault map[string]any) {
	w.Helper()
	if status, answer := w.control(http.MethodPost, "/control/faults", fault); status != http.StatusOK {
		w.Fatalf("%d %v", status, answer)
	}
}

func TestCallsAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	if got := w.calls(""); len(got) != 0 {
		t.Errorf("at first: %v", got)
	}
	id := w.start("AWS-StartEC2Instance", map[string][]string{"InstanceId": {web1}})
	w.get(id)
	w.raw("AmazonSSM.Nothing", "not JSON")
	w.start("AWS-StartEC2Instance", map[string][]string{"InstanceId": {web2}})
	var order []string
	for _, call := range w.calls("") {
		order = append(order, call["operation"].(string))
	}
	if got := strings.Join(order, " "); got != "StartAutomationExecution GetAutomationExecution Nothing StartAutomationExecution" {
		t.Error(got)
	}
	starts := w.calls("?operation=StartAutomationExecution")
	if len(starts) != 2 {
		t.Fatalf("starts: %v", starts)
	}
	first := starts[0]
	request, _ := first["request"].(map[string]any)
	response, _ := first["response"].(map[string]any)
	at, err := time.Parse(time.RFC3339Nano, first["time"].(string))
	if request["DocumentName"] != "AWS-StartEC2Instance" || response["AutomationExecutionId"] != id || first["status"] != 200.0 || err != nil || time.Since(at) > time.Minute {
		t.Errorf("%v %v", first, err)
	}
	if unknown := w.calls("?operation=Nothing")[0]; unknown["request"] != "not JSON" || unknown["status"] != 400.0 {
		t.Errorf("%v", unknown)
	}
}

func TestCallsAreBounded(t *testing.T) {
	t.Parallel()
	var c calls
	c.add(Call{Operation: "Start"}, "Start")
	for range maxCalls + 10 {
		c.add(Call{Operation: "Poll"}, "Poll")
	}
	if got, evicted := c.list("Start"); len(got) != 1 || evicted != 0 {
		t.Errorf("starts: %d, %d evicted", len(got), evicted)
	}
	if got, evicted := c.list("Poll"); len(got) != maxCalls || evicted != 10 {
		t.Errorf("polls: %d, %d evicted", len(got), evicted)
	}
	for i := range 300 {
		c.add(Call{Operation: fmt.Sprint("Unknown", i)}, "")
	}
	if got, _ := c.list("Unknown299"); len(got) != 1 || len(c.kept) != 3 {
		t.Errorf("%d calls, %d lists", len(got), len(c.kept))
	}
	big := make([]byte, maxCallBytes/4)
	for range 20 {
		c.add(Call{Operation: "Big", Response: big}, "Big")
	}
	if got, evicted := c.list("Big"); len(got) != 4 || evicted != 16 {
		t.Errorf("big ones: %d, %d evicted", len(got), evicted)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault    map[string]any
		code     string // "" if the connection is cut
		message  string
		executed int
	}{
		"throttled":          {map[string]any{"error": "ThrottlingException"}, "ThrottlingException", "Rate exceeded", 0},
		"down":               {map[string]any{"status": 503}, "InternalServerError", "An injected fault.", 0},
		"any operation":      {map[string]any{"match": "*", "error": "AccessDeniedException", "message": "no"}, "AccessDeniedException", "no", 0},
		"500 after the work": {map[string]any{"status": 500, "after": true}, "InternalServerError", "An injected fault.", 1},
		"no reply":           {map[string]any{"drop_reply": true}, "", "", 1},
		"slow and no reply":  {map[string]any{"delay_ms": 5, "drop_reply": true}, "", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, quick())
			if row.fault["match"] == nil {
				row.fault["match"] = "StartAutomationExecution"
			}
			w.fault(row.fault)
			_, err := w.client.StartAutomationExecution(t.Context(), restartInput())
			if code, message := refusal(err); err == nil || code != row.code || message != row.message {
				t.Errorf("got %v", err)
			}
			if got := len(w.server.executions.newest()); got != row.executed {
				t.Errorf("%d executions", got)
			}
			status := w.calls("?operation=StartAutomationExecution")[0]["status"]
			if (status == 0.0) != (row.code == "") {
				t.Errorf("recorded status %v", status)
			}
			w.start("AWS-StartEC2Instance", map[string][]string{"InstanceId": {web1}})
		})
	}
}

// What makes a retried start dangerous, and what makes it safe.
func TestALostReplyIsRetriedByTheSDK(t *testing.T) {
	t.Parallel()
	impatient := retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
	for token, want := range map[string]int{"": 2, uuid.NewString(): 1} {
		w := newWorld(t, quick())
		w.fault(map[string]any{"match": "StartAutomationExecution", "drop_reply": true})
		in := restartInput()
		if token != "" {
			in.ClientToken = &token
		}
		if _, err := w.client.StartAutomationExecution(t.Context(), in, func(o *ssm.Options) { o.Retryer = impatient }); err != nil {
			t.Fatal(err)
		}
		if got := len(w.server.executions.newest()); got != want {
			t.Errorf("token %q: %d executions", token, got)
		}
	}
}

func TestFaultsRunOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	w.fault(map[string]any{"match": "GetAutomationExecution", "error": "ThrottlingException", "times": 2, "retry_after": 7})
	w.fault(map[string]any{"match": "*", "status": 500, "times": 1000})
	for range 2 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Amz-Target", "AmazonSSM.GetAutomationExecution")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != 400 || response.Header.Get("Retry-After") != "7" {
			t.Errorf("%d %v", response.StatusCode, response.Header)
		}
	}
	if status, _ := w.raw("AmazonSSM.GetAutomationExecution", `{}`); status != 500 {
		t.Errorf("the second fault: %d", status)
	}
	if status, _ := w.control(http.MethodDelete, "/control/faults", nil); status != 200 {
		t.Errorf("clearing: %d", status)
	}
	if status, answer := w.raw("AmazonSSM.ListDocuments", `{}`); status != 200 {
		t.Errorf("after clearing: %d %v", status, answer)
	}
	for _, fault := range []map[string]any{
		{}, {"match": "StartAutomationExecution"}, {"match": "Start", "status": 500}, {"match": "*", "status": 200}, {"match": "*", "times": -1, "status": 500},
		{"match": "*", "delay_ms": -1}, {"match": "*", "after": true, "delay_ms": 1}, {"match": "*", "status": 500, "retry_after": -1}, {"match": "*", "sttatus": 500},
	} {
		if status, answer := w.control(http.MethodPost, "/control/faults", fault); status != 400 || answer["error"] == "" {
			t.Errorf("%v: %d %v", fault, status, answer)
		}
	}
}

func TestInstancesByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	if status, answer := w.control(http.MethodPost, "/control/instances", map[string]string{"id": web1, "state": "stopped"}); status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	_, answer := w.control(http.MethodGet, "/control/instances", nil)
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"id":"` + web1 + `","state":"stopped","status_ok":false,"tags":{"Role":"web"}}`,
		`{"id":"i-0bbbbbbbbbbbbbbb1","state":"running","status_ok":true,"tags":{"Role":"db"}}`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s\nlacks %s", text, part)
		}
	}
	for _, body := range []any{map[string]string{"id": "i-1", "state": "stopped"}, map[string]string{"id": web1, "state": "off"}, map[string]string{"name": web1}, 7} {
		if status, answer := w.control(http.MethodPost, "/control/instances", body); status != 400 || answer["error"] == nil {
			t.Errorf("%v: %d %v", body, status, answer)
		}
	}
	e := w.waitEnd(w.start("AWS-StartEC2Instance", map[string][]string{"InstanceId": {web1}}))
	if e.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess {
		t.Errorf("%s %s", e.AutomationExecutionStatus, aws.ToString(e.FailureMessage))
	}
}

func TestControlIsForThisMachine(t *testing.T) {
	t.Parallel()
	server, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, row := range []struct {
		host, origin, site string
		status             int
	}{
		{"127.0.0.1:8081", "", "", 200}, {"localhost:8081", "", "", 200}, {"[::1]:8081", "", "", 200}, {"localhost", "http://127.0.0.1:8080", "same-site", 200},
		{"evil.example", "", "", 403}, {"127.0.0.1.evil.example:8081", "", "", 403}, {"10.0.0.1:8081", "", "", 403}, {"", "", "", 403},
		{"127.0.0.1:8081", "https://evil.example", "", 403}, {"127.0.0.1:8081", "null", "", 403}, {"127.0.0.1:8081", "http://localhost.evil.example", "", 403},
		{"127.0.0.1:8081", "", "cross-site", 403},
	} {
		request := httptest.NewRequest(http.MethodGet, "/control/instances", bytes.NewReader(nil))
		request.Host = row.host
		request.Header.Set("Origin", row.origin)
		request.Header.Set("Sec-Fetch-Site", row.site)
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		if recorder.Code != row.status {
			t.Errorf("%+v: %d", row, recorder.Code)
		}
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	status, answer := w.control(http.MethodGet, "/control/coverage", nil)
	if status != 200 || len(answer["operations"].([]any)) != len(operations())+len(missing()) || len(answer["assumptions"].([]any)) == 0 {
		t.Errorf("%d %v", status, answer)
	}
	if actions := answer["actions"].([]any); len(actions) != 23 {
		t.Errorf("%d actions, but 23 are documented", len(actions))
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server, err := New(quick())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context()) }()
	server.Close()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("Run did not end")
	}
}

func TestUnknownPathsAreNotFound(t *testing.T) {
	t.Parallel()
	server, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/control/nope", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("status %d", recorder.Code)
	}
}
