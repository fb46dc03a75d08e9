package automation

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"handrail/policy"
)

// twoAgree is a policy under which two leads, or people on call, must agree.
const twoAgree = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}, kim: {slack: U012KIM}, lee: {slack: U012LEE}, eve: {slack: [U012EVE, U034EVE]}}
groups: {web: {members: [ana, eve]}, leads: {members: [ana, ben, kim, lee, eve]}}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    targets: InstanceId
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]}}
  restart-too:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    targets: InstanceId
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]}}
grants:
  - name: web-restarts
    to: [web]
    runbooks: [restart-web, restart-too]
    channels: ["#ops"]
    approval: {from: [leads], count: 2, expires: 15m, channel: "#approvals"}
`

// oneAgrees is the same with one.
var oneAgrees = strings.Replace(twoAgree, "count: 2", "count: 1", 1)

// asked runs a story that begins with a request that waits for approval.
func asked(t *testing.T, text string, story func(s *stage, x *Execution)) {
	t.Helper()
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		out := s.submit("k1")
		if !out.Decision.Pending() || out.Execution == nil || out.Execution.State != AwaitingApproval {
			s.Fatalf("the request got %s: %+v", out.Decision.Code(), out.Execution)
		}
		story(s, out.Execution)
	})
}

func click(x *Execution, user string) ApproveAsk {
	return ApproveAsk{Key: uuid.NewString(), Entry: policy.ByButton, Team: "T1", User: user, Channel: "C012APP", Execution: x.ID, At: time.Now()}
}

func (s *stage) approve(a ApproveAsk) Outcome {
	s.Helper()
	out, err := s.engine.Approve(s.ctx, a)
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// agrees is approve with what has to come of it.
func (s *stage) agrees(x *Execution, user string, want policy.Code) Outcome {
	s.Helper()
	out := s.approve(click(x, user))
	if out.Decision.Code() != want {
		s.Fatalf("%s got %s (%s), want %s", user, out.Decision.Code(), out.Decision.Explain().Sentence, want)
	}
	return out
}

// lastRecord is the newest decision about the execution.
func (s *stage) lastRecord(id string) policy.Record {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, r := range slices.Backward(s.store.records) {
		if r.Execution == id {
			return r
		}
	}
	s.Fatal("nothing is recorded")
	return policy.Record{}
}

func TestTwoAgreeAndItStarts(t *testing.T) {
	asked(t, twoAgree, func(s *stage, x *Execution) {
		a := x.Approval
		if a.Digest == "" || a.Digest != a.Bound.Digest() || len(a.Needs) != 1 || a.Changes != 1 || a.Reads != 0 ||
			a.By.Sub(a.AskedAt).Round(time.Second) != 15*time.Minute || !x.NextAttempt.Equal(a.RemindAt) || !x.StartBy.IsZero() {
			t.Fatalf("the approval is %+v", a)
		}
		time.Sleep(time.Minute)
		s.starts(0)
		s.agrees(x, "U012BEN", policy.CodeApprover)
		time.Sleep(time.Minute)
		s.starts(0)
		s.agrees(x, "U012BEN", policy.CodeApproverTwice)
		out := s.agrees(x, "U012KIM", policy.CodeApprover)
		if out.Execution.State != Queued || time.Until(out.Execution.StartBy) != 10*time.Minute {
			t.Fatalf("after the second yes it is %s, to start by %s", out.Execution.State, out.Execution.StartBy)
		}
		y := s.ends(x.ID, Succeeded, time.Minute)
		s.starts(1)
		if len(y.Approval.Votes) != 2 || y.Approval.Votes[1].User != "U012KIM" {
			t.Errorf("votes are %+v", y.Approval.Votes)
		}
		if late := s.approve(click(x, "U012LEE")); !late.Again || late.Decision.Code() != policy.CodeNothingToApprove {
			t.Errorf("after the end somebody got %+v", late)
		}
		if again := s.submit("k1"); !again.Again || again.Execution == nil || again.Execution.ID != x.ID {
			t.Errorf("a second delivery got %+v", again)
		}
	})
}

func TestWhoMayNotAgree(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		s.agrees(x, "U012ANA", policy.CodeApproverSelf)
		s.agrees(x, "W012ANA", policy.CodeApproverSelf)
		s.agrees(x, "U099ZOE", policy.CodeApproverNotNamed)
		s.town.change(func() {
			s.town.people = map[string]policy.Actor{"U012BEN": {ID: "U012BEN", Team: "T1", Standing: policy.StandingGuest}}
			s.town.gone = map[string]bool{"U012KIM": true}
		})
		s.agrees(x, "U012BEN", policy.CodeGuest)
		s.agrees(x, "U012KIM", policy.CodeStandingUnknown)
		if y := s.row(x.ID); y.State != AwaitingApproval || y.Version != x.Version {
			t.Errorf("those who may not agree made it %s, version %d", y.State, y.Version)
		}
		s.starts(0)
	})
}

func TestADenialEndsIt(t *testing.T) {
	asked(t, twoAgree, func(s *stage, x *Execution) {
		s.agrees(x, "U012KIM", policy.CodeApprover)
		a := click(x, "U012BEN")
		a.Reject = true
		if out := s.approve(a); out.Decision.Code() != policy.CodeReasonMissing {
			t.Errorf("a denial without a reason got %s", out.Decision.Code())
		}
		a = click(x, "U012BEN")
		a.Reject, a.Reason = true, "not <!channel> today"
		y := s.approve(a).Execution
		if y.State != Denied || y.Note != "ben said no: not <!channel> today" || y.EndedAt.IsZero() || !y.Approval.last().Reject {
			t.Errorf("denied, it is %s: %q", y.State, y.Note)
		}
		if out := s.approve(a); !out.Again || out.Execution.State != Denied {
			t.Errorf("a second delivery got %+v", out)
		}
		time.Sleep(time.Hour)
		s.starts(0)
	})
}

func TestTheWaitEnds(t *testing.T) {
	for _, tc := range []struct {
		name  string
		votes []string
		note  string
	}{{"nobody", nil, "Nobody answered"}, {"one", []string{"U012BEN"}, "Only 1 of 2"}} {
		t.Run(tc.name, func(t *testing.T) {
			asked(t, twoAgree, func(s *stage, x *Execution) {
				for _, user := range tc.votes {
					s.agrees(x, user, policy.CodeApprover)
				}
				time.Sleep(time.Until(x.Approval.RemindAt) - time.Second)
				if y := s.row(x.ID); y.Approval.Reminded {
					t.Error("reminded before half time")
				}
				time.Sleep(3 * time.Second)
				reminded := s.row(x.ID)
				if !reminded.Approval.Reminded || reminded.State != AwaitingApproval || !reminded.NextAttempt.Equal(x.Approval.By) {
					t.Fatalf("after half time it is %+v", reminded)
				}
				time.Sleep(time.Until(x.Approval.By) - time.Second)
				if y := s.row(x.ID); y.Version != reminded.Version || y.State != AwaitingApproval {
					t.Errorf("reminded more than once, or %s too early", y.State)
				}
				y := s.ends(x.ID, Expired, 3*time.Second)
				if !strings.Contains(y.Note, tc.note) {
					t.Errorf("it says %q", y.Note)
				}
				time.Sleep(time.Hour)
				s.starts(0)
			})
		})
	}
}

// The last moment counts, and the next one does not.
func TestTheDeadlineIsExact(t *testing.T) {
	for _, late := range []time.Duration{-1, 1} {
		asked(t, oneAgrees, func(s *stage, x *Execution) {
			s.end() // nobody sees to the expiry
			s.ctx = s.Context()
			time.Sleep(time.Until(x.Approval.By) + late)
			if late > 0 {
				s.agrees(x, "U012BEN", policy.CodeApprovalExpired)
			} else {
				s.agrees(x, "U012BEN", policy.CodeApprover)
			}
			want := map[bool]State{true: Expired, false: Queued}[late > 0]
			if y := s.row(x.ID); y.State != want {
				t.Errorf("%s after the deadline it is %s", late, y.State)
			}
			s.run("replica-2")
			time.Sleep(time.Minute)
			s.starts(map[bool]int{true: 0, false: 1}[late > 0])
		})
	}
}

func TestACancelEndsTheWait(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		if out := s.cancel(x.Ref, "U012ANA"); out.Execution.State != Cancelled {
			t.Fatalf("cancelled, it is %s", out.Execution.State)
		}
		if out := s.approve(click(x, "U012BEN")); !out.Again {
			t.Errorf("after the cancel somebody got %+v", out)
		}
		time.Sleep(time.Hour)
		if y := s.row(x.ID); y.State != Cancelled || s.aws.stops != 0 {
			t.Errorf("it is %s, after %d stops", y.State, s.aws.stops)
		}
		s.starts(0)
	})
}

// However many click at once, it starts once.
func TestAHundredClicksStartOnce(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 50
	}
	people := []string{"U012BEN", "U012KIM", "U012LEE", "U012EVE", "U034EVE", "U012ANA"}
	begun := 0
	p := mustPolicy(t, oneAgrees)
	for range rounds {
		actUnder(t, p, func(s *stage) {
			x := s.submit("k1").Execution
			var wg sync.WaitGroup
			var queued, other []Outcome
			var mu sync.Mutex
			for i := range 100 {
				a := click(x, people[i%len(people)])
				wg.Go(func() {
					out, err := s.engine.Approve(s.ctx, a)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err != nil:
						t.Error(err)
					case out.Execution != nil && !out.Again:
						queued = append(queued, out)
					default:
						other = append(other, out)
					}
				})
			}
			wg.Wait()
			if len(queued) != 1 || len(other) != 99 {
				t.Errorf("%d of the clicks counted", len(queued))
			}
			s.ends(x.ID, Succeeded, time.Minute)
			s.starts(1)
			begun += len(s.aws.byToken)
		})
	}
	if begun != rounds {
		t.Errorf("%d starts after %d rounds", begun, rounds)
	}
}

// An answer whose key was seen is the same answer.
func TestADeliveryCountsOnce(t *testing.T) {
	asked(t, twoAgree, func(s *stage, x *Execution) {
		a := click(x, "U012BEN")
		s.approve(a)
		if out := s.approve(a); !out.Again || len(out.Execution.Approval.Votes) != 1 {
			t.Errorf("a second delivery got %+v", out)
		}
	})
}

func TestAnAnswerToNothing(t *testing.T) {
	act(t, func(s *stage) {
		if _, err := s.engine.Approve(s.ctx, ApproveAsk{User: "U012BEN", Execution: "r-nothere"}); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
		s.aws.set(func() { s.aws.runs = time.Hour })
		x := s.submit("k").Execution // of a policy that wants nobody's yes
		if out := s.approve(click(x, "U012BEN")); !out.Again || out.Decision.Allowed() {
			t.Errorf("an answer to a run that waits for nobody got %+v", out)
		}
		if r := s.lastRecord(x.ID); cmp.Or(r.Code, "") == "" {
			t.Error("it is not recorded")
		}
	})
}

// While Slack or AWS does not answer, nobody can agree, and nothing is void.
func TestWhatCannotBeAskedVoidsNothing(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		s.town.change(func() { s.town.gone = map[string]bool{"U012ANA": true} })
		out := s.agrees(x, "U012BEN", policy.CodeStandingUnknown)
		if why := out.Decision.Explain(); !strings.Contains(why.Sentence, "right now") {
			t.Errorf("it says %q", why.Sentence)
		}
		s.town.change(func() { s.town.gone = nil })
		s.aws.set(func() { s.aws.slow = time.Hour })
		s.agrees(x, "U012BEN", policy.CodeDocumentUnknown)
		s.gate.Swap(mustPolicy(s.T, oneAgrees+"# a word\n"))
		s.agrees(x, "U012BEN", policy.CodeDocumentUnknown)
		if y := s.row(x.ID); y.State != AwaitingApproval || y.Version != x.Version {
			t.Errorf("it is %s: %s", y.State, y.Note)
		}
		s.aws.set(func() { s.aws.slow = 0 })
		s.gate.Swap(mustPolicy(s.T, oneAgrees))
		s.agrees(x, "U012BEN", policy.CodeApprover)
		s.ends(x.ID, Succeeded, time.Minute)
	})
}
