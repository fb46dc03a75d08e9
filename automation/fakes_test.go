package automation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"handrail/audit"
	"handrail/policy"
)

const testPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}}
groups: {web: {members: [ana]}}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]}}
grants:
  - {name: web-restarts, to: [web], runbooks: [restart-web], channels: ["#ops"]}
`

const testDocument = `{"schemaVersion":"0.3","assumeRole":"{{ AutomationAssumeRole }}","parameters":{
"InstanceId":{"type":"StringList"},"AutomationAssumeRole":{"type":"String","default":""}},
"mainSteps":[{"name":"stopInstances","action":"aws:changeInstanceState","inputs":{"InstanceIds":"{{ InstanceId }}","DesiredState":"stopped"}}]}`

// memory is a Store in memory, with the rules of the real ones.
type memory struct {
	mu      sync.Mutex
	rows    map[string]*Execution
	records []policy.Record
	notes   []audit.Entry
	locks   map[string]policy.Lock
	listed  []*Execution // what Executions returns

	broken   error // what Record returns
	unlogged error // what Note returns
}

func (m *memory) Update(ctx context.Context, f func(Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &memoryTx{m: m, rows: map[string]*Execution{}}
	if err := f(t); err != nil {
		return err
	}
	for id, x := range t.rows {
		m.rows[id] = x
	}
	m.records = append(m.records, t.records...)
	m.notes = append(m.notes, t.notes...)
	for _, l := range t.locks {
		if m.locks == nil {
			m.locks = map[string]policy.Lock{}
		}
		m.locks[l.ID] = l
	}
	return nil
}

type memoryTx struct {
	m       *memory
	rows    map[string]*Execution
	records []policy.Record
	notes   []audit.Entry
	locks   []policy.Lock
}

func (t *memoryTx) Record(_ context.Context, r policy.Record) error {
	for _, old := range t.m.records {
		if old.Key == r.Key && r.Key != "" {
			return ErrDuplicate
		}
	}
	t.records = append(t.records, r)
	return t.m.broken
}

func (t *memoryTx) Execution(_ context.Context, id string) (*Execution, error) { return t.m.get(id) }

func (t *memoryTx) Insert(_ context.Context, x *Execution) error {
	c := *x
	t.rows[x.ID] = &c
	return nil
}

func (t *memoryTx) Save(_ context.Context, x *Execution) error {
	old := t.m.rows[x.ID]
	if old == nil || old.Version != x.Version {
		return ErrStale
	}
	if old.State.Terminal() && x.State != old.State {
		return errors.New("an end stays")
	}
	x.Version++
	c := *x
	c.LeaseOwner, c.LeaseUntil = old.LeaseOwner, old.LeaseUntil
	if c.State.Terminal() {
		c.LeaseOwner = ""
	}
	t.rows[x.ID] = &c
	return nil
}

func (m *memory) get(id string) (*Execution, error) {
	for _, x := range m.rows {
		if x.ID == id || x.Ref == id {
			c := *x
			return &c, nil
		}
	}
	return nil, ErrNotFound
}

func (m *memory) Execution(_ context.Context, id string) (*Execution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.get(id)
}

func (m *memory) Decided(_ context.Context, key string) (policy.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.records {
		if r.Key == key {
			return r, nil
		}
	}
	return policy.Record{}, ErrNotFound
}

func (m *memory) Executions(context.Context, Query) ([]*Execution, error) { return m.listed, nil }

func (m *memory) Claim(_ context.Context, c Claim) ([]*Execution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var got []*Execution
	for _, x := range m.rows {
		free := x.LeaseOwner == "" || c.Now.After(x.LeaseUntil)
		if len(got) < c.Limit && free && !x.State.Terminal() && x.Parked == "" && !x.NextAttempt.After(c.Now) {
			x.LeaseOwner, x.LeaseUntil = c.Owner, c.Until
			cp := *x
			got = append(got, &cp)
		}
	}
	return got, nil
}

func (m *memory) Postpone(_ context.Context, owner string, es ...*Execution) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range es {
		if x := m.rows[e.ID]; x != nil && x.LeaseOwner == owner {
			x.Attempts, x.NextAttempt, x.LeaseOwner = e.Attempts, e.NextAttempt, ""
		}
	}
	return nil
}

func (m *memory) Keep(_ context.Context, owner string, until time.Time, ids []string) (map[string]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	held := map[string]int64{}
	for _, id := range ids {
		if x := m.rows[id]; x != nil && x.LeaseOwner == owner {
			x.LeaseUntil = until
			held[x.ID] = x.Version
		}
	}
	return held, nil
}

func (m *memory) Release(_ context.Context, owner string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.rows {
		if x.LeaseOwner == owner {
			x.LeaseOwner = ""
		}
	}
	return nil
}

// cloud is AWS: it counts what it started, by token, and lets each automation run for a while.
type cloud struct {
	mu        sync.Mutex
	byToken   map[string]string
	began     map[string]time.Time
	tags      map[string]string // tag to id
	stopped   map[string]bool
	requests  []StartRequest
	runs      time.Duration
	hash      string
	onStart   func(n int, work func() string) (string, error) // nil answers normally
	onFind    error
	onStop    func(n int) error
	stops     int
	lost      bool          // Describe is down
	forgotten bool          // Describe lists nothing
	slow      time.Duration // how long DescribeDocument takes
	panicking map[string]bool
	holds     func() (DocumentInfo, error) // instead of DescribeDocument\'s answer
	observed  func(*Observation)           // changes what Describe tells
	steps     []string                     // names of aws:approve steps that wait for a signal, one after the other
	signals   []Signal
	onSignal  func(n int) error // nil answers normally
}

func newCloud() *cloud {
	return &cloud{byToken: map[string]string{}, began: map[string]time.Time{}, tags: map[string]string{}, stopped: map[string]bool{},
		runs: 10 * time.Second, hash: "1111111111111111111111111111111111111111111111111111111111111111", panicking: map[string]bool{}}
}

func (c *cloud) Start(_ context.Context, d policy.Decision, _ string, r StartRequest) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !covers(d, r) {
		return "", &Fault{Kind: Rejected, Operation: opStart, Err: ErrNotDecided}
	}
	c.requests = append(c.requests, r)
	work := func() string {
		if id := c.byToken[r.ClientToken]; id != "" {
			return id
		}
		id := fmt.Sprintf("aws-%d", len(c.byToken)+1)
		c.byToken[r.ClientToken], c.began[id], c.tags[r.Tag] = id, time.Now(), id
		return id
	}
	if c.onStart != nil {
		return c.onStart(len(c.requests), work)
	}
	return work(), nil
}

func (c *cloud) Ready(ctx context.Context, _ string) error { return ctx.Err() }

func (c *cloud) Stop(_ context.Context, _, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stops++
	if c.onStop != nil {
		if err := c.onStop(c.stops); err != nil {
			return err
		}
	}
	c.stopped[id] = true
	return nil
}

func (c *cloud) Signal(_ context.Context, s Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.signals = append(c.signals, s)
	if c.onSignal != nil {
		if err := c.onSignal(len(c.signals)); err != nil {
			return err
		}
	}
	if len(c.steps) == 0 {
		return &Fault{Kind: Ended, Operation: opSignal, Code: "InvalidAutomationSignalException"}
	}
	c.steps = c.steps[1:]
	return nil
}

func (c *cloud) Find(_ context.Context, _, tag string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id := c.tags[tag]; id != "" && c.onFind == nil {
		return []string{id}, nil
	}
	return nil, c.onFind
}

func (c *cloud) Describe(_ context.Context, _ string, ids []string) ([]Observation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost {
		return nil, &Fault{Kind: Unavailable, Operation: opDescribe, Err: errors.New("down")}
	}
	var os []Observation
	if c.forgotten {
		return nil, nil
	}
	for _, id := range ids {
		o := Observation{AWSID: id, Status: "InProgress", Document: "AWS-RestartEC2Instance", Version: "1", CurrentStep: "stopInstances", StartedAt: c.began[id]}
		switch age := time.Since(c.began[id]); {
		case c.stopped[id]:
			o.Status, o.CurrentStep, o.EndedAt = "Cancelled", "", time.Now()
		case age < 2*time.Second:
			continue // lists are eventually consistent
		case len(c.steps) > 0:
			o.Status, o.CurrentStep = "Waiting", c.steps[0]
		case age > c.runs:
			o.Status, o.CurrentStep, o.EndedAt = "Success", "", c.began[id].Add(c.runs)
		}
		if c.observed != nil {
			c.observed(&o)
		}
		os = append(os, o)
	}
	return os, nil
}

func (c *cloud) Steps(_ context.Context, _, id string) ([]Step, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.panicking[id] {
		panic("poison")
	}
	if len(c.steps) > 0 {
		return []Step{{ID: "id-" + c.steps[0], Name: c.steps[0], Action: "aws:approve", Status: "Waiting"}}, nil
	}
	status := "InProgress"
	if time.Since(c.began[id]) > c.runs {
		status = "Success"
	}
	return []Step{{ID: "s1", Name: "stopInstances", Action: "aws:changeInstanceState", Status: status}}, nil
}

func (c *cloud) DescribeDocument(ctx context.Context, _, _, _ string) (DocumentInfo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.slow > 0 {
		c.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(c.slow):
		}
		c.mu.Lock()
	}
	if err := ctx.Err(); err != nil {
		return DocumentInfo{}, &Fault{Kind: Unavailable, Operation: opDescribeDocument, Err: err}
	}
	if c.holds != nil {
		return c.holds()
	}
	if c.hash == "" {
		return DocumentInfo{}, &Fault{Kind: Missing, Operation: opDescribeDocument, Code: "InvalidDocument", Message: "gone"}
	}
	return DocumentInfo{Version: "1", SHA256: c.hash, Owner: policy.Amazon}, nil
}

func (c *cloud) Content(context.Context, string, string, string) ([]byte, error) {
	return []byte(testDocument), nil
}

func (c *cloud) Attachments(context.Context, string, string, string) ([]policy.Pin, error) {
	return nil, nil
}

func (c *cloud) set(f func()) { c.mu.Lock(); defer c.mu.Unlock(); f() }

// town is the workspace.
type town struct {
	mu     sync.Mutex
	down   bool
	people map[string]policy.Actor // those about whom there is something to say
	gone   map[string]bool         // those whose look-up fails
	shared bool                    // every channel is
}

func (w *town) Actor(_ context.Context, team, user string) (policy.Actor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down || w.gone[user] {
		return policy.Actor{}, errors.New("slack is down")
	}
	if a, ok := w.people[user]; ok {
		return a, nil
	}
	return policy.Actor{ID: user, Team: team, Standing: policy.StandingMember}, nil
}

func (w *town) Channel(_ context.Context, id string) (policy.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return policy.Channel{ID: id, Name: "ops", Known: true, Shared: w.shared}, nil
}

func (w *town) set(down bool) { w.mu.Lock(); defer w.mu.Unlock(); w.down = down }

// change is what happens in the workspace.
func (w *town) change(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }
