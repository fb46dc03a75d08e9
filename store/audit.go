package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

// Agreed returns the records of what approvers said yes to.
func (t *tx) Agreed(ctx context.Context, execution string) ([]policy.Record, error) {
	var f filter
	f.add("execution <> '' AND execution = ", execution)
	f.add("action = ", string(policy.Approve))
	f.add("allowed = ", int64(1))
	rs, err := records(ctx, t, f, 100)
	if err != nil {
		return nil, fmt.Errorf("reading approvals: %w", err)
	}
	slices.Reverse(rs)
	return rs, nil
}
