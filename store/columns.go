package store

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"handrail/automation"
)

// The columns of an execution, in the order of values and targets.
const (
	asked   = "id, ref, key, entry, team, requester, channel, thread, runbook, parameters, reason, created_at"
	running = "state, action, break_glass, logged, approval, sha256, region, role, request, decision, rule, policy, aws_id, aws_status, current_step, steps, failure, note," +
		" cancel_by, cancel_reason, cancel_at, start_by, started_at, ended_at, attempts, next_attempt_at, parked"
	leased    = "version, lease_owner, lease_until"
	announced = "announced, announce_channel, announce_card, announce_replies, announce_attempts, announce_next_at," +
		" announce_ask_channel, announce_ask, announce_asked"

	columns = asked + ", " + running + ", " + leased + ", " + announced
)

// width counts the columns of a list.
func width(list string) int { return strings.Count(list, ",") + 1 }

// holes returns n placeholders from $from on.
func holes(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(from+i))
	}
	return b.String()
}

// settings returns "a = $from, b = $from+1, …" for a list of columns.
func settings(list string, from int) string {
	names := strings.Split(list, ", ")
	for i, name := range names {
		names[i] = name + " = $" + strconv.Itoa(from+i)
	}
	return strings.Join(names, ", ")
}

func valuesAsked(e *automation.Execution) []any {
	return []any{e.ID, e.Ref, e.Key, string(e.Entry), e.Team, e.Requester, e.Channel, e.Thread, e.Runbook,
		encoded{e.Parameters, len(e.Parameters) == 0}, e.Reason, millis(e.CreatedAt)}
}

func valuesRunning(e *automation.Execution) []any {
	return []any{string(e.State), string(e.Action), flag(e.BreakGlass), string(e.Logged), encoded{e.Approval, e.Approval == nil}, e.SHA256, e.Region, e.Role, encoded{e.Request, false}, e.Decision, e.Rule, e.Policy,
		e.AWSID, e.AWSStatus, e.CurrentStep, encoded{e.Steps, len(e.Steps) == 0}, e.Failure, e.Note,
		e.CancelBy, e.CancelReason, millis(e.CancelAt), millis(e.StartBy), millis(e.StartedAt), millis(e.EndedAt),
		int64(e.Attempts), millis(e.NextAttempt), e.Parked}
}

func valuesAnnounced(a *automation.Announcement) []any {
	return []any{a.Version, a.Channel, a.Card, encoded{a.Replies, len(a.Replies) == 0}, int64(a.Attempts), millis(a.NextAttempt),
		a.AskChannel, a.AskCard, a.Asked}
}

// targets are where a row of columns is scanned to.
func targets(e *automation.Execution) []any {
	a := &e.Announcement
	return []any{&e.ID, &e.Ref, &e.Key, &e.Entry, &e.Team, &e.Requester, &e.Channel, &e.Thread, &e.Runbook,
		decoded{&e.Parameters}, &e.Reason, (*moment)(&e.CreatedAt),
		&e.State, &e.Action, &e.BreakGlass, &e.Logged, decoded{&e.Approval}, &e.SHA256, &e.Region, &e.Role, decoded{&e.Request}, &e.Decision, &e.Rule, &e.Policy,
		&e.AWSID, &e.AWSStatus, &e.CurrentStep, decoded{&e.Steps}, &e.Failure, &e.Note,
		&e.CancelBy, &e.CancelReason, (*moment)(&e.CancelAt), (*moment)(&e.StartBy), (*moment)(&e.StartedAt), (*moment)(&e.EndedAt),
		&e.Attempts, (*moment)(&e.NextAttempt), &e.Parked,
		&e.Version, &e.LeaseOwner, (*moment)(&e.LeaseUntil),
		&a.Version, &a.Channel, &a.Card, decoded{&a.Replies}, &a.Attempts, (*moment)(&a.NextAttempt),
		&a.AskChannel, &a.AskCard, &a.Asked}
}

// unreadable is an execution whose stored data cannot be read, as after a repair by hand that went wrong.
type unreadable struct {
	id, ref string
	err     error
}

// collect reads executions to the end of rows. Each may be followed by more columns, scanned to extra. One that
// cannot be read stands in bad and does not hide the others.
func collect(rows *sql.Rows, extra ...any) (es []*automation.Execution, bad []unreadable, err error) {
	defer rows.Close()
	for rows.Next() {
		e := &automation.Execution{}
		into := append(targets(e), extra...)
		if err := rows.Scan(into...); err == nil {
			es = append(es, e)
			continue
		} else {
			bad = append(bad, unreadable{err: fmt.Errorf("its stored data cannot be read: %w", err)})
		}
		for i := range into {
			into[i] = new(any)
		}
		into[0], into[1] = &bad[len(bad)-1].id, &bad[len(bad)-1].ref
		if err := rows.Scan(into...); err != nil {
			return nil, nil, explain(err)
		}
	}
	return es, bad, explain(rows.Err())
}

// flag is 1 for true.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// millis is t in Unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment scans Unix milliseconds.
type moment time.Time

func (m *moment) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("reading a time: it is a %T, not a number", src)
	}
	*m = moment{}
	if ms != 0 {
		*m = moment(time.UnixMilli(ms).UTC())
	}
	return nil
}

// encoded writes JSON, "" if it is empty.
type encoded struct {
	from  any
	empty bool
}

func (e encoded) Value() (driver.Value, error) {
	if e.empty {
		return "", nil
	}
	text, err := json.Marshal(e.from)
	return string(text), err
}

// decoded scans what encoded wrote.
type decoded struct{ to any }

func (d decoded) Scan(src any) error {
	var text []byte
	switch s := src.(type) {
	case string:
		text = []byte(s)
	case []byte:
		text = s
	default:
		return fmt.Errorf("reading JSON: it is a %T, not text", src)
	}
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, d.to)
}
