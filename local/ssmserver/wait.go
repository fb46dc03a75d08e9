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
