package automation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

// stepsPolicy lets two leads answer the step Confirm, and one the step Again.
var stepsPolicy = strings.Replace(testPolicy, `    parameters: {InstanceId`, `    steps:
      - {step: Confirm, from: [leads], count: 2}
      - {step: Again, from: [leads]}
    parameters: {InstanceId`, 1)

// atConfirm runs a story about an execution that AWS keeps waiting at Confirm, and then at others.
func atConfirm(t *testing.T, story func(s *stage, x *Execution), others ...string) {
	t.Helper()
	text := strings.Replace(stepsPolicy, "groups: {web: {members: [ana]}}", "groups: {web: {members: [ana]}, leads: {members: [ana, ben, kim, lee]}}", 1)
	text = strings.Replace(text, "ben: {slack: U012BEN}}", "ben: {slack: U012BEN}, kim: {slack: U012KIM}, lee: {slack: U012LEE}}", 1)
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		s.aws.set(func() { s.aws.steps, s.aws.runs = append([]string{"Confirm"}, others...), time.Hour })
		x := s.submit("k").Execution
		time.Sleep(10 * time.Second)
		if x = s.row(x.ID); x.State != Waiting || x.Approval.step("Confirm") == nil || x.Approval.step("Confirm").Needs[0].Count != 2 {
			t.Fatalf("it does not wait for people: %s %+v", x.State, x.Approval)
		}
		story(s, x)
	})
}

// answers is a click on a step.
func (s *stage) answers(x *Execution, step, user string, want policy.Code) Outcome {
	s.Helper()
	a := click(x, user)
	a.Step = step
	out := s.approve(a)
	if out.Decision.Code() != want {
		s.Fatalf("%s got %s (%s), want %s", user, out.Decision.Code(), out.Decision.Explain().Sentence, want)
	}
	return out
}

func (s *stage) signals(want ...string) {
	s.Helper()
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	var got []string
	for _, g := range s.aws.signals {
		got = append(got, g.Type)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		s.Fatalf("AWS was sent %v, want %v", got, want)
	}
}

func TestTwoAgreeToAStep(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.answers(x, "Confirm", "U012ANA", policy.CodeApproverSelf)
		s.answers(x, "Confirm", "U099ZOE", policy.CodeApproverNotNamed)
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		time.Sleep(time.Minute)
		s.signals()
		s.answers(x, "Confirm", "U012BEN", policy.CodeApproverTwice)
		s.answers(x, "Confirm", "U012KIM", policy.CodeApprover)
		time.Sleep(time.Minute)
		s.signals("Approve")
		y := s.row(x.ID)
		if a := y.Approval.step("Confirm"); !a.Sent || len(a.Votes) != 2 || y.State != Running {
			t.Errorf("it is %s: %+v", y.State, a)
		}
		g := s.aws.signals[0]
		if !strings.Contains(g.Comment, "ben (U012BEN") || !strings.Contains(g.Comment, "kim (U012KIM") || g.AWSID != y.AWSID {
			t.Errorf("the signal is %+v", g)
		}
		if out := s.approve(ApproveAsk{Key: "late", Entry: policy.ByButton, User: "U012LEE", Channel: "C1", Execution: x.ID, Step: "Confirm"}); !out.Again {
			t.Errorf("after the step somebody got %+v", out)
		}
	})
}

func TestOneNoToAStepIsEnough(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		a := click(x, "U012KIM")
		a.Step, a.Reject = "Confirm", true
		if out := s.approve(a); out.Decision.Code() != policy.CodeReasonMissing {
			t.Errorf("without a reason it got %s", out.Decision.Code())
		}
		a = click(x, "U012KIM")
		a.Step, a.Reject, a.Reason = "Confirm", true, "not <@U012ANA> now"
		s.approve(a)
		time.Sleep(time.Minute)
		s.signals("Reject")
		if c := s.aws.signals[0].Comment; strings.Contains(c, "now") || strings.Contains(c, "ben") || !strings.Contains(c, "kim") {
			t.Errorf("AWS is told %q", c)
		}
	})
}

// The answer reaches AWS however often that fails, and never the step after it.
func TestASignalIsSentUntilAWSTakesIt(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault func(s *stage, n int) error
		sent  int
	}{
		{"throttled", func(_ *stage, n int) error {
			if n < 5 {
				return &Fault{Kind: Throttled, Operation: opSignal}
			}
			return nil
		}, 5},
		{"taken, and the answer lost", func(s *stage, n int) error {
			s.aws.steps = s.aws.steps[1:]
			return &Fault{Kind: Unavailable, Operation: opSignal, Err: errors.New("connection reset")}
		}, 1},
		{"ended", func(s *stage, n int) error { return &Fault{Kind: Ended, Operation: opSignal} }, 1},
		{"refused, then taken", func(_ *stage, n int) error {
			if n < 3 {
				return &Fault{Kind: Rejected, Operation: opSignal, Code: "InvalidAutomationSignalException", Message: "You are not an approver."}
			}
			return nil
		}, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			atConfirm(t, func(s *stage, x *Execution) {
				s.aws.set(func() { s.aws.onSignal = func(n int) error { return tc.fault(s, n) } })
				s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
				s.answers(x, "Confirm", "U012KIM", policy.CodeApprover)
				time.Sleep(5 * time.Minute)
				s.aws.set(func() {
					if len(s.aws.signals) != tc.sent {
						t.Errorf("sent %d times, want %d", len(s.aws.signals), tc.sent)
					}
				})
				if a := s.row(x.ID).Approval.step("Confirm"); !a.Sent {
					t.Errorf("it is not noted: %+v", a)
				}
			}, "Again")
		})
	}
}

// A replica that dies after the decision leaves the signal to the next one.
func TestASignalOutlivesAReplica(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.aws.set(func() { s.aws.onSignal = func(int) error { return &Fault{Kind: Throttled, Operation: opSignal} } })
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		s.answers(x, "Confirm", "U012KIM", policy.CodeApprover)
		time.Sleep(time.Second)
		s.end()
		s.aws.set(func() { s.aws.onSignal, s.aws.signals = nil, nil })
		s.run("replica-2")
		time.Sleep(time.Minute)
		s.signals("Approve")
	})
}

// An answer that AWS refuses is not called taken: the thread says why, and what to look at.
func TestASignalThatAWSRefusesIsSaid(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.aws.set(func() {
			s.aws.onSignal = func(int) error {
				return &Fault{Kind: Rejected, Operation: opSignal, Code: "InvalidAutomationSignalException", Message: "You are not an approver."}
			}
		})
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		s.answers(x, "Confirm", "U012KIM", policy.CodeApprover)
		time.Sleep(time.Minute)
		row := s.row(x.ID)
		if row.Approval.step("Confirm").Sent || !strings.Contains(row.Note, "step Confirm: You are not an approver. Do its Approvers") {
			t.Errorf("the note is %q of %+v", row.Note, row.Approval.step("Confirm"))
		}
		s.aws.set(func() { s.aws.onSignal = nil })
		time.Sleep(5 * time.Minute)
		if row := s.row(x.ID); !row.Approval.step("Confirm").Sent || row.Note != "" {
			t.Errorf("once taken, the note is %q", row.Note)
		}
	})
}

// Votes of one passing of a step do not count for the next, and a step without a rule is nobody's to answer.
func TestEachStepHasItsOwnAnswers(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		a := click(x, "U012BEN")
		a.Step = "Again"
		if out := s.approve(a); !out.Again {
			t.Errorf("a step that was not reached got %+v", out)
		}
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		s.answers(x, "Confirm", "U012KIM", policy.CodeApprover)
		time.Sleep(5 * time.Minute)
		s.signals("Approve")
		s.answers(x, "Other", "U012BEN", policy.CodeNothingToApprove)
		s.answers(x, "Again", "U012BEN", policy.CodeApprover)
		time.Sleep(5 * time.Minute)
		s.signals("Approve", "Approve")
	}, "Again", "Other")
}

// A step that is passed twice is answered twice: the answers of the first time are over.
func TestAStepInALoopIsAnsweredEachTime(t *testing.T) {
	at := func(id string) []Step {
		return []Step{{ID: id, Name: "Confirm", Action: approveAction, Status: "Waiting"}}
	}
	x := &Execution{State: Waiting, Steps: at("1")}
	x.answer(StepAnswer{Step: "Confirm", ID: "1", Votes: []Vote{{User: "U012BEN", Record: "d-1"}}, Signal: SignalApprove, Sent: true})
	x.Steps = append(x.Steps, at("2")...)
	x.Steps[0].Status = "Success"
	now := x.atStep("Confirm")
	if now == nil || now.ID != "2" || len(now.Votes) > 0 || now.Signal != "" {
		t.Errorf("the second time it stands at %+v", now)
	}
}

// A vote that is in the row without a record does not count for a step either.
func TestAStepNeedsRecordedVotes(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.edit(x.ID, func(x *Execution) {
			a := *x.Approval.step("Confirm")
			a.Votes = []Vote{{User: "U012KIM", Team: "T1", At: time.Now(), Record: "d-forged"}}
			x.answer(a)
		})
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		time.Sleep(time.Minute)
		s.signals()
	})
}

// An answer that somebody wrote into the row is not sent, and people can still give theirs.
func TestAForgedAnswerIsNotSent(t *testing.T) {
	for what, forge := range map[string]func(a *StepAnswer){
		"without votes": func(a *StepAnswer) { a.Signal = SignalApprove },
		"with one vote of two": func(a *StepAnswer) {
			a.Signal = SignalApprove
			a.Votes = append(a.Votes, a.Votes[0])
		},
		"with a vote of somebody else": func(a *StepAnswer) {
			a.Signal = SignalApprove
			a.Votes = append(a.Votes, Vote{User: "U012KIM", Team: "T1", At: time.Now(), Record: a.Votes[0].Record})
		},
	} {
		t.Run(what, func(t *testing.T) {
			atConfirm(t, func(s *stage, x *Execution) {
				s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
				s.end()
				s.edit(x.ID, func(x *Execution) {
					a := *x.Approval.step("Confirm")
					forge(&a)
					x.answer(a)
				})
				s.run("replica-2")
				time.Sleep(time.Minute)
				s.signals()
				if a := s.row(x.ID).Approval.step("Confirm"); a.Signal != "" || a.Sent {
					t.Errorf("it stands: %+v", a)
				}
				s.answers(x, "Confirm", "U012LEE", policy.CodeApprover)
				time.Sleep(time.Minute)
				s.signals("Approve")
			})
		})
	}
}

// Whoever agreed must still be somebody who may when AWS is told.
func TestAnApproverWhoLeavesBeforeTheSignal(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.aws.set(func() { s.aws.onSignal = func(int) error { return &Fault{Kind: Throttled, Operation: opSignal} } })
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
		s.answers(x, "Confirm", "U012KIM", policy.CodeApprover)
		s.town.change(func() {
			s.town.people = map[string]policy.Actor{"U012BEN": {ID: "U012BEN", Team: "T1", Standing: policy.StandingDeactivated}}
		})
		s.aws.set(func() { s.aws.onSignal, s.aws.signals = nil, nil })
		time.Sleep(time.Minute)
		s.signals()
		s.answers(x, "Confirm", "U012LEE", policy.CodeApprover)
		time.Sleep(time.Minute)
		s.signals("Approve")
	})
}

// While nobody can say who asked, nobody can say either that somebody else agrees.
func TestAStepWhoseRequesterCannotBeLookedUp(t *testing.T) {
	atConfirm(t, func(s *stage, x *Execution) {
		s.town.change(func() { s.town.gone = map[string]bool{"U012ANA": true} })
		s.answers(x, "Confirm", "U012BEN", policy.CodeStandingUnknown)
		s.town.change(func() { s.town.gone = nil })
		s.answers(x, "Confirm", "U012BEN", policy.CodeApprover)
	})
}
