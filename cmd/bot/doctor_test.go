package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handrail/local/slackserver"
	"handrail/local/ssmserver"
	"handrail/policy"
)

// surgery is a configuration whose Slack and SSM are local, and what doctor says about it.
type surgery struct {
	slack, ssm, secret string
	edit               func(policy string) string
}

func (s surgery) examine(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := pinLocal(demoPolicy)
	if s.edit != nil {
		text = s.edit(text)
	}
	check(t, os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(text), 0o600))
	t.Setenv("HANDRAIL_TEST_BOT", "xoxb-doctor")
	t.Setenv("HANDRAIL_TEST_APP", "xapp-doctor")
	t.Setenv("HANDRAIL_TEST_SIGNING", s.secret)
	file := filepath.Join(dir, "handrail.yaml")
	check(t, os.WriteFile(file, []byte(fmt.Sprintf(`slack: {bot_token: "${env:HANDRAIL_TEST_BOT}", app_token: "${env:HANDRAIL_TEST_APP}", signing_secret: "${env:HANDRAIL_TEST_SIGNING}", api_url: %s/api/}
aws: {region: eu-west-1, endpoint_url: %s, quotas: {document: 50}}
`, s.slack, s.ssm)), 0o600))
	var out, failed strings.Builder
	if code := run(t.Context(), []string{"doctor", "--config", file}, streams{&out, &failed}); code != exitFailed { // there is no database
		t.Errorf("doctor ends with %d", code)
	}
	if strings.Contains(out.String(), "-doctor") {
		t.Error("doctor shows a token")
	}
	return out.String()
}

func localSlack(t *testing.T) string {
	t.Helper()
	s, err := slackserver.New(slackserver.Options{BotToken: "xoxb-doctor", AppToken: "xapp-doctor"})
	check(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() { _ = s.Close(); web.Close() })
	return web.URL
}

func localSSM(t *testing.T, faults ...string) string {
	t.Helper()
	s, err := ssmserver.New(ssmserver.Options{})
	check(t, err)
	web := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); web.Close() })
	for _, f := range faults {
		res, err := http.Post(web.URL+"/control/faults", "application/json", strings.NewReader(f))
		check(t, err)
		res.Body.Close()
	}
	return web.URL
}

func TestDoctorNamesTheCauseAndTheCure(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	const secret, nowhere = "55555555555555555555555555555555", "http://127.0.0.1:1"
	edit := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	hash, _ := ssmserver.DocumentHash("AWS-RestartEC2Instance")
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`) }))
	defer refuses.Close()
	for name, tc := range map[string]struct {
		surgery
		want []string
		not  string
	}{
		"all well": {surgery{localSlack(t), localSSM(t), secret, nil},
			[]string{"✓ AWS answers in eu-west-1\n", "✓ runbook restart-web", "✓ runbook drain-and-restart", "✓ Slack accepts the tokens"}, "✗ runbook"},
		"AWS is away": {surgery{localSlack(t), nowhere, secret, nil},
			[]string{"✗ AWS answers in eu-west-1: calling DescribeDocument: ", "connection refused", "fix: Look at aws.region, aws.endpoint_url"}, "runbook restart-web"},
		"access denied": {surgery{localSlack(t), localSSM(t, `{"match":"DescribeDocument","error":"AccessDeniedException","message":"not authorized to perform: ssm:DescribeDocument"}`), secret, nil},
			[]string{"✓ AWS answers in eu-west-1\n", "✗ AWS lets the bot read runbook ", "AccessDeniedException: not authorized to perform: ssm:DescribeDocument", "fix: Let the bot's role call"}, "pin sha256"},
		"the content denied": {surgery{localSlack(t), localSSM(t, `{"match":"GetDocument","times":9,"error":"AccessDeniedException","message":"no"}`), secret, nil},
			[]string{"✗ AWS lets the bot read runbook restart-web", "calling GetDocument: AccessDeniedException"}, "✓ runbook"},
		"credentials that expired": {surgery{localSlack(t), localSSM(t, `{"match":"*","times":9,"error":"ExpiredTokenException"}`), secret, nil},
			[]string{"✗ AWS answers in eu-west-1: calling DescribeDocument: ExpiredTokenException", "fix: Give the bot credentials"}, "✗ runbook"},
		"another hash": {surgery{localSlack(t), localSSM(t), secret, edit(hash, strings.Repeat("0", 64))},
			[]string{"✗ runbook restart-web", "not the one that the policy pins", "pin sha256: " + hash}, ""},
		"another document": {surgery{localSlack(t), localSSM(t), secret, edit("document: AWS-RestartEC2Instance", "document: AWS-StopEC2Instance\n    allow_unpinned: true")},
			[]string{"✗ runbook restart-web"}, "fix: Publish"},
		"a document that is not there": {surgery{localSlack(t), localSSM(t), secret, edit("document: AWS-RestartEC2Instance", "document: AWS-Nothing")},
			[]string{"✗ runbook restart-web", "AWS has no document AWS-Nothing", "fix: Mend the document's name"}, ""},
		"a parameter": {surgery{localSlack(t), localSSM(t), secret, edit("      FailAt:", "      Fial: {allow: [x]}\n      FailAt:")},
			[]string{"✗ runbook drain-and-restart", "fix: Mend the parameters in the policy, or publish"}, "pin sha256"},
		"Slack is away": {surgery{nowhere, localSSM(t), secret, nil},
			[]string{"✗ Slack answers at http://127.0.0.1:1/api/: ", "fix: Look at slack.api_url"}, "Copy them again"},
		"Slack is something else": {surgery{localSSM(t), localSSM(t), secret, nil}, []string{"✗ Slack answers at ", "fix: Look at slack.api_url"}, "Copy them again"},
		"Slack refuses the tokens": {surgery{refuses.URL, localSSM(t), secret, nil},
			[]string{"✗ Slack accepts the tokens: ", "invalid_auth", "fix: Copy them again"}, "Look at slack.api_url"},
		"a short signing secret": {surgery{localSlack(t), localSSM(t), "short", nil},
			[]string{"✗ secrets: ", "handrail.yaml:1:87: slack.signing_secret has 5 characters; Slack's have 32 (Basic Information)."}, ""},
	} {
		got := tc.examine(t)
		for _, want := range tc.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, got)
			}
		}
		if tc.not != "" && strings.Contains(got, tc.not) {
			t.Errorf("%s: %q is in\n%s", name, tc.not, got)
		}
	}
}

func TestDoctorSaysHowToMendARole(t *testing.T) {
	for _, code := range []policy.Code{policy.CodeRoleAbsent, policy.CodeRoleOther, policy.CodeRoleUnclear} {
		got := runbookFix(&policy.Mismatch{Code: code}, &policy.Runbook{SHA256: "x"}, &policy.Document{SHA256: "x"})
		if got != "Publish a version of the document with assumeRole: '{{ AutomationAssumeRole }}', and pin that." {
			t.Errorf("%s: %s", code, got)
		}
	}
}

func TestDoctorMissesCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	got := surgery{localSlack(t), localSSM(t), strings.Repeat("5", 32), nil}.examine(t)
	if !strings.Contains(got, "✗ AWS answers in eu-west-1: calling DescribeDocument: ") || !strings.Contains(got, "fix: Give the bot credentials") || strings.Contains(got, "runbook restart-web") {
		t.Errorf("doctor says\n%s", got)
	}
}
