package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"handrail/audit"
	"handrail/automation"
)

// tx is one caller's part of a transaction.
type tx struct {
	session
	dialect
	now     func() time.Time
	undo    []func()    // gives the caller's executions their versions back
	changed bool        // somebody may want to look at the executions
	failed  error       // the first statement that went wrong; none runs after it
	log     *audit.Tree // the audit log's right edge, once this transaction has locked it
}

var _ automation.Tx = (*tx)(nil)

func (t *tx) exec(ctx context.Context, query string, args []any) (int64, error) {
	if t.failed != nil {
		return 0, t.failed
	}
	n, err := t.session.exec(ctx, query, args)
	t.failed = err
	return n, err
}

func (t *tx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if t.failed != nil {
		return nil, t.failed
	}
	rows, err := t.session.query(ctx, query, args)
	t.failed = err
	return rows, err
}

// run calls f and turns a panic of f, and an error that f swallowed, into an error.
func (t *tx) run(f func(*tx) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("a transaction panicked: %v", cause)
		}
	}()
	if err := f(t); err != nil {
		return err
	}
	return t.failed
}

// forget undoes in memory what the database undid.
func (t *tx) forget() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	t.undo, t.changed = nil, false
}

// Execution keeps the row from being claimed by another until the transaction ends.
func (t *tx) Execution(ctx context.Context, id string) (*automation.Execution, error) {
	return one(ctx, t, "SELECT "+columns+" FROM executions WHERE id = $1 OR ref = $1"+t.forUpdate, id)
}

// one returns the execution that query selects, or ErrNotFound.
func one(ctx context.Context, s session, query string, args ...any) (*automation.Execution, error) {
	rows, err := s.query(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("reading an execution: %w", err)
	}
	es, bad, err := collect(rows)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading an execution: %w", err)
	case len(bad) > 0:
		return nil, fmt.Errorf("reading execution %s: %w", bad[0].ref, bad[0].err)
	case len(es) == 0:
		return nil, automation.ErrNotFound
	}
	return es[0], nil
}

var insertExecution = "INSERT INTO executions (terminal, " + columns + ") VALUES (" +
	holes(1, 1+width(columns)) + ") ON CONFLICT DO NOTHING"

// Insert stores e with the lease and the announcement it carries.
func (t *tx) Insert(ctx context.Context, e *automation.Execution) error {
	version, owner, until := max(e.Version, 1), e.LeaseOwner, millis(e.LeaseUntil)
	if owner == "" || until == 0 || e.State.Terminal() {
		owner, until = "", 0
	}
	args := append([]any{ended(e)}, valuesAsked(e)...)
	args = append(args, valuesRunning(e)...)
	args = append(args, version, owner, until)
	args = append(args, valuesAnnounced(&e.Announcement)...)
	n, err := t.exec(ctx, insertExecution, args)
	if err != nil {
		return fmt.Errorf("storing the execution: %w", err)
	}
	if n == 0 {
		return t.clash(ctx, e)
	}
	t.keep(e)
	e.Version, t.changed = version, true
	return nil
}

// clash says which of the unique columns of e is taken.
func (t *tx) clash(ctx context.Context, e *automation.Execution) error {
	_, err := one(ctx, t, "SELECT "+columns+" FROM executions WHERE key = $1", e.Key)
	switch {
	case err == nil:
		return automation.ErrDuplicate
	case errors.Is(err, automation.ErrNotFound):
		return fmt.Errorf("storing the execution: another one has the ID %s or the ref %s", e.ID, e.Ref)
	}
	return err
}

// Everything but what was asked is written again. A lease is given back at an end and when parked; it
// is taken or extended for the owner that e names unless another holds it.
var saveExecution = "UPDATE executions SET version = version + 1, terminal = $3, " + settings(running, 8) + `,
	lease_owner = CASE WHEN CAST($4 AS BIGINT) = 1 THEN ''
		WHEN CAST($6 AS BIGINT) > 0 AND (lease_owner IN ('', $5) OR lease_until <= $7) THEN $5
		ELSE lease_owner END,
	lease_until = CASE WHEN CAST($4 AS BIGINT) = 1 THEN 0
		WHEN $6 > lease_until AND (lease_owner IN ('', $5) OR lease_until <= $7) THEN $6
		ELSE lease_until END
	WHERE id = $1 AND version = $2 AND (terminal = 0 OR state = $8)
	RETURNING version, lease_owner, lease_until`

// Save writes e as the contract says and refuses to change the state of an execution that has ended.
// What a person asked (from Entry to Reason, and CreatedAt) is never written again. Parking gives the
// lease back. An error of the transaction gives e its version back.
func (t *tx) Save(ctx context.Context, e *automation.Execution) error {
	now, until, free := t.now().UnixMilli(), millis(e.LeaseUntil), int64(0)
	if e.LeaseOwner == "" || until <= now {
		until = 0
	}
	if e.State.Terminal() || e.Parked != "" {
		free = 1
	}
	args := append([]any{e.ID, e.Version, ended(e), free, e.LeaseOwner, until, now}, valuesRunning(e)...)
	rows, err := t.query(ctx, saveExecution, args)
	if err != nil {
		return fmt.Errorf("saving the execution: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.failed = explain(err)
			return fmt.Errorf("saving the execution: %w", t.failed)
		}
		return t.refusal(ctx, e)
	}
	t.keep(e)
	t.changed = true
	err = rows.Scan(&e.Version, &e.LeaseOwner, (*moment)(&e.LeaseUntil))
	if t.failed = explain(errors.Join(err, rows.Close())); t.failed != nil {
		return fmt.Errorf("saving the execution: %w", t.failed)
	}
	return nil
}

// refusal says why e was not saved.
func (t *tx) refusal(ctx context.Context, e *automation.Execution) error {
	stored, err := t.Execution(ctx, e.ID)
	switch {
	case err != nil:
		return err
	case stored.Version != e.Version:
		return automation.ErrStale
	}
	return fmt.Errorf("saving the execution: %s ended as %s and cannot become %s", stored.Ref, stored.State, e.State)
}

// keep notes what the transaction is about to change in e.
func (t *tx) keep(e *automation.Execution) {
	version, owner, until := e.Version, e.LeaseOwner, e.LeaseUntil
	t.undo = append(t.undo, func() { e.Version, e.LeaseOwner, e.LeaseUntil = version, owner, until })
}

func ended(e *automation.Execution) int64 { return flag(e.State.Terminal()) }
