package slackserver

import (
	"context"
	"sync"
)

// maxBackground bounds the deliveries that wait or run without a caller.
const maxBackground = 1_000

// life counts what runs beside requests, and ends it.
type life struct {
	mu    sync.Mutex
	ended bool
	done  chan struct{}
	slots chan struct{}
	wait  sync.WaitGroup
}

func newLife() *life {
	return &life{done: make(chan struct{}), slots: make(chan struct{}, maxBackground)}
}

// begin counts one more, which must call wait.Done; false after the end.
func (l *life) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.wait.Add(1)
	}
	return !l.ended
}

func (l *life) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.ended = true
		close(l.done)
	}
}

// background runs f beside the request that caused it, and ends it on Close.
// Above the bound it is dropped and said so.
func (s *Server) background(f func(context.Context)) {
	select {
	case s.life.slots <- struct{}{}:
	default:
		s.log.Error("too many deliveries are under way; one is dropped")
		return
	}
	if !s.life.begin() {
		<-s.life.slots
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
		cancel()
	}()
	go func() {
		defer s.life.wait.Done()
		defer func() { <-s.life.slots }()
		defer cancel()
		f(ctx)
	}()
}
