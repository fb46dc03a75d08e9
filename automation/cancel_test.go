package automation

import (
	"errors"
	"testing"
	"time"

	"handrail/policy"
)

func (s *stage) cancel(id, user string) Outcome {
	s.Helper()
	out, err := s.engine.Cancel(s.ctx, CancelAsk{Key: "c", Entry: policy.ByButton, Team: "T1", User: user, Channel: "C012OPS", Execution: id, At: time.Now()})
	if err != nil {
		s.Fatal(err)
	}
	return out
}

func TestTheRequesterMayCancel(t *testing.T) {
	act(t, func(s *stage) {
		out := s.submit("k1")
		time.Sleep(3 * time.Second)
		if c := s.cancel(out.Execution.Ref, "U012ANA"); !c.Decision.Allowed() || c.Again {
			t.Fatalf("ana got %+v", c)
		}
		if c := s.cancel(out.Execution.ID, "U012ANA"); !c.Again {
			t.Error("the second cancel was taken for a new one")
		}
		x := s.ends(out.Execution.ID, Cancelled, time.Minute)
		if x.CancelBy != "U012ANA" || s.aws.stops != 1 {
			t.Errorf("cancelled by %q with %d stops", x.CancelBy, s.aws.stops)
		}
		if c := s.cancel(out.Execution.ID, "U012ANA"); !c.Again {
			t.Error("an ended execution was cancelled")
		}
	})
}

func TestSomebodyElseMayNot(t *testing.T) {
	act(t, func(s *stage) {
		out := s.submit("k1")
		if c := s.cancel(out.Execution.ID, "U012BEN"); c.Decision.Allowed() || c.Execution != nil {
			t.Fatalf("ben got %+v", c)
		}
		s.ends(out.Execution.ID, Succeeded, time.Minute)
		if s.aws.stops != 0 {
			t.Error("AWS was asked to stop it")
		}
	})
}

func TestAnUnknownExecutionIsNotFound(t *testing.T) {
	act(t, func(s *stage) {
		if _, err := s.engine.Cancel(s.ctx, CancelAsk{User: "U012ANA", Execution: "r-nothere"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAQueuedExecutionIsNeverSent(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		out := s.submit("k1")
		time.Sleep(100 * time.Millisecond)
		s.cancel(out.Execution.ID, "U012ANA")
		s.aws.set(func() { s.aws.onStart = nil })
		s.ends(out.Execution.ID, Cancelled, time.Minute)
		time.Sleep(time.Minute)
		s.starts(0)
	})
}

func TestACancelWhileTheStartIsUnclear(t *testing.T) {
	for _, did := range []bool{true, false} {
		act(t, func(s *stage) {
			s.aws.onStart = func(_ int, work func() string) (string, error) {
				if did {
					work()
				}
				return "", &Fault{Kind: Unavailable, Operation: opStart, Err: errors.New("timeout")}
			}
			out := s.submit("k1")
			time.Sleep(100 * time.Millisecond)
			s.cancel(out.Execution.ID, "U012ANA")
			s.ends(out.Execution.ID, Cancelled, 2*time.Minute)
			want := 0
			if did {
				want = 1
			}
			s.starts(want)
		})
	}
}

func TestAStopIsTriedAgain(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.runs = time.Hour
		s.aws.onStop = func(n int) error {
			if n < 4 {
				return &Fault{Kind: Throttled, Operation: opStop}
			}
			return nil
		}
		out := s.submit("k1")
		time.Sleep(5 * time.Second)
		s.cancel(out.Execution.ID, "U012ANA")
		s.ends(out.Execution.ID, Cancelled, 2*time.Minute)
	})
}

// Another replica writes the wish; the one that holds the lease acts on it.
func TestACancelElsewhereIsNoticed(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() { s.aws.runs = time.Hour })
		out := s.submit("k1")
		time.Sleep(10 * time.Second)
		other := New(Options{Store: s.store, Gate: s.gate, Directory: s.town, AWS: s.aws, Catalogue: NewCatalogue(s.aws, "eu-west-1"), Owner: "replica-2"})
		if _, err := other.Cancel(s.ctx, CancelAsk{Key: "c", Entry: policy.ByCommand, Team: "T1", User: "U012ANA", Channel: "C012OPS",
			Execution: out.Execution.ID, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		s.ends(out.Execution.ID, Cancelled, 10*time.Second)
	})
}
