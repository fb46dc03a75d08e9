package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"handrail/automation"
	"handrail/policy"
)

// open opens a SQLite file on the disk of the test.
func open(tb testing.TB) *DB {
	tb.Helper()
	db, err := Open(tb.Context(), Options{URL: "sqlite:" + filepath.Join(tb.TempDir(), "handrail.db")})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// submission is what one accepted command stores.
func submission() (*automation.Execution, policy.Record) {
	id, now := uuid.Must(uuid.NewV7()).String(), time.Now()
	parameters := map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}
	e := &automation.Execution{
		ID: id, Ref: "r-" + id, Key: "1763910000.000100:" + id, State: automation.Queued,
		Entry: policy.ByCommand, Team: "T0001", Requester: "U012ANA", Channel: "C0OPS", Runbook: "restart-web",
		Parameters: parameters, Reason: "the site answers 502",
		SHA256: "4c1f9ed4ad3b8e6f0f5e1f0f4c1f9ed4ad3b8e6f0f5e1f0f4c1f9ed4ad3b8e6f", Region: "eu-west-1",
		Role: "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole",
		Request: automation.StartRequest{DocumentName: "AWS-RestartEC2Instance", DocumentVersion: "1", Parameters: parameters,
			ClientToken: id, Tag: "handrail:" + id},
		Decision: "d-" + id, Rule: "web-restarts", CreatedAt: now, StartBy: now.Add(10 * time.Minute), NextAttempt: now,
		LeaseOwner: "replica", LeaseUntil: now.Add(4 * time.Second),
	}
	r := policy.Record{ID: "d-" + id, At: now, Key: e.Key, Entry: e.Entry, Action: policy.Run, Actor: e.Requester, Team: e.Team,
		Channel: e.Channel, Runbook: e.Runbook, Parameters: parameters, Execution: id, Allowed: true, Rule: e.Rule,
		Sentence: "web-restarts lets you run restart-web here."}
	return e, r
}

func submit(ctx context.Context, update func(context.Context, func(automation.Tx) error) error) error {
	e, r := submission()
	return update(ctx, func(t automation.Tx) error {
		if err := t.Record(ctx, r); err != nil {
			return err
		}
		return t.Insert(ctx, e)
	})
}

// bare is the durable commit of one row and nothing else, on a connection of its own to the same file.
func bare(tb testing.TB, db *DB) func() error {
	tb.Helper()
	conn, err := db.pool.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.ExecContext(tb.Context(), "CREATE TABLE bare (id TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL)"); err != nil {
		tb.Fatal(err)
	}
	insert, err := conn.PrepareContext(tb.Context(), "INSERT INTO bare (id, at) VALUES ($1, $2)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = insert.Close() })
	return func() error {
		_, err := insert.Exec(uuid.Must(uuid.NewV7()).String(), time.Now().UnixMilli())
		return err
	}
}

// alone runs each call in a transaction of its own on the connection that bare would use.
func alone(tb testing.TB, db *DB) func(context.Context, func(automation.Tx) error) error {
	tb.Helper()
	conn, err := db.pool.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	s := &prepared{db: conn}
	tb.Cleanup(func() { _ = s.close() })
	return func(ctx context.Context, f func(automation.Tx) error) error {
		mu.Lock()
		defer mu.Unlock()
		if _, err := s.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
			return err
		}
		t := &tx{session: uncancelled{s}, dialect: db.dialect, now: db.Now}
		if err := t.run(func(t *tx) error { return f(t) }); err != nil {
			_, undo := s.exec(ctx, "ROLLBACK", nil)
			return fmt.Errorf("%w, %w", err, undo)
		}
		_, err := s.exec(ctx, "COMMIT", nil)
		return err
	}
}

// BenchmarkUpdate1 is one sender whose command is stored with its record, in turn with a bare commit.
func BenchmarkUpdate1(b *testing.B) {
	db := open(b)
	commit := bare(b, db)
	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		if err := submit(b.Context(), db.Update); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if err := commit(); err != nil {
			b.Fatal(err)
		}
		ours, theirs = ours+middle.Sub(start), theirs+time.Since(middle)
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "µs/update")
	b.ReportMetric(float64(theirs.Microseconds())/float64(b.N), "µs/bare-commit")
	b.ReportMetric(float64(ours)/float64(theirs), "x-bare")
}

// BenchmarkUpdate16 is 16 senders who share commits, and then the same with a commit for each.
func BenchmarkUpdate16(b *testing.B) {
	db := open(b)
	single := alone(b, db)
	const senders = 16
	round := func(n int, update func(context.Context, func(automation.Tx) error) error) time.Duration {
		start := time.Now()
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for range n {
					if err := submit(b.Context(), update); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	var grouped, apart, cpu time.Duration
	n := 0
	for b.Loop() {
		before := processor(b)
		grouped += round(40, db.Update)
		cpu += processor(b) - before
		apart += round(10, single)
		n++
	}
	calls := float64(n * senders * 40)
	b.ReportMetric(calls/grouped.Seconds(), "grouped/s")
	b.ReportMetric(calls/4/apart.Seconds(), "single/s")
	b.ReportMetric(4*apart.Seconds()/grouped.Seconds(), "x-single")
	b.ReportMetric(float64(cpu.Microseconds())/calls, "cpu-µs/update")
}

func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkClaimIdle is the look of an idle replica at a table of 10,000 ended executions.
func BenchmarkClaimIdle(b *testing.B) {
	db := open(b)
	fill(b, db, 10_000)
	for b.Loop() {
		now := time.Now()
		es, err := db.Claim(b.Context(), automation.Claim{Owner: "idle", Now: now, Until: now.Add(time.Second), Limit: 16})
		if err != nil || len(es) > 0 {
			b.Fatal(len(es), err)
		}
	}
}

// BenchmarkOpen opens an up-to-date file, to the first durable update.
func BenchmarkOpen(b *testing.B) {
	url := "sqlite:" + filepath.Join(b.TempDir(), "handrail.db")
	db, err := Open(b.Context(), Options{URL: url})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, db, 10_000)
	for b.Loop() {
		b.StopTimer()
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if db, err = Open(b.Context(), Options{URL: url}); err != nil {
			b.Fatal(err)
		}
		if err := submit(b.Context(), db.Update); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// fill stores n executions that have ended and were announced.
func fill(tb testing.TB, db *DB, n int) {
	tb.Helper()
	err := db.update(tb.Context(), func(t *tx) error {
		for range n {
			e, _ := submission()
			e.State, e.Announcement = automation.Succeeded, automation.Announcement{Version: 1, Card: e.ID, Channel: e.Channel}
			if err := t.Insert(tb.Context(), e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}
