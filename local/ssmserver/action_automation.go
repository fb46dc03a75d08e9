package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"handrail/runbook"
)

func automationAction() action {
	return action{name: actionAutomation, run: runAutomation, idle: parental, verifying: "waiting for the automation to end",
		note: "every input; a child runs for whoever started the first execution, five levels deep at most"}
}

// runAutomation starts a child and waits for it. The child of a step that is cancelled or runs out of time is cancelled.
func runAutomation(ctx context.Context, c *stepContext) (result, error) {
	in, err := childRequest(c.inputs)
	if err != nil {
		return result{}, err
	}
	child, err := c.server.startChild(c.execution.child(), in)
	if err != nil {
		return result{}, childRefused(err)
	}
	select {
	case <-child.done:
	case <-ctx.Done():
		leaveChild(context.Cause(ctx), child)
		return result{}, ctx.Err()
	}
	response, failure := child.response()
	declared, err := declaredOutputs(c.step, response)
	if err != nil && failure == nil {
		failure = actionFailed(err)
	}
	for name, value := range declared {
		response[name] = value
	}
	if failure != nil {
		return result{outputs: response}, failure
	}
	return result{outputs: response}, nil
}

// leaveChild cancels the child of a step that cannot go on, and waits for it unless the step's time is over: its own
// steps after a cancellation have two minutes. A server that closes ends the child by itself.
func leaveChild(cause error, child *execution) {
	if errors.Is(cause, errClosed) {
		return
	}
	_ = child.stop(false) // it may just have ended
	if !errors.Is(cause, errTimedOut) {
		<-child.done
	}
}

// childRefused is the failure of a step whose child was not accepted.
func childRefused(err error) *stepFailure {
	var refused *apiError
	if errors.As(err, &refused) {
		err = fmt.Errorf("An error occurred (%s) when calling the StartAutomationExecution operation: %s", refused.code, refused.message) //nolint:staticcheck // as AWS says it
	}
	return actionFailed(err)
}

// childRequest makes the inputs of a step into a request, checked as the API checks one.
func childRequest(values inputs) (startRequest, error) {
	var in startRequest
	if err := values.only("DocumentName", "DocumentVersion", "RuntimeParameters", "Targets", "TargetParameterName", "TargetMaps", "TargetLocations",
		"MaxConcurrency", "MaxErrors", "Tags"); err != nil {
		return in, err
	}
	request := map[string]any{}
	for name, value := range values {
		switch {
		case name == "RuntimeParameters" || value == nil || value == "" && name != "DocumentName":
		case name == "DocumentVersion" || name == "MaxConcurrency" || name == "MaxErrors":
			request[name] = asText(value) // a number in YAML
		default:
			request[name] = value
		}
	}
	text := []byte(jsonText(request))
	decoded, err := decodeJSON(text)
	if err != nil {
		return in, invalidInput("The inputs can't be read: " + err.Error())
	}
	if err := startShape().check(decoded); err != nil {
		return in, invalidInput(err.message)
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return in, invalidInput("The inputs can't be read: " + err.Error())
	}
	in.Parameters, err = childParameters(values["RuntimeParameters"])
	return in, err
}

// childParameters converts values as the API carries them: a list of strings each, whatever is no string as JSON. A list
// inside a list is spread, as references to lists stand in brackets; null is as good as absent.
func childParameters(value any) (map[string][]string, error) {
	object, ok := value.(map[string]any)
	if !ok && value != nil && value != "" {
		return nil, invalidInput("The input RuntimeParameters must be a map")
	}
	out := map[string][]string{}
	for name, v := range object {
		if v == nil {
			continue
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		var flat []any
		for _, item := range list {
			if inner, ok := item.([]any); ok {
				flat = append(flat, inner...)
			} else {
				flat = append(flat, item)
			}
		}
		out[name] = runbook.WireValue(flat)
	}
	return out, nil
}

// response is what a step gives out about the child it started: its document's outputs in one list, its ID and status.
func (e *execution) response() (map[string]any, *stepFailure) {
	status, failure := e.verdict()
	if status == statusCancelled {
		failure = &stepFailure{phase: phasePoll, cause: "The automation " + e.id + " of " + e.document + " was cancelled", stage: "Invocation", kind: "Action"}
	}
	output := []any{}
	if status == statusSuccess {
		e.mu.Lock()
		defer e.mu.Unlock()
		all := e.outputsLocked()
		for _, name := range e.parsed.Outputs {
			output = append(output, anyList(all[name])...)
		}
	}
	return map[string]any{"Output": output, "ExecutionId": e.id, "Status": status}, failure
}
