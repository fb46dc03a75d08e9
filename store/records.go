package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"handrail/automation"
	"handrail/policy"
)

const recordColumns = "id, at, key, entry, action, actor, team, channel, runbook, parameters, execution," +
	" allowed, code, rule, sentence, near, policy"

var insertRecord = "INSERT INTO records (" + recordColumns + ") VALUES (" + holes(1, width(recordColumns)) + ")"

// Record appends r. There is no way to change or remove it.
func (t *tx) Record(ctx context.Context, r policy.Record) error {
	allowed := int64(0)
	if r.Allowed {
		allowed = 1
	}
	_, err := t.exec(ctx, insertRecord, []any{r.ID, millis(r.At), r.Key, string(r.Entry), string(r.Action), r.Actor, r.Team,
		r.Channel, r.Runbook, encoded{r.Parameters, len(r.Parameters) == 0}, r.Execution, allowed, string(r.Code), r.Rule,
		r.Sentence, r.Near, r.Policy})
	if err != nil {
		return fmt.Errorf("recording the decision: %w", err)
	}
	return nil
}

// RecordQuery selects records. Zero fields select everything.
type RecordQuery struct {
	Execution string // an execution's ID
	Actor     string // a Slack user ID
	Since     time.Time
	Limit     int // 50 if 0
}

// Record returns the record with this ID, or automation.ErrNotFound.
func (db *DB) Record(ctx context.Context, id string) (policy.Record, error) {
	var f filter
	f.add("id = ", id)
	rs, err := db.records(ctx, f, 1)
	if err != nil {
		return policy.Record{}, err
	}
	if len(rs) == 0 {
		return policy.Record{}, automation.ErrNotFound
	}
	return rs[0], nil
}

// Records returns what q selects, newest first.
func (db *DB) Records(ctx context.Context, q RecordQuery) ([]policy.Record, error) {
	var f filter
	if q.Execution != "" {
		f.add("execution <> '' AND execution = ", q.Execution)
	}
	f.text("actor = ", q.Actor)
	if !q.Since.IsZero() {
		f.add("at >= ", millis(q.Since))
	}
	return db.records(ctx, f, q.Limit)
}

func (db *DB) records(ctx context.Context, f filter, limit int) ([]policy.Record, error) {
	rows, err := db.reads.query(ctx, "SELECT "+recordColumns+" FROM records"+f.String()+
		" ORDER BY at DESC, id DESC"+f.limit(limit), f.args)
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	rs, err := collectRecords(rows)
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	return rs, nil
}

func collectRecords(rows *sql.Rows) ([]policy.Record, error) {
	defer rows.Close()
	var rs []policy.Record
	for rows.Next() {
		var r policy.Record
		err := rows.Scan(&r.ID, (*moment)(&r.At), &r.Key, &r.Entry, &r.Action, &r.Actor, &r.Team, &r.Channel, &r.Runbook,
			decoded{&r.Parameters}, &r.Execution, &r.Allowed, &r.Code, &r.Rule, &r.Sentence, &r.Near, &r.Policy)
		if err != nil {
			return nil, explain(err)
		}
		rs = append(rs, r)
	}
	return rs, explain(rows.Err())
}
