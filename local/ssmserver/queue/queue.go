package queue

import (
	"container/list"
	"context"
	"crypto/md5"
	"encoding/hex"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	maxMessages = 10_000
	maxBytes    = 8 << 20
)

// message is one body on its way. It is guarded by its queue's mu.
type message struct {
	id, body string
	sent     time.Time
	// visible is from when on it can be received.
	visible time.Time
	// receipt is the newest receipt, "" before the first one; receipts before it are worth nothing.
	receipt  string
	received int
	first    time.Time
}

func (m *message) md5() string { return md5Hex(m.body) }

// md5Hex is what SQS answers for a body, so that clients see whether it arrived whole.
func md5Hex(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// store is one queue.
type store struct {
	name string

	mu         sync.Mutex
	attributes attributes
	modified   time.Time
	created    time.Time
	purged     time.Time
	messages   *list.List // of *message, oldest first
	byID       map[string]*list.Element
	bytes      int
	dropped    int
	// changed is closed, and replaced, when something may have become visible sooner than it seemed.
	changed chan struct{}
}

func newStore(name string, a attributes) *store {
	now := time.Now()
	return &store{name: name, attributes: a, created: now, modified: now, messages: list.New(), byID: map[string]*list.Element{}, changed: make(chan struct{})}
}

// put adds a message that can be received after delay, and says how many were dropped in all if it pushed out others.
func (q *store) put(body string, delay time.Duration) (m message, dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	now := time.Now()
	added := &message{id: uuid.NewString(), body: body, sent: now, visible: now.Add(delay)}
	q.byID[added.id] = q.messages.PushBack(added)
	q.bytes += len(body)
	for q.messages.Len() > maxMessages || q.bytes > maxBytes {
		q.remove(q.messages.Front())
		q.dropped++
		dropped = q.dropped
	}
	q.wake()
	return *added, dropped
}

// remove needs the lock, like everything below it that says nothing else.
func (q *store) remove(e *list.Element) {
	m := q.messages.Remove(e).(*message)
	q.bytes -= len(m.body)
	delete(q.byID, m.id)
}

func (q *store) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// expire forgets what is older than the retention period.
func (q *store) expire() {
	limit := time.Now().Add(-q.attributes.retention)
	for e := q.messages.Front(); e != nil && e.Value.(*message).sent.Before(limit); e = q.messages.Front() {
		q.remove(e)
	}
}

// choice is how many more messages than asked for are looked at, so that they come in no strict order.
const choice = 5

// take gives up to n visible messages and hides them for a while. Without any it says when to look again, which is zero
// if nothing is hidden.
func (q *store) take(n int, hide time.Duration) (out []message, next time.Time, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	now := time.Now()
	var visible []*message
	for e := q.messages.Front(); e != nil && len(visible) < n+choice; e = e.Next() {
		m := e.Value.(*message)
		switch {
		case !m.visible.After(now):
			visible = append(visible, m)
		case next.IsZero() || m.visible.Before(next):
			next = m.visible
		}
	}
	rand.Shuffle(len(visible), func(i, j int) { visible[i], visible[j] = visible[j], visible[i] })
	for _, m := range visible[:min(n, len(visible))] {
		m.visible, m.receipt, m.received = now.Add(hide), newReceipt(m.id), m.received+1
		if m.first.IsZero() {
			m.first = now
		}
		out = append(out, *m)
	}
	return out, next, q.changed
}

// receive waits up to wait for messages. It gives none when ctx ends or closed is closed.
func (q *store) receive(ctx context.Context, closed <-chan struct{}, n int, hide, wait time.Duration) []message {
	deadline := time.Now().Add(wait)
	for {
		out, next, changed := q.take(n, hide)
		left := time.Until(deadline)
		if len(out) > 0 || left <= 0 {
			return out
		}
		if !next.IsZero() {
			left = min(left, max(time.Until(next), 0))
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-closed:
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// delete removes the message of a receipt. A receipt that is not the newest one, or whose message is gone, does nothing.
func (q *store) delete(receipt string) *Error {
	id, ok := receiptID(receipt)
	if !ok {
		return badReceipt(receipt)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if e := q.byID[id]; e != nil && e.Value.(*message).receipt == receipt {
		q.remove(e)
	}
	return nil
}

// hide makes a received message visible after d from now.
func (q *store) hide(receipt string, d time.Duration) *Error {
	id, ok := receiptID(receipt)
	if !ok {
		return badReceipt(receipt)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.byID[id]
	if e == nil || e.Value.(*message).receipt != receipt {
		return refuse(codeInvalid, "Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", receipt)
	}
	m := e.Value.(*message)
	if !m.visible.After(time.Now()) {
		return refuse(codeNotInflight, "The message referred to isn't in flight.")
	}
	m.visible = time.Now().Add(d)
	q.wake()
	return nil
}

// purgeInterval: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html.
const purgeInterval = time.Minute

func (q *store) purge() *Error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.purged.IsZero() && time.Since(q.purged) < purgeInterval {
		return refuse(codePurging, "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.purged = time.Now()
	q.messages.Init()
	clear(q.byID)
	q.bytes = 0
	return nil
}

// counts gives how many messages can be received, are received and not deleted, and are delayed.
func (q *store) counts() (visible, hidden, delayed int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	now := time.Now()
	for e := q.messages.Front(); e != nil; e = e.Next() {
		switch m := e.Value.(*message); {
		case !m.visible.After(now):
			visible++
		case m.received > 0:
			hidden++
		default:
			delayed++
		}
	}
	return visible, hidden, delayed
}
