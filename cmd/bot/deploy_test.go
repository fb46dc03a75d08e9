package main

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"handrail/local/ssmserver"
	"handrail/policy"
)

func readText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDeployedConfigurationLoads(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(filepath.Join(root, "deploy", "handrail.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readPolicy(c.Policy); err != nil {
		t.Error(err)
	}
}

// Every policy that we show is right, and the local SSM can run what it pins.
func TestShownPoliciesParse(t *testing.T) {
	t.Parallel()
	shown := map[string]string{"deploy/policy.yaml": readText(t, "deploy/policy.yaml")}
	for _, page := range []string{"README.md", "docs/policy.md"} {
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readText(t, page), -1) {
			if strings.HasPrefix(block[1], "version: 1\nservice_role") {
				shown[page] = block[1]
			}
		}
	}
	if len(shown) != 3 {
		t.Errorf("policies were found in %q; README.md and docs/policy.md should each show one", slices.Collect(maps.Keys(shown)))
	}
	for page, text := range shown {
		p, err := policy.Parse(page, []byte(text))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, rb := range p.Runbooks() {
			if want, ok := ssmserver.DocumentHash(rb.Document); !ok || rb.SHA256 != want {
				t.Errorf("%s pins %s to %s; the local document has %s", page, rb.Document, rb.SHA256, want)
			}
		}
	}
}

type iamPolicy struct {
	Version   string
	Statement []struct {
		Sid       string
		Effect    string
		Principal map[string]string
		Action    oneOrMore
		Resource  oneOrMore
		Condition map[string]map[string]string
	}
}

// oneOrMore is a string or a list of them, as IAM writes both.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}

func readIAM(t *testing.T, name string) iamPolicy {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(readText(t, name)))
	decoder.DisallowUnknownFields()
	var p iamPolicy
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, s := range p.Statement {
		if p.Version != "2012-10-17" || s.Effect != "Allow" || slices.ContainsFunc(s.Action, func(a string) bool { return strings.Contains(a, "*") }) {
			t.Errorf("%s: the statement %q is not a plain permission for named actions", name, s.Sid)
		}
	}
	return p
}

// The bot's own policy allows what automation calls, and nothing more. AWS wants AddTagsToResource for the tag that a
// start carries, and PassRole for the role.
func TestBotPolicyIsWhatTheBotCalls(t *testing.T) {
	t.Parallel()
	want := map[string]bool{"ssm:AddTagsToResource": true, "iam:PassRole": true}
	for _, call := range regexp.MustCompile(`\bs\.([A-Z]\w+)\(ctx, `).FindAllStringSubmatch(readText(t, "automation/ssm.go")+readText(t, "automation/patrol.go"), -1) {
		want["ssm:"+call[1]] = true
	}
	if len(want) < 9 {
		t.Fatalf("found the calls %q; the test no longer sees how automation calls the SDK", slices.Sorted(maps.Keys(want)))
	}
	got := map[string]bool{}
	for _, s := range readIAM(t, "deploy/aws/bot-policy.json").Statement {
		for _, a := range s.Action {
			got[a] = true
			reads := strings.HasPrefix(a, "ssm:DescribeAutomation")
			if slices.Contains(s.Resource, "*") && !reads {
				t.Errorf("%s is allowed on everything", a)
			}
			passes := map[string]map[string]string{"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
			if a == "iam:PassRole" && (len(s.Resource) != 1 || strings.Contains(s.Resource[0], "*") || !cmp.Equal(s.Condition, passes)) {
				t.Errorf("the bot may pass %q under %v; it must be one role, to one service", s.Resource, s.Condition)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deploy/aws/bot-policy.json allows other actions than the bot calls (-called +allowed):\n%s", diff)
	}
}

// A trust policy without both conditions lets other accounts use the service to get at the role.
func TestRoleTrustsItsOwnAccountAlone(t *testing.T) {
	t.Parallel()
	p := readIAM(t, "deploy/aws/automation-role-trust.json")
	want := map[string]map[string]string{
		"StringEquals": {"aws:SourceAccount": "123456789012"},
		"ArnLike":      {"aws:SourceArn": "arn:aws:ssm:*:123456789012:automation-execution/*"},
	}
	if len(p.Statement) != 1 || p.Statement[0].Principal["Service"] != "ssm.amazonaws.com" {
		t.Fatal("the role must trust ssm.amazonaws.com and nobody else")
	}
	if diff := cmp.Diff(want, p.Statement[0].Condition); diff != "" {
		t.Error(diff)
	}
	for _, s := range readIAM(t, "deploy/aws/automation-role-policy.json").Statement {
		for _, a := range s.Action {
			if service, _, _ := strings.Cut(a, ":"); service != "ec2" {
				t.Errorf("the role for restarting instances may %s", a)
			}
		}
	}
}

// scopes says what each Web API method that bot calls needs: docs.slack.dev/reference/methods. The two that only help
// after an unclear answer are not asked for.
var scopes = map[string][]string{
	"AuthTest": nil, "GetBotInfo": {"users:read"}, "GetUserInfo": {"users:read"}, "GetUserGroupMembers": {"usergroups:read"}, "GetConversationInfo": {"channels:read", "groups:read"},
	"OpenView": nil, "PostMessage": {"chat:write", "im:write"}, "PostEphemeral": {"chat:write"}, "UpdateMessage": {"chat:write"},
	"GetConversationHistory": nil, "GetConversationReplies": nil,
	"StartSocketMode": nil, // with the app-level token, whose connections:write is no scope of the bot
}

func TestManifestAsksForWhatTheBotUses(t *testing.T) {
	t.Parallel()
	var m struct {
		Features struct {
			Commands []struct {
				Command string `yaml:"command"`
				Escape  bool   `yaml:"should_escape"`
			} `yaml:"slash_commands"`
		} `yaml:"features"`
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
		Settings struct {
			Events struct {
				Bot []string `yaml:"bot_events"`
			} `yaml:"event_subscriptions"`
		} `yaml:"settings"`
	}
	if err := yaml.Unmarshal([]byte(readText(t, "deploy/slack/manifest.yaml")), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Features.Commands) != 1 || m.Features.Commands[0].Command != "/runbook" || !m.Features.Commands[0].Escape {
		t.Errorf("the commands are %+v; there is /runbook, and it must be escaped", m.Features.Commands)
	}
	want := map[string]bool{"commands": true, "app_mentions:read": true}
	calls := regexp.MustCompile(`\bapi\.([A-Z]\w+)Context\(`)
	for _, name := range tracked(t) {
		if path.Dir(name) != "bot" || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, call := range calls.FindAllStringSubmatch(readText(t, name), -1) {
			needs, known := scopes[call[1]]
			if !known {
				t.Errorf("%s calls %s, and nobody wrote down which scope that needs", name, call[1])
			}
			for _, scope := range needs {
				want[scope] = true
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(slices.Values(m.OAuth.Scopes.Bot))); diff != "" {
		t.Errorf("the manifest asks for other scopes than the bot uses (-used +asked):\n%s", diff)
	}
	for _, scope := range m.OAuth.Scopes.Bot { // bot doctor says which of them are missing
		if !strings.Contains(readText(t, "bot/examine.go"), strconv.Quote(scope)) {
			t.Errorf("bot doctor does not look for the scope %s", scope)
		}
	}
	source := readText(t, "bot/directory.go") + readText(t, "bot/decode.go")
	for _, event := range m.Settings.Events.Bot {
		if !strings.Contains(source, strconv.Quote(event)) {
			t.Errorf("the manifest subscribes to %s, which the bot does nothing with", event)
		}
	}
}

// What operators look up is written down: every key of the configuration, every metric, every log key, every code of a
// decision and every command of the program.
func TestDocsAreComplete(t *testing.T) {
	t.Parallel()
	operations := readText(t, "docs/operations.md")
	missing := func(page, text string, words []string) {
		for _, w := range words {
			if !strings.Contains(text, "`"+w) {
				t.Errorf("%s does not mention %s", page, w)
			}
		}
	}
	var keys []string
	for parent, children := range configKeys {
		for _, child := range children {
			full := strings.TrimPrefix(parent+"."+child, ".")
			if _, mapping := configKeys[full]; !mapping {
				keys = append(keys, full)
			}
		}
	}
	missing("docs/operations.md", operations, keys)
	missing("docs/operations.md", operations, regexp.MustCompile(`handrail_[a-z_]+`).FindAllString(readText(t, "cmd/bot/metrics.go"), -1))
	missing("docs/operations.md", operations, logKeys(t))
	var codes []string
	for _, c := range regexp.MustCompile(`(?m)^\tCode\w+\s+Code = "(\w+)"`).FindAllStringSubmatch(readText(t, "policy/code.go"), -1) {
		codes = append(codes, c[1])
	}
	missing("docs/codes.md", readText(t, "docs/codes.md"), codes)
	missing("README.md", readText(t, "README.md"), programCommands(t))
	if len(keys) < 15 || len(codes) < 30 {
		t.Errorf("found %d keys and %d codes; the test no longer sees them", len(keys), len(codes))
	}
}

func programCommands(t *testing.T) []string {
	t.Helper()
	k, err := kong.New(&cli{}, kong.Name("bot"), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, leaf := range k.Model.Leaves(true) {
		names = append(names, "bot "+strings.Join(strings.Fields(regexp.MustCompile(`[<\[].*`).ReplaceAllString(leaf.Path(), "")), " "))
	}
	for i, name := range names {
		names[i] = strings.Replace(name, "bot bot ", "bot ", 1)
	}
	return names
}

// logKeys lists the keys that the program logs with.
func logKeys(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.path, "local/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !logs(call) {
				return true
			}
			for i := 1; i < len(call.Args); i += 2 {
				if lit, ok := call.Args[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					key, _ := strconv.Unquote(lit.Value) // the parser has checked it
					found[key] = true
				}
			}
			return true
		})
	}
	if len(found) < 10 {
		t.Errorf("found only the log keys %q", slices.Sorted(maps.Keys(found)))
	}
	return slices.Sorted(maps.Keys(found))
}

// logs says whether a call is one to a slog.Logger that has log in its name.
func logs(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, sel.Sel.Name) {
		return false
	}
	switch x := sel.X.(type) {
	case *ast.Ident:
		return strings.EqualFold(x.Name, "log")
	case *ast.SelectorExpr:
		return strings.EqualFold(x.Sel.Name, "log")
	}
	return false
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#]+)?(#[^)]*)?\)`)
	for _, page := range tracked(t) {
		if path.Ext(page) != ".md" {
			continue
		}
		for _, l := range link.FindAllStringSubmatch(readText(t, page), -1) {
			target := path.Join(path.Dir(page), l[1])
			if strings.Contains(l[1], "://") {
				continue
			}
			if l[1] == "" {
				target = page
			}
			info, err := os.Stat(filepath.Join(root, filepath.FromSlash(target)))
			if err != nil {
				t.Errorf("%s links to %s, which is not there", page, l[1])
				continue
			}
			if l[2] != "" && !info.IsDir() && !strings.Contains(anchors(readText(t, target)), l[2]+"\n") {
				t.Errorf("%s links to %s%s, which has no such heading", page, target, l[2])
			}
		}
	}
}

// anchors lists the anchors of a page's headings, one a line, as they are made on the web.
func anchors(page string) string {
	var all strings.Builder
	for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		plain := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all.WriteString("#" + strings.ReplaceAll(plain, " ", "-") + "\n")
	}
	return all.String()
}
