package ssmserver

import "time"

// Change is one new status of an execution or of a step of it.
type Change struct {
	Time            time.Time
	ExecutionID     string
	ParentID        string // of a child automation
	Document        string
	Version         int
	ExecutedBy      string
	ExecutionStatus string
	// Step is the step's name, "" if the execution itself changed; the other fields of steps are empty then.
	Step, StepID, Action, StepStatus string
	// Loop is the name of the loop whose Iteration, counted from 1, the step belongs to.
	Loop      string
	Iteration int
	// Started is when the execution or the step began; Ended is zero while it has not ended.
	Started, Ended time.Time
	Inputs         map[string]string
	Outputs        map[string][]string
	FailureMessage string
}

// change describes e, or one of its steps. The caller holds e.mu.
func (e *execution) change(run *stepRun) Change {
	c := Change{Time: time.Now(), ExecutionID: e.id, ParentID: e.parentID, Document: e.document, Version: e.version, ExecutedBy: e.executedBy,
		ExecutionStatus: e.status, Started: e.started, Ended: e.ended, FailureMessage: e.failure}
	if run == nil {
		if ended(e.status) {
			c.Outputs = e.outputsLocked()
		}
		return c
	}
	c.Step, c.StepID, c.Action, c.StepStatus = run.step.Name, run.id, run.step.Action, run.status
	c.Started, c.Ended, c.Inputs, c.FailureMessage = run.started, run.ended, run.inputs, run.failure.message()
	if run.turn != nil {
		c.Loop, c.Iteration = run.turn.loop.step.Name, run.turn.iteration
	}
	if ended(run.status) {
		c.Outputs = run.wireOutputs()
	}
	return c
}

// setStatus gives the execution a status and tells whoever listens. The caller holds e.mu.
func (e *execution) setStatus(status string) {
	if e.status == status {
		return
	}
	e.status = status
	e.tell(nil)
}

// setStep gives a step a status and tells whoever listens. The caller holds e.mu.
func (e *execution) setStep(run *stepRun, status string) {
	if run.status == status {
		return
	}
	run.status = status
	e.tell(run)
}

func (e *execution) tell(run *stepRun) {
	if e.publish != nil {
		if event, ok := e.event(run); ok {
			e.publish(event)
		}
	}
	if e.observe != nil {
		e.observe(e.change(run))
	}
}
