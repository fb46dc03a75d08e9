package commands

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// The times that a lock may last.
const (
	shortestLock = time.Minute
	longestLock  = 30 * 24 * time.Hour
)

// lock keeps a runbook, or some targets of it, from being run for a time.
func (c *Commands) lock(ctx context.Context, k call) Answer {
	a := automation.LockAsk{Key: k.Key, Entry: k.Entry, Team: k.Team, User: k.User, Channel: k.Channel, Parameters: map[string][]string{}, At: k.At}
	if bad := k.readLock(&a); bad != nil {
		return *bad
	}
	if rb, ok := c.look(ctx, k).runbook(a.Runbook); ok {
		if bad := k.lockable(a, rb); bad != nil {
			return *bad
		}
	}
	out, err := c.Engine.Lock(ctx, a)
	switch {
	case err != nil:
		return c.broken(k, "locking", err)
	case out.Refused != nil:
		return c.refusedBefore(ctx, k, out.Refused)
	case !out.Again && !out.Decision.Allowed():
		return c.refusal(ctx, k, a.Runbook, out.Decision)
	case out.Lock == nil:
		return say(line("That request was received before. %s lists what is locked.", code(k.Command+" locks")))
	}
	return say(lock(*out.Lock), line("To end it sooner: %s", code(k.Command+" unlock "+out.Lock.ID)))
}

// readLock reads NAME key=value… for=2h reason….
func (k call) readLock(a *automation.LockAsk) *Answer {
	var reason []string
	span := ""
	for _, w := range k.words {
		switch {
		case w.Key == "for":
			span = w.Value
		case w.Key == "reason":
			reason = append(reason, w.Value)
		case w.Key != "":
			a.Parameters[w.Key] = append(a.Parameters[w.Key], w.Value)
		case a.Runbook == "":
			a.Runbook = w.Value
		default:
			reason = append(reason, w.Value)
		}
	}
	how := code(k.Command + " lock NAME key=value… for=2h reason…")
	a.Reason = strings.Join(reason, " ")
	var ok bool
	a.For, ok = ago(span)
	switch {
	case a.Runbook == "":
		return new(say(line("Lock which runbook? %s. %s lists what is locked.", how, code(k.Command+" locks"))))
	case span == "":
		return new(say(line("For how long? Say it with %s, such as %s: %s", code("for="), code("for=2h"), how)))
	case !ok || a.For < shortestLock || a.For > longestLock:
		return new(say(line("%s is no time for a lock. Say minutes, hours, days or weeks, such as %s, %s or %s; 30 days at most.",
			code("for="+shorten(span)), code("for=30m"), code("for=2h"), code("for=1d"))))
	case strings.TrimSpace(a.Reason) == "":
		return new(say(line("Why? Whoever is stopped by the lock is told the reason: %s", how)))
	}
	return badReason(a.Reason)
}

// lockable refuses a lock that could never stop a run, because no run can have such values.
func (k call) lockable(a automation.LockAsk, rb *policy.Runbook) *Answer {
	var names []string
	for _, p := range rb.Parameters {
		names = append(names, p.Name)
	}
	for _, w := range k.words {
		if w.Key == "" || w.Key == "for" || w.Key == "reason" {
			continue
		}
		at := pointIn(k, rb, w)
		p, ok := rb.Parameter(w.Key)
		switch {
		case !ok:
			l := line("%s takes no parameter %s from people.", rb.Name, code(shorten(w.Key)))
			if near := policy.Nearest(w.Key, names); len(near) > 0 {
				l = append(l, line(" Did you mean %s?", code(near[0]))...)
			}
			return new(say(append([]Line{l}, at...)...))
		case p.Secret && !strings.HasPrefix(w.Value, "/"): // it may be the secret itself, so it is not shown
			return new(say(line("%s takes the name of an SSM parameter, such as %s. Nothing can run with another value.", code(p.Name), code("/path/name"))))
		case len(p.Allow) > 0 && !slices.Contains(p.Allow, w.Value):
			l := line("%s is not a value that %s can have, so nothing can run with it.", code(shorten(w.Value)), code(p.Name))
			if near := policy.Nearest(w.Value, p.Allow); len(near) > 0 {
				l = append(l, line(" Did you mean %s?", code(near[0]))...)
			}
			return new(say(append([]Line{l}, at...)...))
		}
	}
	return nil
}

// unlock ends a lock before its time.
func (c *Commands) unlock(ctx context.Context, k call) Answer {
	s := c.look(ctx, k)
	if len(k.words) != 1 || k.words[0].Key != "" {
		return say(line("Unlock which one? %s. %s lists them.", code(k.Command+" unlock ID"), code(k.Command+" locks")))
	}
	id := k.words[0].Value
	unknown := say(line("I don't know a lock %s that is not over. %s lists them.", code(shorten(id)), code(k.Command+" locks")))
	runbook := c.lockedBy(ctx, k, id)
	out, err := c.Engine.Lock(ctx, automation.LockAsk{Key: k.Key, Entry: k.Entry, Team: k.Team, User: k.User, Channel: k.Channel, End: id, At: k.At})
	switch {
	case errors.Is(err, automation.ErrNotFound):
		return unknown
	case err != nil:
		return c.broken(k, "unlocking", err)
	case out.Refused != nil && s.sees(out.Refused.Runbook):
		return c.refusedBefore(ctx, k, out.Refused)
	case !out.Again && out.Decision.Allowed() && out.Lock != nil:
		return say(line("🔓 %s is no longer locked by %s. %s lists what still is.", target(out.Lock.Runbook, out.Lock.Parameters), code(out.Lock.ID), code(k.Command+" locks")))
	case out.Again && out.Refused == nil:
		return say(line("That request was received before. %s lists what is locked.", code(k.Command+" locks")))
	case runbook == "" || !s.sees(runbook):
		return unknown
	}
	return c.refusal(ctx, k, runbook, out.Decision)
}

// locks lists what is locked, of the runbooks that the person may see.
func (c *Commands) locks(ctx context.Context, k call) Answer {
	s, bad := c.member(ctx, k)
	if bad != nil {
		return *bad
	}
	if len(k.words) > 1 || len(k.words) == 1 && k.words[0].Key != "" {
		return say(line("Write %s or %s.", code(k.Command+" locks"), code(k.Command+" locks NAME")))
	}
	all, err := c.Memory.ActiveLocks(ctx, k.At)
	if err != nil {
		return c.broken(k, "reading the locks", err)
	}
	if len(k.words) == 1 {
		if _, ok := s.runbook(k.words[0].Value); !ok {
			return c.noSuch(s, k, k.words[0])
		}
	}
	var lines []Line
	for _, l := range all {
		if s.sees(l.Runbook) && (len(k.words) == 0 || k.words[0].Value == l.Runbook) {
			lines = append(lines, lock(l))
		}
	}
	if len(lines) == 0 {
		return say(line("Nothing is locked. To lock: %s", code(k.Command+" lock NAME key=value… for=2h reason…")))
	}
	if more := len(lines) - shownRunbooks; more > 0 {
		lines = append(lines[:shownRunbooks], line("… and more: %s narrows the list.", code(k.Command+" locks NAME")))
	}
	return say(append(append([]Line{line("%s", bold("Locked now"))}, lines...), line("To end one: %s", code(k.Command+" unlock ID")))...)
}

// locked returns the locks on a runbook that are not over, or none if they cannot be read: they are shown, not decided by.
func (c *Commands) locked(ctx context.Context, k call, runbook string) []policy.Lock {
	all, err := c.Memory.ActiveLocks(ctx, k.At)
	if err != nil {
		c.Log.Warn("reading the locks", "error", err)
	}
	return slices.DeleteFunc(slices.Clone(all), func(l policy.Lock) bool { return l.Runbook != runbook })
}

// lockedBy is the runbook of a lock that is not over, or "".
func (c *Commands) lockedBy(ctx context.Context, k call, id string) string {
	all, err := c.Memory.ActiveLocks(ctx, k.At)
	if err != nil {
		c.Log.Warn("reading the locks", "error", err)
	}
	for _, l := range all {
		if l.ID == id {
			return l.Runbook
		}
	}
	return ""
}

// holds says whether a lock stops a run with these parameters.
func holds(l policy.Lock, given map[string][]string) bool {
	for name, values := range l.Parameters {
		for _, v := range values {
			if !slices.Contains(given[name], v) {
				return false
			}
		}
	}
	return true
}

// lock is one lock on a line.
func lock(l policy.Lock) Line {
	return line("🔒 %s is locked until %s by %s: %s (%s)", target(l.Runbook, l.Parameters), moment(l.Until), person(l.By), l.Reason, code(l.ID))
}

// target is a runbook with its parameters, to read.
func target(runbook string, ps map[string][]string) Span { return code(typedRun(runbook, ps)) }

// freeze is one freeze on a line.
func freeze(runbook string, f *policy.Freeze) Line {
	l := line("❄ %s is frozen until %s", code(runbook), moment(f.Until))
	if f.Reason != "" {
		l = append(l, line(": %s", f.Reason)...)
	}
	l = append(l, line(" (freeze %s", code(f.Name))...)
	if f.Owner != "" {
		l = append(l, line(", owner %s", code(f.Owner))...)
	}
	if len(f.Override) > 0 {
		l = join(l, line("; 2 of "), anyOf(f.Override), line(" can let a run through"))
	}
	return append(l, Span{Text: ")"})
}
