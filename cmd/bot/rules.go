package main

import (
	"slices"
	"time"

	"handrail/bot"
	"handrail/policy"
)

// rules tell the Slack edge of today's policy.
func rules(today func() *policy.Policy) bot.Rules {
	return bot.Rules{
		Approvers: func(names []string) (users, userGroups []string) { return today().Accounts(names) },
		StepRule: func(name, step string) bool {
			rb, ok := today().Runbook(name)
			return ok && slices.ContainsFunc(rb.Steps, func(r policy.StepRule) bool { return r.Step == step })
		},
		Freeze: func(name string) (until time.Time, reason string) {
			for _, f := range today().Freezes() {
				if f.Name == name {
					return f.Until, f.Reason
				}
			}
			return time.Time{}, ""
		},
		Emergency: func(name string) (channel string) {
			for _, g := range today().Grants() {
				if g.Name == name && g.BreakGlass != nil {
					return g.BreakGlass.Notify
				}
			}
			return ""
		},
	}
}
