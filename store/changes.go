package store

import "sync"

// changes tells subscribers that executions changed, without saying which.
type changes struct {
	mu   sync.Mutex
	subs map[chan struct{}]struct{}
}

// Subscribe returns a channel on which a value waits after a transaction changed executions: one of
// this DB or, on PostgreSQL, of another replica. Several changes may be one value, and one value may
// be no change at all. cancel ends the subscription; the channel is never closed.
func (db *DB) Subscribe() (changed <-chan struct{}, cancel func()) {
	c, ch := &db.changes, make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subs == nil {
		c.subs = map[chan struct{}]struct{}{}
	}
	c.subs[ch] = struct{}{}
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.subs, ch)
	}
}

func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.subs {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
