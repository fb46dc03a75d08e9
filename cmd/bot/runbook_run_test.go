package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A script tells a runbook that failed from one that never started.
func TestRunbookRunEndsWith2WithoutARunbookToStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]struct {
		content string
		code    int
	}{
		"cut":    {`{"schemaVersion": "0.3", "mainSteps": [`, exitUsage},
		"circle": {`{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT0S"}, "nextStep": "a"}]}`, exitUsage},
		"fails":  {`{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Duration": "soon"}}]}`, exitFailed},
		"works":  {`{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT0S"}}]}`, exitDone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(dir, name+".json")
			if err := os.WriteFile(file, []byte(want.content), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, failed strings.Builder
			if code := run(t.Context(), []string{"runbook", "run", file}, streams{&out, &failed}); code != want.code {
				t.Errorf("%d, want %d: %s%s", code, want.code, &out, &failed)
			}
		})
	}
}
