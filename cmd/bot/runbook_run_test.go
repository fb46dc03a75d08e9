package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A script tells a runbook that failed from one that never started.
func TestRunbooksThatCannotBeReadEndWith2(t *testing.T) {
	t.Parallel()
	circle := `{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT0S"}, "nextStep": "a"}]}`
	for name, c := range map[string]struct {
		command, content string
		code             int
		says             string
	}{
		"cut":        {"run", `{"schemaVersion": "0.3", "mainSteps": [`, exitUsage, "cut.json:1:40: not valid JSON"},
		"cut-shown":  {"show", `{"schemaVersion": "0.3", "mainSteps": [`, exitUsage, "cut-shown.json:1:40: not valid JSON"},
		"long":       {"run", strings.Repeat(" ", 1<<17), exitUsage, "long.json: the document has more than 65536 bytes"},
		"long-shown": {"show", strings.Repeat(" ", 1<<17), exitUsage, "long-shown.json: the document has more than 65536 bytes"},
		"circle":     {"run", circle, exitUsage, "circle.json:1:40: mainSteps[0]: the steps run in a circle"},
		"fails":      {"run", strings.Replace(strings.Replace(circle, `, "nextStep": "a"`, "", 1), "PT0S", "soon", 1), exitFailed, "bot: the runbook ended as Failed"},
		"works":      {"run", strings.Replace(circle, `, "nextStep": "a"`, "", 1), exitDone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), name+".json")
			if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, failed strings.Builder
			if code := run(t.Context(), []string{"runbook", c.command, file}, streams{&out, &failed}); code != c.code || !strings.Contains(failed.String(), c.says) {
				t.Errorf("%d, want %d: %s%s", code, c.code, &out, &failed)
			}
		})
	}
}
