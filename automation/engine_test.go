package automation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

func TestAnAllowedRunEndsOnce(t *testing.T) {
	act(t, func(s *stage) {
		out := s.submit("k1")
		again := s.submit("k1")
		if !again.Again || again.Execution.ID != out.Execution.ID {
			t.Errorf("the same key made another execution: %+v", again)
		}
		x := s.ends(out.Execution.ID, Succeeded, time.Minute)
		s.starts(1)
		if x.AWSID != "aws-1" || len(x.Steps) != 1 || x.Steps[0].Status != "Success" || x.EndedAt.IsZero() {
			t.Errorf("the row does not tell the story: %+v", x)
		}
		if seen, want := s.states(), []State{Queued, Starting, Running}; len(seen) < 3 || !slices.Equal(seen[:3], want) {
			t.Errorf("states seen %v, want %v first", seen, want)
		}
		if n := len(s.store.records); n != 2 { // at the request and right before the start
			t.Errorf("%d decisions recorded, want 2", n)
		}
	})
}

func TestARefusalIsRecordedAndReachesNothing(t *testing.T) {
	act(t, func(s *stage) {
		a := ask("k1")
		a.User = "U012BEN"
		out, err := s.engine.Submit(s.ctx, a)
		if err != nil || out.Execution != nil || out.Decision.Allowed() {
			t.Fatalf("ben got %+v, %v", out, err)
		}
		if len(s.store.records) != 1 || s.store.records[0].Allowed {
			t.Errorf("records: %+v", s.store.records)
		}
		time.Sleep(time.Minute)
		s.starts(0)
	})
}

func TestWithoutARecordNothingHappens(t *testing.T) {
	act(t, func(s *stage) {
		s.store.broken = errors.New("disk full")
		if out, err := s.engine.Submit(s.ctx, ask("k1")); err == nil || out.Execution != nil {
			t.Fatalf("accepted without a record: %+v", out)
		}
		time.Sleep(time.Minute)
		s.starts(0)
	})
}

func TestALostReplyStartsOnce(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.onStart = func(n int, work func() string) (string, error) {
			id := work()
			if n <= 3 {
				return "", &Fault{Kind: Unavailable, Operation: opStart, Err: errors.New("connection reset")}
			}
			return id, nil
		}
		out := s.submit("k1")
		s.ends(out.Execution.ID, Succeeded, 2*time.Minute)
		s.starts(1)
		for _, r := range s.aws.requests {
			if r.ClientToken != s.aws.requests[0].ClientToken {
				t.Error("a retry had another token")
			}
		}
	})
}

func TestThrottlingWaitsAndNeverStartsLate(t *testing.T) {
	for _, tc := range []struct {
		name   string
		until  time.Duration
		want   State
		starts int
	}{{"nine minutes", 9 * time.Minute, Succeeded, 1}, {"eleven minutes", 11 * time.Minute, Expired, 0}} {
		t.Run(tc.name, func(t *testing.T) {
			act(t, func(s *stage) {
				free := time.Now().Add(tc.until)
				s.aws.onStart = func(_ int, work func() string) (string, error) {
					if time.Now().Before(free) {
						return "", &Fault{Kind: Throttled, Operation: opStart, Code: "ThrottlingException", Message: "Rate exceeded"}
					}
					return work(), nil
				}
				out := s.submit("k1")
				time.Sleep(time.Minute)
				if x := s.row(out.Execution.ID); x.State != Queued || !strings.Contains(x.Note, "limiting") {
					t.Errorf("while throttled the row says %s %q", x.State, x.Note)
				}
				s.ends(out.Execution.ID, tc.want, 15*time.Minute)
				s.starts(tc.starts)
			})
		})
	}
}

func TestAnUnclearStartIsLookedUp(t *testing.T) {
	lose := func(work bool) func(int, func() string) (string, error) {
		return func(_ int, do func() string) (string, error) {
			if work {
				do()
			}
			return "", &Fault{Kind: Unavailable, Operation: opStart, Err: errors.New("timeout")}
		}
	}
	for _, tc := range []struct {
		name   string
		did    bool
		find   error
		want   State
		starts int
	}{
		{"it had started", true, nil, Succeeded, 1},
		{"it had not", false, nil, Expired, 0},
		{"AWS never says", true, &Fault{Kind: Unavailable, Operation: opDescribe, Err: errors.New("down")}, StartUnknown, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			act(t, func(s *stage) {
				s.aws.onStart, s.aws.onFind = lose(tc.did), tc.find
				out := s.submit("k1")
				s.ends(out.Execution.ID, tc.want, 40*time.Minute)
				s.starts(tc.starts)
			})
		})
	}
}

func TestAMismatchIsNeverRetried(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.onStart = func(int, func() string) (string, error) {
			return "", &Fault{Kind: Mismatch, Operation: opStart, Code: "IdempotentParameterMismatch"}
		}
		out := s.submit("k1")
		s.ends(out.Execution.ID, StartUnknown, time.Minute)
		if len(s.aws.requests) != 1 {
			t.Errorf("%d calls, want 1", len(s.aws.requests))
		}
	})
}

func TestTodaysPolicyDecidesAtTheStart(t *testing.T) {
	throttle := func(s *stage) {
		s.aws.onStart = func(n int, work func() string) (string, error) {
			if n == 1 {
				return "", &Fault{Kind: Throttled, Operation: opStart}
			}
			return work(), nil
		}
	}
	for name, change := range map[string]func(s *stage){
		"the grant is gone": func(s *stage) { s.gate.Swap(mustPolicy(t, strings.Replace(testPolicy, "to: [web]", "to: [ben]", 1))) },
		"the region is another": func(s *stage) {
			s.gate.Swap(mustPolicy(t, strings.Replace(testPolicy, `version: "1"`, "version: \"1\"\n    region: us-east-1", 1)))
		},
		"the role is another": func(s *stage) {
			s.gate.Swap(mustPolicy(t, strings.Replace(testPolicy, "AmazonSSMAutomationRole", "Other", 1)))
		},
		"the document changed": func(s *stage) { s.aws.set(func() { s.aws.hash = strings.Repeat("2", 64) }) },
		"the document is gone": func(s *stage) { s.aws.set(func() { s.aws.hash = "" }) },
		"the values are narrow": func(s *stage) {
			s.gate.Swap(mustPolicy(t, strings.Replace(testPolicy, "i-0aaaaaaaaaaaaaaa1, ", "", 1)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			act(t, func(s *stage) {
				throttle(s)
				out := s.submit("k1")
				time.Sleep(50 * time.Millisecond)
				change(s)
				s.ends(out.Execution.ID, Denied, time.Minute)
				s.starts(0)
			})
		})
	}
}

func TestAFailedLookUpWaitsForTheDeadline(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.onStart = func(n int, work func() string) (string, error) {
			if n == 1 {
				s.town.set(true)
				return "", &Fault{Kind: Throttled, Operation: opStart}
			}
			return work(), nil
		}
		out := s.submit("k1")
		time.Sleep(2 * time.Minute)
		s.starts(0)
		s.town.set(false)
		s.ends(out.Execution.ID, Succeeded, 2*time.Minute)
		s.starts(1)
	})
}

func TestACrashLosesNothing(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() { s.aws.runs = time.Minute })
		out := s.submit("k1")
		time.Sleep(10 * time.Second)
		s.end()
		s.run("replica-2")
		s.ends(out.Execution.ID, Succeeded, 2*time.Minute)
		s.starts(1)
	})
}

func TestASilentReplicaLosesItsLease(t *testing.T) {
	act(t, func(s *stage) {
		x := s.engine.accept(ask("k1"), decide(t, s), "0197-row")
		x.LeaseOwner, x.LeaseUntil = "dead-replica", time.Now().Add(4*time.Second)
		if err := s.store.Update(s.ctx, func(tx Tx) error { return tx.Insert(s.ctx, x) }); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		s.ends(x.ID, Succeeded, time.Minute)
		if late := s.row(x.ID).StartedAt.Sub(began); late > 6*time.Second {
			t.Errorf("started after %s, want within the lease and a second", late)
		}
		s.starts(1)
	})
}

func decide(t *testing.T, s *stage) policy.Decision {
	t.Helper()
	d := s.engine.Explain(s.ctx, ask("k1"))
	if !d.Allowed() {
		t.Fatal(d.Explain().Sentence)
	}
	return d
}

func TestOnePoisonedRowIsSetAsideAndTheOthersGoOn(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() { s.aws.panicking["aws-1"] = true })
		bad := s.submit("k1")
		time.Sleep(time.Second)
		good := s.submit("k2")
		s.ends(good.Execution.ID, Succeeded, time.Minute)
		time.Sleep(3 * time.Minute)
		if x := s.row(bad.Execution.ID); x.Parked == "" || x.State.Terminal() {
			t.Errorf("the poisoned row is %s, parked %q", x.State, x.Parked)
		}
	})
}

// A slow AWS costs a no, in time to be recorded and answered.
func TestASlowLookUpIsARecordedNo(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() { s.aws.slow = time.Hour })
		began := time.Now()
		ctx, cancel := context.WithTimeout(s.ctx, 2500*time.Millisecond)
		defer cancel()
		out, err := s.engine.Submit(ctx, ask("k1"))
		if err != nil || out.Decision.Code() != policy.CodeDocumentUnknown || len(s.store.records) != 1 {
			t.Errorf("got %v, %v with %d records", out.Decision.Code(), err, len(s.store.records))
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
