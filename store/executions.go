package store

import (
	"context"
	"fmt"
	"strings"

	"handrail/automation"
)

// pageSize is how many rows a query returns that names no limit.
const pageSize = 50

// Execution returns the execution with this ID or Ref, or ErrNotFound.
func (db *DB) Execution(ctx context.Context, id string) (*automation.Execution, error) {
	return one(ctx, db.reads, "SELECT "+columns+" FROM executions WHERE id = $1 OR ref = $1", id)
}

// ByCard returns the execution whose card, or whose message to the approvers, is the message ts in channel, or ErrNotFound.
func (db *DB) ByCard(ctx context.Context, channel, ts string) (*automation.Execution, error) {
	return one(ctx, db.reads, "SELECT "+columns+
		" FROM executions WHERE announce_card = $1 AND announce_card <> '' AND announce_channel = $2 UNION SELECT "+columns+
		" FROM executions WHERE announce_ask = $1 AND announce_ask <> '' AND announce_ask_channel = $2", ts, channel)
}

// Executions returns what q selects, newest first. It leaves out, and logs, what cannot be read.
func (db *DB) Executions(ctx context.Context, q automation.Query) ([]*automation.Execution, error) {
	var f filter
	f.text("runbook = ", q.Runbook)
	f.text("requester = ", q.Requester)
	f.text("channel = ", q.Channel)
	if q.Open || q.Parked {
		f.where = append(f.where, "terminal = 0")
	}
	if q.Parked {
		f.where = append(f.where, "parked <> ''")
	}
	if q.BreakGlass {
		f.where = append(f.where, "break_glass = 1")
	}
	if q.Among != nil {
		f.among("runbook", q.Among)
	}
	if !q.Since.IsZero() {
		f.add("created_at >= ", millis(q.Since))
	}
	rows, err := db.reads.query(ctx, "SELECT "+columns+" FROM executions"+f.String()+
		" ORDER BY created_at DESC, id DESC"+f.limit(q.Limit), f.args)
	if err != nil {
		return nil, fmt.Errorf("listing executions: %w", err)
	}
	es, bad, err := collect(rows)
	if err != nil {
		return nil, fmt.Errorf("listing executions: %w", err)
	}
	for _, u := range bad {
		db.Log.Error("leaving an execution out of a list", "execution", u.id, "ref", u.ref, "error", u.err)
	}
	return es, nil
}

// filter builds a WHERE clause with its arguments.
type filter struct {
	where []string
	args  []any
}

func (f *filter) add(term string, arg any) {
	f.args = append(f.args, arg)
	f.where = append(f.where, fmt.Sprintf("%s$%d", term, len(f.args)))
}

func (f *filter) text(term, arg string) {
	if arg != "" {
		f.add(term, arg)
	}
}

// among wants one of some values. There are fewer runbooks in a policy than arguments in a statement.
func (f *filter) among(column string, values []string) {
	if len(values) == 0 {
		f.where = append(f.where, "1 = 0")
		return
	}
	term := column + " IN (" + holes(len(f.args)+1, len(values)) + ")"
	for _, v := range values {
		f.args = append(f.args, v)
	}
	f.where = append(f.where, term)
}

func (f *filter) String() string {
	if len(f.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(f.where, " AND ")
}

// limit comes after String.
func (f *filter) limit(n int) string {
	if n <= 0 {
		n = pageSize
	}
	f.args = append(f.args, int64(n))
	return fmt.Sprintf(" LIMIT $%d", len(f.args))
}
