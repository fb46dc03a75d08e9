package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"handrail/audit"
	"handrail/automation"
)

// alerts tell a channel what operators must know: another policy, a wrong one, an alarm. What is told is also in the log of
// the program.
type alerts struct {
	channel string // its ID, "" for nowhere
	poster  audit.Poster
	queue   chan string
	replica string
	log     *slog.Logger
}

const (
	manyAlerts = 16
	mostSaid   = 20 // lines of an alert
	sayWithin  = 10 * time.Second
)

func newAlerts(channel string, poster audit.Poster, log *slog.Logger) *alerts {
	return &alerts{channel: channel, poster: poster, queue: make(chan string, manyAlerts), replica: replicaName(), log: log}
}

// tell hands an alert over to run. It never waits: what has to be told must not hang on Slack.
func (a *alerts) tell(head string, lines ...string) {
	if a.channel == "" {
		return
	}
	said := make([]string, len(lines))
	for i, line := range lines {
		said[i] = "• " + cutLine(line, 300)
	}
	text := strings.Join(append([]string{head}, bounded(said, mostSaid)...), "\n") + "\nReplica " + a.replica
	select {
	case a.queue <- text:
	default:
		a.log.Warn("an alert was dropped: Slack is slow", "count", cap(a.queue))
	}
}

// alarm tells of something that happened in AWS and that nobody asked for here.
func (a *alerts) alarm(found automation.Alarm) {
	lines := []string{"automation " + found.AWSID + " in " + found.Region}
	if found.Ref != "" {
		lines = append(lines, "execution "+found.Ref+" of "+found.Runbook)
	}
	if found.ExecutedBy != "" {
		lines = append(lines, "started by "+found.ExecutedBy)
	}
	a.tell("🚨 "+cutLine(found.Message, 1_000), lines...)
}

// run posts alerts until ctx ends.
func (a *alerts) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case text := <-a.queue:
			posting, cancel := context.WithTimeout(ctx, sayWithin)
			if err := a.poster.Post(posting, a.channel, text); err != nil {
				a.log.Warn("posting an alert", "error", err, "channel", a.channel)
			}
			cancel()
		}
	}
}
