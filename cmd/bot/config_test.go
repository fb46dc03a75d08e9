package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goodConfig = `slack: {bot_token: "${env:HANDRAIL_TEST_TOKEN}", app_token: "${file:%s}", signing_secret: "${ssm:/handrail/signing}"}
aws: {region: eu-west-1, endpoint_url: %s}
`

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "handrail.yaml")
	check(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestSecretsComeFromThreePlacesAndAreShownNowhere(t *testing.T) {
	t.Setenv("HANDRAIL_TEST_TOKEN", "xoxb-from-env")
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	file := filepath.Join(t.TempDir(), "token")
	check(t, os.WriteFile(file, []byte("xapp-from-file\n"), 0o600))
	ssm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetParameter") || string(body) != `{"Name":"/handrail/signing","WithDecryption":true}` {
			t.Errorf("asked for %s %s", r.Header.Get("X-Amz-Target"), body)
		}
		fmt.Fprint(w, `{"Parameter":{"Value":"from-ssm"}}`)
	}))
	defer ssm.Close()
	c, err := loadConfig(writeConfig(t, fmt.Sprintf(goodConfig, file, ssm.URL)))
	check(t, err)
	check(t, c.resolve(t.Context()))
	if c.Slack.BotToken != "xoxb-from-env" || c.Slack.AppToken != "xapp-from-file" || c.Slack.SigningSecret != "from-ssm" {
		t.Error("a secret is not what its reference names")
	}
	shown, err := json.Marshal(c)
	check(t, err)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", *c, *c, c.Slack.BotToken, c.Slack.BotToken), string(shown)} {
		if strings.Contains(text, "from-") {
			t.Errorf("a secret is shown in %s", text)
		}
	}
}

func TestMistakesInTheConfigurationAreUsageErrors(t *testing.T) {
	good := fmt.Sprintf(goodConfig, "/nowhere", "http://127.0.0.1:1")
	for name, tc := range map[string]struct{ text, want string }{
		"an empty file":         {"", "empty"},
		"no YAML":               {"slack: [", "handrail.yaml"},
		"an unknown key":        {good + "metrix: {}\n", `:3:1: the configuration has no key "metrix". Did you mean metrics?`},
		"an unknown inner key":  {good + "metrics: {listn: x}\n", `metrics has no key "listn". Did you mean listen?`},
		"a key twice":           {"aws: {region: a, region: b}\n", `region`},
		"a list for a mapping":  {"slack: [a]\n", "slack must be a mapping"},
		"an anchor":             {"slack: &a {}\naws: *a\n", "anchors"},
		"no region":             {strings.Replace(good, "region: eu-west-1, ", "", 1), "aws.region is missing"},
		"another mode":          {strings.Replace(good, "slack: {", "slack: {mode: carrier-pigeon, ", 1), `slack.mode is "carrier-pigeon"; use socket or http`},
		"an address":            {good + "metrics: {listen: everywhere}\n", "write HOST:PORT"},
		"a token in plain text": {strings.Replace(good, "${env:HANDRAIL_TEST_TOKEN}", "xoxb-leaked", 1), "slack.bot_token holds a secret in plain text"},
		"a level":               {good + "log: {level: chatty}\n", "use debug, info, warn or error"},
	} {
		_, err := loadConfig(writeConfig(t, tc.text))
		var bad usageError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "leaked") {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	c, err := loadConfig(writeConfig(t, good))
	check(t, err)
	if err := c.resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "HANDRAIL_TEST_TOKEN is not set") {
		t.Errorf("a reference to nothing: %v", err)
	}
}
