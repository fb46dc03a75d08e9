package ssmserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"handrail/local/ssmserver/cloud"
)

// waitTime is how long actions wait for what they made or changed, if the document says nothing. It is documented for
// aws:changeInstanceState alone.
const waitTime = time.Hour

// readInto reads what fits of an answer, which may be a stub's, into a struct with the API's names.
func readInto(answer map[string]any, into any) {
	if text, err := json.Marshal(answer); err == nil {
		_ = json.Unmarshal(text, into) // what does not fit stays empty
	}
}

func anyList(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

// javaFailed has the text in which the Java SDK, and so SSM, reports the refusals of a service that its actions call.
func javaFailed(service string, err error) error {
	var refused *cloud.Error
	if !errors.As(err, &refused) {
		return err
	}
	status := refused.Status
	if status == 0 {
		status = 400
	}
	failure := actionFailed(fmt.Errorf("%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
		refused.Message, service, status, refused.Code, uuid.NewString()))
	failure.kind = failureType(err)
	return failure
}

func ec2Failed(err error) error { return javaFailed("AmazonEC2", err) }

func stackFailed(err error) error { return javaFailed("AmazonCloudFormation", err) }

// endedWrong is the failure of a step that waited for something that will not come.
func endedWrong(format string, args ...any) error {
	return &stepFailure{phase: phasePoll, cause: fmt.Sprintf(format, args...), stage: "PostVerification", kind: "Verification"}
}

// parameters makes an operation's parameters of the inputs: renamed where names says so, with flags as booleans.
func (in inputs) parameters(names map[string]string, flags ...string) (map[string]any, error) {
	out := map[string]any{}
	for input, value := range in {
		if value == nil || value == "" {
			continue // an optional parameter of the runbook that has no value
		}
		name := input
		if names[input] != "" {
			name = names[input]
		}
		out[name] = value
	}
	for _, input := range flags {
		if in[input] == nil || in[input] == "" {
			continue
		}
		flag, err := in.flag(input)
		if err != nil {
			return nil, err
		}
		name := input
		if names[input] != "" {
			name = names[input]
		}
		out[name] = flag
	}
	return out, nil
}

// require refuses a step that lacks one of the inputs, which are texts.
func (in inputs) require(names ...string) error {
	for _, name := range names {
		if _, err := in.required(name); err != nil {
			return err
		}
	}
	return nil
}
