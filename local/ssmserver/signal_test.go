package ssmserver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

// people are callers by access key: two users, and three sessions of two roles.
func people() Options {
	const account = DefaultAccount
	return Options{Callers: map[string]Identity{
		"AKIAEXAMPLE": {ARN: "arn:aws:sts::" + account + ":assumed-role/handrail/local"},
		"ANA":         {ARN: "arn:aws:iam::" + account + ":user/team/ana"},
		"BEN":         {ARN: "arn:aws:iam::" + account + ":user/ben"},
		"LEAD1":       {ARN: "arn:aws:sts::" + account + ":assumed-role/Lead/one"},
		"LEAD2":       {ARN: "arn:aws:sts::" + account + ":assumed-role/Lead/two"},
		"GUEST":       {ARN: "arn:aws:sts::" + account + ":assumed-role/Guest/ana"},
		"ALIEN":       {ARN: "arn:aws:sts::999999999999:assumed-role/Lead/one"},
	}}
}

func approve(name, inputs, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:approve","inputs":{%s}%s}`, name, inputs, more)
}

func pause(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:pause","inputs":{}%s}`, name, more)
}

// signal sends one and gives the error's code, "" for none.
func (b *bubble) signal(key, id, kind, payload string) string {
	b.Helper()
	body := fmt.Sprintf(`{"AutomationExecutionId":%q,"SignalType":%q}`, id, kind)
	if payload != "" {
		body = strings.TrimSuffix(body, "}") + `,"Payload":` + payload + `}`
	}
	status, answer := b.callAs(key, "SendAutomationSignal", body)
	code, _ := answer["__type"].(string)
	if (status == 200) != (code == "" && len(answer) == 0) {
		b.Errorf("%s: %d %v", body, status, answer)
	}
	return code
}

const (
	wrongSignal = "InvalidAutomationSignalException"
	wrongStep   = "AutomationStepNotFoundException"
)

func TestWhoMayApprove(t *testing.T) {
	for approver, allowed := range map[string]string{
		"ana": "ANA",
		"arn:aws:iam::123456789012:user/team/ana":         "ANA",
		"arn:aws:iam::123456789012:user/ana":              "",
		"team/ana":                                        "",
		"arn:aws:iam::123456789012:role/Lead":             "LEAD1 LEAD2",
		"arn:aws:iam::123456789012:role/ops/Lead":         "LEAD1 LEAD2",
		"arn:aws:iam::999999999999:role/Lead":             "ALIEN",
		"arn:aws:sts::123456789012:assumed-role/Lead/one": "LEAD1",
		"Lead":  "",
		"one":   "",
		"Ana":   "",
		"local": "",
	} {
		t.Run(approver, func(t *testing.T) {
			inBubble(t, people(), func(b *bubble) {
				var got []string
				for _, key := range []string{"ALIEN", "ANA", "BEN", "GUEST", "LEAD1", "LEAD2"} {
					id := b.start(approve("a", fmt.Sprintf(`"Approvers":[%q]`, approver), "") + "," + ok("b", ""))
					b.want(b.after(time.Second, id), "Waiting: a=Waiting b=Pending")
					switch code := b.signal(key, id, "Approve", ""); code {
					case "":
						got = append(got, key)
						b.want(b.after(time.Second, id), "Success: a=Success b=Success")
					case wrongSignal:
						b.want(b.after(time.Second, id), "Waiting: a=Waiting b=Pending")
					default:
						b.Errorf("%s: %s", key, code)
					}
				}
				if diff := cmp.Diff(allowed, strings.Join(got, " ")); diff != "" {
					b.Error(diff)
				}
			})
		})
	}
}

func TestApprovals(t *testing.T) {
	inBubble(t, people(), func(b *bubble) {
		const inputs = `"Approvers":["ana","arn:aws:iam::123456789012:user/team/ana","ben","arn:aws:iam::123456789012:role/Lead"],"MinRequiredApprovals":3,` +
			`"NotificationArn":"arn:aws:sns:eu-west-1:123456789012:Automation-approvals","Message":"Restart?"`
		id := b.start(approve("a", inputs, "") + "," + ok("b", ""))
		e := b.after(time.Second, id)
		if diff := cmp.Diff(map[string][]string{"ApprovalStatus": {"Waiting"}, "ApproverDecisions": {}}, e.StepExecutions[0].Outputs); diff != "" {
			b.Error(diff)
		}
		for _, key := range []string{"ANA", "ANA", "LEAD1", "LEAD2"} { // two principals, however often
			if code := b.signal(key, id, "Approve", `{"Comment":["fine"]}`); code != "" {
				b.Error(code)
			}
			b.want(b.after(time.Second, id), "Waiting: a=Waiting b=Pending")
		}
		if code := b.signal("BEN", id, "Approve", ""); code != "" {
			b.Error(code)
		}
		if e, _ := b.server.executions.get(id); !strings.HasPrefix(told(e.detail()), "InProgress: ") { // at once, however far it has come
			b.Error(told(e.detail()))
		}
		e = b.after(2*time.Second, id)
		b.want(e, "Success: a=Success b=Success")
		if diff := cmp.Diff([]string{"Approved"}, e.StepExecutions[0].Outputs["ApprovalStatus"]); diff != "" {
			b.Error(diff)
		}
		decisions := e.StepExecutions[0].Outputs["ApproverDecisions"]
		if len(decisions) != 3 || !strings.Contains(decisions[1], `"Approver":"arn:aws:sts::123456789012:assumed-role/Lead/one","Comment":"fine"`) {
			b.Errorf("decisions %q", decisions)
		}
		if code := b.signal("BEN", id, "Approve", ""); code != wrongSignal {
			b.Errorf("an approval after the end: %q", code)
		}
	})
}

func TestRejections(t *testing.T) {
	for name, row := range map[string]struct{ more, want string }{
		"Abort":                 {``, "Failed: a=Failed b=Pending c=Pending"},
		"no further attempt":    {`,"maxAttempts":5`, "Failed: a=Failed b=Pending c=Pending"},
		"fallback":              {`,"onFailure":"step:c"`, "Failed: a=Failed c=Success b=Pending"},
		"Continue":              {`,"onFailure":"Continue"`, "Success: a=Failed b=Success c=Success"},
		"Continue and critical": {`,"onFailure":"Continue","isCritical":true`, "Failed: a=Failed b=Success c=Success"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, people(), func(b *bubble) {
				id := b.start(approve("a", `"Approvers":["ana","ben"],"MinRequiredApprovals":2`, row.more) + "," + ok("b", "") + "," + ok("c", ""))
				b.after(time.Second, id)
				b.signal("ANA", id, "Approve", "")
				if code := b.signal("ANA", id, "Reject", `{"Comment":["not today"]}`); code != "" {
					b.Error(code)
				}
				e := b.after(5*time.Second, id)
				b.want(e, row.want)
				const message = "Step fails when it is Poll action status for completion. The approval request was rejected by " +
					"arn:aws:iam::123456789012:user/team/ana: not today. Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
				if diff := cmp.Diff(message, e.StepExecutions[0].FailureMessage); diff != "" {
					b.Error(diff)
				}
				if diff := cmp.Diff([]string{"Rejected"}, e.StepExecutions[0].Outputs["ApprovalStatus"]); diff != "" {
					b.Error(diff)
				}
			})
		})
	}
}

func TestSignalsThatNobodyGives(t *testing.T) {
	for name, row := range map[string]struct {
		step string
		wait time.Duration
	}{
		"approve by default":  {approve("a", `"Approvers":["ana"]`, ""), 604_800 * time.Second},
		"approve with a time": {approve("a", `"Approvers":["ana"]`, `,"timeoutSeconds":2592000`), 2_592_000 * time.Second},
		"pause by default":    {pause("a", ""), 604_800 * time.Second},
		"pause with a time":   {pause("a", `,"timeoutSeconds":"60"`), time.Minute},
		"two attempts":        {pause("a", `,"timeoutSeconds":60,"maxAttempts":2`), 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, people(), func(b *bubble) {
				b.assumes = role
				id := b.start(row.step + "," + ok("b", ""))
				b.want(b.after(row.wait-time.Second, id), "Waiting: a=Waiting b=Pending")
				e := b.after(2*time.Second, id)
				b.want(e, "TimedOut: a=TimedOut b=Pending")
				if !strings.HasPrefix(e.FailureMessage, "Step timed out while step is waiting for the ") {
					b.Error(e.FailureMessage)
				}
			})
		})
	}
}

func TestInputsOfApprovals(t *testing.T) {
	long := strings.Repeat("é", 4096)
	eleven := strings.TrimSuffix(strings.Repeat(`"ana",`, 11), ",")
	for name, row := range map[string]struct{ step, want string }{
		"no approvers":       {approve("a", ``, ""), "The input Approvers must name 1 to 10 principals"},
		"eleven approvers":   {approve("a", `"Approvers":[`+eleven+`]`, ""), "The input Approvers must name 1 to 10 principals"},
		"more than approve":  {approve("a", `"Approvers":["ana"],"MinRequiredApprovals":2`, ""), "The input MinRequiredApprovals must be a whole number from 1 to 1"},
		"none needed":        {approve("a", `"Approvers":["ana"],"MinRequiredApprovals":"0"`, ""), "The input MinRequiredApprovals must be"},
		"a long message":     {approve("a", `"Approvers":["ana"],"Message":"`+long+`é"`, ""), "The input Message is longer than 4096 characters"},
		"another topic":      {approve("a", `"Approvers":["ana"],"NotificationArn":"arn:aws:sns:eu-west-1:123456789012:Approvals"`, ""), "The input NotificationArn must be"},
		"unknown":            {approve("a", `"Approvers":["ana"],"EnhancedApprovals":{}`, ""), "The input EnhancedApprovals is not one of"},
		"over the maximum":   {approve("a", `"Approvers":["ana"]`, `,"timeoutSeconds":2592001`), "The timeoutSeconds of aws:approve is at most 2592000"},
		"a pause":            {pause("a", `,"timeoutSeconds":2592001`), "The timeoutSeconds of aws:pause is at most 2592000"},
		"a pause's input":    {`{"name":"a","action":"aws:pause","inputs":{"Until":"x"}}`, "The input Until is not one of Message"},
		"a message of 4,096": {approve("a", `"Approvers":"ana","Message":"`+long+`"`, ""), ""},
		"a pause's message":  {`{"name":"a","action":"aws:pause","inputs":{"Message":"{{ P }}"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, people(), func(b *bubble) {
				e := b.after(time.Second, b.start(row.step))
				if row.want == "" {
					b.want(e, "Waiting: a=Waiting")
					return
				}
				if !strings.HasPrefix(e.FailureMessage, "Step fails when it is validating and resolving the step inputs. "+row.want) {
					b.Error(e.FailureMessage)
				}
			})
		})
	}
}

func TestResume(t *testing.T) {
	inBubble(t, people(), func(b *bubble) {
		id := b.start(ok("a", "") + "," + pause("p", "") + "," + pause("q", "") + "," + ok("b", ""))
		send := func(kind, payload, want string) {
			b.Helper()
			if code := b.signal("GUEST", id, kind, payload); code != want {
				b.Errorf("%s %s: %q, not %q", kind, payload, code, want)
			}
		}
		send("Resume", `{"StepName":["p"]}`, wrongSignal) // not yet
		b.want(b.after(2*time.Second, id), "Waiting: a=Success p=Waiting q=Pending b=Pending")
		send("Resume", ``, wrongSignal)
		send("Resume", `{"StepName":[]}`, wrongSignal)
		send("Resume", `{"StepName":["p","q"]}`, wrongSignal)
		send("Resume", `{"StepName":["nobody"]}`, wrongStep)
		send("Resume", `{"StepName":["q"]}`, wrongSignal)
		send("Resume", `{"StepName":["a"]}`, wrongSignal)
		send("Approve", ``, wrongSignal)
		send("Reject", ``, wrongSignal)
		send("StartStep", `{"StepName":["q"]}`, wrongSignal)
		send("StopStep", `{"StepExecutionId":["x"]}`, wrongSignal)
		send("Revoke", ``, wrongSignal)
		send("Deny", ``, "ValidationException")
		send("Resume", `{"StepName":["p"]}`, "")
		send("Resume", `{"StepName":["p"]}`, wrongSignal)
		b.want(b.after(time.Second, id), "Waiting: a=Success p=Success q=Waiting b=Pending")
		send("Resume", `{"StepName":["q"]}`, "")
		b.want(b.after(2*time.Second, id), "Success: a=Success p=Success q=Success b=Success")
		send("Resume", `{"StepName":["q"]}`, wrongSignal)
		id = "00000000-0000-0000-0000-000000000000"
		send("Resume", `{"StepName":["q"]}`, "AutomationExecutionNotFoundException")
	})
}

func TestCancelWhileWaiting(t *testing.T) {
	inBubble(t, people(), func(b *bubble) {
		id := b.start(approve("a", `"Approvers":["ana"]`, `,"onCancel":"step:c"`) + "," + ok("b", "") + "," + tagged("c", ""))
		b.after(time.Second, id)
		b.stop(id, "")
		if code := b.signal("ANA", id, "Approve", ""); code != wrongSignal {
			b.Errorf("an approval of a cancelled step: %q", code)
		}
		b.want(b.after(time.Second, id), "Cancelled: a=Cancelled c=Success b=Pending")

		id = b.start(pause("a", "") + "," + ok("b", ""))
		b.after(time.Second, id)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(time.Second, id), "Waiting: a=Waiting b=Pending")
		b.signal("ANA", id, "Resume", `{"StepName":["a"]}`)
		b.want(b.after(time.Second, id), "Success: a=Success b=Pending")
	})
}

// The SDK's own client sends signals and reads their errors.
func TestSignalsOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	content := `{"schemaVersion":"0.3","mainSteps":[` + approve("a", `"Approvers":["arn:aws:iam::123456789012:role/handrail"]`, "") + `,` + pause("p", "") + `]}`
	name := "Test-Signals"
	if _, err := w.client.CreateDocument(t.Context(), &ssm.CreateDocumentInput{Name: &name, Content: &content, DocumentType: types.DocumentTypeAutomation}); err != nil {
		t.Fatal(err)
	}
	id := w.start(name, nil)
	waiting := func(step string) func(*types.AutomationExecution) bool {
		return func(e *types.AutomationExecution) bool {
			return e.AutomationExecutionStatus == types.AutomationExecutionStatusWaiting && *e.CurrentStepName == step
		}
	}
	send := func(kind types.SignalType, payload map[string][]string, want string) {
		t.Helper()
		_, err := w.client.SendAutomationSignal(t.Context(), &ssm.SendAutomationSignalInput{AutomationExecutionId: &id, SignalType: kind, Payload: payload})
		if code, _ := refusal(err); code != want {
			t.Errorf("%s: %v", kind, err)
		}
	}
	w.wait(id, waiting("a"))
	send("Deny", nil, "ValidationException")
	send(types.SignalTypeRevoke, nil, wrongSignal)
	send(types.SignalTypeResume, map[string][]string{"StepName": {"x"}}, wrongStep)
	send(types.SignalTypeApprove, map[string][]string{"Comment": {"yes"}}, "")
	w.wait(id, waiting("p"))
	send(types.SignalTypeResume, map[string][]string{"StepName": {"p"}}, "")
	if e := w.waitEnd(id); e.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess {
		t.Errorf("at the end: %s", e.AutomationExecutionStatus)
	}
}
