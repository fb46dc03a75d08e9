// Package storetest holds what every store must do, as tests that run on an open function: the same
// for SQLite and for PostgreSQL. It knows nothing of how a store does it.
package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"handrail/automation"
	"handrail/policy"
	"handrail/store"
)

// Exercise runs the suite. open returns an empty store that is closed when its test ends.
func Exercise(t *testing.T, open func(t *testing.T) *store.DB) {
	cases := []struct {
		name string
		run  func(t *testing.T, s *suite)
	}{
		{"an execution comes back as it was stored", roundTrip},
		{"zero values and odd texts come back", oddValues},
		{"ten thousand steps fit", bigValues},
		{"a missing execution is not found", missing},
		{"a key is stored once", duplicateKey},
		{"a ref is given once", duplicateRef},
		{"a save raises the version and a stale one is refused", staleSave},
		{"an end absorbs", terminalAbsorbs},
		{"what was asked is not rewritten", askedStays},
		{"a failing transaction leaves nothing behind", failedUpdate},
		{"a panic is an error", panickedUpdate},
		{"a failing call does not harm the others", failuresApart},
		{"an ended context runs nothing", endedContext},
		{"concurrent saves keep every change", concurrentSaves},
		{"lists are newest first and filtered", lists},
		{"records are appended and listed", records},
		{"records are read page by page", recordPages},
		{"a policy comes into force, and an older one does not", policies},
		{"a ghost is told of once, and a Region looked at in turns", ghosts},
		{"a request is decided once", decided},
		{"of replays that race one is decided", decidedOnce},
		{"a claim takes what is due", claimDue},
		{"eight claimers never take the same", claimOnce},
		{"an expired lease is stolen, a live one is not", claimStolen},
		{"an ended lease is released", leasesEnd},
		{"postpone gives back what the owner holds", postpone},
		{"keep extends and tells what is held", keep},
		{"keep takes hundreds at once", keepMany},
		{"a save leaves the lease of another alone", saveBesideLease},
		{"a parked execution is not claimed", parked},
		{"announcements: ended and first posts come first", announceOrder},
		{"announcements: progress keeps the lease, an end gives it back", announceLease},
		{"announcements: what is not kept lapses", announceKept},
		{"announcements: no two tell the same", announceOnce},
		{"announcements and executions have leases apart", leasesApart},
		{"an execution is found by its card", byCard},
		{"an approval comes back as it was stored", approvals},
		{"what waits for approval is claimed when it is due", waitingIsClaimed},
		{"locks are set, found and ended once", locks},
		{"use is counted by rule", usage},
		{"of those who race for the last place one gets it", lastPlace},
		{"the yes to an approval is found, oldest first", agreed},
		{"the backlog counts what waits", backlog},
		{"subscribers hear of changes", subscribe},
		{"an up-to-date schema says so", version},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, &suite{DB: open(t), now: time.UnixMilli(time.Now().UnixMilli()).UTC()})
		})
	}
}

// suite is an open store with a moment to count from.
type suite struct {
	*store.DB
	now  time.Time
	made atomic.Int64
}

// execution returns a fresh one that is due.
func (s *suite) execution() *automation.Execution {
	n := s.made.Add(1)
	return &automation.Execution{
		ID: fmt.Sprintf("id-%05d", n), Ref: fmt.Sprintf("r-%05d", n), Key: fmt.Sprintf("key-%d", n), Version: 1,
		State: automation.Queued, Entry: policy.ByCommand, Team: "T1", Requester: "U1", Channel: "C1", Runbook: "restart-web",
		Parameters: map[string][]string{"InstanceId": {"i-1"}}, CreatedAt: s.now.Add(time.Duration(n) * time.Millisecond),
		NextAttempt: s.now.Add(-time.Minute + time.Duration(n)*time.Millisecond),
	}
}

// insert stores fresh executions, each changed by changes.
func (s *suite) insert(t *testing.T, n int, changes ...func(*automation.Execution)) []*automation.Execution {
	t.Helper()
	var es []*automation.Execution
	for range n {
		e := s.execution()
		for _, change := range changes {
			change(e)
		}
		es = append(es, e)
	}
	s.must(t, func(tx automation.Tx) error {
		for _, e := range es {
			if err := tx.Insert(t.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	return es
}

func (s *suite) must(t *testing.T, f func(automation.Tx) error) {
	t.Helper()
	ok(t, s.Update(t.Context(), f))
}

func (s *suite) save(ctx context.Context, e *automation.Execution) error {
	return s.Update(ctx, func(tx automation.Tx) error { return tx.Save(ctx, e) })
}

func (s *suite) get(t *testing.T, id string) *automation.Execution {
	t.Helper()
	e, err := s.Execution(t.Context(), id)
	ok(t, err)
	return e
}

// claim takes up to limit executions at a moment, for a minute.
func (s *suite) claim(t *testing.T, owner string, at time.Time, limit int) []*automation.Execution {
	t.Helper()
	es, err := s.Claim(t.Context(), automation.Claim{Owner: owner, Now: at, Until: at.Add(time.Minute), Limit: limit})
	ok(t, err)
	return es
}

func (s *suite) claimAnnouncements(t *testing.T, owner string, at time.Time, limit int) []*automation.Execution {
	t.Helper()
	es, err := s.ClaimAnnouncements(t.Context(), automation.Claim{Owner: owner, Now: at, Until: at.Add(time.Minute), Limit: limit})
	ok(t, err)
	return es
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

func refs(es []*automation.Execution) []string {
	var names []string
	for _, e := range es {
		names = append(names, e.Ref)
	}
	return names
}
