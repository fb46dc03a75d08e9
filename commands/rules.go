package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"handrail/policy"
)

// rules lists what the policy says about a runbook: what it forbids, and who may do what.
func (s sight) rules(runbook string) []Line {
	var lines []Line
	for _, d := range s.policy.Denials() {
		if slices.Contains(d.Runbooks, runbook) || slices.Contains(d.Runbooks, policy.Everything) {
			lines = append(lines, denial(d))
		}
	}
	for _, g := range s.policy.GrantsFor(runbook) {
		lines = append(lines, s.grant(g))
	}
	if more := len(lines) - shownRules; more > 0 {
		lines = append(lines[:shownRules], line("… and %s more rules.", fmt.Sprint(more)))
	}
	return lines
}

// shownRules is how many rules an answer lists.
const shownRules = 20

// grant says who may do what where, and under which conditions.
func (s sight) grant(g *policy.Grant) Line {
	l := line("%s  %s may %s in %s", bold("Rule "+g.Name), list(g.To), verbs(g.May, "and"), places(g.Channels))
	if a := g.Approval; a != nil {
		agree := "agree"
		if a.Count == 1 {
			agree = "agrees"
		}
		l = append(l, line(", once %s of %s %s within %s", fmt.Sprint(a.Count), anyOf(a.From), agree, brief(a.Expires))...)
		if a.RequireIdentity {
			l = append(l, line(" (only people that the policy names itself)")...)
		}
	}
	if g.BreakGlass != nil {
		l = append(l, line(", in emergencies: %s and a reason, told to %s", code("--break-glass"), code(g.BreakGlass.Notify))...)
	}
	for i, name := range g.Windows {
		join := ", only "
		if i > 0 {
			join = " or "
		}
		l = append(l, line("%s%s", join, s.window(name))...)
	}
	if g.When != nil {
		l = append(l, line(", when %s", code(g.When.Source))...)
	}
	return append(l, limits(g.Limits)...)
}

func limits(x policy.Limits) Line {
	var parts []Line
	for _, limit := range []struct {
		n    int
		what string
	}{{x.AtOnce, "at once"}, {x.PerHour, "an hour"}, {x.Targets, "targets each"}} {
		if limit.n > 0 {
			parts = append(parts, line("%s %s", fmt.Sprint(limit.n), limit.what))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return line(", at most %s", and(parts))
}

// window is when a grant applies: "mon and tue 22:00 to 05:00 Europe/Oslo (nights)".
func (s sight) window(name string) Line {
	w, ok := s.policy.Window(name)
	if !ok {
		return line("in %s", code(name))
	}
	var days []string
	for i := range w.Days {
		day := time.Weekday((i + 1) % 7) // people begin with Monday
		if w.Days[day] {
			days = append(days, strings.ToLower(day.String()[:3]))
		}
	}
	return line("%s %s to %s %s (%s)", strings.Join(days, ", "), clock(w.From), clock(w.Until), w.Zone.String(), code(w.Name))
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60%24, minutes%60) }

// denial says who may not do what.
func denial(d *policy.Denial) Line {
	to, may := line("nobody may "), d.May
	if len(d.To) > 0 {
		to = line("%s may not ", list(d.To))
	}
	if len(may) == 0 {
		may = []policy.Action{policy.Run, policy.Ask}
	}
	l := line("%s  %s%s", bold("Denial "+d.Name), to, verbs(may, "or"))
	if len(d.Channels) > 0 {
		l = append(l, line(" in %s", places(d.Channels))...)
	}
	if d.When != nil {
		l = append(l, line(", when %s", code(d.When.Source))...)
	}
	if d.Reason != "" {
		l = append(l, line(": %s", d.Reason)...)
	}
	return l
}

// verbs is "run, cancel and lock".
func verbs(actions []policy.Action, last string) Line {
	var parts []Line
	for _, a := range actions {
		parts = append(parts, line("%s", string(a)))
	}
	return joined(parts, last)
}

func places(channels []string) Line {
	if slices.Contains(channels, policy.Everything) {
		return line("any channel")
	}
	return anyOf(channels)
}

// brief is a time span as people write it: 15m, 2h, 1h30m.
func brief(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = strings.TrimSuffix(s, zero[1:])
		}
	}
	return s
}

// constraint says which values a parameter may have.
func constraint(p policy.Parameter) Line {
	var parts []Line
	if len(p.Allow) > 0 {
		shown := p.Allow[:min(len(p.Allow), 10)]
		l := line("one of %s", list(shown))
		if len(p.Allow) > len(shown) {
			l = append(l, line(" and %s more", fmt.Sprint(len(p.Allow)-len(shown)))...)
		}
		parts = append(parts, l)
	}
	if p.Pattern != "" {
		parts = append(parts, line("the whole value matches %s", code(p.Pattern)))
	}
	switch {
	case p.Min != nil && p.Max != nil:
		parts = append(parts, line("a whole number from %s to %s", fmt.Sprint(*p.Min), fmt.Sprint(*p.Max)))
	case p.Min != nil:
		parts = append(parts, line("a whole number, %s at least", fmt.Sprint(*p.Min)))
	case p.Max != nil:
		parts = append(parts, line("a whole number, %s at most", fmt.Sprint(*p.Max)))
	}
	if p.Secret {
		parts = append(parts, line("the name of an SSM parameter that holds the secret, such as %s, never the secret", code("/path/name")))
	}
	l := and(parts)
	if p.MaxItems > 1 {
		l = append(l, line(", up to %s values", fmt.Sprint(p.MaxItems))...)
	}
	return l
}
