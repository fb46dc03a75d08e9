package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

// To somebody without any grant on a runbook, it does not exist: every answer is that to a typo, whatever else they may do
// and whatever they type beside its name.
func TestHiddenRunbooks(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	before, after, _ := strings.Cut(example, "  stop-web:")
	_, rest, _ := strings.Cut(after, "  drift:")
	without := parse(t, before+"  drift:"+rest)
	for name, changes := range map[string][]func(*policy.Request){
		"run": {}, "elsewhere": {where("C0X", "x")}, "shared": {shared}, "a bad value": {with("InstanceId", "x")}, "a parameter": {with("Other", "x")},
		"nobody at all": {who("U012MALLORY")}, "another user group": {who("U012MALLORY", "S0OTHER")}, "a watcher": {who("U012DORA")},
		"a cancel": {cancels("U012BEN")}, "an ask": {func(r *policy.Request) { r.Action = policy.Ask }},
		"a lock": {func(r *policy.Request) { r.Action = policy.Locking }}, "an emergency": {func(r *policy.Request) { r.BreakGlass = true }},
	} {
		r := request(t, append(changes, what("stop-web"))...)
		d, typo := policy.Decide(p, r), policy.Decide(without, r)
		if d.Code() != policy.CodeNotGranted && d.Code() != policy.CodeIdentityUnknown || typo.Code() != policy.CodeRunbookUnknown {
			t.Fatalf("%s: %q and %q", name, d.Code(), typo.Code())
		}
		if diff := cmp.Diff(typo.Explain(), d.Explain()); diff != "" || !d.Hidden() || p.Visible(r.Actor, "stop-web") {
			t.Errorf("%s: hidden %v, visible %v, and a typo reads otherwise:\n%s", name, d.Hidden(), p.Visible(r.Actor, "stop-web"), diff)
		}
		if e := d.ExplainToKeeper(); !strings.Contains(e.Sentence, "lets you") || e.NearRule != "leads-all" {
			t.Errorf("%s: a keeper reads %+v", name, e)
		}
	}
	if d := policy.Decide(p, request(t, what("stop-wbe"))); len(d.Explain().Suggestions) != 0 {
		t.Errorf("suggests %q to somebody who may not see it", d.Explain().Suggestions)
	}
	if d := policy.Decide(p, request(t, what("restart-wbe"))); len(d.Explain().Suggestions) != 1 {
		t.Error("suggests nothing")
	}
	if !p.Visible(request(t).Actor, "restart-web") || p.Visible(request(t, standing(policy.StandingGuest)).Actor, "restart-web") {
		t.Error("the wrong people see restart-web")
	}
}
