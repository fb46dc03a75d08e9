package automation

import (
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

// The policy changes while somebody asks, waits, agrees, starts and runs. An approval is for the policy under which it was
// asked for: a narrower one refuses, and a wider one starts nothing that was asked for before it.
func TestThePolicyChangesMeanwhile(t *testing.T) {
	changes := map[string]string{
		"remove": strings.Replace(twoAgree, "to: [web]", "to: [lee]", 1),
		"narrow": strings.ReplaceAll(twoAgree, "[i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]", "[i-0aaaaaaaaaaaaaaa2]"),
		"widen":  twoAgree[:strings.Index(twoAgree, "    approval:")],
	}
	const moments = 5
	type end struct {
		state  State // "" if it was never accepted
		code   policy.Code
		starts int
		void   bool // the differences are shown
	}
	refused := func(code policy.Code) end { return end{Denied, code, 0, true} }
	runs := end{Succeeded, policy.CodeApproved, 1, false}
	want := map[string][moments]end{ // before it is asked for, before the first yes, before the second, before the start, while it runs
		"remove": {{"", policy.CodeNotGranted, 0, false}, refused(policy.CodeNotGranted), refused(policy.CodeNotGranted), refused(policy.CodeNotGranted), runs},
		"narrow": {{"", policy.CodeValueNotAllowed, 0, false}, refused(policy.CodeValueNotAllowed), refused(policy.CodeValueNotAllowed), refused(policy.CodeValueNotAllowed), runs},
		"widen":  {{Succeeded, policy.CodeGranted, 1, false}, refused(policy.CodeNothingToApprove), refused(policy.CodeNothingToApprove), refused(policy.CodeDigestMismatch), runs},
	}
	for change, text := range changes {
		for moment := range moments {
			t.Run(change+" "+string(rune('1'+moment)), func(t *testing.T) {
				actUnder(t, mustPolicy(t, twoAgree), func(s *stage) {
					at := func(n int) {
						if n == moment {
							s.gate.Swap(mustPolicy(s.T, text))
						}
					}
					got := end{}
					if x := s.reloaded(at); x != nil {
						x = s.row(x.ID)
						got.state, got.void = x.State, x.Approval != nil && len(x.Approval.Void) > 0
						got.code = s.lastRecord(x.ID).Code
					} else {
						got.code = s.store.records[0].Code
					}
					got.starts = len(s.aws.byToken)
					if got != want[change][moment] {
						t.Errorf("got %+v, want %+v", got, want[change][moment])
					}
				})
			})
		}
	}
}

// reloaded asks, lets two agree, starts and ends, and calls at before each of that.
func (s *stage) reloaded(at func(n int)) *Execution {
	s.aws.set(func() {
		s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
	})
	at(0)
	x := s.submit("k").Execution
	if x == nil {
		return nil
	}
	for i, user := range []string{"U012BEN", "U012KIM"} {
		at(1 + i)
		if s.row(x.ID).State == AwaitingApproval {
			s.approve(click(x, user))
		}
	}
	time.Sleep(100 * time.Millisecond)
	at(3)
	s.free()
	time.Sleep(6 * time.Second)
	at(4)
	time.Sleep(time.Hour)
	return x
}

// A run that needed nobody's yes when it was asked for, and needs one now, is not started.
func TestAnApprovalThatIsWantedSinceIsNotGiven(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		x := s.submit("k").Execution
		time.Sleep(100 * time.Millisecond)
		s.gate.Swap(mustPolicy(s.T, oneAgrees))
		s.free()
		s.ends(x.ID, Denied, time.Minute)
		if r := s.lastRecord(x.ID); r.Code != policy.CodeApprovalNeeded {
			t.Errorf("the record says %s", r.Code)
		}
		s.starts(0)
	})
}

// A policy that changes nothing that concerns the run voids the approval all the same, and shows what differs.
func TestAnyChangeOfThePolicyVoidsAnApproval(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		next := mustPolicy(s.T, oneAgrees+"# a word\n")
		s.gate.Swap(next)
		time.Sleep(time.Minute)
		if y := s.row(x.ID); y.State != AwaitingApproval {
			t.Errorf("without a click it is %s", y.State)
		}
		y := s.agrees(x, "U012BEN", policy.CodeDigestMismatch).Execution
		if len(y.Approval.Void) != 1 || y.Approval.Void[0].What != "policy" || y.Approval.Void[0].Is == y.Approval.Void[0].Was {
			t.Errorf("the differences are %+v", y.Approval.Void)
		}
	})
}
