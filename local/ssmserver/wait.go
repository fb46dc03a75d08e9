package ssmserver

import "context"

// wait marks the step and its execution Waiting until the channel closes, and InProgress after that. Its error is that
// of ctx; then the marks stay, as the end of the step replaces them.
func (c *stepContext) wait(ctx context.Context, until <-chan struct{}) error {
	c.execution.mark(c.run, statusInProgress, statusWaiting)
	select {
	case <-until:
		c.execution.mark(c.run, statusWaiting, statusInProgress)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mark moves the step and the execution from one status to the other, each unless it has moved on already.
func (e *execution) mark(run *stepRun, from, to string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.markLocked(run, from, to)
}

func (e *execution) markLocked(run *stepRun, from, to string) {
	if e.cut {
		return
	}
	if e.status == from {
		e.setStatus(to)
	}
	if run.status == from {
		e.setStep(run, to)
	}
}

// awaited is a step that waits for a signal.
type awaited struct {
	run      *stepRun
	approval *approval // nil for a pause
	done     chan struct{}
}

// awaitSignal waits until the step is released. approval is nil for a pause.
func (c *stepContext) awaitSignal(ctx context.Context, approval *approval) error {
	e, w := c.execution, &awaited{run: c.run, approval: approval, done: make(chan struct{})}
	e.mu.Lock()
	e.awaited = w
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.awaited = nil
	}()
	return c.wait(ctx, w.done)
}

// release lets the waiting step go on, and shows it at once. The caller holds e.mu.
func (e *execution) release() {
	e.markLocked(e.awaited.run, statusWaiting, statusInProgress)
	close(e.awaited.done)
	e.awaited = nil
}

// waiting is the approval, or else the pause, that waits for a signal now; nil if none does. The caller holds e.mu.
func (e *execution) waiting(approval bool) *awaited {
	if w := e.awaited; w != nil && w.run.status == statusWaiting && (w.approval != nil) == approval {
		return w
	}
	return nil
}
