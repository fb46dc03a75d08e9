package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ExportOptions say what to write and how.
type ExportOptions struct {
	Log   Log
	CSV   bool      // JSON if false
	Since time.Time // only entries from then on; the zero time means all
}

// Export writes entries as they are read, so that a long log needs no memory. What looks like a secret is redacted. JSON is one
// object with the entries in a list, one a line; CSV is that of RFC 4180, with a quote before a cell that a spreadsheet would
// take for a formula. It returns how many of the entries it wrote are damaged; they are marked.
func Export(ctx context.Context, w io.Writer, o ExportOptions) (damaged int, err error) {
	head, err := o.Log.Head(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the audit log: %w", err)
	}
	var out exporter = &jsonExporter{w: w}
	if o.CSV {
		lines := csv.NewWriter(w)
		lines.UseCRLF = true
		out = &csvExporter{w: lines}
	}
	if err := out.open(); err != nil {
		return 0, fmt.Errorf("writing: %w", err)
	}
	err = o.Log.Entries(ctx, 0, head.Next, func(s *Stored) error {
		if s.At.Before(o.Since) {
			return nil
		}
		line := exported{Seq: s.Seq, At: s.At.UTC(), Kind: s.Kind, Subject: redacted(s.Subject), Leaf: s.Leaf, Body: redactedBody(s.Body)}
		if s.Problem != "" || s.Entry.Leaf().String() != s.Leaf {
			line.Damaged = true
			damaged++
		}
		return out.entry(&line)
	})
	if err != nil {
		return damaged, fmt.Errorf("exporting the audit log: %w", err)
	}
	return damaged, out.close()
}

// exported is an entry as scripts read it: JSON keys are a contract.
type exported struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Kind    Kind            `json:"kind"`
	Subject string          `json:"subject"`
	Leaf    string          `json:"leaf"`
	Damaged bool            `json:"damaged,omitempty"`
	Body    json.RawMessage `json:"body"`
}

type exporter interface {
	open() error
	entry(e *exported) error
	close() error
}

type jsonExporter struct {
	w    io.Writer
	some bool
}

func (x *jsonExporter) open() error { return x.write(`{"entries":[`) }

func (x *jsonExporter) entry(e *exported) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	before := "\n"
	if x.some {
		before = ",\n"
	}
	x.some = true
	return x.write(before + string(text))
}

func (x *jsonExporter) close() error { return x.write("\n]}\n") }

func (x *jsonExporter) write(text string) error {
	_, err := io.WriteString(x.w, text)
	return err
}

type csvExporter struct{ w *csv.Writer }

func (x *csvExporter) open() error {
	return x.w.Write([]string{"seq", "at", "kind", "subject", "leaf", "damaged", "body"})
}

func (x *csvExporter) entry(e *exported) error {
	return x.w.Write([]string{strconv.FormatInt(e.Seq, 10), e.At.Format("2006-01-02T15:04:05.000Z"), neutral(string(e.Kind)),
		neutral(e.Subject), neutral(e.Leaf), strconv.FormatBool(e.Damaged), neutral(string(e.Body))})
}

func (x *csvExporter) close() error {
	x.w.Flush()
	return x.w.Error()
}

// neutral keeps a spreadsheet from taking a cell for a formula (owasp.org/www-community/attacks/CSV_Injection).
func neutral(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
