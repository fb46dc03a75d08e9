package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// awsDown cuts every connection to AWS and takes no more.
func (w *world) awsDown() {
	if w.aws == nil {
		return
	}
	w.aws.CloseClientConnections()
	w.aws.Close()
	w.aws = nil
}

// awsCommand restarts the service's front, its state kept as AWS keeps it: aws down|up.
func awsCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	if args[0] == "down" {
		w.awsDown()
		return
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(w.ssmURL, "http://"))
	ts.Check(err)
	w.aws = &httptest.Server{Listener: l, Config: &http.Server{Handler: w.ssm}}
	w.aws.Start()
}

// automationsCommand counts the automations that AWS has begun, whoever knows of them: automations N.
func automationsCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	seen := map[string]bool{}
	for _, c := range w.ssmCalls(ts, "StartAutomationExecution") {
		answer, _ := c["response"].(map[string]any)
		if id, ok := answer["AutomationExecutionId"].(string); ok {
			seen[id] = true
		}
	}
	if fmt.Sprint(len(seen)) != args[0] {
		ts.Fatalf("AWS has %d automations, want %s", len(seen), args[0])
	}
}

// throttledCommand checks that AWS refused a call of an operation for its quota: throttled OPERATION.
func throttledCommand(ts *testscript.TestScript, _ bool, args []string) {
	for _, c := range of(ts).ssmCalls(ts, args[0]) {
		answer, _ := c["response"].(map[string]any)
		if answer["__type"] == "ThrottlingException" {
			return
		}
	}
	ts.Fatalf("no call of %s was throttled", args[0])
}

// documentCommand gives AWS a document of ours: document NAME FILE.
func documentCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	text, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	client := ssm.New(ssm.Options{Region: "eu-west-1", BaseEndpoint: aws.String(w.ssmURL), Credentials: credentials.NewStaticCredentialsProvider("script", "script", "")})
	_, err = client.CreateDocument(context.Background(), &ssm.CreateDocumentInput{Name: aws.String(args[0]), Content: aws.String(string(text)),
		DocumentType: types.DocumentTypeAutomation, DocumentFormat: types.DocumentFormatYaml})
	ts.Check(err)
}
