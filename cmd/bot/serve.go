package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"handrail/policy"
)

type serveCmd struct {
	Config string `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
}

// Run serves until SIGTERM or SIGINT. SIGHUP reads the policy again; a bad file leaves the old one in force.
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
	go p.reload(ctx, cfg.Policy)
	go shrinkNowAndThen(ctx)
	return p.run(ctx)
}

func (p *parts) reload(ctx context.Context, path string) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		next, err := readPolicy(path)
		if err != nil {
			p.log.Error("keeping the policy in force: the new one is wrong", "error", err)
			continue
		}
		p.swap(next)
	}
}

func (p *parts) swap(next *policy.Policy) {
	p.log.Info("policy changed", "from", p.gate.Policy().Hash(), "to", next.Hash())
	p.gate.Swap(next)
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
