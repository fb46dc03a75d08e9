package cloud

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func alarmOperations() []operation {
	return []operation{
		{name: "cloudwatch.DeleteAlarms", run: deleteAlarms},
		{name: "cloudwatch.DescribeAlarmHistory", run: describeAlarmHistory, note: "state updates, the newest 100 of an alarm"},
		{name: "cloudwatch.DescribeAlarms", run: describeAlarms, note: "metric alarms; there are no composite ones"},
		{name: "cloudwatch.DisableAlarmActions", run: func(c *Cloud, in request) (map[string]any, error) { return c.setActions(in, false) }},
		{name: "cloudwatch.EnableAlarmActions", run: func(c *Cloud, in request) (map[string]any, error) { return c.setActions(in, true) }},
		{name: "cloudwatch.PutMetricAlarm", run: putMetricAlarm,
			note: "no metric is evaluated: the alarm keeps INSUFFICIENT_DATA until SetAlarmState"},
		{name: "cloudwatch.SetAlarmState", run: setAlarmState, note: "the state stays, since nothing evaluates it; no action is done"},
	}
}

type alarm struct {
	name                      string
	state, reason, reasonData string
	fields                    map[string]any // as PutMetricAlarm had them; never changed
	actions                   bool
	configured, updated       time.Time
	history                   []map[string]any // newest first
}

const maxHistory = 100

func alarmStates() []string { return []string{"OK", "ALARM", "INSUFFICIENT_DATA"} }

func (in request) checkAlarmState(value string) error {
	if slices.Contains(alarmStates(), value) {
		return nil
	}
	return in.fail("ValidationError",
		"1 validation error detected: Value '%s' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", brief(value))
}

// become gives the alarm a state.
func (a *alarm) become(to, reason, data string, now time.Time) {
	if a.state != to {
		event := map[string]any{"AlarmName": a.name, "AlarmType": "MetricAlarm", "Timestamp": millis(now),
			"HistoryItemType": "StateUpdate",
			"HistorySummary":  fmt.Sprintf("Alarm updated from %s to %s", a.state, to),
			"HistoryData":     fmt.Sprintf(`{"version":"1.0","oldState":{"stateValue":%q},"newState":{"stateValue":%q}}`, a.state, to)}
		a.history = append([]map[string]any{event}, a.history[:min(len(a.history), maxHistory-1)]...)
	}
	a.state, a.reason, a.reasonData, a.updated = to, reason, data, now
}

func (a *alarm) describe(c *Cloud, region string) map[string]any {
	out := map[string]any{"AlarmName": a.name, "AlarmArn": c.arn("cloudwatch", region, "alarm:"+a.name), "ActionsEnabled": a.actions,
		"StateValue": a.state, "StateReason": a.reason,
		"StateReasonData": a.reasonData, "StateUpdatedTimestamp": millis(a.updated),
		"StateTransitionedTimestamp":         millis(a.updated),
		"AlarmConfigurationUpdatedTimestamp": millis(a.configured), "OKActions": []any{}, "AlarmActions": []any{},
		"InsufficientDataActions": []any{}, "Dimensions": []any{}}
	for name, value := range a.fields {
		out[name] = value
	}
	return filled(out)
}

func (c *Cloud) alarm(in request) (*alarm, error) {
	if a := c.alarms.items[in.text("AlarmName")]; a != nil {
		return a, nil
	}
	return nil, in.failStatus(404, "ResourceNotFound", "Alarm %s does not exist", brief(in.text("AlarmName")))
}

func describeAlarms(c *Cloud, in request) (map[string]any, error) {
	if in.has("AlarmNames") && in.has("AlarmNamePrefix") {
		return nil, in.fail("InvalidParameterCombination", "AlarmNamePrefix and AlarmNames cannot be used together")
	}
	if value := in.text("StateValue"); value != "" {
		if err := in.checkAlarmState(value); err != nil {
			return nil, err
		}
	}
	names, types := in.texts("AlarmNames"), in.texts("AlarmTypes")
	var found []any
	for _, a := range c.alarms.all() {
		kept := (len(names) == 0 || slices.Contains(names, a.name)) && strings.HasPrefix(a.name, in.text("AlarmNamePrefix"))
		kept = kept && (!in.has("StateValue") || a.state == in.text("StateValue")) && (len(types) == 0 || slices.Contains(types, "MetricAlarm"))
		kept = kept && !in.has("ChildrenOfAlarmName") && !in.has("ParentsOfAlarmName") && a.acts(in.text("ActionPrefix"))
		if kept {
			found = append(found, a.describe(c, in.Region))
		}
	}
	out, err := in.alarmPage("MetricAlarms", found)
	if err == nil {
		out["CompositeAlarms"] = []any{}
	}
	return out, err
}

// acts says whether an action of the alarm begins so.
func (a *alarm) acts(prefix string) bool {
	if prefix == "" {
		return true
	}
	for _, name := range []string{"AlarmActions", "OKActions", "InsufficientDataActions"} {
		for _, action := range params(a.fields).texts(name) {
			if strings.HasPrefix(action, prefix) {
				return true
			}
		}
	}
	return false
}

func (in request) alarmPage(name string, items []any) (map[string]any, error) {
	size := in.number("MaxRecords", 50)
	if size < 1 || size > 100 {
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and 100", size)
	}
	out, next, ok := page(items, in.text("NextToken"), int(size))
	if !ok {
		return nil, in.fail("InvalidNextToken", "The next token specified is invalid.")
	}
	if out == nil {
		out = []any{}
	}
	return filled(map[string]any{name: out, "NextToken": next}), nil
}

func describeAlarmHistory(c *Cloud, in request) (map[string]any, error) {
	var found []any
	for _, a := range c.alarms.all() {
		for _, event := range a.history {
			at, _ := event["Timestamp"].(time.Time)
			from, hasFrom := in.params["StartDate"].(time.Time)
			until, hasUntil := in.params["EndDate"].(time.Time)
			kept := !in.has("AlarmName") || in.text("AlarmName") == a.name
			kept = kept && (!hasFrom || !at.Before(from)) && (!hasUntil || !at.After(until)) && (!in.has("HistoryItemType") || in.text("HistoryItemType") == "StateUpdate")
			if kept {
				found = append(found, event)
			}
		}
	}
	return in.alarmPage("AlarmHistoryItems", found)
}

func setAlarmState(c *Cloud, in request) (map[string]any, error) {
	a, err := c.alarm(in)
	if err != nil {
		return nil, err
	}
	if err := in.checkAlarmState(in.text("StateValue")); err != nil {
		return nil, err
	}
	if len(in.text("StateReason")) > 1023 || len(in.text("StateReasonData")) > 4000 {
		return nil, in.fail("ValidationError", "StateReason has at most 1023 characters, StateReasonData 4000")
	}
	a.become(in.text("StateValue"), in.text("StateReason"), in.text("StateReasonData"), in.now)
	return nil, nil
}

func comparisons() []string {
	return []string{"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
		"LessThanLowerOrGreaterThanUpperThreshold",
		"LessThanLowerThreshold", "GreaterThanUpperThreshold"}
}

func putMetricAlarm(c *Cloud, in request) (map[string]any, error) {
	name := in.text("AlarmName")
	switch {
	case name == "" || len(name) > 255:
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value at 'alarmName' failed to satisfy constraint: Member must have length between 1 and 255")
	case !slices.Contains(comparisons(), in.text("ComparisonOperator")):
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value '%s' at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set: %v", brief(in.text("ComparisonOperator")), comparisons())
	case in.number("EvaluationPeriods", 0) < 1:
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1")
	case !in.has("MetricName") && !in.has("Metrics"):
		return nil, in.fail("ValidationError", "Either MetricName or Metrics must be specified")
	case len(c.alarms.order) >= maxThings && !c.alarms.has(name):
		return nil, in.fail("LimitExceeded", "The quota of alarms is reached.")
	}
	a := c.alarms.items[name]
	if a == nil {
		a = &alarm{name: name}
		a.become("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation", "", in.now)
	}
	a.fields, a.configured, a.actions = map[string]any{}, in.now, !in.has("ActionsEnabled") || in.flag("ActionsEnabled")
	for field, value := range in.params {
		if field != "Tags" && field != "ActionsEnabled" {
			a.fields[field] = value
		}
	}
	c.alarms.put(name, a)
	return nil, nil
}

func deleteAlarms(c *Cloud, in request) (map[string]any, error) {
	for _, name := range in.texts("AlarmNames") {
		if !c.alarms.has(name) {
			return nil, in.failStatus(404, "ResourceNotFound", "Alarm %s does not exist", brief(name))
		}
	}
	for _, name := range in.texts("AlarmNames") {
		c.alarms.remove(name)
	}
	return nil, nil
}

func (c *Cloud) setActions(in request, enabled bool) (map[string]any, error) {
	for _, name := range in.texts("AlarmNames") {
		if a := c.alarms.items[name]; a != nil {
			a.actions = enabled
		}
	}
	return nil, nil
}

// placeAlarms puts three alarms that are OK into the world.
func (c *Cloud) placeAlarms(now time.Time) {
	for _, row := range []struct {
		name, namespace, metric, dimension, value string
		threshold                                 float64
	}{
		{"web-errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "TargetGroup", "targetgroup/web/0aaaaaaaaaaaaaa1", 10},
		{"web-latency", "AWS/ApplicationELB", "TargetResponseTime", "TargetGroup", "targetgroup/web/0aaaaaaaaaaaaaa1", 1},
		{"db-cpu", "AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "orders-db", 80},
	} {
		a := &alarm{name: row.name, state: "OK", reason: "Threshold Crossed: no datapoints were greater than the threshold", actions: true,
			configured: now, updated: now,
			fields: map[string]any{"AlarmName": row.name, "Namespace": row.namespace, "MetricName": row.metric, "Statistic": "Average",
				"Period": int64(60), "EvaluationPeriods": int64(1),
				"Threshold": row.threshold, "ComparisonOperator": "GreaterThanThreshold",
				"Dimensions": []any{map[string]any{"Name": row.dimension, "Value": row.value}}}}
		c.alarms.put(row.name, a)
	}
}
