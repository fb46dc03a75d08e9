package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// batchLimit is the most calls that share a commit, so that the first of them does not wait for long.
const batchLimit = 128

var errClosed = errors.New("the store is closed")

// call is one Update that waits for its turn.
type call struct {
	ctx   context.Context
	f     func(*tx) error
	taken atomic.Bool // by the writer, or by its caller who has given up
	done  chan error  // holds one
}

// writer is the one connection that changes a SQLite file. It runs what waits in one transaction, each
// call in a savepoint of its own, and syncs the disk once for all of them. It never waits for more.
type writer struct {
	conn    *sql.Conn
	session *prepared
	dialect dialect
	now     func() time.Time
	changed func()
	queue   chan *call
	stop    chan struct{}
	stopped chan struct{}
}

// update has the writer run f. If ctx ends before f's turn, f does not run.
func (w *writer) update(ctx context.Context, f func(*tx) error) error {
	c := &call{ctx: ctx, f: f, done: make(chan error, 1)}
	select {
	case w.queue <- c:
	case <-ctx.Done():
		return fmt.Errorf("waiting for the store: %w", ctx.Err())
	case <-w.stopped:
		return errClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		if c.taken.CompareAndSwap(false, true) {
			return fmt.Errorf("waiting for the store: %w", ctx.Err())
		}
	case <-w.stopped:
	}
	select { // the writer has it, and answers or has ended
	case err := <-c.done:
		return err
	case <-w.stopped:
	}
	select {
	case err := <-c.done:
		return err
	default:
		return errClosed
	}
}

// run serves calls until stop is closed. It also ends, and refuses what waits, if a call ends its
// goroutine (as t.FailNow does).
func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case <-w.stop:
			return
		case c := <-w.queue:
			w.commit(c)
		}
	}
}

// result is what became of a call within the transaction.
type result struct {
	call *call
	tx   *tx
	err  error
}

// commit runs the call, and whatever else waits by the time it has run, in one transaction, and answers
// all of them once it is durable. Mostly none of them fails, so they first run without savepoints, which
// cost a copy of each page that a call changes. If one of several fails, all run again, each in a savepoint.
func (w *writer) commit(first *call) {
	results := w.take(nil, first)
	results, err := w.try(results, w.bare, true)
	if errors.Is(err, errApart) && len(results) > 1 {
		results, err = w.try(results, w.savepoint, false)
	}
	changed := false
	for _, r := range results {
		if r.err == nil && err != nil {
			r.err = fmt.Errorf("committing: %w", err)
		}
		changed = changed || r.tx.changed
		r.call.done <- r.err
	}
	if changed {
		w.changed()
	}
}

// take adds a call to the batch unless its caller has given up.
func (w *writer) take(batch []*result, c *call) []*result {
	if !c.taken.CompareAndSwap(false, true) {
		return batch
	}
	return append(batch, &result{call: c})
}

// fill adds what waits now.
func (w *writer) fill(batch []*result) []*result {
	for len(batch) < batchLimit {
		select {
		case c := <-w.queue:
			batch = w.take(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// errApart says that a call failed that only the end of the transaction can undo.
var errApart = errors.New("a call must be undone")

// try runs the batch by way of run and commits. With more it also runs what comes meanwhile, and returns
// the batch with that. After an error nothing of what they did is left.
func (w *writer) try(batch []*result, run func(*result) error, more bool) ([]*result, error) {
	ctx := context.Background()
	_, err := w.session.exec(ctx, "BEGIN IMMEDIATE", nil)
	for i := 0; i < len(batch); i++ {
		r := batch[i]
		r.err, r.tx = nil, &tx{session: uncancelled{w.session}, dialect: w.dialect, now: w.now}
		if err != nil {
			continue
		}
		if err = run(r); err == nil && more && i == len(batch)-1 {
			batch = w.fill(batch)
		}
	}
	if err == nil {
		_, err = w.session.exec(ctx, "COMMIT", nil)
	}
	if err != nil { // SQLite may have undone the transaction already, as it does when the disk is full
		_, _ = w.session.exec(ctx, "ROLLBACK", nil)
		for _, r := range batch {
			r.tx.forget()
		}
	}
	return batch, err
}

// bare runs a call that is hoped to succeed.
func (w *writer) bare(r *result) error {
	if r.err = r.run(); r.err != nil {
		return errApart
	}
	return nil
}

// savepoint runs a call and undoes it alone if it fails. Its error is that of the whole transaction.
func (w *writer) savepoint(r *result) error {
	ctx := context.Background()
	if _, err := w.session.exec(ctx, "SAVEPOINT call", nil); err != nil {
		return err
	}
	if r.err = r.run(); r.err != nil {
		r.tx.forget()
		if _, err := w.session.exec(ctx, "ROLLBACK TO call", nil); err != nil {
			return r.err // it took the transaction away
		}
	}
	_, err := w.session.exec(ctx, "RELEASE call", nil)
	return err
}

func (r *result) run() error {
	if err := r.call.ctx.Err(); err != nil {
		return fmt.Errorf("waiting for the store: %w", err)
	}
	return r.tx.run(r.call.f)
}

// close lets the batch in hand finish and gives the connection back.
func (w *writer) close() error {
	close(w.stop)
	<-w.stopped
	return errors.Join(w.session.close(), w.conn.Close())
}
