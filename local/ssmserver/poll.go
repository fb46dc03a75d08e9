package ssmserver

import (
	"context"
	"time"
)

// Between two looks at AWS passes pollFirst, then half as much more each time, up to pollLast. What the cloud in memory
// does wakes the waiting at once, so that they neither look in vain nor come late.
const (
	pollFirst = 250 * time.Millisecond
	pollLast  = 15 * time.Second
)

// poll looks until look answers true or an error, or ctx ends.
func (c *stepContext) poll(ctx context.Context, look func() (bool, error)) error {
	for pause := pollFirst; ; pause = min(pause+pause/2, pollLast) {
		changed, next := c.server.cloud.Changes()
		if done, err := look(); done || err != nil {
			return err
		}
		wait := pause
		if !next.IsZero() {
			wait = min(wait, max(time.Until(next), 0))
		}
		if !pauseFor(ctx, wait, changed) {
			return ctx.Err()
		}
	}
}

// pauseFor waits for d or until changed is closed, and answers false if ctx ends first.
func pauseFor(ctx context.Context, d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-changed:
	}
	return true
}
