package automation

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"handrail/policy"
)

// more is a policy with other conditions on the one grant.
func more(conditions string) string {
	return strings.Replace(testPolicy, `channels: ["#ops"]}`, `channels: ["#ops"], `+conditions+"}", 1)
}

func TestALimitCountsWhatIsNotOver(t *testing.T) {
	actUnder(t, mustPolicy(t, more("limits: {at_once: 2}")), func(s *stage) {
		for i, want := range []policy.Code{policy.CodeGranted, policy.CodeGranted, policy.CodeLimitAtOnce} {
			if got := s.decides(fmt.Sprint("k", i), "i-0aaaaaaaaaaaaaaa1"); got != want {
				t.Errorf("run %d got %s, want %s", i, got, want)
			}
		}
		time.Sleep(time.Minute)
		s.starts(2) // what counts does not count against itself before the start
		if got := s.decides("k9", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeGranted {
			t.Errorf("after their end another got %s", got)
		}
	})
}

func TestALimitCountsTheHour(t *testing.T) {
	actUnder(t, mustPolicy(t, more("limits: {per_hour: 2}")), func(s *stage) {
		for i, want := range []policy.Code{policy.CodeGranted, policy.CodeGranted, policy.CodeLimitPerHour} {
			if got := s.decides(fmt.Sprint("k", i), "i-0aaaaaaaaaaaaaaa1"); got != want {
				t.Errorf("run %d got %s, want %s", i, got, want)
			}
		}
		time.Sleep(30 * time.Minute)
		s.starts(2)
		if got := s.decides("half", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeLimitPerHour {
			t.Errorf("half an hour later another got %s", got)
		}
		time.Sleep(31 * time.Minute)
		if got := s.decides("hour", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeGranted {
			t.Errorf("an hour later another got %s", got)
		}
	})
}

// A limit that is lowered while things wait stops those that are over it.
func TestALowerLimitCountsAtTheStart(t *testing.T) {
	actUnder(t, mustPolicy(t, more("limits: {at_once: 2}")), func(s *stage) {
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		one, two := s.submit("k1").Execution, s.submit("k2").Execution
		time.Sleep(100 * time.Millisecond)
		s.gate.Swap(mustPolicy(s.T, more("limits: {at_once: 1}")))
		s.free()
		time.Sleep(time.Minute)
		s.starts(1)
		if a, b := s.row(one.ID).State, s.row(two.ID).State; (a == Denied) == (b == Denied) {
			t.Errorf("they are %s and %s", a, b)
		}
	})
}

func TestAnEmergencyNeedsAReason(t *testing.T) {
	text := testPolicy + `  - {name: emergencies, to: [ben], runbooks: [restart-web], channels: ["#ops"], break_glass: {notify: "#security"}}
`
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		a := ask("k1")
		a.User = "U012BEN"
		for i, want := range []policy.Code{policy.CodeEmergencyOnly, policy.CodeReasonMissing, policy.CodeBreakGlass} {
			a.Key = fmt.Sprint("k", i)
			a.BreakGlass = i > 0
			if i > 1 {
				a.Reason = "the site is down"
			}
			out, err := s.engine.Submit(s.ctx, a)
			if err != nil || out.Decision.Code() != want {
				t.Fatalf("ask %d got %s, %v; want %s", i, out.Decision.Code(), err, want)
			}
			if x := out.Execution; x != nil {
				if !x.BreakGlass || out.Decision.BreakGlass().Notify != "#security" {
					t.Errorf("it is %+v", x)
				}
				s.ends(x.ID, Succeeded, time.Minute)
			}
		}
		s.starts(1)
	})
}

// Who may only ask waits for another's yes, once.
func TestAOneTimeApproval(t *testing.T) {
	text := testPolicy + `  - {name: asking, to: [ben], runbooks: [restart-web], channels: ["#ops"], may: [ask], approval: {from: [ana]}}
`
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		a := ask("k1")
		a.User = "U012BEN"
		out, err := s.engine.Submit(s.ctx, a)
		if err != nil || out.Decision.Allowed() || out.Decision.Pending() {
			t.Fatalf("without asking ben got %s, %v", out.Decision.Code(), err)
		}
		a.Key, a.OneTime = "k2", true
		out, err = s.engine.Submit(s.ctx, a)
		if err != nil || !out.Decision.Pending() || out.Execution.Action != policy.Ask {
			t.Fatalf("asking, ben got %s, %v", out.Decision.Code(), err)
		}
		s.agrees(out.Execution, "U012BEN", policy.CodeApproverSelf)
		s.agrees(out.Execution, "U012ANA", policy.CodeApprover)
		s.ends(out.Execution.ID, Succeeded, time.Minute)
		s.starts(1)
	})
}

// Two of those whom a freeze names let one run through, and one is not enough.
func TestAFreezeIsPassedByTwo(t *testing.T) {
	text := oneAgreesFrozen("[leads]")
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		x := s.submit("k").Execution
		if x == nil || x.State != AwaitingApproval || x.Approval.wanted() != 2 {
			t.Fatalf("during the freeze it is %+v", x)
		}
		s.agrees(x, "U012BEN", policy.CodeApprover)
		time.Sleep(time.Minute)
		s.starts(0)
		s.agrees(x, "U012KIM", policy.CodeApprover)
		s.ends(x.ID, Succeeded, time.Minute)
		s.starts(1)
	})
	actUnder(t, mustPolicy(t, strings.Replace(text, ", override: [leads]", "", 1)), func(s *stage) {
		if got := s.decides("k", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeFrozen {
			t.Errorf("a freeze that nobody may pass gives %s", got)
		}
	})
}

// An emergency skips the grant's approval, and not what a freeze wants.
func TestAnEmergencyInAFreezeIsPassedByTwo(t *testing.T) {
	text := strings.Replace(oneAgreesFrozen("[leads]"), "freezes:", `  - {name: emergencies, to: [ana], runbooks: [restart-web], channels: ["#ops"], break_glass: {notify: "#security"}}
freezes:`, 1)
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		a := ask("k")
		a.BreakGlass, a.Reason = true, "the site is down"
		out, err := s.engine.Submit(s.ctx, a)
		if err != nil || !out.Decision.Pending() || !out.Execution.BreakGlass || out.Execution.Rule != "emergencies" {
			t.Fatalf("during the freeze it got %s, %v: %+v", out.Decision.Code(), err, out.Execution)
		}
		s.agrees(out.Execution, "U012BEN", policy.CodeApprover)
		s.agrees(out.Execution, "U012KIM", policy.CodeApprover)
		s.ends(out.Execution.ID, Succeeded, time.Minute)
		s.starts(1)
	})
}

// oneAgreesFrozen is a policy that wants nobody's yes but for a freeze. Virtual time begins in 2000.
func oneAgreesFrozen(override string) string {
	return twoAgree[:strings.Index(twoAgree, "    approval:")] +
		"freezes:\n  - {name: turn, from: 1999-12-01T00:00:00Z, until: 2000-02-01T00:00:00Z, runbooks: [\"*\"], override: " + override + "}\n"
}

// A freeze that ends while others are asked changes nothing that was agreed to: nobody has to agree any more.
func TestAFreezeThatEndsNeedsNobody(t *testing.T) {
	text := strings.Replace(oneAgreesFrozen("[leads]"), "2000-02-01", "2000-01-01T00:05:00Z#", 1)
	text = strings.Replace(text, "#T00:00:00Z", "", 1)
	actUnder(t, mustPolicy(t, text), func(s *stage) {
		x := s.submit("k").Execution
		time.Sleep(6 * time.Minute)
		s.agrees(x, "U012BEN", policy.CodeNothingToApprove)
		if got := s.decides("k2", "i-0aaaaaaaaaaaaaaa1"); got != policy.CodeGranted {
			t.Errorf("after the freeze a run got %s", got)
		}
	})
}

// A grant for incidents is decided by what the incident is at the start, too.
func TestAnIncidentIsLookedAtAgain(t *testing.T) {
	actUnder(t, mustPolicy(t, more("when: 'incident.open'")), func(s *stage) {
		a := ask("k1")
		if out, _ := s.engine.Submit(s.ctx, a); out.Decision.Code() != policy.CodeConditionUnmet {
			t.Errorf("without an incident it got %s", out.Decision.Code())
		}
		var closed atomic.Bool
		s.engine.Incident = func(context.Context, string) *policy.Incident { return &policy.Incident{ID: "i", Open: !closed.Load()} }
		x := s.submit("k2").Execution
		s.ends(x.ID, Succeeded, time.Minute)
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		x = s.submit("k3").Execution
		time.Sleep(100 * time.Millisecond)
		closed.Store(true)
		s.free()
		s.ends(x.ID, Denied, time.Minute)
		s.starts(1)
	})
}

// Approvers see how the runbook's last five executions ended, newest first.
func TestApproversSeeTheLastResults(t *testing.T) {
	actUnder(t, mustPolicy(t, oneAgrees), func(s *stage) {
		for i, state := range []State{Succeeded, Failed, Denied, Succeeded, Running, TimedOut, Succeeded, Failed} {
			x := &Execution{ID: fmt.Sprint("old-", i), Ref: fmt.Sprint("r-", i), Runbook: "restart-web", State: state, CreatedAt: time.Now(), NextAttempt: time.Now().Add(time.Hour)}
			if state != Denied {
				x.AWSID = fmt.Sprint("aws-old-", i)
			}
			s.store.listed = append([]*Execution{x}, s.store.listed...)
		}
		x := s.submit("k").Execution
		if got, want := fmt.Sprint(x.Approval.Results), fmt.Sprint([]State{Failed, Succeeded, TimedOut, Succeeded, Failed}); got != want {
			t.Errorf("they see %s, want %s", got, want)
		}
	})
}

// To somebody who may not know of a runbook, AWS takes as long to answer as for a name that nobody knows: it is not asked.
func TestAHiddenRunbookIsNotLookedUp(t *testing.T) {
	act(t, func(s *stage) {
		var asked atomic.Int32
		s.aws.set(func() {
			s.aws.holds = func() (DocumentInfo, error) {
				asked.Add(1)
				return DocumentInfo{Version: "1", SHA256: s.aws.hash, Owner: policy.Amazon}, nil
			}
		})
		for key, name := range map[string]string{"hidden": "restart-web", "typo": "restart-wbe"} {
			a := ask(key)
			a.User, a.Runbook = "U012BEN", name
			if out, err := s.engine.Submit(s.ctx, a); err != nil || !out.Decision.Hidden() {
				t.Errorf("%s got %s, %v", name, out.Decision.Code(), err)
			}
			s.engine.Explain(s.ctx, a)
		}
		if n := asked.Load(); n != 0 {
			t.Errorf("AWS was asked %d times", n)
		}
		s.submit("mine")
		if asked.Load() == 0 {
			t.Error("AWS was not asked for who may know")
		}
	})
}
