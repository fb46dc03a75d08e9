package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"handrail/runbook"
)

// runbookFile is a runbook that was read. document is nil if it could not be parsed; problems says why.
type runbookFile struct {
	path     string
	document *runbook.Document
	problems []runbook.Problem
}

// readRunbook reads a file as far as a runbook can be long, and a byte more, so that a longer one is refused.
func readRunbook(path string) (*runbookFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage("reading a runbook: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, runbook.MaxSize+1))
	if err != nil {
		return nil, usage("reading a runbook: %w", err)
	}
	d, err := runbook.Parse(content)
	return &runbookFile{path: path, document: d, problems: runbook.Problems(err)}, nil
}

// runbookLibrary finds the documents that runbooks start: in a folder, and among the files themselves.
type runbookLibrary struct {
	byName map[string]string // a document's name in lower case, to its path
	read   map[string]*runbookFile
}

// newRunbookLibrary takes every runbook of a folder, "" meaning none, and some files.
func newRunbookLibrary(folder string, files []string) (*runbookLibrary, error) {
	l := &runbookLibrary{byName: map[string]string{}, read: map[string]*runbookFile{}}
	if folder != "" {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, usage("reading the folder of children: %w", err)
		}
		for _, entry := range entries {
			if !entry.IsDir() && isRunbook(entry.Name()) {
				l.add(filepath.Join(folder, entry.Name()))
			}
		}
	}
	for _, file := range files {
		l.add(file)
	}
	return l, nil
}

func isRunbook(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".yaml", ".yml":
		return true
	}
	return false
}

func (l *runbookLibrary) add(path string) { l.byName[strings.ToLower(documentName(path))] = path }

// open reads a file once.
func (l *runbookLibrary) open(path string) (*runbookFile, error) {
	if f, ok := l.read[path]; ok {
		return f, nil
	}
	f, err := readRunbook(path)
	if err != nil {
		return nil, err
	}
	l.read[path] = f
	return f, nil
}

var errNoRunbook = errors.New("there is no such runbook")

// child is a runbook.Children: a file stands for every version of its document.
func (l *runbookLibrary) child(name, _ string) (*runbook.Document, error) {
	path, ok := l.byName[strings.ToLower(name)]
	if !ok {
		return nil, errNoRunbook
	}
	f, err := l.open(path)
	if err != nil {
		return nil, err
	}
	if f.document == nil {
		return nil, fmt.Errorf("%s is no valid runbook", path)
	}
	return f.document, nil
}
