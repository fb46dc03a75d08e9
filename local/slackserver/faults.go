package slackserver

import (
	"context"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// fault is one misbehaviour to inject, as POST /control/faults takes it.
type fault struct {
	Match      string `json:"match"`                 // a Web API method or a pattern such as chat.*
	Times      int    `json:"times,omitempty"`       // how often; 0 means once, negative means always
	Error      string `json:"error,omitempty"`       // answered instead of doing the work
	Status     int    `json:"status,omitempty"`      // HTTP status instead of 200
	RetryAfter int    `json:"retry_after,omitempty"` // seconds
	DelayMS    int    `json:"delay_ms,omitempty"`    // wait before anything else
	DropReply  bool   `json:"drop_reply,omitempty"`  // do the work, then cut the connection
}

const maxFaults = 1_000

type faults struct {
	mu   sync.Mutex
	list []fault
}

// add keeps f for later calls; it refuses what cannot match or make sense.
func (s *faults) add(f fault) error {
	if _, err := path.Match(f.Match, ""); f.Match == "" || err != nil {
		return badArgument("match", "must be a method name or a pattern such as chat.*")
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return badArgument("status", "must be an HTTP status from 200 to 599")
	}
	if f.DelayMS < 0 || f.RetryAfter < 0 {
		return badArgument("delay_ms", "must not be negative")
	}
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) >= maxFaults {
		return badArgument("match", "too many faults are waiting")
	}
	s.list = append(s.list, f)
	return nil
}

// take returns the first fault for the method and counts it, or nil.
func (s *faults) take(method string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.list {
		f := s.list[i]
		if ok, err := path.Match(f.Match, method); err != nil || !ok {
			continue
		}
		if f.Times == 1 {
			s.list = slices.Delete(s.list, i, i+1)
		} else if f.Times > 1 {
			s.list[i].Times--
		}
		return &f
	}
	return nil
}

func (s *faults) waiting() []fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]fault{}, s.list...)
}

func (s *faults) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = nil
}

// instead says whether the fault answers in place of the method.
func (f *fault) instead() bool { return f.Error != "" || f.Status >= 300 }

func (f *fault) answer() answer {
	if f.Error == "ratelimited" || f.Error == "rate_limited" || f.Status == http.StatusTooManyRequests {
		status := f.Status
		if status == 0 {
			status = http.StatusTooManyRequests
		}
		code := f.Error
		if code == "" {
			code = "ratelimited"
		}
		return answer{status: status, retryAfter: max(1, f.RetryAfter), body: failure(code)}
	}
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	if f.Error == "" {
		return answer{status: status, retryAfter: f.RetryAfter, text: http.StatusText(status) + "\n"}
	}
	return answer{status: status, retryAfter: f.RetryAfter, body: failure(f.Error)}
}

// waitFault holds the call for the fault's delay, or until the caller or the
// server goes away.
func (s *Server) waitFault(ctx context.Context, f *fault) {
	if f.DelayMS == 0 {
		return
	}
	timer := time.NewTimer(time.Duration(f.DelayMS) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-s.done:
	}
}
