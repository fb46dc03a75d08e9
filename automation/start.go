package automation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"handrail/policy"
)

// A start that got no answer is looked up by its tag once AWS has had this long to show it; lists are
// eventually consistent.
const settle = 30 * time.Second

// unclearFor is how long after the start deadline an unclear start is still looked up.
const unclearFor = 10 * time.Minute

// startAll starts what it is handed until ctx ends; hand outlives ctx for the start under way.
func (e *Engine) startAll(ctx, hand context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case x := <-e.starts:
			if ctx.Err() == nil { // otherwise Run gives its lease back
				e.guard(hand, x, func() { e.start(hand, x) })
			}
			e.mu.Lock()
			delete(e.begun, x.ID)
			e.mu.Unlock()
			<-e.room
			if len(e.room) == cap(e.room)-1 {
				e.Wake() // claiming had stopped for lack of room
			}
		}
	}
}

// start takes x as far as it gets: to AWS, to an end, or to a later attempt.
func (e *Engine) start(ctx context.Context, x *Execution) {
	var err error
	switch {
	case x.CancelBy != "" && x.State == Queued:
		err = e.end(ctx, x, Cancelled, "Cancelled before it was sent to AWS.")
	case x.State == Starting && (x.CancelBy != "" || time.Now().After(x.StartBy)):
		err = e.lookUp(ctx, x)
	case time.Now().After(x.StartBy):
		err = e.end(ctx, x, Expired, "It could not be started in time, so it will not be. Nothing happened in AWS.")
	default:
		err = e.attempt(ctx, x)
	}
	if isStale(err) || errors.Is(err, errLate) {
		// Somebody cancelled or took it meanwhile, or its time is up. The next claim reads the row as it is now.
		err = nil
		e.again(ctx, x, 0)
	}
	if err != nil {
		e.Log.Error("starting execution", "execution", x.ID, "error", err)
		e.later(ctx, x)
	}
}

// attempt decides again under today's policy, notes that the call is about to happen, and makes it.
func (e *Engine) attempt(ctx context.Context, x *Execution) error {
	ready, done := context.WithDeadline(ctx, x.StartBy)
	err := e.AWS.Ready(ready, x.Region)
	done()
	if err != nil {
		return errLate
	}
	under := e.Gate.Policy().Hash()
	r, people := e.asked(ctx, x, e.Catalogue.Fresh), map[string]policy.Actor{}
	e.lookUpVoters(ctx, people, x.votes(""))
	if why := cmp.Or(unreachable(r), unknown(people)); why != "" {
		return e.wait(ctx, x, x.State, why)
	}
	first := x.State == Queued
	d, allowed, err := e.recheck(ctx, x, r, people, under)
	if err != nil || x.State.Terminal() {
		return err
	}
	if !allowed { // an earlier attempt may have started it, when it was still allowed
		return e.doubt(ctx, x, noLonger+reason(d))
	}
	awsID, err := e.AWS.Start(ctx, d, x.Region, x.Request)
	if err == nil {
		return e.started(ctx, x, awsID)
	}
	return e.refused(ctx, x, first, err)
}

// errLate says that the start deadline passed while the start was being prepared.
var errLate = errors.New("too late to start")

// noLonger begins the note of a start that an earlier attempt may have made before today's policy forbade it.
const noLonger = "It is no longer allowed. "

// reason is why today's policy does not allow what was accepted.
func reason(d policy.Decision) string {
	if d.Allowed() {
		return "The runbook, the Region or the service role changed after the request, so it was not started."
	}
	return d.Explain().Sentence
}

// doubt ends the attempts to start x and looks up whether one of them did.
func (e *Engine) doubt(ctx context.Context, x *Execution, why string) error {
	x.StartBy, x.Note = time.Now(), why
	if err := e.save(ctx, x); err != nil {
		return err
	}
	return e.lookUp(ctx, x)
}

// unreachable says what could not be asked just now. It is no reason to give up before the deadline.
func unreachable(r *policy.Request) string {
	switch {
	case r.Actor.Standing == policy.StandingUnknown, !r.Channel.Known:
		return "Slack can't say right now whether the person may still run this. Asking again."
	case r.Document != nil && r.Document.State == policy.DocumentUnknown && r.Document.Problem == "":
		return "AWS can't be asked for the runbook right now. Asking again."
	}
	return ""
}

// unknown is unreachable for those who agreed.
func unknown(people map[string]policy.Actor) string {
	for _, who := range people {
		if who.Standing == policy.StandingUnknown {
			return "Slack can't say right now whether those who agreed still may. Asking again."
		}
	}
	return ""
}

// recheck records the decision and the intention in one transaction. allowed is true only for a yes
// to exactly what was accepted. It is the last look before the call: at the row, at the records of who agreed, at our
// lease and at the clock. people are those whom the row names as having agreed, as the workspace describes them now. What
// was looked up follows from the policy, such as the user groups that count: under says which, and another one is stale.
func (e *Engine) recheck(ctx context.Context, x *Execution, r *policy.Request, people map[string]policy.Actor, under string) (d policy.Decision, allowed bool, err error) {
	var next Execution
	brief, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	err = e.Store.Update(brief, func(tx Tx) error {
		next = *x
		stored, err := tx.Execution(brief, x.ID)
		switch {
		case err != nil:
			return err
		case stored.Version != x.Version || stored.LeaseOwner != e.Owner:
			return ErrStale
		case time.Now().After(x.StartBy):
			return errLate
		}
		today := *r
		today.At = time.Now() // a freeze may have begun while things were looked up
		if err := e.complete(brief, tx, &today, stored, people); err != nil {
			return err
		}
		soon := policy.Decide(e.Gate.Policy(), &today)
		today.Altered = soon.Allowed() && !e.same(soon, x) // so that the record says no as well
		if d, err = e.Gate.Check(brief, tx, "", x.ID, &today); err != nil {
			return err
		}
		if d.PolicyHash() != under {
			return ErrStale
		}
		allowed = d.Allowed() && d.Recorded() && e.same(d, x)
		switch {
		case x.State == Starting:
			return nil
		case allowed: // perhaps by another rule than the one that accepted it, whose limits and channel count now
			next.State, next.Rule = Starting, d.Rule()
		default:
			next.deny(d, e.today(&today))
		}
		return put(brief, tx, &next)
	})
	if err == nil && next.Version != x.Version {
		*x = next
		e.changed(x)
	}
	return d, allowed, err
}

// complete fills in what the store knows: locks, use, and who agreed, as the records have it.
func (e *Engine) complete(ctx context.Context, tx Tx, r *policy.Request, x *Execution, people map[string]policy.Actor) error {
	if err := e.circumstances(ctx, tx, r, x); err != nil {
		return err
	}
	if !x.Approval.asked() {
		return nil
	}
	agreed, err := tx.Agreed(ctx, x.ID)
	if err != nil {
		return fmt.Errorf("reading who agreed: %w", err)
	}
	r.Votes = voters(agreed, people)
	return nil
}

// deny ends x before its start. If others had agreed to something else than would run today, it shows the differences.
func (x *Execution) deny(d policy.Decision, is policy.Bound) {
	x.State, x.EndedAt, x.Note = Denied, time.Now(), reason(d)
	if !x.Approval.asked() {
		return
	}
	if void := difference(x.Approval.Bound, is, d.PolicyHash()); len(void) > 0 {
		x.revised(func(a *Approval) { a.Void = void })
	}
}

// same reports whether today's yes is to what was accepted.
func (e *Engine) same(d policy.Decision, x *Execution) bool {
	if a := x.Approval; a.asked() && (d.Bound().Digest() != a.Digest || a.Bound.Digest() != a.Digest) {
		return false // today it may need nobody's yes, but it is not what they said yes to
	}
	return asks(d, x.Request) && d.SHA256() == x.SHA256 && d.Role() == x.Role && e.Catalogue.Region(d.Runbook()) == x.Region
}

func (e *Engine) started(ctx context.Context, x *Execution, awsID string) error {
	x.AWSID, x.State, x.Note = awsID, Running, ""
	x.StartedAt, x.Attempts, x.NextAttempt = time.Now(), 0, time.Now()
	for {
		err := e.save(ctx, x)
		if err == nil {
			e.follow(x)
			return nil
		}
		if !isStale(err) {
			return fmt.Errorf("noting the started automation: %w", err) // the row stays starting; the same token finds it again
		}
		if err := e.merge(ctx, x); err != nil {
			return err
		}
	}
}

// merge takes over what others may write while we hold the lease: a wish to cancel. If they ended the row, the
// automation that started all the same is stopped.
func (e *Engine) merge(ctx context.Context, x *Execution) error {
	stored, err := e.Store.Execution(ctx, x.ID)
	if err != nil {
		return err
	}
	if stored.State.Terminal() {
		e.Log.Error("an automation started although its execution was over; stopping it", "execution", x.ID, "aws_execution", x.AWSID, "state", string(stored.State))
		return errors.Join(ErrStale, e.AWS.Stop(ctx, x.Region, x.AWSID))
	}
	x.Version, x.CancelBy, x.CancelAt, x.CancelReason = stored.Version, stored.CancelBy, stored.CancelAt, stored.CancelReason
	return nil
}

// refused acts on an answer that is no start. first says that no earlier attempt can have started it.
func (e *Engine) refused(ctx context.Context, x *Execution, first bool, err error) error {
	e.Log.Warn("starting automation", "execution", x.ID, "attempt", x.Attempts+1, "error", err)
	state := Starting
	switch kind := kindOf(err); kind {
	case Rejected, Missing, Ended:
		if !first {
			return e.doubt(ctx, x, "AWS refuses to start it now: "+words(err)+" Checking whether it had started before.")
		}
		return e.end(ctx, x, Failed, "AWS refused to start it: "+words(err))
	case Mismatch:
		e.Log.Error("the client token is in use for another request", "execution", x.ID)
		if found, err := e.AWS.Find(ctx, x.Region, x.Request.Tag); err == nil && len(found) == 1 {
			return e.started(ctx, x, found[0])
		}
		return e.end(ctx, x, StartUnknown, "AWS knows this request's token with other content. Nothing more will be tried.")
	case Throttled, Unauthorized:
		if first {
			state = Queued
		}
		if kind == Throttled {
			return e.wait(ctx, x, state, "AWS is limiting how fast automations start. Trying again.")
		}
		return e.wait(ctx, x, state, "AWS does not accept our credentials at the moment. Trying again.")
	}
	return e.wait(ctx, x, state, "AWS gave no clear answer. The same request is sent again; it can start only once.")
}

// words returns AWS's own sentence.
func words(err error) string {
	var f *Fault
	if errors.As(err, &f) && f.Message != "" {
		return f.Message
	}
	return err.Error()
}

// lookUp finds out by its tag whether an unclear start happened. Nothing is sent to start it any more.
func (e *Engine) lookUp(ctx context.Context, x *Execution) error {
	quiet := x.StartBy // since then nobody tries to start it
	if x.CancelBy != "" && x.CancelAt.Before(quiet) {
		quiet = x.CancelAt
	}
	found, err := e.AWS.Find(ctx, x.Region, x.Request.Tag)
	switch {
	case err == nil && len(found) == 1:
		return e.started(ctx, x, found[0])
	case err == nil && len(found) == 0 && time.Since(quiet) > settle:
		if x.CancelBy != "" {
			return e.end(ctx, x, Cancelled, "Cancelled. AWS shows no automation for it.")
		}
		if strings.HasPrefix(x.Note, noLonger) {
			return e.end(ctx, x, Denied, x.Note)
		}
		return e.end(ctx, x, Expired, "It could not be started in time. AWS shows no automation for it.")
	case len(found) > 1, time.Since(quiet) > unclearFor:
		return e.end(ctx, x, StartUnknown, "AWS never said clearly whether it started. Please look there for the tag "+x.Request.Tag+".")
	case err != nil:
		e.Log.Warn("looking up an unclear start", "execution", x.ID, "error", err)
	}
	e.again(ctx, x, settle/6)
	return nil
}

// end writes a terminal state.
func (e *Engine) end(ctx context.Context, x *Execution, s State, note string) error {
	x.State, x.Note, x.EndedAt = s, note, time.Now()
	return e.save(ctx, x)
}

// wait says why, once, and comes back later.
func (e *Engine) wait(ctx context.Context, x *Execution, s State, why string) error {
	if x.Note != why || x.State != s {
		x.State, x.Note = s, why
		if err := e.save(ctx, x); err != nil {
			return err
		}
	}
	e.later(ctx, x)
	return nil
}

// later gives the lease back until the next attempt is due.
func (e *Engine) later(ctx context.Context, x *Execution) {
	x.Attempts++
	x.NextAttempt = time.Now().Add(backoff(x.Attempts))
	e.postpone(ctx, x)
}

// again gives the lease back without counting an attempt.
func (e *Engine) again(ctx context.Context, x *Execution, after time.Duration) {
	due := *x
	due.NextAttempt = time.Now().Add(after)
	e.postpone(ctx, &due)
}

// backoff doubles from half a second to 30 seconds, with up to a quarter of jitter.
func backoff(attempts int) time.Duration {
	d := min(250*time.Millisecond<<min(attempts, 8), 30*time.Second)
	return d - rand.N(d/4+1)
}
