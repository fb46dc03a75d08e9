package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"handrail/policy"
)

type policyTestCmd struct {
	Files        []string      `arg:"" optional:"" help:"Files of cases; that beside the policy, such as policy_test.yaml, if none is given. A policy among them is the one to test."`
	File         string        `help:"The policy file." default:"policy.yaml" placeholder:"FILE"`
	Verbose      bool          `short:"v" help:"Show the cases that pass as well."`
	Output       string        `short:"o" help:"table or json." enum:"table,json" default:"table"`
	Replay       bool          `help:"Decide recorded requests again instead, and print what would change."`
	Config       string        `help:"With --replay: the configuration, to find the database." placeholder:"FILE"`
	Store        string        `help:"With --replay: the database, such as sqlite:handrail.db; instead of --config." placeholder:"URL"`
	Since        time.Duration `help:"With --replay: how far back." default:"2160h" placeholder:"DURATION"`
	FailOnChange bool          `help:"With --replay: end with 1 if a request would be decided otherwise."`
}

// Run prints which cases pass and which do not. It ends with 1 if one does not.
func (c *policyTestCmd) Run(ctx context.Context, io streams) error {
	c.findPolicy()
	if err := c.check(); err != nil {
		return err
	}
	p, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	if c.Replay {
		return c.replay(ctx, io, p)
	}
	return c.cases(io, p)
}

// ofPolicy is a line that every policy has, and no file of cases.
var ofPolicy = regexp.MustCompile(`(?m)^["']?service_role["']?[ \t]*:`)

// findPolicy takes a policy among the files for --file, as people write it after bot policy check.
func (c *policyTestCmd) findPolicy() {
	c.Files = slices.DeleteFunc(c.Files, func(name string) bool {
		data, err := readBounded(name, policy.MaxSize)
		found := err == nil && ofPolicy.Match(data)
		if found {
			c.File = name
		}
		return found
	})
}

func (c *policyTestCmd) check() error {
	switch {
	case !c.Replay && (c.Config != "" || c.Store != "" || c.FailOnChange):
		return usage("--config, --store and --fail-on-change are for --replay")
	case c.Replay && len(c.Files) > 0:
		return usage("--replay takes no files of cases")
	case c.Replay && (c.Config == "") == (c.Store == ""):
		return usage("--replay wants --config FILE or --store URL, to find the recorded requests")
	case c.Since <= 0:
		return usage("--since is %s; use a duration such as 720h", c.Since)
	}
	return nil
}

func (c *policyTestCmd) cases(io streams, p *policy.Policy) error {
	if len(c.Files) == 0 {
		ext := filepath.Ext(c.File)
		c.Files = []string{strings.TrimSuffix(c.File, ext) + "_test" + ext}
	}
	report := &caseReport{now: time.Now(), views: []caseView{}}
	for _, name := range c.Files {
		if err := c.file(io, p, name, report); err != nil {
			return err
		}
	}
	if c.Output == "json" {
		if err := writeJSON(io.out, map[string]any{"passed": report.all - report.failed, "failed": report.failed, "cases": report.views, "policy": p.Hash()}); err != nil {
			return err
		}
	}
	if report.failed > 0 {
		return fmt.Errorf("%d of %s failed", report.failed, count(report.all, "case", "cases"))
	}
	return nil
}

// caseReport is what came of all files.
type caseReport struct {
	now         time.Time
	all, failed int
	views       []caseView
}

// caseView is a case as scripts read it: JSON keys are a contract.
type caseView struct {
	File   string      `json:"file"`
	Line   int         `json:"line"`
	Name   string      `json:"name"`
	Passed bool        `json:"passed"`
	Got    string      `json:"got"`
	Code   policy.Code `json:"code"`
	Rule   string      `json:"rule"`
	Wrong  []string    `json:"wrong,omitempty"`
}

func (c *policyTestCmd) file(io streams, p *policy.Policy, name string, report *caseReport) error {
	data, err := readBounded(name, policy.MaxSize)
	if err != nil {
		return usage("reading the cases: %w", err)
	}
	cases, err := policy.ParseCases(name, data)
	if err != nil {
		return usageError{err}
	}
	failed := 0
	for i := range cases {
		o := cases[i].Check(p, report.now)
		report.views = append(report.views, caseView{name, cases[i].Line, cases[i].Title(), len(o.Wrong) == 0, o.Got, o.Decision.Code(), o.Decision.Rule(), o.Wrong})
		if len(o.Wrong) > 0 {
			failed++
		}
		if c.Output != "json" && (len(o.Wrong) > 0 || c.Verbose) {
			if err := printCase(io, &cases[i], o); err != nil {
				return err
			}
		}
	}
	report.all, report.failed = report.all+len(cases), report.failed+failed
	if c.Output == "json" {
		return nil
	}
	if failed > 0 {
		_, err = fmt.Fprintf(io.out, "FAIL  %s  %d of %s failed\n", name, failed, count(len(cases), "case", "cases"))
	} else {
		_, err = fmt.Fprintf(io.out, "ok    %s  %s\n", name, count(len(cases), "case", "cases"))
	}
	return err
}

func printCase(io streams, c *policy.Case, o policy.Outcome) error {
	verdict := "PASS"
	if len(o.Wrong) > 0 {
		verdict = "FAIL"
	}
	if _, err := fmt.Fprintf(io.out, "--- %s: %s (%s:%d)\n", verdict, printable(c.Title()), filepath.Base(c.File), c.Line); err != nil {
		return err
	}
	if verdict == "PASS" {
		return nil
	}
	e := o.Decision.ExplainToKeeper()
	lines := o.Wrong
	if o.Got != "" {
		for _, words := range []string{e.Sentence, e.Decided, e.Near, e.Missing} {
			if words != "" {
				lines = append(lines, words)
			}
		}
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(io.out, "    %s\n", printable(line)); err != nil {
			return err
		}
	}
	return nil
}
