package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"handrail/policy"
)

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// The examples of docs/policy.md are run, one after another in a folder with the deployed policy and its cases: what they
// print is what the page says. An … there stands for anything.
func TestPolicyPageIsTrue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for from, to := range map[string]string{"deploy/policy.yaml": "policy.yaml", "deploy/policy_test.yaml": "policy_test.yaml",
		"cmd/bot/testdata/docs/wide.yaml": "wide.yaml", "cmd/bot/testdata/docs/wrong_test.yaml": "wrong_test.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, to), []byte(readText(t, from)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ran, read := 0, 0
	for _, block := range fence.FindAllStringSubmatch(readText(t, "docs/policy.md"), -1) {
		switch block[1] {
		case "console":
			ran += console(t, dir, block[2])
		case "yaml":
			read++
			shownYAML(t, block[2])
		}
	}
	if ran < 9 || read < 8 {
		t.Errorf("%d commands and %d pieces of YAML were found; the test no longer sees them", ran, read)
	}
}

// console runs the lines that begin with "$ " and compares what follows them.
func console(t *testing.T, dir, block string) int {
	t.Helper()
	commands := strings.Split("\n"+block, "\n$ ")[1:]
	for _, c := range commands {
		line, want, _ := strings.Cut(c, "\n")
		want = strings.TrimRight(want, "\n")
		got := shell(t, dir, line)
		pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", "(?s:.*)")
		if !regexp.MustCompile(`^` + pattern + `$`).MatchString(got) {
			t.Errorf("$ %s\nprints\n%s\nand the page says\n%s", line, got, want)
		}
	}
	return len(commands)
}

var shellWord = regexp.MustCompile(`'[^']*'|\S+`)

// shell runs a command line, and returns all that it prints and how it ended.
func shell(t *testing.T, dir, line string) string {
	t.Helper()
	words := shellWord.FindAllString(line, -1)
	for i, word := range words {
		words[i] = strings.Trim(word, "'")
	}
	if words[0] != "bot" {
		t.Fatalf("$ %s: only bot can be run here", line)
	}
	cmd := exec.CommandContext(t.Context(), "bot", words[1:]...) // TestMain put it on the PATH
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		out = fmt.Appendf(out, "exit status %d", exit.ExitCode())
	case err != nil:
		t.Fatal(err)
	}
	return strings.TrimRight(string(out), "\n")
}

// around is what pieces of a policy refer to, by section.
var around = map[string]string{
	"identities": "identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}}\n",
	"groups":     "groups: {web: {members: [ana]}, leads: {members: [ben]}}\n",
	"windows":    "windows: {office: {days: [mon], from: \"08:00\", until: \"17:00\", timezone: UTC}}\n",
	"runbooks": "runbooks:\n  restart-web: {document: D-1, version: 1, sha256: " + strings.Repeat("a", 64) + ", targets: I, parameters: {I: {allow: [a]}}}\n" +
		"  failover-db: {document: D-2, version: 1, sha256: " + strings.Repeat("a", 64) + ", targets: I, parameters: {I: {allow: [a]}}}\n",
	"grants": "grants: [{name: some, to: [web], runbooks: [\"*\"], channels: [C012OPS]}]\n",
}

var section = regexp.MustCompile(`(?m)^([a-z_]+):`)

// shownYAML reads a whole file as what it is, and a piece of a policy with the rest put around it.
func shownYAML(t *testing.T, text string) {
	t.Helper()
	var sections []string
	for _, m := range section.FindAllStringSubmatch(text, -1) {
		sections = append(sections, m[1])
	}
	err := error(nil)
	switch keys := strings.Join(sections, " "); {
	case keys == "": // a comment
	case strings.HasPrefix(text, "# handrail.yaml"):
		for _, key := range sections {
			if !strings.Contains(" "+strings.Join(configKeys[""], " ")+" ", " "+key+" ") {
				t.Errorf("the configuration has no key %s", key)
			}
		}
	case strings.Contains(keys, "cases"):
		_, err = policy.ParseCases("shown", []byte(text))
	case strings.HasPrefix(keys, "version"):
		_, err = policy.Parse("shown", []byte(text))
	default:
		whole := "version: 1\nservice_role: arn:aws:iam::123456789012:role/HandrailAutomation\n" + text
		for name, rest := range around {
			if !strings.Contains(" "+keys+" ", " "+name+" ") {
				whole += rest
			}
		}
		_, err = policy.Parse("shown", []byte(whole))
	}
	if err != nil {
		t.Errorf("%s\n%v", text, err)
	}
}
