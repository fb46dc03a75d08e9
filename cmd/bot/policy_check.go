package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"handrail/automation"
	"handrail/policy"
)

type policyCheckCmd struct {
	File      string    `arg:"" optional:"" help:"The policy file; that of the configuration, or else policy.yaml, if not given."`
	Config    string    `help:"A configuration, to ask AWS for the documents and to check the signature." xor:"documents" placeholder:"FILE"`
	Documents string    `help:"A folder of documents, such as AWS-RestartEC2Instance.yaml, to look into instead of AWS." xor:"documents" placeholder:"DIR"`
	At        time.Time `help:"When, for freezes that are over; now if not given." placeholder:"2026-12-24T10:00:00Z"`
	Strict    bool      `help:"End with 1 for warnings as well."`
	Output    string    `short:"o" help:"table or json." enum:"table,json" default:"table"`
}

// errFound ends the program with 1: what was checked is not right.
var errFound = errors.New("the policy needs work")

// Run prints what the policy holds and what may be wrong with it, or its mistakes.
func (c *policyCheckCmd) Run(ctx context.Context, io streams) error {
	source, err := c.source()
	if err != nil {
		return err
	}
	f, err := source.read()
	if err != nil {
		return err
	}
	if c.At.IsZero() {
		c.At = time.Now()
	}
	found := f.policy.Check(c.File, f.content, c.At)
	if c.Config != "" || c.Documents != "" {
		more, err := c.documents(ctx, f.policy)
		if err != nil {
			return err
		}
		found = append(found, more...)
		policy.SortFindings(found)
	}
	if err := c.print(io, f, found); err != nil {
		return err
	}
	for _, one := range found {
		if one.Severity == policy.SeverityError || c.Strict && one.Severity == policy.SeverityWarning {
			return errFound
		}
	}
	return nil
}

// source is the file that is given or the configured one, which must be signed where the configuration says so.
func (c *policyCheckCmd) source() (policySource, error) {
	var source policySource
	if c.Config != "" {
		cfg, err := loadConfig(c.Config)
		if err != nil {
			return source, err
		}
		source = cfg.policySource()
	}
	c.File = cmp.Or(c.File, source.path, "policy.yaml")
	source.path = c.File
	return source, nil
}

// documents compares the documents with what the policy pins, and with everything that they start.
func (c *policyCheckCmd) documents(ctx context.Context, p *policy.Policy) ([]policy.Finding, error) {
	library, region, err := documentSource{c.Config, c.Documents}.open(ctx)
	if err != nil {
		return nil, err
	}
	catalogue := automation.NewCatalogue(library, region)
	var found []policy.Finding
	for _, rb := range p.Runbooks() {
		f := policy.Finding{File: c.File, Line: rb.Line, Severity: policy.SeverityError, Check: "document"}
		doc, err := catalogue.Ask(ctx, rb)
		if err != nil {
			f.Message, f.Fix = fmt.Sprintf("The runbook %s: %s.", rb.Name, printable(err.Error())), awsFix(err)
			found = append(found, f)
			continue
		}
		if err := p.Verify(rb, doc); err != nil {
			f.Message, f.Fix = fmt.Sprintf("The runbook %s: %s", rb.Name, printable(err.Error())), runbookFix(err, rb, doc)
			var wrong *policy.Mismatch
			if errors.As(err, &wrong) {
				f.Check = "document-" + string(wrong.Code)
			}
			found = append(found, f)
		}
		for _, sentence := range p.Unused(rb, doc) {
			found = append(found, policy.Finding{File: c.File, Line: rb.Line, Severity: policy.SeverityWarning, Check: "pin-unused", Message: printable(sentence), Fix: "Remove it."})
		}
	}
	return found, nil
}

func (c *policyCheckCmd) print(io streams, f policyFile, found []policy.Finding) error {
	p := f.policy
	if c.Output == "json" {
		return c.printJSON(io, f, found)
	}
	_, err := fmt.Fprintf(io.out, "%s is right: %s, %s, %s, %s; sha256 %s\n", c.File, count(len(p.Identities()), "identity", "identities"),
		count(len(p.Groups()), "group", "groups"), count(len(p.Runbooks()), "runbook", "runbooks"), count(len(p.Grants()), "grant", "grants"), p.Hash())
	if err == nil && f.serial > 0 {
		_, err = fmt.Fprintf(io.out, "It is signed: serial %d\n", f.serial)
	}
	counts := map[policy.Severity]int{}
	for _, one := range found {
		counts[one.Severity]++
		if err == nil {
			_, err = fmt.Fprintln(io.out, one)
		}
	}
	if err == nil && len(found) > 0 {
		_, err = fmt.Fprintf(io.out, "%s, %s, %s\n", count(counts[policy.SeverityError], "error", "errors"),
			count(counts[policy.SeverityWarning], "warning", "warnings"), count(counts[policy.SeverityNote], "note", "notes"))
	}
	return err
}

// policyFinding is a finding as scripts read it: JSON keys are a contract.
type policyFinding struct {
	File     string          `json:"file"`
	Line     int             `json:"line"`
	Severity policy.Severity `json:"severity"`
	Check    string          `json:"check"`
	Message  string          `json:"message"`
	Fix      string          `json:"fix"`
}

func (c *policyCheckCmd) printJSON(io streams, f policyFile, found []policy.Finding) error {
	views := []policyFinding{}
	for _, one := range found {
		views = append(views, policyFinding(one))
	}
	p := f.policy
	return writeJSON(io.out, map[string]any{"file": c.File, "policy": p.Hash(), "serial": f.serial, "identities": len(p.Identities()),
		"groups": len(p.Groups()), "runbooks": len(p.Runbooks()), "grants": len(p.Grants()), "findings": views})
}
