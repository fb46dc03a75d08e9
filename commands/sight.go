package commands

import (
	"context"
	"slices"

	"handrail/automation"
	"handrail/policy"
)

// sight is what one person can see now. Whatever is outside of it answers like a name that does not exist.
type sight struct {
	policy  *policy.Policy
	actor   policy.Actor
	channel policy.Channel
}

// look finds out who asks where, for what is shown and not for what is decided.
func (c *Commands) look(ctx context.Context, k call) sight {
	s := sight{policy: c.Policy(), actor: policy.Actor{ID: k.User, Team: k.Team}, channel: policy.Channel{ID: k.Channel}}
	actor, err := c.Directory.Actor(ctx, k.Team, k.User)
	if err != nil {
		c.Log.Warn("looking up a person", "user", k.User, "error", err)
	} else {
		s.actor = actor
	}
	channel, err := c.Directory.Channel(ctx, k.Channel)
	if err != nil {
		c.Log.Warn("looking up a channel", "channel", k.Channel, "error", err)
	} else {
		s.channel = channel
	}
	return s
}

// member is look, and refuses to show anything to a guest, an outsider, a bot, or somebody who cannot be looked up.
func (c *Commands) member(ctx context.Context, k call) (sight, *Answer) {
	s := c.look(ctx, k)
	if s.actor.Standing == policy.StandingMember {
		return s, nil
	}
	a := say(line("I answer only full members of this workspace, and Slack does not say now that you are one."))
	a.Refused = true
	return s, &a
}

// runbook returns the runbook of exactly that name, if the person may see it.
func (s sight) runbook(name string) (*policy.Runbook, bool) {
	rb, ok := s.policy.Runbook(name)
	if !ok || !s.sees(name) {
		return nil, false
	}
	return rb, true
}

// sees says whether the person may know of a runbook.
func (s sight) sees(name string) bool {
	return s.policy.Visible(s.actor, name)
}

// names are the runbooks that the person may see, sorted.
func (s sight) names() []string {
	names := []string{}
	for _, rb := range s.policy.Runbooks() {
		if s.sees(rb.Name) {
			names = append(names, rb.Name)
		}
	}
	return names
}

// execution says whether the person may see an execution: of a runbook that they see, or one that they asked for, or
// one that they were asked about.
func (s sight) execution(x *automation.Execution) bool {
	switch {
	case s.actor.Standing != policy.StandingMember:
		return false
	case x.Requester == s.actor.ID, s.sees(x.Runbook):
		return true
	}
	return s.asked(x)
}

// asked says whether the person is one of those who may agree to an execution, or to a step of it.
func (s sight) asked(x *automation.Execution) bool {
	var from []string
	if a := x.Approval; a != nil {
		for _, n := range a.Needs {
			from = append(from, n.From...)
		}
	}
	if rb, ok := s.policy.Runbook(x.Runbook); ok {
		for _, step := range rb.Steps {
			if stepOf(x, step.Step) {
				from = append(from, step.Approval.From...)
			}
		}
	}
	return s.among(from)
}

// among says whether the person is one of those whom the policy names so.
func (s sight) among(names []string) bool {
	account := s.actor.ID
	if name, ok := s.policy.Identity(account); ok {
		account, _ = s.policy.Person(name) // the first of theirs, as Accounts has it
	}
	users, groups := s.policy.Accounts(names)
	return slices.Contains(users, account) ||
		slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(s.actor.UserGroups, g) })
}

// unknown is what is said of a name that is no runbook, or none for this person. It is the same for both.
func (s sight) unknown(name string) Line {
	l := line("I don't know a runbook %s.", code(shorten(name)))
	if near := policy.Nearest(name, s.names()); len(near) > 0 {
		l = append(l, line(" Did you mean %s?", code(near[0]))...)
	}
	return l
}

// frozen returns the freezes that stop a runbook at the time of the call.
func (s sight) frozen(k call, runbook string) []*policy.Freeze {
	return slices.DeleteFunc(s.policy.FreezesOf(runbook), func(f *policy.Freeze) bool {
		return k.At.Before(f.From) || !k.At.Before(f.Until)
	})
}

// narrow leaves out what the person may not see. Their own executions they may.
func (s sight) narrow(q *automation.Query) {
	if q.Requester != s.actor.ID {
		q.Among = s.names()
	}
}
