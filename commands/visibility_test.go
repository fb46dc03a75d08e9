package commands

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/automation"
	"handrail/policy"
)

// hiddenPolicy has two runbooks with names alike: ana may run one of them, and nobody but ben knows of the other.
const hiddenPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}, kim: {slack: U012KIM}}
groups: {web: {members: [ana]}}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 2}}
  restart-wex:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 2}}
grants:
  - {name: web-restarts, to: [web], runbooks: [restart-web], channels: ["#ops"], may: [run, cancel, lock]}
  - {name: hidden, to: [ben], runbooks: [restart-wex], channels: ["#ops"], may: [run, cancel, lock], approval: {from: [kim]}}
denials:
  - {name: nobody-here, runbooks: [restart-wex], to: [ana], channels: ["#ops"], reason: "because"}
freezes:
  - {name: always, from: 2000-01-01T00:00:00Z, until: 2100-01-01T00:00:00Z, runbooks: [restart-wex], reason: "hush"}
`

func hiddenHouse(t *testing.T) (*house, *Commands) {
	t.Helper()
	h, c := newHouse(t)
	p, err := policy.Parse("policy.yaml", []byte(hiddenPolicy))
	if err != nil {
		t.Fatal(err)
	}
	h.policy = p
	at := as("", "").At
	h.executions = []*automation.Execution{{ID: "x-hidden", Ref: "r-hiddenx", Runbook: "restart-wex", Requester: "U012BEN", State: automation.AwaitingApproval,
		Decision: "d-hidden", CreatedAt: at, Approval: &automation.Approval{Needs: []policy.Need{{Rule: "hidden", From: []string{"kim"}, Count: 1}}}}}
	h.records["d-hidden"] = policy.Record{ID: "d-hidden", Runbook: "restart-wex", Actor: "U012BEN", Action: policy.Run, Code: policy.CodeApprovalNeeded,
		Rule: "hidden", Execution: "x-hidden", At: at, Sentence: "hidden lets you run restart-wex."}
	h.locks = []policy.Lock{{ID: "l-hiddenx", Runbook: "restart-wex", By: "U012BEN", Reason: "hush", Until: at.AddDate(1, 0, 0)}}
	return h, c
}

// What a person may not see answers byte for byte like what does not exist, suggestions included.
func TestTheInvisibleAnswersLikeATypo(t *testing.T) {
	for _, text := range []string{
		"run NAME InstanceId=i-0aaaaaaaaaaaaaaa1", "run NAME", "run NAME a=b --dry-run", "run NAME InstanceId=i-9 --break-glass reason=x",
		"ask NAME InstanceId=i-0aaaaaaaaaaaaaaa1 reason=x", "show NAME", "help NAME", "history NAME", "why NAME InstanceId=i-0aaaaaaaaaaaaaaa1", "why NAME",
		"lock NAME for=2h reason", "lock NAME Nope=1 for=2h reason", "locks NAME", "NAME InstanceId=i-0aaaaaaaaaaaaaaa1", "list NAME", "list restart",
		"status EXECUTION", "cancel EXECUTION", "why EXECUTION", "approve EXECUTION", "approve EXECUTION Step", "deny EXECUTION no", "deny EXECUTION",
		"why DECISION", "ask DECISION", "unlock LOCK", "status all", "history", "locks", "help", "list", "status", "history by=<@U012BEN>",
	} {
		answers := map[bool]string{}
		for _, exists := range []bool{true, false} {
			h, c := hiddenHouse(t)
			names := strings.NewReplacer("NAME", "restart-wex", "EXECUTION", "r-hiddenx", "DECISION", "d-hidden", "LOCK", "l-hiddenx")
			if !exists {
				h.executions, h.records, h.locks = nil, map[string]policy.Record{}, nil
				names = strings.NewReplacer("NAME", "restart-wey", "EXECUTION", "r-hiddeny", "DECISION", "d-hiddey", "LOCK", "l-hiddeny")
			}
			words := names.Replace(text)
			a := c.Do(t.Context(), as("U012ANA", words))
			if a.Execution != nil || a.Ask != "" || len(h.asked) > 0 {
				t.Errorf("%q did something", words)
			}
			answers[exists] = strings.NewReplacer("restart-wey", "restart-wex", "hiddeny", "hiddenx", "hiddey", "hidden").Replace(read(a))
		}
		if diff := cmp.Diff(answers[false], answers[true]); diff != "" {
			t.Errorf("%q tells that there is something (+):\n%s", text, diff)
		}
		if strings.Contains(answers[true], "hush") || strings.Contains(answers[true], "because") || strings.Contains(answers[true], "ben") {
			t.Errorf("%q tells what is behind it:\n%s", text, answers[true])
		}
	}
}

// The suggestion for a typo is a name that this person may see.
func TestASuggestionIsSomethingThatThePersonSees(t *testing.T) {
	_, c := hiddenHouse(t)
	for user, want := range map[string]string{"U012ANA": "`restart-web`", "U012BEN": "`restart-wex`"} {
		for _, text := range []string{"run restart-we", "show restart-we", "history restart-we", "locks restart-we", "why restart-we"} {
			if got := read(c.Do(t.Context(), as(user, text))); !strings.Contains(got, "Did you mean "+want+"?") {
				t.Errorf("%s %q: %s", user, text, got)
			}
		}
	}
	if got := read(c.Do(t.Context(), as("U012MALLORY", "run restart-we"))); strings.Contains(got, "Did you mean") {
		t.Errorf("mallory, who may see nothing: %s", got)
	}
}

// Who is asked to agree sees what they are asked about, although they may run nothing; so does who asked for it.
func TestWhoIsAskedSeesTheExecution(t *testing.T) {
	h, c := hiddenHouse(t)
	for user, sees := range map[string]bool{"U012KIM": true, "U012BEN": true, "U012ANA": false, "U012MALLORY": false} {
		if got := read(c.Do(t.Context(), as(user, "status r-hiddenx"))); strings.Contains(got, "restart-wex") != sees {
			t.Errorf("%s: %s", user, got)
		}
	}
	h.executions[0].Requester = "U012MALLORY"
	if got := read(c.Do(t.Context(), as("U012MALLORY", "status r-hiddenx"))); !strings.Contains(got, "restart-wex") {
		t.Errorf("who asked for it: %s", got)
	}
	h.standing = policy.StandingGuest
	if got := read(c.Do(t.Context(), as("U012KIM", "status r-hiddenx"))); strings.Contains(got, "restart-wex") {
		t.Errorf("a guest: %s", got)
	}
}

// A refusal of the past is told again as it was told then, and no more.
func TestWhyOfAnOwnTypoTellsNoMore(t *testing.T) {
	answers := map[string]string{}
	for _, name := range []string{"restart-wex", "restart-wey"} {
		h, c := hiddenHouse(t)
		h.records["d-own"] = policy.Record{ID: "d-own", Runbook: name, Actor: "U012ANA", Action: policy.Run, Code: policy.CodeNotGranted, Near: "hidden lets ben", Sentence: "No rule."}
		answers[name] = strings.ReplaceAll(read(c.Do(t.Context(), as("U012ANA", "why d-own"))), "restart-wey", "restart-wex")
	}
	if diff := cmp.Diff(answers["restart-wey"], answers["restart-wex"]); diff != "" || !strings.Contains(answers["restart-wex"], "Told then:  I don't know a runbook `restart-wex`") {
		t.Errorf("%s\n%s", diff, answers["restart-wex"])
	}
}
