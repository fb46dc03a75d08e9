package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"handrail/audit"
	"handrail/automation"
	"handrail/bot"
	"handrail/commands"
	"handrail/policy"
	"handrail/store"
)

// load reads the SDK's configuration. It asks for no credentials yet. The SDK's own log is dropped: what matters comes
// back as errors.
func (c awsConfig) load(ctx context.Context) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(c.Region), awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return cfg, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	return cfg, nil
}

func (c logConfig) level() (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(c.Level))
	return l, err
}

func (c logConfig) open(w io.Writer) *slog.Logger {
	level, _ := c.level() // checked when the file was read
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// parts is the program put together: the same for serve and for the demo.
type parts struct {
	db       *store.DB
	gate     *policy.Gate
	engine   *automation.Engine
	bot      *bot.Bot
	alerts   *alerts
	alarms   *prometheus.CounterVec
	reloader *reloader
	client   *automation.Client
	region   string
	log      *slog.Logger
	mode     bot.Mode
	listen   string
	metrics  string
	keeper   *audit.Keeper
}

// assemble wires the parts. Nothing runs yet; c's secrets are resolved.
func assemble(ctx context.Context, c *config, cfg aws.Config, log *slog.Logger) (*parts, error) {
	begin, err := c.policySource().read()
	if err != nil {
		return nil, err
	}
	gate := policy.NewGate(begin.policy)
	workspace, err := bot.NewWorkspace(bot.WorkspaceOptions{APIURL: c.Slack.APIURL, BotToken: string(c.Slack.BotToken),
		AppToken: string(c.Slack.AppToken), UserGroups: func() []string { return gate.Policy().UserGroups() }, Log: log})
	if err != nil {
		return nil, usageError{err}
	}
	db, err := store.Open(ctx, store.Options{URL: string(c.Store.URL), Log: log})
	if err != nil {
		return nil, err
	}
	if err := beginPolicy(ctx, db, begin); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	out := &parts{db: db, gate: gate, region: c.AWS.Region, log: log, mode: c.Slack.Mode,
		listen: c.Slack.Listen, metrics: c.Metrics.Listen}
	q := c.AWS.Quotas
	out.client = automation.NewClient(automation.ClientOptions{Config: cfg, EndpointURL: c.AWS.EndpointURL,
		Quotas: automation.Quotas{Start: q.Start, Stop: q.Stop, Describe: q.Describe, Document: q.Document}})
	if err := out.connect(c, workspace); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if out.keeper, err = out.newKeeper(ctx, c, cfg); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	out.reloader = newReloader(c, out, begin)
	return out, nil
}

// connect ties engine, commands and bot to each other.
func (p *parts) connect(c *config, workspace *bot.Workspace) error {
	owner := uuid.NewString()
	p.alarms = newAlarms()
	catalogue := automation.NewCatalogue(p.client, p.region)
	p.engine = automation.New(automation.Options{Store: p.db, Gate: p.gate, Directory: workspace, AWS: p.client,
		Catalogue: catalogue, Owner: owner, Lease: c.lease(), Log: p.log, OnChange: func(x *automation.Execution) { p.bot.Wake(x) },
		OnAlarm: p.alarm})
	asks := commands.New(commands.Options{Engine: p.engine, Memory: p.db, Documents: catalogue, Directory: workspace,
		Policy: p.gate.Policy, Log: p.log})
	var err error
	p.bot, err = bot.New(bot.Options{Workspace: workspace, Commander: asks, Store: p.db, Owner: owner, Mode: c.Slack.Mode,
		SigningSecrets: c.Slack.signing(), Console: c.AWS.console(), Limits: bot.Limits{Lease: c.lease()},
		Rules: rules(p.gate.Policy), Misplaced: p.engine.Misplaced, Log: p.log})
	if err != nil {
		return usageError{err}
	}
	p.alerts = newAlerts(c.Slack.AlertsChannel, p.bot, p.log)
	return nil
}

// lease is how long a row waits for whoever held it last; 0 means the default. SQLite frees all leases when it is
// opened, so there it matters only for a row that was lost track of, and costs a commit each third of it.
func (c *config) lease() time.Duration {
	if strings.HasPrefix(string(c.Store.URL), "sqlite:") {
		return 10 * time.Second
	}
	return 0
}

func (c slackConfig) signing() []string {
	var secrets []string
	for _, s := range []secret{c.SigningSecret, c.PreviousSigning} {
		if s != "" {
			secrets = append(secrets, string(s))
		}
	}
	return secrets
}

// console gives the address of an execution in AWS's console. A local SSM has none.
func (c awsConfig) console() func(region, id string) string {
	if c.EndpointURL != "" {
		return nil
	}
	return bot.AWSConsole
}

// run works until ctx ends. Then the intake stops first, and the store closes last.
func (p *parts) run(ctx context.Context) error {
	kept := p.keep(ctx)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.bot.Run(ctx) })
	g.Go(func() error { return p.engine.Run(ctx) })
	g.Go(func() error { return p.hear(ctx) })
	g.Go(func() error { return p.serveMetrics(ctx) })
	g.Go(func() error { return p.alerts.run(ctx) })
	g.Go(func() error { return p.reloader.run(ctx) })
	g.Go(func() error { return p.watchForGhosts(ctx) })
	if p.mode == bot.HTTP {
		g.Go(func() error { return serveHTTP(ctx, p.listen, p.bot.Handler()) })
	}
	err := g.Wait()
	return errors.Join(err, kept(), p.db.Close())
}

// hear wakes the engine and the announcer when something has changed, here or in another replica.
func (p *parts) hear(ctx context.Context) error {
	changed, cancel := p.db.Subscribe()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			p.engine.Wake()
			p.bot.Wake(nil)
		}
	}
}

// serveHTTP serves h on addr until ctx ends, and then finishes what is in hand within three seconds.
func serveHTTP(ctx context.Context, addr string, h http.Handler) error {
	srv := &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	select {
	case err := <-failed:
		return fmt.Errorf("listening on %s: %w", addr, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		return fmt.Errorf("closing %s: %w", addr, err)
	}
	return nil
}
