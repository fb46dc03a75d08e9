package commands

import (
	"fmt"
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
		"&lt;", "&amp;", "|", "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1", "approve r-waiting", "ask d-refused", "lock restart-web for=2h because",
		"unlock l-abcdefg", "deny r-waiting no", "AutomationAssumeRole=arn:aws:iam::123456789012:role/Admin"})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "wild") == 0 {
			return rapid.String().Draw(t, "text")
		}
		return strings.Join(rapid.SliceOfN(piece, 1, 8).Draw(t, "pieces"), rapid.SampledFrom([]string{" ", " ", " ", "", "\t"}).Draw(t, "space"))
	})
}

// Nothing that a person without a grant types, clicks or fills in makes the door say yes, or changes anything.
func TestNoTextStandsInForAGrant(t *testing.T) {
	t.Parallel()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, gatedPolicy)
		w.people["U012GUS"] = policy.Actor{Standing: policy.StandingGuest}
		w.places["C012RND"] = policy.Channel{ID: "C012RND", Name: "random", Known: true}
		x := waitingFor(time.Now().Add(time.Hour))
		x.Ref, x.Team, x.Channel = "r-waiting", "T1", "C012OPS"
		w.rows[x.ID], w.rows[x.Ref] = x, x
		w.shelf.locks = []policy.Lock{{ID: "l-abcdefg", Runbook: "restart-wex", By: "U012BEN", Until: time.Now().Add(time.Hour)}}
		w.records = []policy.Record{{ID: "d-refused", At: time.Now(), Actor: "U012MALLORY", Team: "T1", Channel: "C012OPS", Action: policy.Run, Runbook: "restart-web",
			Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, Facts: policy.Facts{Ask: true}}}
		who := rapid.SampledFrom([]string{"U012LEE:C012OPS", "U012ZED:C012OPS", "U012GUS:C012OPS", "U012MALLORY:C012RND", "U012ANA:C012RND", "U012LEE:C012NON"}).Draw(r, "who")
		user, channel, _ := strings.Cut(who, ":")
		inv := Invocation{Key: fmt.Sprint("k", n), Team: "T1", User: user, Channel: channel, Command: "/runbook", At: time.Now(),
			Entry: rapid.SampledFrom(matrixEntries[:4]).Draw(r, "entry"), Text: typed().Draw(r, "text")}
		if inv.Entry == policy.ByButton || inv.Entry == policy.ByForm {
			inv.Args, _ = Split(inv.Text)
		}
		n++
		a := w.Do(t.Context(), inv)
		for _, rec := range w.records[1:] {
			if rec.Allowed || rec.Code == policy.CodeApprovalNeeded {
				r.Fatalf("%q of %s made the door say yes: %+v", inv.Text, who, rec)
			}
		}
		if a.Execution != nil || a.Ask != "" && channel != "C012OPS" || len(w.rows) != 2 || len(w.shelf.locks) != 1 || w.shelf.locks[0].EndedBy != "" ||
			w.rows["r-waiting"].State != automation.AwaitingApproval {
			r.Fatalf("%q of %s did something: %s", inv.Text, who, read(a))
		}
		if len(a.Lines) == 0 {
			r.Fatalf("%q of %s is not answered", inv.Text, who)
		}
	})
}
