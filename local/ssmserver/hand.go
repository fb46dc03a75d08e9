package ssmserver

import (
	"context"
	"slices"

	"handrail/runbook"
)

// modeInteractive is the Mode of executions whose steps are started one by one.
const modeInteractive = "Interactive"

// hand is what an execution in the mode Interactive keeps: its steps start one by one, as signals say. It is guarded by
// its execution's mu.
type hand struct {
	// idle says that no step runs and valid holds the steps that can start now.
	idle  bool
	valid []string
	// picked gets the step to run next, entered already, or nil for the end: one each time that idle turns false.
	picked chan *stepRun
	// stop ends the step that runs.
	stop context.CancelCauseFunc
}

func newHand(first string) *hand {
	return &hand{idle: true, valid: []string{first}, picked: make(chan *stepRun, 1)}
}

// end lets an execution end whose next step is waited for. h may be nil.
func (h *hand) end() {
	if h != nil && h.idle {
		h.idle = false
		h.picked <- nil
	}
}

// next waits for the step to run, nil meaning the end.
func (h *hand) next(ctx context.Context) *stepRun {
	select {
	case run := <-h.picked:
		return run
	case <-ctx.Done():
	}
	select {
	case run := <-h.picked: // it was entered before the cancellation, and must be seen to end
		return run
	default:
		return nil
	}
}

// runByHand runs the steps that signals start.
func (s *Server) runByHand(ctx context.Context, e *execution) {
	main := &block{runs: e.main}
	for {
		back := e.slot.rest(blocking)
		run := e.hand.next(ctx)
		back(ctx)
		if run == nil {
			return
		}
		done := s.runOne(ctx, e, run)
		if ctx.Err() != nil && !done.cancelled {
			return
		}
		next, more := e.next(main, run, done, &ending{})
		switch {
		case done.cancelled && more:
			s.walkCancelled(e, main, next)
			return
		case done.cancelled, !e.rest(run, done, next, more):
			return
		}
	}
}

// runOne runs one step, which StopStep can end.
func (s *Server) runOne(ctx context.Context, e *execution, run *stepRun) outcome {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	e.mu.Lock()
	e.hand.stop = stop
	e.mu.Unlock()
	return s.runStep(ctx, e, run)
}

// walkCancelled runs the steps that follow a cancellation; nobody has to start those.
func (s *Server) walkCancelled(e *execution, main *block, name string) {
	i := main.index(name)
	if !e.canEnter(main, i, name) {
		return
	}
	ctx, stop := e.cancellation()
	defer stop()
	s.walk(ctx, e, main, i)
}

// rest waits for the next signal after a step, and answers false if the execution ends instead.
func (e *execution) rest(run *stepRun, done outcome, next string, more bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	failed := done.status == statusFailed || done.status == statusTimedOut
	aborted := failed && (run.step.OnFailure == "" || run.step.OnFailure == "Abort")
	if e.cut || e.complete || aborted {
		return false
	}
	valid := run.successors()
	if failed || done.status == statusExited {
		valid = nil
		if more {
			valid = []string{next}
		}
	}
	e.current = nil
	e.hand.idle, e.hand.valid = true, valid
	if e.status != statusCancelling {
		e.setStatus(statusWaiting)
	}
	return true
}

// startStep starts the step of that name. The caller holds e.mu.
func (e *execution) startStep(name string) error {
	switch {
	case e.hand == nil:
		return invalidSignal("The signal StartStep is valid only for automations in the mode Interactive.")
	case !e.declares(name):
		return noStep("There is no step %s in the automation execution %s.", name, e.id)
	case !e.hand.idle || e.status != statusWaiting:
		return invalidSignal("The step %s cannot start while another step runs.", name)
	}
	i := (&block{runs: e.main}).index(name)
	if i < 0 || !slices.Contains(e.hand.valid, name) || e.main[i].status != statusPending {
		return invalidSignal("The step %s is not a valid next step.", name)
	}
	e.hand.idle = false
	e.enterLocked(e.main[i])
	e.hand.picked <- e.main[i]
	return nil
}

// stopStep cancels the running step of that ID. The caller holds e.mu.
func (e *execution) stopStep(id string) error {
	if e.hand == nil {
		return invalidSignal("The signal StopStep is valid only for automations in the mode Interactive.")
	}
	isID := func(run *stepRun) bool { return run.id == id }
	i := slices.IndexFunc(e.order, isID)
	switch {
	case i < 0 && !slices.ContainsFunc(e.main, isID):
		return noStep("There is no step execution %s in the automation execution %s.", id, e.id)
	case i < 0 || ended(e.order[i].status) || e.hand.stop == nil || e.status == statusCancelling:
		return invalidSignal("The step execution %s does not run.", id)
	}
	e.cancelSteps()
	e.hand.stop(errStopped)
	return nil
}

// declares says whether the document has a step of that name, inside of loops too.
func (e *execution) declares(name string) bool {
	return slices.ContainsFunc(e.parsed.Steps, func(s runbook.Step) bool {
		return s.Name == name || slices.ContainsFunc(s.Steps, func(s runbook.Step) bool { return s.Name == name })
	})
}
