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
	results := e.results(ctx, r)
	leased := e.reserve()
	var out Outcome
	accept := func(ctx context.Context) error {
		return e.Store.Update(ctx, func(tx Tx) (err error) {
			out, err = e.submit(ctx, tx, a, r, results, leased)
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
	if !rec.Allowed && rec.Code != policy.CodeApprovalNeeded {
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
func (e *Engine) submit(ctx context.Context, tx Tx, a Ask, r *policy.Request, results []State, leased bool) (Outcome, error) {
	id := uuid.Must(uuid.NewV7()).String()
	q := *r
	q.Execution = id
	if err := e.circumstances(ctx, tx, &q, nil); err != nil {
		return Outcome{}, err
	}
	d, err := e.Gate.Check(ctx, tx, a.Key, id, &q)
	if err != nil || !d.Allowed() && !d.Pending() {
		return Outcome{Decision: d}, err
	}
	x := e.accept(a, d, id)
	if d.Pending() {
		e.await(x, d, &q, results)
	} else if leased {
		x.LeaseOwner, x.LeaseUntil = e.Owner, time.Now().Add(e.Lease)
	}
	return Outcome{Decision: d, Execution: x}, insert(ctx, tx, x)
}

// accept turns a yes, or what may become one, into a row.
func (e *Engine) accept(a Ask, d policy.Decision, id string) *Execution {
	now := time.Now()
	req := requestFor(d)
	req.ClientToken = uuid.NewString()
	req.Tag = "handrail:" + id
	return &Execution{
		ID: id, Ref: newRef(), Key: a.Key, Version: 1, State: Queued, Action: d.Action(), BreakGlass: d.BreakGlass() != nil,
		Entry: a.Entry, Team: a.Team, Requester: a.User, Channel: a.Channel, Thread: a.Thread,
		Runbook: a.Runbook, Parameters: a.Parameters, Reason: a.Reason,
		SHA256: d.SHA256(), Region: e.Catalogue.Region(d.Runbook()), Role: d.Role(), Request: req,
		Decision: d.ID(), Rule: d.Rule(), Policy: d.PolicyHash(),
		CreatedAt: now, StartBy: now.Add(e.StartWithin), NextAttempt: now,
	}
}

// requestFor builds what will be sent to AWS from the decision alone: the policy's document, version,
// role and locations. A token and a tag are added once.
func requestFor(d policy.Decision) StartRequest {
	params := map[string][]string{}
	for name, values := range d.Parameters() {
		params[name] = values
	}
	if name := d.RoleParameter(); name != "" {
		params[name] = []string{d.Role()}
	}
	return StartRequest{DocumentName: d.Runbook().Document, DocumentVersion: d.Version(), Parameters: params, Locations: d.Runbook().Locations}
}

// newRef returns r- and seven characters: 34 thousand million names, and the store refuses a second use.
func newRef() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return "r-" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))[:7]
}
