package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"handrail/automation"
	"handrail/policy"
	"handrail/runbook"
)

type policyPinCmd struct {
	File      string   `arg:"" optional:"" help:"The policy file." default:"policy.yaml"`
	Config    string   `help:"The configuration file, which says where AWS is." default:"handrail.yaml" placeholder:"FILE"`
	Documents string   `help:"A folder with the documents, as NAME.yaml or NAME.json, instead of AWS." placeholder:"DIR"`
	Runbook   []string `help:"Pin this runbook alone; may be repeated." placeholder:"NAME"`
	To        string   `help:"The version to pin: the default one, the latest one, or the one that is written." enum:"default,latest,same" default:"default"`
	DryRun    bool     `help:"Change nothing; end with 1 if something would change."`
}

// errMoved ends the program with 1: the policy is not as AWS is.
var errMoved = errors.New("the pins are not up to date")

// Run writes the version and the hash of each document, of what it starts and of its files into the policy, and shows what
// has changed in a document. If a document cannot be pinned, the policy stays as it is.
func (c *policyPinCmd) Run(ctx context.Context, io streams) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	data, err := readBounded(c.File, policy.MaxSize)
	if err != nil {
		return usage("reading the policy: %w", err)
	}
	drafts, err := policy.Drafts(c.File, data)
	if err != nil {
		return usageError{err}
	}
	if drafts, err = c.chosen(drafts); err != nil {
		return err
	}
	library, region, err := documentSource{c.Config, c.Documents}.open(ctx)
	if err != nil {
		return err
	}
	p := &pinner{streams: io, file: c.File, library: library, catalogue: automation.NewCatalogue(library, region), to: c.To, pins: map[string]policy.Pins{}}
	if c.Documents != "" {
		p.to = "same" // a folder has no versions of its own
	}
	for _, d := range drafts {
		p.pin(ctx, d)
	}
	if p.failed > 0 {
		return fmt.Errorf("%s cannot be pinned, so %s stays as it is", count(p.failed, "runbook", "runbooks"), c.File)
	}
	return c.finish(p, data, len(drafts))
}

// chosen are the drafts that --runbook names, or all.
func (c *policyPinCmd) chosen(drafts []policy.Draft) ([]policy.Draft, error) {
	names := make([]string, len(drafts))
	for i, d := range drafts {
		names[i] = d.Name
	}
	for _, name := range c.Runbook {
		if !slices.Contains(names, name) {
			meant := ""
			if near := policy.Nearest(name, names); len(near) > 0 {
				meant = fmt.Sprintf(" Did you mean %s?", strings.Join(near, " or "))
			}
			return nil, usage("%s has no runbook %s.%s", c.File, visible(name), meant)
		}
	}
	if len(c.Runbook) == 0 {
		return drafts, nil
	}
	return slices.DeleteFunc(drafts, func(d policy.Draft) bool { return !slices.Contains(c.Runbook, d.Name) }), nil
}

// finish writes the file, and says what is still wrong with it.
func (c *policyPinCmd) finish(p *pinner, data []byte, asked int) error {
	if len(p.pins) == 0 {
		_, err := fmt.Fprintf(p.out, "%s is up to date: %s.\n", c.File, count(asked, "runbook", "runbooks"))
		return err
	}
	pinned, err := policy.Repin(c.File, data, p.pins)
	if err != nil {
		return err
	}
	if _, err := policy.Parse(c.File, pinned); err != nil {
		fmt.Fprintf(p.err, "%s has other mistakes, which bot policy check tells.\n", c.File)
	} else {
		p.verify(c.File, pinned)
	}
	if c.DryRun {
		fmt.Fprintf(p.out, "%s would change: %s.\n", c.File, count(len(p.pins), "runbook", "runbooks"))
		return errMoved
	}
	target, err := filepath.EvalSymlinks(c.File)
	if err != nil {
		return fmt.Errorf("writing %s: %w", c.File, err)
	}
	if err := replaceFile(target, pinned); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s is written: %s pinned. Read it, and sign it again if it is signed.\n", c.File, count(len(p.pins), "runbook", "runbooks"))
	return err
}

// pinner collects the pins of runbooks.
type pinner struct {
	streams
	file      string
	library   automation.Library
	catalogue *automation.Catalogue
	to        string
	pins      map[string]policy.Pins
	documents map[string]*policy.Document
	failed    int
}

// pin asks for one runbook's documents, and notes what is to be written.
func (p *pinner) pin(ctx context.Context, d policy.Draft) {
	if d.Floats() {
		fmt.Fprintf(p.err, "%s:%d: %s is not pinned: it says allow_unpinned.\n", p.file, d.Line, d.Name)
		return
	}
	rb := &policy.Runbook{Name: d.Name, Document: d.Document, Version: p.to, Region: d.Region}
	if p.to == "same" {
		rb.Version = policy.VersionDefault
		if d.Version != "" {
			rb.Version = d.Version
		}
	}
	doc, err := p.catalogue.Ask(ctx, rb)
	if err == nil {
		err = p.unfit(d, rb, doc)
	}
	if err != nil {
		p.failed++
		fmt.Fprintf(p.err, "%s:%d: %s: %s\n", p.file, d.Line, d.Name, visible(err.Error()))
		if fix := awsFix(err); fix != "" {
			fmt.Fprintf(p.err, "  fix: %s\n", fix)
		}
		return
	}
	if p.documents == nil {
		p.documents = map[string]*policy.Document{}
	}
	p.documents[d.Name] = doc
	pins := policy.Pins{Version: doc.Version, SHA256: doc.SHA256, Children: pinnable(doc), Attachments: doc.Attachments}
	if p.moved(ctx, d, rb, pins) {
		p.pins[d.Name] = pins
	}
}

// unfit says why a document cannot be pinned.
func (p *pinner) unfit(d policy.Draft, rb *policy.Runbook, doc *policy.Document) error {
	region := p.catalogue.Region(rb)
	if region != "" {
		region = " in " + region
	}
	switch {
	case d.Document == "":
		return errors.New("it names no document")
	case doc.State == policy.DocumentGone && p.to == "same" && d.Version != "":
		return fmt.Errorf("there is no document %s in version %s%s; mend its name, version or region, or remove the runbook", d.Document, d.Version, region)
	case doc.State == policy.DocumentGone:
		return fmt.Errorf("there is no document %s%s any more; mend its name or region, or remove the runbook", d.Document, region)
	case doc.SHA256 == "":
		return fmt.Errorf("AWS gives no SHA-256 for %s version %s; publish a new version of it", d.Document, doc.Version)
	case doc.Content == nil:
		return fmt.Errorf("%s version %s cannot be read: %s", d.Document, doc.Version, doc.Problem)
	}
	for _, file := range doc.Attachments {
		if file.SHA256 == "" {
			return fmt.Errorf("AWS gives no SHA-256 for the file %s of %s", file.Name, d.Document)
		}
	}
	return nil
}

// pinnable are the children whose version is a number where they are started: others move, whatever the policy says.
func pinnable(doc *policy.Document) []policy.Pin {
	var pins []policy.Pin
	for _, c := range doc.Children {
		if slices.ContainsFunc(doc.Analysis.Children, func(s runbook.Child) bool {
			return s.Pinned && s.Document == c.Name && s.Version == c.Version
		}) {
			pins = append(pins, c.Pin)
		}
	}
	return pins
}

// verify says what stands against each pinned runbook beyond its pins.
func (p *pinner) verify(file string, data []byte) {
	checked, err := policy.Parse(file, data)
	if err != nil {
		return
	}
	for _, rb := range checked.Runbooks() {
		doc := p.documents[rb.Name]
		if doc == nil {
			continue
		}
		if err := checked.Verify(rb, doc); err != nil {
			fmt.Fprintf(p.err, "%s:%d: %s is pinned and will not run: %s\n", file, rb.Line, rb.Name, visible(err.Error()))
		}
		for _, unused := range checked.Unused(rb, doc) {
			fmt.Fprintf(p.err, "%s:%d: %s\n", file, rb.Line, visible(unused))
		}
	}
}
