package automation

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/audit"
	"handrail/policy"
)

// How long a lock holds.
const (
	MinLock = time.Minute
	MaxLock = 30 * 24 * time.Hour
)

// ErrLockTime says that a lock was wanted for less than MinLock or more than MaxLock.
var ErrLockTime = errors.New("a lock holds for a minute at least and 30 days at most")

// Lock sets a lock, or ends one, if the policy lets the person. Whoever set a lock may end it, too. It returns ErrNotFound
// for a lock to end that is none, or is over, and ErrLockTime. With Again, Lock is nil if the lock is over by now.
func (e *Engine) Lock(ctx context.Context, a LockAsk) (Outcome, error) {
	l, err := e.wantedLock(ctx, a)
	if err != nil {
		if out, before := e.lockedBefore(ctx, a.Key, a.End); errors.Is(err, ErrNotFound) && before == nil {
			return out, nil // a second delivery of what ended it
		}
		return Outcome{}, err
	}
	r := &policy.Request{Action: policy.Locking, Entry: a.Entry, Runbook: l.Runbook, Parameters: l.Parameters, At: time.Now(), Reason: a.Reason}
	if a.End != "" {
		r.Requester = l.By
	}
	look, enough := context.WithTimeout(ctx, lookUpWithin)
	e.place(look, r, a.Team, a.User, a.Channel)
	enough()
	var out Outcome
	err = e.Store.Update(ctx, func(tx Tx) (err error) {
		out, err = e.lock(ctx, tx, a, r, l)
		return err
	})
	switch {
	case errors.Is(err, ErrDuplicate):
		return e.lockedBefore(ctx, a.Key, l.ID)
	case err != nil:
		return Outcome{}, fmt.Errorf("noting the lock: %w", err)
	}
	return out, nil
}

// wantedLock is the lock to set, or the one to end.
func (e *Engine) wantedLock(ctx context.Context, a LockAsk) (policy.Lock, error) {
	now := time.Now()
	if a.End != "" {
		return e.activeLock(ctx, a.End, now)
	}
	if a.For < MinLock || a.For > MaxLock {
		return policy.Lock{}, ErrLockTime
	}
	return policy.Lock{ID: lockID(a.Key), Runbook: a.Runbook, Parameters: a.Parameters, By: a.User, Reason: a.Reason, At: now, Until: now.Add(a.For)}, nil
}

func (e *Engine) activeLock(ctx context.Context, id string, now time.Time) (policy.Lock, error) {
	locks, err := e.Store.ActiveLocks(ctx, now)
	if err != nil {
		return policy.Lock{}, fmt.Errorf("reading locks: %w", err)
	}
	i := slices.IndexFunc(locks, func(l policy.Lock) bool { return l.ID == id })
	if i < 0 {
		return policy.Lock{}, fmt.Errorf("finding the lock: %w", ErrNotFound)
	}
	return locks[i], nil
}

// lockID is l- and seven characters, the same for the same request, so that a second delivery finds the lock.
func lockID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "l-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))[:7]
}

// lock decides, records, and sets or ends the lock.
func (e *Engine) lock(ctx context.Context, tx Tx, a LockAsk, r *policy.Request, l policy.Lock) (Outcome, error) {
	d, err := e.Gate.Check(ctx, tx, a.Key, "", r)
	if err != nil || !d.Allowed() {
		return Outcome{Decision: d}, err
	}
	if a.End != "" {
		if l, err = tx.Unlock(ctx, a.End, a.User, r.At); err != nil {
			return Outcome{}, fmt.Errorf("ending the lock: %w", err)
		}
		l.Until, l.EndedBy = r.At, a.User
	} else if err := tx.Lock(ctx, l); err != nil {
		return Outcome{}, err
	}
	return Outcome{Decision: d, Lock: &l}, appendEntry(ctx, tx, audit.Lock, l.ID, locked{
		ID: l.ID, Runbook: l.Runbook, Parameters: l.Parameters, By: l.By, Reason: l.Reason, At: l.At, Until: l.Until,
		EndedBy: l.EndedBy, Decision: d.ID()})
}

// locked is what the audit log keeps of a lock that was set or ended.
type locked struct {
	ID         string              `json:"id"`
	Runbook    string              `json:"runbook"`
	Parameters map[string][]string `json:"parameters,omitempty"`
	By         string              `json:"by"`     // Slack user ID
	Reason     string              `json:"reason"` // untrusted text
	At         time.Time           `json:"at"`
	Until      time.Time           `json:"until"`
	EndedBy    string              `json:"ended_by,omitempty"`
	Decision   string              `json:"decision"`
}

// lockedBefore is what became of a request to lock, or to end a lock, that was decided before.
func (e *Engine) lockedBefore(ctx context.Context, key, id string) (Outcome, error) {
	rec, err := e.Store.Decided(ctx, key)
	if err != nil {
		return Outcome{}, fmt.Errorf("reading an earlier decision: %w", err)
	}
	if !rec.Allowed {
		return Outcome{Again: true, Refused: &rec}, nil
	}
	l, err := e.activeLock(ctx, id, time.Now())
	if errors.Is(err, ErrNotFound) {
		return Outcome{Again: true}, nil
	}
	return Outcome{Again: true, Lock: &l}, err
}
