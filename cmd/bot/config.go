package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"handrail/bot"
	"handrail/policy"
)

// config is handrail.yaml. Relative paths are below the folder of the file.
type config struct {
	Slack   slackConfig   `yaml:"slack"`
	AWS     awsConfig     `yaml:"aws"`
	Store   storeConfig   `yaml:"store"`
	Policy  string        `yaml:"policy"`
	Metrics metricsConfig `yaml:"metrics"`
	Log     logConfig     `yaml:"log"`

	path string
}

type slackConfig struct {
	Mode            bot.Mode `yaml:"mode"`
	AppToken        secret   `yaml:"app_token"`
	BotToken        secret   `yaml:"bot_token"`
	SigningSecret   secret   `yaml:"signing_secret"`
	PreviousSigning secret   `yaml:"previous_signing_secret"` // valid too while the secret is being rotated
	APIURL          string   `yaml:"api_url"`
	Listen          string   `yaml:"listen"`
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

// configKeys are the keys of each mapping in the file.
var configKeys = map[string][]string{
	"":           {"slack", "aws", "store", "policy", "metrics", "log"},
	"slack":      {"mode", "app_token", "bot_token", "signing_secret", "previous_signing_secret", "api_url", "listen"},
	"aws":        {"region", "endpoint_url", "quotas"},
	"aws.quotas": {"start", "stop", "describe", "document"},
	"store":      {"url"},
	"metrics":    {"listen"},
	"log":        {"level", "format"},
}

// maxConfig is the largest configuration file in bytes.
const maxConfig = 1 << 20

// loadConfig reads and checks the file. It resolves no secrets.
func loadConfig(path string) (*config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("reading the configuration: %w", err)
	}
	if len(data) > maxConfig {
		return nil, usage("%s: the file is larger than 1 MiB", path)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, usage("%s: the file is empty", path)
	}
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil {
		return nil, usage("%s: %w", path, err)
	}
	if len(root.Content) == 0 {
		return nil, usage("%s: the file holds nothing but comments", path)
	}
	w := configWalk{path: path}
	w.mapping("", root.Content[0])
	if len(w.errs) > 0 {
		return nil, usageError{errors.Join(w.errs...)}
	}
	c := &config{path: path}
	if err := root.Content[0].Load(c, yaml.WithKnownFields()); err != nil {
		return nil, usage("%s: %w", path, err)
	}
	c.defaults()
	if errs := c.check(); len(errs) > 0 {
		return nil, usageError{errors.Join(errs...)}
	}
	return c, nil
}

type configWalk struct {
	path string
	errs []error
}

func (w *configWalk) fail(n *yaml.Node, format string, args ...any) {
	w.errs = append(w.errs, fmt.Errorf("%s:%d:%d: %s", w.path, n.Line, n.Column, fmt.Sprintf(format, args...)))
}

// mapping refuses unknown and repeated keys.
func (w *configWalk) mapping(name string, n *yaml.Node) {
	keys, isMapping := configKeys[name]
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		w.fail(n, "aliases and anchors are not allowed here")
		return
	case !isMapping && n.Kind != yaml.ScalarNode:
		w.fail(n, "%s must be a single value", name)
		return
	case !isMapping:
		return
	case n.Kind != yaml.MappingNode:
		w.fail(n, "%s must be a mapping of key: value", named(name))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(keys, key.Value):
			w.fail(key, "%s has no key %q%s", named(name), key.Value, suggest(key.Value, keys))
		case seen[key.Value]:
			w.fail(key, "%s has the key %q twice", named(name), key.Value)
		default:
			w.mapping(strings.TrimPrefix(name+"."+key.Value, "."), value)
		}
		seen[key.Value] = true
	}
}

func named(mapping string) string {
	if mapping == "" {
		return "the configuration"
	}
	return mapping
}

func suggest(word string, words []string) string {
	near := policy.Nearest(word, words)
	if len(near) == 0 {
		return fmt.Sprintf(" (its keys: %s)", strings.Join(words, ", "))
	}
	return fmt.Sprintf(". Did you mean %s?", near[0])
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
	if file, ok := strings.CutPrefix(string(c.Store.URL), "sqlite:"); ok && file != "" {
		c.Store.URL = secret("sqlite:" + c.below(file))
	}
}

// below puts a relative path into the folder of the configuration.
func (c *config) below(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.path), path)
}

// check finds every mistake that needs no network.
func (c *config) check() []error {
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", c.path, fmt.Sprintf(format, args...)))
	}
	if c.Slack.BotToken == "" {
		fail("slack.bot_token is missing; write ${env:SLACK_BOT_TOKEN}")
	}
	switch c.Slack.Mode {
	case bot.Socket:
		if c.Slack.AppToken == "" {
			fail("slack.app_token is missing; mode socket needs it: ${env:SLACK_APP_TOKEN}")
		}
	case bot.HTTP:
		if c.Slack.SigningSecret == "" {
			fail("slack.signing_secret is missing; mode http needs it: ${env:SLACK_SIGNING_SECRET}")
		}
	default:
		fail("slack.mode is %q; use socket or http", c.Slack.Mode)
	}
	for _, s := range []struct {
		name  string
		value secret
	}{{"slack.bot_token", c.Slack.BotToken}, {"slack.app_token", c.Slack.AppToken},
		{"slack.signing_secret", c.Slack.SigningSecret}, {"slack.previous_signing_secret", c.Slack.PreviousSigning}} {
		if s.value != "" && !s.value.reference() {
			fail("%s holds a secret in plain text; write ${env:NAME}, ${file:/path} or ${ssm:/name} instead", s.name)
		}
	}
	for name, value := range map[string]string{"slack.listen": c.Slack.Listen, "metrics.listen": c.Metrics.Listen} {
		if _, _, err := net.SplitHostPort(value); err != nil {
			fail("%s is %q; write HOST:PORT, such as 127.0.0.1:3000", name, value)
		}
	}
	for name, value := range map[string]string{"slack.api_url": c.Slack.APIURL, "aws.endpoint_url": c.AWS.EndpointURL} {
		if u, err := url.Parse(value); value != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			fail("%s is %q; write a full URL, such as https://slack.com/api/", name, value)
		}
	}
	if c.AWS.Region == "" {
		fail("aws.region is missing; write the Region that runbooks run in, such as eu-west-1")
	}
	if _, err := c.Log.level(); err != nil {
		fail("log.level is %q; use debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		fail("log.format is %q; use text or json", c.Log.Format)
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// resolve fetches the secrets that the references name.
func (c *config) resolve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	r := resolver{aws: c.AWS}
	var errs []error
	for _, s := range []struct {
		name  string
		value *secret
	}{{"slack.bot_token", &c.Slack.BotToken}, {"slack.app_token", &c.Slack.AppToken}, {"slack.signing_secret", &c.Slack.SigningSecret},
		{"slack.previous_signing_secret", &c.Slack.PreviousSigning}, {"store.url", &c.Store.URL}} {
		value, err := r.resolve(ctx, *s.value)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", c.path, s.name, err))
		}
		*s.value = value
	}
	if len(errs) > 0 {
		return usageError{errors.Join(errs...)}
	}
	return nil
}
