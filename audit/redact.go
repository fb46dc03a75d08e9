package audit

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// hidden stands where a secret was.
const hidden = "[redacted]"

// secrets match what is worth stealing wherever it stands. Nothing of this kind should ever get into the log.
var secrets = regexp.MustCompile(strings.Join([]string{
	`xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}`, // Slack's tokens
	`xapp-[A-Za-z0-9-]{8,}`,                    // Slack's app-level tokens
	`https?://hooks\.slack[a-z.-]*/[^\s"'<>]+`, // response URLs and webhooks
	`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b`,  // AWS access key IDs
	`-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)`,
	`PRIVATE\+KEY\+[^\s"'<>]+`,                                  // keys of bot keygen
	`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`, // JSON web tokens
	`\bgh[a-z]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}`,
	`(?i)\b(?:bearer|basic) [A-Za-z0-9+/_.=-]{16,}`,
}, "|"))

// passwords match those in URLs.
var passwords = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@"]*):[^\s/@"]+@`)

// awsSecret matches what may be an AWS secret access key, which has nothing to know it by but its length.
var awsSecret = regexp.MustCompile(`[A-Za-z0-9/+]+`)

// redacted is text without what looks like a secret.
func redacted(text string) string {
	text = secrets.ReplaceAllString(text, hidden)
	text = passwords.ReplaceAllString(text, "${1}:"+hidden+"@")
	return awsSecret.ReplaceAllStringFunc(text, func(word string) string {
		if len(word) == 40 && mixed(word) {
			return hidden
		}
		return word
	})
}

// mixed says whether a word has capitals, small letters and digits, as random base64 does and hexadecimal digits do not.
func mixed(word string) bool {
	return strings.IndexFunc(word, unicode.IsUpper) >= 0 && strings.IndexFunc(word, unicode.IsLower) >= 0 && strings.IndexFunc(word, unicode.IsDigit) >= 0
}

// redactedBody is JSON without what looks like a secret. Where nothing does, it is as it was, byte for byte; else keys are
// in the order of their names. What is no JSON becomes a text.
func redactedBody(body []byte) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil || d.More() || !json.Valid(body) {
		value = string(body)
	} else if !changed(&value) {
		return body
	} else {
		return marshal(value)
	}
	changed(&value)
	return marshal(value)
}

func marshal(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil { // what was JSON is JSON
		return json.RawMessage(`"` + hidden + `"`)
	}
	return text
}

// changed redacts every text in value, and says whether there was anything to redact.
func changed(value *any) bool {
	did := false
	switch v := (*value).(type) {
	case string:
		safe := redacted(v)
		did, *value = safe != v, safe
	case []any:
		for i := range v {
			did = changed(&v[i]) || did
		}
	case map[string]any:
		safe := make(map[string]any, len(v))
		for name, of := range v {
			clean := redacted(name)
			did = changed(&of) || did || clean != name
			safe[clean] = of
		}
		*value = safe
	}
	return did
}
