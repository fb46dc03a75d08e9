package policy

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

const conditionPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}}
groups: {web: {members: [ana]}, leads: {usergroup: S0LEADS}, admins: {usergroup: S0ADMINS}}
runbooks:
  failover:
    document: Failover
    version: latest
    allow_unpinned: true
    targets: Id
    parameters: {Id: {pattern: "[a-z-]+", max_items: 50}, Mode: {allow: [fast, safe]}}
grants:
  - name: failovers
    to: [web]
    runbooks: [failover]
    channels: ["#ops"]
    when: `

func condition(t testing.TB, source string) (*Condition, *Policy) {
	t.Helper()
	p, err := Parse("p", []byte(conditionPolicy+"'"+strings.ReplaceAll(source, "'", "''")+"'\n"))
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return p.grants[0].When, p
}

func conditionRequest() *Request {
	return &Request{
		Action: Run, Actor: Actor{ID: "U012ANA", UserGroups: []string{"S0LEADS"}}, Channel: Channel{ID: "C0OPS", Name: "ops"}, Runbook: "failover",
		Parameters: map[string][]string{"Id": {"orders", "billing"}, "Mode": {"fast"}},
		At:         time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC), // a Monday
	}
}

func TestConditionHolds(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		`true`:                              true,
		`false`:                             false,
		`size(targets) == 2`:                true,
		`targets.all(t, t.startsWith("o"))`: false,
		`targets.exists(t, t == "orders")`:  true,
		`targets.filter(t, t != "orders").size() < 2`:  true,
		`"orders" in params.Id`:                        true,
		`params["Mode"] == ["fast"]`:                   true,
		`params.Mode[0].matches("[a-f][a-z]{3}")`:      true,
		`params.Mode[0].matches("f.*")`:                true,
		`"Reason" in params`:                           false,
		`has(params.Id) && !has(params.Reason)`:        true,
		`size(params) == 2`:                            true,
		`params.all(name, size(params[name]) < 3)`:     true,
		`actor.id == "U012ANA" && actor.name == "ana"`: true,
		`actor.groups == ["leads", "web"]`:             true,
		`"admins" in actor.groups`:                     false,
		`channel.name.startsWith("inc-")`:              false,
		`channel.id == "C0OPS" && !channel.shared`:     true,
		`runbook.name == "failover" && runbook.document == "Failover" && runbook.version == "latest"`: true,
		`now < timestamp("2027-01-01T00:00:00Z")`:                                                     true,
		`now.getDayOfWeek() == 1 && now.getHours() == 22`:                                             true,
		`now.getHours("Europe/Oslo") == 23`:                                                           true,
		`incident.open`:                                                                               false,
		`incident.id == "" && incident.severity == 0`:                                                 true,
	} {
		c, p := condition(t, source)
		got, err := c.Holds(&conditionInput{policy: p, request: conditionRequest(), runbook: p.runbooks[0]})
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", source, got, err, want)
		}
	}
}

// The same request has the same answer each time, though the parameters are in a map.
func TestConditionsAreDeterministic(t *testing.T) {
	t.Parallel()
	for _, source := range []string{`params.map(name, name) == ["Id", "Mode", "Time", "Zone"]`, `params.filter(name, size(params[name]) > 0)[0] == "Id"`} {
		c, p := condition(t, source)
		for range 100 {
			r := conditionRequest()
			r.Parameters["Zone"], r.Parameters["Time"] = []string{"a"}, []string{"b"}
			if got, err := c.Holds(&conditionInput{policy: p, request: r, runbook: p.runbooks[0]}); err != nil || !got {
				t.Fatalf("%s: %v, %v", source, got, err)
			}
		}
	}
	c, p := condition(t, `size(params) == 0 && !("Id" in params) && params.all(name, false)`)
	if got, err := c.Holds(&conditionInput{policy: p, request: &Request{}, runbook: p.runbooks[0]}); err != nil || !got {
		t.Errorf("no parameters at all: %v, %v", got, err)
	}
}

func TestConditionInIncident(t *testing.T) {
	t.Parallel()
	c, p := condition(t, `incident.open && incident.severity <= 2 && incident.id == "inc-204"`)
	r := conditionRequest()
	for _, row := range []struct {
		incident *Incident
		want     bool
	}{
		{nil, false}, {&Incident{ID: "inc-204", Severity: 1, Open: true}, true}, {&Incident{ID: "inc-204", Severity: 3, Open: true}, false},
		{&Incident{ID: "inc-204", Severity: 1}, false},
	} {
		r.Incident = row.incident
		if got, err := c.Holds(&conditionInput{policy: p, request: r, runbook: p.runbooks[0]}); got != row.want || err != nil {
			t.Errorf("%+v: %v, %v", row.incident, got, err)
		}
	}
}

// What nobody can say is neither yes nor no.
func TestConditionThatCannotBeEvaluated(t *testing.T) {
	t.Parallel()
	r := conditionRequest()
	for _, source := range []string{
		`params.Reason[0] == "x"`, `params.Id[5] == "x"`, `1 / (size(targets) - 2) == 1`, `int(params.Mode[0]) > 1`, `now.getHours(params.Mode[0]) == 1`,
		`timestamp(params.Mode[0]) < now`,
	} {
		c, p := condition(t, source)
		if got, err := c.Holds(&conditionInput{policy: p, request: r, runbook: p.runbooks[0]}); err == nil || got {
			t.Errorf("%s: %v, %v", source, got, err)
		}
	}
	if got, err := (&Condition{Source: "true"}).Holds(&conditionInput{}); err == nil || got {
		t.Error("a condition that nobody compiled holds")
	}
}

// A request that is larger than any that passes the checks of parameters costs no more than the limit.
func TestConditionCostIsLimited(t *testing.T) {
	t.Parallel()
	c, p := condition(t, `targets.all(t, t.matches("(a|b)*c") || t.contains("x"))`)
	r := conditionRequest()
	for range 10_000 {
		r.Parameters["Id"] = append(r.Parameters["Id"], strings.Repeat("abc", 170))
	}
	r.Parameters["Id"] = r.Parameters["Id"][2:]
	began := time.Now()
	got, err := c.Holds(&conditionInput{policy: p, request: r, runbook: p.runbooks[0]})
	if err == nil || got || !strings.Contains(err.Error(), "cost limit") {
		t.Errorf("%v, %v", got, err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestConditionMistakes(t *testing.T) {
	t.Parallel()
	const first = "17:11: " // of the condition, where it has no quotes
	for source, want := range map[string]string{
		`size(targets) == `:                               "17:27: when is wrong: Syntax error: mismatched input '<EOF>'.",
		`targets == 1`:                                    "17:19: when is wrong: found no matching overload",
		`size(targets)`:                                   first + "when must be true or false, and is int.",
		`"yes"`:                                           first + "when must be true or false, and is string.",
		`dyn(true)`:                                       first + "when must be true or false, and is dyn.",
		`true && actor.mail == "x"`:                       "17:19: when is wrong: undeclared reference to 'actor'. Did you mean actor.groups, actor.id or actor.name? It knows actor.groups,",
		`reboot(targets)`:                                 "17:17: when is wrong: undeclared reference to 'reboot'",
		`params.Id == "x"`:                                "17:21: when is wrong: found no matching overload",
		`actor.name.matches("[")`:                         "17:30: when is wrong: invalid matches argument",
		`actor.name.matches(params.Id[0])`:                "17:39: when is wrong: matches() takes a pattern that is written out.",
		`matches(actor.name, "x{1000}" + "y")`:            "17:41: when is wrong: matches() takes a pattern that is written out.",
		`actor.name.matches("x{1000}{1000}")`:             "17:30: when is wrong: invalid matches argument",
		`now < timestamp("soon")`:                         "17:27: when is wrong: invalid timestamp argument",
		`targets.map(t, t) == targets || [1, "a"] == [2]`: "17:47: when is wrong:",
		`params.all(a, params.all(b, a != b))`:            first + "when may cost ",
		`targets.all(a, targets.all(b, targets.all(c, a+b != c)))`: "17:52: when is wrong: comprehension exceeds nesting limit",
		strings.Repeat("(", 60) + "true" + strings.Repeat(")", 60): first + "when is wrong",
		strings.Repeat("!", 1001):                                  first + "when has 1001 characters, and may have 1000.",
		`""`:                                                       first + "when must be true or false",
		`аctor.id == "x"`:                                          "17:11: when is wrong: Syntax error",
	} {
		_, err := Parse("p", []byte(conditionPolicy+"|-\n      "+source+"\n"))
		if err == nil {
			t.Errorf("%s is accepted", source)
			continue
		}
		// In a literal block the text is one line further down, behind six spaces.
		block := strings.Replace(err.Error(), "p:18:", "17:", 1)
		if _, message, ok := strings.Cut(want, ": "); !ok || !strings.Contains(block, message) {
			t.Errorf("%s:\n%s\nwant %s", source, err, want)
		}
		_, err = Parse("p", []byte(conditionPolicy+source+"\n"))
		if strings.HasPrefix(source, "!") || strings.HasPrefix(source, `"`) {
			continue // YAML reads these otherwise
		}
		if err == nil || !strings.HasPrefix(err.Error(), "p:"+want) {
			t.Errorf("%s:\n%v\nwant %s", source, err, want)
		}
	}
}

// The place of a mistake is right in every way to write a text, or is that of the text.
func TestConditionPlaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`'true && x'`:                 "p:17:20: ",
		`"true && x"`:                 "p:17:20: ",
		`'actor.id != ''a'' && x'`:    "p:17:33: ",
		`"actor.id != \"a\" && x"`:    "p:17:11: ",
		"|\n      true\n        && x": "p:19:12: ",
		">\n      true\n      && x":   "p:17:11: ",
		"true\n      && x":            "p:17:11: ",
		"|2-\n      true && x":        "p:18:15: ",
		`"actor.name == 'é' && x"`:    "p:17:33: ",
	} {
		_, err := Parse("p", []byte(conditionPolicy+text+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", text, err, want)
		}
	}
}

// Conditions that grow with what they look at, and would do so without end.
func TestExpensiveConditionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		`params.all(a, params.all(b, params[a] == params[b]))`,
		`targets.map(a, targets.map(b, a + b)).size() > 1`,
		`targets.all(a, targets.all(b, a.contains(b)))`,
		`targets.map(a, targets).map(b, targets.all(c, c in b)).size() > 0`,
		`params.all(a, params[a].all(b, b.matches("(x+x+)+y")))`,
		strings.Repeat(`targets.all(a, a.matches(a)) && `, 20) + "true",
		`[[targets, targets], [targets, targets]].all(a, a.all(b, b.all(c, c != "")))`,
		`actor.name.matches("(a{1000}){1000}")`,
		`actor.name.matches("(x{100}){10}")`,
		strings.Repeat("[", 200) + strings.Repeat("]", 200) + ".size() == 1",
		strings.Repeat("-", 400) + "1 == 1", strings.Repeat("!", 400) + "true",
	} {
		began := time.Now()
		p, err := Parse("p", []byte(conditionPolicy+"'"+source+"'\n"))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%.60s took %v", source, took)
		}
		if err != nil {
			continue
		}
		r := conditionRequest()
		r.Parameters["Id"] = nil
		for range MaxParameterValues {
			r.Parameters["Id"] = append(r.Parameters["Id"], strings.Repeat("x", MaxValueLength))
		}
		began = time.Now()
		_, err = p.grants[0].When.Holds(&conditionInput{policy: p, request: r, runbook: p.runbooks[0]})
		if took := time.Since(began); took > time.Second {
			t.Errorf("%.60s is accepted and took %v, %v", source, took, err)
		}
	}
}

// Whatever the condition: it is refused with its place, or it can be asked, and no answer takes long or panics.
func FuzzCondition(f *testing.F) {
	for _, source := range []string{
		`size(targets) == 2`, `targets.exists(t, t.matches("a.*"))`, `params.Mode[0] in ["fast"]`, `now.getHours("Europe/Oslo") < 5`, `"web" in actor.groups`,
		`incident.open && incident.severity <= 2`, `has(params.X) ? params.X == [] : true`, `duration("1h") > now - timestamp("2026-01-01T00:00:00Z")`,
		`params.map(k, params[k]).size() > 1`, `[1, 2].all(x, x > 0)`, `1 / 0 == 1`, `b"a" == bytes(channel.id)`, `type(now) == timestamp`, `{"a": 1}.a == 1`, `((((`, "\x00", `"\u202e"`, `а`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		r := &fileReader{reader: reader{file: "p", data: []byte(source)}}
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: source, Line: 1, Column: 1}
		c := r.readWhen(n)
		if (c == nil) != (len(r.errors) > 0) {
			t.Fatalf("%v, %v", c, r.errors)
		}
		for _, e := range r.errors {
			if e.Line < 1 || e.Column < 1 || len(e.Message) > 1000 {
				t.Fatalf("%+v", e)
			}
		}
		if c == nil {
			return
		}
		p := &Policy{runbooks: []*Runbook{{Name: "failover", Targets: "Id"}}, identities: []Identity{{"ana", []string{"U012ANA"}}}}
		p.buildIndex()
		began := time.Now()
		once, err := c.Holds(&conditionInput{policy: p, request: conditionRequest(), runbook: p.runbooks[0]})
		again, twice := c.Holds(&conditionInput{policy: p, request: conditionRequest(), runbook: p.runbooks[0]})
		if once != again || (err == nil) != (twice == nil) || err != nil && once {
			t.Fatalf("%v, %v, then %v, %v", once, err, again, twice)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("it took %v", took)
		}
	})
}
