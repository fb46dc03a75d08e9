package ssmserver

type stopRequest struct{ AutomationExecutionId, Type string }

func stopExecution(s *Server, _ caller, in stopRequest) (any, error) {
	e, err := s.executions.get(in.AutomationExecutionId)
	if err != nil {
		return nil, err
	}
	return struct{}{}, e.stop(in.Type == "Complete")
}

// stop asks an execution to end: at once, or after the running step if complete. Asking again changes nothing.
func (e *execution) stop(complete bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ended(e.status) {
		return refuse("InvalidAutomationStatusUpdateException", "The specified update status operation isn't valid.")
	}
	if e.status == statusCancelling {
		return nil
	}
	if complete {
		e.complete = true
		e.hand.end()
		return nil
	}
	e.setStatus(statusCancelling)
	e.cancelSteps()
	e.cancel(errCancelled)
	return nil
}

// cancelSteps shows that what runs is being cancelled: the innermost step, and the loop around it. The caller holds e.mu.
func (e *execution) cancelSteps() {
	for run := e.current; run != nil; {
		if !ended(run.status) {
			e.setStep(run, statusCancelling)
		}
		if run.turn == nil {
			return
		}
		run = run.turn.loop
	}
}
