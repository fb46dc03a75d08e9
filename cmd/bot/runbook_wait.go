package main

import (
	"fmt"

	"handrail/local/ssmserver"
)

// waiting approves or resumes, or says how a person can.
func (r *localRun) waiting(c ssmserver.Change) error {
	signal, payload := "Approve", ""
	if c.Action == "aws:pause" {
		signal, payload = "Resume", " --payload StepName="+c.Step
	}
	if !r.approve {
		r.printer.say(fmt.Sprintf("answer it with --approve, or from another terminal:\n  aws ssm send-automation-signal --endpoint-url %s --automation-execution-id %s --signal-type %s%s",
			r.url, c.ExecutionID, signal, payload))
		return nil
	}
	in := map[string]any{"AutomationExecutionId": c.ExecutionID, "SignalType": signal}
	if c.Action == "aws:pause" {
		in["Payload"] = map[string][]string{"StepName": {c.Step}}
	}
	return r.call("SendAutomationSignal", in, nil)
}
