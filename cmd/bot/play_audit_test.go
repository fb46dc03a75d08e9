package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"handrail/store/storetest"
)

// auditedCommand has the bots that start from now on publish checkpoints: audited SECTION, the section's keys and values.
func auditedCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	for from, to := range map[string]string{"handrail.yaml.in": "handrail.yaml.in", "handrail.yaml": "handrail.yaml"} {
		text, err := os.ReadFile(filepath.Join(w.dir, from))
		ts.Check(err)
		before, _, _ := strings.Cut(string(text), "audit: ")
		ts.Check(os.WriteFile(filepath.Join(w.dir, to), []byte(before+"audit: {"+args[0]+"}\n"), 0o600))
	}
}

// sqlCommand changes the database beside the bot, as somebody with the file can: sql STATEMENT.
func sqlCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(storetest.Execute("sqlite:"+filepath.Join(of(ts).dir, "handrail.db"), args[0]))
}

// variableCommand sets a variable to what a file holds: variable NAME FILE.
func variableCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
