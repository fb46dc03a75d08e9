package ssmserver

import (
	"context"
	"errors"
	"strings"
	"time"

	"handrail/runbook"
)

// The phases in which a step can fail, as they stand in AWS's messages.
const (
	phaseInputs  = "validating and resolving the step inputs"
	phaseExecute = "Execute/Cancelling action"
	phasePoll    = "Poll action status for completion"
)

// stepFailure is why a step did not succeed.
type stepFailure struct {
	phase, cause string
	// stage and kind are FailureStage and FailureType of the API.
	stage, kind string
	timedOut    bool
}

func (f *stepFailure) Error() string { return f.message() }

const guide = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."

// message is the text in AWS's form; nil gives "".
func (f *stepFailure) message() string {
	switch {
	case f == nil:
		return ""
	case f.timedOut:
		return "Step timed out while step is " + f.phase + ". " + guide
	}
	return "Step fails when it is " + f.phase + ". " + strings.TrimRight(f.cause, ".") + ". " + guide
}

func invalidInput(cause string) *stepFailure {
	return &stepFailure{phase: phaseInputs, cause: cause, stage: "InputValidation", kind: "Action"}
}

func actionFailed(err error) *stepFailure {
	return &stepFailure{phase: phaseExecute, cause: err.Error(), stage: "Invocation", kind: "Action"}
}

// outcome is how a step ended, and where a branch goes.
type outcome struct{ status, next string }

// stepContext is what an action may use.
type stepContext struct {
	server *Server
	step   runbook.Step
	inputs inputs
}

type result struct {
	outputs map[string]any
	next    string
}

// action is one row of the coverage table.
type action struct {
	name string
	note string
	// timeout is the default, 0 meaning none.
	timeout time.Duration
	// verifying completes "Step timed out while step is".
	verifying string
	// run is nil if the action is not covered. It returns soon after ctx ends. An error that is no *stepFailure counts as
	// one of the execute phase.
	run func(ctx context.Context, c *stepContext) (result, error)
}

// runStep runs the current step with its attempts and writes down how it ended.
func (s *Server) runStep(ctx context.Context, e *execution, i int) outcome {
	run := e.steps[i]
	out, err := s.attempts(ctx, e, run)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cut {
		return outcome{}
	}
	run.ended = time.Now()
	switch {
	case err == nil:
		run.status, run.outputs = statusSuccess, out.outputs
	case errors.Is(context.Cause(ctx), errCancelled):
		run.status = statusCancelled
	default:
		run.failure = asFailure(err)
		run.status = statusFailed
		if run.failure.timedOut {
			run.status = statusTimedOut
		}
	}
	return outcome{status: run.status, next: out.next}
}

func asFailure(err error) *stepFailure {
	var failure *stepFailure
	if errors.As(err, &failure) {
		return failure
	}
	return actionFailed(err)
}

func (s *Server) attempts(ctx context.Context, e *execution, run *stepRun) (result, error) {
	resolved, err := runbook.Resolve(map[string]any(run.step.Inputs), s.lookup(e))
	if err != nil {
		return result{}, invalidInput(err.Error())
	}
	values, _ := resolved.(map[string]any)
	e.mu.Lock()
	run.inputs = map[string]string{}
	for name, value := range values {
		run.inputs[name] = jsonText(value)
	}
	e.mu.Unlock()
	act, known := s.actions[run.step.Action]
	if !known || act.run == nil {
		return result{}, &stepFailure{phase: phaseExecute, cause: "The local SSM does not cover the action " + run.step.Action + " yet",
			stage: "Invocation", kind: "Action"}
	}
	c := &stepContext{server: s, step: run.step, inputs: values}
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return result{}, err
		}
		out, err := act.attempt(ctx, c)
		if err == nil || attempt >= run.step.MaxAttempts || ctx.Err() != nil || asFailure(err).stage == "InputValidation" {
			return out, err
		}
	}
}

// attempt runs the action once within the step's time.
func (a action) attempt(ctx context.Context, c *stepContext) (result, error) {
	limit := a.timeout
	if c.step.TimeoutSeconds > 0 {
		limit = time.Duration(c.step.TimeoutSeconds) * time.Second
	}
	limited, stop := ctx, context.CancelFunc(func() {})
	if limit > 0 {
		limited, stop = context.WithTimeoutCause(ctx, limit, errTimedOut)
	}
	defer stop()
	out, err := a.run(limited, c)
	if err != nil && errors.Is(context.Cause(limited), errTimedOut) {
		return result{}, &stepFailure{phase: a.verifying, stage: "PostVerification", kind: "Verification", timedOut: true}
	}
	return out, err
}
