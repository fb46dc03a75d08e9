package ssmserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bubble is a server inside a synctest bubble, called without a network.
type bubble struct {
	*testing.T
	server *Server
	// assumes is the role of the documents that create makes, "" for none.
	assumes string
}

// inBubble runs story where time passes only while everything waits. The fleet has its default times.
func inBubble(t *testing.T, o Options, story func(b *bubble)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer conforms(t, server)
		defer server.Close()
		story(&bubble{T: t, server: server})
	})
}

// call sends one request and gives the status and the answer.
func (b *bubble) call(operation, body string) (int, map[string]any) {
	b.Helper()
	return b.callAs("AKIAEXAMPLE", operation, body)
}

// callAs sends it with that access key.
func (b *bubble) callAs(key, operation, body string) (int, map[string]any) {
	b.Helper()
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20261123/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0")
	return b.send(request)
}

func (b *bubble) send(request *http.Request) (int, map[string]any) {
	b.Helper()
	recorder := httptest.NewRecorder()
	b.server.ServeHTTP(recorder, request)
	var answer map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		b.Fatalf("%d %s: %v", recorder.Code, recorder.Body, err)
	}
	return recorder.Code, answer
}

func (b *bubble) must(operation, body string) map[string]any {
	b.Helper()
	status, answer := b.call(operation, body)
	if status != http.StatusOK {
		b.Fatalf("%s %s: %d %v", operation, body, status, answer)
	}
	return answer
}

// create makes a document of these steps, written as JSON without the outer brackets.
func (b *bubble) create(name, steps string) {
	b.Helper()
	content := `{"schemaVersion":"0.3","assumeRole":"` + b.assumes + `","parameters":{"P":{"type":"String","default":"x"},"L":{"type":"StringList","default":["a","b"]}},` +
		`"mainSteps":[` + steps + `]}`
	quoted, err := json.Marshal(content)
	if err != nil {
		b.Fatal(err)
	}
	b.must("CreateDocument", fmt.Sprintf(`{"Name":%q,"DocumentType":"Automation","Content":%s}`, name, quoted))
}

// start creates a document of these steps and starts it.
func (b *bubble) start(steps string) (id string) {
	b.Helper()
	name := fmt.Sprintf("Test-%d", len(b.server.documents.all()))
	b.create(name, steps)
	id, _ = b.must("StartAutomationExecution", fmt.Sprintf(`{"DocumentName":%q}`, name))["AutomationExecutionId"].(string)
	return id
}

// after lets d pass and everything settle, then gives the execution.
func (b *bubble) after(d time.Duration, id string) executionDetail {
	b.Helper()
	time.Sleep(d)
	synctest.Wait()
	e, err := b.server.executions.get(id)
	if err != nil {
		b.Fatal(err)
	}
	return e.detail()
}

// told writes what happened as "Status: step=Status step=Status".
func told(e executionDetail) string {
	parts := []string{e.AutomationExecutionStatus + ":"}
	for _, s := range e.StepExecutions {
		parts = append(parts, s.StepName+"="+s.StepStatus)
	}
	return strings.Join(parts, " ")
}

func (b *bubble) want(e executionDetail, want string) {
	b.Helper()
	if got := told(e); got != want {
		b.Errorf("got  %s\nwant %s\n%s", got, want, e.FailureMessage)
	}
}
