package automation

import (
	"context"
	"fmt"

	"handrail/policy"
)

// Misplaced records that somebody used a button or sent a form that is not the own one of the execution that it names, such
// as a copy in another channel. The record says no, and nothing else happens. It returns ErrNotFound for an unknown execution.
func (e *Engine) Misplaced(ctx context.Context, a ApproveAsk, action policy.Action) error {
	x, err := e.Store.Execution(ctx, a.Execution)
	if err != nil {
		return fmt.Errorf("finding the execution: %w", err)
	}
	r := &policy.Request{Action: action, Entry: a.Entry, Runbook: x.Runbook, Requester: x.Requester, Execution: x.ID, At: a.At, Misplaced: true}
	look, enough := context.WithTimeout(ctx, lookUpWithin)
	defer enough()
	e.place(look, r, a.Team, a.User, a.Channel)
	err = e.Store.Update(ctx, func(tx Tx) error {
		_, err := e.Gate.Check(ctx, tx, "", x.ID, r)
		return err
	})
	if err != nil {
		return fmt.Errorf("recording a misplaced click: %w", err)
	}
	return nil
}
