package ssmserver

import "time"

// Answer approves the step of an execution that waits for an approval, as its approvers one after the other until there
// are enough, or resumes the one that is paused. It does nothing if no step waits for either. The error is the one that
// SendAutomationSignal would answer.
func (s *Server) Answer(executionID string) error {
	e, err := s.executions.get(executionID)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.waiting(false); w != nil {
		return e.resume(w.run.step.Name)
	}
	w := e.waiting(true)
	if w == nil {
		return nil
	}
	for _, approver := range w.approval.approvers {
		done := w.approval.take(decision{principal: approver, arn: approver, approved: true, at: time.Now()})
		w.run.outputs = w.approval.outputs()
		if done {
			e.release()
			return nil
		}
	}
	return nil
}
