package main

import (
	"fmt"

	"handrail/local/ssmserver"
)

// waiting answers for the people that a step waits for, or says how they can.
func (r *localRun) waiting(srv *ssmserver.Server, c ssmserver.Change) error {
	if r.approve {
		return srv.Answer(c.ExecutionID)
	}
	signal, payload := "Approve", ""
	if c.Action == "aws:pause" {
		signal, payload = "Resume", " --payload StepName="+c.Step
	}
	r.printer.say("it goes on with --approve, or from another terminal with")
	r.printer.detail(0, fmt.Sprintf("aws ssm send-automation-signal --endpoint-url %s --automation-execution-id %s --signal-type %s%s",
		r.url, c.ExecutionID, signal, payload))
	return nil
}
