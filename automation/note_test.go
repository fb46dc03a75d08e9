package automation

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"handrail/audit"
	"handrail/policy"
)

// logged are the states of an execution that the audit log tells of.
func (s *stage) logged(id string) []State {
	s.Helper()
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var states []State
	for _, n := range s.store.notes {
		var e entered
		if n.Kind != audit.Execution || n.Subject != id {
			continue
		}
		if err := json.Unmarshal(n.Body, &e); err != nil || e.ID != id || e.Ref == "" || e.Version == 0 {
			s.Fatalf("the entry is %s: %v", n.Body, err)
		}
		states = append(states, e.State)
	}
	return states
}

func (s *stage) unlogged(err error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.unlogged = err
}

func TestEachStateIsLoggedOnce(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		time.Sleep(8 * time.Minute) // reminded: another version, and no other state
		s.agrees(x, "U012BEN", policy.CodeApprover)
		x = s.ends(x.ID, Succeeded, time.Minute)
		if got, want := s.logged(x.ID), []State{AwaitingApproval, Queued, Starting, Running, Succeeded}; !slices.Equal(got, want) {
			t.Errorf("the log tells of %v, want %v", got, want)
		}
		if x.Logged != Succeeded {
			t.Errorf("the row says that %s is logged", x.Logged)
		}
	})
}

func TestWithoutAnEntryNothingHappens(t *testing.T) {
	disk := errors.New("disk full")
	act(t, func(s *stage) {
		s.unlogged(disk)
		if out, err := s.engine.Submit(s.ctx, ask("k1")); err == nil || out.Execution != nil || len(s.store.rows) > 0 {
			t.Fatalf("accepted without an entry: %+v", out)
		}
	})
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		s.unlogged(disk)
		if _, err := s.engine.Approve(s.ctx, click(x, "U012BEN")); err == nil {
			t.Error("approved without an entry")
		}
		if y := s.row(x.ID); y.State != AwaitingApproval || len(y.Approval.Votes) > 0 {
			t.Errorf("it is %s", y.State)
		}
		time.Sleep(time.Hour)
		s.starts(0)
		s.unlogged(nil)
		s.ends(x.ID, Expired, 2*time.Minute)
	})
	act(t, func(s *stage) { // accepted, and then the log fails before the start
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		x := s.submit("k1").Execution
		time.Sleep(100 * time.Millisecond)
		s.unlogged(disk)
		s.free()
		time.Sleep(5 * time.Minute)
		s.starts(0)
		if y := s.row(x.ID); y.State != Queued {
			t.Errorf("it is %s", y.State)
		}
		s.unlogged(nil)
		s.ends(x.ID, Succeeded, 2*time.Minute)
		s.starts(1)
		if got, want := s.logged(x.ID), []State{Queued, Starting, Queued, Starting, Running, Succeeded}; !slices.Equal(got, want) {
			t.Errorf("the log tells of %v, want %v", got, want)
		}
	})
}

// What AWS says is told to the log late, if it could not be told before, and never left out.
func TestAnEntryThatFailedIsWrittenLater(t *testing.T) {
	act(t, func(s *stage) {
		x := s.submit("k1").Execution
		time.Sleep(5 * time.Second)
		s.unlogged(errors.New("disk full"))
		time.Sleep(5 * time.Minute)
		if y := s.row(x.ID); y.State != Running {
			t.Errorf("without an entry it became %s", y.State)
		}
		s.unlogged(nil)
		s.ends(x.ID, Succeeded, 2*time.Minute)
		if got, want := s.logged(x.ID), []State{Queued, Starting, Running, Succeeded}; !slices.Equal(got, want) {
			t.Errorf("the log tells of %v, want %v", got, want)
		}
	})
}

// Stopping needs no record: a log that is out of order keeps nothing running. Whoever may not stop it cannot then either.
func TestACancelWithoutARecordStopsAllTheSame(t *testing.T) {
	act(t, func(s *stage) {
		spoil := func(err error) { s.store.mu.Lock(); s.store.broken = err; s.store.mu.Unlock() }
		s.aws.set(func() { s.aws.runs = time.Hour })
		x := s.submit("k1").Execution
		time.Sleep(10 * time.Second)
		spoil(errors.New("disk full"))
		a := CancelAsk{Key: "c1", Entry: policy.ByButton, Team: "T1", User: "U012BEN", Channel: "C012OPS", Execution: x.Ref}
		if _, err := s.engine.Cancel(s.ctx, a); err == nil || errors.Is(err, ErrUnrecorded) || s.aws.stops != 0 {
			t.Errorf("ben got %v, and AWS %d stops", err, s.aws.stops)
		}
		a.Key, a.User = "c2", "U012ANA"
		out, err := s.engine.Cancel(s.ctx, a)
		if !errors.Is(err, ErrUnrecorded) || out.Execution == nil || s.aws.stops != 1 {
			t.Errorf("ana got %+v, %v, and AWS %d stops", out, err, s.aws.stops)
		}
		spoil(nil)
		s.ends(x.ID, Cancelled, 2*time.Minute)
	})
}

// The same when the store cannot even be read: the replica that watches the automation knows it.
func TestACancelWithoutAStoreStopsAllTheSame(t *testing.T) {
	h := &hooked{}
	disturb(t, h, &slowTown{}, func(s *stage) {
		s.aws.set(func() { s.aws.runs = time.Hour })
		x := s.submit("k1").Execution
		time.Sleep(10 * time.Second)
		down := errors.New("connection refused")
		h.hook(func() { h.read, h.update = down, func(error) error { return down } })
		_, err := s.engine.Cancel(s.ctx, CancelAsk{Key: "c", Entry: policy.ByButton, Team: "T1", User: "U012ANA", Channel: "C012OPS", Execution: x.Ref})
		if !errors.Is(err, ErrUnrecorded) || s.aws.stops != 1 {
			t.Errorf("got %v, and AWS %d stops", err, s.aws.stops)
		}
		h.hook(func() { h.read, h.update = nil, nil })
		s.ends(x.ID, Cancelled, 2*time.Minute)
	})
}
