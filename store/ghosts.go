package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"handrail/audit"
	"handrail/automation"
)

var _ automation.Sightings = (*DB)(nil)

const (
	takeTurn = `INSERT INTO patrols (region, turn, until) VALUES ($1, $2, 0)
		ON CONFLICT (region) DO UPDATE SET turn = EXCLUDED.turn WHERE patrols.turn <= $3 RETURNING until`
	noteLooked  = "UPDATE patrols SET until = $2 WHERE region = $1 AND until < $2"
	insertGhost = "INSERT INTO ghosts (aws_id, at) VALUES ($1, $2) ON CONFLICT (aws_id) DO NOTHING"
	knownRuns   = "SELECT aws_id FROM executions WHERE aws_id <> '' AND aws_id IN (%[1]s) UNION SELECT aws_id FROM ghosts WHERE aws_id IN (%[1]s)"
)

// Turn takes the turn to look at a Region, unless another replica took it after unless.
func (db *DB) Turn(ctx context.Context, region string, now, unless time.Time) (until time.Time, ok bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		until, ok = time.Time{}, false
		rows, err := t.query(ctx, takeTurn, []any{region, millis(now), millis(unless)})
		if err != nil {
			return err
		}
		defer rows.Close()
		if ok = rows.Next(); ok {
			t.failed = explain(rows.Scan((*moment)(&until)))
		}
		t.failed = cmp.Or(t.failed, explain(rows.Err()))
		return t.failed
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("taking the turn to look: %w", err)
	}
	return until, ok, nil
}

// Looked notes until when a Region is looked through. It never goes back.
func (db *DB) Looked(ctx context.Context, region string, until time.Time) error {
	return db.update(ctx, func(t *tx) error {
		_, err := t.exec(ctx, noteLooked, []any{region, millis(until)})
		return err
	})
}

// Known returns those of the automations that the executions or the ghosts name.
func (db *DB) Known(ctx context.Context, awsIDs []string) (map[string]bool, error) {
	known := map[string]bool{}
	for ids := range slices.Chunk(awsIDs, 500) {
		room := padded(len(ids))
		args := make([]any, room)
		for i := range room {
			args[i] = ids[min(i, len(ids)-1)]
		}
		rows, err := db.reads.query(ctx, fmt.Sprintf(knownRuns, holes(1, room)), args)
		if err == nil {
			err = collectKnown(rows, known)
		}
		if err != nil {
			return nil, fmt.Errorf("reading which automations are known: %w", err)
		}
	}
	return known, nil
}

func collectKnown(rows *sql.Rows, known map[string]bool) error {
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return explain(err)
		}
		known[id] = true
	}
	return explain(rows.Err())
}

// Sighted remembers a ghost, with its entry in the audit log.
func (db *DB) Sighted(ctx context.Context, awsID string, e audit.Entry) (first bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		n, err := t.exec(ctx, insertGhost, []any{awsID, millis(e.At)})
		if first = n > 0; err != nil || !first {
			return err
		}
		return t.Note(ctx, e)
	})
	if err != nil {
		return false, fmt.Errorf("remembering an automation that was not started here: %w", err)
	}
	return first, nil
}
