package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
)

// probe reads the end of each of our tables and indexes.
func (db *DB) probe(ctx context.Context) error {
	rows, err := db.readers.QueryContext(ctx, "SELECT name, tbl_name, type FROM sqlite_schema WHERE tbl_name IN ('executions', 'records')")
	if err != nil {
		return explain(err)
	}
	defer rows.Close()
	var parts []string
	for rows.Next() {
		var name, table, kind string
		if err := rows.Scan(&name, &table, &kind); err != nil {
			return explain(err)
		}
		parts = append(parts, "(SELECT COUNT(*) FROM (SELECT 1 FROM "+table+" LIMIT 1))")
	}
	if err := rows.Err(); err != nil || len(parts) == 0 {
		return explain(err)
	}
	_, err = db.readers.ExecContext(ctx, "SELECT "+strings.Join(parts, " + "))
	return explain(err)
}

// Check reads the whole database and returns an error that lists what is damaged. On PostgreSQL it
// only makes sure that the tables answer. It takes seconds on a large file.
func (db *DB) Check(ctx context.Context) error {
	if db.goose == goose.DialectPostgres {
		_, err := db.Backlog(ctx, db.Now())
		return err
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
