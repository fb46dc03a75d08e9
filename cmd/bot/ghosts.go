package main

import (
	"context"

	"handrail/automation"
)

// watchForGhosts tells of automations under the service role that nobody started through Handrail, until ctx ends.
func (p *parts) watchForGhosts(ctx context.Context) error {
	return automation.NewGhostWatch(automation.GhostOptions{Gate: p.gate, AWS: p.client, Sightings: p.db, Catalogue: p.engine.Catalogue,
		OnAlarm: p.engine.OnAlarm, Log: p.log}).Run(ctx)
}
