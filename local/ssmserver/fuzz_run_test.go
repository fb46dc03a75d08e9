package ssmserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// dice makes choices out of a fuzzer's bytes; without any left, always the first.
type dice []byte

func (d *dice) roll(n int) int {
	if len(*d) == 0 {
		return 0
	}
	b := int((*d)[0])
	*d = (*d)[1:]
	return b % n
}

func pick[T any](d *dice, from ...T) T { return from[d.roll(len(from))] }

type object = map[string]any

// steps makes a block of up to five steps, which jump to one another and to those outside. once allows the first of them
// alone to start another execution, and no loops, or executions that start themselves would become too many.
func (d *dice) steps(prefix string, outside []string, once bool) []object {
	names := make([]string, 1+d.roll(5))
	for i := range names {
		names[i] = fmt.Sprint(prefix, i)
	}
	last := prefix + "Last"
	out := make([]object, len(names))
	for i, name := range names {
		step := object{"name": name}
		targets := slices.Concat(names[i+1:], outside, []string{last}) // jumps back are refused
		step["action"], step["inputs"] = d.action(name, targets, prefix == "s")
		if d.roll(3) == 1 {
			step["onFailure"] = pick(d, "Continue", "Abort", "step:"+pick(d, targets...))
		}
		if d.roll(4) == 1 {
			step["onCancel"] = pick(d, "Abort", "step:"+pick(d, targets...))
		}
		if d.roll(4) == 1 && i+1 < len(names) {
			step["nextStep"] = pick(d, targets...)
		}
		if d.roll(4) == 1 {
			step["isEnd"] = true
		}
		if d.roll(4) == 1 {
			step["isCritical"] = pick(d, true, false)
		}
		if d.roll(4) == 1 {
			step["maxAttempts"] = 1 + d.roll(3)
		}
		if d.roll(4) == 1 {
			step["timeoutSeconds"] = 1 + d.roll(3)
		}
		if d.roll(4) == 1 {
			step["outputs"] = []object{{"Name": "O", "Selector": pick(d, "$", "$..*", "$.Reservations[0]", "$.Nothing", "$["), "Type": pick(d, "String", "StringList", "MapList", "Integer")}}
		}
		if once && (starts(step) && i > 0 || inputsOf(step)["Steps"] != nil || inputsOf(step)["Targets"] != nil) {
			step["action"], step["inputs"] = "aws:sleep", object{"Duration": "PT1S"}
		}
		out[i] = step
	}
	return append(out, object{"name": last, "action": "aws:updateVariable", "inputs": object{"Name": "variable:V", "Value": "z"}})
}

func inputsOf(step object) object {
	inputs, _ := step["inputs"].(object)
	return inputs
}

// starts says whether a step starts executions.
func starts(step object) bool {
	return inputsOf(step)["DocumentName"] != nil
}

func (d *dice) action(name string, targets []string, loops bool) (string, object) {
	value := pick[any](d, "x", "{{ P }}", "{{ s0.O }}", "{{ variable:V }}{{ variable:V }}", "{{ L }}", 7, "{{ s0.CurrentIteration }}", "{{ automation:EXECUTION_ID }}")
	condition := object{"Variable": value, pick(d, "StringEquals", "NumericGreater", "Contains"): pick[any](d, "x", 1)}
	switch d.roll(13) {
	case 0:
		return "aws:sleep", object{"Duration": pick(d, "PT1S", "PT0S", "PT4S", "P9Y", "P6D")}
	case 1:
		in := object{"Choices": []object{{"NextStep": pick(d, targets...), "Variable": value, "StringEquals": "x"}}}
		if d.roll(2) == 1 {
			in["Default"] = pick(d, targets...)
		}
		return "aws:branch", in
	case 2:
		return "aws:updateVariable", object{"Name": pick(d, "variable:V", "variable:W"), "Value": value}
	case 3:
		return "aws:pause", object{}
	case 4:
		return "aws:approve", object{"Approvers": []string{"arn:aws:iam::123456789012:role/handrail"}, "MinRequiredApprovals": 1}
	case 5:
		return "aws:executeAutomation", object{"DocumentName": pick(d, "Fuzz-Other", "Fuzz-None"), "RuntimeParameters": object{"P": value}}
	case 6:
		return "aws:executeAutomation", object{"DocumentName": "Fuzz-Other", "Targets": []object{{"Key": "ParameterValues", "Values": []any{"a", "b", value}}},
			"TargetParameterName": "P", "MaxErrors": pick(d, "0", "1", "50%"), "MaxConcurrency": pick(d, "1", "10", "100%")}
	case 7:
		return "aws:executeAwsApi", object{"Service": "ec2", "Api": pick(d, "DescribeInstances", "stop_instances", "nothing"), "InstanceIds": value}
	case 8:
		return "aws:executeAwsApi", object{"Service": "ssm", "Api": "StartAutomationExecution", "DocumentName": "Fuzz-Other"}
	case 9:
		return "aws:assertAwsResourceProperty", object{"Service": "ec2", "Api": "DescribeInstances", "PropertySelector": "$..State.Name", "DesiredValues": []any{value}}
	case 10:
		return "aws:changeInstanceState", object{"InstanceIds": value, "DesiredState": "stopped"}
	}
	if !loops {
		return "aws:sleep", object{"Duration": "PT1S"}
	}
	inputs := object{"Steps": d.steps("i"+name, targets, false)}
	if d.roll(2) == 0 {
		inputs["Iterators"] = pick[any](d, []string{"a", "b"}, "{{ L }}", value, []int{1, 2, 3})
	} else {
		inputs["LoopCondition"], inputs["MaxIterations"] = condition, 1+d.roll(4)
	}
	return "aws:loop", inputs
}

// document makes one of such steps, as a request of CreateDocument.
func (d *dice) document(t *testing.T, name string) string {
	t.Helper()
	content := object{"schemaVersion": "0.3", "parameters": object{"P": object{"type": "String", "default": "x"}, "L": object{"type": "StringList", "default": []string{"a", "b"}}},
		"variables": object{"V": object{"type": "String", "default": "v"}}, "outputs": []string{"s0.O"}, "mainSteps": d.steps("s", nil, name == "Fuzz-Other")}
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	request, err := json.Marshal(object{"Name": name, "DocumentType": "Automation", "Content": string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return string(request)
}

// disturb sends an execution what comes up, at whatever moment this is.
func (d *dice) disturb(b *bubble, id string) {
	step := fmt.Sprint("s", d.roll(3))
	switch d.roll(6) {
	case 0:
		b.call("StopAutomationExecution", fmt.Sprintf(`{"AutomationExecutionId":%q,"Type":%q}`, id, pick(d, "Cancel", "Complete")))
	case 1, 2:
		b.call("SendAutomationSignal", fmt.Sprintf(`{"AutomationExecutionId":%q,"SignalType":%q}`, id, pick(d, "Approve", "Reject")))
	default:
		b.call("SendAutomationSignal", fmt.Sprintf(`{"AutomationExecutionId":%q,"SignalType":%q,"Payload":{"StepName":[%q]}}`, id, pick(d, "Resume", "StartStep"), step))
	}
}

// checkEnded says what cannot be true of an execution that has ended.
func checkEnded(e executionDetail) error {
	if !ended(e.AutomationExecutionStatus) || e.AutomationExecutionStatus == statusExited {
		return fmt.Errorf("has the status %s", e.AutomationExecutionStatus)
	}
	if e.ExecutionEndTime.IsZero() || e.CurrentStepName != "" {
		return fmt.Errorf("has the end %v and the current step %q", e.ExecutionEndTime, e.CurrentStepName)
	}
	decided := false
	for _, s := range e.StepExecutions {
		if s.StepStatus != statusPending && (!ended(s.StepStatus) || s.ExecutionEndTime.Before(s.ExecutionStartTime.Time)) {
			return fmt.Errorf("has the step %s with the status %s", s.StepName, s.StepStatus)
		}
		failed := s.StepStatus == statusFailed || s.StepStatus == statusTimedOut
		if failed != (s.FailureMessage != "") {
			return fmt.Errorf("has the step %s, %s, with the failure %q", s.StepName, s.StepStatus, s.FailureMessage)
		}
		aborts := s.OnFailure == "" || s.OnFailure == "Abort"
		critical := s.OnFailure != "Continue"
		if s.IsCritical != nil {
			critical = *s.IsCritical
		}
		decided = decided || failed && e.ProgressCounters == nil && s.ParentStepDetails == nil && (aborts || critical)
	}
	if decided && e.AutomationExecutionStatus == statusSuccess {
		return fmt.Errorf("succeeded in spite of a critical failure")
	}
	return nil
}

// FuzzRun runs random documents, which start one another and themselves, and disturbs them. All must end, be consistent
// and leave nothing behind.
func FuzzRun(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte{4, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, true)
	for seed := range byte(20) {
		var text []byte
		for i := range byte(120) {
			text = append(text, seed*41+i*(2*seed+7)+i*i/5)
		}
		f.Add(text, seed%4 == 3)
	}
	f.Fuzz(func(t *testing.T, rolls []byte, byHand bool) {
		synctest.Test(t, func(t *testing.T) {
			server, err := New(Options{Quotas: len(rolls)%2 == 1, MaxExecutions: 2_000})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			b, d := &bubble{T: t, server: server}, dice(rolls[:min(len(rolls), 1_000)])
			var created []string
			for _, name := range []string{"Fuzz", "Fuzz-Other"} {
				text := d.document(t, name)
				if status, _ := b.call("CreateDocument", text); status == http.StatusOK {
					created = append(created, text)
				}
				time.Sleep(2 * time.Second)
			}
			mode := "Auto"
			if byHand {
				mode = modeInteractive
			}
			status, answer := b.call("StartAutomationExecution", fmt.Sprintf(`{"DocumentName":"Fuzz","Mode":%q}`, mode))
			if status != http.StatusOK {
				return
			}
			id, _ := answer["AutomationExecutionId"].(string)
			for range d.roll(8) {
				time.Sleep(time.Duration(d.roll(5)) * 400 * time.Millisecond)
				d.disturb(b, id)
			}
			time.Sleep(time.Second)
			if d.roll(4) == 1 {
				return // Close finds it as it stands
			}
			if byHand {
				time.Sleep(time.Hour)
				b.call("StopAutomationExecution", fmt.Sprintf(`{"AutomationExecutionId":%q}`, id))
			}
			time.Sleep(365 * 24 * time.Hour)
			for _, e := range server.executions.newest() {
				if err := checkEnded(e.detail()); err != nil {
					t.Errorf("%s %v\n%s\n%s", e.document, err, told(e.detail()), created)
				}
			}
		})
	})
}
