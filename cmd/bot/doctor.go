package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"handrail/bot"
	"handrail/store"
)

type doctorCmd struct {
	Config string `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
}

// doctor collects findings: what was looked at, and how to mend what is wrong.
type doctor struct {
	out    io.Writer
	failed int
}

// report prints one finding. fix is shown if err is not nil.
func (d *doctor) report(what string, err error, fix string) bool {
	if err == nil {
		fmt.Fprintf(d.out, "✓ %s\n", what)
		return true
	}
	d.failed++
	fmt.Fprintf(d.out, "✗ %s: %s\n", what, strings.ReplaceAll(err.Error(), "\n", "\n  "))
	if fix != "" {
		fmt.Fprintf(d.out, "  fix: %s\n", fix)
	}
	return false
}

// Run checks everything that serve needs, and changes nothing. It ends with 1 if something is wrong.
func (c *doctorCmd) Run(ctx context.Context, io streams) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	d := &doctor{out: io.out}
	cfg, err := loadConfig(c.Config)
	if err != nil {
		_, err = openConfig(ctx, c.Config) // with what is wrong with the references
	}
	if !d.report("configuration "+c.Config, err, "docs/operations.md lists the keys.") {
		return errUnwell
	}
	secrets := d.report("secrets", cfg.resolve(ctx), "Set what the references name, as each line says.")
	f, err := cfg.policySource().read()
	p := f.policy
	if d.report("policy "+cfg.Policy, err, "docs/policy.md describes the file.") {
		d.runbooks(ctx, cfg, p)
	}
	if secrets {
		d.slack(ctx, cfg)
		d.store(ctx, cfg)
	}
	if d.failed > 0 {
		return errUnwell
	}
	return nil
}

var errUnwell = errors.New("something is wrong; see above")

// slack asks who we are, what we may do, and how far our clocks are apart.
func (d *doctor) slack(ctx context.Context, cfg *config) {
	w, err := bot.NewWorkspace(bot.WorkspaceOptions{APIURL: cfg.Slack.APIURL, BotToken: string(cfg.Slack.BotToken), AppToken: string(cfg.Slack.AppToken)})
	if err != nil {
		d.report("Slack", err, "")
		return
	}
	f, err := w.Examine(ctx, cfg.Slack.Mode)
	if err != nil && unreachable(err) {
		d.report("Slack answers at "+cfg.Slack.APIURL, err, "Look at slack.api_url, the proxy, the firewall and DNS: the tokens were not judged.")
		return
	}
	if !d.report("Slack accepts the tokens", err, "Copy them again from the app's pages OAuth & Permissions and Basic Information.") {
		return
	}
	var missing error
	if len(f.MissingScopes) > 0 {
		missing = fmt.Errorf("missing %s", strings.Join(f.MissingScopes, ", "))
	}
	d.report(fmt.Sprintf("Slack scopes of app %s in team %s", f.App, f.Team), missing, "Add them under OAuth & Permissions and install the app again; deploy/slack/manifest.yaml has them all.")
	var skewed error
	if f.Skew.Abs() > time.Minute {
		skewed = fmt.Errorf("this machine's clock is off by %s", f.Skew.Round(time.Second))
	}
	d.report("clock", skewed, "Run an NTP client: Slack's signatures and AWS's requests are valid for five minutes.")
}

// unreachable says whether the error is about the way to Slack, and not Slack's own no.
func unreachable(err error) bool {
	var network net.Error
	var certificate *tls.CertificateVerificationError
	var status interface{ HTTPStatusCode() int }
	var noJSON *json.SyntaxError
	return errors.As(err, &network) || errors.As(err, &certificate) || errors.As(err, &status) || errors.As(err, &noJSON) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (d *doctor) store(ctx context.Context, cfg *config) {
	db, err := store.Open(ctx, store.Options{URL: string(cfg.Store.URL), ReadOnly: true})
	if !d.report("database", err, "bot migrate makes a new one.") {
		return
	}
	have, want, err := db.Version(ctx)
	if err == nil && have != want {
		err = fmt.Errorf("its schema has version %d, and this program needs %d", have, want)
	}
	d.report(fmt.Sprintf("database schema version %d", want), err, "bot migrate brings it up to date.")
	d.report("database integrity", db.Check(ctx), "Restore the newest backup; docs/operations.md says how.")
	d.audit(ctx, cfg.Audit, db.Audit())
	if err := db.Close(); err != nil {
		d.report("closing the database", err, "")
	}
}
