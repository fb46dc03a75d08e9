// Package store is what Handrail remembers: executions with their leases, what Slack was told of
// them, and the records of decisions. It keeps that in SQLite (one process) or PostgreSQL (any number
// of replicas) with the same SQL, and is the only package that knows SQL. It must not know Slack, AWS
// or what a state means beyond being an end.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

	"handrail/automation"
)

// Options of a DB.
type Options struct {
	// URL is sqlite:<file> or a postgres:// URL. A relative file is below the working directory.
	URL string
	// ReadOnly refuses every change, takes no lock and migrates nothing, so that a SQLite file can be
	// read while another process serves from it.
	ReadOnly bool
	Now      func() time.Time // nil means time.Now; leases are compared with it
	Log      *slog.Logger     // nil discards
}

// DB is an open database. Its methods are safe for concurrent use.
type DB struct {
	Options
	dialect
	reads   session // outside of transactions
	pool    *sql.DB // where migrations run
	readers *sql.DB // the same as pool on PostgreSQL
	update  func(ctx context.Context, f func(*tx) error) error
	changes changes
	told    func() // passes a change on to subscribers and other replicas; PostgreSQL only
	stolen  atomic.Int64
	writer  *writer        // SQLite only
	close   []func() error // last first
	once    sync.Once
}

var _ automation.Store = (*DB)(nil)

// dialect is all in which the two databases differ for the statements of this package. SQLite has one
// writer at a time, so its rows need no locks.
type dialect struct {
	goose       goose.Dialect
	forUpdate   string // keeps a row that was read in a transaction from being claimed before it is saved
	skipLocked  string // lets concurrent claims pass each other by
	countTables string // counts the tables with one name
}

var errReadOnly = errors.New("the store is open for reading only")

// Open opens the database, brings its schema up to date and is ready for work. On SQLite it frees the
// leases that a killed process left, and refuses a file that another process has open, a damaged file
// and a file of another program. Either database is refused if a newer program has changed its schema.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{Options: o}
	open := db.openPostgres
	scheme, rest, _ := strings.Cut(o.URL, ":")
	switch scheme {
	case "sqlite":
		open = func(ctx context.Context) error { return db.openSQLite(ctx, rest) }
	case "postgres", "postgresql":
	default: // the URL may hold a password, so it is not shown
		return nil, errors.New("opening the store: its URL must begin with sqlite: or postgres://, such as sqlite:handrail.db")
	}
	if err := open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store: %w", err), db.Close())
	}
	return db, nil
}

// Close ends the work in hand, gives the file or the connections back and returns the first error.
// Calls that wait for their turn are refused.
func (db *DB) Close() error {
	var errs []error
	db.once.Do(func() {
		for i := len(db.close) - 1; i >= 0; i-- {
			errs = append(errs, db.close[i]())
		}
	})
	return errors.Join(errs...)
}

func (db *DB) onClose(f func() error) { db.close = append(db.close, f) }

// Update runs f in a transaction and returns once that is durable. If f returns an error or panics,
// what f did is undone and Update returns that error; the executions that f saved get their versions
// back. On SQLite waiting calls share one commit, so f must be quick and must not call the DB. On
// PostgreSQL f runs again after a serialization failure or a deadlock, and an error from the commit
// itself leaves open whether it happened: read the row by its key.
func (db *DB) Update(ctx context.Context, f func(automation.Tx) error) error {
	return db.update(ctx, func(t *tx) error { return f(t) })
}
