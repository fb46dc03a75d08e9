package ssmserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"handrail/runbook"
)

const (
	ownerAmazon    = "Amazon"
	typeAutomation = "Automation"
	formatJSON     = "JSON"
	formatYAML     = "YAML"
)

// library holds the documents of the account and of Amazon.
type library struct {
	account string

	mu        sync.RWMutex
	documents map[string]*document
}

// document is one name with its versions, which never change once made.
type document struct {
	name, owner, displayName, targetType string
	tags                                 []tag
	shares                               share      // never changed once set
	versions                             []*version // by number; deleted ones are gone
	next                                 int
	standard                             int // the number of the default version
}

type version struct {
	number  int
	name    string
	content string
	format  string
	created time.Time
	parsed  *runbook.Document
}

type tag struct{ Key, Value string }

func (v *version) hash() string { return hash(v.content) }

func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func formatOf(content string) string {
	if strings.HasPrefix(strings.TrimLeft(content, " \t\r\n"), "{") {
		return formatJSON
	}
	return formatYAML
}

func newLibrary(o Options) (*library, error) {
	l := &library{account: o.Account, documents: map[string]*document{}}
	if err := l.addBuiltin(); err != nil {
		return nil, err
	}
	if o.Documents == "" {
		return l, nil
	}
	return l, l.addFolder(o.Documents)
}

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{3,128}$`)

// addFolder loads every runbook of a folder, or says what is wrong with all of them at once.
func (l *library) addFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("reading the documents folder: %w", err)
	}
	var problems []error
	for _, entry := range entries {
		ext := filepath.Ext(entry.Name())
		if entry.IsDir() || !slices.Contains([]string{".json", ".yml", ".yaml"}, ext) {
			continue
		}
		file := filepath.Join(folder, entry.Name())
		content, err := os.ReadFile(file)
		if err == nil {
			err = l.load(strings.TrimSuffix(entry.Name(), ext), l.account, string(content))
		}
		for _, p := range runbook.Problems(err) {
			problems = append(problems, fmt.Errorf("%s:%s", file, p))
		}
		if err != nil && runbook.Problems(err) == nil {
			problems = append(problems, fmt.Errorf("%s: %w", file, err))
		}
	}
	return errors.Join(problems...)
}

// load adds version 1 of a document as it is, without the rules that CreateDocument has for names.
func (l *library) load(name, owner, content string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("%q is no document name; one has 3 to 128 letters, digits, dots, dashes and underscores", name)
	}
	if l.documents[name] != nil {
		return fmt.Errorf("there is already a document %s", name)
	}
	parsed, err := readDocument(content)
	if err != nil {
		return err
	}
	d := &document{name: name, owner: owner, next: 1, standard: 1}
	d.add(content, formatOf(content), "", parsed)
	l.documents[name] = d
	return nil
}

// readDocument parses a document and checks what the service checks when it is created.
func readDocument(content string) (*runbook.Document, error) {
	parsed, err := runbook.Parse([]byte(content))
	if err != nil {
		return nil, err
	}
	if problems := parsed.Check(); len(problems) > 0 {
		return nil, &runbook.ParseError{Problems: problems}
	}
	return parsed, nil
}

func (d *document) add(content, format, name string, parsed *runbook.Document) *version {
	v := &version{number: d.next, name: name, content: content, format: format, created: time.Now(), parsed: parsed}
	d.next++
	d.versions = append(d.versions, v)
	return v
}

// maxContent bounds what all documents hold together, in bytes. AWS has no such limit.
const maxContent = 32 << 20

// full says whether there is no room for so much more content. Call it with the lock held.
func (l *library) full(more int) bool {
	for _, d := range l.documents {
		for _, v := range d.versions {
			more += len(v.content)
		}
	}
	return more > maxContent
}

// owned counts the account's own documents. Call it with the lock held.
func (l *library) owned() int {
	n := 0
	for _, d := range l.documents {
		if d.owner == l.account {
			n++
		}
	}
	return n
}

func (d *document) latest() *version { return d.versions[len(d.versions)-1] }

func (d *document) version(number int) *version {
	for _, v := range d.versions {
		if v.number == number {
			return v
		}
	}
	return nil
}

// pick finds the version that a request names: "" and $DEFAULT, $LATEST, or a number; and by its version name, if given.
// It is nil if there is none such.
func (d *document) pick(spec, name string) *version {
	if name != "" {
		i := slices.IndexFunc(d.versions, func(v *version) bool { return v.name == name })
		if i < 0 || spec != "" && d.pick(spec, "") != d.versions[i] {
			return nil
		}
		return d.versions[i]
	}
	switch spec {
	case "", "$DEFAULT":
		return d.version(d.standard)
	case "$LATEST":
		return d.latest()
	}
	number, err := strconv.Atoi(spec)
	if err != nil {
		return nil
	}
	return d.version(number)
}

// plainName takes the name out of a document's ARN of this account or of Amazon; false for any other ARN.
func (l *library) plainName(name string) (string, bool) {
	if !strings.HasPrefix(name, "arn:") {
		return name, !strings.ContainsAny(name, ":/")
	}
	parts := strings.SplitN(name, ":", 6)
	if len(parts) < 6 || parts[2] != "ssm" || parts[4] != l.account && parts[4] != "" {
		return "", false
	}
	plain, ok := strings.CutPrefix(parts[5], "document/")
	return plain, ok && !strings.ContainsAny(plain, ":/")
}

// find answers copies, so that nothing needs the lock afterwards. The version is nil if only the document exists.
func (l *library) find(name, spec, versionName string) (d document, v *version, ok bool) {
	plain, ok := l.plainName(name)
	if !ok {
		return document{}, nil, false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	found := l.documents[plain]
	if found == nil {
		return document{}, nil, false
	}
	return found.copy(), found.pick(spec, versionName), true
}

func (d *document) copy() document {
	out := *d
	out.versions, out.tags = slices.Clone(d.versions), slices.Clone(d.tags)
	return out
}
