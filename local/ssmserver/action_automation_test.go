package ssmserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// runbook makes a document of its parameters, steps and outputs, each as JSON without the outer brackets.
func (b *bubble) runbook(name, role, parameters, steps, outputs string) {
	b.Helper()
	content := fmt.Sprintf(`{"schemaVersion":"0.3","assumeRole":%q,"parameters":{%s},"mainSteps":[%s],"outputs":[%s]}`, role, parameters, steps, outputs)
	b.load(name, content)
}

func (b *bubble) load(name, content string) {
	b.Helper()
	quoted, err := json.Marshal(content)
	if err != nil {
		b.Fatal(err)
	}
	b.must("CreateDocument", fmt.Sprintf(`{"Name":%q,"DocumentType":"Automation","Content":%s}`, name, quoted))
}

// begin starts an execution by a request written as JSON and gives its ID.
func (b *bubble) begin(request string) string {
	b.Helper()
	id, _ := b.must("StartAutomationExecution", request)["AutomationExecutionId"].(string)
	return id
}

// children gives the executions that id started, oldest first.
func (b *bubble) children(id string) []executionDetail {
	var out []executionDetail
	all := b.server.executions.newest()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].parentID == id {
			out = append(out, all[i].detail())
		}
	}
	return out
}

func child(name, inputs, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:executeAutomation","inputs":{%s}%s}`, name, inputs, more)
}

func TestAChildRuns(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.runbook("Test-Child", "{{ Role }}", `"Role":{"type":"String","default":""},"Ids":{"type":"StringList"},"N":{"type":"Integer"},"On":{"type":"Boolean"},"M":{"type":"StringMap"}`,
			change("start", "running", `"{{ Ids }}"`, "")+","+ok("b", ""), `"start.InstanceStates","b.Nothing"`)
		b.runbook("Test-Parent", role, `"Ids":{"type":"StringList","default":["`+web1+`","`+web2+`"]}`, child("run",
			`"DocumentName":"arn:aws:ssm:eu-west-1:123456789012:document/Test-Child","DocumentVersion":1,
			 "RuntimeParameters":{"Ids":["{{ Ids }}"],"N":[7],"On":true,"M":{"a":"b"},"Role":""},"Tags":[{"Key":"k","Value":"v"}]`, "")+","+
			child("after", `"DocumentName":"Test-Child","RuntimeParameters":{"Ids":"`+web1+`","N":"1","On":"false","M":["{\"c\":1}"],"Role":"`+role+`"}`, ""),
			`"run.Output","run.Status"`)
		id := b.begin(`{"DocumentName":"Test-Parent"}`)
		b.want(b.after(0, id), "InProgress: run=InProgress after=Pending")
		e := b.after(10*time.Second, id)
		b.want(e, "Success: run=Success after=Success")
		children := b.children(id)
		if len(children) != 2 {
			b.Fatalf("%d children", len(children))
		}
		first, second := children[0], children[1]
		if diff := cmp.Diff(map[string][]string{"run.Output": {"running", "running"}, "run.Status": {"Success"}}, e.Outputs); diff != "" {
			b.Error(diff)
		}
		if got := e.StepExecutions[0].Outputs["ExecutionId"]; !cmp.Equal(got, []string{first.AutomationExecutionId}) {
			b.Errorf("the ID of the child: %v", got)
		}
		want := map[string][]string{"Ids": {web1, web2}, "N": {"7"}, "On": {"true"}, "M": {`{"a":"b"}`}, "Role": {""}}
		if diff := cmp.Diff(want, first.Parameters); diff != "" {
			b.Error(diff)
		}
		if first.ParentAutomationExecutionId != id || first.ExecutedBy != e.ExecutedBy || first.DocumentVersion != "1" {
			b.Errorf("the child: %+v", first)
		}
		// The first child has no role and runs as the caller, the second one brings its own.
		for detail, as := range map[*executionDetail]struct{ role, identity string }{
			&first:  {"", e.ExecutedBy},
			&second: {role, "arn:aws:sts::123456789012:assumed-role/AmazonSSMAutomationRole/Automation-" + second.AutomationExecutionId},
		} {
			ran, err := b.server.executions.get(detail.AutomationExecutionId)
			if err != nil || ran.role != as.role || ran.identity != as.identity || ran.awsCalls[0].Role != as.role || ran.awsCalls[0].Caller != as.identity {
				b.Errorf("ran as %q %q, want %q", ran.role, ran.identity, as)
			}
		}
		if ran, _ := b.server.executions.get(first.AutomationExecutionId); !ran.tagged("k") {
			b.Error("the child has no tag")
		}
		filtered := b.must("DescribeAutomationExecutions", `{"Filters":[{"Key":"ParentExecutionId","Values":["`+id+`"]}]}`)["AutomationExecutionMetadataList"].([]any)
		if len(filtered) != 2 {
			b.Errorf("%d of ParentExecutionId", len(filtered))
		}
		if all := b.must("DescribeAutomationExecutions", `{}`)["AutomationExecutionMetadataList"].([]any); len(all) != 3 {
			b.Errorf("%d in all", len(all))
		}
	})
}

func TestChildrenThatFail(t *testing.T) {
	for name, row := range map[string]struct{ child, step, want, message string }{
		"the child fails": {bad("x", ""), child("a", `"DocumentName":"Test-Child"`, ""), "Failed: a=Failed",
			"Step fails when it is Poll action status for completion. The automation CHILD of Test-Child ended with the status Failed: Step fails when it is Execute/Cancelling action."},
		"the child times out": {stuck("x", `,"timeoutSeconds":5`), child("a", `"DocumentName":"Test-Child"`, ""), "Failed: a=Failed",
			"Step fails when it is Poll action status for completion. The automation CHILD of Test-Child ended with the status TimedOut: Step timed out"},
		"continued": {bad("x", ""), child("a", `"DocumentName":"Test-Child"`, `,"onFailure":"Continue"`) + `,{"name":"b","action":"aws:branch","isEnd":true,"inputs":{"Choices":[{"NextStep":"c","Variable":"{{ a.Status }}","StringEquals":"Failed"}]}},` + ok("c", ""),
			"Success: a=Failed b=Success c=Success", ""},
		"no document": {ok("x", ""), child("a", `"DocumentName":"Test-Other"`, ""), "Failed: a=Failed",
			"Step fails when it is Execute/Cancelling action. An error occurred (AutomationDefinitionNotFoundException) when calling the StartAutomationExecution operation: "},
		"no version": {ok("x", ""), child("a", `"DocumentName":"Test-Child","DocumentVersion":"7"`, ""), "Failed: a=Failed",
			"Step fails when it is Execute/Cancelling action. An error occurred (AutomationDefinitionVersionNotFoundException) when"},
		"an unknown parameter": {ok("x", ""), child("a", `"DocumentName":"Test-Child","RuntimeParameters":{"X":"y"}`, ""), "Failed: a=Failed",
			"Step fails when it is Execute/Cancelling action. An error occurred (InvalidAutomationExecutionParametersException) when calling the StartAutomationExecution operation: Unknown parameter: X is"},
		"parameters that are no map": {ok("x", ""), child("a", `"DocumentName":"Test-Child","RuntimeParameters":"X"`, ""), "Failed: a=Failed",
			"Step fails when it is validating and resolving the step inputs. The input RuntimeParameters must be a map."},
		"an unknown input": {ok("x", ""), child("a", `"DocumentName":"Test-Child","Parameters":{}`, ""), "Failed: a=Failed",
			"Step fails when it is validating and resolving the step inputs. The input Parameters is not one of"},
		"no name": {ok("x", ""), child("a", `"DocumentName":""`, ""), "Failed: a=Failed", "Step fails when it is validating and resolving the step inputs. 1 validation error detected: "},
		"six tags": {ok("x", ""), child("a", `"DocumentName":"Test-Child","Tags":[{"Key":"1","Value":""},{"Key":"2","Value":""},{"Key":"3","Value":""},{"Key":"4","Value":""},{"Key":"5","Value":""},{"Key":"6","Value":""}]`, ""),
			"Failed: a=Failed", "Step fails when it is Execute/Cancelling action. An error occurred (ValidationException)"},
		"out of time": {stuck("x", ""), child("a", `"DocumentName":"Test-Child"`, `,"timeoutSeconds":3`), "TimedOut: a=TimedOut", "Step timed out while step is waiting for the automation to end."},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				b.create("Test-Child", row.child)
				id := b.start(row.step)
				e := b.after(20*time.Second, id)
				b.want(e, row.want)
				message := row.message
				if children := b.children(id); len(children) > 0 {
					message = strings.ReplaceAll(message, "CHILD", children[0].AutomationExecutionId)
				}
				if !strings.HasPrefix(e.FailureMessage, message) || strings.Count(e.FailureMessage, guide) > 1 {
					b.Errorf("message %q", e.FailureMessage)
				}
				for _, child := range b.children(id) {
					if !ended(child.AutomationExecutionStatus) {
						b.Errorf("the child is still %s", child.AutomationExecutionStatus)
					}
				}
			})
		})
	}
}

func TestCancellingAParentCancelsItsChild(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Grandchild", stuck("x", `,"onCancel":"step:y"`)+","+change("y", "stopped", `["`+web2+`"]`, ""))
		b.create("Test-Child", child("c", `"DocumentName":"Test-Grandchild"`, ""))
		id := b.start(child("a", `"DocumentName":"Test-Child"`, `,"onCancel":"step:b"`) + "," + tagged("b", ""))
		b.after(time.Second, id)
		b.stop(id, "")
		b.want(b.after(500*time.Millisecond, id), "Cancelling: a=Cancelling b=Pending")
		b.want(b.after(4*time.Second, id), "Cancelled: a=Cancelled b=Success")
		middle := b.children(id)[0]
		b.want(middle, "Cancelled: c=Cancelled")
		b.want(b.children(middle.AutomationExecutionId)[0], "Cancelled: x=Cancelled y=Success")
	})
}

// A document that runs itself ends at the sixth level, and a loop of such children stays bounded.
func TestNestingIsBounded(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Recursive", child("again", `"DocumentName":"Test-Recursive"`, ""))
		id := b.begin(`{"DocumentName":"Test-Recursive"}`)
		e := b.after(time.Second, id)
		b.want(e, "Failed: again=Failed")
		if n := len(b.server.executions.newest()); n != 1+maxDepth {
			b.Errorf("%d executions", n)
		}
		if !strings.Contains(e.FailureMessage, "Automations can be nested 5 levels deep") {
			b.Errorf("message %q", e.FailureMessage)
		}
	})
}

// Children of children for many targets, with more of them than the server keeps.
func TestManyNestedChildrenAreBounded(t *testing.T) {
	inBubble(t, Options{MaxExecutions: 60}, func(b *bubble) {
		b.runbook("Test-Wide", "", `"N":{"type":"String","default":"0"}`, child("again",
			`"DocumentName":"Test-Wide","TargetParameterName":"N","Targets":[{"Key":"ParameterValues","Values":["1","2","3","4","5","6","7","8","9","10"]}],"MaxConcurrency":"100%","MaxErrors":"100%"`,
			`,"onFailure":"Continue"`), "")
		id := b.begin(`{"DocumentName":"Test-Wide"}`)
		b.want(b.after(time.Minute, id), "Success: again=Success")
		all := b.server.executions.newest()
		if len(all) > 60 {
			b.Errorf("%d are kept", len(all))
		}
		for _, e := range all {
			if status := e.metadata().AutomationExecutionStatus; !ended(status) || e.depth > maxDepth {
				b.Errorf("level %d is %s", e.depth, status)
			}
		}
	})
}

// A server that closes leaves parents and children as they stand.
func TestCloseLeavesChildrenAsTheyStand(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Child", stuck("x", ""))
		b.slow("Test-Slow")
		plain := b.start(child("a", `"DocumentName":"Test-Child"`, ""))
		many := b.targeted("Test-Slow", "", "PT1H", "PT1H")
		b.after(time.Second, plain)
		b.server.Close()
		b.want(b.after(time.Minute, plain), "InProgress: a=InProgress")
		b.want(b.children(plain)[0], "InProgress: x=InProgress")
		b.want(b.after(time.Minute, many), "InProgress: PT1H=InProgress PT1H=Pending")
		b.want(b.children(many)[0], "InProgress: wait=InProgress")
	})
}
