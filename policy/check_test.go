package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// base is a policy about which there is nothing to say. Rules go behind it; more stands for what else runbooks have.
func base(parameters, people, rules string) string {
	return `version: 1
service_role: ` + serviceRole + `
identities:
  ana: {slack: U012ANA}
  ben: {slack: U012BEN}
  cyd: {slack: U012CYD}
groups:
  web: {members: [ana, ben, cyd]}
  leads: {usergroup: S0LEADS}
` + people + `runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: ` + hash + `
    parameters:
      Name: ` + parameters + `
grants:
  - {name: basic, to: [web, leads], runbooks: [restart-web], channels: [C012OPS]}
` + rules
}

const listed = "{allow: [a, b]}"

func findings(t *testing.T, text string) []string {
	t.Helper()
	p := parse(t, text)
	var out []string
	for _, f := range p.Check("policy.yaml", []byte(text), testTime) {
		out = append(out, fmt.Sprintf("%s %s: %s", f.Severity, f.Check, f.Message))
		if f.Line == 0 || !strings.HasPrefix(f.String(), fmt.Sprintf("policy.yaml:%d: ", f.Line)) {
			t.Errorf("%s: no place", f)
		}
	}
	return out
}

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parameters, people, rules string
		want                      []string
	}{
		"nothing": {},
		"an unused group and identity": {people: "  more: {members: [ana]}\n", rules: "", want: []string{
			"warning group-unused: Nothing names the group more."}},
		"a grant that another covers": {rules: `  - {name: same, to: [ana], runbooks: [restart-web], channels: [C012OPS], may: [run]}
`, want: []string{"warning grant-covered: The grant same changes nothing: basic gives all of it and asks for no more."}},
		"twins": {rules: `  - {name: twin, to: [web, leads], runbooks: [restart-web], channels: [C012OPS]}
`, want: []string{"warning grant-covered: The grant twin changes nothing: basic gives all of it and asks for no more."}},
		"a grant that asks for less": {rules: `  - {name: asking, to: [ana], runbooks: ["*"], channels: [C012OPS, C034OPS], when: "size(params) == 1"}
`},
		"a grant that a denial forbids": {rules: `  - {name: doomed, to: [ana], runbooks: [restart-web], channels: ["#ops-eu"]}
denials:
  - {name: never, runbooks: ["*"], channels: ["#ops-*"], reason: "no"}
`, want: []string{"warning grant-denied: The grant doomed never applies: the denial never forbids all that it is for."}},
		"a denial of others, or of cancelling": {rules: `  - {name: spared, to: [ana], runbooks: [restart-web], channels: ["#ops-eu"]}
denials:
  - {name: others, to: [ben], runbooks: ["*"], channels: ["#ops-*"], reason: "no"}
  - {name: cancels, runbooks: ["*"], channels: ["#ops-*"], may: [cancel], reason: "no"}
  - {name: sometimes, runbooks: ["*"], channels: ["#ops-*"], when: "now.getHours() > 20", reason: "no"}
`},
		"a denial of what nobody gives": {rules: `denials:
  - {name: idle, runbooks: ["*"], may: [lock], reason: "no"}
`, want: []string{"warning denial-idle: The denial idle takes away nothing that any grant gives."}},
		"redundant channels": {rules: `  - {name: chans, to: [ana], runbooks: [restart-web], channels: ["#ops", "#o*", C034OPS]}
`, want: []string{"warning channel-redundant: The grant chans lists #ops, which its #o* covers."}},
		"too few to agree": {rules: `  - {name: two, to: [ana], runbooks: [restart-web], channels: [C034OPS], approval: {from: [ben], count: 2}}
`, want: []string{"error approval-impossible: Nobody can get the approval of the grant two: it wants 2 different people, and there are 1 in ben."}},
		"only the requester could agree": {rules: `  - {name: alone, to: [ana], runbooks: [restart-web], channels: [C034OPS], approval: {from: [ana]}}
`, want: []string{"error approval-impossible: Nobody can get the approval of the grant alone: nobody may agree to what they asked for themselves, and that leaves too few in ana."}},
		"one of two could not": {rules: `  - {name: some, to: [ana, ben], runbooks: [restart-web], channels: [C034OPS], approval: {from: [ben]}}
`, want: []string{"warning approval-impossible-for: ben cannot get the approval of the grant some: without the person who asks there are too few in ben."}},
		"two of three can": {rules: `  - {name: fine, to: [web], runbooks: [restart-web], channels: [C034OPS], approval: {from: [web], count: 2, channel: C0APPROVE}}
`},
		"a user group that needs identities": {rules: `  - {name: ids, to: [ana], runbooks: [restart-web], channels: [C034OPS], approval: {from: [leads], require_identity: true, channel: "#approvals"}}
`, want: []string{
			"note approval-identities: Of the user groups that the grant ids asks, only members whom the policy names as an identity can agree.",
			"note channel-by-name: The question of the grant ids goes to #approvals by its name."}},
		"an override that one person would have to give twice": {rules: `freezes:
  - {name: now, from: 2026-11-01T00:00:00Z, until: 2026-12-01T00:00:00Z, runbooks: ["*"], override: [ana]}
`, want: []string{"error approval-impossible: Nobody can get the approval of the freeze now: it wants 2 different people, and there are 1 in ana."}},
		"a freeze that is over": {rules: `freezes:
  - {name: old, from: 2025-11-01T00:00:00Z, until: 2025-12-01T00:00:00Z, runbooks: ["*"]}
`, want: []string{"warning freeze-over: The freeze old was over at 2025-12-01T00:00:00Z."}},
		"locks and cancels of what nobody runs": {rules: `  - {name: locks, to: [ana], runbooks: [restart-web], channels: [C034OPS], may: [lock]}
  - {name: asks, to: [ana], runbooks: [restart-web], channels: [C012OPS], may: [ask], approval: {from: [leads]}}
`, want: []string{"warning grant-idle: The grant asks does nothing: basic lets the same people run it."}},
		"conditions that are none": {rules: `  - {name: no, to: [ana], runbooks: [restart-web], channels: [C034OPS], when: "false"}
  - {name: yes, to: [ana], runbooks: [restart-web], channels: [C056OPS], when: "true"}
`, want: []string{
			"warning condition-constant: The grant no never applies: its condition is false.",
			"warning condition-constant: The condition of the grant yes is always true."}},
		"a narrow pattern":       {parameters: `{pattern: "web-[a-z0-9-]{1,40}"}`},
		"a pattern for anything": {parameters: `{pattern: ".*"}`, want: []string{"warning pattern-wide: The pattern of Name of restart-web fits everything."}},
		"an empty pattern":       {parameters: `{pattern: "[a-z]{0,3}"}`, want: []string{"warning pattern-wide: The pattern of Name of restart-web fits the empty text."}},
		"an endless pattern":     {parameters: `{pattern: "[a-z]+"}`, want: []string{"warning pattern-wide: The pattern of Name of restart-web has no end: it fits values of any length."}},
		"a pattern with shells":  {parameters: `{pattern: "a[^b]{1,4}"}`, want: []string{"warning pattern-wide: The pattern of Name of restart-web takes ;, &, |, `, $ and 17 more, which mean something to a shell."}},
		"a pattern with options": {parameters: `{pattern: "[a-z-]{1,4}"}`, want: []string{"warning pattern-wide: The pattern of Name of restart-web fits values that begin with -, which programs take for options."}},
		"a pattern with braces":  {parameters: `{pattern: "[{}a-z]{3}"}`, want: []string{"warning pattern-wide: The pattern of Name of restart-web takes { and }, which mean something to a shell."}},
		"numbers that do not fit": {parameters: `{pattern: "[a-z]{2}", min: 1, max: 99}`, want: []string{
			"error parameter-impossible: Name of restart-web can have no value: no number from min to max fits the pattern."}},
		"numbers of which some fit": {parameters: `{pattern: "[0-9]{2}", min: 1, max: 10}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parameters := c.parameters
			if parameters == "" {
				parameters = listed
			}
			if diff := cmp.Diff(c.want, findings(t, base(parameters, c.people, c.rules))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckFindsWhatNobodyUses(t *testing.T) {
	t.Parallel()
	text := strings.Replace(base(listed, "windows:\n  nights: {days: [mon], from: \"22:00\", until: \"05:00\", timezone: UTC}\n", ""), "to: [web, leads]", "to: [leads]", 1)
	text = strings.Replace(text, "grants:\n", `  other:
    document: AWS-StopEC2Instance
    version: latest
    allow_unpinned: true
grants:
  - {name: stops, to: [leads], runbooks: [other], channels: [C012OPS], may: [cancel]}
`, 1)
	want := []string{
		"warning identity-unused: No group that is used, and no rule, names ana.",
		"warning identity-unused: No group that is used, and no rule, names ben.",
		"warning identity-unused: No group that is used, and no rule, names cyd.",
		"warning group-unused: Nothing names the group web.",
		"warning window-unused: No grant names the window nights.",
		"warning document-unpinned: The runbook other runs whatever AWS-StopEC2Instance holds at the time: whoever may edit the document decides what runs.",
		"warning runbook-unused: No grant lets anybody run or ask for the runbook other.",
		"warning grant-idle: The grant stops does nothing: nobody may run the runbooks that it lets people cancel.",
	}
	if diff := cmp.Diff(want, findings(t, text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Thousands of grants for the same runbook are compared with each other in no time.
func TestCheckIsQuick(t *testing.T) {
	t.Parallel()
	var rules strings.Builder
	for i := range 4_000 {
		fmt.Fprintf(&rules, "  - {name: g%d, to: [ana], runbooks: [restart-web], channels: [\"#c%d\"]}\n", i, i)
	}
	text := base(listed, "", rules.String())
	p := parse(t, text)
	began := time.Now()
	if found := p.Check("policy.yaml", []byte(text), testTime); len(found) != 0 {
		t.Error(found[0])
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Log(took)
	}
}
