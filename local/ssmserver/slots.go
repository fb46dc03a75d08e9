package ssmserver

import (
	"context"
	"slices"
	"sync"
)

// The quotas of docs.aws.amazon.com/general/latest/gr/ssm.html, "Service quotas for Automation".
const (
	maxRunning     = 100
	maxQueued      = 5_000
	maxBlocked     = 400 // more, in aws:approve, aws:pause and aws:sleep
	maxRated       = 25
	maxRatedQueued = 1_000
)

// slots are the places of the executions that run at once. Nil means that there is no quota.
//
// Nobody waits in a slot for somebody who needs one, or parents would keep their children out for ever: an execution
// whose step waits for a child gives its slot up meanwhile and gets the next free one after that; the parents of many
// targets have slots of their own, and one slot is enough for such a parent and every parent below it.
type slots struct {
	runs, blocked, rated *pool
}

func newSlots() *slots {
	return &slots{runs: &pool{free: maxRunning, queue: maxQueued}, blocked: &pool{free: maxBlocked}, rated: &pool{free: maxRated, queue: maxRatedQueued}}
}

// pool is a number of places and who waits for them.
type pool struct {
	queue int // how many may wait

	mu      sync.Mutex
	free    int
	again   []*slot // who had a place before and goes first
	waiting []*slot
}

// slot is an execution's place, or its turn to get one. Nil is an execution that needs none.
type slot struct {
	pool    *pool
	blocked *pool
	// granted is closed when the slot is held; it is replaced when the slot is asked for again.
	granted chan struct{}
	holds   bool
}

// enter gives e a slot or a place in the queue. Executions in other accounts and Regions have quotas of their own, which
// are not counted.
func (s *slots) enter(e *execution, elsewhere bool) error {
	if s == nil || elsewhere {
		return nil
	}
	p := s.runs
	if e.drive != nil {
		p = s.rated
		if e.rated {
			return nil
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A child is part of an execution that was accepted.
	if p.free == 0 && len(p.waiting) >= p.queue && e.parentID == "" {
		return refuse(codeLimitExceeded, "The number of simultaneously running Automation executions exceeded the allowable limit.")
	}
	e.slot = &slot{pool: p, blocked: s.blocked}
	p.ask(e.slot, &p.waiting)
	return nil
}

// ask grants a place or queues. The pool is locked.
func (p *pool) ask(t *slot, queue *[]*slot) {
	t.granted = make(chan struct{})
	if p.free > 0 {
		p.free--
		t.holds = true
		close(t.granted)
		return
	}
	*queue = append(*queue, t)
}

// leave gives up the slot, or the turn to get one.
func (t *slot) leave() {
	if t == nil {
		return
	}
	p := t.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if !t.holds {
		same := func(other *slot) bool { return other == t }
		p.again, p.waiting = slices.DeleteFunc(p.again, same), slices.DeleteFunc(p.waiting, same)
		return
	}
	t.holds = false
	p.free++
	for _, queue := range []*[]*slot{&p.again, &p.waiting} {
		if len(*queue) > 0 {
			next := (*queue)[0]
			*queue = slices.Delete(*queue, 0, 1)
			p.free--
			next.holds = true
			close(next.granted)
			return
		}
	}
}

func (t *slot) held() bool {
	if t == nil {
		return true
	}
	t.pool.mu.Lock()
	defer t.pool.mu.Unlock()
	return t.holds
}

// wait waits for the slot and answers false if ctx ends first.
func (t *slot) wait(ctx context.Context) bool {
	if t == nil {
		return true
	}
	select {
	case <-t.granted:
		return true
	case <-ctx.Done():
		if t.held() {
			return true
		}
		t.leave()
		return false
	}
}

// idle says how a step spends its time.
type idle uint8

const (
	// busy steps keep their execution's slot.
	busy idle = iota
	// blocking steps do nothing: there is more room for them.
	blocking
	// parental steps wait for a child, which has a slot.
	parental
)

// rest gives the slot up for a step that waits, if it may. What it answers takes it back, before all who never had one.
// An execution that ends meanwhile does without.
func (t *slot) rest(kind idle) (back func(context.Context)) {
	if t == nil || kind == busy || kind == blocking && !t.blocked.take() {
		return func(context.Context) {}
	}
	t.leave()
	return func(ctx context.Context) {
		if kind == blocking {
			t.blocked.give()
		}
		t.pool.mu.Lock()
		t.pool.ask(t, &t.pool.again)
		t.pool.mu.Unlock()
		t.wait(ctx)
	}
}

func (p *pool) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == 0 {
		return false
	}
	p.free--
	return true
}

func (p *pool) give() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
}
