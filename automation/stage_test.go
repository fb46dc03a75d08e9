package automation

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"handrail/policy"
)

// stage is an engine with its edges in memory, in virtual time.
type stage struct {
	*testing.T
	store  *memory
	aws    *cloud
	town   *town
	gate   *policy.Gate
	engine *Engine
	ctx    context.Context
	end    func()
	seen   []State
	alarms []Alarm
	mu     sync.Mutex
}

func mustPolicy(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// act runs a story in virtual time on a running engine.
func act(t *testing.T, story func(s *stage)) {
	t.Helper()
	actUnder(t, mustPolicy(t, testPolicy), story)
}

// actUnder is act under another policy.
func actUnder(t *testing.T, p *policy.Policy, story func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, store: &memory{rows: map[string]*Execution{}}, aws: newCloud(), town: &town{}, gate: policy.NewGate(p)}
		s.run("replica-1")
		story(s)
		s.end()
	})
}

// run starts an engine over the same store and AWS; end stops it.
func (s *stage) run(owner string) {
	ctx, cancel := context.WithCancel(s.Context())
	s.ctx = ctx
	s.engine = New(Options{Store: s.store, Gate: s.gate, Directory: s.town, AWS: s.aws, Catalogue: NewCatalogue(s.aws, "eu-west-1"), Owner: owner,
		OnChange: func(x *Execution) { s.mu.Lock(); s.seen = append(s.seen, x.State); s.mu.Unlock() },
		OnAlarm:  func(a Alarm) { s.mu.Lock(); s.alarms = append(s.alarms, a); s.mu.Unlock() }})
	done := make(chan error, 1)
	go func(e *Engine) { done <- e.Run(ctx) }(s.engine)
	s.end = func() {
		cancel()
		if err := <-done; err != nil {
			s.Error(err)
		}
	}
}

func (s *stage) submit(key string) Outcome {
	s.Helper()
	out, err := s.engine.Submit(s.ctx, ask(key))
	if err != nil {
		s.Fatal(err)
	}
	return out
}

func ask(key string) Ask {
	return Ask{Key: key, Entry: policy.ByCommand, Team: "T1", User: "U012ANA", Channel: "C012OPS", Runbook: "restart-web",
		Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, At: time.Now()}
}

func (s *stage) row(id string) *Execution {
	s.Helper()
	x, err := s.store.Execution(s.ctx, id)
	if err != nil {
		s.Fatal(err)
	}
	return x
}

// ends waits in virtual time until the execution is over, at most limit, and checks how.
func (s *stage) ends(id string, want State, limit time.Duration) *Execution {
	s.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if s.row(id).State.Terminal() {
			break
		}
	}
	x := s.row(id)
	if x.State != want {
		s.Fatalf("the execution is %s (%s), want %s; seen %v", x.State, x.Note, want, s.states())
	}
	return x
}

// states are those that the engine has told of, once everything has settled.
func (s *stage) states() []State {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// starts is how many automations AWS began.
func (s *stage) starts(want int) {
	s.Helper()
	s.aws.mu.Lock()
	defer s.aws.mu.Unlock()
	if got := len(s.aws.byToken); got != want {
		s.Fatalf("AWS started %d automations, want %d", got, want)
	}
	for _, r := range s.aws.requests {
		if !slices.Equal(r.Parameters["AutomationAssumeRole"], []string{"arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"}) || len(r.ClientToken) != 36 {
			s.Errorf("a start without the role or a token: %+v", r)
		}
	}
}
