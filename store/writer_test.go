package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"handrail/automation"
)

// held blocks the writer until the returned function is called, so that calls gather behind it.
func held(t *testing.T, db *DB) (release func()) {
	t.Helper()
	started, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		once := sync.OnceFunc(func() { close(started) })
		done <- db.update(context.Background(), func(*tx) error { once(); <-goOn; return nil })
	}()
	<-started
	return func() {
		close(goOn)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// gather has n calls wait behind the writer, then lets them run together.
func gather(t *testing.T, db *DB, n int, call func(i int) error) []error {
	t.Helper()
	release := held(t, db)
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = call(i) })
	}
	for len(db.writer.queue) < n {
		runtime.Gosched()
	}
	release()
	wg.Wait()
	return errs
}

func TestOneCommitForAll(t *testing.T) {
	t.Parallel()
	db := open(t)
	var mu sync.Mutex
	runs := 0
	errs := gather(t, db, 20, func(i int) error {
		e, _ := submission()
		return db.update(t.Context(), func(x *tx) error {
			mu.Lock()
			runs++
			mu.Unlock()
			if err := x.Insert(t.Context(), e); err != nil {
				return err
			}
			return x.seen(t, runs)
		})
	})
	if err := errors.Join(errs...); err != nil || runs != 20 {
		t.Errorf("%d runs for 20 calls: %v", runs, err)
	}
}

// seen checks that the transaction sees the rows of the calls before it, which are not committed yet.
func (t *tx) seen(tb testing.TB, n int) error {
	rows, err := t.query(tb.Context(), "SELECT id FROM executions", nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	got := 0
	for rows.Next() {
		got++
	}
	if got != n {
		tb.Errorf("call %d sees %d rows", n, got)
	}
	return rows.Err()
}

func TestOneFailureInABatch(t *testing.T) {
	t.Parallel()
	db := open(t)
	broken := errors.New("broken")
	es := make([]*automation.Execution, 20)
	errs := gather(t, db, len(es), func(i int) error {
		e, _ := submission()
		e.Version, es[i] = 0, e
		return db.Update(t.Context(), func(x automation.Tx) error {
			if err := x.Insert(t.Context(), e); err != nil {
				return err
			}
			if i == 7 {
				return broken
			}
			return nil
		})
	})
	for i, err := range errs {
		_, found := db.Execution(t.Context(), es[i].ID)
		switch {
		case i == 7 && (!errors.Is(err, broken) || !errors.Is(found, automation.ErrNotFound) || es[i].Version != 0):
			t.Errorf("the failing call: %v, then %v, version %d", err, found, es[i].Version)
		case i != 7 && (err != nil || found != nil || es[i].Version != 1):
			t.Errorf("call %d: %v, then %v, version %d", i, err, found, es[i].Version)
		}
	}
}

func TestContextEndsBeforeItsTurn(t *testing.T) {
	t.Parallel()
	db := open(t)
	release := held(t, db)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ran := false
	go func() { done <- db.update(ctx, func(*tx) error { ran = true; return nil }) }()
	for len(db.writer.queue) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) { // while the writer is still busy
		t.Error(err)
	}
	release()
	if err := submit(t.Context(), db.Update); err != nil || ran {
		t.Errorf("ran: %v, then %v", ran, err)
	}
}

func TestSwallowedErrorUndoes(t *testing.T) {
	t.Parallel()
	db := open(t)
	e, r := submission()
	err := db.Update(t.Context(), func(x automation.Tx) error {
		if err := x.Record(t.Context(), r); err != nil {
			return err
		}
		again := r
		again.Key = "another"
		_ = x.Record(t.Context(), again) // the same ID twice
		_ = x.Insert(t.Context(), e)
		return nil
	})
	if err == nil {
		t.Error("a transaction went on after a statement had failed")
	}
	if _, err := db.Record(t.Context(), r.ID); !errors.Is(err, automation.ErrNotFound) {
		t.Errorf("its record: %v", err)
	}
}

func TestCallThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	db := open(t)
	for range 2 {
		if err := db.update(t.Context(), func(*tx) error { runtime.Goexit(); return nil }); !errors.Is(err, errClosed) {
			t.Error(err)
		}
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "handrail.db")
	db, err := Open(t.Context(), Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				if err := submit(t.Context(), db.Update); err != nil {
					if !errors.Is(err, errClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log was not folded into the file: %v", err)
	}
}
