package main

import (
	"context"
	"time"
)

type serveCmd struct {
	Config string `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
}

// Run serves until SIGTERM or SIGINT. A policy file that changes is read again, and so it is at SIGHUP; a bad one leaves
// the old one in force.
func (c *serveCmd) Run(ctx context.Context, io streams) error {
	cfg, err := openConfig(ctx, c.Config)
	if err != nil {
		return err
	}
	log := cfg.Log.open(io.err)
	aws, err := cfg.AWS.load(ctx)
	if err != nil {
		return err
	}
	p, err := assemble(ctx, cfg, aws, log)
	if err != nil {
		return err
	}
	log.Info("serving", "version", version, "mode", string(cfg.Slack.Mode), "policy", p.gate.Policy().Hash(), "region", cfg.AWS.Region)
	go shrinkNowAndThen(ctx)
	return p.run(ctx)
}

// shrinkNowAndThen gives memory back two seconds after the start, and then once a minute.
func shrinkNowAndThen(ctx context.Context) {
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			shrink()
			timer.Reset(time.Minute)
		}
	}
}
