package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"handrail/local/ssmserver/cloud"
)

// AWSCall is one AWS operation that a step called, and what it ran as.
type AWSCall struct {
	Time      time.Time `json:"time"`
	Step      string    `json:"step"`
	Operation string    `json:"operation"` // service.Operation
	// Role is the assume role, "" if the execution has none and runs with the rights of its caller.
	Role string `json:"role"`
	// Caller is the ARN the call counted as.
	Caller string          `json:"caller"`
	Params json.RawMessage `json:"params,omitempty"`
	// Error is the code of the refusal, "" if there was none.
	Error string `json:"error,omitempty"`
}

const (
	// maxAWSCalls bounds what one execution remembers; then the oldest are forgotten.
	maxAWSCalls = 1_000
	// maxCallParams bounds the parameters of a call that are remembered, maxCallText the other texts.
	maxCallParams, maxCallText = 4 << 10, 200
)

// call does one AWS operation as the execution's role. service and operation are as the document has them: boto3's names
// in any spelling. The answer holds string, bool, json.Number, nil, []any and map[string]any.
func (c *stepContext) call(ctx context.Context, service, operation string, params map[string]any) (map[string]any, error) {
	call := cloud.Call{Service: strings.ToLower(service), Operation: pascal(operation), Params: params, Region: c.execution.region, Caller: c.execution.identity}
	answer, err := c.server.backend.Call(context.WithValue(ctx, startedFromKey{}, c.execution), call)
	noted := call
	if op, ok := c.server.ownOperation(call); ok && op.secret {
		noted.Params = nil
	}
	c.execution.note(c.run, c.execution.role, noted, err)
	if err != nil {
		return nil, err
	}
	return plain(answer)
}

// pascal turns describe_instances and describeInstances into DescribeInstances.
func pascal(operation string) string {
	var b strings.Builder
	upper := true
	for _, r := range operation {
		if r == '_' {
			upper = true
			continue
		}
		if upper {
			b.WriteString(strings.ToUpper(string(r)))
		} else {
			b.WriteRune(r)
		}
		upper = false
	}
	return b.String()
}

// plain gives an answer the types of decoded JSON. It is never nil.
func plain(answer any) (map[string]any, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("writing the answer as JSON: %w", err)
	}
	decoded, err := decodeJSON(text)
	if err != nil {
		return nil, fmt.Errorf("reading the answer back: %w", err)
	}
	object, ok := decoded.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	return object, nil
}

// paramsJSON writes the parameters of a call as the body of a request.
func paramsJSON(call cloud.Call) ([]byte, error) {
	params := call.Params
	if params == nil {
		params = map[string]any{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("writing the parameters of %s as JSON: %w", call.Name(), err)
	}
	return body, nil
}

// note remembers a call in the execution's ledger.
func (e *execution) note(run *stepRun, role string, call cloud.Call, err error) {
	entry := AWSCall{Time: time.Now(), Step: run.step.Name, Operation: call.Name(), Role: role, Caller: call.Caller}
	text, unwritable := json.Marshal(call.Params)
	var refused *cloud.Error
	var api *apiError
	switch {
	case errors.As(err, &refused):
		entry.Error = refused.Code
	case errors.As(err, &api):
		entry.Error = api.code
	case err != nil:
		entry.Error = err.Error()
	}
	entry.Operation, entry.Error = cut(entry.Operation, maxCallText), cut(entry.Error, maxCallText)
	e.mu.Lock()
	defer e.mu.Unlock()
	if unwritable == nil && len(text) <= maxCallParams && e.keeps.room(len(text)) {
		entry.Params = text
	}
	if len(e.awsCalls) >= maxAWSCalls {
		e.awsCalls, e.awsForgotten = e.awsCalls[1:], e.awsForgotten+1
	}
	e.awsCalls = append(e.awsCalls, entry)
}
