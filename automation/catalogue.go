package automation

import (
	"context"
	"strings"
	"sync"
	"time"

	"handrail/policy"
	"handrail/runbook"
)

// Catalogue knows what AWS holds for the policy's runbooks, and for everything that they start.
type Catalogue struct {
	library Library
	region  string // for runbooks that name none
	mu      sync.Mutex
	seen    map[catalogueKey]seenDocument
	nodes   map[catalogueKey]*node
}

type catalogueKey struct{ region, document, version string }

type seenDocument struct {
	document policy.Document
	nodes    map[catalogueKey]*node // of its children, by what the steps call them
	at       time.Time
}

const (
	// goodFor is how long Look may answer from memory. A start never does: it calls Fresh.
	goodFor = 5 * time.Minute
	// surveyWithin bounds the look at a document with everything that it starts.
	surveyWithin = time.Minute
	// maxNodes bounds the memory of documents. Past it, all of them are asked for again.
	maxNodes = 5_000
)

// NewCatalogue returns an empty catalogue.
func NewCatalogue(l Library, region string) *Catalogue {
	return &Catalogue{library: l, region: region, seen: map[catalogueKey]seenDocument{}, nodes: map[catalogueKey]*node{}}
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
	doc, err := c.ask(ctx, rb, goodFor)
	return heard(doc, err)
}

// Fresh asks AWS now about the document and each one that it starts. A content is read again only if its hash is new.
// It never fails, as Look.
func (c *Catalogue) Fresh(ctx context.Context, rb *policy.Runbook) *policy.Document {
	return heard(c.Ask(ctx, rb))
}

// Ask is Fresh, and keeps the cause if AWS cannot be asked about the document or about one that it starts: a *Fault. A
// document that is gone is no error.
func (c *Catalogue) Ask(ctx context.Context, rb *policy.Runbook) (*policy.Document, error) {
	return c.ask(ctx, rb, 0)
}

// heard tells a cause that passes from one that does not.
func heard(doc *policy.Document, err error) *policy.Document {
	switch {
	case err == nil:
		return doc
	case kindOf(err) == Rejected:
		return &policy.Document{Problem: err.Error()}
	}
	return &policy.Document{}
}

// ask looks at the document with everything that it starts, with answers that are at most age old. It remembers no failure.
func (c *Catalogue) ask(ctx context.Context, rb *policy.Runbook, age time.Duration) (*policy.Document, error) {
	ctx, done := context.WithTimeout(ctx, surveyWithin)
	defer done()
	key := c.key(rb)
	c.mu.Lock()
	before := c.seen[key]
	c.mu.Unlock()
	seen, err := c.survey(ctx, key, age, before)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.seen, key)
		if kindOf(err) == Missing {
			return &policy.Document{State: policy.DocumentGone}, nil
		}
		return nil, err
	}
	c.seen[key] = seen
	return &seen.document, nil
}

func (c *Catalogue) survey(ctx context.Context, key catalogueKey, age time.Duration, before seenDocument) (seenDocument, error) {
	root, err := c.node(ctx, key, age)
	if err != nil {
		return seenDocument{}, err
	}
	s := &survey{catalogue: c, region: key.region, age: age, found: map[catalogueKey]*node{}, named: map[catalogueKey]policy.Child{}}
	return s.whole(ctx, root, before)
}

// content returns the content of a document that somebody else started, nil if it cannot be read.
func (c *Catalogue) content(ctx context.Context, region, document, version string) (*runbook.Document, error) {
	n, err := c.node(ctx, catalogueKey{region, document, version}, goodFor)
	if err != nil {
		return nil, err
	}
	return n.content, nil
}

// node asks AWS for one document, unless an answer is younger than age.
func (c *Catalogue) node(ctx context.Context, key catalogueKey, age time.Duration) (*node, error) {
	c.mu.Lock()
	old := c.nodes[key]
	c.mu.Unlock()
	if old != nil && time.Since(old.at) < age {
		return old, nil
	}
	n, err := c.describe(ctx, key, old)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.nodes, key)
		return nil, err
	}
	if len(c.nodes) >= maxNodes {
		clear(c.nodes)
	}
	c.nodes[key] = n
	return n, nil
}

func (c *Catalogue) describe(ctx context.Context, key catalogueKey, old *node) (*node, error) {
	info, err := c.library.DescribeDocument(ctx, key.region, key.document, key.version)
	if err != nil {
		return nil, err
	}
	n := &node{info: info, at: time.Now()}
	if info.Attached { // a file has no version of its own: asked for each time
		if n.files, err = c.library.Attachments(ctx, key.region, key.document, info.Version); err != nil {
			return nil, err
		}
	}
	if old != nil && old.content != nil && info.SHA256 != "" && old.info.SHA256 == info.SHA256 && old.info.Version == info.Version {
		n.content = old.content
		return n, nil
	}
	text, err := c.library.Content(ctx, key.region, key.document, info.Version)
	if err != nil {
		return nil, err
	}
	if n.content, err = runbook.Parse(text); err != nil {
		n.content, n.problem = nil, err.Error()
	}
	return n, nil
}

// key names the document as the API wants it: $DEFAULT and $LATEST for the policy's default and latest.
func (c *Catalogue) key(rb *policy.Runbook) catalogueKey {
	version := rb.Version
	if version == "default" || version == "latest" {
		version = "$" + strings.ToUpper(version)
	}
	return catalogueKey{c.Region(rb), rb.Document, version}
}
