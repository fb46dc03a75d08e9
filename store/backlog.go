package store

import (
	"context"
	"fmt"
	"time"
)

// Backlog is how much work waits, for metrics.
type Backlog struct {
	Due      int       // executions that Claim would take now
	Oldest   time.Time // since when the first of them has been due, zero if there is none
	Announce int       // executions that ClaimAnnouncements would take now
	Parked   int       // executions that were set aside for an operator
	Stolen   int64     // expired leases of others that Claim took through this DB
}

const backlog = `SELECT
	(SELECT COUNT(*) FROM executions
		WHERE terminal = 0 AND parked = '' AND next_attempt_at <= $1 AND lease_until <= $1),
	(SELECT COALESCE(MIN(next_attempt_at), 0) FROM executions
		WHERE terminal = 0 AND parked = '' AND next_attempt_at <= $1 AND lease_until <= $1),
	(SELECT COUNT(*) FROM executions
		WHERE announced < version AND announce_next_at <= $1 AND announce_until <= $1),
	(SELECT COUNT(*) FROM executions WHERE terminal = 0 AND parked <> '')`

// Backlog counts what waits at now. It looks at work that is not over, never at the whole table.
func (db *DB) Backlog(ctx context.Context, now time.Time) (Backlog, error) {
	b := Backlog{Stolen: db.stolen.Load()}
	rows, err := db.reads.query(ctx, backlog, []any{millis(now)})
	if err != nil {
		return Backlog{}, fmt.Errorf("counting what waits: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&b.Due, (*moment)(&b.Oldest), &b.Announce, &b.Parked)
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return Backlog{}, fmt.Errorf("counting what waits: %w", explain(err))
	}
	return b, nil
}
