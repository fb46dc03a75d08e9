package bot

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const testSecret = "8f742231b10e8888abcd99yyyzzz85a5"

var testNow = time.Unix(1_790_000_000, 0)

func testVerifier(t testing.TB, secrets ...string) *verifier {
	t.Helper()
	v, err := newVerifier(secrets)
	if err != nil {
		t.Fatal(err)
	}
	v.now = func() time.Time { return testNow }
	return v
}

func signedHeader(secret, ts string, body []byte) http.Header {
	return http.Header{signatureHeader: {"v0=" + hex.EncodeToString(sign([]byte(secret), ts, body))}, timestampHeader: {ts}}
}

func TestVerifyAcceptsBothSecretsDuringARotation(t *testing.T) {
	t.Parallel()
	v := testVerifier(t, testSecret, strings.Repeat("n", 32))
	ts, body := strconv.FormatInt(testNow.Unix(), 10), []byte("token=x")
	for _, secret := range []string{testSecret, strings.Repeat("n", 32)} {
		if !v.verify(signedHeader(secret, ts, body), body) {
			t.Errorf("refused the secret %q", secret)
		}
	}
	if v.verify(signedHeader(strings.Repeat("o", 32), ts, body), body) {
		t.Error("accepted an unknown secret")
	}
}

func TestVerifyRefusesEverySingleBitFlip(t *testing.T) {
	t.Parallel()
	v := testVerifier(t, testSecret)
	ts, body := strconv.FormatInt(testNow.Unix(), 10), []byte("command=%2Frunbook&text=run+restart-web")
	h := signedHeader(testSecret, ts, body)
	if !v.verify(h, body) {
		t.Fatal("refused the valid request")
	}
	for _, name := range []string{signatureHeader, timestampHeader} {
		for i := range h[name][0] {
			for bit := range 8 {
				flipped := h.Clone()
				b := []byte(h[name][0])
				b[i] ^= 1 << bit
				flipped[name] = []string{string(b)}
				if v.verify(flipped, body) {
					t.Fatalf("accepted %s with bit %d of byte %d flipped: %q", name, bit, i, b)
				}
			}
		}
	}
	for i := range body {
		for bit := range 8 {
			b := bytes.Clone(body)
			b[i] ^= 1 << bit
			if v.verify(h, b) {
				t.Fatalf("accepted the body with bit %d of byte %d flipped", bit, i)
			}
		}
	}
}

func TestVerifyRefusesOddHeaders(t *testing.T) {
	t.Parallel()
	v := testVerifier(t, testSecret)
	body := []byte("text=help")
	ts := strconv.FormatInt(testNow.Unix(), 10)
	good := signedHeader(testSecret, ts, body)
	sig := good[signatureHeader][0]
	at := func(d time.Duration) http.Header {
		return signedHeader(testSecret, strconv.FormatInt(testNow.Add(d).Unix(), 10), body)
	}
	literal := func(ts string) http.Header { return signedHeader(testSecret, ts, body) }
	header := func(sig, ts []string) http.Header { return http.Header{signatureHeader: sig, timestampHeader: ts} }
	for name, h := range map[string]http.Header{
		"no headers":              {},
		"no signature":            header(nil, []string{ts}),
		"no timestamp":            header([]string{sig}, nil),
		"two signatures":          header([]string{sig, sig}, []string{ts}),
		"two timestamps":          header([]string{sig}, []string{ts, ts}),
		"empty signature":         header([]string{""}, []string{ts}),
		"no v0=":                  header([]string{sig[3:]}, []string{ts}),
		"v1=":                     header([]string{"v1=" + sig[3:]}, []string{ts}),
		"upper-case hex":          header([]string{"v0=" + strings.ToUpper(sig[3:])}, []string{ts}),
		"odd hex":                 header([]string{sig[:len(sig)-1]}, []string{ts}),
		"short hex":               header([]string{sig[:len(sig)-2]}, []string{ts}),
		"long hex":                header([]string{sig + "00"}, []string{ts}),
		"not hex":                 header([]string{"v0=" + strings.Repeat("g", 64)}, []string{ts}),
		"space before":            header([]string{" " + sig}, []string{ts}),
		"space after":             header([]string{sig + " "}, []string{ts}),
		"too old":                 at(-5*time.Minute - time.Second),
		"from the future":         at(5*time.Minute + time.Second),
		"negative timestamp":      literal("-1790000000"),
		"signed timestamp":        literal("+" + ts),
		"hex timestamp":           literal("0x6ab13b80"),
		"fractional timestamp":    literal(ts + ".0"),
		"timestamp with space":    literal(" " + ts),
		"timestamp of 12 digits":  literal("00" + ts),
		"timestamp beyond int64":  literal("99999999999"),
		"timestamp in other form": literal("١٧٩٠٠٠٠٠٠٠"),
		"empty timestamp":         literal(""),
	} {
		if v.verify(h, body) {
			t.Errorf("accepted a request with %s", name)
		}
	}
	for _, d := range []time.Duration{-5 * time.Minute, 0, 5 * time.Minute} {
		if !v.verify(at(d), body) {
			t.Errorf("refused a request that is %s off", d)
		}
	}
	if v.verify(good, append(bytes.Clone(body), '\n')) {
		t.Error("accepted a longer body")
	}
	if reordered := []byte("help=text"); v.verify(good, reordered) {
		t.Error("accepted another body")
	}
}

func TestNewRefusesSecretsThatProtectNothing(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][]string{nil, {}, {""}, {"short"}, {strings.Repeat(" ", 32)}, {testSecret, ""}} {
		if _, err := newVerifier(secrets); err == nil {
			t.Errorf("accepted the secrets %q", secrets)
		} else if strings.Contains(err.Error(), "short"+"5") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

// FuzzVerify: whatever is not signed with the secret is refused, and nothing panics.
func FuzzVerify(f *testing.F) {
	ts := strconv.FormatInt(testNow.Unix(), 10)
	f.Add("v0="+strings.Repeat("0", 64), ts, []byte("text=help"))
	f.Add("v0=", "", []byte{})
	f.Add("v0=\xff", "9999999999999999999", []byte("\x00"))
	v := testVerifier(f, testSecret)
	f.Fuzz(func(t *testing.T, signature, ts string, body []byte) {
		if v.verify(http.Header{signatureHeader: {signature}, timestampHeader: {ts}}, body) {
			if want := "v0=" + hex.EncodeToString(sign([]byte(testSecret), ts, body)); signature != want {
				t.Fatalf("accepted %q for %q", signature, body)
			}
		}
		if !v.verify(signedHeader(testSecret, strconv.FormatInt(testNow.Unix(), 10), body), body) {
			t.Fatalf("refused a valid signature of %q", body)
		}
	})
}

// httpBot is a bot in HTTP mode whose commander must not be reached unless reach says so.
func httpBot(t *testing.T, reach commander) (*Bot, *httptest.Server) {
	t.Helper()
	w, err := NewWorkspace(WorkspaceOptions{BotToken: "xoxb-test", HTTPClient: &http.Client{Transport: &wire{}}})
	if err != nil {
		t.Fatal(err)
	}
	w.home.Store(&installation{team: "T012LOCAL", app: "A012HANDRAIL", user: "U012HANDRAIL", bot: "B012HANDRAIL", name: "@Handrail"})
	b, err := New(Options{Workspace: w, Commander: reach, Store: newMemory(), Owner: "one", Mode: HTTP, SigningSecrets: []string{testSecret}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(b.Handler())
	t.Cleanup(func() { web.Close(); b.silence() })
	return b, web
}

// send posts a signed body; change may spoil the request before it goes.
func send(t *testing.T, address, contentType, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = signedHeader(testSecret, strconv.FormatInt(time.Now().Unix(), 10), []byte(body))
	r.Header.Set("Content-Type", contentType)
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(out)
}

func slashForm(change url.Values) string {
	form := url.Values{
		"team_id": {"T012LOCAL"}, "api_app_id": {"A012HANDRAIL"}, "channel_id": {"C012OPS"}, "user_id": {"U012ANA"},
		"command": {"/runbook"}, "text": {"list"}, "trigger_id": {"13345224609.738474920.8088930838d88f008e0"},
		"response_url": {"https://hooks.slack.com/commands/T/1/secret"}, "user_name": {"ana"}, "channel_name": {"ops"},
	}
	for name, values := range change {
		form[name] = values
	}
	return form.Encode()
}
