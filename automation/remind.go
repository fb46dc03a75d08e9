package automation

import (
	"context"
	"fmt"
	"time"
)

// remind looks after a leased row that waits for approval: at half time the people are reminded, once, and at the end
// of the wait it ends without a start.
func (e *Engine) remind(ctx context.Context, x *Execution) {
	next, now := *x, time.Now()
	next.Attempts = 0
	switch a := x.Approval; {
	case !a.asked():
		next.State, next.EndedAt, next.Note = Denied, now, "Nobody can say what the approval would be for, so it was not started."
	case !now.Before(a.By):
		next.expire(now)
	case !a.Reminded && !now.Before(a.RemindAt):
		next.revised(func(a *Approval) { a.Reminded = true })
		next.NextAttempt = a.By
	default:
		next.NextAttempt = a.RemindAt
		if a.Reminded {
			next.NextAttempt = a.By
		}
		e.postpone(ctx, &next)
		return
	}
	err := e.save(ctx, &next)
	switch {
	case isStale(err): // somebody answered meanwhile; the next claim reads the row as it is now
		e.again(ctx, x, 0)
	case err != nil:
		e.Log.Error("waiting for approval", "execution", x.ID, "error", err)
		e.later(ctx, x)
	case !next.State.Terminal():
		e.postpone(ctx, &next)
	}
}

// expire ends the wait for approval.
func (x *Execution) expire(now time.Time) {
	x.State, x.EndedAt, x.Note = Expired, now, "Nobody answered in time, so it was not started."
	if n := x.Approval.agreed(); n > 0 {
		x.Note = fmt.Sprintf("Only %d of %d agreed in time, so it was not started.", n, x.Approval.wanted())
	}
}
