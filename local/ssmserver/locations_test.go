package ssmserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const other = "210987654321"

// whereabouts makes a document that puts where it runs into its steps' inputs.
func (b *bubble) whereabouts(name, assumed string) {
	b.Helper()
	b.runbook(name, assumed, `"AutomationAssumeRole":{"type":"String","default":""}`,
		`{"name":"start","action":"aws:changeInstanceState","inputs":{"InstanceIds":["`+web1+`"],"DesiredState":"running","AdditionalInfo":"{{ global:ACCOUNT_ID }} {{ global:REGION }}"}}`, "")
}

func TestLocations(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.whereabouts("Test-Where", "{{ AutomationAssumeRole }}")
		id := b.begin(`{"DocumentName":"Test-Where","Parameters":{"AutomationAssumeRole":["` + role + `"]},"TargetLocations":[
			{"Accounts":["123456789012","` + other + `","333333333333"],"Regions":["eu-west-1","us-east-1"],"ExecutionRoleName":"Runner","ExcludeAccounts":["333333333333"],"TargetLocationMaxConcurrency":"3"}]}`)
		e := b.after(time.Minute, id)
		b.want(e, "Success: 123456789012-eu-west-1=Success 123456789012-us-east-1=Success "+other+"-eu-west-1=Success "+other+"-us-east-1=Success")
		if diff := cmp.Diff(&progressCounters{TotalSteps: 4, SuccessSteps: 4}, e.ProgressCounters); diff != "" || len(e.TargetLocations) != 1 {
			b.Errorf("%s %+v", diff, e.TargetLocations)
		}
		children := b.children(id)
		if len(children) != 4 {
			b.Fatalf("%d children", len(children))
		}
		last, step := children[3], e.StepExecutions[3]
		if diff := cmp.Diff(&targetLocation{Accounts: []string{other}, Regions: []string{"us-east-1"}, ExecutionRoleName: "Runner"}, step.TargetLocation); diff != "" {
			b.Error(diff)
		}
		if diff := cmp.Diff(map[string][]string{"Output": {last.AutomationExecutionId}, "ExecutionId": {last.AutomationExecutionId}, "Status": {"Success"}}, step.Outputs); diff != "" {
			b.Error(diff)
		}
		if got := last.StepExecutions[0].Inputs["AdditionalInfo"]; got != `"`+other+` us-east-1"` {
			b.Errorf("ran in %s", got)
		}
		runner := "arn:aws:iam::" + other + ":role/Runner"
		if diff := cmp.Diff(map[string][]string{"AutomationAssumeRole": {runner}}, last.Parameters); diff != "" {
			b.Error(diff)
		}
		if last.ExecutedBy != "arn:aws:sts::"+other+":assumed-role/Runner/Automation-"+id || last.ParentAutomationExecutionId != id {
			b.Errorf("the child: %+v", last)
		}
		ran, _ := b.server.executions.get(last.AutomationExecutionId)
		for _, call := range ran.awsCalls {
			if call.Role != runner || call.Caller != "arn:aws:sts::"+other+":assumed-role/Runner/Automation-"+ran.id {
				b.Errorf("called as %q %q", call.Role, call.Caller)
			}
		}
		if list := b.must("DescribeAutomationExecutions", `{"Filters":[{"Key":"AutomationType","Values":["CrossAccount"]}]}`)["AutomationExecutionMetadataList"].([]any); len(list) != 1 {
			b.Errorf("%d across accounts", len(list))
		}
	})
}

// What the document says about its role decides, except that a parameter for it is the location's.
func TestRolesOfLocations(t *testing.T) {
	const byDefault = ":iam::" + other + ":role/AWS-SystemsManager-AutomationExecutionRole"
	for name, row := range map[string]struct{ assumed, region, role string }{
		"none":      {"", "eu-central-1", "arn:aws" + byDefault},
		"fixed":     {"arn:aws:iam::{{ global:ACCOUNT_ID }}:role/Own", "eu-central-1", "arn:aws:iam::" + other + ":role/Own"},
		"parameter": {"{{ AutomationAssumeRole }}", "eu-central-1", "arn:aws" + byDefault},
		"in China":  {"", "cn-north-1", "arn:aws-cn" + byDefault},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Roles: []Role{{ARN: "arn:aws:iam::123456789012:role/Own"}}}, func(b *bubble) {
				b.whereabouts("Test-Where", row.assumed)
				id := b.begin(`{"DocumentName":"Test-Where","TargetLocations":[{"Accounts":["` + other + `"],"Regions":["` + row.region + `"]}]}`)
				b.after(time.Minute, id)
				ran, err := b.server.executions.get(b.children(id)[0].AutomationExecutionId)
				if err != nil || ran.role != row.role {
					b.Errorf("ran as %q, %v", ran.role, err)
				}
			})
		})
	}
}

func TestTargetsInLocations(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.begin(`{"DocumentName":"AWS-StartEC2Instance","TargetParameterName":"InstanceId","Targets":[{"Key":"tag:Role","Values":["db"]}],"MaxConcurrency":"7","TargetLocations":[
			{"Accounts":["` + other + `"],"Regions":["eu-west-1"]},
			{"Accounts":["123456789012"],"Regions":["eu-west-2"],"Targets":[{"Key":"ParameterValues","Values":["` + web1 + `","` + web2 + `"]}],"TargetsMaxConcurrency":"1","TargetsMaxErrors":"1"}]}`)
		e := b.after(time.Minute, id)
		if diff := cmp.Diff(&progressCounters{TotalSteps: 2, SuccessSteps: 2}, e.ProgressCounters); diff != "" || e.AutomationExecutionStatus != statusSuccess {
			b.Errorf("%s %s", e.AutomationExecutionStatus, diff)
		}
		byRegion := map[string]executionDetail{}
		for _, child := range b.children(id) {
			ran, _ := b.server.executions.get(child.AutomationExecutionId)
			byRegion[ran.region] = child
		}
		b.want(byRegion["eu-west-1"], "Success: "+db1+"=Success")
		b.want(byRegion["eu-west-2"], "Success: "+web1+"=Success "+web2+"=Success")
		if one, two := byRegion["eu-west-1"], byRegion["eu-west-2"]; one.MaxConcurrency != "7" || two.MaxConcurrency != "1" || two.MaxErrors != "1" {
			b.Errorf("limits %q and %q %q", one.MaxConcurrency, two.MaxConcurrency, two.MaxErrors)
		}
		grandchild, _ := b.server.executions.get(b.children(byRegion["eu-west-2"].AutomationExecutionId)[0].AutomationExecutionId)
		if grandchild.region != "eu-west-2" || grandchild.account != "123456789012" || grandchild.role != "arn:aws:iam::123456789012:role/AWS-SystemsManager-AutomationExecutionRole" || grandchild.target != web1 {
			b.Errorf("the grandchild runs in %s %s as %s for %s", grandchild.account, grandchild.region, grandchild.role, grandchild.target)
		}
	})
}

func TestLocationsOneAfterAnother(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Second", ok("a", ""))
		id := b.begin(`{"DocumentName":"Test-Second","TargetLocations":[{"Accounts":["` + other + `"],"Regions":["eu-west-1","eu-west-2"]}]}`)
		b.want(b.after(500*time.Millisecond, id), "InProgress: "+other+"-eu-west-1=InProgress "+other+"-eu-west-2=Pending")
		b.want(b.after(time.Second, id), "InProgress: "+other+"-eu-west-1=Success "+other+"-eu-west-2=InProgress")
		b.stop(id, "")
		b.want(b.after(time.Second, id), "Cancelled: "+other+"-eu-west-1=Success "+other+"-eu-west-2=Cancelled")

		// The first error ends a location's children, and only those of that location.
		b.create("Test-Bad", bad("a", ""))
		id = b.begin(`{"DocumentName":"Test-Bad","TargetLocations":[{"Accounts":["` + other + `"],"Regions":["eu-west-1","eu-west-2"]},{"Accounts":["` + other + `"],"Regions":["eu-west-1","eu-west-2"],"TargetLocationMaxErrors":"100%"}]}`)
		e := b.after(time.Minute, id)
		if diff := cmp.Diff(&progressCounters{TotalSteps: 4, FailedSteps: 3}, e.ProgressCounters); diff != "" || e.AutomationExecutionStatus != statusFailed {
			b.Errorf("%s %s", e.AutomationExecutionStatus, diff)
		}
	})
}

func TestLocationsThatAreRefused(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Plain", ok("a", ""))
		b.create("Test-Approve", `{"name":"l","action":"aws:loop","inputs":{"Iterators":["a"],"Steps":[{"name":"x","action":"aws:approve","inputs":{"Approvers":["arn:aws:iam::123456789012:user/ben"]}}]}}`)
		b.create("Test-Nested", child("a", `"DocumentName":"Test-Approve"`, ""))
		fifty := `"` + strings.Repeat(`123456789012","`, 49) + `123456789012"`
		many := make([]string, 50)
		for i := range many {
			many[i] = "1234567890" + string(rune('0'+i/10)) + string(rune('0'+i%10))
		}
		regions := strings.Repeat(`"eu-west-1","eu-west-2",`, 24) + `"eu-west-3","eu-west-4"`
		for name, row := range map[string]struct{ document, location, code, message string }{
			"an approval":    {"Test-Approve", `{"Accounts":["` + other + `"],"Regions":["eu-west-1"]}`, "InvalidAutomationExecutionParametersException", "The action aws:approve isn't supported"},
			"a unit":         {"Test-Plain", `{"Accounts":["ou-1a2b3c-4d5e6c"],"Regions":["eu-west-1"]}`, "InvalidTarget", "ou-1a2b3c-4d5e6c is no account of 12 digits; organizational units are not covered"},
			"units below":    {"Test-Plain", `{"Accounts":["` + other + `"],"Regions":["eu-west-1"],"IncludeChildOrganizationUnits":true}`, "ValidationException", "IncludeChildOrganizationUnits is not covered by the local SSM: there is no organization here."},
			"excluded units": {"Test-Plain", `{"Accounts":["` + other + `"],"Regions":["eu-west-1"],"ExcludeAccounts":["ou-1a2b-4d5e6c7f"]}`, "InvalidTarget", "ou-1a2b-4d5e6c7f is no account"},
			"no region":      {"Test-Plain", `{"Accounts":["` + other + `"],"Regions":["Ireland"]}`, "InvalidTarget", "Ireland is no Region."},
			"no regions":     {"Test-Plain", `{"Accounts":["` + other + `"]}`, "InvalidTarget", "A target location has at least one account and one Region."},
			"nothing left":   {"Test-Plain", `{"Accounts":["` + other + `"],"Regions":["eu-west-1"],"ExcludeAccounts":["` + other + `"]}`, "InvalidTarget", "The target locations leave no account and Region."},
			"a target alone": {"Test-Plain", `{"Accounts":["` + other + `"],"Regions":["eu-west-1"],"Targets":[{"Key":"tag:a","Values":["b"]}]}`, "InvalidAutomationExecutionParametersException", "TargetParameterName is required"},
			"too many":       {"Test-Plain", strings.Repeat(`{"Accounts":["`+strings.Join(many, `","`)+`"],"Regions":[`+regions+`]},`, 99) + `{"Accounts":[` + fifty + `],"Regions":["eu-west-1"]}`, "InvalidTarget", "The target locations are 19801 accounts and Regions; the local SSM runs in 5000 at most."},
		} {
			status, answer := b.call("StartAutomationExecution", `{"DocumentName":"`+row.document+`","TargetLocations":[`+row.location+`]}`)
			if message, _ := answer["Message"].(string); status != 400 || answer["__type"] != row.code || !strings.HasPrefix(message, row.message) {
				b.Errorf("%s: %d %v", name, status, answer)
			}
		}
		// One below a child is refused when that child starts it.
		id := b.begin(`{"DocumentName":"Test-Nested","TargetLocations":[{"Accounts":["` + other + `"],"Regions":["eu-west-1"]}]}`)
		e := b.after(time.Minute, id)
		if !strings.Contains(e.StepExecutions[0].FailureMessage, "The action aws:approve isn't supported") {
			b.Errorf("%+v", e.StepExecutions[0])
		}
	})
}
