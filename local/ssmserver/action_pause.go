package ssmserver

import "context"

func pauseAction() action {
	return action{name: "aws:pause", timeout: signalTime, run: runPause, idle: blocking, verifying: "waiting for the signal Resume",
		note: "waits for Resume; the undocumented Message is accepted"}
}

func runPause(ctx context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("Message"); err != nil {
		return result{}, err
	}
	if _, err := c.inputs.text("Message"); err != nil {
		return result{}, err
	}
	if err := c.signalTime(); err != nil {
		return result{}, err
	}
	return result{}, c.awaitSignal(ctx, nil)
}
