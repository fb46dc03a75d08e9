package policy_test

import (
	"slices"
	"strings"
	"time"

	"handrail/policy"
)

// verdict is what the oracle says: every reason for a no, in no order, or the code and the rule of a yes or of a wait.
type verdict struct {
	no   []policy.Code
	code policy.Code
	rule string
}

func (v verdict) agrees(d policy.Decision) bool {
	if len(v.no) > 0 {
		return !d.Allowed() && !d.Pending() && slices.Contains(v.no, d.Code())
	}
	waits := v.code == policy.CodeApprovalNeeded
	return d.Code() == v.code && d.Rule() == v.rule && d.Pending() == waits && d.Allowed() != waits
}

// judge looks at everything there is, without any order.
func (t table) judge(r *policy.Request) verdict {
	no := t.judgeEnvelope(r)
	names := t.namesOf(r.Actor)
	if (r.Action == "cancel" || r.Action == "lock") && r.Requester == r.Actor.ID && len(names) > 0 {
		return verdict{append(no, t.judgeDenials(r, names)...), policy.CodeRequester, ""}
	}
	if len(names) == 0 {
		no = append(no, policy.CodeIdentityUnknown)
	}
	i := slices.IndexFunc(t.runbooks, func(b tableRunbook) bool { return b.name == r.Runbook })
	if i < 0 {
		return verdict{no: append(no, policy.CodeRunbookUnknown)}
	}
	covering, why := t.covering(r, names)
	if len(covering) == 0 {
		return verdict{no: append(no, why)}
	}
	no = append(no, t.judgeDenials(r, names)...)
	var applying []tableGrant
	for _, g := range covering {
		if len(t.judgeGrant(g, t.runbooks[i], r)) == 0 {
			applying = append(applying, g)
		}
	}
	if len(applying) == 0 {
		for _, g := range covering {
			no = append(no, t.judgeGrant(g, t.runbooks[i], r)...)
		}
		applying = covering
	}
	chosen := first(applying)
	if r.Action == "lock" || r.Action == "cancel" {
		return verdict{no, policy.CodeGranted, slices.MinFunc(applying, byName).name}
	}
	no = append(no, t.runbooks[i].judge(r)...)
	return t.judgeStops(r, chosen, no)
}

func (t table) judgeEnvelope(r *policy.Request) []policy.Code {
	var no []policy.Code
	refuse := func(when bool, code policy.Code) {
		if when {
			no = append(no, code)
		}
	}
	refuse(r.Actor.ID == "" || r.Channel.ID == "" || r.Runbook == "" || r.Entry == "", policy.CodeRequestInvalid)
	refuse(!slices.Contains([]policy.Action{"run", "ask", "cancel", "lock"}, r.Action), policy.CodeRequestInvalid)
	refuse(r.Action == "cancel" && r.Execution == "", policy.CodeRequestInvalid)
	refuse(len(r.Votes) > 0 && r.Execution == "", policy.CodeRequestInvalid)
	bad := map[policy.Standing]policy.Code{
		"": policy.CodeStandingUnknown, "guest": policy.CodeGuest, "bot": policy.CodeBot,
		"deactivated": policy.CodeDeactivated, "external": policy.CodeExternal,
	}
	code, is := bad[r.Actor.Standing]
	refuse(is, code)
	refuse(!r.Channel.Known, policy.CodeChannelUnknown)
	return no
}

// covering are the grants for who, what, where and the action; without any, it says what is missing.
func (t table) covering(r *policy.Request, names []string) (found []tableGrant, why policy.Code) {
	why = policy.CodeNotGranted
	for _, g := range t.grants {
		may := g.may
		if may == nil {
			may = []policy.Action{"run", "cancel"}
		}
		switch {
		case !slices.Contains(g.runbooks, "*") && !slices.Contains(g.runbooks, r.Runbook):
		case !overlap(g.to, names):
		case !slices.Contains(may, r.Action):
			if why == policy.CodeNotGranted {
				why = policy.CodeActionNotGranted
			}
		case slices.ContainsFunc(g.channels, func(c string) bool { return tableChannel(c, r.Channel) }):
			found = append(found, g)
		case r.Channel.Shared:
			why = policy.CodeChannelShared
		default:
			why = policy.CodeChannelNotGranted
		}
	}
	return found, why
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(word string) bool { return slices.Contains(b, word) })
}

// first is the grant that decides among those that apply: without an approval before with one, then by name.
func first(grants []tableGrant) tableGrant {
	return slices.MinFunc(grants, func(a, b tableGrant) int {
		if (len(a.from) > 0) != (len(b.from) > 0) {
			if len(a.from) > 0 {
				return 1
			}
			return -1
		}
		return byName(a, b)
	})
}

func byName(a, b tableGrant) int { return strings.Compare(a.name, b.name) }

func (t table) judgeDenials(r *policy.Request, names []string) []policy.Code {
	for _, d := range t.denials {
		may := d.may
		if may == nil {
			may = []policy.Action{"run", "ask"}
		}
		anywhere := r.Channel
		anywhere.Shared = false
		met, ok := tableMeets(t, d.when, r)
		if slices.Contains(may, r.Action) && (slices.Contains(d.runbooks, "*") || slices.Contains(d.runbooks, r.Runbook)) &&
			(d.to == nil || overlap(d.to, names)) && (met || !ok) &&
			(d.channels == nil || slices.ContainsFunc(d.channels, func(c string) bool { return tableChannel(c, anywhere) })) {
			return []policy.Code{policy.CodeDenied}
		}
	}
	return nil
}

// judgeGrant lists why a grant that covers a request does not apply.
func (t table) judgeGrant(g tableGrant, b tableRunbook, r *policy.Request) []policy.Code {
	var no []policy.Code
	refuse := func(when bool, code policy.Code) {
		if when {
			no = append(no, code)
		}
	}
	met, ok := tableMeets(t, g.when, r)
	refuse(!ok, policy.CodeConditionBroke)
	refuse(ok && !met, policy.CodeConditionUnmet)
	if r.Action == "lock" || r.Action == "cancel" {
		return no
	}
	refuse(g.glass && !r.BreakGlass, policy.CodeEmergencyOnly)
	refuse(!g.glass && r.BreakGlass, policy.CodeNoBreakGlass)
	refuse(g.glass && strings.TrimSpace(r.Reason) == "", policy.CodeReasonMissing)
	refuse(len(g.windows) > 0 && !slices.ContainsFunc(g.windows, func(name string) bool { return t.open(name, r.At) }), policy.CodeOutsideWindow)
	usage, counted := r.Usage[g.name]
	refuse(g.targets > 0 && (b.target == "" || len(r.Parameters[b.target]) > g.targets), policy.CodeLimitTargets)
	refuse((g.atOnce > 0 || g.perHour > 0) && !counted, policy.CodeUsageUnknown)
	refuse(g.atOnce > 0 && usage.Open >= g.atOnce, policy.CodeLimitAtOnce)
	refuse(g.perHour > 0 && usage.Recent >= g.perHour, policy.CodeLimitPerHour)
	return no
}

// open walks through the minutes of the week in which a window is open.
func (t table) open(name string, at time.Time) bool {
	i := slices.IndexFunc(t.windows, func(w tableWindow) bool { return w.name == name })
	w := t.windows[i]
	hours := w.until - w.from
	if hours <= 0 {
		hours += 24
	}
	midnight := at.UTC().Truncate(24 * time.Hour)
	for _, day := range []time.Time{midnight, midnight.AddDate(0, 0, -1)} {
		from := day.Add(time.Duration(w.from) * time.Hour)
		until := from.Add(time.Duration(hours) * time.Hour)
		if slices.Contains(w.days, day.Weekday()) && !at.Before(from) && at.Before(until) {
			return true
		}
	}
	return false
}

// tableConditions are the conditions that tables use, and what they mean: whether it holds, and whether that can be said.
var tableConditions = map[string]func(t table, r *policy.Request) (met, ok bool){
	"": func(table, *policy.Request) (bool, bool) { return true, true },
	"size(targets) == 1": func(t table, r *policy.Request) (bool, bool) {
		return len(r.Parameters["Id"]) == 1, true
	},
	"incident.open && incident.severity <= 2": func(_ table, r *policy.Request) (bool, bool) {
		return r.Incident != nil && r.Incident.Open && r.Incident.Severity <= 2, true
	},
	"params.Id.exists(i, i == 'i-2')": func(_ table, r *policy.Request) (bool, bool) {
		ids, given := r.Parameters["Id"]
		return slices.Contains(ids, "i-2"), given
	},
	"params.Other[0] == 'x'": func(_ table, r *policy.Request) (bool, bool) {
		other := r.Parameters["Other"]
		return len(other) > 0 && other[0] == "x", len(other) > 0
	},
	"actor.name == 'ben' || 'leads' in actor.groups": func(t table, r *policy.Request) (bool, bool) {
		return slices.Contains(t.namesOf(r.Actor), "ben") || slices.Contains(t.namesOf(r.Actor), "leads"), true
	},
	"now.getHours() >= 12": func(_ table, r *policy.Request) (bool, bool) { return r.At.UTC().Hour() >= 12, true },
}

func tableMeets(t table, when string, r *policy.Request) (met, ok bool) {
	return tableConditions[when](t, r)
}
