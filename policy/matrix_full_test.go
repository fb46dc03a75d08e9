package policy_test

import (
	"maps"
	"testing"
	"time"

	"handrail/policy"
)

// The times of the matrix: an ordinary noon, a night within the window, and times within the freezes.
var (
	tuesday  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	night    = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC) // the window opened on Tuesday
	yearEnd  = time.Date(2026, 12, 28, 12, 0, 0, 0, time.UTC)
	hardTime = time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)
)

// fullTable is a policy with everything a policy can have.
func fullTable() table {
	ids := map[string][]string{"Id": {"i-1", "i-2", "i-3"}}
	return table{
		people: [][2]string{{"ana", "U0ANA"}, {"ben", "U0BEN"}, {"kim", "U0KIM"}, {"dora", "U0DORA"}, {"eve", "U0EVE"}, {"eve", "U1EVE"}, {"idle", "U0IDLE"}},
		members: map[string][]string{
			"web": {"ana", "ben", "eve"}, "leads": {"ben", "kim", "eve"}, "contractors": {"dora"},
		},
		slack: map[string]string{"oncall": "S0ONCALL"},
		runbooks: []tableRunbook{
			{name: "restart-web", allow: ids, max: 2, pinned: true, target: "Id"}, {name: "failover-db", allow: ids, max: 3, pinned: true, target: "Id"},
			{name: "scale", allow: map[string][]string{"Id": {"i-1", "i-2"}, "Other": {"x", "y"}}, max: 2, pinned: true, target: "Id"}, {name: "plain", pinned: true},
		},
		windows: []tableWindow{{"nights", []time.Weekday{time.Monday, time.Tuesday}, 22, 5}, {"noon", []time.Weekday{time.Tuesday}, 12, 13}},
		grants: []tableGrant{
			{name: "web", to: []string{"web"}, runbooks: []string{"restart-web"}, channels: []string{"#ops", "#inc-*"}},
			{name: "failovers", to: []string{"web"}, runbooks: []string{"failover-db"}, channels: []string{"#ops"}, when: "size(targets) == 1", from: []string{"leads"}, count: 1},
			{name: "failovers-of-more", to: []string{"web", "oncall"}, runbooks: []string{"failover-db"}, channels: []string{"#ops", "C0SHARED"}, targets: 2,
				from: []string{"leads", "oncall"}, count: 2, identity: true},
			{name: "incidents", to: []string{"web", "oncall"}, runbooks: []string{"failover-db"}, channels: []string{"#inc-*"}, when: "incident.open && incident.severity <= 2"},
			{name: "nights", to: []string{"oncall"}, runbooks: []string{"*"}, channels: []string{"*"}, windows: []string{"nights", "noon"}},
			{name: "scales", to: []string{"web"}, runbooks: []string{"scale"}, channels: []string{"#ops"}, atOnce: 2, perHour: 3, targets: 1},
			{name: "a-scales", to: []string{"web"}, runbooks: []string{"scale"}, channels: []string{"#ops"}, from: []string{"kim", "oncall"}, count: 1, when: "now.getHours() >= 12"},
			{name: "glass", to: []string{"leads", "oncall"}, runbooks: []string{"failover-db", "scale"}, channels: []string{"#ops", "#random"}, may: []policy.Action{policy.Run}, glass: true},
			{name: "asks", to: []string{"contractors", "web"}, runbooks: []string{"restart-web", "scale", "plain"}, channels: []string{"#ops"},
				may: []policy.Action{policy.Ask, policy.Cancel}, from: []string{"leads"}, count: 1},
			{name: "locks", to: []string{"leads"}, runbooks: []string{"*"}, channels: []string{"*"}, may: []policy.Action{policy.Locking}, when: "now.getHours() >= 12"},
			{name: "stops", to: []string{"oncall", "dora"}, runbooks: []string{"*"}, channels: []string{"#*"}, may: []policy.Action{policy.Cancel}, when: "params.Other[0] == 'x'"},
		},
		denials: []tableDenial{
			{name: "no-random", runbooks: []string{"*"}, channels: []string{"#random", "#partners"}},
			{name: "no-dora", to: []string{"contractors"}, runbooks: []string{"scale"}, may: []policy.Action{policy.Run, policy.Ask, policy.Cancel}},
			{name: "not-two", to: []string{"ben", "oncall"}, runbooks: []string{"restart-web"}, when: "params.Id.exists(i, i == 'i-2')"},
			{name: "no-x", runbooks: []string{"plain", "scale"}, when: "params.Other[0] == 'x'", channels: []string{"C0INC", "#op*"}, to: []string{"kim", "oncall"}},
			{name: "no-eve", to: []string{"eve"}, runbooks: []string{"failover-db"}, channels: []string{"#else*"}},
			{name: "no-locks", runbooks: []string{"restart-web"}, may: []policy.Action{policy.Locking}, when: "actor.name == 'ben' || 'leads' in actor.groups", to: []string{"ben"}},
		},
		freezes: []tableFreeze{
			{"year-end", yearEnd.AddDate(0, 0, -4), hardTime.AddDate(0, 0, 1), []string{"restart-web", "scale"}, []string{"leads", "oncall"}},
			{"hard", hardTime, hardTime.Add(time.Hour), []string{"*"}, nil},
			{"web-too", yearEnd, yearEnd.Add(time.Hour), []string{"restart-web"}, []string{"kim", "eve", "oncall"}},
		},
	}
}

// feature is what a request has beside who, what and where.
type feature struct {
	name   string
	change func(*policy.Request)
}

func at(t time.Time) func(*policy.Request) { return func(r *policy.Request) { r.At = t } }

func voters(ids ...policy.Actor) func(*policy.Request) {
	return func(r *policy.Request) {
		r.ApproveBy = r.At.Add(10 * time.Minute)
		for _, a := range ids {
			r.Votes = append(r.Votes, policy.Vote{Actor: a, At: r.At.Add(-time.Minute)})
		}
	}
}

func both(changes ...func(*policy.Request)) func(*policy.Request) {
	return func(r *policy.Request) {
		for _, change := range changes {
			change(r)
		}
	}
}

func person(id string, groups ...string) policy.Actor {
	return policy.Actor{ID: id, Standing: policy.StandingMember, UserGroups: groups}
}

func features() []feature {
	ben, kim, eve, mail := person("U0BEN"), person("U0KIM"), person("U0EVE"), person("U0KIM")
	mail.Mail = "Ana+two@example.com"
	emergency := func(r *policy.Request) { r.BreakGlass, r.Reason = true, "the database is down" }
	used := func(open, recent int) func(*policy.Request) {
		return func(r *policy.Request) { r.Usage = map[string]policy.Usage{"scales": {Open: open, Recent: recent}} }
	}
	incident := func(severity int, open bool) func(*policy.Request) {
		return func(r *policy.Request) { r.Incident = &policy.Incident{ID: "inc-1", Severity: severity, Open: open} }
	}
	lock := func(l policy.Lock) func(*policy.Request) {
		return func(r *policy.Request) {
			if l.Runbook == "" {
				l.Runbook = r.Runbook
			}
			l.Until = r.At.Add(time.Minute)
			r.Locks = []policy.Lock{l}
		}
	}
	late := func(r *policy.Request) {
		for i := range r.Votes {
			r.Votes[i].At = r.ApproveBy.Add(1)
		}
	}
	mark := func(r *policy.Request) {
		for i := range r.Votes {
			r.Votes[i].Digest = stale
		}
	}
	return []feature{
		{"nothing", func(*policy.Request) {}}, {"night", at(night)}, {"freeze", at(yearEnd)}, {"a frozen afternoon", at(yearEnd.Add(2 * time.Hour))},
		{"hard freeze", at(hardTime)}, {"after it", at(hardTime.AddDate(0, 0, 1))}, {"used a little", used(1, 2)}, {"used at once", used(2, 2)},
		{"used often", used(0, 3)}, {"used at once in the night", both(at(night), used(2, 2))}, {"used often in the night", both(at(night), used(0, 3))}, {"an incident", incident(1, true)}, {"a small incident", incident(3, true)}, {"a closed incident", incident(1, false)},
		{"locked", lock(policy.Lock{})}, {"one target locked", lock(policy.Lock{Parameters: map[string][]string{"Id": {"i-2"}}})},
		{"two targets locked", lock(policy.Lock{Parameters: map[string][]string{"Id": {"i-2", "i-1"}}})}, {"another locked", lock(policy.Lock{Runbook: "other"})},
		{"a lock over", both(lock(policy.Lock{}), func(r *policy.Request) { r.Locks[0].Until = r.At })},
		{"an emergency", emergency}, {"an emergency without a reason", both(emergency, func(r *policy.Request) { r.Reason = " " })},
		{"an emergency in a freeze", both(at(yearEnd), emergency)}, {"and others agree", both(at(yearEnd), emergency, voters(kim, eve))},
		{"ben agrees", voters(ben)}, {"ben and kim", voters(ben, kim)}, {"kim twice", voters(kim, kim)}, {"eve's two accounts", voters(eve, person("U1EVE"))},
		{"the U and the W form", voters(kim, person("W0KIM", "S0ONCALL"))}, {"on call", voters(person("U9", "S0ONCALL"), kim)}, {"ana", voters(person("U0ANA"), kim)},
		{"ana's form", voters(person("W0ANA", "S0ONCALL"), ben)}, {"ana's mail", voters(mail, ben)}, {"a guest", voters(ben, policy.Actor{ID: "U0KIM", Standing: policy.StandingGuest})},
		{"one who may not", voters(kim, person("U0IDLE"))}, {"late", both(voters(ben, kim), late)}, {"stale", both(voters(ben, kim), mark)},
		{"too late to go on", both(voters(ben), func(r *policy.Request) { r.ApproveBy = r.At.Add(-1) }, func(r *policy.Request) { r.Votes = nil })},
		{"in time, started late", both(voters(ben, kim), func(r *policy.Request) { r.At = r.ApproveBy.Add(time.Minute) })},
		{"agreed in a freeze", both(at(yearEnd), voters(ben, kim))}, {"three in a freeze", both(at(yearEnd), voters(ben, kim, eve))},
		{"in a frozen afternoon", both(at(yearEnd.Add(2*time.Hour)), voters(person("U9", "S0ONCALL"), eve))},
	}
}

var entries = []policy.Entry{
	policy.ByCommand, policy.ByMention, policy.ByButton, policy.ByForm, policy.BySchedule, policy.ByIncident, policy.ByRetry,
}

// Every kind of person, in every kind of channel, on every runbook, with every kind of parameters, with everything a
// policy can have, through every entry: the decision is the oracle's.
func TestFullMatrix(t *testing.T) {
	t.Parallel()
	rules := fullTable()
	p := parse(t, rules.yaml())
	codes := map[policy.Code]int{}
	cells := 0
	for i, f := range features() {
		for r := range fullMatrix(t) {
			if i > 20 && r.Action != policy.Run && r.Action != policy.Ask {
				continue // who agreed is about running
			}
			f.change(r)
			agree(p, r)
			r.Entry = policy.ByCommand
			want := rules.judge(r)
			for _, r.Entry = range entries {
				d := policy.Decide(p, r)
				cells++
				codes[d.Code()]++
				if !want.agrees(d) {
					t.Fatalf("%s: decided %q by %q, the oracle has %+v for %+v", f.name, d.Code(), d.Rule(), want, r)
				}
			}
		}
	}
	t.Logf("%d cells: %v", cells, codes)
	for _, code := range []policy.Code{
		policy.CodeGranted, policy.CodeApproved, policy.CodeApprovalNeeded, policy.CodeBreakGlass, policy.CodeRequester, policy.CodeDenied, policy.CodeFrozen,
		policy.CodeLocked, policy.CodeConditionUnmet, policy.CodeConditionBroke, policy.CodeOutsideWindow, policy.CodeLimitAtOnce, policy.CodeLimitPerHour,
		policy.CodeLimitTargets, policy.CodeUsageUnknown, policy.CodeReasonMissing, policy.CodeNoBreakGlass, policy.CodeEmergencyOnly,
		policy.CodeDigestMismatch, policy.CodeApprovalExpired, policy.CodeApproverSelf, policy.CodeApproverGone,
	} {
		if codes[code] < len(entries) {
			t.Errorf("%s came up %d times", code, codes[code])
		}
	}
	if cells < 50_000 {
		t.Errorf("only %d cells", cells)
	}
}

// agree makes votes be for what the request is, unless they are stale.
func agree(p *policy.Policy, r *policy.Request) {
	bound := policy.Bound{
		Action: r.Action, Execution: r.Execution, Requester: r.Actor.ID, Team: r.Actor.Team, Channel: r.Channel.ID, Runbook: r.Runbook, Document: "Doc-" + r.Runbook,
		Version: "1", SHA256: hash, Parameters: r.Parameters, Role: serviceRole, Region: r.Region, BreakGlass: r.BreakGlass, Policy: p.Hash(),
		Expires: r.ApproveBy.UnixMilli(),
	}
	if r.Runbook != "plain" {
		bound.Targets = r.Parameters["Id"]
	}
	digest := bound.Digest()
	for i := range r.Votes {
		if r.Votes[i].Digest == "" {
			r.Votes[i].Digest = digest
		}
	}
}

func fullMatrix(t *testing.T) func(yield func(*policy.Request) bool) {
	doc := held("1", hash, content(t, injected, declaredRole, "Id: {type: StringList, default: []}", "Other: {type: String, default: ''}"))
	actors := []policy.Actor{
		person("U0ANA"), person("U0BEN"), person("U0KIM"), person("U0DORA"), person("U1EVE"), person("U0NOBODY", "S0ONCALL"), person("U0DORA", "S0ONCALL"),
	}
	actors[0].Mail = "ana@example.com"
	channels := []policy.Channel{
		{ID: "C0OPS", Name: "ops", Known: true}, {ID: "C0INC", Name: "inc-204", Known: true}, {ID: "C0RANDOM", Name: "random", Known: true},
		{ID: "C0SHARED", Name: "elsewhere", Known: true, Shared: true},
	}
	given := []map[string][]string{{"Id": {"i-1"}}, {"Id": {"i-2", "i-1"}}, {"Id": {"i-2"}, "Other": {"x"}}}
	return func(yield func(*policy.Request) bool) {
		for _, actor := range actors {
			for _, channel := range channels {
				for _, name := range []string{"restart-web", "failover-db", "scale", "plain"} {
					for i, parameters := range given {
						for _, action := range []policy.Action{policy.Run, policy.Ask, policy.Cancel, policy.Locking} {
							if name == "plain" && i > 0 || action == policy.Cancel && i > 1 {
								continue
							}
							r := &policy.Request{
								Action: action, Actor: actor, Channel: channel, Runbook: name, Parameters: maps.Clone(parameters), Document: doc,
								Execution: "x-1", At: tuesday, Region: "eu-west-1", Requester: "U0ANA",
							}
							if name == "plain" {
								r.Parameters, r.Document = nil, held("1", hash, content(t, injected, declaredRole))
							}
							if !yield(r) {
								return
							}
						}
					}
				}
			}
		}
	}
}
