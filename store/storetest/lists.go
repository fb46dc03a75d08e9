package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
	"handrail/store"
)

func lists(t *testing.T, s *suite) {
	all := s.insert(t, 6, func(e *automation.Execution) {
		switch e.Ref {
		case "r-00002":
			e.Runbook = "failover-db"
		case "r-00003":
			e.Requester, e.BreakGlass = "U2", true
		case "r-00004":
			e.Channel = "C2"
		case "r-00005":
			e.State = automation.Denied
		}
	})
	for _, c := range []struct {
		query automation.Query
		want  []string
	}{
		{automation.Query{}, []string{"r-00006", "r-00005", "r-00004", "r-00003", "r-00002", "r-00001"}},
		{automation.Query{Limit: 2}, []string{"r-00006", "r-00005"}},
		{automation.Query{Runbook: "failover-db"}, []string{"r-00002"}},
		{automation.Query{Requester: "U2"}, []string{"r-00003"}},
		{automation.Query{Channel: "C2"}, []string{"r-00004"}},
		{automation.Query{Open: true, Limit: 2}, []string{"r-00006", "r-00004"}},
		{automation.Query{Since: all[4].CreatedAt}, []string{"r-00006", "r-00005"}},
		{automation.Query{Open: true, Runbook: "restart-web", Requester: "U1", Channel: "C1", Since: all[1].CreatedAt}, []string{"r-00006"}},
		{automation.Query{Runbook: "nope"}, nil},
		{automation.Query{BreakGlass: true}, []string{"r-00003"}},
		{automation.Query{Among: []string{"failover-db", "nope"}}, []string{"r-00002"}},
		{automation.Query{Among: []string{"failover-db", "restart-web"}, Requester: "U2"}, []string{"r-00003"}},
		{automation.Query{Among: []string{}}, nil},
	} {
		got, err := s.Executions(t.Context(), c.query)
		ok(t, err)
		same(t, refs(got), c.want)
	}
	s.insert(t, 60)
	got, err := s.Executions(t.Context(), automation.Query{})
	ok(t, err)
	same(t, len(got), 50)
}

func records(t *testing.T, s *suite) {
	full := policy.Record{ID: "d-1", At: s.now, Key: "k", Entry: policy.ByMention, Action: policy.Cancel, Actor: "U1", Team: "T1",
		Channel: "C1", Runbook: "restart-web", Parameters: map[string][]string{"a": {"b", "ü\x00"}}, Execution: "e1", Allowed: true,
		Code: "code", Rule: "web-restarts", Sentence: "a 🚨 sentence", Near: "near", Policy: "cafe"}
	second := policy.Record{ID: "d-2", At: s.now.Add(time.Second), Actor: "U2", Execution: "e1"}
	third := policy.Record{ID: "d-3", At: s.now.Add(2 * time.Second), Actor: "U1"}
	for _, r := range []policy.Record{third, full, second} {
		s.must(t, func(tx automation.Tx) error { return tx.Record(t.Context(), r) })
	}
	got, err := s.Record(t.Context(), "d-1")
	ok(t, err)
	same(t, got, full)
	for _, c := range []struct {
		query store.RecordQuery
		want  []policy.Record
	}{
		{store.RecordQuery{}, []policy.Record{third, second, full}},
		{store.RecordQuery{Limit: 1}, []policy.Record{third}},
		{store.RecordQuery{Execution: "e1"}, []policy.Record{second, full}},
		{store.RecordQuery{Actor: "U1"}, []policy.Record{third, full}},
		{store.RecordQuery{Since: second.At}, []policy.Record{third, second}},
		{store.RecordQuery{Execution: "e1", Actor: "U1", Since: s.now}, []policy.Record{full}},
	} {
		got, err := s.Records(t.Context(), c.query)
		ok(t, err)
		same(t, got, c.want)
	}
	forged := full
	forged.Key, forged.Allowed, forged.Sentence = "", false, "forged"
	if err := s.Update(t.Context(), func(tx automation.Tx) error { return tx.Record(t.Context(), forged) }); err == nil {
		t.Error("a record was written twice")
	}
	got, err = s.Record(t.Context(), "d-1")
	ok(t, err)
	same(t, got, full)
}

func decided(t *testing.T, s *suite) {
	first := policy.Record{ID: "d-1", At: s.now, Key: "slash:1", Actor: "U1", Sentence: "the first word"}
	again := first
	again.ID, again.Sentence = "d-2", "another word"
	s.must(t, func(tx automation.Tx) error { return tx.Record(t.Context(), first) })
	s.must(t, func(tx automation.Tx) error { // the transaction goes on after it
		is(t, tx.Record(t.Context(), again), automation.ErrDuplicate)
		for _, id := range []string{"d-3", "d-4"} { // without a key, as often as one likes
			if err := tx.Record(t.Context(), policy.Record{ID: id}); err != nil {
				return err
			}
		}
		return nil
	})
	got, err := s.Decided(t.Context(), "slash:1")
	ok(t, err)
	same(t, got, first)
	_, err = s.Record(t.Context(), "d-2")
	is(t, err, automation.ErrNotFound)
	_, err = s.Record(t.Context(), "d-4")
	ok(t, err)
	for _, key := range []string{"slash:2", ""} {
		_, err = s.Decided(t.Context(), key)
		is(t, err, automation.ErrNotFound)
	}
}

// decidedOnce lets replays of one request race.
func decidedOnce(t *testing.T, s *suite) {
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			err := s.Update(t.Context(), func(tx automation.Tx) error {
				return tx.Record(t.Context(), policy.Record{ID: fmt.Sprint("d-", i), Key: "slash:1"})
			})
			if err == nil {
				won.Add(1)
			} else {
				is(t, err, automation.ErrDuplicate)
			}
		})
	}
	wg.Wait()
	same(t, won.Load(), int64(1))
}

func backlog(t *testing.T, s *suite) {
	b, err := s.Backlog(t.Context(), s.now)
	ok(t, err)
	same(t, b, store.Backlog{})
	told := func(e *automation.Execution) { e.Announcement.Version = 1 }
	es := s.insert(t, 2, told)
	s.insert(t, 1)
	s.insert(t, 1, told, func(e *automation.Execution) { e.State = automation.Failed })
	s.insert(t, 1, told, func(e *automation.Execution) { e.Parked = "why" })
	s.insert(t, 1, told, func(e *automation.Execution) { e.NextAttempt = s.now.Add(time.Second) })
	s.insert(t, 1, told, func(e *automation.Execution) { e.LeaseOwner, e.LeaseUntil = "me", s.now.Add(time.Second) })
	b, err = s.Backlog(t.Context(), s.now)
	ok(t, err)
	same(t, b, store.Backlog{Due: 3, Oldest: es[0].NextAttempt, Announce: 1, Parked: 1})
}

func subscribe(t *testing.T, s *suite) {
	changed, cancel := s.Subscribe()
	heard := func() {
		t.Helper()
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody told of the change")
		}
	}
	e := s.insert(t, 1)[0]
	heard()
	ok(t, s.save(t.Context(), e))
	ok(t, s.save(t.Context(), e)) // several may be one
	heard()
	cancel()
	select {
	case <-changed:
	default:
	}
	ok(t, s.save(t.Context(), e))
	if len(changed) > 0 {
		t.Error("told of a change after the subscription had ended")
	}
}

func version(t *testing.T, s *suite) {
	have, want, err := s.Version(t.Context())
	ok(t, err)
	if have != want || want < 1 {
		t.Errorf("version %d of %d", have, want)
	}
	ok(t, s.Migrate(t.Context()))
	ok(t, s.Check(t.Context()))
}
