package ssmserver

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updateCoverage = flag.Bool("update", false, "write the coverage tables of docs/local-ssm.md anew")

const (
	coverageFile  = "../../docs/local-ssm.md"
	coverageBegin = "<!-- coverage: make coverage writes this -->\n"
	coverageEnd   = "<!-- end of coverage -->\n"
)

// TestCoverageIsDocumented fails when the tables in the documentation are not those of the code.
func TestCoverageIsDocumented(t *testing.T) {
	text, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), coverageBegin)
	is, after, ends := strings.Cut(rest, coverageEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the tables: %q … %q", coverageFile, coverageBegin, coverageEnd)
	}
	want := coverageTables(Covered())
	if *updateCoverage {
		if err := os.WriteFile(coverageFile, []byte(before+coverageBegin+want+coverageEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, is); diff != "" {
		t.Errorf("the tables are stale; make coverage writes them anew:\n%s", diff)
	}
}

// TestMissingOperationsAreMissing keeps an operation from being listed as missing once it is there.
func TestMissingOperationsAreMissing(t *testing.T) {
	for _, row := range missing() {
		if _, ok := operations()[row.Name]; ok {
			t.Errorf("%s is covered", row.Name)
		}
	}
}

func coverageTables(c Coverage) string {
	var b strings.Builder
	table := func(title, first string, rows []CoverageRow) {
		fmt.Fprintf(&b, "\n### %s\n\n| %s | covered | note |\n|---|---|---|\n", title, first)
		for _, row := range rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", row.Name, map[bool]string{true: "yes", false: "no"}[row.Covered], cell(row.Note))
		}
	}
	table("Operations of SSM", "operation", c.Operations)
	table("Actions of runbooks", "action", c.Actions)
	table("Operations of the AWS in memory", "operation", c.Services)
	fmt.Fprintf(&b, "\n### Assumptions that nobody has checked on AWS\n\n| about | what is done here |\n|---|---|\n")
	for _, a := range c.Assumptions {
		fmt.Fprintf(&b, "| %s | %s |\n", cell(a.About), cell(a.Choice))
	}
	return b.String() + "\n"
}

// cell keeps a text within its cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
