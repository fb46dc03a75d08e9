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
	errStopped   = errors.New("the step is stopped")
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

// cancellation gives the context for the steps after a cancellation. However often it is asked for, they have the same
// two minutes.
func (e *execution) cancellation() (context.Context, context.CancelFunc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cancelBy.IsZero() {
		e.cancelBy = time.Now().Add(cancellationTime)
	}
	limited, stop := context.WithDeadlineCause(context.Background(), e.cancelBy, errTimedOut)
	ctx, cancel := context.WithCancelCause(limited)
	e.cancel = cancel
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
	defer e.slot.leave()
	granted := e.slot.wait(ctx)
	if granted {
		e.begin()
		s.watchAlarm(ctx, e)
	}
	ctx, stop := e.limited(ctx)
	defer stop()
	switch {
	case !granted:
	case e.drive != nil:
		e.drive(ctx)
	case e.hand != nil:
		s.runByHand(ctx, e)
	default:
		s.walk(ctx, e, &block{runs: e.main}, 0)
	}
	if errors.Is(context.Cause(ctx), errTimedOut) {
		e.conclude(statusTimedOut, "The automation ran longer than 12 hours without an assume role.")
	}
	if !e.isCut() {
		e.finish()
	}
}

// callerTime is how long an execution may run with the rights of its caller:
// docs.aws.amazon.com/general/latest/gr/ssm.html, "Maximum duration an automation execution can run when running in the context of a user".
const callerTime = 12 * time.Hour

func (e *execution) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if e.role != "" {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, callerTime, errTimedOut)
}

func (e *execution) isCut() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cut
}

// block is a list of steps that run one after another: the document's own, or one turn of a loop.
type block struct {
	runs []*stepRun
	turn *turn // nil for the document's own
}

func (b *block) index(name string) int {
	for i, run := range b.runs {
		if run.step.Name == name {
			return i
		}
	}
	return -1
}

// ending is how a block ended: at its end if all of it is zero.
type ending struct {
	// exit is the step outside of a turn to go on with, and cancelled says that it follows a cancellation.
	exit      string
	cancelled bool
	// aborted is the step whose failure ended a turn.
	aborted *stepRun
}

// walk runs the steps of a block from the one at index i.
func (s *Server) walk(ctx context.Context, e *execution, b *block, i int) ending {
	var end ending
	for {
		run := b.runs[i]
		e.enter(run)
		done := s.runStep(ctx, e, run)
		if ctx.Err() != nil && !done.cancelled {
			return end // whoever ended ctx knows what that means
		}
		next, more := e.next(b, run, done, &end)
		if !more {
			return end
		}
		end.cancelled = end.cancelled || done.cancelled
		if i = b.index(next); i < 0 && b.turn != nil {
			end.exit = next
			return end
		}
		if !e.canEnter(b, i, next) {
			return end
		}
		if done.cancelled {
			var stop context.CancelFunc
			ctx, stop = e.cancellation()
			defer stop()
		}
	}
}

// canEnter says whether the step can run next, and lets the execution fail if it cannot. Documents that jump to nowhere
// or run in a circle are refused when they are created, but a reference can name any step.
func (e *execution) canEnter(b *block, i int, name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case i < 0:
		e.decide(statusFailed, "The automation cannot go on with the step "+name+": there is no step of that name.")
	case b.runs[i].status != statusPending:
		e.decide(statusFailed, "The automation cannot go on with the step "+name+": it ran before, and the steps run in a circle.")
	default:
		return true
	}
	return false
}

// conclude is decide for those who do not hold e.mu.
func (e *execution) conclude(status, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.decide(status, reason)
}

// decide remembers the first failure that decides about the whole. The caller holds e.mu.
func (e *execution) decide(status, reason string) {
	if e.outcome == "" {
		e.outcome, e.reason = status, reason
	}
}

// next decides what follows a step, and remembers the failure that decides about the whole.
func (e *execution) next(b *block, run *stepRun, done outcome, end *ending) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	step := run.step
	completes := e.complete && b.turn == nil
	switch done.status {
	case statusCancelled:
		return done.next, done.next != ""
	case statusSuccess, statusExited:
		if completes && !done.cancelled {
			return "", false
		}
		if done.next != "" {
			return done.next, true
		}
		return b.following(step)
	}
	aborts := step.OnFailure == "" || step.OnFailure == "Abort"
	if aborts && b.turn != nil {
		end.aborted = run
		return "", false
	}
	if aborts || step.Critical() {
		e.decide(done.status, run.failure.message())
	}
	if aborts || step.IsEnd || completes {
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
		if e.failure == "" {
			e.failure = e.reason
		}
		e.setStatus(e.outcome)
	default:
		e.setStatus(statusSuccess)
	}
}
