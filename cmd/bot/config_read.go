package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"handrail/policy"
)

// configKeys are the keys of each mapping in the file.
var configKeys = map[string][]string{
	"":           {"slack", "aws", "store", "policy", "policy_key", "metrics", "log", "audit"},
	"slack":      {"mode", "app_token", "bot_token", "signing_secret", "previous_signing_secret", "api_url", "listen", "alerts_channel"},
	"aws":        {"region", "endpoint_url", "quotas"},
	"aws.quotas": {"start", "stop", "describe", "document"},
	"store":      {"url"},
	"metrics":    {"listen"},
	"log":        {"level", "format"},
	"audit":      {"key", "every", "file", "channel", "s3"},
}

// maxConfig is the largest configuration file in bytes.
const maxConfig = 1 << 20

// place is where something stands in the file, from 1.
type place struct{ line, column int }

// mistakes collects what is wrong with a configuration, each with its place.
type mistakes struct {
	path   string
	places map[string]place
	all    policy.Errors
}

// add notes a mistake about a key: where it stands, or where the nearest mapping around it does if it is missing.
func (m *mistakes) add(key, format string, args ...any) {
	at, ok := m.places[key]
	for !ok && key != "" {
		key = key[:max(0, strings.LastIndex(key, "."))]
		at, ok = m.places[key]
	}
	m.addAt(at, format, args...)
}

func (m *mistakes) addAt(at place, format string, args ...any) {
	m.all = append(m.all, policy.Error{File: m.path, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)})
}

// err is a usage error with one line for each mistake, in the order of the file, or nil.
func (m *mistakes) err() error {
	if len(m.all) == 0 {
		return nil
	}
	slices.SortStableFunc(m.all, func(a, b policy.Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return usageError{slices.Compact(m.all)}
}

// readConfig reads the file and checks it. The mistakes come beside what could be read; an error means that nothing could.
func readConfig(path string) (*config, *mistakes, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, usage("reading the configuration: %w", err)
	}
	if len(data) > maxConfig {
		return nil, nil, usage("%s: the file is larger than 1 MiB", path)
	}
	root, err := parseConfig(path, data)
	if err != nil {
		return nil, nil, err
	}
	w := configWalk{mistakes: mistakes{path: path, places: map[string]place{"": {root.Line, root.Column}}}}
	w.mapping("", root)
	c := &config{path: path, places: w.places}
	if err := root.Load(c); err != nil { // only after the walk found why; its own words might quote a secret
		w.add("", "The configuration cannot be read.")
	}
	c.defaults()
	c.check(&w)
	return c, &w.mistakes, nil
}

// parseConfig turns the bytes into the one mapping of the file.
func parseConfig(path string, data []byte) (*yaml.Node, error) {
	var document, second yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err == nil {
		err = loader.Load(&document)
	}
	switch {
	case errors.Is(err, io.EOF), err == nil && len(document.Content) != 1:
		return nil, usage("%s: The configuration is empty. It begins with `slack:`; docs/operations.md lists the keys.", path)
	case err != nil:
		return nil, notYAML(path, err)
	}
	if err := loader.Load(&second); !errors.Is(err, io.EOF) {
		return nil, usageError{policy.Error{File: path, Line: second.Line, Column: second.Column,
			Message: "The configuration goes on after its end. Leave out `---` and `...`, and what follows them."}}
	}
	return document.Content[0], nil
}

func notYAML(path string, err error) error {
	m := mistakes{path: path}
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
		for _, e := range all.Errors {
			m.addAt(place{e.Mark.Line, e.Mark.Column}, "This is not YAML: %s.", unquoted(e.Message))
		}
	case errors.As(err, &one):
		m.addAt(place{one.Mark.Line, one.Mark.Column}, "This is not YAML: %s.", unquoted(one.Message))
	}
	if len(m.all) == 0 {
		m.addAt(place{}, "This is not YAML.")
	}
	return m.err()
}

var quotation = regexp.MustCompile(`(['"` + "`" + `]).{2,}['"` + "`" + `]`)

// unquoted takes out what the parser quotes of the file: it may be part of a secret.
func unquoted(message string) string { return printable(quotation.ReplaceAllString(message, "(…)")) }

// configWalk checks the shape of the file and takes out of it what cannot be read.
type configWalk struct {
	mistakes
	broken map[string]bool // mappings that are none, and keys whose value was taken out
}

func (w *configWalk) fail(n *yaml.Node, format string, args ...any) {
	w.addAt(place{n.Line, n.Column}, format, args...)
}

// skip notes that nothing more is to be said about a key.
func (w *configWalk) skip(key string) {
	if w.broken == nil {
		w.broken = map[string]bool{}
	}
	w.broken[key] = true
}

// mapping keeps the keys that are known, come once and have a value that fits.
func (w *configWalk) mapping(name string, n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		w.fail(n, "Aliases and anchors are not allowed here. Write the value out.")
		w.skip(name)
		n.Kind, n.Content, n.Alias, n.Anchor = yaml.MappingNode, nil, nil, ""
		return false
	}
	if n.Kind != yaml.MappingNode {
		w.fail(n, "%s must be a mapping of key: value.", sentence(named(name)))
		w.skip(name)
		*n = yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}
		return false
	}
	keys, seen := configKeys[name], map[string]bool{}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		full := strings.TrimPrefix(name+"."+key.Value, ".")
		switch {
		case !slices.Contains(keys, key.Value):
			w.fail(key, "%s has no key %q%s", sentence(named(name)), cut(key.Value), suggest(key.Value, keys))
			continue
		case seen[key.Value]:
			w.fail(key, "%s has the key %q twice.", sentence(named(name)), key.Value)
			continue
		}
		seen[key.Value] = true
		w.places[full] = place{key.Line, key.Column}
		if w.value(full, value) {
			kept = append(kept, key, value)
		}
	}
	n.Content = kept
	return true
}

// value checks what stands behind a key, and says whether it can be read.
func (w *configWalk) value(key string, n *yaml.Node) bool {
	if _, ok := configKeys[key]; ok {
		return w.mapping(key, n)
	}
	_, wrong := strconv.ParseFloat(n.Value, 64)
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		w.fail(n, "Aliases and anchors are not allowed here. Write the value out.")
	case n.Kind != yaml.ScalarNode || n.Style&yaml.TaggedStyle != 0:
		w.fail(n, "%s must be a single value.", key)
	case n.ShortTag() == "!!null" || n.Value == "":
		w.fail(n, "%s is empty. Fill it in, or leave it out.", key)
	case strings.HasPrefix(key, "aws.quotas.") && (wrong != nil || n.Value[0] == '-'):
		w.fail(n, "%s must be a number of calls a second, such as 5.", key)
	default:
		return true
	}
	w.skip(key)
	return false
}

func named(mapping string) string {
	if mapping == "" {
		return "the configuration"
	}
	return mapping
}

// sentence gives a sentence its capital, unless it begins with a key of the file.
func sentence(text string) string {
	if strings.Contains(text, " ") {
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}

// cut keeps what may be anything from filling a message, and a token in the wrong place out of it.
func cut(text string) string {
	if strings.Contains(text, "xox") || strings.Contains(text, "xapp") {
		return hidden
	}
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}

func suggest(word string, words []string) string {
	near := policy.Nearest(word, words)
	if len(near) == 0 {
		return fmt.Sprintf(" (its keys: %s).", strings.Join(words, ", "))
	}
	return fmt.Sprintf(". Did you mean %s?", near[0])
}
