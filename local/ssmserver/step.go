package ssmserver

import (
	"cmp"
	"context"
	"errors"
	"slices"
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
	// final says that another attempt would fail in the same way.
	final bool
}

func (f *stepFailure) Error() string { return f.message() }

const guide = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."

// message is the text in AWS's form; nil gives "".
func (f *stepFailure) message() string {
	switch {
	case f == nil:
		return ""
	case f.timedOut && f.cause != "":
		return "Step timed out while step is " + f.phase + ". " + strings.TrimRight(f.cause, ".") + ". " + guide
	case f.timedOut:
		return "Step timed out while step is " + f.phase + ". " + guide
	}
	return "Step fails when it is " + f.phase + ". " + strings.TrimRight(f.cause, ".") + ". " + guide
}

func invalidInput(cause string) *stepFailure {
	return &stepFailure{phase: phaseInputs, cause: cause, stage: "InputValidation", kind: "Action", final: true}
}

func actionFailed(err error) *stepFailure {
	return &stepFailure{phase: phaseExecute, cause: err.Error(), stage: "Invocation", kind: failureType(err)}
}

// outcome is how a step ended, and where that leads: "" means that the document's order decides, but the end for a step
// that was cancelled. cancelled says that the execution is, so that next follows the cancellation.
type outcome struct {
	status, next string
	cancelled    bool
}

// stepContext is what an action may use.
type stepContext struct {
	server    *Server
	execution *execution
	run       *stepRun
	step      runbook.Step
	inputs    inputs
}

type result struct {
	outputs map[string]any
	// next is the step to go on with, "" if the document's order decides.
	next string
	// status is Exited for a loop that went on outside of itself, after a cancellation if cancelled; "" means Success.
	status    string
	cancelled bool
}

// action is one row of the coverage table.
type action struct {
	name string
	note string
	// timeout is the default, 0 meaning none.
	timeout time.Duration
	// verifying completes "Step timed out while step is".
	verifying string
	// raw are the inputs whose references the action resolves itself.
	raw []string
	// idle says what the action does with the slot of its execution.
	idle idle
	// run is nil if the action is not covered. It returns soon after ctx ends. An error that is no *stepFailure counts as
	// one of the execute phase.
	run func(ctx context.Context, c *stepContext) (result, error)
}

// runStep runs a step that is entered with its attempts, and writes down how it ended.
func (s *Server) runStep(ctx context.Context, e *execution, run *stepRun) outcome {
	out, err := s.attempts(ctx, e, run)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cut {
		return outcome{}
	}
	run.ended, run.outputs = time.Now(), nil
	if large := e.keepOutputs(run, out.outputs); large != nil && err == nil {
		out, err = result{}, large
	}
	done := outcome{status: statusSuccess, next: out.next, cancelled: out.cancelled}
	switch cause := context.Cause(ctx); {
	case err == nil:
		done.status = cmp.Or(out.status, statusSuccess)
	case errors.Is(cause, errCancelled):
		done = outcome{status: statusCancelled, cancelled: true}
		if run.step.Action != actionLoop { // docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html
			done.next, _ = runbook.StepTarget(run.step.OnCancel)
		}
	case errors.Is(cause, errStopped):
		done = outcome{status: statusCancelled}
	default:
		e.keepFailure(run, *asFailure(err))
		done = outcome{status: statusFailed}
		if run.failure.timedOut {
			done.status = statusTimedOut
		}
	}
	e.setStep(run, done.status)
	return done
}

func asFailure(err error) *stepFailure {
	var failure *stepFailure
	if errors.As(err, &failure) {
		return failure
	}
	return actionFailed(err)
}

// resolve gives the step's inputs with their references replaced, and writes them down.
func (s *Server) resolve(e *execution, run *stepRun, raw []string) (inputs, error) {
	values, texts := make(inputs, len(run.step.Inputs)), make(map[string]string, len(run.step.Inputs))
	lookup := s.lookup(e)
	for name, value := range run.step.Inputs {
		if !slices.Contains(raw, name) {
			var err error
			if value, err = runbook.Resolve(value, lookup); err != nil {
				return nil, invalidInput(err.Error())
			}
		}
		values[name], texts[name] = value, jsonText(value)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return values, e.keepInputs(run, texts)
}

func (s *Server) attempts(ctx context.Context, e *execution, run *stepRun) (result, error) {
	act, known := s.actions[run.step.Action]
	values, err := s.resolve(e, run, act.raw)
	if err != nil {
		return result{}, err
	}
	if !known || act.run == nil {
		return result{}, &stepFailure{phase: phaseExecute, cause: "The local SSM does not cover the action " + run.step.Action,
			stage: "Invocation", kind: "Action"}
	}
	c := &stepContext{server: s, execution: e, run: run, step: *run.step, inputs: values}
	for attempt := 1; ; attempt++ {
		if ctx.Err() != nil {
			return result{}, act.interrupted(ctx, nil)
		}
		out, err := act.attempt(ctx, c)
		if err == nil || attempt >= run.step.MaxAttempts || ctx.Err() != nil || asFailure(err).final {
			return out, err
		}
		if attempt >= quickAttempts {
			sleep(ctx, laterAttempts)
		}
	}
}

// The first attempts follow one another at once. Those after them are kept apart, as a document can ask for two billion.
const (
	quickAttempts = 10
	laterAttempts = time.Second
)

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
	back := c.execution.slot.rest(a.idle)
	out, err := a.run(limited, c)
	back(ctx)
	if err != nil && limited.Err() != nil {
		return result{}, a.interrupted(limited, err)
	}
	return out, err
}

// interrupted is why the action that answered err cannot go on in a context that has ended.
func (a action) interrupted(ctx context.Context, err error) error {
	var said *stepFailure
	if errors.Is(context.Cause(ctx), errTimedOut) {
		if errors.As(err, &said) && said.timedOut {
			return said
		}
		return &stepFailure{phase: a.verifying, stage: "PostVerification", kind: "Verification", timedOut: true}
	}
	return ctx.Err()
}
