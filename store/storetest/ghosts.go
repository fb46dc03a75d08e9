package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"handrail/audit"
	"handrail/automation"
)

func ghosts(t *testing.T, s *suite) {
	ctx := t.Context()
	turn := func(now, unless time.Duration) (time.Time, bool) {
		until, taken, err := s.Turn(ctx, "eu-west-1", s.now.Add(now), s.now.Add(unless))
		ok(t, err)
		return until, taken
	}
	if until, taken := turn(0, -time.Minute); !taken || !until.IsZero() {
		t.Errorf("the first turn: %v, %v", until, taken)
	}
	if _, taken := turn(time.Second, -time.Minute); taken {
		t.Error("two took a turn within a minute")
	}
	if _, taken, err := s.Turn(ctx, "us-east-1", s.now, s.now.Add(-time.Minute)); err != nil || !taken {
		t.Errorf("another Region has no turn of its own: %v", err)
	}
	ok(t, s.Looked(ctx, "eu-west-1", s.now.Add(time.Minute)))
	ok(t, s.Looked(ctx, "eu-west-1", s.now)) // never back
	if until, taken := turn(time.Minute, 0); !taken || !until.Equal(s.now.Add(time.Minute)) {
		t.Errorf("the next turn: %v, %v", until, taken)
	}

	ours := s.insert(t, 1, func(x *automation.Execution) { x.AWSID = "ours" })[0]
	s.insert(t, 1) // one without an automation must not make "" known
	entry := audit.Entry{At: s.now, Kind: audit.Alarm, Subject: "ghost", Body: []byte("{}")}
	var firsts atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			first, err := s.Sighted(ctx, "ghost", entry)
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	same(t, firsts.Load(), int64(1))
	asked := []string{"", "ghost", ours.AWSID, "nobody's"}
	for i := range 1200 {
		asked = append(asked, fmt.Sprintf("other-%d", i))
	}
	known, err := s.Known(ctx, asked)
	ok(t, err)
	same(t, known, map[string]bool{"ghost": true, "ours": true})

	entry.Body = nil // which the log refuses
	if _, err := s.Sighted(ctx, "unwritten", entry); err == nil {
		t.Error("a ghost without its entry was remembered")
	}
	known, err = s.Known(ctx, []string{"unwritten"})
	ok(t, err)
	same(t, known, map[string]bool{})
}
