package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"handrail/audit"
	"handrail/automation"
)

// PolicyVersion is a policy that was in force.
type PolicyVersion struct {
	Hash    string // SHA-256 of Content in lower-case hex
	Serial  int64  // of its signature; 0 if it has none
	Content []byte
	At      time.Time // when it last came into force; EnterPolicy sets it
}

// ErrOlderPolicy says that a signed policy was replaced by a newer one already.
var ErrOlderPolicy = errors.New("a newer policy was in force already")

const (
	newestPolicy = "SELECT hash, serial, at, content FROM policies ORDER BY at DESC LIMIT 1"
	newestSerial = "SELECT hash, serial, at, '' FROM policies ORDER BY serial DESC LIMIT 1"
	enterPolicy  = `INSERT INTO policies (hash, serial, at, content) VALUES ($1, $2, $3, $4)
		ON CONFLICT (hash) DO UPDATE SET at = EXCLUDED.at,
			serial = CASE WHEN EXCLUDED.serial > policies.serial THEN EXCLUDED.serial ELSE policies.serial END`
)

// EnterPolicy remembers that v comes into force now, and appends e to the audit log in the same transaction. It says
// whether v is another one than was in force until now, in any replica. One with a serial that another policy has, or
// with a lower one than was ever in force, is refused with ErrOlderPolicy; one without a serial is not looked at.
func (db *DB) EnterPolicy(ctx context.Context, v PolicyVersion, e audit.Entry) (first bool, err error) {
	err = db.update(ctx, func(t *tx) error {
		if _, err := t.head(ctx); err != nil { // two replicas at once come one after the other, and the second sees the first
			return err
		}
		newest, err := policyVersion(ctx, t, newestPolicy)
		if err != nil && !errors.Is(err, automation.ErrNotFound) {
			return err
		}
		if err := t.refuseOlder(ctx, v); err != nil {
			return err
		}
		first = newest.Hash != v.Hash
		at := max(millis(t.now()), millis(newest.At)+1) // the newest must be told from the one before it
		if _, err := t.exec(ctx, enterPolicy, []any{v.Hash, v.Serial, at, string(v.Content)}); err != nil {
			return fmt.Errorf("remembering the policy: %w", err)
		}
		return t.Note(ctx, e)
	})
	return first, err
}

func (t *tx) refuseOlder(ctx context.Context, v PolicyVersion) error {
	if v.Serial == 0 {
		return nil
	}
	top, err := policyVersion(ctx, t, newestSerial)
	switch {
	case errors.Is(err, automation.ErrNotFound):
		return nil
	case err != nil:
		return err
	case top.Serial > v.Serial:
		return fmt.Errorf("the serial of this policy is %d, and %d was in force: %w", v.Serial, top.Serial, ErrOlderPolicy)
	case top.Serial == v.Serial && top.Hash != v.Hash:
		return fmt.Errorf("the serial %d belongs to another policy: %w", v.Serial, ErrOlderPolicy)
	}
	return nil
}

// NewestPolicy returns the policy that came into force last, in any replica, or automation.ErrNotFound.
func (db *DB) NewestPolicy(ctx context.Context) (PolicyVersion, error) {
	return policyVersion(ctx, db.reads, newestPolicy)
}

func policyVersion(ctx context.Context, s session, query string) (PolicyVersion, error) {
	rows, err := s.query(ctx, query, nil)
	if err != nil {
		return PolicyVersion{}, fmt.Errorf("reading the policies: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return PolicyVersion{}, fmt.Errorf("reading the policies: %w", explain(err))
		}
		return PolicyVersion{}, automation.ErrNotFound
	}
	var v PolicyVersion
	var content string
	if err := rows.Scan(&v.Hash, &v.Serial, (*moment)(&v.At), &content); err != nil {
		return PolicyVersion{}, fmt.Errorf("reading the policies: %w", explain(err))
	}
	v.Content = []byte(content)
	return v, nil
}
