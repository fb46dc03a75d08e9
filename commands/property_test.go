package commands

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"handrail/automation"
	"handrail/policy"
)

// typed draws what somebody might type who knows the grammar, every name of the policy, and some tricks.
func typed() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{"run", "ask", "approve", "deny", "lock", "unlock", "cancel", "why", "restart-web", "restart-wex", "r-waiting", "d-refused",
		"l-abcdefg", "InstanceId=i-0aaaaaaaaaaaaaaa1", "InstanceId", "=", "i-0aaaaaaaaaaaaaaa1", "reason=x", `reason="`, "--dry-run", "--break-glass", "--", "—",
		"<@U012ANA|ana>", "<@U012BEN>", "user=U012ANA", "as=ana", "--user U012ANA", "channel=#ops", "<#C012OPS|ops>", "for=2h", "step=Confirm", "\n", "\"", "'",
		"&lt;", "&amp;", "|", "AutomationAssumeRole=arn:aws:iam::123456789012:role/Admin"})
	whole := rapid.SampledFrom([]string{"run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1 --break-glass reason=x",
		"ask restart-web InstanceId=i-0aaaaaaaaaaaaaaa1", "ask d-refused", "approve r-waiting", "deny r-waiting no", "lock restart-web for=2h because", "unlock l-abcdefg"})
	return rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return rapid.String().Draw(t, "text")
		case 1, 2, 3, 4, 5: // a line that would do something for somebody else, with something more
			return strings.Join(append([]string{whole.Draw(t, "whole")}, rapid.SliceOfN(piece, 0, 2).Draw(t, "more")...), " ")
		}
		return strings.Join(rapid.SliceOfN(piece, 1, 8).Draw(t, "pieces"), rapid.SampledFrom([]string{" ", " ", " ", "", "\t"}).Draw(t, "space"))
	})
}

// Nothing that a person without a grant types, clicks or fills in makes the door say yes, or changes anything.
func TestNoTextStandsInForAGrant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, gatedPolicy)
		w.people["U012GUS"] = policy.Actor{Standing: policy.StandingGuest}
		w.places["C012RND"] = policy.Channel{ID: "C012RND", Name: "random", Known: true}
		x := waitingFor(time.Now().Add(time.Hour))
		x.Ref, x.Team, x.Channel, x.Requester = "r-waiting", "T1", "C012OPS", "U012BEN"
		w.rows[x.ID], w.rows[x.Ref] = x, x
		w.shelf.locks = []policy.Lock{{ID: "l-abcdefg", Runbook: "restart-wex", By: "U012BEN", Until: time.Now().Add(time.Hour)}}
		w.records = []policy.Record{{ID: "d-refused", At: time.Now(), Actor: "U012MALLORY", Team: "T1", Channel: "C012OPS", Action: policy.Run, Runbook: "restart-web",
			Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, Facts: policy.Facts{Ask: true}}}
		text, entry := typed().Draw(r, "text"), rapid.SampledFrom(matrixEntries[:4]).Draw(r, "entry")
		for _, who := range []string{"U012LEE:C012OPS", "U012ZED:C012OPS", "U012GUS:C012OPS", "U012MALLORY:C012RND", "U012ANA:C012RND", "U012LEE:C012NON"} {
			user, channel, _ := strings.Cut(who, ":")
			inv := Invocation{Key: who, Team: "T1", User: user, Channel: channel, Command: "/runbook", Entry: entry, Text: text, At: time.Now()}
			if entry == policy.ByButton || entry == policy.ByForm {
				inv.Args, _ = Split(text)
			}
			a := w.Do(t.Context(), inv)
			for _, rec := range w.records[1:] {
				if rec.Allowed || rec.Code == policy.CodeApprovalNeeded {
					r.Fatalf("%q of %s made the door say yes: %+v", text, who, rec)
				}
			}
			if a.Execution != nil || a.Ask != "" && channel != "C012OPS" || len(w.rows) != 2 || len(w.shelf.locks) != 1 || w.shelf.locks[0].EndedBy != "" ||
				w.rows["r-waiting"].State != automation.AwaitingApproval {
				r.Fatalf("%q of %s did something: %s", text, who, read(a))
			}
			if len(a.Lines) == 0 {
				r.Fatalf("%q of %s is not answered", text, who)
			}
		}
	})
}
