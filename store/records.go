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
	" allowed, code, rule, sentence, near, policy, facts"

var insertRecord = "INSERT INTO records (" + recordColumns + ", seq) VALUES (" + holes(1, width(recordColumns)+1) +
	") ON CONFLICT DO NOTHING"

// Record appends r, to the audit log too, or returns ErrDuplicate if a record with its Key exists. There is no way to change
// or remove it.
func (t *tx) Record(ctx context.Context, r policy.Record) error {
	log, err := t.head(ctx)
	if err != nil {
		return err
	}
	e, err := entry(r)
	if err != nil {
		t.failed = err
		return err
	}
	n, err := t.exec(ctx, insertRecord, []any{r.ID, millis(r.At), r.Key, string(r.Entry), string(r.Action), r.Actor, r.Team,
		r.Channel, r.Runbook, encoded{r.Parameters, len(r.Parameters) == 0}, r.Execution, flag(r.Allowed), string(r.Code), r.Rule,
		r.Sentence, r.Near, r.Policy, encoded{r.Facts, false}, log.Size()})
	if err != nil {
		return fmt.Errorf("recording the decision: %w", err)
	}
	if n == 0 {
		return t.recorded(ctx, r)
	}
	return t.append(ctx, log, e)
}

// recorded says which of the unique columns of r is taken.
func (t *tx) recorded(ctx context.Context, r policy.Record) error {
	var f filter
	f.add("key <> '' AND key = ", r.Key)
	rs, err := records(ctx, t, f, 1)
	switch {
	case err != nil:
		return err
	case len(rs) > 0:
		return automation.ErrDuplicate
	}
	t.failed = fmt.Errorf("recording the decision: another record has the ID %s", r.ID)
	return t.failed
}

// Decided returns the record of the request with this idempotency key, or automation.ErrNotFound.
func (db *DB) Decided(ctx context.Context, key string) (policy.Record, error) {
	return db.record(ctx, "key <> '' AND key = ", key)
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
	return db.record(ctx, "id = ", id)
}

func (db *DB) record(ctx context.Context, term, value string) (policy.Record, error) {
	var f filter
	f.add(term, value)
	rs, err := records(ctx, db.reads, f, 1)
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
	return records(ctx, db.reads, f, q.Limit)
}

// recordPage is how many records EachRecord holds at a time.
const recordPage = 500

const pageOfRecords = "SELECT " + recordColumns + " FROM records WHERE at > $1 OR at = $1 AND id > $2 ORDER BY at, id LIMIT $3"

// EachRecord calls f for every record since a moment, oldest first, in pages, so that a long history needs no memory.
// It ends with the first error of f. Records that come meanwhile are read as well.
func (db *DB) EachRecord(ctx context.Context, since time.Time, f func(policy.Record) error) error {
	at, id := millis(since), "" // before every ID
	for {
		rows, err := db.reads.query(ctx, pageOfRecords, []any{at, id, int64(recordPage)})
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		rs, err := collectRecords(rows)
		if err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		for _, r := range rs {
			if err := f(r); err != nil {
				return err
			}
			at, id = millis(r.At), r.ID
		}
		if len(rs) < recordPage {
			return nil
		}
	}
}

func records(ctx context.Context, s session, f filter, limit int) ([]policy.Record, error) {
	rows, err := s.query(ctx, "SELECT "+recordColumns+" FROM records"+f.String()+
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

// recordTargets are where a row of recordColumns is scanned to.
func recordTargets(r *policy.Record) []any {
	return []any{&r.ID, (*moment)(&r.At), &r.Key, &r.Entry, &r.Action, &r.Actor, &r.Team, &r.Channel, &r.Runbook,
		decoded{&r.Parameters}, &r.Execution, &r.Allowed, &r.Code, &r.Rule, &r.Sentence, &r.Near, &r.Policy, decoded{&r.Facts}}
}

func collectRecords(rows *sql.Rows) ([]policy.Record, error) {
	defer rows.Close()
	var rs []policy.Record
	for rows.Next() {
		var r policy.Record
		err := rows.Scan(recordTargets(&r)...)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", r.ID, explain(err))
		}
		rs = append(rs, r)
	}
	return rs, explain(rows.Err())
}
