package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"handrail/automation"
)

const claimAnnouncements = `WITH behind AS MATERIALIZED (
		SELECT id FROM executions
		WHERE announced < version AND announce_next_at <= $2 AND announce_until <= $2
		ORDER BY CASE WHEN terminal = 1 OR announced = 0 THEN 0 ELSE 1 END, announce_next_at, id LIMIT $4%s)
	UPDATE executions SET announce_owner = $1, announce_until = $3
	WHERE id IN (SELECT id FROM behind) AND announced < version AND announce_until <= $2
	RETURNING ` + columns + `, ''`

// Nobody can be told of an execution that cannot be read.
const forgetUnreadable = `UPDATE executions SET announced = version, announce_owner = '', announce_until = 0 WHERE id = $1`

// ClaimAnnouncements takes executions of which Slack shows an older version, whose next attempt to
// tell it has come and whose announcement nobody else is busy with. Those that have ended and those
// without a card come first, then the ones that wait longest. It takes none if c.Limit is 0.
// An execution that cannot be read counts as told, so that it does not come back.
func (db *DB) ClaimAnnouncements(ctx context.Context, c automation.Claim) ([]*automation.Execution, error) {
	es, err := db.claim(ctx, claimAnnouncements, forgetUnreadable, c)
	if err != nil {
		return nil, fmt.Errorf("claiming announcements: %w", err)
	}
	slices.SortFunc(es, func(a, b *automation.Execution) int {
		return cmp.Or(cmp.Compare(urgency(a), urgency(b)),
			a.Announcement.NextAttempt.Compare(b.Announcement.NextAttempt), cmp.Compare(a.ID, b.ID))
	})
	return es, nil
}

func urgency(e *automation.Execution) int {
	if e.State.Terminal() || e.Announcement.Version == 0 {
		return 0
	}
	return 1
}

var saveAnnouncement = "UPDATE executions SET " + settings(announced, 4) + `,
	announce_owner = CASE WHEN $4 > announced OR $4 >= version OR CAST($3 AS BIGINT) = 1 THEN '' ELSE announce_owner END,
	announce_until = CASE WHEN $4 > announced OR $4 >= version OR CAST($3 AS BIGINT) = 1 THEN 0 ELSE announce_until END
	WHERE id = $1 AND announce_owner = $2 AND announce_owner <> ''
	RETURNING CASE WHEN announced < version THEN 1 ELSE 0 END`

// SaveAnnouncement writes a for an execution whose announcement owner has claimed, or returns ErrStale
// if owner holds it no longer. A save that raises a.Version, or that sets NextAttempt in the future,
// ends the work and gives the announcement back; if the execution went on meanwhile, it can be claimed
// again at once. Any other save notes progress (a card's ts, a reply) and keeps it. So post what
// belongs to a version first, note each ts, and raise a.Version last.
func (db *DB) SaveAnnouncement(ctx context.Context, owner, id string, a automation.Announcement) error {
	later := int64(0)
	if a.NextAttempt.After(db.Now()) {
		later = 1
	}
	err := db.update(ctx, func(t *tx) error {
		rows, err := t.query(ctx, saveAnnouncement, append([]any{id, owner, later}, valuesAnnounced(&a)...))
		if err != nil {
			return err
		}
		defer rows.Close()
		found := rows.Next()
		if found {
			err = rows.Scan(&t.changed)
		}
		if t.failed = explain(errors.Join(err, rows.Err(), rows.Close())); t.failed == nil && !found {
			return automation.ErrStale
		}
		return t.failed
	})
	if err != nil {
		return fmt.Errorf("saving the announcement: %w", err)
	}
	return nil
}

const keepAnnouncements = `UPDATE executions SET announce_until = $2
	WHERE announced < version AND announce_owner = $1 AND announce_owner <> '' AND id IN (%s) RETURNING id, version`

// KeepAnnouncements extends owner's leases on the announcements of the executions with these IDs, and returns
// which of them it still holds, with their versions, which may have been raised meanwhile.
func (db *DB) KeepAnnouncements(ctx context.Context, owner string, until time.Time, ids []string) (map[string]int64, error) {
	return db.keep(ctx, keepAnnouncements, owner, until, ids)
}

const releaseAnnouncements = `UPDATE executions SET announce_owner = '', announce_until = 0
	WHERE announced < version AND announce_owner = $1`

// ReleaseAnnouncements gives back all of owner's leases on announcements, and leaves those on executions.
func (db *DB) ReleaseAnnouncements(ctx context.Context, owner string) error {
	return db.release(ctx, releaseAnnouncements, owner)
}
