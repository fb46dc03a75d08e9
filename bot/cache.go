package bot

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	cacheAge  = 60 * time.Second // the Directory's promise
	cacheSize = 10_000
	askWithin = 5 * time.Second
)

// cache keeps answers of Slack for a minute and asks once for all who want the same. Failures are
// not kept.
type cache[T any] struct {
	mu      sync.Mutex
	entries map[string]*entry[T]
}

type entry[T any] struct {
	done  chan struct{} // closed when value and err are set
	until time.Time     // set before done is closed
	value T
	err   error
}

func newCache[T any]() *cache[T] { return &cache[T]{entries: map[string]*entry[T]{}} }

// get returns the answer for key, from load if it is not there. One caller's impatience does not
// end the question that others wait for.
func (c *cache[T]) get(ctx context.Context, key string, load func(context.Context) (T, error)) (T, error) {
	e := c.entry(ctx, key, load)
	select {
	case <-e.done:
		return e.value, e.err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("waiting for slack: %w", ctx.Err())
	}
}

func (c *cache[T]) entry(ctx context.Context, key string, load func(context.Context) (T, error)) *entry[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[key]; ok && !e.old(time.Now()) {
		return e
	}
	c.makeRoom()
	e := &entry[T]{done: make(chan struct{})}
	c.entries[key] = e
	go c.fill(context.WithoutCancel(ctx), key, e, load)
	return e
}

func (c *cache[T]) fill(ctx context.Context, key string, e *entry[T], load func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	began := time.Now() // an answer is as old as its question
	value, err := load(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	e.value, e.err, e.until = value, err, began.Add(cacheAge)
	if err != nil && c.entries[key] == e {
		delete(c.entries, key)
	}
	close(e.done)
}

// old says whether an answered entry has passed its age. The caller holds mu.
func (e *entry[T]) old(now time.Time) bool { return !e.until.IsZero() && !now.Before(e.until) }

// forget drops the answer for key. A question that is on its way is not kept either.
func (c *cache[T]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// makeRoom drops old entries once there are too many, and others if that was not enough.
// The caller holds mu.
func (c *cache[T]) makeRoom() {
	if len(c.entries) < cacheSize {
		return
	}
	now := time.Now()
	for key, e := range c.entries {
		if e.old(now) || len(c.entries) >= cacheSize {
			delete(c.entries, key)
		}
	}
}

// forgetIf drops the answers whose key satisfies f.
func (c *cache[T]) forgetIf(f func(key string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.entries {
		if f(key) {
			delete(c.entries, key)
		}
	}
}
