package automation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"handrail/policy"
)

// CancelAsk is a verified request to stop an execution.
type CancelAsk struct {
	Key       string
	Entry     policy.Entry
	Team      string
	User      string
	Channel   string
	Execution string // ID or Ref
	Reason    string
	At        time.Time
}

// ErrUnrecorded says that a wish to stop could not be written down, and that AWS was asked to stop the automation all the
// same: a log that is out of order must not keep anything running.
var ErrUnrecorded = errors.New("it could not be recorded, and AWS was asked to stop all the same")

// Cancel decides, records and notes the wish in one transaction; AWS is asked after. Again is true if
// the execution was over or already being cancelled. It returns ErrNotFound for an unknown execution, and
// ErrUnrecorded if nothing could be recorded but today's policy allows it; then Execution is as it was.
func (e *Engine) Cancel(ctx context.Context, a CancelAsk) (Outcome, error) {
	x, err := e.find(ctx, a.Execution)
	if err != nil {
		return Outcome{}, fmt.Errorf("finding the execution: %w", err)
	}
	r := &policy.Request{Action: policy.Cancel, Entry: a.Entry, Runbook: x.Runbook, Parameters: x.Parameters,
		Requester: x.Requester, Execution: x.ID, At: a.At}
	look, enough := context.WithTimeout(ctx, lookUpWithin)
	e.place(look, r, a.Team, a.User, a.Channel)
	enough()
	var out Outcome
	for {
		err = e.Store.Update(ctx, func(tx Tx) error {
			var err error
			out, err = e.cancel(ctx, tx, a, r, x.ID)
			return err
		})
		if !isStale(err) {
			break
		}
	}
	if errors.Is(err, ErrDuplicate) {
		return e.decided(ctx, a.Key, x)
	}
	if err != nil {
		return e.stopUnrecorded(ctx, x, r, fmt.Errorf("noting the cancel: %w", err))
	}
	if out.Decision.Allowed() && !out.Again {
		e.changed(out.Execution)
		e.reload(ctx, x.ID)
		e.Wake()
	}
	return out, nil
}

// find returns an execution, from memory if the store cannot be read and this replica watches it.
func (e *Engine) find(ctx context.Context, id string) (*Execution, error) {
	x, err := e.Store.Execution(ctx, id)
	if err == nil || errors.Is(err, ErrNotFound) {
		return x, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.watched {
		if w.x.ID == id || w.x.Ref == id {
			known := *w.x
			return &known, nil
		}
	}
	return nil, err
}

// stopUnrecorded is what becomes of a cancel that cannot be written down: stopping is the one thing that needs no record.
func (e *Engine) stopUnrecorded(ctx context.Context, x *Execution, r *policy.Request, cause error) (Outcome, error) {
	d := policy.Decide(e.Gate.Policy(), r)
	if !d.Allowed() || x.AWSID == "" || x.State.Terminal() {
		return Outcome{}, cause
	}
	late, done := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer done()
	err := e.AWS.Stop(late, x.Region, x.AWSID)
	e.Log.Error("stopping an automation without a record of who wanted it", "execution", x.ID, "aws_execution", x.AWSID,
		"user", r.Actor.ID, "error", errors.Join(cause, err))
	if err != nil && kindOf(err) != Ended {
		return Outcome{}, errors.Join(cause, err)
	}
	return Outcome{Decision: d, Execution: x}, fmt.Errorf("%w: %w", ErrUnrecorded, cause)
}

func (e *Engine) cancel(ctx context.Context, tx Tx, a CancelAsk, r *policy.Request, id string) (Outcome, error) {
	x, err := tx.Execution(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	d, err := e.Gate.Check(ctx, tx, a.Key, id, r)
	if err != nil || !d.Allowed() {
		return Outcome{Decision: d}, err
	}
	if x.State.Terminal() || x.CancelBy != "" {
		return Outcome{Decision: d, Execution: x, Again: true}, nil
	}
	x.CancelBy, x.CancelReason, x.CancelAt = a.User, a.Reason, time.Now()
	x.Parked, x.Attempts, x.NextAttempt = "", 0, x.CancelAt // a wish to stop is worth another try
	if x.State == Queued || x.State == AwaitingApproval {   // not sent: whoever is about to send it finds the row changed
		x.State, x.EndedAt, x.Note = Cancelled, x.CancelAt, "Cancelled before it was sent to AWS."
	}
	return Outcome{Decision: d, Execution: x}, put(ctx, tx, x)
}

// stopAll asks AWS to stop what people cancelled. It has its own pace, so that a hundred stops at one
// a second do not blind the watcher.
func (e *Engine) stopAll(ctx context.Context) {
	e.whileBusy(ctx, e.Poll/4, func() {
		for _, x := range e.unwanted() {
			if ctx.Err() == nil {
				e.guard(ctx, x, func() { e.stop(ctx, x) })
			}
		}
	})
}

func (e *Engine) unwanted() []*Execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	var xs []*Execution
	for _, w := range e.watched {
		if !w.stopAt.IsZero() && !now.Before(w.stopAt) {
			xs = append(xs, w.x)
		}
	}
	return xs
}

// stop asks AWS to cancel, and again later if it could not be asked. If the automation is over
// already, the next look shows how it ended.
func (e *Engine) stop(ctx context.Context, x *Execution) {
	err := e.AWS.Stop(ctx, x.Region, x.AWSID)
	again := err != nil && kindOf(err) != Ended && kindOf(err) != Missing
	if again {
		e.Log.Warn("stopping automation", "execution", x.ID, "error", err)
	}
	e.amend(x.ID, func(w *watch) {
		w.stopAt, w.next = time.Time{}, time.Now()
		if again {
			w.stops++
			w.stopAt = time.Now().Add(backoff(w.stops))
		}
	})
}
