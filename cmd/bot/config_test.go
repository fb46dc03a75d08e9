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

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
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
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetParameter") || string(body) != `{"Name":"/handrail/signing","WithDecryption":true}` {
			t.Errorf("asked for %s %s", r.Header.Get("X-Amz-Target"), body)
		}
		fmt.Fprint(w, `{"Parameter":{"Value":"from-ssm-from-ssm-from-ssm-from-ssm"}}`)
	}))
	defer store.Close()
	c, err := loadConfig(writeConfig(t, fmt.Sprintf(goodConfig, file, store.URL)))
	check(t, err)
	check(t, c.resolve(t.Context()))
	if c.Slack.BotToken != "xoxb-from-env" || c.Slack.AppToken != "xapp-from-file" || c.Slack.SigningSecret != "from-ssm-from-ssm-from-ssm-from-ssm" {
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
	token := func(value string) string { return strings.Replace(good, "${env:HANDRAIL_TEST_TOKEN}", value, 1) }
	for name, tc := range map[string]struct{ text, want string }{
		"an empty file":             {"", "handrail.yaml: The configuration is empty."},
		"nothing but comments":      {"# slack:\n\n# aws:\n", "handrail.yaml: The configuration is empty."},
		"no YAML":                   {"slack: [\nx", "handrail.yaml:3:1: This is not YAML: "},
		"no YAML, with a secret":    {"slack:\n  bot_token: *xoxb-leaked\n", "handrail.yaml:2:14: This is not YAML: unknown anchor (…)"},
		"a second document":         {good + "---\nslack: {}\n", ":3:1: The configuration goes on after its end."},
		"an unknown key":            {good + "metrix: {}\n", `:3:1: The configuration has no key "metrix". Did you mean metrics?`},
		"an unknown inner key":      {good + "metrics: {listn: x}\n", `:3:11: metrics has no key "listn". Did you mean listen?`},
		"a key twice":               {"aws: {region: a, region: b}\n", `:1:18: aws has the key "region" twice.`},
		"a list for a mapping":      {"slack: [a]\n", ":1:8: slack must be a mapping"},
		"a list for a value":        {good + "policy: [a]\n", ":3:9: policy must be a single value"},
		"an empty mode":             {strings.Replace(good, "slack: {", "slack: {mode: , ", 1), ":1:15: slack.mode is empty"},
		"an anchor":                 {"slack: &a {}\naws: *a\n", "anchors"},
		"no region":                 {strings.Replace(good, "region: eu-west-1, ", "", 1), ":2:1: aws.region is missing"},
		"no section":                {"slack: {bot_token: '${env:X}'}\n", ":1:1: aws.region is missing"},
		"another mode":              {strings.Replace(good, "slack: {", "slack: {mode: carrier-pigeon, ", 1), `:1:9: slack.mode is "carrier-pigeon". Use socket or http.`},
		"a token for a mode":        {strings.Replace(good, "slack: {", "slack: {mode: xoxb-leaked, ", 1), `:1:9: slack.mode is "(secret)".`},
		"no token for the mode":     {strings.Replace(good, "slack: {", "slack: {mode: http, ", 1) + "x: 1\n", `:3:1: The configuration has no key "x"`},
		"an address":                {good + "metrics: {listen: everywhere}\n", ":3:11: metrics.listen is \"everywhere\". Write HOST:PORT"},
		"an API URL":                {strings.Replace(good, "slack: {", "slack: {api_url: slack.com, ", 1), ":1:9: slack.api_url is not a full URL"},
		"a password in a URL":       {strings.Replace(good, "slack: {", "slack: {api_url: 'https://u:leaked@h/', ", 1), "slack.api_url holds a user name or a password"},
		"a token in plain text":     {token("xoxb-leaked"), ":1:9: slack.bot_token holds a secret in plain text"},
		"another kind of reference": {token("${vault:leaked}"), ":1:9: slack.bot_token: ${vault:…} is not a kind of reference; use ${env:NAME}, ${file:/path} or ${ssm:/name}."},
		"no kind":                   {token("${leaked}"), "slack.bot_token is not a reference that can be read"},
		"a reference to nothing":    {token("${env:}"), "slack.bot_token: ${env:…} names nothing"},
		"a reference within":        {good + "store: {url: 'postgres://u:${env:PW}@leaked/db'}\n", ":3:9: store.url holds a reference within a longer value. The whole value must be one reference"},
		"another store":             {good + "store: {url: 'mysql://u:leaked@h/db'}\n", ":3:9: store.url must begin with sqlite: or postgres://"},
		"a store without a scheme":  {good + "store: {url: leaked.db}\n", ":3:9: store.url must begin with"},
		"a reference elsewhere":     {strings.Replace(good, "region: eu-west-1", "region: '${env:REGION}'", 1), ":2:7: aws.region cannot be a reference"},
		"a level":                   {good + "log: {level: chatty}\n", ":3:7: log.level is \"chatty\". Use debug, info, warn or error."},
		"a format":                  {good + "log: {format: xml}\n", ":3:7: log.format is \"xml\". Use text or json."},
	} {
		_, err := loadConfig(writeConfig(t, tc.text))
		var bad usageError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "leaked") {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// Whoever mends a file wants to run the program once, not once for each mistake.
func TestEveryMistakeIsReportedAtOnceWithItsPlace(t *testing.T) {
	file := writeConfig(t, `slack:
  mode: pigeon
  bot_token: xoxb-leaked
  signing_secret: ${env:HANDRAIL_TEST_SHORT}
  previous_signing_secret: ${ssm:/not/asked/for}
  listen: everywhere
aws:
  quotas: {start: fast, stop: -1}
store: {url: "${env:HANDRAIL_TEST_UNSET}"}
metrix: {}
`)
	t.Setenv("HANDRAIL_TEST_SHORT", "leaky")
	_, err := openConfig(t.Context(), file)
	want := strings.ReplaceAll(`F:2:3: slack.mode is "pigeon". Use socket or http.
F:3:3: slack.bot_token holds a secret in plain text. Instead, use ${env:NAME}, ${file:/path} or ${ssm:/name}.
F:4:3: slack.signing_secret has 5 characters; Slack's have 32 (Basic Information).
F:6:3: slack.listen is "everywhere". Write HOST:PORT, such as 127.0.0.1:3000.
F:7:1: aws.region is missing. Write the Region that runbooks run in, such as eu-west-1.
F:8:19: aws.quotas.start must be a number of calls a second, such as 5.
F:8:31: aws.quotas.stop must be a number of calls a second, such as 5.
F:9:9: store.url: the environment variable HANDRAIL_TEST_UNSET is not set or empty.
F:10:1: The configuration has no key "metrix". Did you mean metrics?`, "F:", file+":")
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var out, failed strings.Builder
	if code := run(t.Context(), []string{"serve", "--config", file}, streams{&out, &failed}); code != exitUsage || failed.String() != want+"\n" || out.String() != "" {
		t.Errorf("serve ends with %d and says\n%s", code, failed.String())
	}
}

// What a configuration names in Parameter Store can be tried without AWS.
func TestTheLocalSSMKeepsSecrets(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("HANDRAIL_TEST_TOKEN", "xoxb-from-env")
	url, secret := localSSM(t), strings.Repeat("5", 32)
	cfg, err := awsConfig{Region: "eu-west-1"}.load(t.Context())
	check(t, err)
	client := ssm.NewFromConfig(cfg, func(o *ssm.Options) { o.BaseEndpoint = &url })
	name := "/handrail/signing"
	_, err = client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &secret, Type: types.ParameterTypeSecureString})
	check(t, err)
	c, err := openConfig(t.Context(), writeConfig(t, strings.Replace(fmt.Sprintf(goodConfig, "x", url), "${file:x}", "${env:HANDRAIL_TEST_TOKEN}", 1)))
	check(t, err)
	if string(c.Slack.SigningSecret) != secret {
		t.Error("the signing secret is not the parameter's value")
	}
	_, err = openConfig(t.Context(), writeConfig(t, strings.Replace(fmt.Sprintf(goodConfig, "x", url), "/handrail/signing", "/handrail/nothing", 1)))
	if err == nil || !strings.Contains(err.Error(), "slack.signing_secret: reading the SSM parameter /handrail/nothing: ") {
		t.Errorf("a parameter that is not there: %v", err)
	}
}

func TestAStoreThatAReferenceNames(t *testing.T) {
	file := writeConfig(t, strings.Replace(fmt.Sprintf(goodConfig, "x", "http://127.0.0.1:1"), "aws:", "store: {url: '${env:HANDRAIL_TEST_STORE}'}\naws:", 1))
	for value, want := range map[string]string{
		"":                       ":2:9: store.url: the environment variable HANDRAIL_TEST_STORE is not set or empty.",
		"mysql://u:leaked@h/db":  ":2:9: store.url must begin with sqlite: or postgres://",
		"sqlite:below.db":        "",
		"postgres://u:pw@h:1/db": "",
	} {
		t.Setenv("HANDRAIL_TEST_STORE", value)
		c, err := storeOf(t.Context(), file)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "leaked") {
				t.Errorf("%q: %v, want %q", value, err, want)
			}
			continue
		}
		check(t, err)
		if path, ok := strings.CutPrefix(value, "sqlite:"); ok {
			value = "sqlite:" + filepath.Join(filepath.Dir(file), path)
		}
		if string(c.Store.URL) != value {
			t.Errorf("the store is another one than %s", value)
		}
	}
}
