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
	session session
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
			w.commit(w.fill(c))
		}
	}
}

func (w *writer) fill(first *call) []*call {
	batch := []*call{first}
	for len(batch) < batchLimit {
		select {
		case c := <-w.queue:
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// result is what became of a call within the transaction.
type result struct {
	call *call
	tx   *tx
	err  error
}

// commit runs the calls in one transaction and answers them once it is durable.
func (w *writer) commit(batch []*call) {
	ctx := context.Background()
	_, err := w.session.exec(ctx, "BEGIN IMMEDIATE", nil)
	results := make([]result, 0, len(batch))
	for _, c := range batch {
		if !c.taken.CompareAndSwap(false, true) {
			continue
		}
		r := result{call: c, tx: &tx{session: uncancelled{w.session}, dialect: w.dialect, now: w.now}}
		if err == nil {
			r.err, err = w.savepoint(ctx, r.tx, c)
		}
		results = append(results, r)
	}
	if err == nil {
		_, err = w.session.exec(ctx, "COMMIT", nil)
	}
	if err != nil { // SQLite may have undone the transaction already
		_, _ = w.session.exec(ctx, "ROLLBACK", nil)
		err = fmt.Errorf("committing: %w", err)
	}
	w.answer(results, err)
}

// savepoint runs c and undoes it if it failed. lost says that the whole transaction is gone, as after
// a full disk.
func (w *writer) savepoint(ctx context.Context, t *tx, c *call) (err, lost error) {
	if err := c.ctx.Err(); err != nil {
		return fmt.Errorf("waiting for the store: %w", err), nil
	}
	if _, lost = w.session.exec(ctx, "SAVEPOINT call", nil); lost != nil {
		return nil, lost
	}
	if err = t.run(c.f); err != nil {
		if _, lost = w.session.exec(ctx, "ROLLBACK TO call", nil); lost != nil {
			return err, err // what took the transaction away is the better reason
		}
	}
	_, lost = w.session.exec(ctx, "RELEASE call", nil)
	return err, lost
}

func (w *writer) answer(results []result, err error) {
	changed := false
	for _, r := range results {
		if r.err == nil {
			r.err = err
		}
		if r.err != nil {
			r.tx.forget()
		}
		changed = changed || r.tx.changed
		r.call.done <- r.err
	}
	if changed {
		w.changed()
	}
}

// close lets the batch in hand finish and gives the connection back.
func (w *writer) close() error {
	close(w.stop)
	<-w.stopped
	return w.conn.Close()
}
