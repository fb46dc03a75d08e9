package automation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"handrail/policy"
)

var errUnheard = errors.New("slack does not say who they are")

// vouched says whether the records have those who agreed to a step, and as many of them as today's policy wants: the row
// alone tells nothing, because somebody may have written in it. A no needs nobody to vouch for it.
func (e *Engine) vouched(ctx context.Context, x *Execution, s StepAnswer) (bool, error) {
	if s.Signal == SignalReject {
		return true, nil
	}
	requester, people := e.person(ctx, x.Team, x.Requester), map[string]policy.Actor{}
	e.lookUpVoters(ctx, people, s.Votes)
	if requester.Standing == policy.StandingUnknown || unknown(people) != "" {
		return false, &Fault{Kind: Throttled, Operation: opSignal, Err: errUnheard}
	}
	var agreed []policy.Record
	brief, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	err := e.Store.Update(brief, func(tx Tx) (err error) {
		agreed, err = tx.Agreed(brief, x.ID)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("reading who agreed: %w", err)
	}
	r := policy.Request{Action: policy.Approve, Entry: x.Entry, Channel: policy.Channel{ID: x.Channel, Known: true}, Runbook: x.Runbook,
		Requester: x.Requester, Execution: x.ID, At: time.Now(), Step: s.Step, Subject: &policy.Request{Actor: requester}}
	return e.enough(&r, stepVoters(&s, agreed, people)), nil
}
