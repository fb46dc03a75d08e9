package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"handrail/audit"
	"handrail/policy"
)

// Note appends e to the log, in the place that is next.
func (t *tx) Note(ctx context.Context, e audit.Entry) error {
	log, err := t.head(ctx)
	if err != nil {
		return err
	}
	return t.append(ctx, log, e)
}

const lockHead = "SELECT size, edge FROM audit_head WHERE id = 1"

// head locks the log until the transaction ends, so that whoever wants to decide something waits, and returns its right edge.
// It is read in every transaction: what is kept in memory could be what was undone.
func (t *tx) head(ctx context.Context) (*audit.Tree, error) {
	if t.log != nil {
		return t.log, nil
	}
	rows, err := t.query(ctx, lockHead+t.forUpdate, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the audit log's head: %w", err)
	}
	defer rows.Close()
	var size int64
	var edge string
	if rows.Next() {
		err = rows.Scan(&size, &edge)
	} else if err = rows.Err(); err == nil {
		err = errors.New("it is missing: restore a backup")
	}
	if err == nil {
		t.log, err = audit.ReadTree(size, edge)
	}
	if err = errors.Join(explain(err), rows.Close()); err != nil {
		t.log, t.failed = nil, fmt.Errorf("reading the audit log's head: %w", err)
	}
	return t.log, t.failed
}

const (
	insertEntry = "INSERT INTO audit_entries (seq, at, kind, subject, leaf, node, body) VALUES ($1, $2, $3, $4, $5, $6, $7)"
	moveHead    = "UPDATE audit_head SET size = $1, edge = $2 WHERE id = 1"
)

// append writes e at the end of log, which head returned.
func (t *tx) append(ctx context.Context, log *audit.Tree, e audit.Entry) error {
	e.Seq = log.Size()
	if t.failed = e.Check(); t.failed != nil { // nothing may happen that is not written
		return t.failed
	}
	leaf := e.Leaf()
	node := log.Append(leaf)
	_, err := t.exec(ctx, insertEntry, []any{e.Seq, e.Millis(), string(e.Kind), e.Subject, leaf.String(), node.String(), string(e.Body)})
	if err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	n, err := t.exec(ctx, moveHead, []any{log.Size(), log.Edge()})
	if err == nil && n != 1 {
		err = errors.New("its head is missing: restore a backup")
		t.failed = err
	}
	if err != nil {
		return fmt.Errorf("writing the audit log: %w", err)
	}
	return nil
}

// entry is what the log keeps of a record.
func entry(r policy.Record) (audit.Entry, error) {
	body, err := json.Marshal(stored(r))
	if err != nil {
		return audit.Entry{}, fmt.Errorf("writing the record %s as JSON: %w", r.ID, err)
	}
	return audit.Entry{At: r.At, Kind: audit.Decision, Subject: cleaned(r.ID), Body: body}, nil
}

// stored is r as it comes back from its row.
func stored(r policy.Record) policy.Record {
	if !r.At.IsZero() {
		r.At = time.UnixMilli(r.At.UnixMilli()).UTC()
	}
	for _, s := range []*string{&r.ID, &r.Key, (*string)(&r.Entry), (*string)(&r.Action), &r.Actor, &r.Team, &r.Channel, &r.Runbook,
		&r.Execution, (*string)(&r.Code), &r.Rule, &r.Sentence, &r.Near, &r.Policy} {
		*s = cleaned(*s)
	}
	return r
}

// agreed are the yeses to an execution's approval, each with its entry.
const agreed = "SELECT " + recordColumns + ", seq FROM records" +
	" WHERE execution <> '' AND execution = $1 AND action = $2 AND allowed = 1 ORDER BY at, id LIMIT 100"

// Agreed returns the records of what approvers said yes to, oldest first, and fails if the audit log has them otherwise: a
// vote that was written or changed by hand counts for nothing.
func (t *tx) Agreed(ctx context.Context, execution string) ([]policy.Record, error) {
	rs, seqs, err := t.agreed(ctx, execution)
	if err != nil {
		return nil, fmt.Errorf("reading approvals: %w", err)
	}
	for i, r := range rs {
		if err := t.logged(ctx, r, seqs[i]); err != nil {
			t.failed = fmt.Errorf("reading approvals: %w", err)
			return nil, t.failed
		}
	}
	return rs, nil
}

func (t *tx) agreed(ctx context.Context, execution string) (rs []policy.Record, seqs []int64, err error) {
	rows, err := t.query(ctx, agreed, []any{execution, string(policy.Approve)})
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r policy.Record
		var seq int64
		if err := rows.Scan(append(recordTargets(&r), &seq)...); err != nil {
			return nil, nil, explain(err)
		}
		rs, seqs = append(rs, r), append(seqs, seq)
	}
	return rs, seqs, explain(errors.Join(rows.Err(), rows.Close()))
}

// ErrTampered says that the audit log and what it tells of differ.
var ErrTampered = errors.New("the audit log says something else; bot audit verify shows what")

// logged returns ErrTampered unless the entry at seq is r's, and is what its hash was made of.
func (t *tx) logged(ctx context.Context, r policy.Record, seq int64) error {
	rows, err := t.query(ctx, readEntries, []any{seq, seq + 1})
	if err != nil {
		return err
	}
	defer rows.Close()
	var s audit.Stored
	if rows.Next() {
		err = scanEntry(rows, &s)
	} else {
		s.Problem = "missing"
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return explain(err)
	}
	if s.Problem != "" || s.Seq != seq || s.Kind != audit.Decision || s.Entry.Leaf().String() != s.Leaf || differs(r, &s.Entry) != "" {
		return fmt.Errorf("the record %s: %w", r.ID, ErrTampered)
	}
	return nil
}
