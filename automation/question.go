package automation

import (
	"context"
	"fmt"
	"time"

	"handrail/policy"
)

// lookUpWithin leaves time to record a no and to answer, of the three seconds that Slack waits.
const lookUpWithin = 1500 * time.Millisecond

// question gathers what the policy must know while a person waits.
func (e *Engine) question(ctx context.Context, a Ask) *policy.Request {
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
	defer cancel()
	return e.request(ctx, a, e.Catalogue.Look)
}

// request gathers what the policy must know. What cannot be learned stays at its zero value, which is a no.
func (e *Engine) request(ctx context.Context, a Ask, look func(context.Context, *policy.Runbook) *policy.Document) *policy.Request {
	r := &policy.Request{Action: policy.Run, Entry: a.Entry, Runbook: a.Runbook, Parameters: a.Parameters, At: a.At,
		Reason: a.Reason, BreakGlass: a.BreakGlass, Incident: a.Incident}
	if a.OneTime {
		r.Action = policy.Ask
	}
	e.place(ctx, r, a.Team, a.User, a.Channel)
	if r.Incident == nil && e.Incident != nil {
		r.Incident = e.Incident(ctx, a.Channel)
	}
	rb := e.runbook(a.Runbook)
	if rb == nil {
		return r
	}
	r.Region = e.Catalogue.Region(rb)
	if !policy.Decide(e.Gate.Policy(), r).Hidden() { // who may not know of a runbook could tell it by the time that AWS takes
		r.Document = look(ctx, rb)
	}
	return r
}

// asked is the request that became x, with what is true today.
func (e *Engine) asked(ctx context.Context, x *Execution, look func(context.Context, *policy.Runbook) *policy.Document) *policy.Request {
	r := e.request(ctx, Ask{Entry: x.Entry, Team: x.Team, User: x.Requester, Channel: x.Channel, Runbook: x.Runbook,
		Parameters: x.Parameters, Reason: x.Reason, OneTime: x.Action == policy.Ask, BreakGlass: x.BreakGlass, At: time.Now()}, look)
	r.Execution = x.ID
	if x.Approval.asked() {
		r.ApproveBy = x.Approval.By
	}
	return r
}

// runbook is what today's policy says of a runbook, nil if nothing.
func (e *Engine) runbook(name string) *policy.Runbook {
	p := e.Gate.Policy()
	if p == nil {
		return nil
	}
	rb, _ := p.Runbook(name)
	return rb
}

// place fills in the person and the channel.
func (e *Engine) place(ctx context.Context, r *policy.Request, team, user, channel string) {
	var err error
	r.Actor = e.person(ctx, team, user)
	if r.Channel, err = e.Directory.Channel(ctx, channel); err != nil {
		e.Log.Warn("looking up a channel", "channel", channel, "error", err)
		r.Channel = policy.Channel{ID: channel}
	}
}

// person looks somebody up. Of whom nothing can be learned, nothing is known but the ID.
func (e *Engine) person(ctx context.Context, team, user string) policy.Actor {
	a, err := e.Directory.Actor(ctx, team, user)
	if err != nil {
		e.Log.Warn("looking up a person", "user", user, "error", err)
		return policy.Actor{ID: user, Team: team}
	}
	return a
}

// circumstances fills in what the store knows: locks, and what grants with limits were used for. own is the execution
// that the request is about, nil if there is none yet: it does not count against itself.
func (e *Engine) circumstances(ctx context.Context, tx Tx, r *policy.Request, own *Execution) error {
	if e.runbook(r.Runbook) == nil {
		return nil
	}
	var err error
	if r.Locks, err = tx.Locks(ctx, r.Runbook, r.At); err != nil {
		return fmt.Errorf("reading locks: %w", err)
	}
	r.Usage = map[string]policy.Usage{}
	since := r.At.Add(-time.Hour)
	for _, rule := range e.Gate.Policy().Limited(r.Runbook) {
		u, err := tx.Usage(ctx, rule, since)
		if err != nil {
			return fmt.Errorf("counting what %s was used for: %w", rule, err)
		}
		if own != nil && own.Rule == rule {
			u = without(u, own, since)
		}
		r.Usage[rule] = u
	}
	return nil
}

// without is u as it would be if x did not exist.
func without(u policy.Usage, x *Execution, since time.Time) policy.Usage {
	if !x.State.Terminal() {
		u.Open = max(0, u.Open-1)
	}
	if !x.CreatedAt.Before(since) {
		u.Recent = max(0, u.Recent-1)
	}
	return u
}

// Explain decides as Submit would, and does nothing: no record, no execution. Its decision starts nothing.
func (e *Engine) Explain(ctx context.Context, a Ask) policy.Decision {
	r := e.question(ctx, a)
	err := e.Store.Update(ctx, func(tx Tx) error { return e.circumstances(ctx, tx, r, nil) })
	if err != nil { // a limit that nobody counted is a no
		e.Log.Error("reading locks and limits", "error", err)
	}
	return policy.Decide(e.Gate.Policy(), r)
}
