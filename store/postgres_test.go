package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
	"handrail/store"
	"handrail/store/storetest"
)

// execute runs a statement beside the store.
func execute(t *testing.T, url, statement string) {
	t.Helper()
	executeOn(t, "pgx", url, statement)
}

func executeOn(t *testing.T, driver, source, statement string) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func insert(ctx context.Context, db *store.DB, id string) error {
	e := &automation.Execution{ID: id, Ref: id, Key: id, State: automation.Queued}
	return db.Update(ctx, func(tx automation.Tx) error { return tx.Insert(ctx, e) })
}

func TestReplicasHearEachOther(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	speaker := open(t, url)
	name := "listener_" + t.Name()
	listener := open(t, url+"&application_name="+name)
	changed, cancel := listener.Subscribe()
	defer cancel()
	n := 0 // executions stored
	hear := func() {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			n++
			if err := insert(t.Context(), speaker, fmt.Sprint("e", n)); err != nil {
				t.Fatal(err)
			}
			select {
			case <-changed:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
		t.Fatal("the other replica was not told")
	}
	for range 5 { // connecting itself tells once
		hear()
	}
	execute(t, url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+name+"'")
	for range 5 {
		hear()
	}
	for n := 0; ; n++ { // its other connections were ended too
		_, err := listener.Executions(t.Context(), automation.Query{})
		if err == nil {
			break
		}
		if n > 20 {
			t.Fatal(err)
		}
	}
}

func TestReplicasMigrateOnce(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			db, err := store.Open(t.Context(), store.Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPostgresRefusals(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	refuse := func(url, part string) {
		t.Helper()
		db, err := store.Open(t.Context(), store.Options{URL: url})
		if err == nil {
			t.Errorf("opened it (%v)", db.Close())
		} else if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	refuse(url+"&synchronous_commit=off", "synchronous_commit is off")
	if err := insert(t.Context(), open(t, url), "e"); err != nil {
		t.Fatal(err)
	}
	reader, err := store.Open(t.Context(), store.Options{URL: url, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.Execution(t.Context(), "e"); err != nil {
		t.Error(err)
	}
	if err := insert(t.Context(), reader, "f"); err == nil {
		t.Error("a reader stored something")
	}
	execute(t, url, "UPDATE handrail_migrations SET version_id = 99 WHERE version_id > 0")
	refuse(url, "schema version 99")
}

// TestStuckReplica stops in the middle of a transaction while another replica claims.
func TestStuckReplica(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	stuck, other := open(t, url), open(t, url)
	for _, id := range []string{"a", "b"} {
		if err := insert(t.Context(), stuck, id); err != nil {
			t.Fatal(err)
		}
	}
	err := stuck.Update(t.Context(), func(tx automation.Tx) error {
		if _, err := tx.Execution(t.Context(), "a"); err != nil {
			return err
		}
		now := time.Now()
		es, err := other.Claim(t.Context(), automation.Claim{Owner: "other", Now: now, Until: now.Add(time.Minute), Limit: 9})
		if err != nil || len(es) != 1 || es[0].ID != "b" {
			t.Errorf("claimed %v beside a locked row: %v", es, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// slowCommit makes each commit with a record take half a second.
const slowCommit = `CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
	CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON records DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION linger()`

func TestACallerInAHurryDoesNotCutACommit(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	db := open(t, url)
	execute(t, url, slowCommit)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := db.Update(ctx, func(tx automation.Tx) error {
		err := tx.Record(ctx, policy.Record{ID: "d-1"})
		time.AfterFunc(200*time.Millisecond, cancel)
		return err
	})
	if err != nil || ctx.Err() == nil {
		t.Errorf("the commit ended with %v, the caller with %v", err, ctx.Err())
	}
	if _, err := db.Record(t.Context(), "d-1"); err != nil {
		t.Error(err)
	}
}

func TestNothingIsCommittedForACallerWhoHasGone(t *testing.T) {
	t.Parallel()
	db := open(t, storetest.Postgres(t))
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx automation.Tx) error {
		err := tx.Record(ctx, policy.Record{ID: "d-1"})
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the transaction ended with %v", err)
	}
	if _, err := db.Record(t.Context(), "d-1"); !errors.Is(err, automation.ErrNotFound) {
		t.Errorf("the record: %v", err)
	}
}
