package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// full returns an execution with every field set.
func (s *suite) full() *automation.Execution {
	e, at := s.execution(), s.now
	e.Thread, e.Reason = "1763910000.000100", "the site answers 502"
	e.SHA256, e.Region, e.Role = "4c1f", "eu-west-1", "arn:aws:iam::123456789012:role/R"
	e.Request = automation.StartRequest{DocumentName: "AWS-RestartEC2Instance", DocumentVersion: "1",
		Parameters: map[string][]string{"AutomationAssumeRole": {e.Role}}, ClientToken: "token", Tag: "handrail:1"}
	e.Decision, e.Rule, e.Policy = "d-1", "web-restarts", "cafe"
	e.AWSID, e.AWSStatus, e.CurrentStep = "aws-1", "InProgress", "stopInstances"
	e.Steps = []automation.Step{{ID: "s1", Name: "stopInstances", Action: "aws:changeInstanceState", Status: "Success",
		StartedAt: at, EndedAt: at.Add(time.Second), Failure: "none"}, {Name: "startInstances", Status: "Pending"}}
	e.Failure, e.Note = "it broke", "throttled"
	e.CancelBy, e.CancelReason, e.CancelAt = "U2", "wrong host", at.Add(2*time.Second)
	e.StartBy, e.StartedAt, e.EndedAt = at.Add(3*time.Second), at.Add(4*time.Second), at.Add(5*time.Second)
	e.Attempts, e.LeaseOwner, e.LeaseUntil = 3, "replica", at.Add(time.Hour)
	e.Announcement = automation.Announcement{Version: 1, Channel: "C2", Card: "1.2", Replies: map[string]string{"started": "1.3"},
		Attempts: 4, NextAttempt: at.Add(6 * time.Second)}
	return e
}

func roundTrip(t *testing.T, s *suite) {
	e := s.full()
	want := *e
	s.must(t, func(tx automation.Tx) error { return tx.Insert(t.Context(), e) })
	same(t, s.get(t, e.ID), &want)
	same(t, s.get(t, e.Ref), &want)
	s.must(t, func(tx automation.Tx) error {
		byRef, err := tx.Execution(t.Context(), e.Ref)
		same(t, byRef, &want)
		return err
	})
	// Every field that a save writes, and a parked one loses its lease.
	next := s.full()
	next.ID, next.Ref, next.Key, next.CreatedAt = e.ID, e.Ref, e.Key, e.CreatedAt
	next.State, next.Parked, next.Attempts, next.Note = automation.Waiting, "for an operator", 9, "parked"
	next.SHA256, next.Region, next.Role, next.AWSStatus, next.Failure = "a", "b", "c", "d", "e"
	next.NextAttempt, next.Steps = s.now.Add(time.Hour), next.Steps[:1]
	want = *next
	want.Version, want.LeaseOwner, want.LeaseUntil = 2, "", time.Time{}
	ok(t, s.save(t.Context(), next))
	same(t, next, &want)
	same(t, s.get(t, e.ID), &want)
}

func oddValues(t *testing.T, s *suite) {
	zero := &automation.Execution{ID: "zero", Ref: "zero", Key: "zero", State: automation.Queued}
	odd := s.full()
	odd.Reason = "„Zürich“ 日本語 🚨\u202e \"'; DROP TABLE executions; --\n\t"
	odd.Parameters = map[string][]string{"Ünï\u0000": {"", "\x00", "a'b\"c\\"}, "": nil}
	odd.CancelAt = time.UnixMilli(-1).UTC()
	odd.EndedAt = s.now.Add(999 * time.Microsecond)
	odd.Failure, odd.Note = "a\x00b", "a\xff\xfeb"
	s.must(t, func(tx automation.Tx) error {
		return errors.Join(tx.Insert(t.Context(), zero), tx.Insert(t.Context(), odd))
	})
	if zero.Version != 1 {
		t.Errorf("the version starts at %d", zero.Version)
	}
	same(t, s.get(t, "zero"), zero)
	want := *odd
	want.EndedAt = s.now // milliseconds
	want.Failure, want.Note = "a\uFFFDb", "a\uFFFDb"
	same(t, s.get(t, odd.ID), &want)
}

func bigValues(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	for i := range 10_000 {
		e.Steps = append(e.Steps, automation.Step{Name: fmt.Sprintf("step-%d", i), Action: "aws:sleep", Status: "Success", StartedAt: s.now})
	}
	e.Failure = strings.Repeat("ü", 1<<20)
	ok(t, s.save(t.Context(), e))
	same(t, s.get(t, e.ID), e)
}

func missing(t *testing.T, s *suite) {
	_, err := s.Execution(t.Context(), "r-nope")
	is(t, err, automation.ErrNotFound)
	err = s.Update(t.Context(), func(tx automation.Tx) error { _, err := tx.Execution(t.Context(), "nope"); return err })
	is(t, err, automation.ErrNotFound)
	is(t, s.save(t.Context(), s.execution()), automation.ErrNotFound)
	_, err = s.Record(t.Context(), "d-nope")
	is(t, err, automation.ErrNotFound)
}

func duplicateKey(t *testing.T, s *suite) {
	first := s.insert(t, 1)[0]
	again := s.execution()
	again.Key, again.Version = first.Key, 0
	err := s.Update(t.Context(), func(tx automation.Tx) error { return tx.Insert(t.Context(), again) })
	is(t, err, automation.ErrDuplicate)
	if again.Version != 0 {
		t.Errorf("the refused execution has version %d", again.Version)
	}
	s.must(t, func(tx automation.Tx) error { // the transaction goes on after it
		if err := tx.Insert(t.Context(), again); !errors.Is(err, automation.ErrDuplicate) {
			return fmt.Errorf("second insert: %w", err)
		}
		return tx.Record(t.Context(), policy.Record{ID: "d-after"})
	})
	_, err = s.Record(t.Context(), "d-after")
	ok(t, err)
}

func duplicateRef(t *testing.T, s *suite) {
	first := s.insert(t, 1)[0]
	other := s.execution()
	other.Ref = first.Ref
	err := s.Update(t.Context(), func(tx automation.Tx) error { return tx.Insert(t.Context(), other) })
	if err == nil || errors.Is(err, automation.ErrDuplicate) || !strings.Contains(err.Error(), first.Ref) {
		t.Errorf("a taken ref gave %v", err)
	}
}

func staleSave(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	old := *e
	e.State = automation.Starting
	ok(t, s.save(t.Context(), e))
	if e.Version != 2 {
		t.Errorf("the version is %d after a save", e.Version)
	}
	old.State = automation.Running
	is(t, s.save(t.Context(), &old), automation.ErrStale)
	if old.Version != 1 {
		t.Errorf("the refused execution has version %d", old.Version)
	}
	same(t, s.get(t, e.ID), e)
}

func terminalAbsorbs(t *testing.T, s *suite) {
	for _, state := range []automation.State{automation.Succeeded, automation.Failed, automation.TimedOut, automation.Cancelled,
		automation.Denied, automation.Expired, automation.StartUnknown} {
		e := s.insert(t, 1, func(e *automation.Execution) { e.LeaseOwner, e.LeaseUntil = "me", s.now.Add(time.Hour) })[0]
		e.State = state
		ok(t, s.save(t.Context(), e))
		same(t, []any{e.LeaseOwner, e.LeaseUntil}, []any{"", time.Time{}})
		e.State = automation.Running
		if err := s.save(t.Context(), e); err == nil || errors.Is(err, automation.ErrStale) {
			t.Errorf("%s became running: %v", state, err)
		}
		e.State, e.Note = state, "a note is welcome"
		ok(t, s.save(t.Context(), e))
		same(t, s.get(t, e.ID), e)
	}
}

func askedStays(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	want := *e
	want.Version = 2
	e.Requester, e.Runbook, e.Channel, e.Reason, e.Parameters = "U9", "other", "C9", "x", nil
	e.Announcement.Card = "forged"
	ok(t, s.save(t.Context(), e))
	same(t, s.get(t, e.ID), &want)
}

func failedUpdate(t *testing.T, s *suite) {
	e, broken := s.insert(t, 1)[0], errors.New("broken")
	fresh := s.execution()
	fresh.Version = 0
	err := s.Update(t.Context(), func(tx automation.Tx) error {
		e.State = automation.Running
		if err := errors.Join(tx.Insert(t.Context(), fresh), tx.Save(t.Context(), e), tx.Save(t.Context(), e),
			tx.Record(t.Context(), policy.Record{ID: "d-1"})); err != nil {
			return err
		}
		return broken
	})
	is(t, err, broken)
	same(t, []int64{e.Version, fresh.Version}, []int64{1, 0})
	_, err = s.Execution(t.Context(), fresh.ID)
	is(t, err, automation.ErrNotFound)
	_, err = s.Record(t.Context(), "d-1")
	is(t, err, automation.ErrNotFound)
	same(t, s.get(t, e.ID).State, automation.Queued)
}

func panickedUpdate(t *testing.T, s *suite) {
	e := s.execution()
	err := s.Update(t.Context(), func(tx automation.Tx) error {
		if err := tx.Insert(t.Context(), e); err != nil {
			return err
		}
		panic("boom")
	})
	if err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic gave %v", err)
	}
	_, err = s.Execution(t.Context(), e.ID)
	is(t, err, automation.ErrNotFound)
	s.insert(t, 1)
}

func failuresApart(t *testing.T, s *suite) {
	broken := errors.New("broken")
	var wg sync.WaitGroup
	for i := range 120 {
		e := s.execution()
		wg.Go(func() {
			err := s.Update(t.Context(), func(tx automation.Tx) error {
				if err := tx.Insert(t.Context(), e); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return broken
				case 2:
					panic("boom")
				}
				return nil
			})
			_, found := s.Execution(t.Context(), e.ID)
			if good := i%4 == 0 || i%4 == 3; good != (err == nil) || good != (found == nil) {
				t.Errorf("call %d: %v, then %v", i, err, found)
			}
		})
	}
	wg.Wait()
}

func endedContext(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	e := s.execution()
	err := s.Update(ctx, func(tx automation.Tx) error { // ends while it runs
		if err := tx.Record(ctx, policy.Record{ID: "d-1"}); err != nil {
			return err
		}
		cancel()
		return tx.Insert(ctx, e)
	})
	is(t, err, context.Canceled)
	_, err = s.Record(t.Context(), "d-1")
	is(t, err, automation.ErrNotFound)
	ran := false
	err = s.Update(ctx, func(automation.Tx) error { ran = true; return nil })
	is(t, err, context.Canceled)
	if ran {
		t.Error("it ran after its context had ended")
	}
}

// concurrentSaves reads and saves in one transaction, which nobody else may come between.
func concurrentSaves(t *testing.T, s *suite) {
	e := s.insert(t, 1)[0]
	const writers, rounds = 4, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				err := s.Update(t.Context(), func(tx automation.Tx) error {
					x, err := tx.Execution(t.Context(), e.ID)
					if err != nil {
						return err
					}
					x.Attempts++
					return tx.Save(t.Context(), x)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got := s.get(t, e.ID)
	same(t, []int64{int64(got.Attempts), got.Version}, []int64{writers * rounds, 1 + writers*rounds})
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}
