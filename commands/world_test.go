package commands

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"handrail/audit"
	"handrail/automation"
	"handrail/policy"
)

// world is the real engine behind the commands, with a store and an AWS in memory and a workspace of a few people.
type world struct {
	*shelf
	*cloud
	gate   *policy.Gate
	engine *automation.Engine
	people map[string]policy.Actor
	places map[string]policy.Channel
	*Commands
}

func newWorld(t *testing.T, text string) *world {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{shelf: &shelf{rows: map[string]*automation.Execution{}, byKey: map[string]policy.Record{}}, cloud: &cloud{started: map[string]int{}},
		gate: policy.NewGate(p), people: map[string]policy.Actor{}, places: map[string]policy.Channel{"C012OPS": {ID: "C012OPS", Name: "ops", Known: true}}}
	catalogue := automation.NewCatalogue(w.cloud, "eu-west-1")
	w.engine = automation.New(automation.Options{Store: w.shelf, Gate: w.gate, Directory: w, AWS: w.cloud, Catalogue: catalogue, Owner: "me", Lease: time.Hour})
	w.Commands = New(Options{Engine: w.engine, Memory: w.shelf, Documents: catalogue, Directory: w, Policy: w.gate.Policy})
	return w
}

// run lets the engine work until the test ends.
func (w *world) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.engine.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func (w *world) Actor(_ context.Context, team, user string) (policy.Actor, error) {
	a, ok := w.people[user]
	if !ok {
		a = policy.Actor{Standing: policy.StandingMember}
	}
	a.ID, a.Team = user, team
	return a, nil
}

func (w *world) Channel(_ context.Context, id string) (policy.Channel, error) {
	return w.places[id], nil
}

// shelf is a Store in memory, with the rules of the real ones. Its transactions are not undone: nothing here fails.
type shelf struct {
	mu      sync.Mutex
	rows    map[string]*automation.Execution
	due     []string // IDs of rows that are not over, in the order of their insertion
	records []policy.Record
	byKey   map[string]policy.Record
	locks   []policy.Lock
	notes   int
}

func (s *shelf) Update(_ context.Context, f func(automation.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(tx{s})
}

type tx struct{ *shelf }

func (t tx) Record(_ context.Context, r policy.Record) error {
	if _, ok := t.byKey[r.Key]; ok && r.Key != "" {
		return automation.ErrDuplicate
	}
	t.byKey[r.Key] = r
	t.records = append(t.records, r)
	return nil
}

func (t tx) Execution(_ context.Context, id string) (*automation.Execution, error) { return t.find(id) }

func (t tx) Insert(_ context.Context, x *automation.Execution) error {
	c := *x
	t.rows[x.ID], t.rows[x.Ref] = &c, &c
	t.due = append(t.due, x.ID)
	return nil
}

func (t tx) Save(_ context.Context, x *automation.Execution) error {
	old := t.rows[x.ID]
	if old == nil || old.Version != x.Version {
		return automation.ErrStale
	}
	x.Version++
	c := *x
	c.LeaseOwner, c.LeaseUntil = old.LeaseOwner, old.LeaseUntil
	*old = c
	return nil
}

func (t tx) Note(context.Context, audit.Entry) error { t.notes++; return nil }

func (t tx) Usage(_ context.Context, rule string, since time.Time) (policy.Usage, error) {
	var u policy.Usage
	for id, x := range t.rows {
		if id == x.ID && x.Rule == rule && !x.State.Terminal() {
			u.Open++
		}
		if id == x.ID && x.Rule == rule && !x.CreatedAt.Before(since) {
			u.Recent++
		}
	}
	return u, nil
}

func (t tx) Locks(_ context.Context, runbook string, now time.Time) ([]policy.Lock, error) {
	return slices.DeleteFunc(slices.Clone(t.locks), func(l policy.Lock) bool { return l.Runbook != runbook || !l.Until.After(now) }), nil
}

func (t tx) Lock(_ context.Context, l policy.Lock) error { t.locks = append(t.locks, l); return nil }

func (t tx) Unlock(_ context.Context, id, by string, now time.Time) (policy.Lock, error) {
	for i := range t.locks {
		if l := &t.locks[i]; l.ID == id && l.Until.After(now) {
			was := *l
			l.Until, l.EndedBy = now, by
			return was, nil
		}
	}
	return policy.Lock{}, automation.ErrNotFound
}

func (t tx) Agreed(_ context.Context, execution string) ([]policy.Record, error) {
	var found []policy.Record
	for _, r := range t.records {
		if r.Execution == execution && r.Action == policy.Approve && r.Allowed {
			found = append(found, r)
		}
	}
	return found, nil
}

func (s *shelf) find(id string) (*automation.Execution, error) {
	if x, ok := s.rows[id]; ok {
		c := *x
		return &c, nil
	}
	return nil, automation.ErrNotFound
}

func (s *shelf) Execution(_ context.Context, id string) (*automation.Execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(id)
}

func (s *shelf) Executions(_ context.Context, q automation.Query) ([]*automation.Execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*automation.Execution
	for id, x := range s.rows {
		if id == x.ID && (q.Runbook == "" || q.Runbook == x.Runbook) && (q.Requester == "" || q.Requester == x.Requester) &&
			(q.Among == nil || slices.Contains(q.Among, x.Runbook)) && (!q.Open || !x.State.Terminal()) && (!q.BreakGlass || x.BreakGlass) {
			c := *x
			found = append(found, &c)
		}
	}
	slices.SortFunc(found, func(a, b *automation.Execution) int { return -cmp.Compare(a.ID, b.ID) })
	return found[:min(len(found), max(q.Limit, 1))], nil
}

func (s *shelf) Decided(_ context.Context, key string) (policy.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.byKey[key]; ok {
		return r, nil
	}
	return policy.Record{}, automation.ErrNotFound
}

func (s *shelf) Record(_ context.Context, id string) (policy.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.Backward(s.records) {
		if r.ID == id {
			return r, nil
		}
	}
	return policy.Record{}, automation.ErrNotFound
}

func (s *shelf) ActiveLocks(_ context.Context, now time.Time) ([]policy.Lock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.locks), func(l policy.Lock) bool { return !l.Until.After(now) }), nil
}

func (s *shelf) Claim(_ context.Context, c automation.Claim) ([]*automation.Execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = slices.DeleteFunc(s.due, func(id string) bool { return s.rows[id].State.Terminal() })
	var got []*automation.Execution
	for _, id := range s.due {
		x := s.rows[id]
		if len(got) < c.Limit && (x.LeaseOwner == "" || c.Now.After(x.LeaseUntil)) && !x.NextAttempt.After(c.Now) {
			x.LeaseOwner, x.LeaseUntil = c.Owner, c.Until
			taken := *x
			got = append(got, &taken)
		}
	}
	return got, nil
}

func (s *shelf) Postpone(_ context.Context, owner string, xs ...*automation.Execution) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range xs {
		if old := s.rows[x.ID]; old.LeaseOwner == owner {
			old.Attempts, old.NextAttempt, old.LeaseOwner = x.Attempts, x.NextAttempt, ""
		}
	}
	return nil
}

func (s *shelf) Keep(_ context.Context, _ string, until time.Time, ids []string) (map[string]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := map[string]int64{}
	for _, id := range ids {
		s.rows[id].LeaseUntil = until
		held[id] = s.rows[id].Version
	}
	return held, nil
}

func (s *shelf) Release(context.Context, string) error { return nil }

// cloud is AWS. It counts what was started, by the tag of the execution; each automation ends at once.
type cloud struct {
	mu      sync.Mutex
	started map[string]int
	bad     int // starts with a decision that is no recorded yes
}

func (c *cloud) Ready(context.Context, string) error { return nil }

func (c *cloud) Start(_ context.Context, d policy.Decision, _ string, r automation.StartRequest) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := strings.TrimPrefix(r.Tag, "handrail:")
	c.started[id]++
	if !d.Allowed() || !d.Recorded() {
		c.bad++
	}
	return "aws-" + id, nil
}

func (c *cloud) Stop(context.Context, string, string) error { return nil }

func (c *cloud) Signal(context.Context, automation.Signal) error { return nil }

func (c *cloud) Find(context.Context, string, string) ([]string, error) { return nil, nil }

func (c *cloud) Describe(_ context.Context, _ string, ids []string) ([]automation.Observation, error) {
	var seen []automation.Observation
	for _, id := range ids {
		seen = append(seen, automation.Observation{AWSID: id, Document: "AWS-RestartEC2Instance", Version: "1", Status: "Success", EndedAt: time.Now()})
	}
	return seen, nil
}

func (c *cloud) Steps(context.Context, string, string) ([]automation.Step, error) { return nil, nil }

func (c *cloud) DescribeDocument(_ context.Context, _, _, version string) (automation.DocumentInfo, error) {
	if _, err := strconv.Atoi(version); err != nil {
		version = "1"
	}
	return automation.DocumentInfo{Version: version, SHA256: strings.Repeat("1", 64), Owner: "Amazon"}, nil
}

func (c *cloud) Content(context.Context, string, string, string) ([]byte, error) {
	return []byte(testDocument), nil
}

func (c *cloud) Attachments(context.Context, string, string, string) ([]policy.Pin, error) {
	return nil, nil
}
