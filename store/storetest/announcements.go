package storetest

import (
	"testing"
	"time"

	"handrail/automation"
)

func announceOrder(t *testing.T, s *suite) {
	shown := func(e *automation.Execution) {
		e.Announcement = automation.Announcement{Version: 1, Card: e.ID, Channel: "C1"}
	}
	wait := func(d time.Duration) func(*automation.Execution) {
		return func(e *automation.Execution) { e.Announcement.NextAttempt = s.now.Add(-d) }
	}
	change := func(es []*automation.Execution, state automation.State) {
		for _, e := range es {
			e.State = state
			ok(t, s.save(t.Context(), e))
		}
	}
	plain := s.insert(t, 2, shown, wait(time.Hour))
	change(plain, automation.Running)
	first := s.insert(t, 1, wait(time.Minute))
	ended := s.insert(t, 1, shown, wait(2*time.Minute))
	change(ended, automation.Succeeded)
	s.insert(t, 1, shown)                // nothing new
	s.insert(t, 1, wait(-1*time.Second)) // not yet

	got := s.claimAnnouncements(t, "me", s.now, 3)
	same(t, refs(got), []string{ended[0].Ref, first[0].Ref, plain[0].Ref})
	same(t, got[0], s.get(t, ended[0].ID))
	same(t, refs(s.claimAnnouncements(t, "me", s.now, 3)), refs(plain[1:]))
}

func announceLease(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	same(t, len(s.claimAnnouncements(t, "me", s.now, 1)), 1)
	same(t, len(s.claimAnnouncements(t, "other", s.now, 1)), 0)
	a := automation.Announcement{Channel: "C1", Card: "1.1"}
	is(t, s.SaveAnnouncement(t.Context(), "other", e.ID, a), automation.ErrStale)
	is(t, s.SaveAnnouncement(t.Context(), "", e.ID, a), automation.ErrStale)

	ok(t, s.SaveAnnouncement(t.Context(), "me", e.ID, a)) // progress
	a.Replies = map[string]string{"started": "1.2"}
	ok(t, s.SaveAnnouncement(t.Context(), "me", e.ID, a))
	got := s.get(t, e.ID)
	same(t, got.Announcement, a)
	same(t, got.Version, int64(1))
	same(t, len(s.claimAnnouncements(t, "other", s.now, 1)), 0)

	e.State = automation.Running // goes on while version 1 is told
	ok(t, s.save(t.Context(), e))
	a.Version = 1
	ok(t, s.SaveAnnouncement(t.Context(), "me", e.ID, a))
	is(t, s.SaveAnnouncement(t.Context(), "me", e.ID, a), automation.ErrStale)
	same(t, s.get(t, e.ID).Announcement, a)
	same(t, len(s.claimAnnouncements(t, "other", s.now, 1)), 1)

	a.Attempts, a.NextAttempt = 1, s.now.Add(time.Hour) // Slack does not answer
	ok(t, s.SaveAnnouncement(t.Context(), "other", e.ID, a))
	same(t, len(s.claimAnnouncements(t, "me", s.now.Add(time.Minute), 1)), 0)
	same(t, len(s.claimAnnouncements(t, "me", s.now.Add(time.Hour), 1)), 1)
	same(t, len(s.claimAnnouncements(t, "thief", s.now.Add(time.Hour+time.Minute), 1)), 1)
	is(t, s.SaveAnnouncement(t.Context(), "me", e.ID, a), automation.ErrStale)

	held, err := s.KeepAnnouncements(t.Context(), "thief", s.now.Add(3*time.Hour), []string{e.ID, "nobody's"})
	ok(t, err)
	same(t, held, map[string]int64{e.ID: 2})
	same(t, len(s.claimAnnouncements(t, "me", s.now.Add(2*time.Hour), 1)), 0)
	ok(t, s.ReleaseAnnouncements(t.Context(), "thief"))
	same(t, len(s.claimAnnouncements(t, "me", s.now.Add(2*time.Hour), 1)), 1)
	a.Version, a.NextAttempt = 2, time.Time{}
	ok(t, s.SaveAnnouncement(t.Context(), "me", e.ID, a))
	same(t, len(s.claimAnnouncements(t, "me", s.now.Add(9*time.Hour), 1)), 0)
}

func announceKept(t *testing.T, s *suite) {
	es := s.insert(t, 2)
	same(t, len(s.claimAnnouncements(t, "me", s.now, 2)), 2)
	held, err := s.KeepAnnouncements(t.Context(), "me", s.now.Add(time.Hour), []string{es[0].ID})
	ok(t, err)
	same(t, held, map[string]int64{es[0].ID: 1})
	same(t, refs(s.claimAnnouncements(t, "other", s.now.Add(2*time.Minute), 9)), refs(es[1:])) // nobody kept it
}

func announceOnce(t *testing.T, s *suite) {
	const rows = 100
	s.insert(t, rows)
	once(t, rows, func(owner string) []*automation.Execution { return s.claimAnnouncements(t, owner, s.now, 7) })
}

func leasesApart(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	same(t, len(s.claim(t, "worker", s.now, 1)), 1)
	same(t, len(s.claimAnnouncements(t, "speaker", s.now, 1)), 1)
	same(t, s.get(t, e.ID).LeaseOwner, "worker")
	ok(t, s.Release(t.Context(), "speaker")) // has none on executions
	same(t, len(s.claimAnnouncements(t, "other", s.now, 1)), 0)
	ok(t, s.ReleaseAnnouncements(t.Context(), "worker")) // has none on announcements
	same(t, len(s.claim(t, "other", s.now, 1)), 0)
	e.State = automation.Succeeded // its end leaves the announcement to whoever tells it
	ok(t, s.save(t.Context(), e))
	same(t, len(s.claimAnnouncements(t, "other", s.now, 1)), 0)
	ok(t, s.SaveAnnouncement(t.Context(), "speaker", e.ID, automation.Announcement{Version: 2, Card: "1", Channel: "C1"}))
	same(t, s.get(t, e.ID).State, automation.Succeeded)
}

func byCard(t *testing.T, s *suite) {
	e := s.insert(t, 1, func(e *automation.Execution) {
		e.Announcement = automation.Announcement{Version: 1, Channel: "C2", Card: "1763910000.000100"}
	})[0]
	both := s.insert(t, 1, func(e *automation.Execution) {
		e.Announcement = automation.Announcement{Version: 1, Channel: "C2", Card: "1763910000.000200", AskChannel: "C3", AskCard: "1763910000.000300", Asked: 1}
	})[0]
	s.insert(t, 1) // has no card
	for card, want := range map[[2]string]*automation.Execution{{"C2", "1763910000.000100"}: e, {"C2", "1763910000.000200"}: both, {"C3", "1763910000.000300"}: both} {
		got, err := s.ByCard(t.Context(), card[0], card[1])
		ok(t, err)
		same(t, got, want)
	}
	for _, card := range [][2]string{{"C1", "1763910000.000100"}, {"C2", "1763910000.000101"}, {"C2", "1763910000.000300"}, {"C3", "1763910000.000200"}, {"", ""}, {"C2", ""}} {
		_, err := s.ByCard(t.Context(), card[0], card[1])
		is(t, err, automation.ErrNotFound)
	}
}
