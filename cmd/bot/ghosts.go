package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"handrail/automation"
)

// watchForGhosts tells of automations under the service role that nobody started through Handrail, until ctx ends.
func (p *parts) watchForGhosts(ctx context.Context) error {
	return automation.NewGhostWatch(automation.GhostOptions{Gate: p.gate, AWS: p.client, Sightings: p.db, Catalogue: p.engine.Catalogue,
		OnAlarm: p.alarm, Log: p.log}).Run(ctx)
}

// newAlarms counts alarms by their kind, from nothing on.
func newAlarms() *prometheus.CounterVec {
	alarms := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "handrail_alarms_total",
		Help: "Automations that ran something else than was decided, or that nobody started here."}, []string{"kind"})
	for _, kind := range []automation.AlarmKind{automation.OtherRun, automation.GhostRun} {
		alarms.WithLabelValues(string(kind))
	}
	return alarms
}

// alarm counts an alarm and tells of it.
func (p *parts) alarm(a automation.Alarm) {
	p.alarms.WithLabelValues(string(a.Kind)).Inc()
	p.alerts.alarm(a)
}
