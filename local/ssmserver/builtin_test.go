package ssmserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

// aws asks the local AWS.
func (b *bubble) aws(service, operation, params string) string {
	b.Helper()
	decoded, err := decodeJSON([]byte(params))
	if err != nil {
		b.Fatal(err)
	}
	answer, err := b.server.cloud.Call(b.Context(), cloud.Call{Service: service, Operation: operation, Params: decoded.(map[string]any), Region: "eu-west-1"})
	if err != nil {
		return err.Error()
	}
	return jsonText(answer)
}

// runBuiltin starts a built-in document under the role, approves what it asks for, and gives it when it has ended.
func (b *bubble) runBuiltin(name string, parameters map[string][]string) executionDetail {
	b.Helper()
	all := map[string][]string{"AutomationAssumeRole": {role}}
	maps.Copy(all, parameters)
	text, err := json.Marshal(map[string]any{"DocumentName": name, "Parameters": all})
	if err != nil {
		b.Fatal(err)
	}
	id, _ := b.must("StartAutomationExecution", string(text))["AutomationExecutionId"].(string)
	synctest.Wait()
	if strings.HasSuffix(name, "WithApproval") {
		b.must("SendAutomationSignal", `{"AutomationExecutionId":"`+id+`","SignalType":"Approve"}`)
	}
	return b.after(30*time.Minute, id)
}

func TestBuiltinDocumentsRun(t *testing.T) {
	const volume, snapshot = "vol-0aaaaaaaaaaaaaaa1", "snap-0aaaaaaaaaaaaaaa1"
	approvers := map[string][]string{"InstanceId": {web1}, "Approvers": {"arn:aws:sts::123456789012:assumed-role/handrail/local"},
		"SNSTopicArn": {"arn:aws:sns:eu-west-1:123456789012:Automation-approvals"}}
	web := map[string][]string{"InstanceId": {web1}}
	for name, row := range map[string]struct {
		parameters map[string][]string
		ends       string
		// before are calls as "service operation params", divided by semicolons; after is one with " has " and a part of the
		// answer behind it.
		before, after string
	}{
		"AWS-StartEC2Instance":                 {web, "startInstances=Success", "", ""},
		"AWS-StopEC2Instance":                  {web, "stopInstances=Success forceStopInstances=Success", "", `ec2 DescribeInstances {"InstanceIds":["` + web1 + `"]} has "Name":"stopped"`},
		"AWS-RestartEC2Instance":               {web, "stopInstances=Success startInstances=Success", "", ""},
		"AWS-TerminateEC2Instance":             {web, "terminateInstances=Success", "", `ec2 DescribeInstances {"InstanceIds":["` + web1 + `"]} has "Name":"terminated"`},
		"AWS-StartEC2InstanceWithApproval":     {approvers, "approve=Success startInstances=Success", `ec2 StopInstances {"InstanceIds":["` + web1 + `"]}`, `ec2 DescribeInstances {"InstanceIds":["` + web1 + `"]} has "Name":"running"`},
		"AWS-StopEC2InstanceWithApproval":      {approvers, "approve=Success stopInstances=Success", "", `ec2 DescribeInstances {"InstanceIds":["` + web1 + `"]} has "Name":"stopped"`},
		"AWS-RestartEC2InstanceWithApproval":   {approvers, "approve=Success restartInstances=Success", "", ""},
		"AWS-TerminateEC2InstanceWithApproval": {approvers, "approve=Success terminateInstances=Success", "", `ec2 DescribeInstances {"InstanceIds":["` + web1 + `"]} has "Name":"terminated"`},
		"AWS-CreateImage":                      {map[string][]string{"InstanceId": {web1}, "NoReboot": {"true"}}, "createImage=Success", "", `ec2 DescribeImages {"Owners":["self"]} has ` + web1 + "_2000-01-01_00.00.00"},
		"AWS-DeleteImage":                      {map[string][]string{"ImageId": {cloud.DefaultImage}}, "deleteImage=Success", "", `ec2 DescribeImages {"ImageIds":["` + cloud.DefaultImage + `"]} has InvalidAMIID`},
		"AWS-CreateSnapshot":                   {map[string][]string{"VolumeId": {volume}, "Description": {"before the upgrade"}}, "createSnapshot=Success verifySnapshot=Success", "", `ec2 DescribeSnapshots {"OwnerIds":["self"]} has before the upgrade`},
		"AWS-DeleteSnapshot":                   {map[string][]string{"SnapshotId": {snapshot}}, "deleteSnapshot=Failed", "", ""}, // the fleet's image stands on it
		"AWS-DetachEBSVolume":                  {map[string][]string{"VolumeId": {volume}}, "detachVolume=Success waitUntilDetached=Success", `ec2 StopInstances {"InstanceIds":["` + web1 + `"]}`, ""},
		"AWS-AttachEBSVolume": {map[string][]string{"VolumeId": {volume}, "InstanceId": {web2}, "Device": {"/dev/sdf"}}, "attachVolume=Success waitUntilAttached=Success",
			`ec2 StopInstances {"InstanceIds":["` + web1 + `"]}; ec2 DetachVolume {"VolumeId":"` + volume + `"}`, `ec2 DescribeVolumes {"VolumeIds":["` + volume + `"]} has ` + web2},
		"AWS-RebootRdsInstance": {map[string][]string{"InstanceId": {"orders-db"}}, "AssertNotRebooting=Success RebootInstance=Success WaitForAvailableState=Success", "", ""},
		"AWS-StopRdsInstance":   {map[string][]string{"InstanceId": {"orders-db"}}, "AssertAvailable=Success StopInstance=Success WaitForStoppedState=Success", "", `rds DescribeDBInstances {} has "DBInstanceStatus":"stopped"`},
		"AWS-StartRdsInstance":  {map[string][]string{"InstanceId": {"orders-db"}}, "AssertStopped=Failed WaitForAvailableState=Success StartInstance=Pending", "", ""},
		"AWS-ASGEnterStandby":   {web, "findGroup=Success enterStandby=Success waitForState=Success", "", `autoscaling DescribeAutoScalingInstances {"InstanceIds":["` + web1 + `"]} has "LifecycleState":"Standby"`},
		"AWS-ASGExitStandby": {web, "findGroup=Success exitStandby=Success waitForState=Success",
			`autoscaling EnterStandby {"AutoScalingGroupName":"web","InstanceIds":["` + web1 + `"],"ShouldDecrementDesiredCapacity":true}`, ""},
		"Handrail-DrainAndRestart": {web, "", "", ""},
		"Handrail-FailoverDatabase": {nil, "checkAlarmBefore=Success checkClusterBefore=Success findReader=Success failOver=Success waitForNewWriter=Success waitForCluster=Success checkAlarmAfter=Success",
			"", `rds DescribeDBClusters {} has "DBInstanceIdentifier":"shop-cluster-2","IsClusterWriter":true`},
		"Handrail-RollingRestart": {web, "checkBefore=Success stop=Success start=Success checkAfter=Success", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				for call := range strings.SplitSeq(row.before, "; ") {
					if part := strings.SplitN(call, " ", 3); len(part) == 3 {
						if got := b.aws(part[0], part[1], part[2]); strings.HasPrefix(got, "An error") {
							b.Fatal(got)
						}
						time.Sleep(time.Minute)
					}
				}
				e := b.runBuiltin(name, row.parameters)
				want := "Success"
				if strings.HasSuffix(row.ends, "=Failed") {
					want = "Failed"
				}
				if row.ends != "" && told(e) != want+": "+row.ends || row.ends == "" && e.AutomationExecutionStatus != want {
					b.Errorf("%s\n%s", told(e), e.FailureMessage)
				}
				question, part, _ := strings.Cut(row.after, " has ")
				if q := strings.SplitN(question, " ", 3); len(q) == 3 && !strings.Contains(b.aws(q[0], q[1], q[2]), part) {
					b.Errorf("%s lacks %s", b.aws(q[0], q[1], q[2]), part)
				}
			})
		})
	}
	entries, err := builtin.ReadDir("documents")
	if err != nil || len(entries) != 22 {
		t.Errorf("%d documents, %v: each needs its row above", len(entries), err)
	}
}

// The database is checked before anything is done to it.
func TestFailoverOfAnUnhealthyDatabaseDoesNothing(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.aws("cloudwatch", "SetAlarmState", `{"AlarmName":"db-cpu","StateValue":"ALARM","StateReason":"a test"}`)
		e := b.runBuiltin("Handrail-FailoverDatabase", nil)
		if e.AutomationExecutionStatus != statusFailed || e.StepExecutions[0].StepStatus != statusFailed || e.StepExecutions[1].StepStatus != statusPending {
			b.Error(told(e))
		}
	})
}

// What the rolling restart is for: a few instances of a tag at a time.
func TestRollingRestartOverATag(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"Handrail-RollingRestart","TargetParameterName":"InstanceId","Targets":[{"Key":"tag:Role","Values":["web"]}],`+
			`"MaxConcurrency":"1","MaxErrors":"0","Parameters":{"AutomationAssumeRole":["`+role+`"]}}`)["AutomationExecutionId"].(string)
		e := b.after(10*time.Minute, id)
		var got []string
		for _, s := range e.StepExecutions {
			got = append(got, s.StepName+" "+s.StepStatus)
		}
		slices.Sort(got)
		want := []string{web1 + " Success", web2 + " Success", "i-0aaaaaaaaaaaaaaa3 Success"}
		if diff := cmp.Diff(want, got); diff != "" || e.AutomationExecutionStatus != statusSuccess {
			b.Error(diff, fmt.Sprint(e.AutomationExecutionStatus, e.FailureMessage))
		}
	})
}
