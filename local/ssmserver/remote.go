package ssmserver

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"handrail/local/ssmserver/cloud"
	"handrail/local/ssmserver/script"
)

//go:embed remote.py
var remoteProgram string

// remoteTime is how long one call may take, as long as executeAwsApi gives it:
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeAwsApi.html.
const remoteTime = 25 * time.Second

// remote passes calls to a service of the user's that speaks AWS's protocols, such as moto_server. botocore does the
// speaking, in a Python process: docs/decisions/0010-botocore-passes-calls-on.md.
type remote struct {
	endpoint string
	worker   *script.Worker
}

func newRemote(endpoint string, python *script.Python) *remote {
	return &remote{endpoint: endpoint, worker: python.Worker(script.WorkerOptions{Source: remoteProgram, Env: nobodysAWS(), Time: lambdaTime + time.Minute})}
}

type remoteRequest struct {
	Endpoint  string         `json:"endpoint"`
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Params    map[string]any `json:"params"`
	Region    string         `json:"region"`
	Access    string         `json:"access"`
	Secret    string         `json:"secret"`
	// Seconds is how long the service may take to answer.
	Seconds int `json:"seconds"`
}

// remoteLimit is how long a call may take: functions have more time than any other operation.
func remoteLimit(call cloud.Call) time.Duration {
	if strings.EqualFold(call.Name(), "lambda.Invoke") {
		return lambdaTime
	}
	return remoteTime
}

// Call does one operation over there. What the service refuses is a *cloud.Error; any other error says what botocore
// found wrong, or why it could not be asked.
func (r *remote) Call(ctx context.Context, call cloud.Call) (map[string]any, error) {
	limit := remoteLimit(call)
	ctx, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s got no answer within %s", call.Name(), limit))
	defer stop()
	access, secret := remoteKey(call.Caller)
	request := remoteRequest{Endpoint: r.endpoint, Service: call.Service, Operation: call.Operation, Params: call.Params, Region: call.Region, Access: access, Secret: secret, Seconds: int(limit.Seconds())}
	if request.Params == nil {
		request.Params = map[string]any{}
	}
	text, err := r.worker.Ask(ctx, request)
	var refused *script.AnswerError
	switch {
	case errors.As(err, &refused):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("calling %s at %s: %w", call.Name(), r.endpoint, err)
	}
	return readRemote(text)
}

func readRemote(text []byte) (map[string]any, error) {
	var answer struct {
		Output  map[string]any `json:"output"`
		Refusal *struct {
			Code      string `json:"code"`
			Message   string `json:"message"`
			Operation string `json:"operation"`
			Status    int    `json:"status"`
		} `json:"refusal"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading botocore's answer: %w", err)
	}
	if no := answer.Refusal; no != nil {
		return nil, &cloud.Error{Code: no.Code, Message: no.Message, Operation: no.Operation, Status: no.Status}
	}
	return answer.Output, nil
}

// remoteKey is an access key for each caller, always the same, so that the service can tell them apart. It is nobody's:
// the service must take any.
func remoteKey(caller string) (access, secret string) {
	sum := sha256.Sum256([]byte(caller))
	text := base32.StdEncoding.EncodeToString(sum[:])
	return "AKIA" + text[:16], text[16:52]
}
