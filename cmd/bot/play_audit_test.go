package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
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
	db, err := sql.Open("sqlite", filepath.Join(of(ts).dir, "handrail.db"))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[0])
	ts.Check(err)
}

// variableCommand sets a variable to what a file holds: variable NAME FILE.
func variableCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}
