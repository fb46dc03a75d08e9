package ssmserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStepsOfLoopsAreDescribed(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(each("l", `["{\"n\":1}",{"n":2}],"IteratorDataType":"StringMap"`, ok("a", "")+","+ok("c", `,"nextStep":"z"`), "") + "," + ok("y", "") + "," + ok("z", ""))
		e := b.after(1500*time.Millisecond, id)
		b.want(e, "InProgress: l=InProgress a=Success c=InProgress y=Pending z=Pending")
		if e.CurrentStepName != "c" {
			b.Errorf("current step %q", e.CurrentStepName)
		}
		l, a, c := e.StepExecutions[0], e.StepExecutions[1], e.StepExecutions[2]
		want := &parentStep{StepExecutionId: l.StepExecutionId, StepName: "l", Action: "aws:loop", Iteration: 1, IteratorValue: `{"n":1}`}
		if diff := cmp.Diff(want, a.ParentStepDetails); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff([][]string{{"y"}, {"c"}, {"z"}}, [][]string{l.ValidNextSteps, a.ValidNextSteps, c.ValidNextSteps}); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(map[string][]string{"CurrentIteration": {"1"}, "CurrentIteratorValue": {`{"n":1}`}}, l.Outputs); diff != "" {
			b.Error(diff)
		}
		if l.ParentStepDetails != nil {
			b.Errorf("the loop's parent: %+v", l.ParentStepDetails)
		}
	})
}

func TestStepsOfLoopsAreFiltered(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(each("l", `["x","y"]`, ok("a", "")+","+ok("c", ""), "") + "," + ok("z", ""))
		loop := b.after(time.Minute, id).StepExecutions[0].StepExecutionId
		for filters, want := range map[string]string{
			`{"Key":"ParentStepExecutionId","Values":["` + loop + `"]}`:                           "a c a c",
			`{"Key":"ParentStepExecutionId","Values":["other"]}`:                                  "",
			`{"Key":"ParentStepIteration","Values":["2"]},{"Key":"StepName","Values":["c"]}`:      "c",
			`{"Key":"ParentStepIteration","Values":["1","2"]}`:                                    "a c a c",
			`{"Key":"ParentStepIteration","Values":["3"]}`:                                        "",
			`{"Key":"ParentStepIteratorValue","Values":["y"]}`:                                    "a c",
			`{"Key":"ParentStepIteratorValue","Values":[" "]}`:                                    "",
			`{"Key":"Action","Values":["aws:loop"]},{"Key":"ParentStepIteration","Values":["1"]}`: "",
		} {
			body := fmt.Sprintf(`{"AutomationExecutionId":%q,"Filters":[%s]}`, id, filters)
			if got, _ := b.describe("DescribeAutomationStepExecutions", "StepExecutions", "StepName", body, nil); got != want {
				b.Errorf("%s: %q, not %q", filters, got, want)
			}
		}
		body := fmt.Sprintf(`{"AutomationExecutionId":%q,"Filters":[{"Key":"ParentStepIteration","Values":["x"]}]}`, id)
		if status, answer := b.call("DescribeAutomationStepExecutions", body); status != 400 || answer["__type"] != "InvalidFilterValue" {
			b.Errorf("an iteration that is no number: %d %v", status, answer)
		}
		page, token := b.describe("DescribeAutomationStepExecutions", "StepExecutions", "StepName", fmt.Sprintf(`{"AutomationExecutionId":%q,"MaxResults":4}`, id), nil)
		rest, _ := b.describe("DescribeAutomationStepExecutions", "StepExecutions", "StepName", fmt.Sprintf(`{"AutomationExecutionId":%q,"NextToken":%q}`, id, token), nil)
		reverse := fmt.Sprintf(`{"AutomationExecutionId":%q,"NextToken":%q,"ReverseOrder":true}`, id, token)
		if status, answer := b.call("DescribeAutomationStepExecutions", reverse); status != 400 || answer["__type"] != "InvalidNextToken" {
			b.Errorf("the token of the other order: %d %v", status, answer)
		}
		if page != "l a c a" || rest != "c z" {
			b.Errorf("pages %q and %q", page, rest)
		}
	})
}

// A signal inside of a loop makes the step and the execution wait, and the loop goes on.
func TestWaitingInLoops(t *testing.T) {
	inBubble(t, people(), func(b *bubble) {
		id := b.start(each("l", `["1","2"]`, pause("p", ""), "") + "," + ok("z", ""))
		b.want(b.after(time.Second, id), "Waiting: l=InProgress p=Waiting z=Pending")
		b.signal("ANA", id, "Resume", `{"StepName":["p"]}`)
		b.want(b.after(time.Second, id), "Waiting: l=InProgress p=Success p=Waiting z=Pending")
		b.signal("ANA", id, "Resume", `{"StepName":["p"]}`)
		b.want(b.after(2*time.Second, id), "Success: l=Success p=Success p=Success z=Success")
	})
}

// Complete counts for the loop as a whole.
func TestCompleteInALoop(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(each("l", `["1","2"]`, ok("a", "")+","+ok("c", ""), "") + "," + ok("z", ""))
		b.after(500*time.Millisecond, id)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(time.Minute, id), "Success: l=Success a=Success c=Success a=Success c=Success z=Pending")
	})
}

func TestOutputsOfLoops(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.launch(each("l", `["x","y"]`, ok("a", `,"nextStep":"z"`), "")+","+ok("z", ""), `,"outputs":["l.CurrentIteratorValue","a.Missing"]`)
		if diff := cmp.Diff(map[string][]string{"l.CurrentIteratorValue": {noOutput}, "a.Missing": {noOutput}}, b.after(0, id).Outputs); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(map[string][]string{"l.CurrentIteratorValue": {"x"}, "a.Missing": {}}, b.after(time.Minute, id).Outputs); diff != "" {
			b.Error(diff)
		}
	})
}

// A hundred turns of many steps stay within the bound on what an execution keeps.
func TestLoopsAreBounded(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(while("l", `{"Variable":1,"NumericEquals":1}`, quit("a", `,"onFailure":"Continue"`)+","+quit("b", `,"onFailure":"Continue"`), ""))
		e, err := b.server.executions.get(id)
		if err != nil {
			b.Fatal(err)
		}
		<-e.done
		detail := e.detail()
		if detail.AutomationExecutionStatus != "Success" || len(e.order) != 201 || len(detail.StepExecutions) != maxStepsInGet || !detail.StepExecutionsTruncated {
			b.Errorf("%s with %d steps, %d of them shown", detail.AutomationExecutionStatus, len(e.order), len(detail.StepExecutions))
		}
	})
}

func TestALoopBeyondTheBoundFails(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		d, v, _ := b.server.documents.find("AWS-RestartEC2Instance", "", "")
		e := newExecution(d, v, nil)
		e.order = make([]*stepRun, maxStepRuns)
		c := &stepContext{server: b.server, execution: e, run: e.main[0], step: *e.main[0].step}
		c.step.Steps = v.parsed.Steps
		if _, err := c.turn(b.Context(), &turn{loop: e.main[0], iteration: 1}); err == nil || !asFailure(err).final {
			b.Errorf("a turn beyond the bound: %v", err)
		}
	})
}
