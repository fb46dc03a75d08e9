package ssmserver

import (
	"context"
	"errors"
	"time"

	"handrail/runbook"
)

var (
	errClosed    = errors.New("the server closes")
	errCancelled = errors.New("the execution is cancelled")
	errTimedOut  = errors.New("the step timed out")
)

// cancellationTime bounds what runs after a cancellation:
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html, "onCancel".
const cancellationTime = 2 * time.Minute

// interrupt stops what runs now.
func (e *execution) interrupt(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if errors.Is(cause, errClosed) {
		e.cut = true
	}
	e.cancel(cause)
}

// cancellation gives the context for the steps after a cancellation.
func (e *execution) cancellation() (context.Context, context.CancelFunc) {
	limited, stop := context.WithTimeoutCause(context.Background(), cancellationTime, errTimedOut)
	ctx, cancel := context.WithCancelCause(limited)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cancel = cancel
	if e.cut {
		cancel(errClosed)
	}
	return ctx, stop
}

// run takes an execution, whose first step is entered, to its end.
func (s *Server) run(ctx context.Context, e *execution) {
	defer s.running.Done()
	defer e.interrupt(errCancelled) // frees the contexts
	cancelling := false
	for i, more := e.first(), true; more; {
		done := s.runStep(ctx, e, i)
		if e.isCut() {
			return
		}
		i, more = e.next(i, done)
		if !cancelling && errors.Is(context.Cause(ctx), errCancelled) {
			cancelling = true
			i, more = e.onCancel(done)
			if more {
				var stop context.CancelFunc
				ctx, stop = e.cancellation()
				defer stop()
			}
		}
		if more {
			e.enter(i)
		}
	}
	e.finish()
}

func (e *execution) first() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current
}

func (e *execution) isCut() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cut
}

// next decides what follows a step, and remembers the failure that decides about the whole.
func (e *execution) next(i int, done outcome) (int, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	step := e.steps[i].step
	if done.status == statusCancelled {
		return 0, false
	}
	if done.status == statusSuccess {
		if e.complete {
			return 0, false
		}
		if done.next != "" {
			return e.jump(done.next)
		}
		return e.follow(step)
	}
	aborts := step.OnFailure == "" || step.OnFailure == "Abort"
	if e.outcome == "" && (aborts || step.Critical()) {
		e.outcome, e.failure = done.status, e.steps[i].failure.message()
	}
	if aborts || step.IsEnd || e.complete {
		return 0, false
	}
	if target, ok := runbook.StepTarget(step.OnFailure); ok {
		return e.jump(target)
	}
	return e.follow(step)
}

func (e *execution) follow(step runbook.Step) (int, bool) {
	name, ok := e.parsed.Following(step)
	if !ok {
		return 0, false
	}
	return e.jump(name)
}

func (e *execution) jump(name string) (int, bool) {
	i := e.index(name)
	// Documents whose steps run in a circle are refused, so that a step runs once.
	return i, i >= 0 && e.steps[i].status == statusPending
}

// onCancel decides what runs after a cancellation: nothing, unless a step was running that says so.
func (e *execution) onCancel(done outcome) (int, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if done.status != statusCancelled {
		return 0, false
	}
	if target, ok := runbook.StepTarget(e.steps[e.current].step.OnCancel); ok {
		return e.jump(target)
	}
	return 0, false
}

func (e *execution) finish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.status == statusCancelling:
		e.status, e.failure = statusCancelled, ""
	case e.outcome != "":
		e.status = e.outcome
	default:
		e.status = statusSuccess
	}
	e.ended, e.current = time.Now(), -1
}
