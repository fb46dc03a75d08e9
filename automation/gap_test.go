package automation

import (
	"context"
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

// A freeze that begins while AWS is asked about the document, right before the start, stops it.
func TestAFreezeThatBeginsDuringTheLastLook(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		x := s.submit("k").Execution
		time.Sleep(100 * time.Millisecond)
		from := time.Now().Add(20 * time.Second).UTC()
		s.gate.Swap(mustPolicy(s.T, testPolicy+"freezes: [{name: year-end, from: "+from.Format(time.RFC3339)+", until: 2099-01-01T00:00:00Z, runbooks: ['*'], reason: quiet, owner: ana}]\n"))
		s.aws.set(func() { s.aws.slow = 30 * time.Second })
		s.free()
		s.ends(x.ID, Denied, 5*time.Minute)
		if r := s.lastRecord(x.ID); r.Code != policy.CodeFrozen {
			t.Errorf("the record says %s", r.Code)
		}
		s.starts(0)
	})
}

// grouped is a town that, like the workspace, looks up the user groups alone that today's policy names.
type grouped struct {
	*town
	gate   *policy.Gate
	looked func() // called after each look-up of a person
}

func (g grouped) Actor(ctx context.Context, team, user string) (policy.Actor, error) {
	a, err := g.town.Actor(ctx, team, user)
	a.UserGroups = g.gate.Policy().UserGroups()
	g.looked()
	return a, err
}

// A policy that comes into force between the last look at a person and the decision may want to know more of them.
func TestAPolicyThatComesBetweenTheLastLookAndTheStart(t *testing.T) {
	forbidding := strings.Replace(testPolicy, "groups: {", "groups: {contractors: {usergroup: S0CONTR}, ", 1) +
		"denials: [{name: no, runbooks: ['*'], to: [contractors], reason: no}]\n"
	act(t, func(s *stage) {
		looks := 0
		s.engine.Directory = grouped{s.town, s.gate, func() {
			if looks++; looks == 2 { // the first is for the request
				s.gate.Swap(mustPolicy(s.T, forbidding))
			}
		}}
		x := s.submit("k").Execution
		s.ends(x.ID, Denied, time.Minute)
		if r := s.lastRecord(x.ID); r.Code != policy.CodeDenied {
			t.Errorf("the record says %s", r.Code)
		}
		s.starts(0)
	})
}

// What starts under another rule than the one that accepted it counts for that one, and is told of where that one says.
func TestTheRuleThatLetsItStartIsTheOneThatCounts(t *testing.T) {
	act(t, func(s *stage) {
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		x := s.submit("k").Execution
		time.Sleep(100 * time.Millisecond)
		s.gate.Swap(mustPolicy(s.T, strings.Replace(testPolicy, "name: web-restarts", "name: other-name", 1)))
		s.free()
		if y := s.ends(x.ID, Succeeded, time.Minute); y.Rule != "other-name" || y.Decision != x.Decision {
			t.Errorf("it counts for %s, decided by %s", y.Rule, y.Decision)
		}
	})
}
