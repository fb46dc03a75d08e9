package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"handrail/audit"
	"handrail/policy"
)

// AuditLog is the audit log of a DB.
type AuditLog struct{ db *DB }

var _ audit.Log = AuditLog{}

// Audit returns the audit log. It is read only; entries are appended by transactions.
func (db *DB) Audit() AuditLog { return AuditLog{db} }

// One statement, so that what it says holds at one moment.
const readHead = `SELECT
	(SELECT size FROM audit_head WHERE id = 1),
	(SELECT edge FROM audit_head WHERE id = 1),
	(SELECT COUNT(*) FROM audit_head),
	(SELECT MIN(seq) FROM audit_entries),
	(SELECT MAX(seq) FROM audit_entries),
	(SELECT MAX(seq) FROM records)`

// Head returns what the database says of the log as a whole.
func (l AuditLog) Head(ctx context.Context) (audit.Head, error) {
	rows, err := l.db.reads.query(ctx, readHead, nil)
	if err != nil {
		return audit.Head{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return audit.Head{}, errors.Join(errors.New("the database answered nothing"), explain(rows.Err()))
	}
	var size, edge, first, last, record any
	var heads int64
	if err := rows.Scan(&size, &edge, &heads, &first, &last, &record); err != nil {
		return audit.Head{}, explain(err)
	}
	h := audit.Head{First: number(first)}
	var known bool
	if h.Size, known = size.(int64); !known {
		h.Missing = true
	}
	if h.Edge, known = text(edge); !known {
		h.Missing = true
	}
	if last != nil {
		h.Next = number(last) + 1
	}
	if heads > 1 {
		h.Problems = append(h.Problems, "The log has more than one head.")
	}
	if err := rows.Close(); err != nil {
		return h, explain(err)
	}
	if n, ok := record.(int64); record != nil && (!ok || n >= h.Next) { // SQLite keeps what is no number, too
		h.Problems = append(h.Problems, "There are records of decisions beyond the end of the log.")
	}
	return h, l.strays(ctx, &h)
}

// strays names records that stand in no place of the log.
func (l AuditLog) strays(ctx context.Context, h *audit.Head) error {
	rows, err := l.db.reads.query(ctx, "SELECT id FROM records WHERE seq < 0 ORDER BY id LIMIT 100", nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return explain(err)
		}
		h.Problems = append(h.Problems, fmt.Sprintf("The record %q of a decision stands in no place of the log.", id))
	}
	return explain(rows.Err())
}

func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

// Node returns the hashes of an entry, "" if it is not there.
func (l AuditLog) Node(ctx context.Context, seq int64) (leaf, node string, err error) {
	rows, err := l.db.reads.query(ctx, "SELECT leaf, node FROM audit_entries WHERE seq = $1", []any{seq})
	if err != nil {
		return "", "", err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&leaf, &node)
	}
	return leaf, node, explain(errors.Join(err, rows.Err()))
}

// atOnce is how many entries are read with one statement, so that a long look leaves the connections to others in between.
const atOnce = 512

// Entries calls f with entries in their order. Each decision is compared with its record.
func (l AuditLog) Entries(ctx context.Context, from, to int64, f func(*audit.Stored) error) error {
	for ; from < to; from += atOnce {
		if err := l.some(ctx, from, min(from+atOnce, to), f); err != nil {
			return err
		}
	}
	return nil
}

const (
	entryColumns = "seq, at, kind, subject, leaf, node, body"
	readEntries  = "SELECT " + entryColumns + " FROM audit_entries WHERE seq >= $1 AND seq < $2 ORDER BY seq"
	readPlaced   = "SELECT seq, " + recordColumns + " FROM records WHERE seq >= $1 AND seq < $2 ORDER BY seq"
)

func (l AuditLog) some(ctx context.Context, from, to int64, f func(*audit.Stored) error) error {
	placed, err := l.placed(ctx, from, to)
	if err != nil {
		return fmt.Errorf("reading records: %w", err)
	}
	rows, err := l.db.reads.query(ctx, readEntries, []any{from, to})
	if err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	defer rows.Close()
	var s audit.Stored
	for rows.Next() {
		if err := scanEntry(rows, &s); err != nil {
			return fmt.Errorf("reading the audit log: %w", err)
		}
		if s.Problem == "" {
			s.Problem = placed.judge(&s)
		}
		if err := f(&s); err != nil {
			return err
		}
	}
	return explain(rows.Err())
}

// scanEntry reads an entry. One that cannot be read is a problem and no error.
func scanEntry(rows *sql.Rows, s *audit.Stored) error {
	s.Problem, s.Body = "", s.Body[:0]
	var body sql.RawBytes
	err := rows.Scan(&s.Seq, (*moment)(&s.At), &s.Kind, &s.Subject, &s.Leaf, &s.Node, &body)
	if err == nil {
		s.Body = append(s.Body, body...)
		return nil
	}
	*s = audit.Stored{Problem: "It cannot be read."}
	rest := make([]any, width(entryColumns)-1)
	into := []any{&s.Seq}
	for i := range rest {
		into = append(into, &rest[i])
	}
	return explain(rows.Scan(into...))
}

// placed are records by their place in the log; those that cannot be read have no ID.
type placed map[int64]policy.Record

func (l AuditLog) placed(ctx context.Context, from, to int64) (placed, error) {
	rows, err := l.db.reads.query(ctx, readPlaced, []any{from, to})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := placed{}
	for rows.Next() {
		var seq int64
		var r policy.Record
		if rows.Scan(append([]any{&seq}, recordTargets(&r)...)...) != nil {
			rest := make([]any, width(recordColumns))
			into := []any{&seq}
			for i := range rest {
				into = append(into, &rest[i])
			}
			if err := rows.Scan(into...); err != nil {
				return nil, explain(err)
			}
			r = policy.Record{}
		}
		if _, twice := all[seq]; twice {
			r = policy.Record{}
		}
		all[seq] = r
	}
	return all, explain(rows.Err())
}

// judge says what is wrong with the record that belongs to s.
func (p placed) judge(s *audit.Stored) string {
	r, there := p[s.Seq]
	switch {
	case s.Kind != audit.Decision && there:
		return fmt.Sprintf("The record %q claims the place of another entry.", r.ID)
	case s.Kind != audit.Decision:
		return ""
	case !there:
		return "Its record is gone, or stands elsewhere."
	}
	return differs(r, &s.Entry)
}

// differs says how a record's row is not what its entry says, or "".
func differs(r policy.Record, e *audit.Entry) string {
	row, err := entry(r)
	if err != nil {
		return "Its record cannot be read."
	}
	if bytes.Equal(row.Body, e.Body) && row.Subject == e.Subject && row.Millis() == e.Millis() {
		return ""
	}
	var logged policy.Record // the same may be written in another way by another version of the program
	if json.Unmarshal(e.Body, &logged) != nil {
		return "It is not the JSON of a record."
	}
	was, err := entry(logged)
	if err != nil || !bytes.Equal(row.Body, was.Body) || row.Subject != e.Subject || row.Millis() != e.Millis() {
		return "Its record was changed: the row says something else than the log."
	}
	return ""
}
