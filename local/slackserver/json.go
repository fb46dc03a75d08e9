package slackserver

import (
	"bytes"
	"encoding/json"
)

// toJSON encodes what this package built itself; such values always encode.
func toJSON(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // Slack sends < and > as they are
	if err := enc.Encode(v); err != nil {
		return json.RawMessage(`{"ok":false,"error":"internal_error"}`)
	}
	return bytes.TrimRight(buf.Bytes(), "\n")
}

// decode reads any JSON value, keeping numbers as written.
func decode(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}

// empty says whether raw holds nothing worth storing.
func empty(raw string) bool {
	switch raw {
	case "", "null", "[]", "{}":
		return true
	}
	return false
}

// object and text read one field of a decoded JSON object; wrong types read as
// nothing.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func array(v any) []any {
	a, _ := v.([]any)
	return a
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
