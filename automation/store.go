package automation

import (
	"context"
	"errors"
	"time"

	"handrail/audit"
	"handrail/policy"
)

// Errors that a Store returns and a caller branches on.
var (
	ErrNotFound  = errors.New("not found")
	ErrStale     = errors.New("changed meanwhile") // the row's version is no longer the one that was read
	ErrDuplicate = errors.New("already there")     // an execution or a record with this key exists
)

// Tx is one transaction of a Store.
type Tx interface {
	policy.Recorder
	// Execution returns one by ID or Ref, or ErrNotFound.
	Execution(ctx context.Context, id string) (*Execution, error)
	// Insert stores a new execution, or returns ErrDuplicate if its Key exists.
	Insert(ctx context.Context, e *Execution) error
	// Save writes e if the stored version is still e.Version, and raises e.Version by one; otherwise ErrStale.
	// A terminal state gives back the lease. It leaves Announcement, and an unexpired lease of another, alone.
	Save(ctx context.Context, e *Execution) error
	// Note appends to the audit log. Record does so by itself.
	Note(ctx context.Context, e audit.Entry) error
	// Usage counts the executions under a grant: those that are not over, and those asked for after since.
	Usage(ctx context.Context, rule string, since time.Time) (policy.Usage, error)
	// Locks returns the locks on a runbook that are not over at now.
	Locks(ctx context.Context, runbook string, now time.Time) ([]policy.Lock, error)
	// Lock stores a new lock.
	Lock(ctx context.Context, l policy.Lock) error
	// Unlock ends a lock that is not over at now and returns it as it was, or ErrNotFound.
	Unlock(ctx context.Context, id, by string, now time.Time) (policy.Lock, error)
	// Agreed returns the records of the yes to an execution's approval, oldest first, as the audit log has them. It
	// fails if the log and the record differ.
	Agreed(ctx context.Context, execution string) ([]policy.Record, error)
}

// Claim asks for due work: rows whose next attempt has come and whose lease is free or expired.
type Claim struct {
	Owner string
	Now   time.Time
	Until time.Time // the lease's end
	Limit int
}

// Query selects executions, newest first. Zero fields select everything.
type Query struct {
	Runbook   string
	Requester string
	Channel   string
	Open      bool // not terminal
	Parked    bool // set aside for an operator
	Since     time.Time
	Limit     int // 50 if 0

	BreakGlass bool     // under a grant for emergencies
	Among      []string // only these runbooks; nil does not narrow, and an empty list selects nothing
}

// Store remembers executions. The embedded SQLite and PostgreSQL satisfy it alike.
type Store interface {
	// Update runs f in a transaction and returns once that is durable. An error of f undoes what f did,
	// and nothing else. f may run more than once and must keep no state of its own.
	Update(ctx context.Context, f func(Tx) error) error
	// Execution returns one by ID or Ref, or ErrNotFound.
	Execution(ctx context.Context, id string) (*Execution, error)
	Executions(ctx context.Context, q Query) ([]*Execution, error)
	// Decided returns the record of a request's idempotency key, or ErrNotFound.
	Decided(ctx context.Context, key string) (policy.Record, error)
	// ActiveLocks returns every lock that is not over at now, oldest first.
	ActiveLocks(ctx context.Context, now time.Time) ([]policy.Lock, error)
	// Claim takes due, open executions that are not parked in one statement, oldest next attempt first.
	Claim(ctx context.Context, c Claim) ([]*Execution, error)
	// Postpone writes attempts and next attempt of rows that owner holds, without raising their version,
	// and gives back their leases.
	Postpone(ctx context.Context, owner string, es ...*Execution) error
	// Keep extends owner's leases on these executions in one statement and returns which of them it still holds,
	// with their versions. One that is missing was taken by another; one with a newer version was changed by
	// another. Leases on anything else lapse, so that a row which was lost track of is claimed again.
	Keep(ctx context.Context, owner string, until time.Time, ids []string) (map[string]int64, error)
	// Release gives back all of owner's leases on executions. Those on announcements are another's business.
	Release(ctx context.Context, owner string) error
}

func isStale(err error) bool { return errors.Is(err, ErrStale) }
