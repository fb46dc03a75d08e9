package ssmserver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const web3, db1 = "i-0aaaaaaaaaaaaaaa3", "i-0bbbbbbbbbbbbbbb1"

// slow makes a document whose step takes as many seconds as its target says, or fails if the target is bad.
func (b *bubble) slow(name string) {
	b.Helper()
	b.runbook(name, "", `"Time":{"type":"String"},"Other":{"type":"String","default":"x"}`, `{"name":"wait","action":"aws:sleep","inputs":{"Duration":"{{ Time }}"}}`, "")
}

// targeted starts a document for values of its parameter Time.
func (b *bubble) targeted(document, more string, values ...string) string {
	b.Helper()
	return b.begin(fmt.Sprintf(`{"DocumentName":%q,"TargetParameterName":"Time","Targets":[{"Key":"ParameterValues","Values":["%s"]}]%s}`,
		document, strings.Join(values, `","`), more))
}

func TestATargetEach(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.begin(`{"DocumentName":"AWS-StopEC2Instance","TargetParameterName":"InstanceId","MaxConcurrency":"2","MaxErrors":"1",
			"Targets":[{"Key":"ParameterValues","Values":["` + web1 + `","` + web2 + `","` + web3 + `"]}],"Parameters":{"AutomationAssumeRole":["` + role + `"]}}`)
		e := b.after(time.Second, id)
		b.want(e, "InProgress: "+web1+"=InProgress "+web2+"=Pending "+web3+"=Pending")
		if e.CurrentStepName != web1 || e.CurrentAction != "aws:executeAutomation" {
			b.Errorf("runs %q %q", e.CurrentStepName, e.CurrentAction)
		}
		b.want(b.after(2*time.Second, id), "InProgress: "+web1+"=Success "+web2+"=InProgress "+web3+"=InProgress")
		e = b.after(5*time.Second, id)
		b.want(e, "Success: "+web1+"=Success "+web2+"=Success "+web3+"=Success")

		if diff := cmp.Diff(map[string][]string{"AutomationAssumeRole": {role}}, e.Parameters); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(resolvedTargets{ParameterValues: []string{web1, web2, web3}}, e.ResolvedTargets); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(&progressCounters{TotalSteps: 3, SuccessSteps: 3}, e.ProgressCounters); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff([]target{{Key: "ParameterValues", Values: []string{web1, web2, web3}}}, e.Targets); diff != "" {
			b.Error(diff)
		}
		if e.TargetParameterName != "InstanceId" || e.MaxConcurrency != "2" || e.MaxErrors != "1" || len(e.Outputs) != 0 {
			b.Errorf("%+v", e)
		}
		step := e.StepExecutions[1]
		if diff := cmp.Diff(map[string]string{"InstanceId": web2}, step.Inputs); diff != "" || step.Action != "aws:executeAutomation" || step.Outputs != nil {
			b.Errorf("%s %+v", diff, step)
		}
		children := b.children(id)
		if len(children) != 3 {
			b.Fatalf("%d children", len(children))
		}
		second := children[1]
		if second.Target != web2 || second.ParentAutomationExecutionId != id || second.ExecutedBy != e.ExecutedBy || second.DocumentName != "AWS-StopEC2Instance" {
			b.Errorf("child %+v", second)
		}
		if diff := cmp.Diff(map[string][]string{"AutomationAssumeRole": {role}, "InstanceId": {web2}}, second.Parameters); diff != "" {
			b.Error(diff)
		}
	})
}

func TestTheRampOfAParent(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.slow("Test-Slow")
		id := b.targeted("Test-Slow", `,"MaxConcurrency":"5"`, strings.Split(strings.Repeat("PT10S,", 14)+"PT10S", ",")...)
		running := func() int {
			n := 0
			for _, child := range b.children(id) {
				if child.AutomationExecutionStatus == statusInProgress {
					n++
				}
			}
			return n
		}
		b.after(5*time.Second, id)
		for i, want := range []int{1, 2, 4, 5, 3, 0} {
			if got := running(); got != want {
				b.Errorf("%d run in turn %d, want %d", got, i+1, want)
			}
			b.after(10*time.Second, id)
		}
	})
}

func TestTheErrorThreshold(t *testing.T) {
	for name, row := range map[string]struct {
		more   string
		values []string
		want   string
		reason string
	}{
		"none allowed": {`,"MaxConcurrency":"1","MaxErrors":"0"`, []string{"PT1S", "bad", "PT1S"}, "Failed: PT1S=Success bad=Failed PT1S=Pending", "1 automations didn't succeed, and the error threshold is 0."},
		"by default":   {`,"MaxConcurrency":"1"`, []string{"bad", "PT1S"}, "Failed: bad=Failed PT1S=Pending", "1 automations didn't"},
		"within":       {`,"MaxConcurrency":"1","MaxErrors":"1"`, []string{"PT1S", "bad", "PT1S"}, "Success: PT1S=Success bad=Failed PT1S=Success", ""},
		"the second":   {`,"MaxConcurrency":"1","MaxErrors":"1"`, []string{"bad", "PT1S", "bad", "PT1S"}, "Failed: bad=Failed PT1S=Success bad=Failed PT1S=Pending", "2 automations"},
		"a third part": {`,"MaxConcurrency":"1","MaxErrors":"34%"`, []string{"bad", "PT1S", "bad"}, "Failed: bad=Failed PT1S=Success bad=Failed", "2 automations"},
		// The one that runs already goes on to its end.
		"running ones end": {`,"MaxConcurrency":"2","MaxErrors":"0"`, []string{"PT1S", "PT5S", "bad", "PT1S"}, "Failed: PT1S=Success PT5S=Success bad=Failed PT1S=Pending", "1 automations"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				b.slow("Test-Slow")
				id := b.targeted("Test-Slow", row.more, row.values...)
				e := b.after(time.Minute, id)
				b.want(e, row.want)
				if !strings.HasPrefix(e.FailureMessage, row.reason) || row.reason == "" && e.FailureMessage != "" {
					b.Errorf("reason %q", e.FailureMessage)
				}
				if failed := e.StepExecutions[len(e.StepExecutions)-1]; failed.StepStatus == statusFailed && failed.FailureMessage == "" {
					b.Error("the failed step says nothing")
				}
				for _, child := range b.children(id) {
					if !ended(child.AutomationExecutionStatus) {
						b.Errorf("child %s is %s", child.Target, child.AutomationExecutionStatus)
					}
				}
			})
		})
	}
}

func TestProgressCounters(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.runbook("Test-Mixed", "", `"Time":{"type":"String"}`, `{"name":"wait","action":"aws:sleep","timeoutSeconds":60,"inputs":{"Duration":"{{ Time }}"}}`, "")
		id := b.targeted("Test-Mixed", `,"MaxErrors":"9"`, "PT1S", "bad", "PT2H", "PT30S", "PT31S")
		b.after(70*time.Second, id)
		for _, child := range b.children(id) {
			if child.Target == "PT31S" {
				b.stop(child.AutomationExecutionId, "")
			}
		}
		e := b.after(2*time.Minute, id)
		b.want(e, "Success: PT1S=Success bad=Failed PT2H=TimedOut PT30S=Success PT31S=Cancelled")
		if diff := cmp.Diff(&progressCounters{TotalSteps: 5, SuccessSteps: 2, FailedSteps: 1, CancelledSteps: 1, TimedOutSteps: 1}, e.ProgressCounters); diff != "" {
			b.Error(diff)
		}
	})
}

func TestStoppingAParentOfMany(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.slow("Test-Slow")
		id := b.targeted("Test-Slow", "", "PT1S", "PT1H", "PT1H", "PT1H")
		b.after(5*time.Second, id)
		b.stop(id, "")
		e := b.after(0, id)
		b.want(e, "Cancelled: PT1S=Success PT1H=Cancelled PT1H=Cancelled PT1H=Pending")
		for _, child := range b.children(id)[1:] {
			b.want(child, "Cancelled: wait=Cancelled")
		}

		id = b.targeted("Test-Slow", "", "PT1S", "PT10S", "PT1S", "PT1H")
		b.after(5*time.Second, id)
		b.stop(id, `,"Type":"Complete"`)
		b.want(b.after(time.Minute, id), "Success: PT1S=Success PT10S=Success PT1S=Success PT1H=Pending")
	})
}

func TestTargetMaps(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.runbook("Test-Maps", "", `"A":{"type":"String"},"B":{"type":"StringList"},"C":{"type":"String"}`, ok("x", ""), "")
		id := b.begin(`{"DocumentName":"Test-Maps","TargetParameterName":"A","Parameters":{"C":["c"]},"TargetMaps":[{"A":["1"],"B":["x","y"]},{"A":["2"],"B":["z"],"C":["d"]}]}`)
		e := b.after(time.Minute, id)
		b.want(e, "Success: 1=Success 2=Success")
		if diff := cmp.Diff(map[string]string{"A": "1", "B": "x,y"}, e.StepExecutions[0].Inputs); diff != "" {
			b.Error(diff)
		}
		if len(e.TargetMaps) != 2 || len(e.Parameters) != 0 || e.ResolvedTargets.ParameterValues[1] != "2" {
			b.Errorf("%+v", e)
		}
		children := b.children(id)
		if diff := cmp.Diff(map[string][]string{"A": {"1"}, "B": {"x", "y"}, "C": {"c"}}, children[0].Parameters); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(map[string][]string{"A": {"2"}, "B": {"z"}, "C": {"d"}}, children[1].Parameters); diff != "" {
			b.Error(diff)
		}
		id = b.begin(`{"DocumentName":"Test-Maps","Parameters":{"C":["c"]},"TargetMaps":[{"A":["1"],"B":["x","y"]}]}`)
		b.want(b.after(time.Minute, id), "Success: A=1,B=x+y=Success")
	})
}

func TestTargetsThatAreLookedUp(t *testing.T) {
	for name, row := range map[string]struct{ targets, want string }{
		"a tag":             {`{"Key":"tag:Role","Values":["web"]}`, "Success: " + web1 + "=Success " + web2 + "=Success " + web3 + "=Success"},
		"values of a tag":   {`{"Key":"tag:Role","Values":["web","db"]}`, "Success: " + web1 + "=Success " + web2 + "=Success " + web3 + "=Success " + db1 + "=Success"},
		"any value":         {`{"Key":"tag:Role","Values":[]}`, "Success: " + web1 + "=Success " + web2 + "=Success " + web3 + "=Success " + db1 + "=Success"},
		"nothing":           {`{"Key":"tag:Role","Values":["none"]}`, "Failed:"},
		"all instances":     {`{"Key":"AWS::EC2::Instance","Values":["*"]}`, "Success: " + web1 + "=Success " + web2 + "=Success " + web3 + "=Success " + db1 + "=Success"},
		"all by their IDs":  {`{"Key":"InstanceIds","Values":["*"]}`, "Success: " + web1 + "=Success " + web2 + "=Success " + web3 + "=Success " + db1 + "=Success"},
		"no resource group": {`{"Key":"ResourceGroup","Values":["web"]}`, "Failed:"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				id := b.begin(`{"DocumentName":"AWS-StartEC2Instance","TargetParameterName":"InstanceId","Targets":[` + row.targets + `],"Parameters":{"AutomationAssumeRole":["` + role + `"]}}`)
				e := b.after(time.Minute, id)
				b.want(e, row.want)
				if (e.AutomationExecutionStatus == statusFailed) != strings.HasPrefix(e.FailureMessage, "The targets couldn't be resolved: ") {
					b.Errorf("message %q", e.FailureMessage)
				}
				ran, _ := b.server.executions.get(id)
				if len(ran.awsCalls) != 1 || ran.awsCalls[0].Role != role || ran.awsCalls[0].Caller != ran.identity {
					b.Errorf("calls %+v", ran.awsCalls)
				}
			})
		})
	}
}

func TestTargetsThatAreRefused(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.runbook("Test-Refuse", "{{ TheRole }}", `"A":{"type":"String"},"B":{"type":"String"},"TheRole":{"type":"String","default":""},"AutomationAssumeRole":{"type":"String","default":""}`, ok("x", ""), "")
		const invalid = "InvalidAutomationExecutionParametersException"
		const values = `"Targets":[{"Key":"ParameterValues","Values":["v"]}],"Parameters":{"B":["b"]}`
		for name, row := range map[string]struct{ request, code, message string }{
			"no parameter name":        {values, invalid, "TargetParameterName is required if Targets are specified."},
			"no targets":               {`"TargetParameterName":"A","Parameters":{"A":["a"],"B":["b"]}`, invalid, "Targets or TargetMaps are required if TargetParameterName is specified."},
			"an unknown parameter":     {`"TargetParameterName":"X",` + values, invalid, "Unknown parameter: X is not declared in the document."},
			"in another case":          {`"TargetParameterName":"a",` + values, invalid, "Unknown parameter: a is not declared in the document."},
			"the role":                 {`"TargetParameterName":"AutomationAssumeRole",` + values, invalid, "AutomationAssumeRole isn't a valid target parameter."},
			"the document's role":      {`"TargetParameterName":"TheRole",` + values, invalid, "TheRole isn't a valid target parameter."},
			"a required one missing":   {`"TargetParameterName":"A","Targets":[{"Key":"ParameterValues","Values":["v"]}]`, invalid, "Missing required parameter: B in user inputs."},
			"an unknown one given":     {`"TargetParameterName":"A","Targets":[{"Key":"ParameterValues","Values":["v"]}],"Parameters":{"B":["b"],"X":["x"]}`, invalid, "Unknown parameter: X is not declared in the document."},
			"targets and maps":         {`"TargetParameterName":"A",` + values + `,"TargetMaps":[{"A":["1"]}]`, invalid, "Both Targets and TargetMaps can't be specified together."},
			"an unknown key":           {`"TargetParameterName":"A","Targets":[{"Key":"Name","Values":["v"]}],"Parameters":{"B":["b"]}`, invalid, "Target key can have only following values : ParameterValues, ResourceGroup, tag:KEY, AWS::EC2::Instance, InstanceIds"},
			"a tag without a key":      {`"TargetParameterName":"A","Targets":[{"Key":"tag:","Values":["v"]}],"Parameters":{"B":["b"]}`, invalid, "Target key can have only following values"},
			"two tags":                 {`"TargetParameterName":"A","Targets":[{"Key":"tag:a","Values":["v"]},{"Key":"tag:b","Values":["v"]}],"Parameters":{"B":["b"]}`, invalid, "Only one resource group or tag can be specified at a time"},
			"a tag and a group":        {`"TargetParameterName":"A","Targets":[{"Key":"ResourceGroup","Values":["v"]},{"Key":"tag:b","Values":["v"]}],"Parameters":{"B":["b"]}`, invalid, "Only one resource group or tag can be specified at a time"},
			"two groups":               {`"TargetParameterName":"A","Targets":[{"Key":"ResourceGroup","Values":["v","w"]}],"Parameters":{"B":["b"]}`, invalid, "Only one resource group or tag can be specified at a time"},
			"no values":                {`"TargetParameterName":"A","Targets":[{"Key":"ParameterValues","Values":[]}],"Parameters":{"B":["b"]}`, "InvalidTarget", "The target ParameterValues has no values."},
			"some instances":           {`"TargetParameterName":"A","Targets":[{"Key":"AWS::EC2::Instance","Values":["i-1"]}],"Parameters":{"B":["b"]}`, "InvalidTarget", "The target AWS::EC2::Instance takes the value * alone."},
			"values and all instances": {`"TargetParameterName":"A","Targets":[{"Key":"ParameterValues","Values":["v"]},{"Key":"InstanceIds","Values":["*"]}],"Parameters":{"B":["b"]}`, "InvalidTarget", "Targets of several kinds"},
			"an unknown one in a map":  {`"TargetMaps":[{"A":["1"],"B":["2"]},{"A":["1"],"X":["2"]}]`, invalid, "Unknown parameter: X is not declared in the document."},
			"one missing in a map":     {`"TargetMaps":[{"A":["1"],"B":["2"]},{"A":["1"]}]`, invalid, "Missing required parameter: B in user inputs."},
			"the role in a map":        {`"TargetMaps":[{"A":["1"],"B":["2"],"TheRole":["x"]}]`, invalid, "TheRole isn't a valid target parameter."},
			"interactive":              {`"Mode":"Interactive","TargetParameterName":"A",` + values, invalid, "The mode Interactive isn't supported for automations with targets."},
		} {
			status, answer := b.call("StartAutomationExecution", `{"DocumentName":"Test-Refuse",`+row.request+`}`)
			if message, _ := answer["Message"].(string); status != 400 || answer["__type"] != row.code || !strings.HasPrefix(message, row.message) {
				b.Errorf("%s: %d %v", name, status, answer)
			}
		}
		if n := len(b.server.executions.newest()); n != 0 {
			b.Errorf("%d executions", n)
		}
	})
}
