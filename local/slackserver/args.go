package slackserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxBody bounds every request body. Slack's largest view is 250 kB.
const maxBody = 1 << 20

// args are the arguments of one Web API call, whatever form they came in.
// Structured arguments are kept as JSON text.
type args map[string]string

// structured are the arguments that hold JSON; every other one is plain text,
// even when it looks like JSON.
func structured(name string) bool {
	switch name {
	case "blocks", "attachments", "view", "metadata", "unfurls", "files", "chunks", "loading_messages":
		return true
	}
	return false
}

// readArgs decodes a form, JSON or multipart request. The token may stand in
// the Authorization header or among the arguments; it is returned even when the
// body is bad.
func readArgs(w http.ResponseWriter, r *http.Request) (args, string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	out, err := readBody(r)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = refuse("request_too_large")
	}
	if err != nil {
		out = args{}
	}
	for key, values := range r.URL.Query() {
		if _, given := out[key]; !given && len(values) > 0 {
			out[key] = values[0]
		}
	}
	token := out["token"]
	delete(out, "token")
	if scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(value)
	}
	return out, token, err
}

func readBody(r *http.Request) (args, error) {
	kind := r.Header.Get("Content-Type")
	media, params, err := mime.ParseMediaType(kind)
	if kind == "" || r.Method == http.MethodGet {
		return args{}, nil
	}
	if err != nil {
		return nil, refuse("invalid_post_type")
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "iso-8859-1") {
		return nil, refuse("invalid_charset")
	}
	switch media {
	case "application/json":
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("reading the body: %w", err)
		}
		return jsonArgs(raw)
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return nil, formError(err)
		}
	case "multipart/form-data":
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return nil, formError(err)
		}
	default:
		return nil, refuse("invalid_post_type")
	}
	out := args{}
	for key, values := range r.PostForm {
		out[key] = values[0]
	}
	return out, nil
}

func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return refuse("invalid_form_data")
}

// jsonArgs takes a JSON object apart: text stays text, null is absent, anything
// else is kept as JSON.
func jsonArgs(raw []byte) (args, error) {
	out := args{}
	if len(bytes.TrimSpace(raw)) == 0 {
		return out, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, refuse("invalid_json")
		}
		return nil, refuse("json_not_object")
	}
	for key, value := range fields {
		var text string
		switch {
		case string(value) == "null":
		case json.Unmarshal(value, &text) == nil:
			out[key] = text
		default:
			out[key] = string(value)
		}
	}
	return out, nil
}

func (a args) has(key string) bool { return a[key] != "" }

func (a args) bool(key string) bool {
	value, err := strconv.ParseBool(a[key])
	return err == nil && value
}

// int returns the argument, or fallback when absent, and refuses what is no
// number between low and high.
func (a args) int(key string, fallback, low, high int) (int, error) {
	if !a.has(key) {
		return fallback, nil
	}
	n, err := strconv.Atoi(a[key])
	if err != nil || n < low {
		return 0, badArgument(key, fmt.Sprintf("must be a number from %d to %d", low, high))
	}
	return min(n, high), nil
}

// list splits a comma-separated argument, or a JSON array of strings.
func (a args) list(key string) []string {
	value := strings.TrimSpace(a[key])
	var items []string
	if strings.HasPrefix(value, "[") && json.Unmarshal([]byte(value), &items) == nil {
		return items
	}
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// journalled is a copy fit for the record: JSON as JSON, the rest as text.
func (a args) journalled() map[string]any {
	out := make(map[string]any, len(a))
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if value := a[key]; structured(key) && json.Valid([]byte(value)) {
			out[key] = json.RawMessage(value)
		} else {
			out[key] = value
		}
	}
	return out
}
