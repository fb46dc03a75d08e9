package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"handrail/automation"
)

func claimDue(t *testing.T, s *suite) {
	later := func(e *automation.Execution) { e.NextAttempt = s.now.Add(time.Second) }
	ended := func(e *automation.Execution) { e.State = automation.Failed }
	leased := func(e *automation.Execution) { e.LeaseOwner, e.LeaseUntil = "other", s.now.Add(time.Minute) }
	due := s.insert(t, 3)
	s.insert(t, 1, later)
	s.insert(t, 1, ended)
	s.insert(t, 1, leased)
	now := func(e *automation.Execution) { e.NextAttempt = s.now }
	due = append(due, s.insert(t, 1, now)...)

	got := s.claim(t, "me", s.now, 3)
	same(t, refs(got), refs(due[:3]))
	for i, e := range got {
		want := *due[i]
		want.LeaseOwner, want.LeaseUntil = "me", s.now.Add(time.Minute)
		same(t, e, &want)
		same(t, s.get(t, e.ID), &want)
	}
	same(t, refs(s.claim(t, "me", s.now, 3)), refs(due[3:]))
	same(t, len(s.claim(t, "me", s.now, 3)), 0)
	same(t, len(s.claim(t, "me", s.now.Add(time.Second), 0)), 0)
	same(t, len(s.claim(t, "me", s.now.Add(time.Second), 9)), 1)
	for _, c := range []automation.Claim{{Now: s.now, Until: s.now.Add(1), Limit: 1}, {Owner: "me", Now: s.now, Until: s.now, Limit: 1}} {
		if _, err := s.Claim(t.Context(), c); err == nil {
			t.Errorf("claimed with %+v", c)
		}
	}
}

func claimOnce(t *testing.T, s *suite) {
	const rows = 200
	s.insert(t, rows)
	once(t, rows, func(owner string) []*automation.Execution { return s.claim(t, owner, s.now, 7) })
}

// once has eight owners claim until there is nothing left.
func once(t *testing.T, rows int, claim func(owner string) []*automation.Execution) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	taken := map[string]string{}
	for i := range 8 {
		owner := fmt.Sprintf("owner-%d", i)
		wg.Go(func() {
			deadline := time.Now().Add(20 * time.Second)
			for time.Now().Before(deadline) {
				es := claim(owner)
				mu.Lock()
				for _, e := range es {
					if other, ok := taken[e.ID]; ok {
						t.Errorf("%s was claimed by %s and by %s", e.ID, other, owner)
					}
					taken[e.ID] = owner
				}
				done := len(taken) >= rows
				mu.Unlock()
				if done {
					return
				}
			}
		})
	}
	wg.Wait()
	same(t, len(taken), rows)
}

func claimStolen(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	same(t, len(s.claim(t, "first", s.now, 1)), 1)
	same(t, len(s.claim(t, "second", s.now.Add(59*time.Second), 1)), 0)
	same(t, len(s.claim(t, "second", s.now.Add(time.Minute), 1)), 1)
	same(t, s.get(t, e.ID).LeaseOwner, "second")
	held, err := s.Keep(t.Context(), "first", s.now.Add(time.Hour), []string{e.ID})
	ok(t, err)
	same(t, held, map[string]int64{})
	b, err := s.Backlog(t.Context(), s.now)
	ok(t, err)
	same(t, b.Stolen, int64(1))
}

func leasesEnd(t *testing.T, s *suite) {
	s.insert(t, 3)
	same(t, len(s.claim(t, "me", s.now, 2)), 2)
	same(t, len(s.claim(t, "other", s.now, 1)), 1)
	ok(t, s.Release(t.Context(), "me"))
	same(t, len(s.claim(t, "third", s.now, 9)), 2)
}

func postpone(t *testing.T, s *suite) {
	es := s.insert(t, 2)
	same(t, len(s.claim(t, "me", s.now, 1)), 1)
	same(t, len(s.claim(t, "other", s.now, 1)), 1)
	for _, e := range es {
		e.Attempts, e.NextAttempt, e.Note = 5, s.now.Add(time.Second), "not written"
	}
	ok(t, s.Postpone(t.Context(), "me", es...))
	mine, others := s.get(t, es[0].ID), s.get(t, es[1].ID)
	same(t, []any{mine.Attempts, mine.NextAttempt, mine.LeaseOwner, mine.LeaseUntil, mine.Version, mine.Note},
		[]any{5, s.now.Add(time.Second), "", time.Time{}, int64(1), ""})
	same(t, []any{others.Attempts, others.LeaseOwner}, []any{0, "other"})
	same(t, len(s.claim(t, "third", s.now, 9)), 0)
	same(t, refs(s.claim(t, "third", s.now.Add(time.Second), 9)), []string{mine.Ref})
	ok(t, s.Postpone(t.Context(), "me"))
}

func keep(t *testing.T, s *suite) {
	es := s.insert(t, 4)
	same(t, len(s.claim(t, "me", s.now, 3)), 3)
	same(t, len(s.claim(t, "other", s.now, 1)), 1)
	changed := s.get(t, es[1].ID)
	changed.CancelBy = "U2" // by somebody without a lease
	ok(t, s.save(t.Context(), changed))
	until, mine := s.now.Add(time.Hour), []string{es[0].ID, es[1].ID, es[3].ID, "nobody's"}
	held, err := s.Keep(t.Context(), "me", until, mine)
	ok(t, err)
	same(t, held, map[string]int64{es[0].ID: 1, es[1].ID: 2})
	same(t, s.get(t, es[0].ID).LeaseUntil, until)
	same(t, s.get(t, es[3].ID).LeaseUntil, s.now.Add(time.Minute))
	same(t, refs(s.claim(t, "next", s.now.Add(2*time.Minute), 9)), refs(es[2:])) // nobody kept them
	es[0].State = automation.Failed
	ok(t, s.save(t.Context(), es[0]))
	held, err = s.Keep(t.Context(), "me", until, mine)
	ok(t, err)
	same(t, held, map[string]int64{es[1].ID: 2})
	for owner, ids := range map[string][]string{"": {es[1].ID}, "me": nil} {
		held, err = s.Keep(t.Context(), owner, until, ids)
		ok(t, err)
		same(t, held, map[string]int64{})
	}
}

// keepMany keeps as many as an engine and an announcer have in hand.
func keepMany(t *testing.T, s *suite) {
	es := s.insert(t, 600)
	same(t, len(s.claim(t, "me", s.now, 600)), 600)
	same(t, len(s.claimAnnouncements(t, "me", s.now, 600)), 600)
	var ids []string
	for _, e := range es {
		ids = append(ids, e.ID)
	}
	held, err := s.Keep(t.Context(), "me", s.now.Add(time.Hour), ids)
	ok(t, err)
	same(t, len(held), 600)
	held, err = s.KeepAnnouncements(t.Context(), "me", s.now.Add(time.Hour), ids)
	ok(t, err)
	same(t, len(held), 600)
}

func saveBesideLease(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	same(t, len(s.claim(t, "me", s.now, 1)), 1)
	lease := func() []any { x := s.get(t, e.ID); return []any{x.LeaseOwner, x.LeaseUntil} }
	mine := []any{"me", s.now.Add(time.Minute)}

	ok(t, s.save(t.Context(), e)) // read before the claim
	same(t, lease(), mine)
	same(t, []any{e.LeaseOwner, e.LeaseUntil}, mine)
	e.LeaseOwner, e.LeaseUntil = "thief", s.now.Add(time.Hour)
	ok(t, s.save(t.Context(), e))
	same(t, lease(), mine)
	e.LeaseOwner, e.LeaseUntil = "me", s.now.Add(time.Second) // older than a heartbeat
	ok(t, s.save(t.Context(), e))
	same(t, lease(), mine)
	e.LeaseUntil = s.now.Add(time.Hour)
	ok(t, s.save(t.Context(), e))
	same(t, lease(), []any{"me", s.now.Add(time.Hour)})

	ok(t, s.Release(t.Context(), "me")) // a free one can be taken along
	e.LeaseOwner, e.LeaseUntil = "next", s.now.Add(time.Hour)
	ok(t, s.save(t.Context(), e))
	same(t, lease(), []any{"next", s.now.Add(time.Hour)})
}

func parked(t *testing.T, s *suite) {
	es := s.insert(t, 2)
	same(t, len(s.claim(t, "me", s.now, 1)), 1)
	es[0].LeaseOwner, es[0].LeaseUntil, es[0].Parked = "me", s.now.Add(time.Minute), "it fails each time"
	ok(t, s.save(t.Context(), es[0]))
	same(t, s.get(t, es[0].ID), es[0])
	same(t, es[0].LeaseOwner, "")
	same(t, refs(s.claim(t, "me", s.now.Add(time.Hour), 9)), refs(es[1:]))
	list, err := s.Executions(t.Context(), automation.Query{Parked: true})
	ok(t, err)
	same(t, refs(list), refs(es[:1]))
	es[0].Parked = ""
	ok(t, s.save(t.Context(), es[0]))
	same(t, refs(s.claim(t, "me", s.now.Add(time.Second), 9)), refs(es[:1]))
}
