package ssmserver

import (
	"context"
	"strconv"
	"time"

	"handrail/runbook"
)

// maxSleep is the longest aws:sleep: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-sleep.html.
const maxSleep = 604_799 * time.Second

func sleepAction() action {
	return action{name: "aws:sleep", run: runSleep, idle: blocking, verifying: "verifying the sleep has ended", note: "Duration and Timestamp"}
}

func runSleep(ctx context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("Duration", "Timestamp"); err != nil {
		return result{}, err
	}
	duration, err := c.inputs.text("Duration")
	if err != nil {
		return result{}, err
	}
	timestamp, err := c.inputs.text("Timestamp")
	if err != nil {
		return result{}, err
	}
	wait, err := sleepTime(duration, timestamp, time.Now())
	if err != nil {
		return result{}, err
	}
	if !sleep(ctx, wait) {
		return result{}, ctx.Err()
	}
	return result{}, nil
}

func sleepTime(duration, timestamp string, now time.Time) (time.Duration, error) {
	if (duration == "") == (timestamp == "") {
		return 0, invalidInput("Exactly one of the inputs Duration and Timestamp is required")
	}
	var wait time.Duration
	if duration != "" {
		d, err := runbook.ParseDuration(duration)
		if err != nil {
			return 0, invalidInput("The input Duration is " + strconv.Quote(duration) + "; it must be an ISO 8601 duration such as PT10M")
		}
		wait = d
	} else {
		at, err := time.Parse(time.RFC3339, timestamp)
		if err != nil {
			return 0, invalidInput("The input Timestamp is " + strconv.Quote(timestamp) + "; it must be an ISO 8601 time such as 2020-01-01T01:00:00Z")
		}
		wait = max(at.Sub(now), 0)
	}
	if wait > maxSleep {
		return 0, invalidInput("The sleep is longer than 604799 seconds")
	}
	return wait, nil
}
