package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/audit"
	"handrail/policy"
	"handrail/store"
)

// policyNamed is a policy with one identity, so that two of them differ.
func policyNamed(name string) string {
	return "version: 1\nservice_role: arn:aws:iam::123456789012:role/HandrailAutomation\nidentities:\n  " + name + ": {slack: U012ANA}\n"
}

// channelOf is a Slack channel in memory.
type channelOf struct {
	mu   sync.Mutex
	said []string
}

func (c *channelOf) Post(_ context.Context, channel, text string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, channel+": "+text)
	return nil
}

func (c *channelOf) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.said, "\n")
}

// reloading is a reloader at work on a real folder and a real database.
type reloading struct {
	*reloader
	channel *channelOf
	log     *transcript
}

// reloads begins with ana's policy in file. How the file gets there is the caller's.
func reloads(t *testing.T, file string) *reloading {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "handrail.db")})
	if err != nil {
		t.Fatal(err)
	}
	begin, err := policySource{path: file}.read()
	if err != nil {
		t.Fatal(err)
	}
	if err := beginPolicy(t.Context(), db, begin); err != nil {
		t.Fatal(err)
	}
	log := &transcript{}
	p := &parts{db: db, gate: policy.NewGate(begin.policy), log: slog.New(slog.NewTextHandler(log, nil))}
	channel := &channelOf{}
	p.alerts = newAlerts("C012ALERTS", channel, p.log)
	r := &reloading{newReloader(&config{Policy: file}, p, begin), channel, log}
	ctx, cancel := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return p.alerts.run(ctx) })
	g.Go(func() error { return r.run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(g.Wait(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// within waits until ok, a second at most: that is the promise. The race detector and other tests get more.
func (r *reloading) within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%s: not after ten seconds\n%s", what, r.log)
		}
		time.Sleep(2 * time.Millisecond)
	}
	if took := time.Since(began); took > time.Second {
		t.Logf("%s took %s", what, took)
	}
}

func (r *reloading) names(name string) func() bool {
	return func() bool {
		_, ok := r.gate.Policy().Person(name)
		return ok
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReloadFollowsTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyNamed("ana"))
	r := reloads(t, file)

	write(t, file, policyNamed("ben"))
	r.within(t, "a write", r.names("ben"))
	r.within(t, "the alert", func() bool { return strings.Contains(r.channel.all(), "• + identity ben") })
	if !strings.Contains(r.channel.all(), "C012ALERTS: Another policy is in force") || !strings.Contains(r.channel.all(), "Replica "+r.replica) {
		t.Errorf("the alert says %s", r.channel.all())
	}

	write(t, file+".new", policyNamed("cyd"))
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	r.within(t, "a rename", r.names("cyd"))

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	r.within(t, "a removal", func() bool { return strings.Contains(r.log.String(), "keeping the policy in force") })
	if !r.names("cyd")() {
		t.Error("the policy went with its file")
	}
	write(t, file, policyNamed("dev"))
	r.within(t, "a file that came back", r.names("dev"))
	newest, err := r.db.NewestPolicy(t.Context())
	if err != nil || newest.Hash != r.gate.Policy().Hash() || string(newest.Content) != policyNamed("dev") {
		t.Errorf("%+v %v", newest, err)
	}
}

// Kubernetes mounts a config map as links: policy.yaml -> ..data/policy.yaml and ..data -> a folder, which is swapped.
func TestReloadFollowsKubernetesLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mount := func(version, name string) {
		t.Helper()
		folder := filepath.Join(dir, version)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "policy.yaml"), policyNamed(name))
		err := errors.Join(os.Symlink(version, filepath.Join(dir, "..data_tmp")), os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		if err != nil {
			t.Fatal(err)
		}
	}
	mount("..2026_11_23", "ana")
	if err := os.Symlink(filepath.Join("..data", "policy.yaml"), filepath.Join(dir, "policy.yaml")); err != nil {
		t.Fatal(err)
	}
	r := reloads(t, filepath.Join(dir, "policy.yaml"))
	mount("..2026_11_24", "ben")
	r.within(t, "a swap of links", r.names("ben"))
}

func TestReloadTellsAMistakeOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyNamed("ana"))
	r := reloads(t, file)
	const mistake = "a mistake in the policy"
	for range 5 { // the same again, as some editors write
		write(t, file, policyNamed("ana")+"grants: none\nrunbook: {}\n")
	}
	r.within(t, "the mistakes", func() bool { return strings.Contains(r.log.String(), "keeping the policy in force") })
	write(t, file, policyNamed("ana"))
	r.within(t, "the old file again", func() bool { return strings.Contains(r.log.String(), "the policy is the one in force") })
	if n := strings.Count(r.log.String(), mistake); n != 2 {
		t.Errorf("two mistakes were logged %d times\n%s", n, r.log)
	}
	if n := strings.Count(r.log.String(), "policy changed"); n != 0 || strings.Contains(r.channel.all(), "Another policy") {
		t.Errorf("nothing changed, and yet:\n%s\n%s", r.log, r.channel.all())
	}
}

func TestWhatCannotBeRecordedIsNotInForce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, file, policyNamed("ana"))
	r := reloads(t, file)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, file, policyNamed("ben"))
	r.within(t, "the failure", func() bool { return strings.Contains(r.log.String(), "the new one cannot be recorded") })
	if !r.names("ana")() {
		t.Error("a policy that nobody recorded is in force")
	}
}

func TestStartRecordsAnotherPolicy(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "handrail.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	for _, name := range []string{"ana", "ana", "ben"} {
		write(t, file, policyNamed(name))
		f, err := policySource{path: file}.read()
		if err != nil {
			t.Fatal(err)
		}
		if err := beginPolicy(t.Context(), db, f); err != nil {
			t.Fatal(err)
		}
		if newest, err := db.NewestPolicy(t.Context()); err != nil || newest.Hash != f.policy.Hash() {
			t.Errorf("%+v %v", newest, err)
		}
	}
}

// A difference of any size fits into an entry of the log.
func TestNotesAreBounded(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 20_000 {
		lines = append(lines, fmt.Sprint(i, strings.Repeat("<&>", 130)))
	}
	body, err := noteOf(policyNote{From: "a", To: "b", Changes: lines})
	if err != nil || len(body) > audit.MaxBody {
		t.Fatal(len(body), err)
	}
	var n policyNote
	if err := json.Unmarshal(body, &n); err != nil || !strings.HasPrefix(n.Changes[len(n.Changes)-1], "… and ") || len(n.Changes) < 100 {
		t.Errorf("%d lines, %v", len(n.Changes), err)
	}
	small, err := noteOf(policyNote{Changes: []string{"one"}})
	if err != nil || !bytes.Contains(small, []byte(`"changes":["one"]`)) {
		t.Errorf("%s %v", small, err)
	}
}
