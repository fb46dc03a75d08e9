package automation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"handrail/policy"
)

// Approve takes an answer to a request for approval. It decides under today's policy who may answer and whether the
// request is still what the approvers were shown, and records and counts the answer in one transaction. It returns
// ErrNotFound for an unknown execution. Again is true if the wait is over.
func (e *Engine) Approve(ctx context.Context, a ApproveAsk) (Outcome, error) {
	x, err := e.Store.Execution(ctx, a.Execution)
	if err != nil {
		return Outcome{}, fmt.Errorf("finding the execution: %w", err)
	}
	b := e.ballot(ctx, a, x)
	var out Outcome
	for {
		e.lookUpVoters(ctx, b.people, x.votes(a.Step))
		err = e.Store.Update(ctx, func(tx Tx) (err error) {
			out, err = b.cast(ctx, tx, x.ID)
			return err
		})
		if !isStale(err) {
			break
		}
		if x, err = e.Store.Execution(ctx, x.ID); err != nil {
			return Outcome{}, fmt.Errorf("finding the execution again: %w", err)
		}
	}
	if errors.Is(err, ErrDuplicate) {
		return e.decidedNow(ctx, a.Key, x.ID)
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("noting the answer: %w", err)
	}
	if out.Execution != nil && !out.Again {
		e.changed(out.Execution)
		if a.Step != "" {
			e.reload(ctx, x.ID)
		}
		e.Wake()
	}
	return out, nil
}

// decidedNow is decided with the execution as it is now.
func (e *Engine) decidedNow(ctx context.Context, key, id string) (Outcome, error) {
	x, err := e.Store.Execution(ctx, id)
	if err != nil {
		return Outcome{}, fmt.Errorf("reading an execution: %w", err)
	}
	return e.decided(ctx, key, x)
}

// ballot is one person's answer with what had to be looked up for it.
type ballot struct {
	*Engine
	ask     ApproveAsk
	asked   policy.Request          // the answer, without what the transaction adds
	subject *policy.Request         // the run as it would be decided today; nil for a step, and for a wait that is over
	people  map[string]policy.Actor // earlier voters, by Slack user ID
}

func (e *Engine) ballot(ctx context.Context, a ApproveAsk, x *Execution) *ballot {
	look, enough := context.WithTimeout(ctx, lookUpWithin)
	defer enough()
	b := &ballot{Engine: e, ask: a, people: map[string]policy.Actor{}}
	b.asked = policy.Request{Action: policy.Approve, Entry: a.Entry, Runbook: x.Runbook, Requester: x.Requester, Execution: x.ID,
		At: time.Now(), Reason: a.Reason, Step: a.Step}
	if a.Reject {
		b.asked.Action = policy.Reject
	}
	e.place(look, &b.asked, a.Team, a.User, a.Channel)
	if a.Step != "" { // whoever asked may have a second account with the same address
		b.asked.Subject = &policy.Request{Actor: e.person(look, x.Team, x.Requester)}
	}
	if a.Step == "" && x.State == AwaitingApproval {
		b.subject = e.asked(look, x, e.Catalogue.Fresh)
	}
	return b
}

// lookUpVoters adds to people what the workspace says today of those who answered before. The row only says whom to look
// up; what they said is in the records.
func (e *Engine) lookUpVoters(ctx context.Context, people map[string]policy.Actor, votes []Vote) {
	look, enough := context.WithTimeout(ctx, lookUpWithin)
	defer enough()
	for _, v := range votes {
		if _, ok := people[v.User]; !ok {
			people[v.User] = e.person(look, v.Team, v.User)
		}
	}
}

// votes are the answers to a step, or to the start if step is "".
func (x *Execution) votes(step string) []Vote {
	if s := x.atStep(step); s != nil {
		return s.Votes
	}
	if x.Approval == nil || step != "" {
		return nil
	}
	return x.Approval.Votes
}

// cast decides, records and counts. ErrStale means that somebody voted of whom nothing was looked up yet.
func (b *ballot) cast(ctx context.Context, tx Tx, id string) (Outcome, error) {
	x, err := tx.Execution(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	if b.ask.Step != "" {
		return b.castStep(ctx, tx, x)
	}
	return b.castStart(ctx, tx, x)
}

// castStart is an answer to whether x may start.
func (b *ballot) castStart(ctx context.Context, tx Tx, x *Execution) (Outcome, error) {
	r := b.asked
	open := x.State == AwaitingApproval && x.Approval.asked() && b.subject != nil
	var votes []policy.Vote
	if open {
		subject := *b.subject
		subject.ApproveBy = x.Approval.By
		if err := b.circumstances(ctx, tx, &subject, x); err != nil {
			return Outcome{}, err
		}
		if b.strangers(x.Approval.Votes) {
			return Outcome{}, ErrStale
		}
		agreed, err := tx.Agreed(ctx, x.ID)
		if err != nil {
			return Outcome{}, fmt.Errorf("reading who agreed: %w", err)
		}
		votes = voters(agreed, b.people)
		r.Subject, r.Digest, r.Voted = &subject, x.Approval.Bound.Digest(), actors(votes)
	}
	d, err := b.Gate.Check(ctx, tx, b.ask.Key, x.ID, &r)
	if err != nil {
		return Outcome{}, err
	}
	if !open {
		return Outcome{Decision: d, Execution: x, Again: true}, nil
	}
	return b.count(ctx, tx, x, d, &r, votes)
}

// strangers says whether somebody voted who was not looked up yet.
func (b *ballot) strangers(votes []Vote) bool {
	return slices.ContainsFunc(votes, func(v Vote) bool { _, ok := b.people[v.User]; return !ok })
}

// count writes what the answer changes.
func (b *ballot) count(ctx context.Context, tx Tx, x *Execution, d policy.Decision, r *policy.Request, votes []policy.Vote) (Outcome, error) {
	now := r.At
	switch {
	case b.voids(x, d, r.Subject):
		x.void(now, d, b.today(r.Subject))
	case d.Code() == policy.CodeApprovalExpired:
		x.expire(now)
	case !d.Allowed():
		return Outcome{Decision: d}, nil
	default:
		b.vote(x, d, r, votes)
	}
	return Outcome{Decision: d, Execution: x}, put(ctx, tx, x)
}

// vote adds the answer to x, which ends it for a no and queues it once everybody agreed.
func (b *ballot) vote(x *Execution, d policy.Decision, r *policy.Request, votes []policy.Vote) {
	v := b.said(d, r)
	x.revised(func(a *Approval) { a.Votes = append(a.Votes, v) })
	if v.Reject {
		x.State, x.EndedAt, x.Note = Denied, r.At, b.name(v.User)+" said no: "+v.Reason
		return
	}
	whole := *r.Subject
	whole.Votes = append(votes, policy.Vote{Actor: r.Actor, At: r.At, Digest: r.Digest, Record: d.ID()})
	if policy.Decide(b.Gate.Policy(), &whole).Allowed() {
		x.State, x.StartBy, x.NextAttempt, x.Attempts = Queued, r.At.Add(b.StartWithin), r.At, 0
	}
}

// said is the answer as the row keeps it.
func (b *ballot) said(d policy.Decision, r *policy.Request) Vote {
	return Vote{User: b.ask.User, Team: b.ask.Team, At: r.At, Record: d.ID(), Reject: b.ask.Reject, Reason: b.ask.Reason}
}

// voters are those behind the records of a yes to the start. Of one whom the row does not name nothing is known, which is
// a no: somebody changed the row.
func voters(agreed []policy.Record, people map[string]policy.Actor) []policy.Vote {
	var votes []policy.Vote
	for _, rec := range agreed {
		if rec.Facts.Step != "" {
			continue
		}
		person, ok := people[rec.Actor]
		if !ok {
			person = policy.Actor{ID: rec.Actor, Team: rec.Team}
		}
		votes = append(votes, policy.Vote{Actor: person, At: rec.At, Digest: rec.Facts.Digest, Record: rec.ID})
	}
	return votes
}

func actors(votes []policy.Vote) []policy.Actor {
	var people []policy.Actor
	for _, v := range votes {
		people = append(people, v.Actor)
	}
	return people
}

// name is how the policy calls a Slack account, or the account's ID.
func (e *Engine) name(user string) string {
	if p := e.Gate.Policy(); p != nil {
		if name, ok := p.Identity(user); ok {
			return name
		}
	}
	return user
}
