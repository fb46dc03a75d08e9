package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"handrail/bot"
)

// config is handrail.yaml. Relative paths are below the folder of the file.
type config struct {
	Slack     slackConfig   `yaml:"slack"`
	AWS       awsConfig     `yaml:"aws"`
	Store     storeConfig   `yaml:"store"`
	Policy    string        `yaml:"policy"`
	PolicyKey string        `yaml:"policy_key"` // verifier key; "" takes an unsigned policy
	Metrics   metricsConfig `yaml:"metrics"`
	Log       logConfig     `yaml:"log"`
	Audit     auditConfig   `yaml:"audit"`

	path   string
	places map[string]place // of each key in the file, as slack.mode
}

type slackConfig struct {
	Mode            bot.Mode `yaml:"mode"`
	AppToken        secret   `yaml:"app_token"`
	BotToken        secret   `yaml:"bot_token"`
	SigningSecret   secret   `yaml:"signing_secret"`
	PreviousSigning secret   `yaml:"previous_signing_secret"` // valid too while the secret is being rotated
	APIURL          string   `yaml:"api_url"`
	Listen          string   `yaml:"listen"`
	AlertsChannel   string   `yaml:"alerts_channel"` // ID; "" tells nobody
}

type awsConfig struct {
	Region      string      `yaml:"region"`
	EndpointURL string      `yaml:"endpoint_url"`
	Quotas      quotaConfig `yaml:"quotas"`
}

// quotaConfig is calls a second that the account was granted; 0 means AWS's default.
type quotaConfig struct {
	Start    float64 `yaml:"start"`
	Stop     float64 `yaml:"stop"`
	Describe float64 `yaml:"describe"`
	Document float64 `yaml:"document"`
}

type storeConfig struct {
	URL secret `yaml:"url"` // may hold a password
}

type metricsConfig struct {
	Listen string `yaml:"listen"`
}

type logConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// usageError is a mistake in what somebody typed or configured; the program ends with 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// loadConfig reads and checks the file. It resolves no secrets. Its error holds every mistake, in the order of the file.
func loadConfig(path string) (*config, error) {
	c, found, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return c, found.err()
}

// openConfig is loadConfig and resolve in one: its error holds the mistakes of both.
func openConfig(ctx context.Context, path string) (*config, error) {
	c, found, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	c.resolveInto(ctx, found, c.secrets())
	return c, found.err()
}

func (c *config) defaults() {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	if c.Slack.Mode == "" {
		c.Slack.Mode = bot.Socket
	}
	set(&c.Slack.APIURL, "https://slack.com/api/")
	set(&c.Slack.Listen, "127.0.0.1:3000")
	if c.Store.URL == "" {
		c.Store.URL = "sqlite:handrail.db"
	}
	set(&c.Policy, "policy.yaml")
	set(&c.Metrics.Listen, "127.0.0.1:9090")
	set(&c.Log.Level, "info")
	set(&c.Log.Format, "text")
	c.Policy = c.below(c.Policy)
	c.Store.URL = c.placed(c.Store.URL)
	if c.Audit.File != "" {
		c.Audit.File = c.below(c.Audit.File)
	}
}

// placed puts a relative SQLite file into the folder of the configuration.
func (c *config) placed(url secret) secret {
	if file, ok := strings.CutPrefix(string(url), "sqlite:"); ok && file != "" {
		return secret("sqlite:" + c.below(file))
	}
	return url
}

// below puts a relative path into the folder of the configuration.
func (c *config) below(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.path), path)
}

// resolve fetches the secrets that the references name. Its error holds every one that names nothing.
func (c *config) resolve(ctx context.Context) error {
	return c.resolveSome(ctx, c.secrets())
}

// resolveStore is resolve for the store's URL alone.
func (c *config) resolveStore(ctx context.Context) error {
	return c.resolveSome(ctx, []namedSecret{{"store.url", &c.Store.URL}})
}

func (c *config) resolveSome(ctx context.Context, some []namedSecret) error {
	found := &mistakes{path: c.path, places: c.places}
	c.resolveInto(ctx, found, some)
	return found.err()
}

// resolveInto is resolve for a file that may have mistakes already; then no network is asked.
func (c *config) resolveInto(ctx context.Context, found *mistakes, some []namedSecret) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r := resolver{aws: c.AWS, offline: len(found.all) > 0}
	for _, s := range some {
		if !s.value.reference() || r.skips(*s.value) {
			continue
		}
		value, err := r.resolve(ctx, *s.value)
		switch {
		case err != nil:
			found.add(s.key, "%s: %s.", s.key, err)
		case s.key == "store.url" && !storeURL(string(value)):
			found.add(s.key, storeMistake)
		case strings.HasSuffix(s.key, "signing_secret") && len(value) < signingSecretLength:
			found.add(s.key, "%s has %d characters; Slack's have %d (Basic Information).", s.key, len(value), signingSecretLength)
		case s.key == "audit.key" && checkAuditKey(value) != "":
			found.add(s.key, "%s", checkAuditKey(value))
		case s.key == "store.url":
			*s.value = c.placed(value)
		default:
			*s.value = value
		}
	}
}

// signingSecretLength is how long Slack makes them: 32 hexadecimal digits.
const signingSecretLength = 32

// namedSecret is a value that may be a reference.
type namedSecret struct {
	key   string
	value *secret
}

func (c *config) secrets() []namedSecret {
	return []namedSecret{{"slack.bot_token", &c.Slack.BotToken}, {"slack.app_token", &c.Slack.AppToken},
		{"slack.signing_secret", &c.Slack.SigningSecret}, {"slack.previous_signing_secret", &c.Slack.PreviousSigning}, {"store.url", &c.Store.URL},
		{"audit.key", &c.Audit.Key}}
}
