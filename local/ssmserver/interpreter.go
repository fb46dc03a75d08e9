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
	e.cancel, e.cancelling = cancel, true
	if e.cut {
		cancel(errClosed)
	}
	return ctx, stop
}

// run takes an execution to its end.
func (s *Server) run(ctx context.Context, e *execution) {
	defer s.running.Done()
	defer close(e.done)
	defer e.interrupt(errCancelled) // frees the contexts
	if e.drive != nil {
		e.drive(ctx)
	} else {
		end := s.walk(ctx, e, &block{runs: e.main}, 0)
		e.mu.Lock()
		e.outcome, e.failure = end.outcome, end.failure
		e.mu.Unlock()
	}
	if !e.isCut() {
		e.finish()
	}
}

func (e *execution) isCut() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cut
}

// block is a list of steps that run one after another: the document's own, or one turn of a loop.
type block struct{ runs []*stepRun }

func (b *block) index(name string) int {
	for i, run := range b.runs {
		if run.step.Name == name {
			return i
		}
	}
	return -1
}

// ending is how a block ended.
type ending struct {
	// outcome is the status of the first critical step that failed or timed out, Cancelled if it was cancelled, else "".
	outcome, failure string
	// exit is the step outside of the block to go on with, "" if there is none.
	exit string
}

// walk runs the steps of a block from the one at index i.
func (s *Server) walk(ctx context.Context, e *execution, b *block, i int) ending {
	var end ending
	for more := i < len(b.runs); more; {
		run := b.runs[i]
		e.enter(run)
		done := s.runStep(ctx, e, run)
		if e.isCut() {
			return end
		}
		var next string
		next, more = e.next(b, run, done, &end)
		if done.status == statusCancelled && !e.inCancellation() && errors.Is(context.Cause(ctx), errCancelled) {
			if next, more = runbook.StepTarget(run.step.OnCancel); more {
				var stop context.CancelFunc
				ctx, stop = e.cancellation()
				defer stop()
			}
		}
		if !more {
			return end
		}
		if i = b.index(next); i < 0 {
			end.exit = next
			return end
		}
		// Documents whose steps run in a circle are refused, so that a step of a block runs once.
		more = b.runs[i].status == statusPending
	}
	return end
}

func (e *execution) inCancellation() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cancelling
}

// next decides what follows a step, and remembers the failure that decides about the whole.
func (e *execution) next(b *block, run *stepRun, done outcome, end *ending) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	step := run.step
	switch done.status {
	case statusCancelled:
		end.outcome = statusCancelled
		return "", false
	case statusSuccess, statusExited:
		if e.complete {
			return "", false
		}
		if done.next != "" {
			return done.next, true
		}
		return b.following(step)
	}
	aborts := step.OnFailure == "" || step.OnFailure == "Abort"
	if end.outcome == "" && (aborts || step.Critical()) {
		end.outcome, end.failure = done.status, run.failure.message()
	}
	if aborts || step.IsEnd || e.complete {
		return "", false
	}
	if target, ok := runbook.StepTarget(step.OnFailure); ok {
		return target, true
	}
	return b.following(step)
}

// following is the step that comes after one when nothing else decides: nextStep, or the one below it.
func (b *block) following(step *runbook.Step) (string, bool) {
	if step.IsEnd {
		return "", false
	}
	if step.NextStep != "" {
		return step.NextStep, true
	}
	if i := b.index(step.Name); i+1 < len(b.runs) {
		return b.runs[i+1].step.Name, true
	}
	return "", false
}

func (e *execution) finish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended, e.current = time.Now(), nil
	switch {
	case e.status == statusCancelling || e.outcome == statusCancelled:
		e.failure = ""
		e.setStatus(statusCancelled)
	case e.outcome != "":
		e.setStatus(e.outcome)
	default:
		e.setStatus(statusSuccess)
	}
}
