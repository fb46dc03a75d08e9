package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	signatureHeader = "X-Slack-Signature"
	timestampHeader = "X-Slack-Request-Timestamp"
	signatureWindow = 5 * time.Minute // docs.slack.dev/authentication/verifying-requests-from-slack
	shortestSecret  = 16              // Slack's have 32 characters
)

// verifier recognises requests that Slack signed. It does not notice a replay within its window;
// the invocation's key does.
type verifier struct {
	secrets [][]byte
	now     func() time.Time
}

func newVerifier(secrets []string) (*verifier, error) {
	v := &verifier{now: time.Now}
	for _, s := range secrets {
		if len(strings.TrimSpace(s)) < shortestSecret {
			return nil, errors.New("a slack signing secret is empty or too short: it has 32 characters, see Basic Information of the app")
		}
		v.secrets = append(v.secrets, []byte(s))
	}
	if len(v.secrets) == 0 {
		return nil, errors.New("http mode needs slack's signing secret")
	}
	return v, nil
}

// verify says whether one of the secrets signed these very bytes within the window.
func (v *verifier) verify(h http.Header, body []byte) bool {
	signatures, stamps := h[signatureHeader], h[timestampHeader]
	if len(signatures) != 1 || len(stamps) != 1 {
		return false
	}
	at, ok := parseStamp(stamps[0])
	if !ok || v.now().Sub(at).Abs() > signatureWindow {
		return false
	}
	claimed, ok := parseSignature(signatures[0])
	if !ok {
		return false
	}
	valid := false
	for _, secret := range v.secrets {
		valid = hmac.Equal(claimed, sign(secret, stamps[0], body)) || valid
	}
	return valid
}

func sign(secret []byte, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	return mac.Sum(nil)
}

// parseStamp reads 1 to 11 digits and nothing else.
func parseStamp(s string) (time.Time, bool) {
	if len(s) < 1 || len(s) > 11 || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// parseSignature reads v0= and 64 lower-case hex digits.
func parseSignature(s string) ([]byte, bool) {
	digits, ok := strings.CutPrefix(s, "v0=")
	if !ok || len(digits) != 2*sha256.Size || strings.Trim(digits, "0123456789abcdef") != "" {
		return nil, false
	}
	sum, err := hex.DecodeString(digits)
	return sum, err == nil
}
