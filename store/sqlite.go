package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readConns is how many readers a SQLite file has beside its writer.
const readConns = 4

// openSQLite opens one writer and a few readers on the file at path.
func (db *DB) openSQLite(ctx context.Context, path string) error {
	db.dialect = dialect{goose: goose.DialectSQLite3, countTables: "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = $1"}
	if path == "" || path == ":memory:" {
		return errors.New("sqlite: needs a file, such as sqlite:handrail.db; a database in memory would forget everything")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("finding %s: %w", path, err)
	}
	if db.ReadOnly {
		_, err = os.Stat(path) // only: a writer in this process may have it open
	} else if err = db.lock(path); err == nil {
		err = inspect(path)
	}
	if err != nil {
		return err
	}
	if db.readers, err = db.connect(path, readConns, "query_only(1)"); err != nil {
		return err
	}
	db.reads = &prepared{db: db.readers}
	if db.ReadOnly {
		db.pool = db.readers
		db.update = func(context.Context, func(*tx) error) error { return errReadOnly }
		return db.ready(ctx, path)
	}
	// One connection is the writer's, one is for migrations.
	// FULL syncs the log at each commit, so that what was acknowledged survives a power cut.
	if db.pool, err = db.connect(path, 2, "journal_mode(wal)", "synchronous(full)", "journal_size_limit(16777216)"); err != nil {
		return err
	}
	if err := db.ready(ctx, path); err != nil {
		return err
	}
	if err := db.startWriter(ctx); err != nil {
		return err
	}
	return db.freeAll(ctx)
}

// connect opens a pool whose connections are set up by pragmas.
func (db *DB) connect(path string, conns int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}}
	pragmas = append([]string{"busy_timeout(5000)"}, pragmas...)
	query["_pragma"] = append(pragmas, "foreign_keys(1)", "cell_size_check(1)", "trusted_schema(0)")
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	pool, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	db.onClose(pool.Close)
	return pool, nil
}

// ready checks the file's content and its schema.
func (db *DB) ready(ctx context.Context, path string) error {
	err := db.own(ctx)
	if err == nil && db.ReadOnly {
		_, _, err = db.Version(ctx)
	} else if err == nil {
		err = db.Migrate(ctx)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

func (db *DB) startWriter(ctx context.Context) error {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting: %w", explain(err))
	}
	w := &writer{conn: conn, session: &prepared{db: conn}, dialect: db.dialect, now: db.Now, changed: db.changes.tell,
		queue: make(chan *call, batchLimit), stop: make(chan struct{}), stopped: make(chan struct{})}
	go w.run()
	db.onClose(w.close)
	db.writer, db.update = w, w.update
	return nil
}

// explain says in words what an operator can do about err, if that is known.
func explain(err error) error {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return err
	}
	switch lite.Code() & 0xff { // the rest is an extended code
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the storage is full, free some space: %w", err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the database file is damaged, restore a backup: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk does not work: %w", err)
	}
	return err
}
