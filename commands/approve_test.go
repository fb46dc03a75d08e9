package commands

import (
	"errors"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// gatedPolicy lets ana run restart-web once two of leads agree, and mallory ask for it.
const gatedPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities:
  ana: {slack: U012ANA}
  ben: {slack: U012BEN}
  kim: {slack: U012KIM}
  lee: {slack: U012LEE}
  mallory: {slack: U012MALLORY}
groups: {web: {members: [ana]}, leads: {members: [ben, kim]}}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    targets: InstanceId
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 2}}
    steps: [{step: Confirm, from: [leads]}]
grants:
  - {name: with-two, to: [web], runbooks: [restart-web], channels: ["#ops"], approval: {from: [leads], count: 2}}
  - {name: may-ask, to: [mallory], runbooks: [restart-web], channels: ["#ops"], may: [ask], approval: {from: [leads], expires: 30m}}
  - {name: lockers, to: [leads], runbooks: [restart-web], channels: ["#ops"], may: [lock]}
  - {name: red-button, to: [kim], runbooks: [restart-web], channels: ["#ops"], break_glass: {notify: "#security"}}
`

func gatedHouse(t *testing.T) (*house, *Commands) {
	t.Helper()
	h, c := newHouse(t)
	p, err := policy.Parse("policy.yaml", []byte(gatedPolicy))
	if err != nil {
		t.Fatal(err)
	}
	h.policy = p
	return h, c
}

// waitingFor is an execution that waits for two of leads.
func waitingFor(by time.Time, votes ...automation.Vote) *automation.Execution {
	return &automation.Execution{ID: "x1", Ref: "r-abcdefg", Runbook: "restart-web", Requester: "U012ANA", State: automation.AwaitingApproval, Entry: policy.ByCommand,
		Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}},
		Approval:   &automation.Approval{By: by, Votes: votes, Needs: []policy.Need{{Rule: "with-two", From: []string{"leads"}, Count: 2}}}}
}

var (
	benAgreed = automation.Vote{User: "U012BEN", At: time.Unix(1_790_000_100, 0)}
	kimAgreed = automation.Vote{User: "U012KIM", At: time.Unix(1_790_000_200, 0)}
	kimDenied = automation.Vote{User: "U012KIM", At: time.Unix(1_790_000_200, 0), Reject: true, Reason: "<!channel> not now"}
)

func TestAnsweringARequestForApproval(t *testing.T) {
	by := time.Unix(1_790_000_900, 0)
	for name, tc := range map[string]struct {
		user, text string
		becomes    func(*automation.Execution) // what the engine makes of an answer that counts
		again      bool
		want       []string
	}{
		"the first of two": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) { x.Approval.Votes = append(x.Approval.Votes, benAgreed) }, false,
			[]string{"✋ You agreed to `r-abcdefg`.", "Waiting for 2 of `leads`, until 1790000900; so far 1 of 2 (<U012BEN> 1790000100).", "`/runbook status r-abcdefg`"}},
		"the last": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) { x.State = automation.Queued }, false, []string{"✅ You agreed to `r-abcdefg`, and it starts now."}},
		"a no": {"U012BEN", "deny r-abcdefg not on a friday", func(x *automation.Execution) { x.State = automation.Denied }, false,
			[]string{"⛔ You denied `r-abcdefg`. <U012ANA> is told why."}},
		"a no without a reason":   {"U012BEN", "deny r-abcdefg", nil, false, []string{"Why not?", "`/runbook deny r-abcdefg reason…`"}},
		"a no with a blank":       {"U012BEN", `deny r-abcdefg " "`, nil, false, []string{"Why not?"}},
		"a long reason":           {"U012BEN", "deny r-abcdefg " + strings.Repeat("x", 301), nil, false, []string{"at most 300"}},
		"a reason that is hidden": {"U012BEN", "deny r-abcdefg a\u202eb", nil, false, []string{"plain text"}},
		"oneself":                 {"U012ANA", "approve r-abcdefg", nil, false, []string{"⛔ You asked for restart-web", "You can  Ask leads."}},
		"a stranger to it":        {"U012LEE", "approve r-abcdefg", nil, false, []string{"I don't know an execution `r-abcdefg`."}},
		"no approver":             {"U012MALLORY", "approve r-abcdefg", nil, false, []string{"⛔ You are not among those who may approve restart-web.", "You can  Ask leads."}},
		"nothing":                 {"U012BEN", "approve", nil, false, []string{"`/runbook approve ID`"}},
		"nothing to deny":         {"U012BEN", "deny", nil, false, []string{"`/runbook deny ID reason…`"}},
		"too much":                {"U012BEN", "approve r-abcdefg now please", nil, false, []string{"I don't know what `now` is for."}},
		"none of that name":       {"U012BEN", "approve r-nothere", nil, false, []string{"I don't know an execution `r-nothere`."}},
		"approved already": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) {
			x.State, x.Approval.Votes = automation.Running, []automation.Vote{benAgreed, kimAgreed}
		}, true, []string{"✅ `r-abcdefg` was approved by <U012BEN> 1790000100 and <U012KIM> 1790000200: it is running."}},
		"denied already": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) {
			x.State, x.Approval.Votes = automation.Denied, []automation.Vote{kimDenied}
		}, true, []string{"⛔ `r-abcdefg` was denied by <U012KIM> 1790000200: <!channel> not now"}},
		"expired": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) {
			x.State, x.Approval.Votes = automation.Expired, []automation.Vote{kimAgreed}
		}, true, []string{"⌛ `r-abcdefg` expired 1790000900: 2 of `leads` had to agree, and 1 of 2 (<U012KIM> 1790000200) had."}},
		"cancelled": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) { x.State, x.CancelBy = automation.Cancelled, "U012ANA" }, true,
			[]string{"🚫 `r-abcdefg` was cancelled by <U012ANA> before it was approved."}},
		"void": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) {
			x.State, x.Approval.Void = automation.Denied, []policy.Difference{{What: "policy", Was: "aa", Is: "bb"}, {What: "parameter InstanceId", Was: "i-1"}}
		}, true, []string{"⛔ The approval of `r-abcdefg` is void", "<U012ANA> has to ask again.", "•  policy: was `aa`, is `bb`", "was `i-1`, is `nothing`"}},
		"of what wants none": {"U012BEN", "approve r-abcdefg", func(x *automation.Execution) { x.State, x.Approval = automation.Running, nil }, true,
			[]string{"`r-abcdefg` needs nobody to agree: it is running."}},
	} {
		t.Run(name, func(t *testing.T) {
			h, c := gatedHouse(t)
			x := waitingFor(by)
			h.executions = []*automation.Execution{x}
			h.decide = func(o *automation.Outcome) {
				if tc.becomes != nil {
					tc.becomes(o.Execution)
				}
				o.Again = tc.again
			}
			a := c.Do(t.Context(), as(tc.user, tc.text))
			for _, want := range tc.want {
				if got := read(a); !strings.Contains(got, want) {
					t.Errorf("%s is told\n%s\nwants %q", tc.user, got, want)
				}
			}
		})
	}
}

// The differences are shown at once to whoever finds that the request has changed.
func TestAnAnswerToWhatChangedShowsTheDifference(t *testing.T) {
	h, c := gatedHouse(t)
	x := waitingFor(time.Unix(1_790_000_900, 0))
	h.executions = []*automation.Execution{x}
	h.decide = func(o *automation.Outcome) {
		o.Decision = policy.Decision{}
		o.Execution.Approval.Void = []policy.Difference{{What: "document", Was: "v1", Is: "v2"}}
	}
	a := c.Do(t.Context(), as("U012BEN", "approve r-abcdefg"))
	if got := read(a); !a.Refused || !strings.Contains(got, "•  document: was `v1`, is `v2`") {
		t.Errorf("ben is told\n%s", got)
	}
}

func TestAnsweringAStep(t *testing.T) {
	step := automation.Step{Name: "Confirm", Action: "aws:approve", Status: "Waiting"}
	for name, tc := range map[string]struct {
		text, step, reason string
		answered           *automation.StepAnswer
		want               string
	}{
		"by name":           {"approve r-abcdefg Confirm", "Confirm", "", nil, "✅ You agreed to the step `Confirm` of `r-abcdefg`, and it goes on."},
		"by key":            {"deny r-abcdefg step=Confirm Confirm is not sure", "Confirm", "Confirm is not sure", nil, "⛔ You denied the step `Confirm`"},
		"a no":              {"deny r-abcdefg Confirm too late", "Confirm", "too late", nil, "⛔ You denied the step `Confirm` of `r-abcdefg`."},
		"without the step":  {"approve r-abcdefg", "", "", nil, "`r-abcdefg` waits at its step `Confirm`. To answer that: `/runbook approve r-abcdefg Confirm`"},
		"a no without step": {"deny r-abcdefg too late", "", "", nil, "To answer that: `/runbook deny r-abcdefg Confirm reason…`"},
		"a typo":            {"approve r-abcdefg Confrim", "", "", nil, "has no step `Confrim` that people answer. Did you mean `Confirm`?"},
		"no such step":      {"approve r-abcdefg stopInstances", "", "", nil, "has no step `stopInstances` that people answer."},
		"the first of two": {"approve r-abcdefg Confirm", "Confirm", "", &automation.StepAnswer{Step: "Confirm", Votes: []automation.Vote{benAgreed},
			Needs: []policy.Need{{From: []string{"leads"}, Count: 2}}}, "✋ You agreed to the step `Confirm` of `r-abcdefg`. So far 1 of 2 (<U012BEN> 1790000100)."},
	} {
		h, c := gatedHouse(t)
		x := waitingFor(time.Time{})
		x.State, x.Approval, x.Steps = automation.Waiting, nil, []automation.Step{{Name: "stopInstances", Action: "aws:changeInstanceState", Status: "Success"}, step}
		h.executions = []*automation.Execution{x}
		h.decide = func(o *automation.Outcome) {
			if tc.answered != nil {
				o.Execution.Approval = &automation.Approval{Steps: []automation.StepAnswer{{Step: step.Name, ID: "before", Signal: "Approve", Sent: true}, *tc.answered}}
			}
		}
		got := read(c.Do(t.Context(), as("U012BEN", tc.text)))
		if !strings.Contains(got, tc.want) {
			t.Errorf("%s: ben is told\n%s\nwants %q", name, got, tc.want)
		}
		switch {
		case tc.step == "" && len(h.answers) > 0:
			t.Errorf("%s: answered %+v", name, h.answers)
		case tc.step != "" && (len(h.answers) != 1 || h.answers[0].Step != tc.step || h.answers[0].Reason != tc.reason):
			t.Errorf("%s: answered %+v", name, h.answers)
		}
	}
}

func TestAnUnclearAnswerMayBeGivenAgain(t *testing.T) {
	h, c := gatedHouse(t)
	h.executions = []*automation.Execution{waitingFor(time.Unix(1_790_000_900, 0))}
	h.broken, h.again = errors.New("disk full: token xoxb-123"), &automation.Outcome{}
	got := read(c.Do(t.Context(), as("U012BEN", "approve r-abcdefg")))
	if !strings.Contains(got, "could not learn whether that was noted") || !strings.Contains(got, "twice counts once") || strings.Contains(got, "xoxb") {
		t.Errorf("ben is told %s", got)
	}
}

func TestStatusShowsWhatIsWaitedFor(t *testing.T) {
	h, c := gatedHouse(t)
	h.executions = []*automation.Execution{waitingFor(time.Unix(1_790_000_900, 0), benAgreed)}
	h.executions[0].Reason = "<@U012KIM> please"
	got := read(c.Do(t.Context(), as("U012KIM", "status r-abcdefg")))
	for _, want := range []string{"awaiting approval", "✋ Waiting for 2 of `leads`, until 1790000900; so far 1 of 2", "Reason  <@U012KIM> please",
		"To answer: `/runbook approve r-abcdefg` or `/runbook deny r-abcdefg reason…`", "To stop it: `/runbook cancel r-abcdefg`"} {
		if !strings.Contains(got, want) {
			t.Errorf("kim sees\n%s\nwants %q", got, want)
		}
	}
}

// An approver finds what waits for them, although they asked for none of it.
func TestStatusListsWhatWaitsForAPerson(t *testing.T) {
	h, c := gatedHouse(t)
	voted := waitingFor(time.Unix(1_790_000_900, 0), benAgreed)
	voted.ID, voted.Ref = "x2", "r-voted22"
	step := waitingFor(time.Time{})
	step.ID, step.Ref, step.State, step.Approval, step.Steps = "x3", "r-step333", automation.Waiting, nil, []automation.Step{{Name: "Confirm", Action: "aws:approve", Status: "Waiting"}}
	h.executions = []*automation.Execution{waitingFor(time.Unix(1_790_000_900, 0)), voted, step}
	for user, want := range map[string]string{"U012BEN": "r-abcdefg r-step333", "U012KIM": "r-abcdefg r-voted22 r-step333", "U012ANA": "", "U012LEE": "", "U012MALLORY": ""} {
		_, got, _ := strings.Cut(read(c.Do(t.Context(), as(user, "status"))), "✋ Waiting for you")
		for _, ref := range []string{"r-abcdefg", "r-voted22", "r-step333"} {
			if strings.Contains(got, ref) != strings.Contains(want, ref) {
				t.Errorf("%s sees\n%s\nwants %q", user, got, want)
			}
		}
	}
}
