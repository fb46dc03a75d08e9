package main

import (
	"regexp"
	"strings"
	"time"

	"handrail/audit"
)

// auditConfig says where signed checkpoints of the audit log go.
type auditConfig struct {
	Key     secret `yaml:"key"`     // private key that bot keygen wrote; "" publishes nothing
	Every   string `yaml:"every"`   // a duration; 1m if ""
	File    string `yaml:"file"`    // checkpoints are appended to it
	Channel string `yaml:"channel"` // Slack channel ID
	S3      string `yaml:"s3"`      // s3://bucket/prefix
}

// The shortest and longest time between two checkpoints.
const (
	minEvery = time.Second
	maxEvery = 24 * time.Hour
)

// every is how often checkpoints are published, 0 if the configuration does not say.
func (c auditConfig) every() time.Duration {
	d, _ := time.ParseDuration(c.Every) // checked when the file was read
	return d
}

// maxS3Place leaves room for the name of a checkpoint within the 1,024 bytes of a key.
const maxS3Place = 600

var (
	slackChannel = regexp.MustCompile(`^[CG][A-Z0-9]{5,20}$`)
	// docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	s3Place = regexp.MustCompile(`^s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*'()/-]*))?$`)
)

// check finds what is wrong with the section.
func (c *config) checkAudit(w *configWalk) {
	a := c.Audit
	if a == (auditConfig{}) {
		return
	}
	if d, err := time.ParseDuration(a.Every); a.Every != "" && (err != nil || d < minEvery || d > maxEvery) {
		w.add("audit.every", "audit.every is %q. Write a duration from 1s to 24h, such as 1m.", cut(a.Every))
	}
	if a.Channel != "" && !slackChannel.MatchString(a.Channel) {
		w.add("audit.channel", "audit.channel is %q. Write the channel's ID, such as C0123456789; Slack shows it at the end of the channel's details.", cut(a.Channel))
	}
	if a.S3 != "" && (len(a.S3) > maxS3Place || !s3Place.MatchString(a.S3)) {
		w.add("audit.s3", "audit.s3 is %q. Write s3://BUCKET/PREFIX.", cut(a.S3))
	}
	for key, value := range map[string]string{"audit.every": a.Every, "audit.file": a.File, "audit.channel": a.Channel, "audit.s3": a.S3} {
		if strings.Contains(value, "${") {
			w.add(key, "%s cannot be a reference. Only tokens, signing secrets, audit.key and store.url can; write the value itself.", key)
		}
	}
	places := a.File + a.Channel + a.S3
	switch {
	case a.Key == "" && places != "":
		w.missing("audit.key", "audit.key is missing, so no checkpoint would be published. Write ${file:/path}, of a file that bot keygen wrote.")
	case a.Key != "" && places == "" && !w.broken["audit.file"] && !w.broken["audit.channel"] && !w.broken["audit.s3"]:
		w.add("audit", "audit.key signs checkpoints, and nothing says where they go. Set audit.file, audit.channel or audit.s3.")
	}
}

// checkAuditKey says what is wrong with the key that a reference names; it never shows it.
func checkAuditKey(value secret) string {
	if _, err := audit.VerifierOf(string(value)); err != nil {
		return "audit.key is not a private key that bot keygen wrote."
	}
	return ""
}
