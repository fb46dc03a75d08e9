package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// MaxSize is the size of the largest policy file in bytes.
const MaxSize = 1 << 20

// maxPairs bounds what grants multiply out to, so that a small file cannot fill the memory.
const maxPairs = 1_000_000

// Parse reads a policy file. The filename is used in errors alone. Every mistake is reported at once: the error is
// of type Errors, and the Policy is nil unless there is none. Parse never panics, whatever the data.
func Parse(filename string, data []byte) (*Policy, error) {
	r := &fileReader{reader: reader{file: filename, noun: "policy", data: data}, shapes: newShapes()}
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
		r.errors = Errors{{File: r.file, Message: fmt.Sprintf("The %s has %d bytes, and may have %d.", r.noun, len(data), MaxSize)}}
		return nil, false
	}
	if !r.readable(data) {
		return nil, false
	}
	var document, second yaml.Node
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err == nil {
		err = loader.Load(&document)
	}
	switch {
	case errors.Is(err, io.EOF), err == nil && len(document.Content) != 1:
		r.errors = Errors{{File: r.file, Message: "The " + r.noun + " is empty. It begins with `version: 1`."}}
		return nil, false
	case err != nil:
		r.syntax(err)
		return nil, false
	}
	if err := loader.Load(&second); !errors.Is(err, io.EOF) {
		r.fail(&second, "The %s goes on after its end. Leave out `---` and `...`, and what follows them.", r.noun)
		return nil, false
	}
	r.plain(&document)
	if len(r.errors) > 0 {
		r.errors.sort()
		return nil, false
	}
	return document.Content[0], true
}

// readable refuses what is not text, and text that reads otherwise than it is parsed: YAML takes U+2028 as the end of
// a line and so of a comment, and bidi characters turn a line around.
func (r *reader) readable(data []byte) bool {
	line, column := 1, 1
	for at := 0; at < len(data); column++ {
		c, size := utf8.DecodeRune(data[at:])
		switch {
		case c == utf8.RuneError && size == 1, c != '\n' && c != '\r' && c != '\t' && unicode.IsControl(c),
			at > 0 && unicode.Is(unicode.Cf, c) && c != zeroWidthJoiner, c == '\u2028', c == '\u2029':
			r.errors = Errors{{r.file, line, column,
				fmt.Sprintf("%+q is not allowed. The %s must be UTF-8 without control, bidi and zero-width characters.", data[at:at+size], r.noun)}}
			return false
		case c == '\n':
			line, column = line+1, 0
		}
		at += size
	}
	return true
}

// zeroWidthJoiner holds emoji together, in comments. Names and values cannot have it.
const zeroWidthJoiner = '\u200d'

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
	r.errors = append(r.errors, Error{r.file, e.Mark.Line, e.Mark.Column, fmt.Sprintf("This is not YAML: %s.", shown(e.Message))})
}
