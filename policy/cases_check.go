package policy

import (
	"fmt"
	"strings"
	"time"
)

// Outcome is how a policy decides a case.
type Outcome struct {
	Got      string // allow, deny or approval; "" if the case asks about somebody or something that there is not
	Decision Decision
	Wrong    []string // sentences on what is other than expected; nil if nothing is
}

// Check decides the case under p. Now is the time of a case that names none. The document is taken to be as p pins it.
func (c *Case) Check(p *Policy, now time.Time) Outcome {
	d, err := c.Decide(p, now)
	if err != nil {
		return Outcome{Wrong: []string{err.Error()}}
	}
	o := Outcome{Got: Verdict(d), Decision: d}
	if o.Got != c.Expect {
		o.Wrong = append(o.Wrong, fmt.Sprintf("expected %s, got %s (%s)", c.Expect, o.Got, d.Code()))
	}
	if c.Rule != "" && c.Rule != d.Rule() {
		got := "no rule"
		if d.Rule() != "" {
			got = "the rule " + d.Rule()
		}
		o.Wrong = append(o.Wrong, fmt.Sprintf("expected the rule %s to decide, got %s", shown(c.Rule), got))
	}
	if c.Code != "" && c.Code != d.Code() {
		o.Wrong = append(o.Wrong, fmt.Sprintf("expected the code %s, got %s", shown(string(c.Code)), d.Code()))
	}
	return o
}

// Verdict is a decision as cases expect it: allow, deny or approval.
func Verdict(d Decision) string {
	switch {
	case d.Allowed():
		return ExpectAllow
	case d.Pending():
		return ExpectApproval
	}
	return ExpectDeny
}

// Title is the case's name, or what it asks.
func (c *Case) Title() string {
	if c.Name != "" {
		return c.Name
	}
	title := fmt.Sprintf("%s may %s %s in %s", c.User.User, c.Action, c.Runbook, c.Channel)
	if c.BreakGlass {
		title += " by break-glass"
	}
	if len(c.ApprovedBy) > 0 {
		var names []string
		for _, a := range c.ApprovedBy {
			names = append(names, a.User)
		}
		title += ", approved by " + join(names, "and")
	}
	return title
}

// Decide asks the policy, and then the approvers one after another, as it would happen: the first who may not agree has
// the last word. Its error is about somebody or something that there is not.
func (c *Case) Decide(p *Policy, now time.Time) (Decision, error) {
	r, err := c.Request(p, now)
	if err != nil {
		return Decision{}, err
	}
	d := Decide(p, r)
	if !d.Pending() || len(c.ApprovedBy) == 0 {
		return d, nil
	}
	r.ApproveBy = d.ApproveBy()
	d = Decide(p, r)
	digest := d.Bound().Digest()
	subject := *r
	var voted []Actor
	for _, one := range c.ApprovedBy {
		actor, err := one.actor(p)
		if err != nil {
			return Decision{}, err
		}
		vote := &Request{Action: Approve, Entry: ByButton, Actor: actor, Channel: r.Channel, Runbook: r.Runbook, Requester: r.Actor.ID,
			Execution: r.Execution, At: r.At, Subject: &subject, Digest: digest, Voted: voted}
		if agreed := Decide(p, vote); !agreed.Allowed() {
			return agreed, nil
		}
		voted = append(voted, actor)
		r.Votes = append(r.Votes, Vote{Actor: actor, At: r.At, Digest: digest, Record: fmt.Sprintf("d-vote%d", len(voted))})
	}
	return Decide(p, r), nil
}

// testTeam is the workspace of everybody in a case.
const testTeam = "T0TEST"

func (a Asker) actor(p *Policy) (Actor, error) {
	actor := Actor{ID: a.User, Team: testTeam, Standing: a.Standing}
	if account, ok := p.Person(a.User); ok {
		actor.ID = account
	} else if !isID(a.User, "UW") {
		hint := ""
		if near := Nearest(a.User, p.names()); len(near) > 0 {
			hint = " (did you mean " + join(near, "or") + "?)"
		}
		return Actor{}, fmt.Errorf("there is no identity %s%s; whom the policy does not name goes by a Slack user ID", shown(a.User), hint)
	}
	for _, name := range a.UserGroups {
		id := name
		for _, g := range p.groups {
			if g.Name == name {
				id = g.UserGroup
			}
		}
		if !isID(id, "S") {
			return Actor{}, fmt.Errorf("%s is no group with a Slack user group, and no ID of one", shown(name))
		}
		actor.UserGroups = append(actor.UserGroups, id)
	}
	return actor, nil
}

// isID says whether text is a Slack ID of a kind that begins with one of the letters, as shapes have it.
func isID(text, letters string) bool {
	return len(text) >= 3 && len(text) <= 21 && strings.Contains(letters, text[:1]) &&
		strings.Trim(text[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func (p *Policy) names() []string {
	var names []string
	for _, i := range p.identities {
		names = append(names, i.Name)
	}
	return names
}

// Request is what the case asks.
func (c *Case) Request(p *Policy, now time.Time) (*Request, error) {
	actor, err := c.User.actor(p)
	if err != nil {
		return nil, err
	}
	r := &Request{Action: c.Action, Entry: ByCommand, Actor: actor, Channel: Channel{ID: c.Channel, Name: c.Called, Shared: c.Shared, Known: true},
		Runbook: c.Runbook, Parameters: c.Parameters, At: c.At, Reason: c.Reason, BreakGlass: c.BreakGlass, Incident: c.Incident,
		Usage: map[string]Usage{}}
	if name, ok := strings.CutPrefix(c.Channel, "#"); ok {
		r.Channel.ID, r.Channel.Name = "C00000000", name
	}
	if r.At.IsZero() {
		r.At = now
	}
	if c.Action != Locking {
		r.Execution = "r-testing"
	}
	if c.Action == Cancel {
		if r.Requester, err = c.owner(p); err != nil {
			return nil, err
		}
	}
	return r, c.surround(p, r)
}

func (c *Case) owner(p *Policy) (string, error) {
	if c.Requester == "" {
		return "U0SOMEBODYELSE", nil
	}
	owner, err := Asker{User: c.Requester}.actor(p)
	return owner.ID, err
}

// surround fills in what the store and AWS would say.
func (c *Case) surround(p *Policy, r *Request) error {
	for name, usage := range c.Usage {
		if !containsGrant(p.grants, name) {
			return fmt.Errorf("there is no grant %s to count the usage of", shown(name))
		}
		r.Usage[name] = usage
	}
	for _, name := range p.Limited(r.Runbook) {
		if _, ok := r.Usage[name]; !ok {
			r.Usage[name] = Usage{}
		}
	}
	for _, l := range c.Locks {
		l.Runbook, l.At, l.Until = r.Runbook, r.At.Add(-time.Hour), r.At.Add(time.Hour)
		r.Locks = append(r.Locks, l)
	}
	rb, ok := p.Runbook(r.Runbook)
	if !ok || r.Action != Run && r.Action != Ask {
		return nil
	}
	r.Region = rb.Region
	if r.Document = c.Document; r.Document != nil {
		return nil
	}
	var err error
	r.Document, err = p.Assume(rb)
	return err
}

func containsGrant(grants []*Grant, name string) bool {
	for _, g := range grants {
		if g.Name == name {
			return true
		}
	}
	return false
}
