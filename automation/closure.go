package automation

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"handrail/policy"
	"handrail/runbook"
)

// node is one document as AWS holds it: what a closure is made of. It never changes once made.
type node struct {
	info    DocumentInfo
	content *runbook.Document // nil if it cannot be read
	problem string            // why not
	files   []policy.Pin
	at      time.Time
}

// survey looks at a document and at everything that it starts.
type survey struct {
	catalogue *Catalogue
	region    string
	age       time.Duration                 // how old an answer may be
	found     map[catalogueKey]*node        // nil for a document that AWS does not have
	named     map[catalogueKey]policy.Child // by what the steps call them
	err       error                         // the first answer that was none
}

// What DescribeDocument takes: the model of SSM. A step that says anything else starts nothing that anybody could look at.
var (
	documentName    = regexp.MustCompile(`^[a-zA-Z0-9_\-.:/]{3,128}$`)
	documentVersion = regexp.MustCompile(`^([$]LATEST|[$]DEFAULT|[1-9][0-9]{0,8})$`)
)

var errNoSuchChild = errors.New("nobody has such a document")

// children answers runbook.Analyse until ctx ends.
func (s *survey) children(ctx context.Context) runbook.Children {
	return func(name, version string) (*runbook.Document, error) { return s.child(ctx, name, version) }
}

func (s *survey) child(ctx context.Context, name, version string) (*runbook.Document, error) {
	key := catalogueKey{s.region, name, version}
	if version == "" {
		key.version = "$DEFAULT"
	}
	switch {
	case s.err != nil:
		return nil, s.err
	case !documentName.MatchString(name) || !documentVersion.MatchString(key.version):
		return nil, errNoSuchChild
	}
	n, asked := s.found[key]
	if !asked {
		var err error
		if n, err = s.catalogue.node(ctx, key, s.age); err != nil && kindOf(err) != Missing {
			s.err = err
			return nil, err
		}
		s.found[key] = n
	}
	if n == nil {
		return nil, errNoSuchChild
	}
	s.named[key] = policy.Child{Pin: policy.Pin{Name: name, Version: n.info.Version, SHA256: n.info.SHA256}, Owner: n.info.Owner}
	if n.content == nil {
		return nil, errNoSuchChild
	}
	return n.content, nil
}

// whole puts together what the policy wants to know of root. An analysis of the same contents is used again.
func (s *survey) whole(ctx context.Context, root *node, before seenDocument) (seenDocument, error) {
	doc := policy.Document{State: policy.DocumentFound, Version: root.info.Version, SHA256: root.info.SHA256, Owner: root.info.Owner,
		Content: root.content, Problem: root.problem}
	if root.content != nil {
		doc.Analysis = s.again(ctx, root, before)
		if doc.Analysis == nil && s.err == nil {
			a := root.content.Analyse(s.children(ctx))
			doc.Analysis = &a
		}
	}
	if s.err != nil {
		return seenDocument{}, s.err
	}
	doc.Attachments = slices.Clone(root.files)
	for _, n := range s.found {
		if n != nil {
			doc.Attachments = append(doc.Attachments, n.files...)
		}
	}
	slices.SortFunc(doc.Attachments, comparePins)
	doc.Attachments = slices.Compact(doc.Attachments)
	doc.Children = slices.SortedFunc(maps.Values(s.named), func(a, b policy.Child) int { return comparePins(a.Pin, b.Pin) })
	doc.Children = slices.Compact(doc.Children)
	return seenDocument{document: doc, nodes: s.found, at: time.Now()}, nil
}

// again returns the analysis that was made before, if every document that it looked at is still the same, else nil.
func (s *survey) again(ctx context.Context, root *node, before seenDocument) *runbook.Analysis {
	if before.document.Content != root.content || before.document.Analysis == nil {
		return nil
	}
	for key, old := range before.nodes {
		_, _ = s.child(ctx, key.document, key.version) // what went wrong is in s.err
		now := s.found[key]
		if (now == nil) != (old == nil) || now != nil && now.content != old.content {
			return nil
		}
	}
	return before.document.Analysis
}

func comparePins(a, b policy.Pin) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	if c := strings.Compare(a.Version, b.Version); c != 0 {
		return c
	}
	return strings.Compare(a.SHA256, b.SHA256)
}
