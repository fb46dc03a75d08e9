package ssmserver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	role = "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"
	web1 = "i-0aaaaaaaaaaaaaaa1"
	web2 = "i-0aaaaaaaaaaaaaaa2"
)

// quick makes the fleet move in milliseconds.
func quick() Options {
	return Options{StopTime: 3 * time.Millisecond, StartTime: 2 * time.Millisecond, CheckTime: time.Millisecond}
}

// world is a server on loopback with the real SDK's client.
type world struct {
	*testing.T
	server *Server
	url    string
	client *ssm.Client
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conforms(t, server) })
	t.Cleanup(server.Close)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	client := ssm.New(ssm.Options{Region: "eu-west-1", BaseEndpoint: aws.String(listener.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")})
	return &world{T: t, server: server, url: listener.URL, client: client}
}

func (w *world) start(document string, parameters map[string][]string) string {
	w.Helper()
	out, err := w.client.StartAutomationExecution(w.Context(), &ssm.StartAutomationExecutionInput{DocumentName: &document, Parameters: parameters})
	if err != nil {
		w.Fatal(err)
	}
	return *out.AutomationExecutionId
}

func (w *world) get(id string) *types.AutomationExecution {
	w.Helper()
	out, err := w.client.GetAutomationExecution(w.Context(), &ssm.GetAutomationExecutionInput{AutomationExecutionId: &id})
	if err != nil {
		w.Fatal(err)
	}
	return out.AutomationExecution
}

// wait polls until the execution is as wished.
func (w *world) wait(id string, wished func(*types.AutomationExecution) bool) *types.AutomationExecution {
	w.Helper()
	ctx, stop := context.WithTimeout(w.Context(), 5*time.Second)
	defer stop()
	for {
		e := w.get(id)
		if wished(e) {
			return e
		}
		if !sleep(ctx, 2*time.Millisecond) {
			w.Fatalf("execution %s stays %s at %s: %s", id, e.AutomationExecutionStatus, aws.ToString(e.CurrentStepName), aws.ToString(e.FailureMessage))
		}
	}
}

func (w *world) waitEnd(id string) *types.AutomationExecution {
	w.Helper()
	return w.wait(id, func(e *types.AutomationExecution) bool { return ended(string(e.AutomationExecutionStatus)) })
}

// raw sends a body by hand and gives the status and the decoded answer.
func (w *world) raw(target, body string) (int, map[string]any) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url, bytes.NewBufferString(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0")
	status, answer := w.do(request)
	return status, answer
}

func (w *world) do(request *http.Request) (int, map[string]any) {
	w.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		w.Fatalf("%d %s: %v", response.StatusCode, body, err)
	}
	return response.StatusCode, answer
}

// control calls a control route; a nil body is a GET.
func (w *world) control(method, path string, body any) (int, map[string]any) {
	w.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	request, err := http.NewRequestWithContext(w.Context(), method, w.url+path, bytes.NewReader(text))
	if err != nil {
		w.Fatal(err)
	}
	return w.do(request)
}
