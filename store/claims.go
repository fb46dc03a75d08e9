package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"handrail/automation"
)

// The inner selection runs once and says which rows; the outer conditions say it again, because
// PostgreSQL looks at a row anew if it was changed meanwhile.
const claimExecutions = `WITH due AS MATERIALIZED (
		SELECT id FROM executions
		WHERE terminal = 0 AND parked = '' AND next_attempt_at <= $2 AND lease_until <= $2
		ORDER BY next_attempt_at, id LIMIT $4%s)
	UPDATE executions SET lease_from = lease_owner, lease_owner = $1, lease_until = $3
	WHERE id IN (SELECT id FROM due) AND terminal = 0 AND parked = '' AND lease_until <= $2
	RETURNING ` + columns + `, lease_from`

// An unreadable execution waits for an operator: nobody could work on it, and it would be claimed again and again.
const parkUnreadable = `UPDATE executions SET parked = 'its stored data cannot be read', lease_owner = '', lease_until = 0
	WHERE id = $1`

// Claim takes due rows as the contract says; it takes none if c.Limit is 0. It parks rows that cannot be read.
func (db *DB) Claim(ctx context.Context, c automation.Claim) ([]*automation.Execution, error) {
	es, err := db.claim(ctx, claimExecutions, parkUnreadable, c)
	if err != nil {
		return nil, fmt.Errorf("claiming executions: %w", err)
	}
	slices.SortFunc(es, func(a, b *automation.Execution) int {
		return cmp.Or(a.NextAttempt.Compare(b.NextAttempt), cmp.Compare(a.ID, b.ID))
	})
	return es, nil
}

// claim takes what query selects and, in the same transaction, puts aside what cannot be read.
func (db *DB) claim(ctx context.Context, query, aside string, c automation.Claim) ([]*automation.Execution, error) {
	if c.Owner == "" || !c.Until.After(c.Now) {
		return nil, errors.New("a claim needs an owner and an end in the future")
	}
	if c.Limit <= 0 {
		return nil, nil
	}
	var es []*automation.Execution
	var bad []unreadable
	var stolen int64
	query = fmt.Sprintf(query, db.skipLocked)
	err := db.update(ctx, func(t *tx) error {
		rows, err := t.query(ctx, query, []any{c.Owner, millis(c.Now), millis(c.Until), int64(c.Limit)})
		if err != nil {
			return err
		}
		var from countSet
		es, bad, err = collect(rows, &from)
		t.failed, stolen = err, int64(from)
		for _, u := range bad {
			if _, err := t.exec(ctx, aside, []any{u.id}); err != nil {
				return err
			}
		}
		return t.failed
	})
	if err != nil {
		return nil, err
	}
	for _, u := range bad {
		db.Log.Error("putting an execution aside", "execution", u.id, "ref", u.ref, "error", u.err)
	}
	db.stolen.Add(stolen)
	return es, nil
}

// countSet counts the texts scanned to it that are not empty.
type countSet int64

func (n *countSet) Scan(src any) error {
	if s, ok := src.(string); ok && s != "" {
		*n++
	}
	return nil
}

const postpone = `UPDATE executions SET attempts = $3, next_attempt_at = $4, lease_owner = '', lease_until = 0
	WHERE id = $1 AND lease_owner = $2 AND terminal = 0`

// Postpone skips rows that owner holds no longer.
func (db *DB) Postpone(ctx context.Context, owner string, es ...*automation.Execution) error {
	err := db.update(ctx, func(t *tx) error {
		for _, e := range es {
			if _, err := t.exec(ctx, postpone, []any{e.ID, owner, int64(e.Attempts), millis(e.NextAttempt)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("postponing executions: %w", err)
	}
	return nil
}

const keepExecutions = `UPDATE executions SET lease_until = $2
	WHERE terminal = 0 AND lease_owner = $1 AND lease_owner <> '' AND id IN (%s) RETURNING id, version`

// Keep extends owner's leases on the executions with these IDs, also those that expired but that nobody took.
func (db *DB) Keep(ctx context.Context, owner string, until time.Time, ids []string) (map[string]int64, error) {
	return db.keep(ctx, keepExecutions, owner, until, ids)
}

func (db *DB) keep(ctx context.Context, query, owner string, until time.Time, ids []string) (map[string]int64, error) {
	if len(ids) == 0 {
		return map[string]int64{}, nil
	}
	room := padded(len(ids))
	query = fmt.Sprintf(query, holes(3, room))
	var held map[string]int64
	err := db.update(ctx, func(t *tx) error {
		args := append(make([]any, 0, 2+room), owner, millis(until))
		for i := range room {
			args = append(args, ids[min(i, len(ids)-1)])
		}
		rows, err := t.query(ctx, query, args)
		if err != nil {
			return err
		}
		held, t.failed = versions(rows)
		return t.failed
	})
	if err != nil {
		return nil, fmt.Errorf("keeping leases: %w", err)
	}
	return held, nil
}

// padded is n or a little more, so that lists of any length make only a few statements, which are kept prepared.
func padded(n int) int { return 1 << bits.Len(uint(n-1)) }

// versions reads IDs and versions to the end of rows.
func versions(rows *sql.Rows) (map[string]int64, error) {
	defer rows.Close()
	held := map[string]int64{}
	for rows.Next() {
		var id string
		var version int64
		if err := rows.Scan(&id, &version); err != nil {
			return nil, explain(err)
		}
		held[id] = version
	}
	return held, explain(rows.Err())
}

const releaseExecutions = "UPDATE executions SET lease_owner = '', lease_until = 0 WHERE terminal = 0 AND lease_owner = $1"

// Release gives back all of owner's leases on executions, and leaves those on announcements.
func (db *DB) Release(ctx context.Context, owner string) error {
	return db.release(ctx, releaseExecutions, owner)
}

func (db *DB) release(ctx context.Context, query, owner string) error {
	err := db.update(ctx, func(t *tx) error {
		n, err := t.exec(ctx, query, []any{owner})
		t.changed = n > 0
		return err
	})
	if err != nil {
		return fmt.Errorf("giving back leases: %w", err)
	}
	return nil
}

const (
	freeExecutions    = "UPDATE executions SET lease_owner = '', lease_until = 0 WHERE terminal = 0 AND lease_owner <> ''"
	freeAnnouncements = "UPDATE executions SET announce_owner = '', announce_until = 0 WHERE announced < version AND announce_owner <> ''"
)

// freeAll takes every lease from everybody: only for a database that has one process.
func (db *DB) freeAll(ctx context.Context) error {
	err := db.update(ctx, func(t *tx) error {
		if _, err := t.exec(ctx, freeExecutions, nil); err != nil {
			return err
		}
		_, err := t.exec(ctx, freeAnnouncements, nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("freeing the leases of the last process: %w", err)
	}
	return nil
}
