package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// waits is an approval with every field set.
func (s *suite) waits() *automation.Approval {
	vote := automation.Vote{User: "U2", Team: "T1", At: s.now.Add(time.Second), Record: "d-2", Reject: true, Reason: "not <now> \"please\""}
	needs := []policy.Need{{Rule: "failovers", Freeze: true, From: []string{"leads"}, Count: 2, Channel: "#approvals", RequireIdentity: true}}
	return &automation.Approval{
		Bound: policy.Bound{Action: policy.Ask, Execution: "e", Requester: "U1", Parameters: map[string][]string{"A": {"x", "y"}},
			Closure: []policy.Pin{{Name: "Child", Version: "1", SHA256: "ab"}}, Expires: s.now.UnixMilli()},
		Digest: "4c1f", Needs: needs, AskedAt: s.now, By: s.now.Add(time.Hour), RemindAt: s.now.Add(time.Minute), Reminded: true,
		Votes: []automation.Vote{vote}, Void: []policy.Difference{{What: "policy", Was: "a", Is: "b"}}, Changes: 3, Reads: 1,
		Results: []automation.State{automation.Succeeded, automation.Failed},
		Steps:   []automation.StepAnswer{{Step: "Confirm", ID: "s1", Needs: needs, Votes: []automation.Vote{vote}, Signal: "Approve", Sent: true}},
	}
}

func approvals(t *testing.T, s *suite) {
	e := s.full()
	e.Action, e.BreakGlass, e.Logged, e.State, e.Approval = policy.Ask, true, automation.Queued, automation.AwaitingApproval, s.waits()
	e.Announcement.AskChannel, e.Announcement.AskCard, e.Announcement.Asked = "C9", "1.9", 3
	want := *e
	s.must(t, func(tx automation.Tx) error { return tx.Insert(t.Context(), e) })
	same(t, s.get(t, e.ID), &want)
	next := s.get(t, e.ID)
	next.Action, next.BreakGlass, next.Logged, next.Approval = policy.Run, false, automation.AwaitingApproval, nil
	want = *next
	want.Version++
	ok(t, s.save(t.Context(), next))
	same(t, s.get(t, e.ID), &want)
}

func waitingIsClaimed(t *testing.T, s *suite) {
	es := s.insert(t, 3, func(e *automation.Execution) { e.State, e.Approval = automation.AwaitingApproval, s.waits() })
	s.insert(t, 1, func(e *automation.Execution) {
		e.State, e.NextAttempt = automation.AwaitingApproval, s.now.Add(time.Minute)
	})
	same(t, refs(s.claim(t, "me", s.now, 10)), refs(es))
	same(t, refs(s.claim(t, "me", s.now.Add(time.Minute).Add(-time.Millisecond), 10)), []string(nil))
}

func locks(t *testing.T, s *suite) {
	lock := func(id, runbook string, lasts time.Duration) policy.Lock {
		return policy.Lock{ID: id, Runbook: runbook, By: "U1", Reason: "it's <broken>", At: s.now, Until: s.now.Add(lasts)}
	}
	one, two, over := lock("l-1", "restart-web", time.Hour), lock("l-2", "failover-db", time.Hour), lock("l-3", "restart-web", -time.Second)
	one.Parameters = map[string][]string{"InstanceId": {"i-1", "i-2"}}
	s.must(t, func(tx automation.Tx) error {
		for _, l := range []policy.Lock{two, one, over} {
			if err := tx.Lock(t.Context(), l); err != nil {
				return err
			}
		}
		return nil
	})
	on := func(runbook string, at time.Time) (found []policy.Lock) {
		s.must(t, func(tx automation.Tx) (err error) { found, err = tx.Locks(t.Context(), runbook, at); return err })
		return found
	}
	same(t, on("restart-web", s.now), []policy.Lock{one})
	same(t, on("restart-web", one.Until.Add(-time.Millisecond)), []policy.Lock{one})
	same(t, on("restart-web", one.Until), []policy.Lock(nil))
	all, err := s.ActiveLocks(t.Context(), s.now)
	ok(t, err)
	same(t, all, []policy.Lock{one, two})
	if err := s.Update(t.Context(), func(tx automation.Tx) error { return tx.Lock(t.Context(), one) }); err == nil {
		t.Error("a lock was set twice")
	}

	end := func(id string, at time.Time) (l policy.Lock, err error) {
		err = s.Update(t.Context(), func(tx automation.Tx) (err error) { l, err = tx.Unlock(t.Context(), id, "U2", at); return err })
		return l, err
	}
	was, err := end("l-1", s.now.Add(time.Minute))
	ok(t, err)
	same(t, was, one)
	same(t, on("restart-web", s.now.Add(time.Minute)), []policy.Lock(nil))
	for _, id := range []string{"l-1", "l-3", "l-nope"} {
		_, err = end(id, s.now.Add(time.Minute))
		is(t, err, automation.ErrNotFound)
	}
	ended := one
	ended.Until, ended.EndedBy = s.now.Add(time.Minute), "U2"
	same(t, on("restart-web", s.now), []policy.Lock{ended})
}

func usage(t *testing.T, s *suite) {
	s.insert(t, 3, func(e *automation.Execution) { e.Rule = "web" })
	s.insert(t, 2, func(e *automation.Execution) { e.Rule, e.State = "web", automation.Succeeded })
	s.insert(t, 4, func(e *automation.Execution) { e.Rule, e.CreatedAt = "web", s.now.Add(-2*time.Hour) })
	s.insert(t, 1, func(e *automation.Execution) { e.Rule, e.State = "other", automation.AwaitingApproval })
	for rule, want := range map[string]policy.Usage{"web": {Open: 7, Recent: 5}, "other": {Open: 1, Recent: 1}, "none": {}} {
		s.must(t, func(tx automation.Tx) error {
			got, err := tx.Usage(t.Context(), rule, s.now.Add(-time.Hour))
			same(t, got, want)
			return err
		})
	}
}

// lastPlace lets many ask at once for what a limit gives to three.
func lastPlace(t *testing.T, s *suite) {
	const places = 3
	var wg sync.WaitGroup
	var taken atomic.Int64
	for i := range 16 {
		e := s.execution()
		e.Rule = "web"
		wg.Go(func() {
			var got bool
			err := s.Update(t.Context(), func(tx automation.Tx) error {
				u, err := tx.Usage(t.Context(), "web", s.now.Add(-time.Hour))
				if err != nil {
					return err
				}
				if err := tx.Record(t.Context(), policy.Record{ID: fmt.Sprint("d-", i)}); err != nil {
					return err
				}
				if got = u.Open < places; !got {
					return nil
				}
				return tx.Insert(t.Context(), e)
			})
			if err != nil {
				t.Error(err)
			}
			if got {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	same(t, taken.Load(), int64(places))
}

func agreed(t *testing.T, s *suite) {
	yes := func(id string, at time.Duration) policy.Record {
		return policy.Record{ID: id, At: s.now.Add(at), Entry: policy.ByButton, Action: policy.Approve, Actor: "U2", Team: "T1", Channel: "C1",
			Runbook: "failover-db", Execution: "e1", Allowed: true, Code: policy.CodeApprover, Sentence: "yes", Policy: "cafe",
			Facts: policy.Facts{Standing: policy.StandingMember, UserGroups: []string{"S1"}, Digest: "4c1f", Requester: "U1", Step: "Confirm"}}
	}
	first, second := yes("d-1", time.Second), yes("d-2", 2*time.Second)
	second.Actor, second.Facts.Step = "U3", ""
	no, reject, run, other := yes("d-3", 0), yes("d-4", 0), yes("d-5", 0), yes("d-6", 0)
	no.Allowed, reject.Action, run.Action, other.Execution = false, policy.Reject, policy.Run, "e2"
	s.must(t, func(tx automation.Tx) error {
		for _, r := range []policy.Record{second, no, first, reject, run, other} {
			if err := tx.Record(t.Context(), r); err != nil {
				return err
			}
		}
		got, err := tx.Agreed(t.Context(), "e1") // its own transaction's records count
		same(t, got, []policy.Record{first, second})
		return err
	})
	for execution, want := range map[string][]policy.Record{"e1": {first, second}, "e2": {other}, "e3": nil, "": nil} {
		s.must(t, func(tx automation.Tx) error {
			got, err := tx.Agreed(t.Context(), execution)
			same(t, got, want)
			return err
		})
	}
}
