package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// poolSize is how many connections a replica uses for statements; listening takes one more.
const poolSize = 10

// idleLimit ends a transaction of a replica that was stopped in its middle, so that its row locks go.
const idleLimit = "10s"

func (db *DB) openPostgres(ctx context.Context) error {
	db.dialect = dialect{goose: goose.DialectPostgres, forUpdate: " FOR UPDATE", skipLocked: " FOR UPDATE SKIP LOCKED",
		countTables: "SELECT COUNT(*) FROM pg_tables WHERE schemaname = ANY(current_schemas(false)) AND tablename = $1"}
	config, err := pgx.ParseConfig(db.URL)
	if err != nil {
		return fmt.Errorf("reading the URL: %w", err) // pgx leaves the password out
	}
	if _, set := config.RuntimeParams["idle_in_transaction_session_timeout"]; !set {
		config.RuntimeParams["idle_in_transaction_session_timeout"] = idleLimit
	}
	// The connection that listens notices within half a minute that the server's machine has gone.
	alive := net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}
	config.DialFunc = (&net.Dialer{KeepAliveConfig: alive}).DialContext
	db.pool = stdlib.OpenDB(*config)
	db.pool.SetMaxOpenConns(poolSize)
	db.pool.SetMaxIdleConns(poolSize)
	db.onClose(db.pool.Close)
	db.readers, db.reads, db.update = db.pool, plain{db.pool}, db.transact
	if err := db.durable(ctx); err != nil {
		return err
	}
	if db.ReadOnly {
		db.update = func(context.Context, func(*tx) error) error { return errReadOnly }
		_, _, err := db.Version(ctx)
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	db.listen(config)
	return nil
}

// durable refuses a server that acknowledges what it has not written.
func (db *DB) durable(ctx context.Context) error {
	var mode string
	if err := db.pool.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&mode); err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	if mode == "off" {
		return errors.New("synchronous_commit is off, so a crash of PostgreSQL would lose what was acknowledged: set it to on")
	}
	return nil
}

// tries is how often a transaction runs that PostgreSQL ends in favour of another.
const tries = 8

// transact runs f in a transaction of its own.
func (db *DB) transact(ctx context.Context, f func(*tx) error) error {
	for n := 1; ; n++ {
		err := db.try(ctx, f)
		if !yielded(err) || n == tries {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(time.Duration(n) * 10 * time.Millisecond)):
		}
	}
}

// commitWithin bounds a commit and an undoing. They have time of their own: a caller in a hurry could otherwise cut a
// commit in its middle, and nobody would know whether it happened.
const commitWithin = 5 * time.Second

func (db *DB) try(ctx context.Context, f func(*tx) error) error {
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	hurry := context.AfterFunc(ctx, cancel) // until it has begun
	begun, err := db.pool.BeginTx(whole, nil)
	hurry()
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", cmp.Or(ctx.Err(), err))
	}
	t := &tx{session: plain{begun}, dialect: db.dialect, now: db.Now}
	done := false
	defer func() {
		if !done { // f ended its goroutine
			_ = begun.Rollback()
		}
	}()
	if err = t.run(f); err == nil {
		err = ctx.Err()
	}
	done = true
	defer time.AfterFunc(commitWithin, cancel).Stop()
	if err != nil {
		t.forget()
		if undo := begun.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			return errors.Join(err, undo)
		}
		return err
	}
	if err := begun.Commit(); err != nil {
		t.forget()
		return fmt.Errorf("committing (look whether it happened): %w", err)
	}
	if t.changed {
		db.told()
	}
	return nil
}

// yielded reports a serialization failure or a deadlock: nothing happened, and another try may work.
func yielded(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") // postgresql.org/docs/current/errcodes-appendix.html
}
