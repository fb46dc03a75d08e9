package main

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"handrail/bot"
)

// check finds every mistake that needs no network and no environment.
func (c *config) check(w *configWalk) {
	c.checkSecrets(w)
	c.checkMode(w)
	c.checkAddresses(w)
	c.checkAudit(w)
	if c.AWS.Region == "" {
		w.missing("aws.region", "aws.region is missing. Write the Region that runbooks run in, such as eu-west-1.")
	}
	if _, err := c.Log.level(); err != nil {
		w.add("log.level", "log.level is %q. Use debug, info, warn or error.", cut(c.Log.Level))
	}
	c.checkPolicyKey(w)
	if c.Log.Format != "text" && c.Log.Format != "json" {
		w.add("log.format", "log.format is %q. Use text or json.", cut(c.Log.Format))
	}
}

// checkPolicyKey also looks at where alerts go.
func (c *config) checkPolicyKey(w *configWalk) {
	if _, err := note.NewVerifier(c.PolicyKey); c.PolicyKey != "" && err != nil {
		w.add("policy_key", "policy_key is not a verifier key. Copy the one that bot keygen prints; it looks like policy.example.org+1a2b3c4d+A….")
	}
	if c.Slack.AlertsChannel != "" && !channelID.MatchString(c.Slack.AlertsChannel) {
		w.add("slack.alerts_channel", "slack.alerts_channel is %q. Write the channel's ID, such as C0123456789; a name can be taken over.", cut(c.Slack.AlertsChannel))
	}
}

// missing reports a key that is not there, unless what is there instead was reported.
func (w *configWalk) missing(key, message string) {
	mapping, _, _ := strings.Cut(key, ".")
	if !w.broken[key] && !w.broken[mapping] && !w.broken[""] {
		w.add(key, "%s", message)
	}
}

func (c *config) checkMode(w *configWalk) {
	if c.Slack.BotToken == "" {
		w.missing("slack.bot_token", "slack.bot_token is missing. Write ${env:SLACK_BOT_TOKEN}.")
	}
	switch c.Slack.Mode {
	case bot.Socket:
		if c.Slack.AppToken == "" {
			w.missing("slack.app_token", "slack.app_token is missing, and mode socket needs it. Write ${env:SLACK_APP_TOKEN}.")
		}
	case bot.HTTP:
		if c.Slack.SigningSecret == "" {
			w.missing("slack.signing_secret", "slack.signing_secret is missing, and mode http needs it. Write ${env:SLACK_SIGNING_SECRET}.")
		}
	default:
		w.add("slack.mode", "slack.mode is %q. Use socket or http.", cut(string(c.Slack.Mode)))
	}
}

const (
	kinds        = "use ${env:NAME}, ${file:/path} or ${ssm:/name}"
	storeMistake = "store.url must begin with sqlite: or postgres://, such as sqlite:handrail.db."
)

// checkSecrets looks at how secrets are given. A value never enters a message, since it may be the secret.
func (c *config) checkSecrets(w *configWalk) {
	for _, s := range c.secrets() {
		plain := string(*s.value)
		switch {
		case plain == "" || s.value.reference():
		case strings.Contains(plain, "${"):
			w.add(s.key, "%s", wrongReference(s.key, plain))
		case s.key == "store.url" && !storeURL(plain):
			w.add(s.key, storeMistake)
		case s.key != "store.url":
			w.add(s.key, "%s holds a secret in plain text. Instead, %s.", s.key, kinds)
		}
	}
	for key, value := range map[string]string{"slack.mode": string(c.Slack.Mode), "slack.api_url": c.Slack.APIURL, "slack.listen": c.Slack.Listen,
		"aws.region": c.AWS.Region, "aws.endpoint_url": c.AWS.EndpointURL, "policy": c.Policy, "metrics.listen": c.Metrics.Listen} {
		if strings.Contains(value, "${") {
			w.add(key, "%s cannot be a reference. Only tokens, signing secrets and store.url can; write the value itself.", key)
		}
	}
}

var (
	looksLikeReference = regexp.MustCompile(`^\$\{[^{}]*\}$`)
	referenceKind      = regexp.MustCompile(`^\$\{([a-z]{1,20}):`)
)

// wrongReference says what is wrong with a value that holds ${ and is no reference.
func wrongReference(key, value string) string {
	if !looksLikeReference.MatchString(value) {
		return key + " holds a reference within a longer value. The whole value must be one reference; put all of it where the reference points."
	}
	m := referenceKind.FindStringSubmatch(value)
	switch {
	case m == nil:
		return key + " is not a reference that can be read; " + kinds + "."
	case m[1] == "env", m[1] == "file", m[1] == "ssm":
		return key + ": ${" + m[1] + ":…} names nothing; " + kinds + "."
	}
	return key + ": ${" + m[1] + ":…} is not a kind of reference; " + kinds + "."
}

// storeURL says whether the store knows what to do with the URL.
func storeURL(value string) bool {
	scheme, rest, _ := strings.Cut(value, ":")
	switch scheme {
	case "sqlite":
		return rest != ""
	case "postgres", "postgresql":
		return strings.HasPrefix(rest, "//")
	}
	return false
}

func (c *config) checkAddresses(w *configWalk) {
	for key, value := range map[string]string{"slack.listen": c.Slack.Listen, "metrics.listen": c.Metrics.Listen} {
		if _, _, err := net.SplitHostPort(value); err != nil && !strings.Contains(value, "${") {
			w.add(key, "%s is %q. Write HOST:PORT, such as 127.0.0.1:3000.", key, cut(value))
		}
	}
	for key, value := range map[string]string{"slack.api_url": c.Slack.APIURL, "aws.endpoint_url": c.AWS.EndpointURL} {
		if value == "" || strings.Contains(value, "${") {
			continue
		}
		u, err := url.Parse(value)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			w.add(key, "%s is not a full URL. Write one such as https://slack.com/api/.", key)
		case u.User != nil:
			w.add(key, "%s holds a user name or a password. Leave them out.", key)
		}
	}
}
