package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

// cloudWatch is a CloudWatch whose alarms have these states; one without a state cannot be looked up.
type cloudWatch struct {
	backend
	mu     sync.Mutex
	states map[string]string
}

func (a *cloudWatch) set(name, state string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.states[name] = state
}

func (a *cloudWatch) Call(ctx context.Context, call cloud.Call) (map[string]any, error) {
	if call.Name() != "cloudwatch.DescribeAlarms" {
		return a.backend.Call(ctx, call)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	metric, composite := []any{}, []any{}
	for _, name := range call.Params["AlarmNames"].([]any) {
		state, there := a.states[name.(string)]
		switch {
		case there && state == "":
			return nil, errors.New("CloudWatch is away")
		case there && name == "composite":
			composite = append(composite, map[string]any{"AlarmName": name, "StateValue": state})
		case there:
			metric = append(metric, map[string]any{"AlarmName": name, "StateValue": state})
		}
	}
	return map[string]any{"MetricAlarms": metric, "CompositeAlarms": composite}, nil
}

func (b *bubble) alarms(states map[string]string) *cloudWatch {
	a := &cloudWatch{backend: b.server.backend, states: states}
	b.server.backend = a
	return a
}

func TestAnAlarmStopsAnExecution(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		a := b.alarms(map[string]string{"cpu": "OK", "composite": "INSUFFICIENT_DATA"})
		b.create("Test-Long", `{"name":"a","action":"aws:sleep","onCancel":"step:b","inputs":{"Duration":"PT1H"}},`+tagged("b", ""))
		id := b.begin(`{"DocumentName":"Test-Long","AlarmConfiguration":{"Alarms":[{"Name":"cpu"}]}}`)
		second := b.begin(`{"DocumentName":"Test-Long","AlarmConfiguration":{"Alarms":[{"Name":"composite"}]}}`)
		e := b.after(time.Minute, id)
		b.want(e, "InProgress: a=InProgress b=Pending")
		if e.TriggeredAlarms != nil || e.AlarmConfiguration.Alarms[0].Name != "cpu" {
			b.Errorf("%+v %+v", e.TriggeredAlarms, e.AlarmConfiguration)
		}
		a.set("cpu", "ALARM")
		e = b.after(20*time.Second, id)
		b.want(e, "Cancelled: a=Cancelled b=Success")
		want := []alarmState{{Name: "cpu", State: "ALARM"}}
		if diff := cmp.Diff(want, e.TriggeredAlarms) + cmp.Diff(want, e.StepExecutions[0].TriggeredAlarms); diff != "" || e.StepExecutions[1].TriggeredAlarms != nil {
			b.Error(diff)
		}
		metadata := b.must("DescribeAutomationExecutions", `{"Filters":[{"Key":"ExecutionId","Values":["`+id+`"]}]}`)["AutomationExecutionMetadataList"].([]any)[0].(map[string]any)
		if metadata["TriggeredAlarms"] == nil || metadata["AlarmConfiguration"] == nil {
			b.Errorf("%+v", metadata)
		}
		ran, _ := b.server.executions.get(id)
		if call := ran.awsCalls[0]; call.Operation != "cloudwatch.DescribeAlarms" || call.Role != "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM" {
			b.Errorf("looked with %+v", call)
		}
		b.want(b.after(0, second), "InProgress: a=InProgress b=Pending")
		a.set("composite", "ALARM")
		b.want(b.after(20*time.Second, second), "Cancelled: a=Cancelled b=Success")
	})
}

func TestAlarmsThatCannotBeLookedUp(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.alarms(map[string]string{"away": ""})
		b.create("Test-Minute", `{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1M"}}`)
		for alarm, want := range map[string]string{`{"Name":"away"}]`: "Cancelled: a=Cancelled", `{"Name":"none"}]`: "Cancelled: a=Cancelled",
			`{"Name":"none"}],"IgnorePollAlarmFailure":true`: "Success: a=Success"} {
			id := b.begin(`{"DocumentName":"Test-Minute","AlarmConfiguration":{"Alarms":[` + alarm + `}}`)
			e := b.after(2*time.Minute, id)
			b.want(e, want)
			if e.AutomationExecutionStatus == statusCancelled && (len(e.TriggeredAlarms) != 1 || e.TriggeredAlarms[0].State != "UNKNOWN") {
				b.Errorf("%+v", e.TriggeredAlarms)
			}
		}
	})
}

func TestAnAlarmStopsAParentWithItsChildren(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		a := b.alarms(map[string]string{"cpu": "OK", "there": "OK"})
		b.slow("Test-Slow")
		id := b.targeted("Test-Slow", `,"AlarmConfiguration":{"Alarms":[{"Name":"cpu"}]}`, "PT1H", "PT1H")
		b.after(time.Minute, id)
		a.set("cpu", "ALARM")
		b.want(b.after(time.Minute, id), "Cancelled: PT1H=Cancelled PT1H=Pending")
		b.want(b.children(id)[0], "Cancelled: wait=Cancelled")

		// The alarm of a location stops that location's child.
		b.create("Test-Minute", `{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1M"}}`)
		a.set("there", "ALARM")
		id = b.begin(`{"DocumentName":"Test-Minute","TargetLocations":[{"Accounts":["` + other + `"],"Regions":["eu-west-1"],"TargetLocationAlarmConfiguration":{"Alarms":[{"Name":"there"}]}}]}`)
		b.want(b.after(2*time.Minute, id), "Failed: "+other+"-eu-west-1=Cancelled")
	})
}

// What the cloud in memory does to an alarm is seen at once, not at the next look.
func TestAnAlarmOfTheCloud(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		aws := func(operation string, params map[string]any) {
			b.Helper()
			if _, err := b.server.cloud.Call(b.Context(), cloud.Call{Service: "cloudwatch", Operation: operation, Params: params, Region: "eu-west-1"}); err != nil {
				b.Fatal(err)
			}
		}
		aws("PutMetricAlarm", map[string]any{"AlarmName": "cpu", "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "Statistic": "Average", "Period": json.Number("60"),
			"EvaluationPeriods": json.Number("1"), "Threshold": json.Number("90"), "ComparisonOperator": "GreaterThanThreshold"})
		b.create("Test-Long", `{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1H"}}`)
		id := b.begin(`{"DocumentName":"Test-Long","AlarmConfiguration":{"Alarms":[{"Name":"cpu"}]}}`)
		aws("SetAlarmState", map[string]any{"AlarmName": "cpu", "StateValue": "OK", "StateReason": "calm"})
		b.want(b.after(time.Minute+time.Second, id), "InProgress: a=InProgress")
		aws("SetAlarmState", map[string]any{"AlarmName": "cpu", "StateValue": "ALARM", "StateReason": "too hot"})
		b.want(b.after(0, id), "Cancelled: a=Cancelled")
	})
}
