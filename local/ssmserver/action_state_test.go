package ssmserver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"handrail/local/ssmserver/cloud"
)

func change(name, state, ids, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:changeInstanceState","inputs":{"InstanceIds":%s,"DesiredState":%q%s}}`, name, ids, state, more)
}

func (b *bubble) state(id string) string {
	b.Helper()
	for _, i := range b.server.cloud.Instances() {
		if i.ID == id {
			return i.State
		}
	}
	return ""
}

func TestInstancesTakeTime(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.must("StartAutomationExecution", `{"DocumentName":"AWS-RestartEC2Instance","Parameters":{"InstanceId":["`+web1+`"]}}`)["AutomationExecutionId"].(string)
		b.want(b.after(2*time.Second, id), "InProgress: stopInstances=InProgress startInstances=Pending")
		if got := b.state(web1); got != "stopping" {
			b.Errorf("after 2 s: %s", got)
		}
		b.want(b.after(time.Second, id), "InProgress: stopInstances=Success startInstances=InProgress")
		if got := b.state(web1); got != "pending" {
			b.Errorf("after 3 s: %s", got)
		}
		b.want(b.after(1800*time.Millisecond, id), "InProgress: stopInstances=Success startInstances=InProgress")
		if got := b.state(web1); got != "running" {
			b.Errorf("before the status checks: %s", got)
		}
		b.want(b.after(200*time.Millisecond, id), "Success: stopInstances=Success startInstances=Success")
		if got := b.state(web2); got != "running" {
			b.Errorf("another instance is %s", got)
		}
	})
}

func TestChangeInstanceState(t *testing.T) {
	both := `["` + web1 + `","` + web2 + `"]`
	one := `["` + web1 + `"]`
	for name, row := range map[string]struct{ prepare, step, want, failure string }{
		"stop":                  {"", change("a", "stopped", both, ""), "Success: a=Success", ""},
		"stop a stopped one":    {"stopped", change("a", "stopped", both, ""), "Success: a=Success", ""},
		"start a running one":   {"", change("a", "running", both, ""), "Success: a=Success", ""},
		"terminate":             {"", change("a", "terminated", both, ""), "Success: a=Success", ""},
		"terminate twice":       {"terminated", change("a", "terminated", both, ""), "Success: a=Success", ""},
		"stop a terminated one": {"terminated", change("a", "stopped", both, ""), "Failed: a=Failed", "is not in a state from which it can be stopped. (Service: AmazonEC2; Status Code: 400; Error Code: IncorrectInstanceState"},
		"start a stopping one":  {"stopping", change("a", "running", both, ""), "Failed: a=Failed", "is not in a state from which it can be started. (Service: AmazonEC2"},
		"wait for a stuck one":  {"stopping", change("a", "stopped", both, ""), "TimedOut: a=TimedOut", "Step timed out"},
		"force a stuck one":     {"stopping", change("a", "stopped", both, `,"Force":"true"`), "Success: a=Success", ""},
		"check only, right":     {"", change("a", "running", both, `,"CheckStateOnly":true`), "Success: a=Success", ""},
		"check only, wrong":     {"", change("a", "stopped", both, `,"CheckStateOnly":true`), "TimedOut: a=TimedOut", "Step timed out"},
		"unexpectedly stopped":  {"stopped", change("a", "running", one, `,"CheckStateOnly":true,"FailOnUnexpectedStopped":true`), "Failed: a=Failed", "Poll action status for completion. The instance " + web1 + " is unexpectedly stopped."},
		"expectedly stopped":    {"stopped", change("a", "running", one, `,"FailOnUnexpectedStopped":true`), "Success: a=Success", ""},
		"a single string":       {"", change("a", "stopped", `"`+web1+`"`, ""), "Success: a=Success", ""},
		"a list in the list":    {"", change("a", "stopped", `["`+web1+`",["`+web2+`"]]`, ""), "Success: a=Success", ""},
		"two unknown ones":      {"", change("a", "stopped", `["i-0ccccccccccccccc1","`+web1+`","i-0ccccccccccccccc2"]`, ""), "Failed: a=Failed", "The instance IDs 'i-0ccccccccccccccc1, i-0ccccccccccccccc2' do not exist"},
		"no ID":                 {"", change("a", "stopped", `["web-1"]`, ""), "Failed: a=Failed", `Invalid id: "web-1" (Service: AmazonEC2; Status Code: 400; Error Code: InvalidInstanceID.Malformed`},
		"an empty list":         {"", change("a", "stopped", `[]`, ""), "Failed: a=Failed", "at least one instance"},
		"a list of numbers":     {"", change("a", "stopped", `[1]`, ""), "Failed: a=Failed", "InstanceIds must be a list of strings"},
		"another state":         {"", change("a", "rebooted", one, ""), "Failed: a=Failed", "DesiredState must be"},
		"another input":         {"", change("a", "stopped", one, `,"Speed":1`), "Failed: a=Failed", "The input Speed is not one of"},
		"a flag that is none":   {"", change("a", "stopped", one, `,"Force":"maybe"`), "Failed: a=Failed", "Force must be true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				if row.prepare != "" {
					for _, id := range []string{web1, web2} {
						if err := b.server.cloud.SetInstance(id, row.prepare); err != nil {
							b.Fatal(err)
						}
					}
				}
				e := b.after(2*time.Hour, b.start(row.step))
				b.want(e, row.want)
				if !strings.Contains(e.FailureMessage, row.failure) {
					b.Errorf("failure %q", e.FailureMessage)
				}
				if strings.Contains(row.failure, "do not exist") && b.state(web1) != "running" {
					b.Error("the call with an unknown instance moved another one")
				}
			})
		})
	}
}

func TestDrainAndRestart(t *testing.T) {
	const head = "chooseDrain=Success "
	for failAt, want := range map[string]string{
		"none":    "Success: " + head + "drain=Success chooseRestart=Success stop=Success start=Success chooseVerify=Success verify=Success drainMissingInstance=Pending restartMissingInstance=Pending verifyMissingInstance=Pending",
		"drain":   "Failed: " + head + "drainMissingInstance=Failed drain=Pending chooseRestart=Pending stop=Pending start=Pending chooseVerify=Pending verify=Pending restartMissingInstance=Pending verifyMissingInstance=Pending",
		"restart": "Failed: " + head + "drain=Success chooseRestart=Success restartMissingInstance=Failed stop=Pending start=Pending chooseVerify=Pending verify=Pending drainMissingInstance=Pending verifyMissingInstance=Pending",
		"verify":  "Failed: " + head + "drain=Success chooseRestart=Success stop=Success start=Success chooseVerify=Success verifyMissingInstance=Failed verify=Pending drainMissingInstance=Pending restartMissingInstance=Pending",
	} {
		t.Run(failAt, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.must("StartAutomationExecution", `{"DocumentName":"Handrail-DrainAndRestart","Parameters":{"InstanceId":["`+web1+`"],"FailAt":["`+failAt+
					`"],"AutomationAssumeRole":["`+role+`"]}}`)["AutomationExecutionId"].(string)
				b.want(b.after(time.Minute, id), want)
			})
		})
	}
}

func TestNewRefusesABadFleet(t *testing.T) {
	t.Parallel()
	for _, fleet := range [][]cloud.Instance{{{ID: "web-1"}}, {{ID: web1}, {ID: web1}}, {{ID: web1, State: "asleep"}}} {
		if _, err := New(Options{Fleet: fleet}); err == nil {
			t.Errorf("%v was accepted", fleet)
		}
	}
	for _, o := range []Options{{Account: "12"}, {StopTime: -1}, {Documents: "no/such/folder"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
