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
		return nil
	}
	e.setStatus(statusCancelling)
	if e.current != nil && !ended(e.current.status) {
		e.setStep(e.current, statusCancelling)
	}
	e.cancel(errCancelled)
	return nil
}

type signalRequest struct{ AutomationExecutionId, SignalType string }

// sendSignal knows the executions, but no step that waits for a signal is covered.
func sendSignal(s *Server, _ caller, in signalRequest) (any, error) {
	if _, err := s.executions.get(in.AutomationExecutionId); err != nil {
		return nil, err
	}
	return nil, refuse("InvalidAutomationSignalException", "The signal %s is not valid: the local SSM covers no step that waits for a signal yet.", in.SignalType)
}
