package automation

import (
	"errors"
	"testing"
	"time"

	"handrail/policy"
)

// A copied button is a no with a code of its own, whoever clicks it, and the execution waits on.
func TestAMisplacedClickIsRecorded(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		for _, action := range []policy.Action{policy.Approve, policy.Reject, policy.Cancel} {
			for _, user := range []string{"U012BEN", "U012ANA", "U012EVE"} {
				a := click(x, user)
				a.Entry, a.At = policy.ByButton, time.Now()
				if err := s.engine.Misplaced(s.ctx, a, action); err != nil {
					t.Fatal(err)
				}
				if r := s.lastRecord(x.ID); r.Code != policy.CodeButtonOther || r.Allowed || r.Action != action || r.Actor != user || r.Sentence == "" {
					t.Errorf("the record is %+v", r)
				}
			}
		}
		if y := s.row(x.ID); y.State != AwaitingApproval || y.Version != x.Version {
			t.Errorf("it is %s", y.State)
		}
		a := click(x, "U012BEN")
		a.Execution = "01999999-0000-7000-8000-000000000000"
		if err := s.engine.Misplaced(s.ctx, a, policy.Approve); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
		s.starts(0)
	})
}
