package ssmserver

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

// The documents that every server has, written for it. Names with AWS- belong to Amazon, the others to the account.
//
//go:embed documents/*.yaml
var builtin embed.FS

// DocumentHash is the SHA-256 of version 1 of a built-in document, in hex, as DescribeDocument gives it; false if no
// built-in document has that name.
func DocumentHash(name string) (string, bool) {
	content, err := builtin.ReadFile("documents/" + name + ".yaml")
	if err != nil {
		return "", false
	}
	return hash(string(content)), true
}

func (l *library) addBuiltin() error {
	entries, err := builtin.ReadDir("documents")
	if err != nil {
		return fmt.Errorf("listing built-in documents: %w", err)
	}
	for _, entry := range entries {
		content, err := builtin.ReadFile("documents/" + entry.Name())
		if err != nil {
			return fmt.Errorf("reading built-in documents: %w", err)
		}
		name := strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))
		owner := l.account
		if strings.HasPrefix(name, "AWS-") {
			owner = ownerAmazon
		}
		if err := l.load(name, owner, string(content)); err != nil {
			return fmt.Errorf("loading the built-in document %s: %w", name, err)
		}
	}
	return nil
}
