package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"handrail/policy"
)

func TestRepinKeepsTheLayout(t *testing.T) {
	t.Parallel()
	old, now := strings.Repeat("a", 64), strings.Repeat("b", 64)
	child, file := policy.Pin{Name: "Child", Version: "3", SHA256: now}, policy.Pin{Name: "run.zip", SHA256: now}
	both := policy.Pins{Version: "2", SHA256: now}
	whole := policy.Pins{Version: "2", SHA256: now, Children: []policy.Pin{child}, Attachments: []policy.Pin{file}}
	for name, c := range map[string]struct {
		pins      policy.Pins
		text, out string
	}{
		"lines, with comments": {both,
			"# top\nrunbooks:\n  a:   # the first\n    document: Doc\n    version: \"1\"   # read by ana\n    sha256: " + old + " # long\n    region: eu-west-1\n",
			"# top\nrunbooks:\n  a:   # the first\n    document: Doc\n    version: \"2\"   # read by ana\n    sha256: " + now + " # long\n    region: eu-west-1\n"},
		"one line": {both,
			"runbooks: {a: {document: Doc, version: 1, sha256: '" + old + "', description: 'fünf {1}'}} # x",
			"runbooks: {a: {document: Doc, version: 2, sha256: " + now + ", description: 'fünf {1}'}} # x"},
		"letters of many bytes before": {both,
			"runbooks: {a: {description: 'größer 日本', document: Doc, version: \"1\", sha256: " + old + "}}\n",
			"runbooks: {a: {description: 'größer 日本', document: Doc, version: \"2\", sha256: " + now + "}}\n"},
		"nothing yet": {whole,
			"runbooks:\n  a:\n    document: Doc # mine\n    parameters: {}\n",
			"runbooks:\n  a:\n    document: Doc # mine\n    version: \"2\"\n    sha256: " + now + "\n    children:\n      - {document: Child, version: \"3\", sha256: " + now +
				"}\n    attachments:\n      - {name: run.zip, sha256: " + now + "}\n    parameters: {}\n"},
		"nothing yet, on one line": {whole,
			"runbooks: {a: {document: \"Doc\"}}",
			"runbooks: {a: {document: \"Doc\", version: \"2\", sha256: " + now + ", children: [{document: Child, version: \"3\", sha256: " + now +
				"}], attachments: [{name: run.zip, sha256: " + now + "}]}}"},
		"empty values": {both,
			"runbooks:\n  a:\n    document: Doc\n    version:\n    sha256: # to do\n",
			"runbooks:\n  a:\n    document: Doc\n    version: \"2\"\n    sha256: " + now + " # to do\n"},
		"lists that grow and change": {whole,
			"runbooks:\n  a:\n    document: Doc\n    version: \"2\"\n    sha256: " + now + "\n    children:\n    # kept\n    - document: Other\n      version: \"1\" # o\n      sha256: " + old +
				"\n    - document: Child\n      version: \"2\"\n      sha256: " + old + " # c\n    attachments: [{name: a.zip, sha256: " + old + "}]\n",
			"runbooks:\n  a:\n    document: Doc\n    version: \"2\"\n    sha256: " + now + "\n    children:\n    # kept\n    - document: Other\n      version: \"1\" # o\n      sha256: " + old +
				"\n    - document: Child\n      version: \"3\"\n      sha256: " + now + " # c\n    attachments: [{name: a.zip, sha256: " + old + "}, {name: run.zip, sha256: " + now + "}]\n"},
		"a list that grows, lines that end as on Windows": {whole,
			"runbooks:\r\n  a:\r\n    document: Doc\r\n    version: \"2\"\r\n    children:\r\n      - {document: Other, version: \"1\", sha256: " + old + "} # x\r\n    attachments:\r\n      - {name: run.zip, sha256: " + now + "}\r\n",
			"runbooks:\r\n  a:\r\n    document: Doc\r\n    version: \"2\"\r\n    sha256: " + now + "\r\n    children:\r\n      - {document: Other, version: \"1\", sha256: " + old +
				"} # x\r\n      - {document: Child, version: \"3\", sha256: " + now + "}\r\n    attachments:\r\n      - {name: run.zip, sha256: " + now + "}\r\n"},
		"as it is": {both,
			"runbooks: {a: {document: Doc, version: '2', sha256: " + now + "}}\n",
			"runbooks: {a: {document: Doc, version: '2', sha256: " + now + "}}\n"},
		"brackets in comments and words": {whole,
			"runbooks: {a: {document: Doc, # }\n  version: \"2\", sha256: " + now + ", children: [{document: it's, version: \"1\", sha256: \"}]\\\"\"} # ]\n ]}}\n",
			"runbooks: {a: {document: Doc, # }\n  version: \"2\", sha256: " + now + ", attachments: [{name: run.zip, sha256: " + now + "}], children: [{document: it's, version: \"1\", sha256: \"}]\\\"\"}, {document: Child, version: \"3\", sha256: " + now + "} # ]\n ]}}\n"},
	} {
		got, err := policy.Repin("policy.yaml", []byte(c.text), map[string]policy.Pins{"a": c.pins})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.out, string(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRepinSaysWhatItCannotChange(t *testing.T) {
	t.Parallel()
	pins := map[string]policy.Pins{"a": {Version: "2", SHA256: hash}}
	for text, want := range map[string]string{
		"runbooks:\n  a:\n    document: Doc\n    version: |\n      1\n": "policy.yaml:3: the runbook a is written in a way that cannot be changed by a program; write version 2 and sha256 " + hash + " by hand",
		"runbooks: {a: {document: Doc, version: [1]}}":                  "cannot be changed by a program",
		"runbooks: {a: {region: x}}":                                    "cannot be changed by a program",
		"runbooks: {b: {document: Doc}}":                                "has no runbook a",
		"runbooks: {a: {document: &x Doc}}":                             "Anchors such as &x are not allowed.",
		"version: 1":                                                    "no runbook",
	} {
		if got, err := policy.Repin("policy.yaml", []byte(text), pins); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %q, %v, want %q", text, got, err, want)
		}
	}
}

// Whatever the file, either it says afterwards what is pinned, and nothing else has changed, or there is an error.
func TestRepinIsRightOrAnError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{example, strings.ReplaceAll(example, "  ", "   "), strings.ReplaceAll(example, "\n", "\r\n")}).Draw(t, "file")
		for range rapid.IntRange(0, 3).Draw(t, "edits") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			text = text[:at] + rapid.SampledFrom([]string{" ", "\n", "#", "'", "\"", "{", "}", "ä", ": ", "- ", "x"}).Draw(t, "edit") + text[at:]
		}
		before, err := policy.Drafts("p", []byte(text))
		if err != nil {
			return
		}
		pins := map[string]policy.Pins{"restart-web": {Version: "12", SHA256: otherHash, Children: []policy.Pin{{Name: "C", Version: "1", SHA256: hash}}}}
		got, err := policy.Repin("p", []byte(text), pins)
		if err != nil {
			return
		}
		after, err := policy.Drafts("p", got)
		if err != nil || len(after) != len(before) {
			t.Fatalf("%d drafts, %v, in %s", len(after), err, got)
		}
		for i, d := range after {
			if d.Name == "restart-web" {
				d.Version, d.SHA256, d.Children = before[i].Version, before[i].SHA256, before[i].Children
			}
			d.Line = before[i].Line
			if diff := cmp.Diff(before[i], d); diff != "" {
				t.Fatalf("changed as well: %s\n%s", diff, got)
			}
		}
	})
}
