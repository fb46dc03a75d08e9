package automation

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"handrail/audit"
	"handrail/policy"
)

// lockPolicy lets ana and ben lock, and ana run.
const lockPolicy = testPolicy + `  - {name: locks, to: [ana, ben, kim], runbooks: [restart-web], channels: ["#ops"], may: [lock]}
`

func lockers(t *testing.T, story func(s *stage)) {
	t.Helper()
	actUnder(t, mustPolicy(t, strings.Replace(lockPolicy, "ben: {slack: U012BEN}}", "ben: {slack: U012BEN}, kim: {slack: U012KIM}}", 1)), story)
}

func lockAsk(user string) LockAsk {
	return LockAsk{Key: uuid.NewString(), Entry: policy.ByCommand, Team: "T1", User: user, Channel: "C012OPS",
		Runbook: "restart-web", For: time.Hour, Reason: "the site is <broken>", At: time.Now()}
}

func (s *stage) lock(a LockAsk) Outcome {
	s.Helper()
	out, err := s.engine.Lock(s.ctx, a)
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// decides asks for a run and says what came of it.
func (s *stage) decides(key, instance string) policy.Code {
	s.Helper()
	a := ask(key)
	a.Parameters = map[string][]string{"InstanceId": {instance}}
	out, err := s.engine.Submit(s.ctx, a)
	if err != nil {
		s.Fatal(err)
	}
	if explained := s.engine.Explain(s.ctx, a); out.Execution == nil && explained.Code() != out.Decision.Code() {
		s.Errorf("explained as %s, decided as %s", explained.Code(), out.Decision.Code())
	}
	return out.Decision.Code()
}

func TestALockStopsWhatItNames(t *testing.T) {
	lockers(t, func(s *stage) {
		a := lockAsk("U012BEN")
		a.Parameters = map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}
		l := s.lock(a).Lock
		if l == nil || l.Until.Sub(l.At) != time.Hour || l.By != "U012BEN" || !strings.HasPrefix(l.ID, "l-") {
			t.Fatalf("the lock is %+v", l)
		}
		if again := s.lock(a); !again.Again || again.Lock.ID != l.ID || len(s.store.locks) != 1 {
			t.Errorf("a second delivery got %+v", again)
		}
		if got := s.decides("k1", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeLocked {
			t.Errorf("what is locked got %s", got)
		}
		if got := s.decides("k2", "i-0aaaaaaaaaaaaaaa2"); got != policy.CodeGranted {
			t.Errorf("what is not locked got %s", got)
		}
		time.Sleep(time.Hour)
		if got := s.decides("k3", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeGranted {
			t.Errorf("after the lock it got %s", got)
		}
	})
}

// A lock that is set between the request and the start stops it.
func TestALockStopsWhatWaitsToStart(t *testing.T) {
	lockers(t, func(s *stage) {
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		x := s.submit("k").Execution
		time.Sleep(100 * time.Millisecond)
		s.lock(lockAsk("U012BEN"))
		s.free()
		y := s.ends(x.ID, Denied, time.Minute)
		if r := s.lastRecord(x.ID); r.Code != policy.CodeLocked || y.Note == "" {
			t.Errorf("it is %q, recorded %s", y.Note, r.Code)
		}
		s.starts(0)
	})
}

func TestWhoEndsALock(t *testing.T) {
	for _, tc := range []struct {
		name   string
		user   string
		policy string
		code   policy.Code
	}{
		{"who set it", "U012BEN", lockPolicy, policy.CodeRequester},
		{"another who may lock", "U012KIM", lockPolicy, policy.CodeGranted},
		{"who set it and may lock no more", "U012BEN", strings.Replace(lockPolicy, "[ana, ben, kim]", "[ana]", 1), policy.CodeRequester},
		{"another who may not", "U012KIM", strings.Replace(lockPolicy, "[ana, ben, kim]", "[ana]", 1), policy.CodeNotGranted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lockers(t, func(s *stage) {
				l := s.lock(lockAsk("U012BEN")).Lock
				s.gate.Swap(mustPolicy(s.T, strings.Replace(tc.policy, "ben: {slack: U012BEN}}", "ben: {slack: U012BEN}, kim: {slack: U012KIM}}", 1)))
				a := lockAsk(tc.user)
				a.Runbook, a.End, a.For = "", l.ID, 0
				out := s.lock(a)
				if got := out.Decision.Code(); got != tc.code {
					t.Fatalf("ending it got %s, want %s", got, tc.code)
				}
				want := policy.CodeGranted
				if !out.Decision.Allowed() {
					want = policy.CodeLocked
				} else if out.Lock.EndedBy != tc.user {
					t.Errorf("the ended lock is %+v", out.Lock)
				}
				if got := s.decides("k", "i-0aaaaaaaaaaaaaaa1"); got != want {
					t.Errorf("afterwards a run got %s, want %s", got, want)
				}
				if out.Decision.Allowed() {
					if again := s.lock(a); !again.Again {
						t.Errorf("a second delivery got %+v", again)
					}
				}
			})
		})
	}
}

func TestWhatIsNoLock(t *testing.T) {
	lockers(t, func(s *stage) {
		for _, d := range []time.Duration{0, MinLock - 1, MaxLock + 1, -time.Hour} {
			a := lockAsk("U012BEN")
			a.For = d
			if _, err := s.engine.Lock(s.ctx, a); !errors.Is(err, ErrLockTime) {
				t.Errorf("a lock for %s got %v", d, err)
			}
		}
		a := lockAsk("U012BEN")
		a.End = "l-nothere"
		if _, err := s.engine.Lock(s.ctx, a); !errors.Is(err, ErrNotFound) {
			t.Errorf("an unknown lock got %v", err)
		}
		a = lockAsk("U099ZOE")
		if out := s.lock(a); out.Decision.Allowed() || out.Lock != nil || len(s.store.locks) > 0 {
			t.Errorf("a stranger got %+v", out)
		}
		if out := s.lock(a); !out.Again || out.Refused == nil {
			t.Errorf("a second delivery got %+v", out)
		}
	})
}

// A lock is in the audit log, or it is not set.
func TestALockIsWrittenDown(t *testing.T) {
	lockers(t, func(s *stage) {
		s.store.unlogged = errors.New("disk full")
		if _, err := s.engine.Lock(s.ctx, lockAsk("U012BEN")); err == nil || len(s.store.locks) > 0 {
			t.Fatalf("a lock without an entry: %v, %v", err, s.store.locks)
		}
		s.store.unlogged = nil
		l := s.lock(lockAsk("U012BEN")).Lock
		last := s.store.notes[len(s.store.notes)-1]
		var body map[string]any
		if err := json.Unmarshal(last.Body, &body); err != nil || last.Kind != audit.Lock || last.Subject != l.ID || body["by"] != "U012BEN" {
			t.Errorf("the entry is %+v %s", last, last.Body)
		}
	})
}
