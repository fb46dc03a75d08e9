package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"handrail/policy"
	"handrail/store"
)

// reloader keeps the policy in force as the file is. A file that is wrong, or that cannot be recorded, changes nothing.
type reloader struct {
	source  policySource
	gate    *policy.Gate
	db      *store.DB
	alerts  *alerts
	replica string
	log     *slog.Logger

	serial int64  // of the policy in force
	seen   digest // of the files that are in force, or are wrong for good
	bad    digest // of the files that were wrong at the last look
	told   digest // of the files whose trouble was told
}

type digest [sha256.Size]byte

// newReloader returns one for the policy that p begins with.
func newReloader(c *config, p *parts, begin policyFile) *reloader {
	return &reloader{source: c.policySource(), gate: p.gate, db: p.db, alerts: p.alerts,
		replica: replicaName(), log: p.log, serial: begin.serial, seen: digestOf(begin.content, begin.signed, nil)}
}

const (
	settles    = 50 * time.Millisecond  // files that are still being written rarely rest for as long
	secondLook = 500 * time.Millisecond // a wrong file may be half of one, or a policy whose signature comes next
	patrol     = time.Minute            // not every file system tells of changes
)

// run reloads until ctx ends. It watches the file's folder, because a file that is replaced by renaming, and Kubernetes'
// links, are seen only there.
func (r *reloader) run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	events, failures, done := r.watch()
	defer done()
	soon := time.NewTimer(0) // the file may have changed since it was read
	defer soon.Stop()
	often := time.NewTicker(patrol)
	defer often.Stop()
	for {
		again := false
		select {
		case <-ctx.Done():
			return nil
		case e := <-events:
			if r.concerns(e.Name) {
				soon.Reset(settles)
			}
			continue
		case err := <-failures:
			r.log.Warn("watching the policy", "error", err)
			continue
		case <-hup:
			r.seen, r.bad, r.told = digest{}, digest{}, digest{}
			if again = r.look(ctx); again { // who asks wants to hear now
				again = r.look(ctx)
			}
		case <-often.C:
			again = r.look(ctx)
		case <-soon.C:
			again = r.look(ctx)
		}
		if again {
			soon.Reset(secondLook)
		}
	}
}

// watch returns channels that stay silent if the folder cannot be watched.
func (r *reloader) watch() (<-chan fsnotify.Event, <-chan error, func()) {
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(filepath.Dir(r.source.path)); err == nil {
			return w.Events, w.Errors, func() { _ = w.Close() } // it was only read from
		}
		err = errors.Join(err, w.Close())
	}
	r.log.Warn("watching the policy", "error", err, "hint", "a changed policy is found within a minute, or at SIGHUP")
	return nil, nil, func() {}
}

// concerns says whether a change of this file can change the policy. The database may be in the same folder.
func (r *reloader) concerns(name string) bool {
	policyFile := filepath.Base(r.source.path)
	return slices.Contains([]string{policyFile, policyFile + policy.SignatureSuffix, "..data"}, filepath.Base(name))
}

// look reads the file and puts it in force if it is another one and right. It says whether to look once more before the
// file is called wrong.
func (r *reloader) look(ctx context.Context) (again bool) {
	content, signed, err := r.source.bytes()
	sum := digestOf(content, signed, err)
	if sum == r.seen {
		return false
	}
	var next policyFile
	if err == nil {
		next, err = r.source.check(content, signed)
	}
	if err == nil {
		err = r.enter(ctx, next)
	}
	switch {
	case err == nil:
		r.seen, r.bad = sum, digest{}
	case ctx.Err() != nil:
	case sum != r.bad:
		r.bad = sum
		return true
	case refusal(err):
		r.seen = sum
		r.refuse(err)
	case sum != r.told: // the store; the next patrol may have more luck
		r.told = sum
		r.log.Error("keeping the policy in force: the new one cannot be recorded", "error", err, "replica", r.replica)
		r.alerts.tell("The new policy cannot be recorded, so the one in force stays.", "See the log.")
	}
	return false
}

func digestOf(content, signed []byte, err error) digest {
	return sha256.Sum256(fmt.Appendf(nil, "%v\x00%d\x00%s%s", err, len(content), content, signed))
}

// refusal says whether the file itself is the trouble.
func refusal(err error) bool {
	var bad usageError
	return errors.As(err, &bad) || errors.Is(err, store.ErrOlderPolicy)
}

// refuse tells what is wrong with a file, each mistake by itself.
func (r *reloader) refuse(err error) {
	var lines []string
	var all policy.Errors
	if errors.As(err, &all) {
		for _, e := range all {
			lines = append(lines, e.Error())
		}
	} else {
		lines = []string{err.Error()}
	}
	for _, line := range lines {
		r.log.Error("a mistake in the policy", "error", line)
	}
	r.log.Error("keeping the policy in force: the new one is wrong", "count", len(lines), "policy", r.gate.Policy().Hash(), "replica", r.replica)
	r.alerts.tell(fmt.Sprintf("The new policy is wrong, so the one in force stays (sha256 %.12s). %s:", r.gate.Policy().Hash(),
		count(len(lines), "mistake", "mistakes")), lines...)
}

// enter records the policy and then puts it in force.
func (r *reloader) enter(ctx context.Context, next policyFile) error {
	now := r.gate.Policy()
	if now.Hash() == next.policy.Hash() && next.serial == r.serial {
		r.log.Info("the policy is the one in force", "policy", now.Hash())
		return nil
	}
	changes := changeLines(now.Diff(next.policy))
	first, err := recordPolicy(ctx, r.db, r.replica, now.Hash(), next, changes)
	if err != nil {
		return err
	}
	r.gate.Swap(next.policy)
	r.serial = next.serial
	r.log.Info("policy changed", "from", now.Hash(), "to", next.policy.Hash(), "count", len(changes), "replica", r.replica)
	if first {
		r.alerts.tell(fmt.Sprintf("Another policy is in force (sha256 %.12s, was %.12s).", next.policy.Hash(), now.Hash()), changes...)
	}
	return nil
}
