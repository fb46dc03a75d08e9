package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

var testTime = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// outcomes decides cases, without the head of the file, under the example.
func outcomes(t *testing.T, text, cases string) []policy.Outcome {
	t.Helper()
	p := parse(t, text)
	all, err := policy.ParseCases("policy_test.yaml", []byte("version: 1\ncases:\n"+cases))
	if err != nil {
		t.Fatal(err)
	}
	var out []policy.Outcome
	for i := range all {
		out = append(out, all[i].Check(p, testTime))
	}
	return out
}

func TestCasesPass(t *testing.T) {
	t.Parallel()
	for i, o := range outcomes(t, example, `
  - {user: ana, channel: "#ops", runbook: restart-web, parameters: {InstanceId: i-0aaaaaaaaaaaaaaa1}, expect: allow, rule: web-restarts, code: granted}
  - {user: ana, channel: "#random", runbook: restart-web, expect: deny, code: channel_not_granted}
  - {user: U0MALLORY, channel: "#ops", runbook: restart-web, expect: deny, code: identity_unknown}
  - {user: U0MALLORY, usergroups: [leads], channel: "#random", runbook: drift, expect: allow, rule: leads-all}
  - {user: U0MALLORY, usergroups: [S0LEADS], channel: "#random", shared: true, runbook: drift, expect: deny, code: channel_shared}
  - {user: U0MALLORY, usergroups: [S0LEADS], channel: C0SHARED, shared: true, runbook: drift, expect: allow}
  - {user: ana, standing: guest, channel: "#ops", runbook: restart-web, expect: deny, code: guest}
  - {user: ana, channel: "#ops", runbook: restart-web, parameters: {InstanceId: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]}, expect: deny, code: values_too_many}
  - {user: dora, action: cancel, channel: "#ops", runbook: restart-web, expect: allow, rule: watchers}
  - {user: ben, action: cancel, requester: ben, channel: "#nowhere", runbook: restart-web, expect: allow, code: requester}
  - {user: ana, channel: "#ops", runbook: gone, expect: deny, code: runbook_unknown}
`) {
		if len(o.Wrong) > 0 {
			t.Errorf("case %d: %q", i, o.Wrong)
		}
	}
}

func TestCasesFail(t *testing.T) {
	t.Parallel()
	got := outcomes(t, example, `
  - {user: ana, channel: "#ops", runbook: restart-web, expect: deny}
  - {user: ana, channel: "#ops", runbook: restart-web, expect: allow, rule: watchers, code: requester}
  - {user: ana, channel: "#random", runbook: restart-web, expect: approval, rule: web-restarts}
  - {user: anna, channel: "#ops", runbook: restart-web, expect: deny}
  - {user: ana, usergroups: [web], channel: "#ops", runbook: restart-web, expect: allow}
  - {user: ana, channel: "#ops", runbook: restart-web, usage: {nothing: {open: 1}}, expect: allow}
`)
	want := [][]string{
		{"expected deny, got allow (granted)"},
		{"expected the rule watchers to decide, got the rule web-restarts", "expected the code requester, got granted"},
		{"expected approval, got deny (channel_not_granted)", "expected the rule web-restarts to decide, got no rule"},
		{"there is no identity anna (did you mean ana?); whom the policy does not name goes by a Slack user ID"},
		{"web is no group with a Slack user group, and no ID of one"},
		{"there is no grant nothing to count the usage of"},
	}
	for i := range want {
		if !slices.Equal(got[i].Wrong, want[i]) {
			t.Errorf("case %d: %q, want %q", i, got[i].Wrong, want[i])
		}
	}
}

func TestCasesAreReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                                     "policy_test.yaml: The file of cases is empty. It begins with `version: 1`.",
		"version: 2\ncases: [{}]\n":                            "policy_test.yaml:1:10: version must be the number 1, the only one there is.",
		"version: 1\ncases: []\n":                              "policy_test.yaml:2:8: cases is empty",
		"version: 1\ncases:\n  - usr: a\n":                     `A case has no key "usr". Did you mean user?`,
		one("expect: maybe"):                                   `policy_test.yaml:3:64: There is no expect "maybe". Use allow, deny or approval.`,
		one("expect: deny, action: rn"):                        `There is no action "rn". Did you mean run?`,
		one("expect: deny, standing: x"):                       `There is no standing "x".`,
		one("expect: deny, at: monday"):                        "at must be a time with its zone",
		one("expect: deny, shared: 1"):                         "shared must be true or false, and is a number.",
		one("expect: deny, usage: {a: {open: -1}}"):            "open must be a number from 1",
		one("expect: deny, parameters: {a: {b: c}}"):           "a must be a value or a list of values, and has a mapping.",
		one("expect: deny, approved_by: [{usr: ben}]"):         `An approver has no key "usr"`,
		one("expect: deny, locks: [{reason: 3}]"):              "reason must be text, and is a number.",
		one("expect: deny, incident: {severity: 9}"):           "severity must be a number from 1 to 5.",
		one("expect: deny, expect: deny"):                      "key \"expect\" twice",
		strings.Replace(one("expect: deny"), "#ops", "#o*", 1): `"#o*" is not a channel.`,
	} {
		_, err := policy.ParseCases("policy_test.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func one(rest string) string {
	return "version: 1\ncases:\n  - {user: ana, channel: \"#ops\", runbook: restart-web, " + rest + "}\n"
}

func TestCaseTakesTheTimeOfTheFile(t *testing.T) {
	t.Parallel()
	all, err := policy.ParseCases("f", []byte("version: 1\nat: 2026-12-24T10:00:00Z\ncases:\n"+
		"  - {user: ana, channel: \"#ops\", runbook: x, expect: deny}\n  - {user: ana, channel: \"#ops\", runbook: x, at: 2027-01-01T00:00:00Z, expect: deny}\n"))
	if err != nil || all[0].At.Month() != time.December || all[1].At.Year() != 2027 || all[1].Line != 5 {
		t.Errorf("%+v %v", all, err)
	}
}
