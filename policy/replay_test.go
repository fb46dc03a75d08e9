package policy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

// notebook keeps what a gate records.
type notebook struct{ records []policy.Record }

func (n *notebook) Record(_ context.Context, r policy.Record) error {
	n.records = append(n.records, r)
	return nil
}

// history is the records of requests that the example decided.
func history(t *testing.T, requests ...*policy.Request) []policy.Record {
	t.Helper()
	var n notebook
	gate := policy.NewGate(parse(t, example))
	for i, r := range requests {
		r.At = testTime.Add(time.Duration(i) * time.Minute)
		if _, err := gate.Check(t.Context(), &n, fmt.Sprint("key ", i), r.Execution, r); err != nil {
			t.Fatal(err)
		}
	}
	return n.records
}

func replay(t *testing.T, text string, records []policy.Record) *policy.Replay {
	t.Helper()
	r := policy.NewReplay(parse(t, text))
	for _, rec := range records {
		if err := r.Add(rec); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestReplayTellsWhatWouldChange(t *testing.T) {
	t.Parallel()
	recheck := history(t, request(t))[0]
	recheck.Key = ""
	records := append(history(t,
		request(t), request(t), request(t, with("InstanceId", "i-0aaaaaaaaaaaaaaa2")),
		request(t, where("C0RANDOM", "random")),
		request(t, who("U0MALLORY")),
		request(t, who("U0LEAD", "S0LEADS"), where("C0RANDOM", "random")),
		request(t, cancels("U012ANA")),
		request(t, document(func(d *policy.Document) { d.SHA256 = otherHash })),
		request(t, standing(policy.StandingGuest)),
	), recheck)
	if r := replay(t, example, records); len(r.Shifts()) != 0 || r.Count() != (policy.ReplayCount{Same: 7, Left: 3}) {
		t.Errorf("nothing changed, and yet: %+v %+v", r.Count(), r.Shifts())
	}
	narrower := strings.NewReplacer(`channels: ["#ops", "#inc-*"]`, `channels: ["#random"]`, "  leads: {usergroup: S0LEADS}\n", "  leads: {usergroup: S0OTHERS}\n").Replace(example)
	r := replay(t, narrower, records)
	var got []string
	for _, s := range r.Shifts() {
		got = append(got, fmt.Sprintf("%d %s %s %s in #%s: %s by %q → %s %s", s.Times, s.Actor, s.Action, s.Runbook, s.Called, s.Was.Verdict, s.Was.Rule, s.Would.Verdict, s.Would.Code))
	}
	want := []string{
		`3 U012ANA run restart-web in #ops: allow by "web-restarts" → deny channel_not_granted`,
		`1 U012ANA run restart-web in #random: deny by "" → allow granted`,
		`1 U0LEAD run restart-web in #random: allow by "leads-all" → deny identity_unknown`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := r.Shifts()[0].Last; !last.Equal(testTime.Add(2 * time.Minute)) {
		t.Errorf("the last was at %s", last)
	}
}

func TestReplayIsBounded(t *testing.T) {
	t.Parallel()
	rec := history(t, request(t))[0]
	r := policy.NewReplay(parse(t, strings.Replace(example, `["#ops", "#inc-*"]`, `["#random"]`, 1)))
	for i := range 10_050 {
		rec.Channel = fmt.Sprint("C0", i)
		if err := r.Add(rec); err != nil {
			t.Fatal(err)
		}
	}
	if c := r.Count(); c.Changed != 10_050 || c.Untold != 50 || len(r.Shifts()) != 10_000 {
		t.Errorf("%+v with %d shifts", c, len(r.Shifts()))
	}
}
