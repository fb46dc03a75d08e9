package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// alarmConfiguration is the AlarmConfiguration of the API: the CloudWatch alarm that stops an execution.
type alarmConfiguration struct {
	IgnorePollAlarmFailure bool `json:",omitempty"`
	Alarms                 []alarm
}

type alarm struct{ Name string }

// alarmState is an AlarmStateInformation of the API. State is ALARM, or UNKNOWN if the alarm cannot be looked up.
type alarmState struct{ Name, State string }

const (
	alarmOn      = "ALARM"
	alarmUnknown = "UNKNOWN"
	// alarmPoll is the time between two looks at an alarm.
	alarmPoll = 15 * time.Second
)

// watchAlarm begins to watch the alarm of e, if it has one, until e ends.
func (s *Server) watchAlarm(ctx context.Context, e *execution) {
	if config := e.asked.AlarmConfiguration; config != nil {
		s.running.Go(func() { s.followAlarm(ctx, e, config) })
	}
}

// followAlarm stops e when its alarm goes off, and also if the alarm cannot be looked up, unless that is to be ignored:
// the text of AlarmConfiguration in the API reference.
func (s *Server) followAlarm(ctx context.Context, e *execution, config *alarmConfiguration) {
	name := config.Alarms[0].Name
	for {
		changed, next := s.cloud.Changes()
		state, err := s.lookAtAlarm(ctx, e, name)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !config.IgnorePollAlarmFailure {
			state = alarmUnknown
		}
		if state == alarmOn || state == alarmUnknown {
			e.trigger(alarmState{Name: name, State: state})
			return
		}
		wait := time.Duration(alarmPoll)
		if !next.IsZero() {
			wait = min(wait, max(time.Until(next), 0))
		}
		if !pauseFor(ctx, wait, changed) {
			return
		}
	}
}

// trigger notes what the alarm did and stops e, which may just have ended.
func (e *execution) trigger(state alarmState) {
	e.mu.Lock()
	if !e.cut && !ended(e.status) {
		e.triggered = []alarmState{state}
		if e.current != nil {
			e.triggeredAt = e.current
		}
	}
	e.mu.Unlock()
	_ = e.stop(false)
}

// lookAtAlarm gives the alarm's state. The service looks with its own role, whatever the execution runs as.
func (s *Server) lookAtAlarm(ctx context.Context, e *execution, name string) (string, error) {
	role := "arn:" + cloud.Partition(e.region) + ":iam::" + e.account + ":role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"
	call := cloud.Call{Service: "cloudwatch", Operation: "DescribeAlarms", Region: e.region, Caller: sessionARN(role, e.id),
		Params: map[string]any{"AlarmNames": []any{name}, "AlarmTypes": []any{"MetricAlarm", "CompositeAlarm"}}}
	answer, err := s.backend.Call(ctx, call)
	e.note(newStepRun(&runbook.Step{}, nil), role, call, err)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return "", fmt.Errorf("writing the answer of DescribeAlarms: %w", err)
	}
	var out struct {
		MetricAlarms, CompositeAlarms []struct{ AlarmName, StateValue string }
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return "", fmt.Errorf("reading the answer of DescribeAlarms: %w", err)
	}
	for _, a := range append(out.MetricAlarms, out.CompositeAlarms...) {
		if a.AlarmName == name {
			return a.StateValue, nil
		}
	}
	return "", errors.New("there is no alarm " + name)
}
