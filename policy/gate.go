package policy

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// Gate is what everything passes that wants to act: it decides under today's policy and has the decision written down
// before anybody learns that it is a yes.
type Gate struct{ current atomic.Pointer[Policy] }

// NewGate returns a gate for p. With nil it refuses everything until Swap.
func NewGate(p *Policy) *Gate {
	g := &Gate{}
	g.current.Store(p)
	return g
}

// Policy is the policy that decides now, or nil if there is none.
func (g *Gate) Policy() *Policy { return g.current.Load() }

// Swap puts another policy in place for every check that begins later.
func (g *Gate) Swap(p *Policy) { g.current.Store(p) }

// Check decides r and writes the decision through rec. Key is the idempotency key of what was asked, or "" for a check
// right before a start; execution is the execution that the decision is about, or "" if there is none.
//
// The decision, yes or no, is Recorded if the error is nil. With an error it is the zero Decision: nothing may happen.
// Check keeps a copy of r, so the caller may change r afterwards. It does not retry.
func (g *Gate) Check(ctx context.Context, rec Recorder, key, execution string, r *Request) (Decision, error) {
	if rec == nil {
		return Decision{}, errors.New("recording decision: there is no recorder")
	}
	if err := ctx.Err(); err != nil {
		return Decision{}, fmt.Errorf("recording decision: %w", err)
	}
	d := Decide(g.Policy(), r.clone())
	d.id = newID()
	if err := rec.Record(ctx, d.record(key, execution)); err != nil {
		return Decision{}, fmt.Errorf("recording decision: %w", err)
	}
	d.recorded = true
	return d, nil
}

// newID returns d- and 12 characters of a to z and 2 to 7: 60 random bits, short enough to be read out. Two of a
// million IDs are alike with a chance of 1 to 2 million, and then the second record cannot be written.
func newID() string { return "d-" + strings.ToLower(rand.Text()[:12]) }

func (d Decision) record(key, execution string) Record {
	e := d.Explain()
	rec := Record{
		ID: d.id, Key: key, Execution: execution, Allowed: d.Allowed(), Code: d.code, Rule: d.Rule(),
		Sentence: e.Sentence, Near: strings.TrimSpace(e.Near + " " + cmp.Or(e.Missing, e.Wants)), Policy: d.PolicyHash(),
	}
	if r := d.request; r != nil {
		rec.At, rec.Entry, rec.Action, rec.Actor, rec.Team = r.At, r.Entry, r.Action, r.Actor.ID, r.Actor.Team
		rec.Channel, rec.Runbook, rec.Parameters = r.Channel.ID, r.Runbook, d.Parameters()
		rec.Facts = d.facts()
		rec.Facts.Ask = e.Ask
		if !d.runs() && !e.Ask { // who asks later asks for exactly this, which the policy allows
			rec.Runbook, rec.Parameters = shown(r.Runbook), tame(d.runbook.withheld(r.Parameters))
		}
	}
	return rec
}

// maxReason bounds the reason that a record keeps, in characters.
const maxReason = 3000

// facts are what else the decision stood on. Text that a person wrote is bounded.
func (d Decision) facts() Facts {
	r := d.request
	f := Facts{
		Standing: r.Actor.Standing, UserGroups: slices.Sorted(slices.Values(r.Actor.UserGroups)), ChannelName: r.Channel.Name, Shared: r.Channel.Shared,
		BreakGlass: r.BreakGlass, Incident: r.Incident, Step: shownOr(r.Step),
	}
	if r.Reason != "" {
		f.Reason = short(r.Reason, maxReason)
	}
	if r.Action == Approve || r.Action == Reject {
		f.Requester = r.requester().ID
		f.Digest = shownOr(r.Digest)
	}
	if r.Action == Cancel && r.Requester != r.Actor.ID || r.Action == Locking {
		f.Requester = r.Requester
	}
	if doc := r.Document; doc != nil {
		f.Version, f.SHA256 = doc.Version, doc.SHA256
	}
	if d.runbook != nil {
		f.Document = d.runbook.Document
	}
	if d.runs() && len(d.needs) > 0 {
		f.Digest = d.bound().Digest()
	}
	return f
}

func shownOr(text string) string {
	if text == "" {
		return ""
	}
	return short(text, 128)
}

// tame makes parameters fit for any database: of bounded size, and readable text. Those of an allowed Run need it not:
// the policy lists their values.
func tame(given map[string][]string) map[string][]string {
	if given == nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(given))
	tamed := make(map[string][]string, min(len(names), maxTamed))
	for _, name := range names[:min(len(names), maxTamed)] {
		values := given[name]
		kept := make([]string, min(len(values), maxTamed))
		for i := range kept {
			kept[i] = short(values[i], MaxValueLength)
		}
		tamed[shown(name)] = kept
	}
	return tamed
}

// maxTamed bounds the parameters, and the values of each, that such a record keeps.
const maxTamed = 10

// clone copies everything of the request that somebody else could change. The parsed document is shared: it is
// read-only.
func (r *Request) clone() *Request {
	if r == nil {
		return nil
	}
	c := *r
	c.Actor = r.Actor.clone()
	c.Parameters = cloneParameters(r.Parameters)
	c.Locks, c.Votes, c.Voted = slices.Clone(r.Locks), slices.Clone(r.Votes), slices.Clone(r.Voted)
	for i := range c.Locks {
		c.Locks[i].Parameters = cloneParameters(c.Locks[i].Parameters)
	}
	for i := range c.Votes {
		c.Votes[i].Actor = c.Votes[i].Actor.clone()
	}
	for i := range c.Voted {
		c.Voted[i] = c.Voted[i].clone()
	}
	if r.Incident != nil {
		incident := *r.Incident
		c.Incident = &incident
	}
	c.Usage = maps.Clone(r.Usage)
	c.Subject = r.Subject.clone()
	if r.Document != nil {
		doc := *r.Document
		c.Document = &doc
	}
	return &c
}

func (a Actor) clone() Actor {
	a.UserGroups, a.Unread = slices.Clone(a.UserGroups), slices.Clone(a.Unread)
	return a
}
