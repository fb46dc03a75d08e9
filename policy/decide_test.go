package policy_test

import (
	"strings"
	"testing"

	"handrail/policy"
)

type row struct {
	name    string
	code    policy.Code
	rule    string
	request *policy.Request
}

func TestDecide(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	allow := func(name, rule string, changes ...func(*policy.Request)) row {
		code := policy.CodeGranted
		if rule == "" {
			code = policy.CodeRequester
		}
		return row{name, code, rule, request(t, changes...)}
	}
	deny := func(name string, code policy.Code, changes ...func(*policy.Request)) row {
		return row{name, code, "", request(t, changes...)}
	}
	rows := []row{
		allow("ana restarts a web server in #ops", "web-restarts"),
		allow("ben does too", "web-restarts", who("U012BEN")),
		allow("in an incident channel", "web-restarts", where("C0INC", "inc-204")),
		allow("a lead by user group alone", "leads-all", who("U0LEAD", "S0OTHER", "S0LEADS")),
		allow("a lead in a direct message", "leads-all", who("U0LEAD", "S0LEADS"), where("D0LEAD", "")),
		allow("a lead in the shared channel named by ID", "leads-all", who("U0LEAD", "S0LEADS"), where("C0SHARED", "partners"), shared),
		allow("ana, who is a lead too, by the first grant by name", "leads-all", who("U012ANA", "S0LEADS")),

		deny("an empty user", policy.CodeRequestInvalid, who("")),
		deny("no channel", policy.CodeRequestInvalid, where("", "ops")),
		deny("no runbook", policy.CodeRequestInvalid, what("")),
		deny("no entry", policy.CodeRequestInvalid, func(r *policy.Request) { r.Entry = "" }),
		deny("another action", policy.CodeRequestInvalid, func(r *policy.Request) { r.Action = "approve" }),
		deny("cancelling nothing", policy.CodeRequestInvalid, cancels("U012ANA"), func(r *policy.Request) { r.Execution = "" }),

		deny("standing not looked up", policy.CodeStandingUnknown, standing("")),
		deny("standing nobody knows", policy.CodeStandingUnknown, standing("owner")),
		deny("a guest", policy.CodeGuest, standing(policy.StandingGuest)),
		deny("a bot", policy.CodeBot, standing(policy.StandingBot)),
		deny("a deactivated account", policy.CodeDeactivated, standing(policy.StandingDeactivated)),
		deny("a stranger", policy.CodeExternal, standing(policy.StandingExternal)),

		deny("a channel not looked up", policy.CodeChannelUnknown, func(r *policy.Request) { r.Channel.Known = false }),
		deny("another channel", policy.CodeChannelNotGranted, where("C0RANDOM", "random")),
		deny("a channel whose name only begins like it", policy.CodeChannelNotGranted, where("C0X", "ops-2")),
		deny("a direct message", policy.CodeChannelNotGranted, where("D0ANA", "")),
		deny("a shared channel by its name", policy.CodeChannelShared, shared),
		deny("a shared channel by *", policy.CodeChannelShared, who("U0LEAD", "S0LEADS"), shared),

		deny("a runbook nobody allows", policy.CodeRunbookUnknown, what("restart-wbe")),
		deny("a runbook by a look-alike name", policy.CodeRunbookUnknown, what("rest\u0430rt-web")),
		deny("a runbook with a space", policy.CodeRunbookUnknown, what("restart-web ")),
		deny("somebody the policy does not name", policy.CodeIdentityUnknown, who("U012MALLORY")),
		deny("the same account in lower case", policy.CodeIdentityUnknown, who("u012ana")),
		deny("a runbook not granted to ana", policy.CodeNotGranted, what("stop-web")),
		deny("one who may only cancel", policy.CodeActionNotGranted, who("U012DORA")),

		deny("an unknown parameter", policy.CodeParameterUnknown, with("Instanceid", "i-1")),
		deny("another instance", policy.CodeValueNotAllowed, with("InstanceId", "i-0bbbbbbbbbbbbbbb1")),
		deny("two instances", policy.CodeValuesTooMany, with("InstanceId", "i-0aaaaaaaaaaaaaaa1", "i-0aaaaaaaaaaaaaaa2")),
		deny("51 values", policy.CodeValuesTooMany, with("InstanceId", many(51, "i-%d")...)),
		deny("no value", policy.CodeValueMissing, with("InstanceId")),
		deny("an empty value", policy.CodeValueMissing, with("InstanceId", "")),
		deny("513 characters", policy.CodeValueTooLong, with("InstanceId", strings.Repeat("i", 513))),
		deny("a template", policy.CodeValueTemplate, with("InstanceId", "{{ssm:x}}")),
		deny("a line break", policy.CodeValueHidden, with("InstanceId", "i-0aaaaaaaaaaaaaaa1\n")),
		deny("an empty parameter name", policy.CodeParameterName, with("", "x")),
		deny("a parameter name of 51 characters", policy.CodeParameterName, with(strings.Repeat("x", 51), "x")),
		deny("a hidden parameter name", policy.CodeParameterName, with("Instance\u200bId", "x")),
		deny("200 parameters", policy.CodeParameterUnknown, parameters(200)),
		deny("201 parameters", policy.CodeParametersTooMany, parameters(201)),
		deny("the role", policy.CodeParameterRole, with("AutomationAssumeRole", otherRole)),
		deny("the very role of the policy", policy.CodeParameterRole, with("AutomationAssumeRole", serviceRole)),
		deny("the role in lower case", policy.CodeParameterRole, with("automationassumerole", serviceRole)),
		deny("no instance", policy.CodeParameterMissing, without("InstanceId")),

		allow("ana cancels what she asked for", "", cancels("U012ANA"), where("C0RANDOM", "random")),
		allow("ana cancels what ben asked for", "web-restarts", cancels("U012BEN")),
		allow("dora cancels what ana asked for", "watchers", who("U012DORA"), cancels("U012ANA")),
		allow("ana cancels hers although the runbook is gone from the policy", "", cancels("U012ANA"), what("gone")),
		deny("ana cancels ben's elsewhere", policy.CodeChannelNotGranted, cancels("U012BEN"), where("C0RANDOM", "random")),
		deny("mallory cancels ana's", policy.CodeIdentityUnknown, who("U012MALLORY"), cancels("U012ANA")),
		deny("mallory, no longer in the policy, cancels her own", policy.CodeIdentityUnknown, who("U012MALLORY"), cancels("U012MALLORY")),
		deny("ana, now a guest, cancels her own", policy.CodeGuest, cancels("U012ANA"), standing(policy.StandingGuest)),
		deny("nobody's execution of a runbook nobody knows", policy.CodeRunbookUnknown, cancels(""), what("gone")),
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			checkRow(t, p, row)
		})
	}
}

func checkRow(t *testing.T, p *policy.Policy, row row) {
	t.Helper()
	d := policy.Decide(p, row.request)
	if d.Code() != row.code || d.Rule() != row.rule {
		t.Fatalf("decided %q by %q, want %q by %q: %+v", d.Code(), d.Rule(), row.code, row.rule, d.Explain())
	}
	yes := row.code == policy.CodeGranted || row.code == policy.CodeRequester
	if d.Allowed() != yes {
		t.Errorf("Allowed is %v for %q", d.Allowed(), d.Code())
	}
	if d.Recorded() || d.ID() != "" {
		t.Error("a decision that nobody recorded says it is recorded")
	}
	wantRole := ""
	if yes && row.request.Action == policy.Run {
		wantRole = serviceRole
	}
	if d.Role() != wantRole {
		t.Errorf("role %q, want %q", d.Role(), wantRole)
	}
	if e := d.Explain(); e.Sentence == "" || e.Decided == "" || !yes && e.Fix == "" {
		t.Errorf("the explanation lacks something: %+v", e)
	}
}

func parameters(n int) func(*policy.Request) {
	return func(r *policy.Request) {
		for _, name := range many(n-len(r.Parameters), "P%d") {
			r.Parameters[name] = []string{"x"}
		}
	}
}

// Of several grants that cover a request, the first by name decides, wherever each matches.
func TestDecideByTheFirstName(t *testing.T) {
	t.Parallel()
	places := []string{`"*"`, "C0OPS", `"#ops"`, `"#o*"`}
	for _, first := range places {
		for _, second := range places {
			text := strings.Split(example, "grants:")[0] + "grants:\n" +
				"  - {name: b, to: [web], runbooks: [restart-web], channels: [" + second + "]}\n" +
				"  - {name: c, to: [ana], runbooks: ['*'], channels: [" + second + "]}\n" +
				"  - {name: a, to: [web], runbooks: [restart-web], channels: [" + first + "]}\n"
			if d := policy.Decide(parse(t, text), request(t)); d.Rule() != "a" {
				t.Errorf("in %s and %s, %q decided", first, second, d.Rule())
			}
		}
	}
}

// Of several wrong parameters, the first by name is reported, though maps have no order.
func TestDecideReportsTheFirstParameter(t *testing.T) {
	t.Parallel()
	p, r := parse(t, example), request(t, parameters(40), with("AutomationAssumeRole", otherRole))
	for range 20 {
		if d := policy.Decide(p, r); d.Code() != policy.CodeParameterRole || d.Parameter() != "AutomationAssumeRole" || d.Value() != "" {
			t.Fatalf("%s of %q", d.Code(), d.Parameter())
		}
	}
	d := policy.Decide(p, request(t, with("InstanceId", "i-9")))
	if d.Parameter() != "InstanceId" || d.Value() != "i-9" {
		t.Errorf("about %q, %q", d.Parameter(), d.Value())
	}
}
