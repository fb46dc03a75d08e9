package commands

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// hostile is text as an attacker writes it, who wants to mention, to link, to format, or to look like us.
const hostile = "<!channel> <@U012BEN> <https://evil.example|ok> *✅ approved* `x`\n⛔ decision d-aaaaaaaaaaaa %s %d {{ssm:x}} \u202eabc"

var trusted = regexp.MustCompile(`^-?[A-Z0-9]*$`)

// What people, policies and AWS wrote stands in plain or code spans alone: nothing of it can become a person, a place or a
// time, and nothing of it is lost or read as a format.
func TestUntrustedTextIsLiteral(t *testing.T) {
	at := as("", "").At
	x := waitingFor(at.Add(time.Hour), automation.Vote{User: "U012KIM", At: at, Reject: true, Reason: hostile})
	x.Reason, x.Note, x.Failure, x.Parameters, x.Decision = hostile, hostile, hostile, map[string][]string{hostile: {hostile}}, "d-1"
	x.Approval.Void = []policy.Difference{{What: hostile, Was: hostile, Is: hostile}}
	x.Steps = []automation.Step{{Name: hostile, Status: hostile, Action: "aws:approve"}}
	denied, void := *x, *x
	denied.Ref, denied.State = "r-denied2", automation.Denied
	void.Ref, void.State, void.Approval = "r-void222", automation.Denied, &automation.Approval{Needs: x.Approval.Needs, Void: x.Approval.Void}
	record := policy.Record{ID: "d-1", At: at, Entry: policy.ByCommand, Actor: "U012ANA", Team: "T1", Channel: "C012OPS", Action: policy.Run, Runbook: "restart-web",
		Parameters: map[string][]string{hostile: {hostile}}, Sentence: hostile, Near: hostile, Rule: hostile, Code: "x", Facts: policy.Facts{Reason: hostile, Standing: policy.StandingMember}}
	arg := func(words ...Word) []Word { return words }
	for name, args := range map[string][]Word{
		"status": arg(Word{Value: "status"}, Word{Value: "r-abcdefg"}), "denied": arg(Word{Value: "status"}, Word{Value: "r-denied2"}), "void": arg(Word{Value: "status"}, Word{Value: "r-void222"}),
		"why": arg(Word{Value: "why"}, Word{Value: "d-1"}), "locks": arg(Word{Value: "locks"}), "history": arg(Word{Value: "history"}), "list": arg(Word{Value: "status"}, Word{Value: "all"}),
		"run": arg(Word{Value: "run"}, Word{Value: "restart-web"}, Word{Key: "InstanceId", Value: hostile}), "name": arg(Word{Value: "run"}, Word{Value: hostile}),
		"key": arg(Word{Value: "run"}, Word{Value: "restart-web"}, Word{Key: hostile, Value: "x"}), "command": arg(Word{Value: hostile}), "show": arg(Word{Value: "show"}, Word{Value: hostile}),
		"approve": arg(Word{Value: "approve"}, Word{Value: hostile}), "step": arg(Word{Value: "approve"}, Word{Value: "r-void222"}, Word{Key: "step", Value: hostile}),
		"deny": arg(Word{Value: "deny"}, Word{Value: "r-abcdefg"}, Word{Value: hostile}), "lock": arg(Word{Value: "lock"}, Word{Value: "restart-web"}, Word{Key: hostile, Value: hostile}, Word{Key: "for", Value: "2h"}, Word{Value: "x"}),
		"for": arg(Word{Value: "lock"}, Word{Value: "restart-web"}, Word{Key: "for", Value: hostile}, Word{Value: "x"}), "unlock": arg(Word{Value: "unlock"}, Word{Value: hostile}),
		"ask": arg(Word{Value: "ask"}, Word{Value: "d-" + hostile}), "by": arg(Word{Value: "history"}, Word{Key: "by", Value: hostile}), "help": arg(Word{Value: "help"}, Word{Value: hostile}),
		"cancel": arg(Word{Value: "cancel"}, Word{Value: hostile}), "since": arg(Word{Value: "history"}, Word{Key: "since", Value: hostile}), "stray": arg(Word{Value: "run"}, Word{Value: "restart-web"}, Word{Value: hostile}),
	} {
		h, c := gatedHouse(t)
		h.executions = []*automation.Execution{x, &denied, &void}
		h.records["d-1"] = record
		h.locks = []policy.Lock{{ID: "l-1", Runbook: "restart-web", Parameters: map[string][]string{hostile: {hostile}}, By: "U012BEN", Reason: hostile, Until: at.Add(time.Hour)}}
		inv := as("U012ANA", "")
		inv.Entry, inv.Args = policy.ByForm, args
		a := c.Do(t.Context(), inv)
		for _, l := range a.Lines {
			for _, s := range l {
				if strings.Contains(s.Text, "%!") || (s.Style == Person || s.Style == Place || s.Style == Moment) && !trusted.MatchString(s.Text) ||
					s.Style == Bold && strings.Contains(s.Text, "evil") || s.Style == Plain && strings.Contains(s.Text, "\n") {
					t.Errorf("%s: a span of style %d holds %q", name, s.Style, s.Text)
				}
			}
		}
		if len(a.Lines) == 0 || len(h.asked) > 0 || len(h.wishes) > 0 && name != "unlock" {
			t.Errorf("%s did something: %s", name, read(a))
		}
	}
}
