package automation

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"handrail/policy"
)

// hooked is a memory whose connection can be disturbed.
type hooked struct {
	*memory
	hooks     sync.Mutex
	postpone  func() error      // instead of Postpone, if it returns an error
	afterKeep func()            // while Keep's answer is on its way
	update    func(error) error // what the caller of Update is told
	read      error             // what Execution returns
}

func (h *hooked) Execution(ctx context.Context, id string) (*Execution, error) {
	var err error
	if h.hook(func() { err = h.read }); err != nil {
		return nil, err
	}
	return h.memory.Execution(ctx, id)
}

// hook changes the hooks of a store in use.
func (h *hooked) hook(f func()) { h.hooks.Lock(); defer h.hooks.Unlock(); f() }

func (h *hooked) Postpone(ctx context.Context, owner string, es ...*Execution) error {
	var postpone func() error
	if h.hook(func() { postpone = h.postpone }); postpone != nil {
		if err := postpone(); err != nil {
			return err
		}
	}
	return h.memory.Postpone(ctx, owner, es...)
}

func (h *hooked) Keep(ctx context.Context, owner string, until time.Time, ids []string) (map[string]int64, error) {
	held, err := h.memory.Keep(ctx, owner, until, ids)
	var after func()
	if h.hook(func() { after = h.afterKeep }); after != nil {
		after()
	}
	return held, err
}

func (h *hooked) Update(ctx context.Context, f func(Tx) error) error {
	err := h.memory.Update(ctx, f)
	var update func(error) error
	if h.hook(func() { update = h.update }); update != nil {
		return update(err)
	}
	return err
}

// slowTown takes its time over people.
type slowTown struct {
	*town
	delay atomic.Int64
}

func (w *slowTown) Actor(ctx context.Context, team, user string) (policy.Actor, error) {
	time.Sleep(time.Duration(w.delay.Load()))
	return w.town.Actor(ctx, team, user)
}

// disturb runs a story on an engine whose store and town can be disturbed.
func disturb(t *testing.T, h *hooked, w *slowTown, story func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h.memory, w.town = &memory{rows: map[string]*Execution{}}, &town{}
		s := &stage{T: t, store: h.memory, aws: newCloud(), town: w.town, gate: policy.NewGate(mustPolicy(t, testPolicy))}
		ctx, cancel := context.WithCancel(s.Context())
		s.ctx = ctx
		s.engine = New(Options{Store: h, Gate: s.gate, Directory: w, AWS: s.aws, Catalogue: NewCatalogue(s.aws, "eu-west-1"), Owner: "replica-1"})
		done := make(chan error, 1)
		go func() { done <- s.engine.Run(ctx) }()
		story(s)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A row that was lost track of must not be kept for ever by the heartbeat of the others.
func TestAFailedPostponeOrphansNothing(t *testing.T) {
	h := &hooked{}
	var failed atomic.Bool
	h.postpone = func() error {
		if failed.CompareAndSwap(false, true) {
			return errors.New("connection reset")
		}
		return nil
	}
	disturb(t, h, &slowTown{}, func(s *stage) {
		s.aws.set(func() { s.aws.runs = 5 * time.Hour })
		s.submit("long") // keeps the watcher busy
		time.Sleep(10 * time.Second)
		var n atomic.Int32
		s.aws.set(func() {
			s.aws.onStart = func(_ int, work func() string) (string, error) {
				if n.Add(1) == 1 {
					return "", &Fault{Kind: Throttled, Operation: opStart}
				}
				return work(), nil
			}
		})
		victim := s.submit("victim")
		time.Sleep(time.Minute)
		if x := s.row(victim.Execution.ID); x.State != Running {
			t.Errorf("a minute later it is %s", x.State)
		}
	})
}

// A row that is claimed while a heartbeat is under way was not asked about, so it is not let go.
func TestAHeartbeatLetsNothingFreshGo(t *testing.T) {
	h := &hooked{}
	var hits atomic.Int32
	disturb(t, h, &slowTown{}, func(s *stage) {
		s.aws.set(func() { s.aws.runs = 5 * time.Hour })
		s.submit("long")
		time.Sleep(10 * time.Second)
		id := s.submit("dead").Execution.ID
		time.Sleep(5 * time.Second)
		s.engine.drop(id) // as if another replica had it, and died
		h.mu.Lock()
		h.rows[id].LeaseOwner, h.rows[id].LeaseUntil = "gone", time.Now().Add(2*time.Second)
		h.mu.Unlock()
		h.hook(func() {
			h.afterKeep = func() {
				h.mu.Lock()
				free := h.rows[id].LeaseOwner == "gone" && time.Now().After(h.rows[id].LeaseUntil)
				h.mu.Unlock()
				if free {
					hits.Add(1)
					s.engine.Wake()
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
		time.Sleep(20 * time.Second)
		awsID := s.row(id).AWSID
		s.aws.set(func() { s.aws.stopped[awsID] = true }) // somebody stops it in the console
		s.ends(id, Cancelled, 2*time.Minute)
		if hits.Load() == 0 {
			t.Error("the race was not hit")
		}
	})
}

func TestARefusalAfterAnUnclearStartIsLookedUp(t *testing.T) {
	for _, kind := range []Kind{Rejected, Missing, Mismatch} {
		act(t, func(s *stage) {
			s.aws.onStart = func(n int, work func() string) (string, error) {
				if n == 1 {
					work()
					return "", &Fault{Kind: Unavailable, Operation: opStart, Err: errors.New("timeout")}
				}
				return "", &Fault{Kind: kind, Operation: opStart, Code: "AccessDeniedException", Message: "not authorized"}
			}
			s.ends(s.submit("k").Execution.ID, Succeeded, 2*time.Minute)
			s.starts(1)
		})
	}
}

// The commit happens and its answer is lost: the person must not be told that nothing was accepted.
func TestALostCommitIsNoRefusal(t *testing.T) {
	h := &hooked{}
	disturb(t, h, &slowTown{}, func(s *stage) {
		var once atomic.Bool
		h.hook(func() {
			h.update = func(err error) error {
				if err == nil && once.CompareAndSwap(false, true) {
					return errors.New("committing: unexpected EOF")
				}
				return err
			}
		})
		out, err := s.engine.Submit(s.ctx, ask("k"))
		if err != nil || out.Execution == nil || out.Again {
			t.Fatalf("got %+v, %v", out, err)
		}
		s.ends(out.Execution.ID, Succeeded, time.Minute)
		s.starts(1)
		h.hook(func() { h.update = func(error) error { return errors.New("connection refused") } })
		if _, err := s.engine.Submit(s.ctx, ask("k2")); !errors.Is(err, ErrUnclear) {
			t.Errorf("a store that never answers clearly gives %v", err)
		}
	})
}

func TestAReplayOfARefusalIsNotDecidedAgain(t *testing.T) {
	act(t, func(s *stage) {
		a := ask("k1")
		a.User = "U012BEN"
		first, err := s.engine.Submit(s.ctx, a)
		if err != nil || first.Decision.Allowed() {
			t.Fatal(first, err)
		}
		s.gate.Swap(mustPolicy(t, strings.Replace(testPolicy, "members: [ana]", "members: [ana, ben]", 1)))
		again, err := s.engine.Submit(s.ctx, a)
		if err != nil || !again.Again || again.Refused == nil || again.Refused.ID != first.Decision.ID() || again.Execution != nil {
			t.Errorf("the replay got %+v, %v", again, err)
		}
		time.Sleep(time.Minute)
		s.starts(0)
	})
}

// A start that was allowed while time passed is not sent after its deadline.
func TestSlowLookUpsDoNotMakeAStartLate(t *testing.T) {
	w := &slowTown{}
	disturb(t, &hooked{}, w, func(s *stage) {
		var last time.Time
		free := false
		s.aws.onStart = func(_ int, work func() string) (string, error) {
			last = time.Now()
			if !free {
				return "", &Fault{Kind: Throttled, Operation: opStart}
			}
			return work(), nil
		}
		out := s.submit("k")
		time.Sleep(9*time.Minute + 20*time.Second + 7*time.Millisecond) // between two looks of the engine
		w.delay.Store(int64(45 * time.Second))                          // from now on, whatever begins in time ends too late
		s.aws.set(func() { free = true })
		x := s.ends(out.Execution.ID, Expired, 5*time.Minute)
		if late := last.Sub(x.StartBy); late > 0 {
			t.Errorf("sent %s after the deadline", late)
		}
	})
}

// A replica that slept through its lease must not start what another one has ended.
func TestAStaleRetryStartsNothing(t *testing.T) {
	w := &slowTown{}
	h := &hooked{}
	disturb(t, h, w, func(s *stage) {
		s.aws.onStart = func(n int, work func() string) (string, error) {
			if n == 1 {
				return "", &Fault{Kind: Unavailable, Operation: opStart, Err: errors.New("reset")} // nothing done
			}
			return work(), nil
		}
		id := s.submit("k").Execution.ID
		time.Sleep(10 * time.Millisecond)
		w.delay.Store(int64(2 * time.Minute))
		time.Sleep(2 * time.Second) // the retry has begun and stands still
		err := h.memory.Update(s.ctx, func(tx Tx) error {
			x, err := tx.Execution(s.ctx, id)
			if err != nil {
				return err
			}
			x.CancelBy, x.CancelAt, x.State = "U012ANA", time.Now(), Cancelled
			return tx.Save(s.ctx, x)
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		s.starts(0)
	})
}

func TestAParkedExecutionCanBeStopped(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() { s.aws.runs, s.aws.panicking["aws-1"] = 5*time.Hour, true })
		out := s.submit("k")
		time.Sleep(10 * time.Minute)
		if s.row(out.Execution.ID).Parked == "" {
			t.Fatal("it was not parked")
		}
		s.cancel(out.Execution.ID, "U012ANA")
		time.Sleep(time.Minute)
		s.aws.set(func() {
			if s.aws.stops == 0 {
				t.Error("AWS was never asked to stop it")
			}
		})
	})
}

func TestAnAutomationThatAWSDoesNotListIsSaidSo(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() { s.aws.runs = 5 * time.Hour })
		out := s.submit("k")
		time.Sleep(10 * time.Second)
		s.aws.set(func() { s.aws.forgotten = true })
		time.Sleep(5 * time.Minute)
		if x := s.row(out.Execution.ID); x.State != Running || !strings.Contains(x.Note, "does not list") {
			t.Errorf("after five minutes it is %s: %q", x.State, x.Note)
		}
		s.aws.set(func() { s.aws.forgotten = false })
		time.Sleep(5 * time.Minute)
		if x := s.row(out.Execution.ID); x.Note != "" {
			t.Errorf("listed again, it says %q", x.Note)
		}
		s.aws.set(func() { s.aws.forgotten = true })
		s.ends(out.Execution.ID, StartUnknown, 26*time.Hour)
	})
}
