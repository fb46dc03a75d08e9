package slackserver

import (
	"bytes"
	"encoding/json"
	"regexp"
	"sync"
	"time"
)

const (
	journalEntries = 5_000
	journalBytes   = 32 << 20
)

// entry is one recorded call: a Web API method, a delivery to the app, or a
// Socket Mode acknowledgement.
type entry struct {
	Time       time.Time       `json:"time"`
	Method     string          `json:"method"`
	Request    json.RawMessage `json:"request"`
	Status     int             `json:"status"`
	Response   json.RawMessage `json:"response"`
	DurationMS float64         `json:"duration_ms"`
	Dropped    bool            `json:"dropped,omitempty"` // the reply was cut off by a fault
	Attempt    int             `json:"retry_attempt,omitempty"`
}

// journal is a bounded record, oldest dropped first.
type journal struct {
	mu      sync.Mutex
	entries []entry
	bytes   int
	hints   [][]byte // no secret without one of these
	secrets *regexp.Regexp
}

func newJournal(o Options) *journal {
	quoted := func(s string) string { return regexp.QuoteMeta(s) }
	hints := [][]byte{[]byte(o.BotToken), []byte(o.AppToken), []byte(o.SigningSecret), []byte("/commands/T"), []byte("/actions/T"), []byte("ticket=")}
	return &journal{hints: hints, secrets: regexp.MustCompile(
		quoted(o.BotToken) + `|` + quoted(o.AppToken) + `|` + quoted(o.SigningSecret) +
			`|(/(?:commands|actions)/T[A-Z0-9]+/)[A-Za-z0-9/]+|(ticket=)[A-Za-z0-9-]+`)}
}

// add records e with its secrets taken out.
func (j *journal) add(e entry) {
	e.Request, e.Response = j.redact(e.Request), j.redact(e.Response)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	j.bytes += e.size()
	drop := 0
	for kept := len(j.entries); drop < kept-1 && (kept-drop > journalEntries || j.bytes > journalBytes); drop++ {
		j.bytes -= j.entries[drop].size()
	}
	j.entries = j.entries[drop:]
}

func (e entry) size() int { return len(e.Request) + len(e.Response) + 128 }

func (j *journal) redact(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	for _, hint := range j.hints {
		if bytes.Contains(raw, hint) {
			return j.secrets.ReplaceAll(raw, []byte("${1}${2}[redacted]"))
		}
	}
	return raw
}

// list returns the entries of a method, or all, oldest first.
func (j *journal) list(method string) []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := []entry{}
	for _, e := range j.entries {
		if method == "" || e.Method == method {
			out = append(out, e)
		}
	}
	return out
}

func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries, j.bytes = nil, 0
}
