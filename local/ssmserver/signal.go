package ssmserver

type signalRequest struct {
	AutomationExecutionId, SignalType string
	Payload                           map[string][]string
}

func invalidSignal(format string, args ...any) error {
	return refuse("InvalidAutomationSignalException", format, args...)
}

func noStep(format string, args ...any) error {
	return refuse("AutomationStepNotFoundException", format, args...)
}

func sendSignal(s *Server, by caller, in signalRequest) (any, error) {
	e, err := s.executions.get(in.AutomationExecutionId)
	if err != nil {
		return nil, err
	}
	return struct{}{}, e.signal(by.arn, in)
}

// signal does what the signal of a principal says, and shows it at once.
func (e *execution) signal(by string, in signalRequest) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ended(e.status) {
		return invalidSignal("The signal %s is not valid: the automation execution %s has ended.", in.SignalType, e.id)
	}
	switch in.SignalType {
	case "Approve", "Reject":
		return e.judge(by, in)
	case "Resume":
		return in.with("StepName", e.resume)
	case "StartStep":
		return in.with("StepName", e.startStep)
	case "StopStep":
		return in.with("StepExecutionId", e.stopStep)
	}
	return invalidSignal("The signal %s is not valid for the automation execution %s.", in.SignalType, e.id)
}

// with hands on the one value of the payload that the signal needs.
func (in signalRequest) with(key string, do func(string) error) error {
	values := in.Payload[key]
	if len(values) != 1 {
		return invalidSignal("The signal %s needs a payload with one %s.", in.SignalType, key)
	}
	return do(values[0])
}

// resume ends a pause. The caller holds e.mu.
func (e *execution) resume(name string) error {
	w := e.waiting(false)
	switch {
	case !e.declares(name):
		return noStep("There is no step %s in the automation execution %s.", name, e.id)
	case w == nil || w.run.step.Name != name:
		return invalidSignal("The step %s does not wait for the signal Resume.", name)
	}
	e.release()
	return nil
}
