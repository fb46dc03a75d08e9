package audit

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// guarded is a log that the test changes while a keeper reads it.
type guarded struct {
	*memory
	mu sync.Mutex
}

func (g *guarded) Head(ctx context.Context) (Head, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.memory.Head(ctx)
}

func (g *guarded) Entries(ctx context.Context, from, to int64, f func(*Stored) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.memory.Entries(ctx, from, to, f)
}

// shelf is a sink in memory.
type shelf struct {
	notes  []string
	broken atomic.Bool
}

func (s *shelf) String() string { return "the shelf" }

func (s *shelf) Publish(_ context.Context, _ *Tree, signed []byte) error {
	if s.broken.Load() {
		return errors.New("broken")
	}
	s.notes = append(s.notes, string(signed))
	return nil
}

// watched is a keeper of a log that grows, in a bubble.
type watched struct {
	*Keeper
	log    *guarded
	tree   *Tree
	shelf  *shelf
	alarms [][]Problem
	stop   func()
}

func watch(t *testing.T, entries int, change func(*KeeperOptions)) *watched {
	t.Helper()
	w := &watched{shelf: &shelf{}}
	w.log = &guarded{}
	w.log.memory, w.tree = filled(entries)
	signer, _ := key(t, "handrail.test")
	o := KeeperOptions{Log: w.log, Signer: signer, Sinks: []Sink{w.shelf},
		Alarm: func(_ context.Context, ps []Problem, _ int) { w.alarms = append(w.alarms, ps) }}
	if change != nil {
		change(&o)
	}
	w.Keeper = NewKeeper(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.stop = func() { cancel(); ok(t, <-done) }
	synctest.Wait()
	return w
}

// grow appends n entries beside the keeper.
func (w *watched) grow(n int) { w.change(func() { w.log.grow(w.tree, n) }) }

func (w *watched) change(f func()) {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	f()
}

// minute lets the keeper look once more.
func minute() { time.Sleep(time.Minute); synctest.Wait() }

func TestCheckpointsArePublishedWhenTheLogGrew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, 3, nil)
		want := func(n int, size string) {
			t.Helper()
			if len(w.shelf.notes) != n || !strings.HasPrefix(w.shelf.notes[n-1], "handrail.test\n"+size+"\n") {
				t.Fatalf("published %q", w.shelf.notes)
			}
		}
		want(1, "3")
		minute()
		want(1, "3")
		w.grow(2)
		minute()
		want(2, "5")
		w.shelf.broken.Store(true)
		w.grow(1)
		minute()
		if w.Behind() != 1 {
			t.Error("a sink that fails is not counted")
		}
		w.shelf.broken.Store(false)
		minute()
		want(3, "6")
		if w.Behind() != 0 {
			t.Error("a sink that works again is counted")
		}
		w.grow(1)
		w.stop()
		want(4, "7")
		if w.Damaged() || len(w.alarms) > 0 {
			t.Errorf("a clean log raised %v", w.alarms)
		}
	})
}

func TestADamagedLogIsNeverSigned(t *testing.T) {
	t.Parallel()
	changes := map[string]func(w *watched){
		"a new entry edited":  func(w *watched) { w.log.grow(w.tree, 2); w.log.rows[4].Body = []byte(`{}`) },
		"a new entry removed": func(w *watched) { w.log.grow(w.tree, 3); w.log.rows = append(w.log.rows[:4], w.log.rows[5:]...) },
		"the newest removed":  func(w *watched) { w.log.grow(w.tree, 2); w.log.rows = w.log.rows[:4] },
		"rolled back":         func(w *watched) { w.log.rows = w.log.rows[:2]; w.log.rebuilt() },
		"rolled back and grown": func(w *watched) {
			w.log.rows[1].Subject = "x"
			w.log.rows = append(w.log.rows, w.log.rows[0])
			w.log.rebuilt()
		},
		"no head":            func(w *watched) { w.log.gone = true },
		"another head":       func(w *watched) { w.log.edge = strings.Repeat("A", 43) + "=" },
		"all removed":        func(w *watched) { w.log.rows = nil },
		"the oldest removed": func(w *watched) { w.log.rows = w.log.rows[1:] },
		"one beyond the head": func(w *watched) {
			beyond := w.log.rows[2]
			beyond.Seq = 3
			w.log.rows = append(w.log.rows, beyond)
		},
		"a record of no place": func(w *watched) { w.log.beside = []string{"The record stands in no place of the log."} },
		"a record edited":      func(w *watched) { w.log.grow(w.tree, 1); w.log.rows[3].Problem = "Its record was changed." },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := watch(t, 3, nil)
				w.change(func() { change(w) })
				minute()
				minute()
				if !w.Damaged() || len(w.alarms) != 1 || len(w.shelf.notes) != 1 {
					t.Errorf("alarms %v, published %d", w.alarms, len(w.shelf.notes))
				}
				w.stop()
			})
		})
	}
}

func TestTheFirstLookReadsEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, 40, func(o *KeeperOptions) {
			m, _ := o.Log.(*guarded)
			for i := range 30 {
				m.rows[i].Body = []byte(`{}`)
			}
		})
		w.stop()
		if !w.Damaged() || len(w.alarms) != 1 || len(w.alarms[0]) != maxProblems || len(w.shelf.notes) > 0 {
			t.Errorf("alarms %v, published %d", w.alarms, len(w.shelf.notes))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		signer, known := key(t, "handrail.test")
		longer, _ := filled(9)
		tree, err := ReadTree(longer.size, longer.edge)
		ok(t, err)
		w := watch(t, 3, func(o *KeeperOptions) { o.Checkpoints = []Signed{signed(t, tree, signer, known)} })
		w.stop()
		if !w.Damaged() || len(w.shelf.notes) > 0 {
			t.Error("a log that is shorter than its checkpoint was signed")
		}
	})
}

func TestNothingIsPublishedWithoutAKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, 3, func(o *KeeperOptions) { o.Signer = nil })
		w.stop()
		if len(w.shelf.notes) > 0 || w.Damaged() {
			t.Errorf("published %q", w.shelf.notes)
		}
	})
}

type said struct{ channel, text string }

func (s *said) Post(_ context.Context, channel, text string) error {
	s.channel, s.text = channel, text
	return nil
}

func TestSinks(t *testing.T) {
	t.Parallel()
	signer, known := key(t, "handrail.test")
	log, tree := filled(5)
	file := File(filepath.Join(t.TempDir(), "checkpoints.txt"))
	post := &said{}
	for range 2 {
		text, err := Sign(tree, signer)
		ok(t, err)
		ok(t, file.Publish(t.Context(), tree, text))
		ok(t, Channel{Poster: post, ID: "C0AUDIT"}.Publish(t.Context(), tree, text))
		if post.channel != "C0AUDIT" || post.text != string(text) {
			t.Errorf("posted %+v", post)
		}
		log.grow(tree, 3)
	}
	content, err := os.ReadFile(string(file))
	ok(t, err)
	all, err := ReadCheckpoints(bytes.NewReader(content), "f", known)
	ok(t, err)
	if _, report := problems(t, log, all...); len(all) != 2 || report.Problems > 0 || report.Compared != 2 || report.Last.Size != 8 {
		t.Errorf("read %+v", all)
	}
}
