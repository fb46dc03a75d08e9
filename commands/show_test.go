package commands

import (
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// fullPolicy has one of everything that a person can be shown.
const fullPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}}
groups: {web: {members: [ana]}, leads: {members: [ben]}}
windows:
  nights: {days: [sun, mon], from: "22:00", until: "05:00", timezone: Europe/Oslo}
  noon: {days: [sat], from: "12:00", until: "13:00", timezone: UTC}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    targets: InstanceId
    parameters:
      InstanceId: {pattern: "i-[0-9a-f]{17}|*<!channel>*", max_items: 3}
      Count: {min: 1, max: 10}
      Least: {min: -1}
      Most: {max: 9}
      Password: {secret: true}
    children: [{document: AWS-Child, version: "3", sha256: "2222222222222222222222222222222222222222222222222222222222222222"}]
    steps: [{step: Confirm, from: [leads, ana], count: 2}]
grants:
  - name: all-at-once
    to: [web, ben]
    runbooks: [restart-web]
    channels: ["#ops", C012SEC]
    may: [run, cancel, lock]
    when: "size(targets) == 1 && actor.name != '<!channel>'"
    windows: [nights, noon]
    limits: {at_once: 2, per_hour: 10, targets: 3}
    approval: {from: [leads, web], count: 1, expires: 2h, require_identity: true}
  - {name: red, to: [ben], runbooks: ["*"], channels: ["*"], break_glass: {notify: "#security"}}
denials:
  - {name: never-here, runbooks: ["*"], to: [web], channels: ["#random"], may: [run, ask, lock], when: "now.getHours() > 1", reason: "<@U012BEN> said so"}
  - {name: not-at-all, runbooks: [restart-web], channels: ["#void"], reason: "no"}
`

func TestShowTellsEveryRule(t *testing.T) {
	h, c := newHouse(t)
	p, err := policy.Parse("policy.yaml", []byte(strings.ReplaceAll(fullPolicy, "|*<!channel>*", "|[<!]channel>")))
	if err != nil {
		t.Fatal(err)
	}
	h.policy = p
	got := read(c.Do(t.Context(), as("U012ANA", "show restart-web")))
	for _, want := range []string{
		"Parameter  `InstanceId`: StringList, required, the whole value matches `i-[0-9a-f]{17}|[<!]channel>`, up to 3 values\n",
		"Parameter  `Count`: a whole number from 1 to 10\n",
		"Parameter  `Least`: a whole number, -1 at least\n",
		"Parameter  `Most`: a whole number, 9 at most\n",
		"Parameter  `Password`: the name of an SSM parameter that holds the secret, such as `/path/name`, never the secret\n",
		"Starts  AWS-Child version 3\n",
		"Denial never-here  `web` may not run, ask or lock in `#random`, when `now.getHours() > 1`: <@U012BEN> said so\n",
		"Denial not-at-all  nobody may run or ask in `#void`: no\n",
		"Rule all-at-once  `web` and `ben` may run, cancel and lock in `#ops` or `C012SEC`, once 1 of `leads` or `web` agrees within 2h (only people that the policy names itself)," +
			" only mon, sun 22:00 to 05:00 Europe/Oslo (`nights`) or sat 12:00 to 13:00 UTC (`noon`), when `size(targets) == 1 && actor.name != '<!channel>'`," +
			" at most 2 at once, 10 an hour and 3 targets each\n",
		"Rule red  `ben` may run and cancel in any channel, in emergencies: `--break-glass` and a reason, told to `#security`\n",
		"Step Confirm  answered by 2 of `leads` or `ana`\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("ana sees\n%s\nwants %q", got, want)
		}
	}
	for _, text := range []string{"lock restart-web Password=hunter2 for=2h x", "run restart-web Password=hunter2", "why restart-web Password=hunter2"} {
		if got := read(c.Do(t.Context(), as("U012ANA", text))); strings.Contains(got, "hunter2") || len(h.wishes) > 0 {
			t.Errorf("%q: ana is shown a secret\n%s", text, got)
		}
	}
	if got := read(c.Do(t.Context(), as("U012BEN", "list"))); !strings.Contains(got, "✋ needs approval by 1 of `leads` or `web`") {
		t.Errorf("ben sees\n%s", got)
	}
}

func TestWhyListsTheRules(t *testing.T) {
	h, c := gatedHouse(t)
	ask := "why restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"
	for user, want := range map[string][]string{
		"U012ANA":     {"✋ with-two lets you run restart-web", "Needs  2 of `leads`", "\n✓  grant `with-two`  ", "\n–  grant `may-ask`  ", "To do it: `/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`"},
		"U012MALLORY": {"⛔ No rule lets you run restart-web", "\n–  grant `with-two`  You are not in web.", "Or  ask `leads` for a one-time approval: `/runbook ask restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`"},
	} {
		got := read(c.Do(t.Context(), as(user, ask)))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s is told\n%s\nwants %q", user, got, w)
			}
		}
	}
	at := as("", "").At
	h.records["d-old"] = policy.Record{ID: "d-old", At: at, Entry: policy.ByCommand, Actor: "U012MALLORY", Team: "T1", Channel: "C012OPS", Action: policy.Run, Runbook: "restart-web",
		Code: policy.CodeActionNotGranted, Sentence: "No rule lets you run restart-web in #ops.", Policy: "another", Facts: policy.Facts{Standing: policy.StandingMember, ChannelName: "ops", Reason: "<!here>"}}
	got := read(c.Do(t.Context(), as("U012ANA", "why d-old")))
	for _, w := range []string{"⛔ <U012MALLORY> was refused a run of `restart-web` in <C012OPS>, 1790000000\n", "Reason  <!here>\n", "Rules, as the policy is today\n", "\n–  grant `with-two`  You are not in web.\n"} {
		if !strings.Contains(got, w) {
			t.Errorf("ana is told\n%s\nwants %q", got, w)
		}
	}
	x := waitingFor(at.Add(15*time.Minute), benAgreed)
	x.Decision = "d-wait"
	h.executions = []*automation.Execution{x}
	h.records["d-wait"] = policy.Record{ID: "d-wait", At: at, Entry: policy.ByCommand, Channel: "C012OPS", Facts: policy.Facts{Standing: policy.StandingMember}, Actor: "U012ANA", Action: policy.Run, Runbook: "restart-web", Code: policy.CodeApprovalNeeded, Execution: "x1", Policy: h.policy.Hash()}
	got = read(c.Do(t.Context(), as("U012KIM", "why r-abcdefg")))
	for _, w := range []string{"✋ <U012ANA> needs others to agree to a run of `restart-web`", "✋ Waiting for 2 of `leads`, until 1790000900; so far 1 of 2 (<U012BEN> 1790000100).", "\nRules\n"} {
		if !strings.Contains(got, w) {
			t.Errorf("kim is told\n%s\nwants %q", got, w)
		}
	}
}
