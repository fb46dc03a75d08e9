package bot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

// memory is an Announcements that keeps the contract of the store: leases, stale saves, and versions
// that only a change of the row raises.
type memory struct {
	mu     sync.Mutex
	rows   map[string]*automation.Execution
	owners map[string]string
	until  map[string]time.Time
	claims int

	releases int
	hangs    atomic.Bool // the next claim does not come back
	fail     error       // of every call, if set
	saved    func()      // runs after each announcement is saved, if set
}

func newMemory(es ...*automation.Execution) *memory {
	m := &memory{rows: map[string]*automation.Execution{}, owners: map[string]string{}, until: map[string]time.Time{}}
	for _, e := range es {
		m.rows[e.ID] = e
	}
	return m
}

func copied(e *automation.Execution) *automation.Execution {
	c := *e
	c.Announcement.Replies = maps.Clone(e.Announcement.Replies)
	c.Steps = slices.Clone(e.Steps)
	return &c
}

func (m *memory) ClaimAnnouncements(ctx context.Context, c automation.Claim) ([]*automation.Execution, error) {
	if m.hangs.Swap(false) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.claims++
	if m.fail != nil {
		return nil, m.fail
	}
	var out []*automation.Execution
	for id, e := range m.rows {
		if e.Announcement.Version >= e.Version || e.Announcement.NextAttempt.After(c.Now) || m.until[id].After(c.Now) || len(out) == c.Limit {
			continue
		}
		m.owners[id], m.until[id] = c.Owner, c.Until
		out = append(out, copied(e))
	}
	return out, nil
}

func (m *memory) KeepAnnouncements(_ context.Context, owner string, until time.Time, ids []string) (map[string]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	held := map[string]int64{}
	for _, id := range ids {
		if m.owners[id] == owner && m.fail == nil {
			m.until[id], held[id] = until, m.rows[id].Version
		}
	}
	return held, m.fail
}

func (m *memory) ReleaseAnnouncements(_ context.Context, owner string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.releases++
	for id, o := range m.owners {
		if o == owner {
			m.owners[id], m.until[id] = "", time.Time{}
		}
	}
	return m.fail
}

func (m *memory) SaveAnnouncement(_ context.Context, owner, id string, a automation.Announcement) error {
	if m.saved != nil {
		defer m.saved()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.fail != nil:
		return m.fail
	case m.owners[id] != owner:
		return automation.ErrStale
	}
	e := m.rows[id]
	if a.Version > e.Announcement.Version || a.Version >= e.Version || a.NextAttempt.After(time.Now()) {
		m.owners[id], m.until[id] = "", time.Time{}
	}
	a.Replies = maps.Clone(a.Replies)
	e.Announcement = a
	return nil
}

func (m *memory) Execution(_ context.Context, id string) (*automation.Execution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.rows[id]; ok && m.fail == nil {
		return copied(e), nil
	}
	return nil, automation.ErrNotFound
}

func (m *memory) ByCard(_ context.Context, channel, ts string) (*automation.Execution, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.rows {
		a := e.Announcement
		if ts != "" && (a.Channel == channel && a.Card == ts || a.AskChannel == channel && a.AskCard == ts) {
			return copied(e), nil
		}
	}
	return nil, automation.ErrNotFound
}

// change alters a row as the engine does and returns the new one.
func (m *memory) change(id string, f func(*automation.Execution)) *automation.Execution {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.rows[id]
	f(e)
	e.Version++
	return copied(e)
}

func (m *memory) insert(e *automation.Execution) *automation.Execution {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[e.ID] = e
	return copied(e)
}

func (m *memory) row(id string) *automation.Execution {
	m.mu.Lock()
	defer m.mu.Unlock()
	return copied(m.rows[id])
}

func (m *memory) claimed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.claims
}

// told says whether Slack has been told the newest version of a row.
func (m *memory) told(id string) bool {
	e := m.row(id)
	return e.Announcement.Version == e.Version
}

// commander answers with a function.
type commander func(context.Context, commands.Invocation) commands.Answer

func (c commander) Do(ctx context.Context, inv commands.Invocation) commands.Answer {
	return c(ctx, inv)
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(8 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("gave up waiting: %s", what)
}

const (
	theID  = "01981f3e-7b00-7c55-9f00-0123456789ab"
	theAWS = "4105a4fc-f944-11e6-9d32-0a1b2c3d495e"
)

// accepted is an execution as the engine stores it first.
func accepted(id string) *automation.Execution {
	return &automation.Execution{
		ID: id, Ref: "r-7f3k2", Key: "slash:1", Version: 1, State: automation.Queued, Entry: policy.ByCommand,
		Team: "T012LOCAL", Requester: "U012ANA", Channel: "C012OPS", Runbook: "restart-web",
		Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, Region: "eu-west-1",
		Rule: "web-restarts", CreatedAt: time.Now(),
	}
}

// typed is an invocation as somebody would type it.
func typed(inv commands.Invocation) string {
	if len(inv.Args) == 0 {
		return inv.Text
	}
	var parts []string
	for _, w := range inv.Args {
		if w.Key != "" {
			w.Value = w.Key + "=" + w.Value
		}
		parts = append(parts, w.Value)
	}
	return strings.Join(parts, " ")
}
