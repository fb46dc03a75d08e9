package script

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// WorkerOptions say what a worker runs.
type WorkerOptions struct {
	// Source is a Python program that reads a request as one line of JSON from its standard input, {"id":7,"request":…},
	// and writes the answer to its standard output, {"id":7,"answer":…} or {"id":7,"error":"…"}, in any order. An error with
	// the ID 0 says why it cannot work at all. The variable packages holds the folder of the user's own packages, or "".
	Source string
	// Env is the environment as KEY=value.
	Env []string
	// AtOnce is how many requests are under way at the same time; others wait. 0 means 16.
	AtOnce int
	// Time is how long one request may take before the program counts as stuck and is ended; 0 means a minute.
	Time time.Duration
	// Size is how many bytes a request or an answer may have as JSON; 0 means 8 MB.
	Size int
}

// Worker is a program that answers requests until Close. It is started by the first request, and by the next one after
// its end.
type Worker struct {
	python  *Python
	options WorkerOptions
	slots   chan struct{}

	// starting is held while a process is looked for, so that a request that waits for it can give up.
	starting chan struct{}
	mu       sync.Mutex
	now      *process // nil before the first request
	closed   bool
}

// Worker gives a worker that runs with the same interpreter.
func (p *Python) Worker(o WorkerOptions) *Worker {
	o.AtOnce = cmp.Or(o.AtOnce, 16)
	o.Time = cmp.Or(o.Time, time.Minute)
	o.Size = cmp.Or(o.Size, 8<<20)
	return &Worker{python: p, options: o, slots: make(chan struct{}, o.AtOnce), starting: make(chan struct{}, 1)}
}

// AnswerError is a refusal that the program itself wrote.
type AnswerError struct{ Text string }

// Error is the text.
func (e *AnswerError) Error() string { return e.Text }

var errClosed = errors.New("the worker is closed")

// Ask sends one request and waits for its answer. The error is an *AnswerError, the cause of ctx's end, or says how the
// program ended. A request that nobody waits for any more counts as under way until it is answered.
func (w *Worker) Ask(ctx context.Context, request any) (json.RawMessage, error) {
	text, err := json.Marshal(request)
	switch {
	case err != nil:
		return nil, fmt.Errorf("writing a request: %w", err)
	case len(text) > w.options.Size:
		return nil, fmt.Errorf("the request has %d bytes, more than the %d that are possible", len(text), w.options.Size)
	}
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	p, err := w.process(ctx)
	if err != nil {
		<-w.slots
		return nil, err
	}
	answers := p.send(text, func() { <-w.slots })
	select {
	case got := <-answers:
		return got.text, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// process gives the one that runs, or starts one.
func (w *Worker) process(ctx context.Context) (*process, error) {
	select {
	case w.starting <- struct{}{}:
		defer func() { <-w.starting }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if p := w.running(); p != nil {
		return p, nil
	}
	python, err := w.python.interpreter(ctx)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errClosed
	}
	w.now, err = startProcess(python, w.options)
	return w.now, err
}

func (w *Worker) running() *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == nil || w.now.ended() {
		return nil
	}
	return w.now
}

// Close ends the program and waits for it. Requests under way fail.
func (w *Worker) Close() {
	w.mu.Lock()
	w.closed = true
	p := w.now
	w.mu.Unlock()
	if p != nil {
		p.kill(errClosed)
		<-p.done
	}
}
