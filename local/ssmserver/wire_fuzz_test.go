package ssmserver

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzWire sends anything to the endpoint and to the control routes. Every answer is well-formed, and nothing breaks.
func FuzzWire(f *testing.F) {
	server, err := New(Options{StopTime: 1, StartTime: 1, CheckTime: 1, MaxExecutions: 50, Python: "/no/python"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(server.Close)
	const signed = "AWS4-HMAC-SHA256 Credential=A/20261123/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0"
	ssm := func(operation, body string) {
		f.Add(http.MethodPost, "/", "AmazonSSM."+operation, contentType, signed, []byte(body))
	}
	ssm("StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Parameters":{"InstanceId":["`+web1+`"]},"Tags":[{"Key":"k","Value":"v"}]}`)
	ssm("StartAutomationExecution", `{"DocumentName":"Handrail-RollingRestart","TargetParameterName":"InstanceId","Targets":[{"Key":"tag:Role","Values":["web"]}],"MaxErrors":"10%"}`)
	ssm("DescribeAutomationExecutions", `{"Filters":[{"Key":"ExecutionId","Values":["x"]}],"MaxResults":5,"NextToken":"ZXhlY3V0aW9uczox"}`)
	ssm("CreateDocument", `{"Name":"Doc","DocumentType":"Automation","Content":"{\"schemaVersion\":\"0.3\",\"mainSteps\":[{\"name\":\"a\",\"action\":\"aws:branch\",\"inputs\":{\"Choices\":[{\"NextStep\":\"a\"}]}}]}"}`)
	ssm("GetDocument", `{"Name":"AWS-StopEC2Instance","DocumentFormat":"YAML"}`)
	ssm("GetParameter", `{"Name":"/aws/service/ami-x:1:2"}`)
	ssm("PutParameter", `{"Name":"/a","Value":"x","Type":"StringList"}`)
	ssm("SendCommand", `{"DocumentName":"AWS-RunShellScript","Targets":[{"Key":"tag:Role","Values":["web"]}]}`)
	f.Add(http.MethodPost, "/123456789012/handrail-events", "AmazonSQS.ReceiveMessage", sqsContentType, strings.Replace(signed, "/ssm/", "/sqs/", 1), []byte(`{"QueueUrl":"http://x/123456789012/handrail-events","WaitTimeSeconds":20}`))
	f.Add(http.MethodPost, "/", "AmazonSQS.DeleteMessageBatch", sqsContentType, signed, []byte(`{"QueueUrl":"http://x/123456789012/handrail-events","Entries":[{"Id":"a","ReceiptHandle":"b"}]}`))
	f.Add(http.MethodPost, "/", "", "application/x-www-form-urlencoded", signed, []byte(`Action=DescribeInstances&Version=2016-11-15&InstanceId.1=`+web1))
	f.Add(http.MethodPost, "/", "AmazonEC2ContainerServiceV20141113.ListClusters", contentType, signed, []byte(`{}`))
	f.Add(http.MethodPost, "/control/faults", "", "", "", []byte(`{"match":"event","times":3,"twice":true}`))
	f.Add(http.MethodPost, "/control/instances", "", "", "", []byte(`{"id":"`+web1+`","state":"stopped"}`))
	f.Add(http.MethodGet, "/control/aws-calls?execution="+someID, "", "", "", []byte(nil))
	f.Add(http.MethodDelete, "/control/faults", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, target, kind, authorization string, body []byte) {
		server.faults.clear()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer stop()
		request, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1:8081/", strings.NewReader(string(body)))
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		if request.URL, err = request.URL.Parse("http://127.0.0.1:8081" + path); err != nil {
			return
		}
		for name, value := range map[string]string{"X-Amz-Target": target, "Content-Type": kind, "Authorization": authorization} {
			request.Header.Set(name, value)
		}
		recorder := httptest.NewRecorder()
		if serveAborting(server, recorder, request) {
			wellFormed(t, recorder)
		}
	})
}

// serveAborting is false if the connection was cut, as net/http lets a handler do.
func serveAborting(server *Server, w http.ResponseWriter, r *http.Request) (answered bool) {
	defer func() {
		cause := recover()
		if err, ok := cause.(error); cause != nil && (!ok || !errors.Is(err, http.ErrAbortHandler)) {
			panic(cause)
		}
		answered = cause == nil
	}()
	server.ServeHTTP(w, r)
	return true
}

func wellFormed(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	switch {
	case w.Code >= 500:
		t.Errorf("%d %s", w.Code, w.Body)
	case strings.Contains(kind, "json"):
		var object map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil {
			t.Errorf("%v: %s", err, w.Body)
		}
	case strings.Contains(kind, "xml"):
		decoder := xml.NewDecoder(w.Body)
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("%v: %s", err, w.Body)
			}
		}
	case kind != "text/plain" && w.Code < 300:
		t.Errorf("%d with the type %q: %s", w.Code, kind, w.Body)
	}
}
