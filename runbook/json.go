package runbook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// readJSON reads exactly one JSON value. Unlike encoding/json it refuses duplicate keys and invalid UTF-8.
func readJSON(content []byte) (*node, error) {
	if !utf8.Valid(content) {
		line, col := position(content, invalidUTF8(content))
		return nil, fail(line, col, "the text is not valid UTF-8")
	}
	r := &jsonReader{content: content, dec: json.NewDecoder(bytes.NewReader(content)), line: 1, col: 1}
	r.dec.UseNumber()
	root, err := r.read(0)
	if err != nil {
		return nil, r.explain(err)
	}
	line, col := r.place()
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fail(line, col, "there is more text after the end of the JSON document")
	}
	if len(r.duplicates) > 0 {
		return nil, &ParseError{Problems: r.duplicates}
	}
	return root, nil
}

type jsonReader struct {
	content    []byte
	dec        *json.Decoder
	duplicates []Problem
	// seen, line and col remember the last place, so that counting lines stays linear.
	seen, line, col int
}

// read takes the next value from the decoder, whose Token checks the grammar.
func (r *jsonReader) read(depth int) (*node, error) {
	line, col := r.place()
	if depth > maxDepth {
		return nil, fail(line, col, "nested deeper than %d levels", maxDepth)
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{line: line, col: col}
	switch v := token.(type) {
	case string:
		n.kind, n.text, n.source, n.style = kindString, v, r.content, styleJSON
	case json.Number:
		n.kind, n.text = kindNumber, v.String()
	case bool:
		n.kind, n.text = kindBool, fmt.Sprint(v)
	case json.Delim:
		if v == '[' {
			return n, r.readList(n, depth)
		}
		return n, r.readObject(n, depth)
	}
	return n, nil
}

func (r *jsonReader) readList(n *node, depth int) error {
	n.kind = kindList
	for r.dec.More() {
		item, err := r.read(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.dec.Token()
	return err
}

func (r *jsonReader) readObject(n *node, depth int) error {
	n.kind = kindObject
	seen := map[string]bool{}
	for r.dec.More() {
		line, col := r.place()
		token, err := r.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			r.duplicates = append(r.duplicates, duplicate(line, col, name))
		}
		seen[name] = true
		value, err := r.read(depth + 1)
		if err != nil {
			return err
		}
		n.fields = append(n.fields, field{name: name, line: line, col: col, value: value})
	}
	_, err := r.dec.Token()
	return err
}

func duplicate(line, col int, name string) Problem {
	return Problem{Line: line, Column: col, Severity: SeverityError, Rule: "duplicate-key", Message: fmt.Sprintf("the key %q is given twice", name)}
}

// place is where the next token begins: the decoder's offset is the end of the last one.
func (r *jsonReader) place() (int, int) {
	offset := int(r.dec.InputOffset())
	for offset < len(r.content) && bytes.IndexByte([]byte(" \t\r\n,:"), r.content[offset]) >= 0 {
		offset++
	}
	for ; r.seen < offset; r.seen++ {
		if r.content[r.seen] == '\n' {
			r.line, r.col = r.line+1, 1
		} else {
			r.col++
		}
	}
	return r.line, r.col
}

func (r *jsonReader) explain(err error) error {
	var parse *ParseError
	if errors.As(err, &parse) {
		return parse
	}
	// The decoder of tokens says where the last token ended; the one of whole values where the wrong character is.
	var syntax, whole *json.SyntaxError
	if errors.As(err, &syntax) {
		if errors.As(json.Unmarshal(r.content, &json.RawMessage{}), &whole) {
			syntax = whole
		}
		line, col := position(r.content, int(syntax.Offset)-1)
		return fail(line, col, "not valid JSON: %s", syntax.Error())
	}
	line, col := position(r.content, len(r.content))
	return fail(line, col, "not valid JSON: the text ends too early")
}

// position turns an offset into a line and a column, both from 1.
func position(content []byte, offset int) (line, col int) {
	offset = min(max(offset, 0), len(content))
	line = 1 + bytes.Count(content[:offset], []byte("\n"))
	return line, offset - bytes.LastIndexByte(content[:offset], '\n')
}

func invalidUTF8(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(content)
}
