package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every rule of lint and every kind of escape is written down for those who meet it.
func TestRunbookDocsAreComplete(t *testing.T) {
	t.Parallel()
	page := readText(t, "docs/runbooks.md")
	files, err := filepath.Glob(root + "/runbook/*.go")
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`EscapeKind = "([a-z-]+)"|Rule: "([a-z-]+)"|l\.(?:error|warn|note)\(.+?, "([a-z-]+)", |l\.refused\(.+, "([a-z-]+)", `)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range words.FindAllStringSubmatch(readText(t, filepath.ToSlash(rel)), -1) {
			word := strings.Join(m[1:], "")
			found++
			if !strings.Contains(page, "`"+word+"`") {
				t.Errorf("docs/runbooks.md does not mention %s", word)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d rules and kinds were found: the test does not see them", found)
	}
}
