package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// channelName is what replicas listen on. The payload is the sender, who needs no telling.
const channelName = "handrail_executions"

// reconnect is how long listening pauses after an error; meanwhile replicas find work by looking.
const reconnect = time.Second

// listen passes changes between replicas until Close. Telling others happens after the commit and
// for many changes at once: a NOTIFY within the transaction would have all commits wait for each other.
func (db *DB) listen(config *pgx.ConnConfig) {
	ctx, cancel := context.WithCancel(context.Background())
	self := uuid.NewString()
	pending := make(chan struct{}, 1)
	db.told = func() {
		db.changes.tell()
		select {
		case pending <- struct{}{}:
		default:
		}
	}
	told, heard := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		db.notifyAll(ctx, pending, self)
	}()
	go func() {
		defer close(heard)
		db.hearAll(ctx, config, self)
	}()
	db.onClose(func() error {
		cancel()
		<-told
		<-heard
		return nil
	})
}

func (db *DB) notifyAll(ctx context.Context, pending <-chan struct{}, self string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-pending:
		}
		if _, err := db.pool.ExecContext(ctx, "SELECT pg_notify($1, $2)", channelName, self); err != nil && ctx.Err() == nil {
			db.Log.Warn("telling other replicas", "error", err)
		}
	}
}

func (db *DB) hearAll(ctx context.Context, config *pgx.ConnConfig, self string) {
	for ctx.Err() == nil {
		err := db.hear(ctx, config, self)
		if ctx.Err() != nil {
			return
		}
		db.Log.Warn("listening to other replicas", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(reconnect):
		}
	}
}

// hear listens on a connection of its own until that breaks.
func (db *DB) hear(ctx context.Context, config *pgx.ConnConfig, self string) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), reconnect)
		defer cancel()
		err = errors.Join(err, conn.Close(closing))
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channelName); err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	db.changes.tell() // something may have happened before
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("waiting for news: %w", err)
		}
		if n.Payload != self {
			db.changes.tell()
		}
	}
}
