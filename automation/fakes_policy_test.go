package automation

import (
	"context"
	"slices"
	"strings"
	"time"

	"handrail/audit"
	"handrail/policy"
)

func (t *memoryTx) Note(_ context.Context, e audit.Entry) error {
	t.notes = append(t.notes, e)
	return t.m.unlogged
}

func (t *memoryTx) Usage(_ context.Context, rule string, since time.Time) (policy.Usage, error) {
	var u policy.Usage
	for _, x := range t.m.rows {
		if x.Rule != rule {
			continue
		}
		if !x.State.Terminal() {
			u.Open++
		}
		if !x.CreatedAt.Before(since) {
			u.Recent++
		}
	}
	return u, nil
}

func (t *memoryTx) Locks(_ context.Context, runbook string, now time.Time) ([]policy.Lock, error) {
	return t.m.active(now, runbook), nil
}

func (t *memoryTx) Lock(_ context.Context, l policy.Lock) error {
	t.locks = append(t.locks, l)
	return nil
}

func (t *memoryTx) Unlock(_ context.Context, id, by string, now time.Time) (policy.Lock, error) {
	for _, l := range t.m.active(now, "") {
		if l.ID == id {
			ended := l
			ended.Until, ended.EndedBy = now, by
			t.locks = append(t.locks, ended)
			return l, nil
		}
	}
	return policy.Lock{}, ErrNotFound
}

func (t *memoryTx) Agreed(_ context.Context, execution string) ([]policy.Record, error) {
	var agreed []policy.Record
	for _, records := range [][]policy.Record{t.m.records, t.records} {
		for i := range records {
			if r := &records[i]; r.Execution == execution && r.Action == policy.Approve && r.Allowed {
				agreed = append(agreed, *r)
			}
		}
	}
	return agreed, nil
}

func (m *memory) ActiveLocks(_ context.Context, now time.Time) ([]policy.Lock, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.active(now, ""), nil
}

func (m *memory) active(now time.Time, runbook string) []policy.Lock {
	var found []policy.Lock
	for _, l := range m.locks {
		if l.Until.After(now) && (runbook == "" || l.Runbook == runbook) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b policy.Lock) int { return strings.Compare(a.ID, b.ID) })
	return found
}
