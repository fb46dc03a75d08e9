package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"handrail/automation"
)

// childVariable makes the test binary a process that stores executions until it is killed.
const childVariable = "HANDRAIL_STORE_CHILD"

// child prints the ID of each execution once it is durable.
func child(url string) {
	ctx := context.Background()
	db, err := Open(ctx, Options{URL: url})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for range 8 {
		go func() {
			for {
				e, r := submission()
				err := db.Update(ctx, func(t automation.Tx) error {
					if err := t.Record(ctx, r); err != nil {
						return err
					}
					return t.Insert(ctx, e)
				})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				_, _ = os.Stdout.WriteString(e.ID + "\n")
			}
		}()
	}
	select {}
}

// startChild runs a child and returns the IDs it says are stored, until it ends.
func startChild(t *testing.T, url string) (*exec.Cmd, <-chan string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	ids := make(chan string)
	go func() {
		defer close(ids)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			ids <- lines.Text()
		}
	}()
	return cmd, ids
}

func TestKilledProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "handrail.db")
	url := "sqlite:" + path
	var acked []string
	for round := range 3 {
		cmd, ids := startChild(t, url)
		for id := range ids {
			acked = append(acked, id)
			if len(acked) >= 200*(round+1) {
				break
			}
		}
		if _, err := Open(t.Context(), Options{URL: url}); err == nil {
			t.Fatal("opened a file that another process has open")
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for id := range ids { // what it had said before it died
			acked = append(acked, id)
		}
		_ = cmd.Wait() // it was killed
	}
	db, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, id := range acked {
		if len(id) != 36 {
			continue // the last line, cut short by the kill
		}
		e, err := db.Execution(t.Context(), id)
		if err != nil {
			t.Fatalf("%s was acknowledged, then: %v", id, err)
		}
		if e.LeaseOwner != "" {
			t.Fatalf("%s is still leased to the killed process", id)
		}
		if _, err := db.Record(t.Context(), e.Decision); err != nil {
			t.Fatalf("the record of %s: %v", id, err)
		}
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	now := time.Now()
	es, err := db.Claim(t.Context(), automation.Claim{Owner: "next", Now: now, Until: now.Add(time.Minute), Limit: 10_000})
	if err != nil || len(es) < len(acked)-3 {
		t.Errorf("claimed %d of %d: %v", len(es), len(acked), err)
	}
}

func TestSecondProcess(t *testing.T) {
	t.Parallel()
	db := open(t)
	path := db.URL[len("sqlite:"):]
	_, err := Open(t.Context(), Options{URL: db.URL})
	says(t, err, "in use by another process", fmt.Sprint(os.Getpid()))
	reader, err := Open(t.Context(), Options{URL: db.URL, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := submit(t.Context(), db.Update); err != nil {
		t.Fatal(err)
	}
	es, err := reader.Executions(t.Context(), automation.Query{})
	if err != nil || len(es) != 1 {
		t.Errorf("the reader of %s sees %d: %v", path, len(es), err)
	}
	says(t, submit(t.Context(), reader.Update), "reading only")
	if _, err := reader.readers.ExecContext(t.Context(), "DELETE FROM executions"); err == nil {
		t.Error("a reader deleted")
	}
}

// TestFullDisk limits the file's size, which SQLite reports as it does a full disk.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	db := open(t)
	limit := func(pages int) {
		t.Helper()
		err := db.update(t.Context(), func(t *tx) error {
			rows, err := t.query(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil)
			if err != nil {
				return err
			}
			return rows.Close()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(60)
	var mu sync.Mutex
	var wg sync.WaitGroup
	stored, refused := map[string]bool{}, 0
	for range 4 {
		wg.Go(func() {
			for range 50 {
				e, _ := submission()
				err := db.Update(t.Context(), func(x automation.Tx) error { return x.Insert(t.Context(), e) })
				mu.Lock()
				if err == nil {
					stored[e.ID] = true
				} else {
					says(t, err, "storage is full")
					refused++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if refused == 0 || len(stored) == 0 {
		t.Fatalf("stored %d, refused %d", len(stored), refused)
	}
	es, err := db.Executions(t.Context(), automation.Query{Limit: 1000})
	if err != nil || len(es) != len(stored) {
		t.Errorf("%d of %d are there: %v", len(es), len(stored), err)
	}
	for _, e := range es {
		if !stored[e.ID] {
			t.Errorf("%s was refused and is there", e.ID)
		}
	}
	limit(100_000)
	if err := submit(t.Context(), db.Update); err != nil {
		t.Errorf("after there is space again: %v", err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
