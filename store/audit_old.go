package store

import (
	"context"
	"database/sql"
	"fmt"

	"handrail/policy"
)

// oldRecords is the version of the schema at which every record stands in the audit log. No file has this number.
const oldRecords = 5

const unlogged = "SELECT " + recordColumns + " FROM records WHERE seq < 0 ORDER BY at, id LIMIT 1000"

// logOldRecords appends the records from before there was a log, oldest first. What was changed before that cannot be seen.
func (db *DB) logOldRecords(ctx context.Context, begun *sql.Tx) error {
	t := &tx{session: plain{begun}, dialect: db.dialect, now: db.Now}
	for {
		rows, err := t.query(ctx, unlogged, nil)
		if err != nil {
			return fmt.Errorf("reading old records: %w", err)
		}
		rs, err := collectRecords(rows)
		if err != nil {
			return fmt.Errorf("reading old records: %w", err)
		}
		if len(rs) == 0 {
			return nil
		}
		for _, r := range rs {
			if err := t.logOld(ctx, r); err != nil {
				return err
			}
		}
	}
}

func (t *tx) logOld(ctx context.Context, r policy.Record) error {
	log, err := t.head(ctx)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "UPDATE records SET seq = $1 WHERE id = $2", []any{log.Size(), r.ID}); err != nil {
		return fmt.Errorf("placing the record %s: %w", r.ID, err)
	}
	e, err := entry(r)
	if err != nil {
		return err
	}
	return t.append(ctx, log, e)
}
