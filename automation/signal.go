package automation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/policy"
)

// approveAction is the action of a step that waits for people.
const approveAction = "aws:approve"

// The words of SendAutomationSignal for a step of action aws:approve.
const (
	SignalApprove = "Approve"
	SignalReject  = "Reject"
)

// step is the newest answer to a step of this name, nil if there is none.
func (a *Approval) step(name string) *StepAnswer {
	if a == nil {
		return nil
	}
	for i := len(a.Steps) - 1; i >= 0; i-- {
		if a.Steps[i].Step == name {
			return &a.Steps[i]
		}
	}
	return nil
}

// atStep returns the answer to the aws:approve step of this name that x waits at, as far as it was given, or nil.
func (x *Execution) atStep(name string) *StepAnswer {
	for _, s := range slices.Backward(x.Steps) {
		if s.Name != name || s.Action != approveAction || statuses[s.Status].rank != active || x.State.Terminal() {
			continue
		}
		if known := x.Approval.step(name); known != nil && known.ID == s.ID {
			return known
		}
		return &StepAnswer{Step: name, ID: s.ID}
	}
	return nil
}

// stepNeed is what today's policy says of a step, nil if it has no rule for it.
func (e *Engine) stepNeed(name, step string) *policy.Need {
	rb := e.runbook(name)
	if rb == nil {
		return nil
	}
	for _, rule := range rb.Steps {
		if a := rule.Approval; rule.Step == step {
			return &policy.Need{Rule: step, From: a.From, Count: a.Count, Channel: a.Channel, RequireIdentity: a.RequireIdentity}
		}
	}
	return nil
}

// expectAnswers notes the steps at which x has come to wait for people, so that the thread shows whom they wait for.
func (e *Engine) expectAnswers(x *Execution) {
	for _, s := range x.Steps {
		at := x.atStep(s.Name)
		if at == nil || at.ID != s.ID || len(at.Needs) > 0 || x.CancelBy != "" {
			continue
		}
		if need := e.stepNeed(x.Runbook, s.Name); need != nil {
			next := *at
			next.Needs = []policy.Need{*need}
			x.answer(next)
		}
	}
}

// answer puts s in the place of what x has of that step.
func (x *Execution) answer(s StepAnswer) {
	x.revised(func(a *Approval) {
		i := slices.IndexFunc(a.Steps, func(old StepAnswer) bool { return old.Step == s.Step && old.ID == s.ID })
		if i < 0 {
			a.Steps = append(a.Steps, s)
			return
		}
		a.Steps[i] = s
	})
}

// castStep is an answer to a step of action aws:approve.
func (b *ballot) castStep(ctx context.Context, tx Tx, x *Execution) (Outcome, error) {
	r, at := b.asked, x.atStep(b.ask.Step)
	open := at != nil && at.Signal == ""
	var before []policy.Actor
	if open {
		if b.strangers(at.Votes) {
			return Outcome{}, ErrStale
		}
		agreed, err := tx.Agreed(ctx, x.ID)
		if err != nil {
			return Outcome{}, fmt.Errorf("reading who agreed: %w", err)
		}
		before = stepVoters(at, agreed, b.people)
		r.Voted = before
	}
	d, err := b.Gate.Check(ctx, tx, b.ask.Key, x.ID, &r)
	switch {
	case err != nil:
		return Outcome{}, err
	case !open:
		return Outcome{Decision: d, Execution: x, Again: true}, nil
	case !d.Allowed():
		return Outcome{Decision: d}, nil
	}
	next := *at
	next.Votes = append(slices.Clone(next.Votes), b.said(d, &r))
	if need := b.stepNeed(x.Runbook, at.Step); need != nil {
		next.Needs = []policy.Need{*need}
	}
	switch {
	case b.ask.Reject:
		next.Signal = SignalReject
	case b.enough(&r, append(before, r.Actor)):
		next.Signal = SignalApprove
	}
	x.answer(next)
	return Outcome{Decision: d, Execution: x}, put(ctx, tx, x)
}

// stepVoters are those who agreed to this passing of the step, by the records and by the row.
func stepVoters(at *StepAnswer, agreed []policy.Record, people map[string]policy.Actor) []policy.Actor {
	var found []policy.Actor
	for _, v := range at.Votes {
		recorded := slices.ContainsFunc(agreed, func(r policy.Record) bool {
			return r.ID == v.Record && r.Actor == v.User && r.Facts.Step == at.Step
		})
		if recorded && !v.Reject {
			found = append(found, people[v.User])
		}
	}
	return found
}

// enough says whether as many of these people may still agree to the step today, counted once each, as the policy wants.
func (e *Engine) enough(r *policy.Request, people []policy.Actor) bool {
	need := e.stepNeed(r.Runbook, r.Step)
	if need == nil {
		return false
	}
	var valid []policy.Actor
	for _, who := range people {
		q := *r
		q.Actor, q.Voted = who, valid
		if policy.Decide(e.Gate.Policy(), &q).Allowed() {
			valid = append(valid, who)
		}
	}
	return len(valid) >= need.Count
}

// unsent is an answer that was decided and that AWS has not taken yet, nil if there is none.
func (x *Execution) unsent() *StepAnswer {
	if x.Approval == nil || x.AWSID == "" || x.State.Terminal() {
		return nil
	}
	for i := range x.Approval.Steps {
		if s := &x.Approval.Steps[i]; s.Signal != "" && !s.Sent {
			return s
		}
	}
	return nil
}

// signalAll tells AWS what people decided about steps, at a pace of its own.
func (e *Engine) signalAll(ctx context.Context) {
	e.whileBusy(ctx, e.Poll, func() {
		for _, x := range e.undelivered() {
			if ctx.Err() == nil {
				e.guard(ctx, x, func() { e.signal(ctx, x, *x.unsent()) })
			}
		}
	})
}

func (e *Engine) undelivered() []*Execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	var xs []*Execution
	for _, w := range e.watched {
		if !now.Before(w.signalAt) && w.x.unsent() != nil {
			xs = append(xs, w.x)
		}
	}
	return xs
}

// unclearSignal is how long a signal that got no clear answer is left alone: a list of steps that is not up to date yet
// would have the next step answered with it, because a signal names no step.
const unclearSignal = 10 * time.Second

// signal sends one answer, if AWS still waits at that step, and notes that AWS took it. A yes for which nobody vouches is
// taken back, and people may answer again.
func (e *Engine) signal(ctx context.Context, x *Execution, s StepAnswer) {
	vouched, err := e.vouched(ctx, x, s)
	if err == nil && !vouched {
		e.Log.Error("taking back a yes to a step: the records do not have those who agreed, or the policy wants others now", "execution", x.ID, "step", s.Step)
		s.Signal = ""
		e.noteAnswer(ctx, x, s)
		return
	}
	var status string
	if err == nil {
		status, err = e.stepStatus(ctx, x, s.ID)
	}
	switch at := statuses[status]; {
	case err != nil:
	case at.state == Waiting:
		err = e.AWS.Signal(ctx, Signal{Region: x.Region, AWSID: x.AWSID, Type: s.Signal, Comment: e.comment(s)})
	case at.rank != over && status != "": // not there yet
		err = &Fault{Kind: Throttled, Operation: opSignal, Err: fmt.Errorf("the step is %s", status)}
	}
	if kind := kindOf(err); err != nil && kind != Ended && kind != Missing {
		e.Log.Warn("answering a step", "execution", x.ID, "step", s.Step, "error", err)
		if kind == Rejected {
			e.unanswered(ctx, x, s, err)
		}
		e.amend(x.ID, func(w *watch) {
			w.signals++
			w.signalAt = time.Now().Add(backoff(w.signals))
			if kind == Unavailable {
				w.signalAt = time.Now().Add(unclearSignal)
			}
		})
		return
	}
	s.Sent = true
	e.noteAnswer(ctx, x, s)
}

// noteAnswer writes what became of the answer to a step.
func (e *Engine) noteAnswer(ctx context.Context, x *Execution, s StepAnswer) {
	next := *x
	next.answer(s)
	if strings.HasPrefix(next.Note, refusedAnswer) {
		next.Note = ""
	}
	e.write(ctx, &next)
	e.amend(x.ID, func(w *watch) { w.next, w.signals, w.signalAt = time.Now(), 0, time.Time{} })
}

// refusedAnswer begins the note of an execution whose step AWS does not take an answer to.
const refusedAnswer = "AWS does not take the answer to the step "

// unanswered says why AWS does not take an answer, once. Mostly the step's Approvers do not name the role that Handrail
// calls AWS with, so somebody must change the runbook, answer in AWS, or cancel.
func (e *Engine) unanswered(ctx context.Context, x *Execution, s StepAnswer, err error) {
	note := refusedAnswer + s.Step + ": " + strings.TrimSuffix(words(err), ".") + ". Do its Approvers name the role that Handrail calls AWS with? Trying again."
	if x.Note != "" && !strings.HasPrefix(x.Note, refusedAnswer) || x.Note == note {
		return
	}
	next := *x
	next.Note = note
	e.write(ctx, &next)
}

// stepStatus asks AWS how the step with this ID stands. It is "" for one that AWS does not list.
func (e *Engine) stepStatus(ctx context.Context, x *Execution, id string) (string, error) {
	steps, err := e.AWS.Steps(ctx, x.Region, x.AWSID)
	for _, s := range steps {
		if s.ID == id {
			return s.Status, err
		}
	}
	return "", err
}

// comment names in AWS who decided, by the policy's names and Slack IDs only: nothing that people typed.
func (e *Engine) comment(s StepAnswer) string {
	var who []string
	for _, v := range s.Votes {
		if v.Reject == (s.Signal == SignalReject) {
			who = append(who, fmt.Sprintf("%s (%s, %s)", e.name(v.User), v.User, v.Record))
		}
	}
	return "Handrail: " + s.Signal + " by " + strings.Join(who, ", ")
}
