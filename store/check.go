package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// probes reads the start of each table, and the end of each index and the row it leads to.
const probes = `SELECT
	(SELECT COUNT(*) FROM (SELECT note FROM executions LIMIT 1) AS t),
	(SELECT COUNT(*) FROM (SELECT policy FROM records LIMIT 1) AS t),
	(SELECT note FROM executions ORDER BY id DESC LIMIT 1),
	(SELECT note FROM executions ORDER BY ref DESC LIMIT 1),
	(SELECT note FROM executions ORDER BY key DESC LIMIT 1),
	(SELECT note FROM executions ORDER BY created_at DESC LIMIT 1),
	(SELECT note FROM executions WHERE terminal = 0 ORDER BY next_attempt_at DESC LIMIT 1),
	(SELECT note FROM executions WHERE announced < version ORDER BY announce_next_at DESC LIMIT 1),
	(SELECT note FROM executions WHERE announce_card <> '' ORDER BY announce_card DESC LIMIT 1),
	(SELECT note FROM executions ORDER BY rule DESC, created_at DESC LIMIT 1),
	(SELECT note FROM executions WHERE announce_ask <> '' ORDER BY announce_ask DESC LIMIT 1),
	(SELECT note FROM executions WHERE aws_id <> '' ORDER BY aws_id DESC LIMIT 1),
	(SELECT at FROM ghosts ORDER BY aws_id DESC LIMIT 1),
	(SELECT until FROM patrols ORDER BY region DESC LIMIT 1),
	(SELECT reason FROM locks ORDER BY id DESC LIMIT 1),
	(SELECT reason FROM locks ORDER BY runbook DESC, until DESC LIMIT 1),
	(SELECT content FROM policies ORDER BY hash DESC LIMIT 1),
	(SELECT content FROM policies ORDER BY at DESC LIMIT 1),
	(SELECT content FROM policies ORDER BY serial DESC LIMIT 1),
	(SELECT body FROM audit_entries ORDER BY seq DESC LIMIT 1),
	(SELECT edge FROM audit_head ORDER BY id DESC LIMIT 1),
	(SELECT policy FROM records ORDER BY seq DESC LIMIT 1),
	(SELECT policy FROM records ORDER BY id DESC LIMIT 1),
	(SELECT policy FROM records WHERE key <> '' ORDER BY key DESC LIMIT 1),
	(SELECT policy FROM records ORDER BY at DESC LIMIT 1),
	(SELECT policy FROM records ORDER BY actor DESC, at DESC LIMIT 1),
	(SELECT policy FROM records WHERE execution <> '' ORDER BY execution DESC, at DESC LIMIT 1)`

func (db *DB) probe(ctx context.Context) error {
	_, err := db.readers.ExecContext(ctx, probes)
	return explain(err)
}

// Check reads the whole database and returns an error that lists what is damaged. On PostgreSQL it
// only makes sure that the tables answer. It takes seconds on a large file.
func (db *DB) Check(ctx context.Context) error {
	if db.goose == goose.DialectPostgres {
		if err := db.probe(ctx); err != nil {
			return fmt.Errorf("checking the database: %w", err)
		}
		return nil
	}
	rows, err := db.readers.QueryContext(ctx, "PRAGMA integrity_check(20)")
	if err != nil {
		return fmt.Errorf("checking the database: %w", explain(err))
	}
	defer rows.Close()
	var errs []error
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return fmt.Errorf("checking the database: %w", explain(err))
		}
		if line != "ok" {
			errs = append(errs, errors.New(line))
		}
	}
	if err := errors.Join(append(errs, explain(rows.Err()))...); err != nil {
		return fmt.Errorf("checking the database: %w", err)
	}
	return nil
}
