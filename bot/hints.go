package bot

import (
	"maps"
	"time"

	"handrail/automation"
)

// hint is what this process has heard of an execution since the last look.
type hint struct {
	version int64
	born    bool // it was accepted by this process
	ended   bool
}

// wake notes that e has changed, or with nil that something has, and never blocks.
func (a *announcer) wake(e *automation.Execution) {
	a.mu.Lock()
	if e == nil {
		a.hinted[""] = hint{}
	} else {
		a.hinted[e.ID] = a.hinted[e.ID].and(hint{version: e.Version, born: e.Version == 1, ended: e.State.Terminal()})
		if e.Version == 1 && young(e) {
			birth := *e
			a.births[e.ID] = &birth
		}
	}
	a.mu.Unlock()
	select {
	case a.signal <- struct{}{}:
	default:
	}
}

// youth is how long a first card shows what was accepted, even if the execution has gone on meanwhile.
const youth = 2 * time.Second

func young(e *automation.Execution) bool { return time.Since(e.CreatedAt) <= youth }

// birth is the execution as it was accepted, nil if that was elsewhere or is over.
func (a *announcer) birth(id string) *automation.Execution {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.births[id]; e != nil && young(e) {
		return e
	}
	return nil
}

func (h hint) and(n hint) hint {
	return hint{version: max(h.version, n.version), born: h.born || n.born, ended: h.ended || n.ended}
}

// take reads the hints and says whether one of them needs a claim, and whether one says that an
// execution in hand has ended.
func (a *announcer) take() (claim, urgent bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, h := range a.hinted {
		if c, ok := a.hand[id]; ok {
			c.hint = c.hint.and(h)
			urgent = urgent || h.ended || c.resting()
		} else {
			claim = true
		}
		if h.born {
			a.fresh[id] = time.Now()
		}
	}
	clear(a.hinted)
	if time.Since(a.pruned) > youth {
		a.pruned = time.Now()
		maps.DeleteFunc(a.births, func(_ string, e *automation.Execution) bool { return !young(e) })
	}
	forgetOld(a.fresh, time.Hour)
	forgetOld(a.updated, a.interval)
	return claim, urgent
}

// forgetOld drops old times once there are many.
func forgetOld(times map[string]time.Time, age time.Duration) {
	if len(times) < 1_000 {
		return
	}
	for id, at := range times {
		if time.Since(at) > age {
			delete(times, id)
		}
	}
}
