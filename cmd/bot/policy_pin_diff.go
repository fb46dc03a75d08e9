package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"handrail/policy"
	"handrail/runbook"
)

// moved shows what differs between what is written and what is to be written, and says whether anything does.
func (p *pinner) moved(ctx context.Context, d policy.Draft, rb *policy.Runbook, pins policy.Pins) bool {
	region := p.catalogue.Region(rb)
	moved := false
	if d.Version != pins.Version || d.SHA256 != pins.SHA256 {
		moved = true
		p.show(ctx, d.Name, region, policy.Pin{Name: d.Document, Version: d.Version, SHA256: d.SHA256},
			policy.Pin{Name: d.Document, Version: pins.Version, SHA256: pins.SHA256})
	}
	for _, now := range pins.Children {
		if slices.Contains(d.Children, now) {
			continue
		}
		moved = true
		was := policy.Pin{Name: now.Name}
		if i := slices.IndexFunc(d.Children, func(c policy.Pin) bool { return c.Name == now.Name }); i >= 0 {
			was = d.Children[i]
		}
		p.show(ctx, d.Name, region, was, now)
	}
	for _, now := range pins.Attachments {
		if !slices.Contains(d.Attachments, now) {
			moved = true
			fmt.Fprintf(p.out, "%s: file %s: sha256 %s\n", d.Name, visible(now.Name), now.SHA256)
		}
	}
	return moved
}

// show prints one pin that changes, and how the content does if the old one is still to be had.
func (p *pinner) show(ctx context.Context, name, region string, was, now policy.Pin) {
	if was.Version == "" && was.SHA256 == "" {
		fmt.Fprintf(p.out, "%s: %s version %s: sha256 %s\n", name, visible(now.Name), now.Version, now.SHA256)
		return
	}
	fmt.Fprintf(p.out, "%s: %s version %s: sha256 %s\n  was version %s: sha256 %s\n", name, visible(now.Name), now.Version, now.SHA256,
		visible(was.Version), visible(was.SHA256))
	if was.SHA256 == now.SHA256 {
		return
	}
	old, err := p.content(ctx, region, was)
	if err != nil {
		fmt.Fprintf(p.out, "  The old content is not to be had any more (%s), so read the new one whole.\n", visible(err.Error()))
		return
	}
	text, err := p.content(ctx, region, now)
	if err != nil {
		fmt.Fprintf(p.out, "  The new content cannot be read: %s\n", visible(err.Error()))
		return
	}
	changes := diff.Diff(was.Name+" version "+was.Version, old, now.Name+" version "+now.Version, text)
	for line := range strings.Lines(string(changes)) {
		fmt.Fprintln(p.out, visible(strings.TrimRight(line, "\r\n")))
	}
}

var errOtherHash = errors.New("its hash is another one")

// content is a document's text at a version, as YAML, which reads better line by line than what AWS makes of it.
func (p *pinner) content(ctx context.Context, region string, pin policy.Pin) ([]byte, error) {
	info, err := p.library.DescribeDocument(ctx, region, pin.Name, pin.Version)
	if err != nil {
		return nil, err
	}
	if info.SHA256 != pin.SHA256 {
		return nil, errOtherHash
	}
	text, err := p.library.Content(ctx, region, pin.Name, info.Version)
	if err != nil {
		return nil, err
	}
	if yaml, err := runbook.ToYAML(text); err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return yaml, nil
	}
	return text, nil
}
