package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// MaxSize is the size of the largest policy file in bytes.
const MaxSize = 1 << 20

// maxPairs bounds what grants multiply out to, so that a small file cannot fill the memory.
const maxPairs = 1_000_000

// Parse reads a policy file. The filename is used in errors alone. Every mistake is reported at once: the error is
// of type Errors, and the Policy is nil unless there is none. Parse never panics, whatever the data.
func Parse(filename string, data []byte) (*Policy, error) {
	r := &fileReader{reader: reader{file: filename}, shapes: newShapes()}
	root, ok := r.load(data)
	if !ok {
		return nil, r.errors
	}
	p := r.policy(root)
	if len(r.errors) > 0 {
		r.errors.sort()
		return nil, r.errors
	}
	sum := sha256.Sum256(data)
	p.hash = hex.EncodeToString(sum[:])
	p.buildIndex()
	return p, nil
}

// load turns the bytes into nodes that are safe to walk.
func (r *reader) load(data []byte) (*yaml.Node, bool) {
	if len(data) > MaxSize {
		r.errors = Errors{{File: r.file, Message: fmt.Sprintf("The policy has %d bytes, and may have %d.", len(data), MaxSize)}}
		return nil, false
	}
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		r.syntax(err)
		return nil, false
	}
	if len(document.Content) != 1 {
		r.errors = Errors{{File: r.file, Message: "The policy is empty. It begins with `version: 1`."}}
		return nil, false
	}
	r.plain(&document)
	if len(r.errors) > 0 {
		r.errors.sort()
		return nil, false
	}
	return document.Content[0], true
}

// syntax reports that the file is not one YAML document.
func (r *reader) syntax(err error) {
	var all *yaml.LoadErrors
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
		for _, e := range all.Errors {
			r.syntaxAt(e)
		}
	case errors.As(err, &one):
		r.syntaxAt(one)
	}
	if len(r.errors) == 0 {
		r.errors = Errors{{File: r.file, Message: fmt.Sprintf("This is not YAML: %s.", shown(err.Error()))}}
	}
}

func (r *reader) syntaxAt(e *yaml.LoadError) {
	message := fmt.Sprintf("This is not YAML: %s.", shown(e.Message))
	if e.Mark.Line == 0 {
		message = fmt.Sprintf("This is not one YAML document: %s.", shown(e.Message))
	}
	r.errors = append(r.errors, Error{File: r.file, Line: e.Mark.Line, Column: e.Mark.Column, Message: message})
}
