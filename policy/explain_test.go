package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"handrail/policy"
)

// What people read, as one page: every kind of answer, in testdata/explain.golden.
func TestExplain(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	holds := func(assumeRole string, parameters ...string) func(*policy.Request) {
		return document(func(d *policy.Document) { d.Content = content(t, assumeRole, parameters...) })
	}
	questions := []struct {
		name    string
		request *policy.Request
	}{
		{"ana restarts", request(t)},
		{"ana cancels her own", request(t, cancels("U012ANA"))},
		{"dora cancels ana's", request(t, who("U012DORA"), cancels("U012ANA"))},
		{"an empty request", &policy.Request{}},
		{"standing unknown", request(t, standing(""))},
		{"a guest", request(t, standing(policy.StandingGuest))},
		{"a bot", request(t, standing(policy.StandingBot))},
		{"a deactivated account", request(t, standing(policy.StandingDeactivated))},
		{"an external person", request(t, standing(policy.StandingExternal))},
		{"channel unknown", request(t, func(r *policy.Request) { r.Channel.Known = false })},
		{"a typo", request(t, what("restart-wbe"))},
		{"a typo of somebody who may do nothing", request(t, who("U012MALLORY"), what("restart-wbe"))},
		{"mallory", request(t, who("U012MALLORY"))},
		{"ana stops", request(t, what("stop-web"))},
		{"ana elsewhere", request(t, where("C0RANDOM", "random"))},
		{"ana in a direct message", request(t, where("D0ANA", ""))},
		{"ana in a shared channel", request(t, shared)},
		{"dora restarts", request(t, who("U012DORA"))},
		{"an unknown parameter", request(t, with("Instanceid", "x"))},
		{"a value not allowed", request(t, with("InstanceId", "i-0aaaaaaaaaaaaaaa3"))},
		{"two values in one", request(t, what("stop-web"), who("U012LEAD"), func(r *policy.Request) { r.Actor.UserGroups = []string{"S0LEADS"} },
			with("InstanceId", "i-0aaaaaaaaaaaaaaa1,i-0aaaaaaaaaaaaaaa2"))},
		{"two values in one, where one is too many", request(t, with("InstanceId", "i-0aaaaaaaaaaaaaaa1,i-0aaaaaaaaaaaaaaa2"))},
		{"two values", request(t, with("InstanceId", "a", "b"))},
		{"no value", request(t, with("InstanceId"))},
		{"a long value", request(t, with("InstanceId", strings.Repeat("x", 600)))},
		{"a template", request(t, with("InstanceId", "{{ssm:password}}"))},
		{"a hidden value", request(t, with("InstanceId", "i-\u202e1"))},
		{"a bad name", request(t, with("a\tb", "x"))},
		{"too many parameters", request(t, func(r *policy.Request) {
			for _, name := range many(250, "P%d") {
				r.Parameters[name] = nil
			}
		})},
		{"the role", request(t, with("AutomationAssumeRole", otherRole))},
		{"nothing given", request(t, without("InstanceId"))},
		{"not asked", request(t, func(r *policy.Request) { r.Document = nil })},
		{"gone", request(t, document(func(d *policy.Document) { d.State = policy.DocumentGone }))},
		{"unreadable", request(t, document(func(d *policy.Document) { d.Content, d.Problem = nil, "schemaVersion is not 0.3" }))},
		{"another version", request(t, document(func(d *policy.Document) { d.Version = "2" }))},
		{"no hash", request(t, document(func(d *policy.Document) { d.SHA256 = "" }))},
		{"another hash", request(t, document(func(d *policy.Document) { d.SHA256 = otherHash }))},
		{"no role", request(t, holds("", declaredID))},
		{"another role", request(t, holds("assumeRole: "+otherRole, declaredID))},
		{"an unclear role", request(t, holds("assumeRole: '{{ Nothing }}'", declaredID))},
		{"two roles", request(t, holds("assumeRole: '{{ Role }}'", "Role: {type: String}", declaredRole, declaredID))},
		{"not declared", request(t, holds(injected, declaredRole))},
		{"needed and not listed", request(t, holds(injected, declaredRole, declaredID, "Why: {type: String}"))},
	}
	var page strings.Builder
	for _, q := range questions {
		d := policy.Decide(p, q.request)
		e := d.Explain()
		fmt.Fprintf(&page, "## %s: %s\n%s\n", q.name, d.Code(), e.Sentence)
		for _, line := range [][2]string{
			{"decided", e.Decided}, {"rule", e.Rule}, {"near", e.Near}, {"missing", e.Missing}, {"fix", e.Fix},
			{"parameter", e.Parameter}, {"suggestions", strings.Join(e.Suggestions, " ")},
			{"values", strings.Join(e.Values, " ")}, {"who", strings.Join(e.Who, " ")},
		} {
			if line[1] != "" {
				fmt.Fprintf(&page, "  %-12s%s\n", line[0], line[1])
			}
		}
	}
	golden(t, "testdata/explain.golden", page.String())
}
