package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"handrail/audit"
)

func TestMistakesInTheAuditSectionHaveTheirPlace(t *testing.T) {
	t.Parallel()
	const head = "slack: {bot_token: \"${env:A}\", app_token: \"${env:B}\"}\naws: {region: eu-west-1}\n"
	key := filepath.Join(t.TempDir(), "key")
	check(t, os.WriteFile(key, []byte("PRIVATE+KEY+leaked"), 0o600))
	for name, tc := range map[string]struct{ text, want string }{
		"a key in plain text": {"audit: {key: PRIVATE+KEY+leaked, file: x}", `F:3:9: audit.key holds a secret in plain text. Instead, use ${env:NAME}, ${file:/path} or ${ssm:/name}.`},
		"no key":              {"audit: {file: x}", `F:3:1: audit.key is missing, so no checkpoint would be published. Write ${file:/path}, of a file that bot keygen wrote.`},
		"no place":            {"audit:\n  key: ${env:K}", `F:3:1: audit.key signs checkpoints, and nothing says where they go. Set audit.file, audit.channel or audit.s3.`},
		"no duration":         {"audit: {key: \"${env:K}\", file: x, every: 10ms}", `F:3:35: audit.every is "10ms". Write a duration from 1s to 24h, such as 1m.`},
		"a channel's name":    {"audit: {key: \"${env:K}\", channel: \"#audit\"}", `F:3:26: audit.channel is "#audit". Write the channel's ID, such as C0123456789; Slack shows it at the end of the channel's details.`},
		"no bucket":           {"audit: {key: \"${env:K}\", s3: \"https://x\"}", `F:3:26: audit.s3 is "https://x". Write s3://BUCKET/PREFIX.`},
		"a reference":         {"audit: {key: \"${env:K}\", file: \"${env:F}\"}", `F:3:26: audit.file cannot be a reference. Only tokens, signing secrets, audit.key and store.url can; write the value itself.`},
		"an unknown key":      {"audit: {keys: x}", `F:3:9: audit has no key "keys". Did you mean key?`},
	} {
		file := writeConfig(t, head+tc.text+"\n")
		_, err := loadConfig(file)
		if diff := cmp.Diff(strings.ReplaceAll(tc.want, "F:", file+":"), fmt.Sprint(err)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	c, err := loadConfig(writeConfig(t, head+"audit: {key: \"${file:"+key+"}\", s3: s3://bucket/a/b}\n"))
	check(t, err)
	if err := c.resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "audit.key is not a private key that bot keygen wrote.") || strings.Contains(err.Error(), "leaked") {
		t.Errorf("a key that is none: %v", err)
	}
}

// tree is the tree of a log with n entries, and its checkpoint.
func signedTree(t *testing.T, n int) (*audit.Tree, []byte) {
	t.Helper()
	private, _, err := note.GenerateKey(rand.Reader, "audit.example.org")
	check(t, err)
	signer, err := note.NewSigner(private)
	check(t, err)
	tree := &audit.Tree{}
	for range n {
		tree.Append(audit.Hash{1})
	}
	signed, err := audit.Sign(tree, signer)
	check(t, err)
	return tree, signed
}

func TestCheckpointsGoToS3(t *testing.T) {
	t.Parallel()
	tree, signed := signedTree(t, 12)
	root := tree.Root()
	path := "/handrail-audit/prod/00000000000000000012-" + hex.EncodeToString(root[:8]) + ".txt"
	answer := http.StatusOK
	authorized := regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=AKID/\d{8}/eu-west-1/s3/aws4_request, SignedHeaders=[a-z0-9;-]*host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$`)
	s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPut || r.URL.Path != path || string(body) != string(signed) || r.Header.Get("If-None-Match") != "*" || r.Header.Get("X-Amz-Security-Token") != "session" {
			t.Errorf("%s %s %v %s", r.Method, r.URL, r.Header, body)
		}
		if got := r.Header.Get("Authorization"); !authorized.MatchString(got) {
			t.Errorf("authorized by %s", got)
		}
		w.WriteHeader(answer)
		_, _ = io.WriteString(w, "<Code>AccessDenied</Code>")
	}))
	t.Cleanup(s3.Close)
	keys := aws.Config{Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", "session")}
	b := newBucket("s3://handrail-audit/prod", awsConfig{Region: "eu-west-1", EndpointURL: s3.URL}, keys)
	for status, ok := range map[int]bool{200: true, 412: true, 403: false, 500: false} {
		answer = status
		if err := b.Publish(t.Context(), tree, signed); (err == nil) != ok {
			t.Errorf("after %d: %v", status, err)
		}
	}
	broken := aws.Config{Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("none") })}
	if err := newBucket("s3://handrail-audit/prod", awsConfig{Region: "eu-west-1", EndpointURL: s3.URL}, broken).Publish(t.Context(), tree, signed); err == nil {
		t.Error("published without credentials")
	}
	for place, want := range map[string]string{"s3://bucket": "https://bucket.s3.eu-west-1.amazonaws.com", "s3://my.bucket/x/": "https://s3.eu-west-1.amazonaws.com/my.bucket"} {
		if got := newBucket(place, awsConfig{Region: "eu-west-1"}, keys); got.base != want || got.String() != place || strings.Contains(got.prefix, "//") {
			t.Errorf("%s is at %s, below %q", place, got.base, got.prefix)
		}
	}
	if got := newBucket("s3://bucket/a", awsConfig{Region: "cn-north-1"}, keys).base; got != "https://bucket.s3.cn-north-1.amazonaws.com.cn" {
		t.Errorf("in China it is %s", got)
	}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{"": {}, "24h": now.Add(-24 * time.Hour), "2026-11-01T00:00:00Z": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)} {
		if got, err := moment(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v (%v)", text, got, err)
		}
	}
	for _, text := range []string{"-3h", "yesterday", "2026-11-01"} {
		var bad usageError
		if _, err := moment(text, now); !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// announced keeps what was posted.
type announced struct{ channel, text string }

func (a *announced) Post(_ context.Context, channel, text string) error {
	a.channel, a.text = channel, text
	return nil
}

func TestAlarms(t *testing.T) {
	t.Parallel()
	if alarm(&announced{}, "", nil) != nil {
		t.Error("alarms go nowhere")
	}
	said := &announced{}
	alarm(said, "C0ALERTS", nil)(t.Context(), []audit.Problem{{Seq: 3, What: "Entry 3 is missing."}}, 4)
	if said.channel != "C0ALERTS" || !strings.HasSuffix(said.text, "\nEntry 3 is missing.\nAnd 4 more.") {
		t.Errorf("posted %+v", said)
	}
}

// Whoever writes a verifier of their own goes by the page.
func TestTheFormatIsAsThePageHasIt(t *testing.T) {
	t.Parallel()
	e := audit.Entry{Seq: 7, At: time.UnixMilli(1763910000000), Kind: audit.Decision, Subject: "d-abcdefgh2345", Body: []byte(`{"allowed":false}`)}
	if page := readText(t, "docs/audit.md"); !strings.Contains(page, "```\n"+string(e.Append(nil))+"```") {
		t.Errorf("docs/audit.md does not have\n%s", e.Append(nil))
	}
}
