package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Look is one rule that a decision looked at.
type Look struct {
	Rule    string   // its name, or a lock's ID
	Kind    LookKind // what it is
	Applies bool     // it covers the request as it is
	Why     string   // why, in a sentence
}

// LookKind is a kind of rule.
type LookKind string

// The kinds of rules.
const (
	LookedGrant  LookKind = "grant"
	LookedDenial LookKind = "denial"
	LookedFreeze LookKind = "freeze"
	LookedLock   LookKind = "lock"
)

// maxLooked bounds the grants that an explanation lists beside what decided: those nearest to the request.
const maxLooked = 20

// looked lists the rules about the runbook: denials, freezes and locks first, which stand above grants, then grants, the
// nearest first. To whoever answers a request for approval it lists what the run depends on, and no other grants.
func (d Decision) looked() []Look {
	switch {
	case d.request == nil || d.runbook == nil:
		return nil
	case d.request.Action != Approve && d.request.Action != Reject:
		return slices.Concat(d.lookedDenials(), d.lookedFreezes(), d.lookedLocks(), d.lookedGrants())
	case d.subject == nil || d.subject.runbook == nil:
		return nil
	}
	s := d.subject
	looks := slices.Concat(s.lookedDenials(), s.lookedFreezes(), s.lookedLocks())
	if s.Pending() {
		looks = append(looks, s.lookAt(s.grant, 0))
	}
	return looks
}

func (d Decision) lookedDenials() []Look {
	var looks []Look
	for _, n := range d.policy.denials {
		if !coversRunbook(n.Runbooks, d.runbook.Name) || !n.forbids(d.request.Action) {
			continue
		}
		l := Look{Rule: n.Name, Kind: LookedDenial, Applies: d.denies(n)}
		switch {
		case !l.Applies:
			l.Why = "It is not about this."
		case n.When != nil && d.meets(n.When) != "":
			l.Why = "Nobody can say whether its condition holds, so it forbids it."
		default:
			l.Why = "It forbids it."
		}
		looks = append(looks, l)
	}
	return looks
}

func (d Decision) lookedFreezes() []Look {
	var looks []Look
	if d.request.Action != Run && d.request.Action != Ask {
		return nil
	}
	for _, f := range d.policy.freezes {
		if !coversRunbook(f.Runbooks, d.runbook.Name) {
			continue
		}
		l := Look{Rule: f.Name, Kind: LookedFreeze, Applies: d.during(f)}
		switch {
		case !l.Applies && d.request.At.Before(f.From):
			l.Why = fmt.Sprintf("It begins on %s.", moment(f.From))
		case !l.Applies:
			l.Why = fmt.Sprintf("It ended on %s.", moment(f.Until))
		case len(f.Override) > 0:
			l.Why = fmt.Sprintf("It stops it until %s, unless %d of %s agree.", moment(f.Until), OverrideCount, join(limited(f.Override), "or"))
		default:
			l.Why = fmt.Sprintf("It stops it until %s.", moment(f.Until))
		}
		looks = append(looks, l)
	}
	return looks
}

func (d Decision) lookedLocks() []Look {
	var looks []Look
	for i := range d.request.Locks {
		l := &d.request.Locks[i]
		if l.Runbook != d.runbook.Name || !d.request.At.Before(l.Until) || len(looks) == maxLooked {
			continue
		}
		look := Look{Rule: shown(l.ID), Kind: LookedLock, Applies: d.holds(l.Parameters), Why: "It is about other targets."}
		if look.Applies {
			look.Why = fmt.Sprintf("It stops it until %s.", moment(l.Until))
		}
		looks = append(looks, look)
	}
	return looks
}

func (d Decision) lookedGrants() []Look {
	type near struct {
		grant *Grant
		lacks int
	}
	var all []near
	names := d.policy.index.names(d.policy, &d.request.Actor)
	for _, g := range d.policy.grants {
		if g.covers(d.runbook.Name) {
			all = append(all, near{g, g.lacks(d.request, names)})
		}
	}
	slices.SortStableFunc(all, func(a, b near) int {
		if byDistance := a.lacks - b.lacks; byDistance != 0 {
			return byDistance
		}
		return strings.Compare(a.grant.Name, b.grant.Name)
	})
	var looks []Look
	for _, n := range all[:min(len(all), maxLooked)] {
		looks = append(looks, d.lookAt(n.grant, n.lacks))
	}
	return looks
}

func (d Decision) lookAt(g *Grant, lacks int) Look {
	l := Look{Rule: g.Name, Kind: LookedGrant}
	if lacks != 0 {
		l.Why = d.missing(g, lacks)
		return l
	}
	code := d.applies(g)
	l.Applies = code == ""
	switch {
	case code != "":
		about := d
		about.code, about.grant = code, g
		var e Explanation
		about.explainConditions(&e)
		l.Why = e.Missing
		if l.Why == "" {
			l.Why = e.Sentence
		}
	case g.Approval != nil && d.request.Action != Cancel && d.request.Action != Locking:
		l.Why = fmt.Sprintf("It covers it once %d of %s agreed.", g.Approval.Count, join(limited(g.Approval.From), "or"))
	default:
		l.Why = "It covers it."
	}
	return l
}
