package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"

	"handrail/audit"
)

// recovery is what to do about a log that was rolled back.
const recovery = "If somebody restored an older backup on purpose, docs/audit.md says how to go on; if nobody did, somebody changed the database"

// newKeeper refuses a log that is not the one of the newest checkpoint in the file, and returns what watches it from now on.
func (p *parts) newKeeper(ctx context.Context, c *config, cfg aws.Config) (*audit.Keeper, error) {
	o := audit.KeeperOptions{Log: p.db.Audit(), Every: c.Audit.every(), Logger: p.log, Alarm: alarm(p.bot, c.Slack.AlertsChannel, p.log)}
	if c.Audit.Key == "" {
		return audit.NewKeeper(o), nil
	}
	known, err := c.Audit.verifiers()
	if err != nil {
		return nil, err
	}
	if o.Signer, err = note.NewSigner(string(c.Audit.Key)); err != nil {
		return nil, usage("audit.key is not a private key that bot keygen wrote") // its words could hold a part of the key
	}
	if c.Audit.File != "" {
		if o.Checkpoints, err = begins(ctx, p.db.Audit(), c.Audit.File, known, p.log); err != nil {
			return nil, err
		}
		o.Sinks = append(o.Sinks, audit.File(c.Audit.File))
	}
	if c.Audit.Channel != "" {
		o.Sinks = append(o.Sinks, audit.Channel{Poster: p.bot, ID: c.Audit.Channel})
	}
	if c.Audit.S3 != "" {
		o.Sinks = append(o.Sinks, newBucket(c.Audit.S3, c.AWS, cfg))
	}
	return audit.NewKeeper(o), nil
}

// verifiers know the key that signs, once it is resolved.
func (c auditConfig) verifiers() (note.Verifiers, error) {
	verifier, err := audit.VerifierOf(string(c.Key))
	if err != nil {
		return nil, usage("audit.key: %w", err)
	}
	return audit.Verifiers(verifier)
}

// begins compares the log with the newest checkpoint of a file and returns those that the whole look is to compare.
func begins(ctx context.Context, entries audit.Log, file string, known note.Verifiers, log *slog.Logger) ([]audit.Signed, error) {
	all, err := audit.NewestCheckpoints(file, known)
	if err != nil {
		return nil, err
	}
	var newest *audit.Checkpoint
	var kept []audit.Signed
	for i, s := range all {
		if s.Torn {
			log.Warn("the file of checkpoints ends in the middle of one", "file", file)
			continue
		}
		kept = append(kept, s)
		if s.Problem == "" && (newest == nil || s.Checkpoint.Size > newest.Size) {
			newest = &all[i].Checkpoint
		}
	}
	switch {
	case newest != nil:
		err = audit.CheckHead(ctx, entries, *newest)
	case len(kept) > 0:
		return nil, fmt.Errorf("no checkpoint at the end of %s can be trusted: %s. After a change of audit.key, name a new file", file, kept[len(kept)-1].Problem)
	}
	if errors.Is(err, audit.ErrRewritten) {
		return nil, fmt.Errorf("comparing the database with %s: %w. %s", file, err, recovery)
	}
	return kept, err
}

// alarmed bounds how long an alarm tries to reach Slack.
const alarmed = 10 * time.Second

// alarm tells a channel that the log is damaged. The log of the program has it in any case.
func alarm(say audit.Poster, channel string, log *slog.Logger) func(context.Context, []audit.Problem, int) {
	if channel == "" {
		return nil
	}
	return func(ctx context.Context, problems []audit.Problem, more int) {
		ctx, cancel := context.WithTimeout(ctx, alarmed)
		defer cancel()
		lines := []string{"The audit log is damaged: somebody changed the database, or an older one was restored. No checkpoint is signed until it is repaired and I am started again. bot audit verify shows everything."}
		for _, found := range problems {
			lines = append(lines, printable(found.What))
		}
		if more > 0 {
			lines = append(lines, fmt.Sprintf("And %d more.", more))
		}
		if err := say.Post(ctx, channel, strings.Join(lines, "\n")); err != nil {
			log.Error("an alarm was not posted", "channel", channel, "error", err)
		}
	}
}

// keep runs the keeper until the returned function is called, after everything else has ended, so that its last checkpoint
// has all of it.
func (p *parts) keep(ctx context.Context) (end func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- p.keeper.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// auditCollector tells metrics how the log is.
type auditCollector struct{ keeper *audit.Keeper }

var (
	damagedDesc = prometheus.NewDesc("handrail_audit_damaged", "1 if the audit log was found damaged since the start.", nil, nil)
	behindDesc  = prometheus.NewDesc("handrail_audit_sinks_behind", "Places that did not take the last checkpoint.", nil, nil)
)

// Describe names the metrics.
func (c auditCollector) Describe(ch chan<- *prometheus.Desc) { ch <- damagedDesc; ch <- behindDesc }

// Collect reads them.
func (c auditCollector) Collect(ch chan<- prometheus.Metric) {
	damaged := 0.0
	if c.keeper.Damaged() {
		damaged = 1
	}
	ch <- prometheus.MustNewConstMetric(damagedDesc, prometheus.GaugeValue, damaged)
	ch <- prometheus.MustNewConstMetric(behindDesc, prometheus.GaugeValue, float64(c.keeper.Behind()))
}
