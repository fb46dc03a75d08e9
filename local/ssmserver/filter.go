package ssmserver

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

type filter struct {
	Key    string
	Values []string
}

// matchesAll is the rule of every list: filters are ANDed, the values of one are ORed.
func matchesAll(filters []filter, matches func(filter, string) bool) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(f.Values, func(v string) bool { return matches(f, v) }) {
			return false
		}
	}
	return true
}

// filterRules say for each key which values it may hold.
type filterRules map[string]func(string) bool

func anyValue(string) bool { return true }

func oneOf(values ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(values, v) }
}

func isTime(v string) bool {
	_, ok := filterTime(v)
	return ok
}

// filterTime reads the time of a filter such as 2018-07-07T00:00:00Z.
func filterTime(v string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, v)
	return t, err == nil
}

func isIteration(v string) bool {
	n, err := strconv.Atoi(v)
	return err == nil && n > 0
}

func (rules filterRules) check(filters []filter) error {
	for _, f := range filters {
		valid, known := rules[f.Key]
		if !known {
			return refuse(codeInvalidFilterKey, "The specified key isn't valid.")
		}
		for _, v := range f.Values {
			if !valid(v) {
				return refuse(codeInvalidFilter, "The filter value %q isn't valid for the key %s.", v, f.Key)
			}
		}
	}
	return nil
}

func checkExecutionFilters(filters []filter) error {
	return filterRules{
		"DocumentNamePrefix": anyValue, "ExecutionStatus": oneOf(statuses()...), "ExecutionId": anyValue, "ParentExecutionId": anyValue,
		"CurrentAction": anyValue, "StartTimeBefore": isTime, "StartTimeAfter": isTime, "AutomationType": oneOf("Local", "CrossAccount"),
		"TagKey": anyValue, "TargetResourceGroup": anyValue, "AutomationSubtype": oneOf("ChangeRequest", "AccessRequest"), "OpsItemId": anyValue,
	}.check(filters)
}

func matchesExecution(e *execution, data executionMetadata, key, v string) bool {
	switch key {
	case "DocumentNamePrefix":
		return strings.HasPrefix(data.DocumentName, v)
	case "ExecutionStatus":
		return data.AutomationExecutionStatus == v
	case "ExecutionId":
		return data.AutomationExecutionId == v
	case "CurrentAction":
		return data.CurrentAction == v
	case "StartTimeBefore", "StartTimeAfter":
		return inTime(data.ExecutionStartTime, key, v)
	case "AutomationType":
		return data.AutomationType == v
	case "TagKey":
		return e.tagged(v)
	case "ParentExecutionId":
		return data.ParentAutomationExecutionId == v
	case "TargetResourceGroup":
		return slices.ContainsFunc(data.Targets, func(t target) bool { return t.Key == keyGroup && slices.Contains(t.Values, v) })
	}
	// Nothing here has a subtype or an OpsItem.
	return false
}

func inTime(at epoch, key, v string) bool {
	limit, ok := filterTime(v)
	if !ok || at.IsZero() {
		return false
	}
	if key == "StartTimeBefore" {
		return !at.After(limit)
	}
	return !at.Before(limit)
}

func checkStepFilters(filters []filter) error {
	return filterRules{
		"StartTimeBefore": isTime, "StartTimeAfter": isTime, "StepExecutionStatus": oneOf(statuses()...), "StepExecutionId": anyValue,
		"StepName": anyValue, "Action": anyValue, "ParentStepExecutionId": anyValue, "ParentStepIteration": isIteration, "ParentStepIteratorValue": anyValue,
	}.check(filters)
}

// matchesStep takes a run whose execution is locked.
func matchesStep(run *stepRun, key, v string) bool {
	switch key {
	case "StartTimeBefore", "StartTimeAfter":
		return inTime(epoch{run.started}, key, v)
	case "StepExecutionStatus":
		return run.status == v
	case "StepExecutionId":
		return run.id == v
	case "StepName":
		return run.step.Name == v
	case "Action":
		return run.step.Action == v
	}
	return run.turn != nil && run.turn.matches(key, v)
}

// matches compares the loop's run, the number of its iteration or the iterator's value.
func (t *turn) matches(key, v string) bool {
	switch key {
	case "ParentStepExecutionId":
		return t.loop.id == v
	case "ParentStepIteration":
		return strconv.Itoa(t.iteration) == v
	case "ParentStepIteratorValue":
		return t.value != nil && t.text() == v
	}
	return false
}
