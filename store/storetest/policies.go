package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"handrail/audit"
	"handrail/automation"
	"handrail/policy"
	"handrail/store"
)

func recordPages(t *testing.T, s *suite) {
	const n = 1201
	s.must(t, func(tx automation.Tx) error {
		for i := range n { // five a millisecond, so that pages end within one
			r := policy.Record{ID: fmt.Sprintf("d-%06d", i), At: s.now.Add(time.Duration(i/5) * time.Millisecond), Actor: "U1"}
			if err := tx.Record(t.Context(), r); err != nil {
				return err
			}
		}
		return nil
	})
	for _, skipped := range []int{0, 5, 100, n + 4} {
		var got []string
		err := s.EachRecord(t.Context(), s.now.Add(time.Duration(skipped/5)*time.Millisecond), func(r policy.Record) error {
			got = append(got, r.ID)
			return nil
		})
		ok(t, err)
		same(t, len(got), max(0, n-skipped))
		for i, id := range got {
			if want := fmt.Sprintf("d-%06d", skipped+i); id != want {
				t.Fatalf("record %d is %s, want %s", i, id, want)
			}
		}
	}
	stop := errors.New("enough")
	if err := s.EachRecord(t.Context(), s.now, func(policy.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("it went on: %v", err)
	}
}

func policies(t *testing.T, s *suite) {
	note := audit.Entry{At: s.now, Kind: audit.Policy, Subject: "a", Body: []byte("{}")}
	enter := func(hash string, serial int64) (bool, error) {
		return s.EnterPolicy(t.Context(), store.PolicyVersion{Hash: hash, Serial: serial, Content: []byte("of " + hash)}, note)
	}
	if _, err := s.NewestPolicy(t.Context()); !errors.Is(err, automation.ErrNotFound) {
		t.Errorf("an empty store has a policy: %v", err)
	}
	for i, c := range []struct {
		hash   string
		serial int64
		first  bool
		older  bool
	}{
		{"a", 0, true, false}, {"a", 0, false, false}, {"b", 0, true, false}, {"a", 0, true, false},
		{"c", 5, true, false}, {"c", 5, false, false}, {"d", 4, false, true}, {"d", 5, false, true}, {"d", 9, true, false},
		{"c", 5, false, true}, {"c", 10, true, false}, {"d", 9, false, true}, {"d", 10, false, true}, {"e", 0, true, false}, {"d", 9, false, true},
	} {
		first, err := enter(c.hash, c.serial)
		if first != c.first || errors.Is(err, store.ErrOlderPolicy) != c.older || !c.older && err != nil {
			t.Fatalf("%d: %s with serial %d: first %v, %v", i, c.hash, c.serial, first, err)
		}
		if c.older {
			continue
		}
		v, err := s.NewestPolicy(t.Context())
		ok(t, err)
		same(t, v.Hash+string(v.Content), c.hash+"of "+c.hash)
	}
	for round := range 5 { // replicas at once: the newest is the one with the highest serial
		base := int64(20 + 10*round)
		var all sync.WaitGroup
		for i := range int64(6) {
			all.Go(func() {
				if _, err := enter(fmt.Sprint("p", base+i), base+i); err != nil && !errors.Is(err, store.ErrOlderPolicy) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		v, err := s.NewestPolicy(t.Context())
		ok(t, err)
		same(t, v.Serial, base+5)
	}
}
