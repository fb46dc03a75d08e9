package automation

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"handrail/policy"
)

// Ask is a verified request to run a runbook.
type Ask struct {
	Key        string // idempotency key: the same key twice makes one execution
	Entry      policy.Entry
	Team       string
	User       string
	Channel    string
	Thread     string
	Runbook    string
	Parameters map[string][]string
	Reason     string
	OneTime    bool // ask for a one-time approval, without the right to run it
	BreakGlass bool // use a grant for emergencies
	Incident   *policy.Incident
	At         time.Time
}

// Outcome is what became of a request.
type Outcome struct {
	Decision  policy.Decision
	Execution *Execution     // nil if the policy refused
	Again     bool           // the same request had been decided before, or the execution was already over
	Refused   *policy.Record // with Again: the record, if it had been refused then
	Lock      *policy.Lock   // the lock that was set or ended
}

// ErrUnclear says that the store gave no clear answer, twice: the request may have been accepted.
var ErrUnclear = errors.New("it is unclear whether the request was accepted")

// Submit is the door: it decides, records and stores the execution in one transaction, and returns
// once that is durable. An error means that nothing was accepted, unless it is ErrUnclear.
func (e *Engine) Submit(ctx context.Context, a Ask) (Outcome, error) {
	r := e.question(ctx, a)
	leased := e.reserve()
	var out Outcome
	accept := func(ctx context.Context) error {
		return e.Store.Update(ctx, func(tx Tx) (err error) {
			out, err = e.submit(ctx, tx, a, r, leased)
			return err
		})
	}
	err := accept(ctx)
	switch {
	case err == nil:
	case errors.Is(err, ErrDuplicate): // a second delivery, or a replay: what was decided then counts
		out, err = e.decided(ctx, a.Key, nil)
	default: // a commit may have happened all the same; the key makes a second try safe
		late, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		if err = accept(late); errors.Is(err, ErrDuplicate) { // it had happened, so this is still the first answer
			out, err = e.decided(late, a.Key, nil)
			out.Again = out.Execution == nil
		}
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrUnclear, err)
		}
	}
	if err != nil {
		out = Outcome{}
		err = fmt.Errorf("accepting the request: %w", err)
	}
	e.dispatch(out, leased)
	return out, err
}

// decided returns what became of a request that was decided before. x is what it was about, nil if it asked for a run.
func (e *Engine) decided(ctx context.Context, key string, x *Execution) (Outcome, error) {
	rec, err := e.Store.Decided(ctx, key)
	if err != nil {
		return Outcome{}, fmt.Errorf("reading an earlier decision: %w", err)
	}
	if !rec.Allowed {
		return Outcome{Again: true, Refused: &rec}, nil
	}
	if x == nil {
		if x, err = e.Store.Execution(ctx, rec.Execution); err != nil {
			return Outcome{}, fmt.Errorf("reading an accepted execution: %w", err)
		}
	}
	return Outcome{Again: true, Execution: x}, nil
}

// reserve takes a place with the starters, if there is one. A row that gets one is stored with our
// lease on it and needs no claim.
func (e *Engine) reserve() bool {
	select {
	case e.room <- struct{}{}:
		return true
	default:
		return false
	}
}

func (e *Engine) dispatch(out Outcome, leased bool) {
	accepted := out.Execution != nil && !out.Again
	if accepted {
		e.changed(out.Execution)
	}
	switch {
	case accepted && leased && out.Execution.LeaseOwner == e.Owner:
		own := *out.Execution
		e.begin(&own)
	case leased:
		<-e.room
		e.Wake()
	case accepted:
		e.Wake()
	}
}

// submit decides, records and stores. For a key that was decided before, the record refuses with ErrDuplicate.
func (e *Engine) submit(ctx context.Context, tx Tx, a Ask, r *policy.Request, leased bool) (Outcome, error) {
	id := uuid.Must(uuid.NewV7()).String()
	d, err := e.Gate.Check(ctx, tx, a.Key, id, r)
	if err != nil || !d.Allowed() {
		return Outcome{Decision: d}, err
	}
	x := e.accept(a, d, id)
	if leased {
		x.LeaseOwner, x.LeaseUntil = e.Owner, time.Now().Add(e.Lease)
	}
	return Outcome{Decision: d, Execution: x}, tx.Insert(ctx, x)
}

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
	r := &policy.Request{Action: policy.Run, Entry: a.Entry, Runbook: a.Runbook, Parameters: a.Parameters, At: a.At}
	e.place(ctx, r, a.Team, a.User, a.Channel)
	if rb, ok := e.Gate.Policy().Runbook(a.Runbook); ok {
		r.Document = look(ctx, rb)
	}
	return r
}

// place fills in the person and the channel.
func (e *Engine) place(ctx context.Context, r *policy.Request, team, user, channel string) {
	var err error
	if r.Actor, err = e.Directory.Actor(ctx, team, user); err != nil {
		e.Log.Warn("looking up a person", "user", user, "error", err)
		r.Actor = policy.Actor{ID: user, Team: team}
	}
	if r.Channel, err = e.Directory.Channel(ctx, channel); err != nil {
		e.Log.Warn("looking up a channel", "channel", channel, "error", err)
		r.Channel = policy.Channel{ID: channel}
	}
}

// accept turns a yes into a row.
func (e *Engine) accept(a Ask, d policy.Decision, id string) *Execution {
	now := time.Now()
	req := requestFor(d)
	req.ClientToken = uuid.NewString()
	req.Tag = "handrail:" + id
	return &Execution{
		ID: id, Ref: newRef(), Key: a.Key, Version: 1, State: Queued, Action: policy.Run,
		Entry: a.Entry, Team: a.Team, Requester: a.User, Channel: a.Channel, Thread: a.Thread,
		Runbook: a.Runbook, Parameters: a.Parameters, Reason: a.Reason,
		SHA256: d.SHA256(), Region: e.Catalogue.Region(d.Runbook()), Role: d.Role(), Request: req,
		Decision: d.ID(), Rule: d.Rule(), Policy: d.PolicyHash(),
		CreatedAt: now, StartBy: now.Add(e.StartWithin), NextAttempt: now,
	}
}

// requestFor builds what will be sent to AWS from the decision alone: the policy's document, version
// and role. A token and a tag are added once.
func requestFor(d policy.Decision) StartRequest {
	params := map[string][]string{}
	for name, values := range d.Parameters() {
		params[name] = values
	}
	if name := d.RoleParameter(); name != "" {
		params[name] = []string{d.Role()}
	}
	return StartRequest{DocumentName: d.Runbook().Document, DocumentVersion: d.Version(), Parameters: params}
}

// newRef returns r- and seven characters: 34 thousand million names, and the store refuses a second use.
func newRef() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return "r-" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))[:7]
}

// Explain decides as Submit would, and does nothing: no record, no execution. Its decision starts nothing.
func (e *Engine) Explain(ctx context.Context, a Ask) policy.Decision {
	return policy.Decide(e.Gate.Policy(), e.question(ctx, a))
}
