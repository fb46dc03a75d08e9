package script

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func worker(t *testing.T, o WorkerOptions) *Worker {
	t.Helper()
	w := python(t, Options{}).Worker(o)
	t.Cleanup(w.Close)
	return w
}

func ask(t *testing.T, w *Worker, request any) string {
	t.Helper()
	got, err := w.Ask(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestWorkerAnswersManyAtOnce(t *testing.T) {
	t.Parallel()
	w := worker(t, WorkerOptions{AtOnce: 4})
	pid := ask(t, w, "pid")
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if got, err := w.Ask(t.Context(), i); err != nil || string(got) != string(must(json.Marshal(i))) {
				t.Errorf("%d: %s %v", i, got, err)
			}
		})
	}
	all.Wait()
	if again := ask(t, w, "pid"); again != pid {
		t.Errorf("process %s became %s", pid, again)
	}
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return text
}

func TestWorkerStartsAgainAfterItsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ request, want string }{
		"died":      {"die", "the worker ended: exit status 3: segmentation fault"},
		"nonsense":  {"nonsense", "reading the worker's answer: "},
		"too much":  {"much", "reading the worker's answer: bufio.Scanner: token too long"},
		"no answer": {"hang", errStuck.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := worker(t, WorkerOptions{Size: 32 << 10, Time: time.Second})
			pid := ask(t, w, "pid")
			if _, err := w.Ask(t.Context(), c.request); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if again := ask(t, w, "pid"); again == pid {
				t.Error("it is still the same process")
			}
		})
	}
}

func TestWorkerRefusals(t *testing.T) {
	t.Parallel()
	var refused *AnswerError
	w := worker(t, WorkerOptions{Size: 1000})
	if _, err := w.Ask(t.Context(), "refuse"); !errors.As(err, &refused) || refused.Text != "no" {
		t.Error(err)
	}
	if _, err := w.Ask(t.Context(), strings.Repeat("x", 1000)); err == nil || !strings.Contains(err.Error(), "more than the 1000 that are possible") {
		t.Error(err)
	}
	unable := worker(t, WorkerOptions{Source: "unable"})
	if _, err := unable.Ask(t.Context(), 1); !errors.As(err, &refused) || refused.Text != "nothing is installed" {
		t.Error(err)
	}
}

func TestWorkerCountsWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	w := worker(t, WorkerOptions{AtOnce: 1})
	ask(t, w, 1)
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	for range 2 { // the first is sent, the second finds no place
		if _, err := w.Ask(short, "hang"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	if len(w.slots) != 1 {
		t.Errorf("%d are under way", len(w.slots))
	}
}

func TestWorkerClose(t *testing.T) {
	t.Parallel()
	w := python(t, Options{}).Worker(WorkerOptions{})
	ask(t, w, 1)
	failed := make(chan error, 1)
	go func() {
		_, err := w.Ask(t.Context(), "hang")
		failed <- err
	}()
	for len(w.slots) == 0 {
		time.Sleep(time.Millisecond)
	}
	w.Close()
	w.Close()
	if err := <-failed; !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if _, err := w.Ask(t.Context(), 1); !errors.Is(err, errClosed) {
		t.Error(err)
	}
	python(t, Options{}).Worker(WorkerOptions{}).Close() // one that never started
}
