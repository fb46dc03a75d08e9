package automation

import (
	"context"
	"strings"
	"sync"
	"time"

	"handrail/policy"
	"handrail/runbook"
)

// Catalogue knows what AWS holds for the policy's runbooks.
type Catalogue struct {
	library Library
	region  string // for runbooks that name none
	mu      sync.Mutex
	seen    map[catalogueKey]seenDocument
}

type catalogueKey struct{ region, document, version string }

type seenDocument struct {
	document policy.Document
	at       time.Time
}

// goodFor is how long Look may answer from memory. A start never does: it calls Fresh.
const goodFor = 5 * time.Minute

// NewCatalogue returns an empty catalogue.
func NewCatalogue(l Library, region string) *Catalogue {
	return &Catalogue{library: l, region: region, seen: map[catalogueKey]seenDocument{}}
}

// Region returns where the runbook runs.
func (c *Catalogue) Region(rb *policy.Runbook) string {
	if rb.Region != "" {
		return rb.Region
	}
	return c.region
}

// Look returns the runbook's document, at most five minutes old. It never fails: a document that
// cannot be read has a state that the policy refuses.
func (c *Catalogue) Look(ctx context.Context, rb *policy.Runbook) *policy.Document {
	c.mu.Lock()
	s, ok := c.seen[c.key(rb)]
	c.mu.Unlock()
	if ok && time.Since(s.at) < goodFor {
		return &s.document
	}
	return c.Fresh(ctx, rb)
}

// Fresh asks AWS now. The content is read again only if its hash is new.
func (c *Catalogue) Fresh(ctx context.Context, rb *policy.Runbook) *policy.Document {
	key := c.key(rb)
	info, err := c.library.DescribeDocument(ctx, key.region, key.document, key.version)
	if err != nil {
		return c.absent(key, err)
	}
	d := policy.Document{State: policy.DocumentFound, Version: info.Version, SHA256: info.SHA256}
	c.mu.Lock()
	old, ok := c.seen[key]
	c.mu.Unlock()
	if ok && old.document.Content != nil && info.SHA256 != "" &&
		old.document.SHA256 == info.SHA256 && old.document.Version == info.Version {
		d.Content = old.document.Content
	} else if err := c.read(ctx, key, &d); err != nil {
		return c.absent(key, err)
	}
	c.keep(key, d)
	return &d
}

func (c *Catalogue) read(ctx context.Context, key catalogueKey, d *policy.Document) error {
	content, err := c.library.Content(ctx, key.region, key.document, d.Version)
	if err != nil {
		return err
	}
	if d.Content, err = runbook.Parse(content); err != nil {
		d.Content, d.Problem = nil, err.Error()
	}
	return nil
}

// absent tells "gone" from "could not be asked", and remembers neither.
func (c *Catalogue) absent(key catalogueKey, err error) *policy.Document {
	c.mu.Lock()
	delete(c.seen, key)
	c.mu.Unlock()
	switch kindOf(err) {
	case Missing:
		return &policy.Document{State: policy.DocumentGone}
	case Rejected:
		return &policy.Document{Problem: err.Error()}
	}
	return &policy.Document{}
}

func (c *Catalogue) keep(key catalogueKey, d policy.Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[key] = seenDocument{document: d, at: time.Now()}
}

// key names the document as the API wants it: $DEFAULT and $LATEST for the policy's default and latest.
func (c *Catalogue) key(rb *policy.Runbook) catalogueKey {
	version := rb.Version
	if version == "default" || version == "latest" {
		version = "$" + strings.ToUpper(version)
	}
	return catalogueKey{c.Region(rb), rb.Document, version}
}
