package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"handrail/automation"
	"handrail/policy"
)

const lockColumns = "id, runbook, parameters, set_by, reason, at, until, ended_by"

var insertLock = "INSERT INTO locks (" + lockColumns + ") VALUES (" + holes(1, width(lockColumns)) + ")"

// Lock stores l.
func (t *tx) Lock(ctx context.Context, l policy.Lock) error {
	if _, err := t.head(ctx); err != nil {
		return err
	}
	_, err := t.exec(ctx, insertLock, []any{l.ID, l.Runbook, encoded{l.Parameters, len(l.Parameters) == 0}, l.By, l.Reason,
		millis(l.At), millis(l.Until), l.EndedBy})
	if err != nil {
		return fmt.Errorf("storing the lock: %w", err)
	}
	return nil
}

const endLock = "UPDATE locks SET until = $3, ended_by = $2 WHERE id = $1 AND until > $3"

// Unlock ends a lock now.
func (t *tx) Unlock(ctx context.Context, id, by string, now time.Time) (policy.Lock, error) {
	if _, err := t.head(ctx); err != nil {
		return policy.Lock{}, err
	}
	found, err := locks(ctx, t, "WHERE id = $1 AND until > $2", id, millis(now))
	if err != nil {
		return policy.Lock{}, err
	}
	if len(found) == 0 {
		return policy.Lock{}, automation.ErrNotFound
	}
	n, err := t.exec(ctx, endLock, []any{id, by, millis(now)})
	switch {
	case err != nil:
		return policy.Lock{}, fmt.Errorf("ending the lock: %w", err)
	case n == 0: // somebody else was faster
		return policy.Lock{}, automation.ErrNotFound
	}
	return found[0], nil
}

// Locks returns the runbook's locks, oldest first. None is set or ended until the transaction ends.
func (t *tx) Locks(ctx context.Context, runbook string, now time.Time) ([]policy.Lock, error) {
	if _, err := t.head(ctx); err != nil {
		return nil, err
	}
	return locks(ctx, t, "WHERE runbook = $1 AND until > $2", runbook, millis(now))
}

// ActiveLocks returns all locks, oldest first.
func (db *DB) ActiveLocks(ctx context.Context, now time.Time) ([]policy.Lock, error) {
	return locks(ctx, db.reads, "WHERE until > $1", millis(now))
}

func locks(ctx context.Context, s session, where string, args ...any) ([]policy.Lock, error) {
	rows, err := s.query(ctx, "SELECT "+lockColumns+" FROM locks "+where+" ORDER BY at, id", args)
	if err != nil {
		return nil, fmt.Errorf("reading locks: %w", err)
	}
	found, err := collectLocks(rows)
	if err != nil {
		return nil, fmt.Errorf("reading locks: %w", err)
	}
	return found, nil
}

func collectLocks(rows *sql.Rows) ([]policy.Lock, error) {
	defer rows.Close()
	var found []policy.Lock
	for rows.Next() {
		var l policy.Lock
		if err := rows.Scan(&l.ID, &l.Runbook, decoded{&l.Parameters}, &l.By, &l.Reason, (*moment)(&l.At), (*moment)(&l.Until), &l.EndedBy); err != nil {
			return nil, explain(err)
		}
		found = append(found, l)
	}
	return found, explain(rows.Err())
}

const usage = `SELECT COALESCE(SUM(CASE WHEN terminal = 0 THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN created_at >= $2 THEN 1 ELSE 0 END), 0)
	FROM executions WHERE rule = $1 AND (terminal = 0 OR created_at >= $2)`

// Usage counts in the transaction, and locks the audit log's head first, as every decision does: so two requests at once
// cannot both take the last place, on PostgreSQL either.
func (t *tx) Usage(ctx context.Context, rule string, since time.Time) (policy.Usage, error) {
	if _, err := t.head(ctx); err != nil {
		return policy.Usage{}, err
	}
	rows, err := t.query(ctx, usage, []any{rule, millis(since)})
	if err != nil {
		return policy.Usage{}, fmt.Errorf("counting executions: %w", err)
	}
	defer rows.Close()
	var u policy.Usage
	if rows.Next() {
		err = rows.Scan(&u.Open, &u.Recent)
	}
	if t.failed = explain(err); t.failed == nil {
		t.failed = explain(rows.Err())
	}
	if t.failed != nil {
		return policy.Usage{}, fmt.Errorf("counting executions: %w", t.failed)
	}
	return u, nil
}
