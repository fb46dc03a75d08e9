package ssmserver

import (
	"maps"
	"slices"
	"strconv"

	"handrail/runbook"
)

// The answers hold their members in the order of the API model, which is the order in which the AWS CLI prints them.

type failureDetails struct {
	FailureStage string
	FailureType  string
	Details      map[string][]string
}

type stepExecution struct {
	StepName             string
	Action               string
	TimeoutSeconds       int64               `json:",omitempty"`
	OnFailure            string              `json:",omitempty"`
	MaxAttempts          int                 `json:",omitempty"`
	ExecutionStartTime   epoch               `json:",omitzero"`
	ExecutionEndTime     epoch               `json:",omitzero"`
	StepStatus           string              `json:",omitempty"`
	Inputs               map[string]string   `json:",omitempty"`
	Outputs              map[string][]string `json:",omitempty"`
	FailureMessage       string              `json:",omitempty"`
	FailureDetails       *failureDetails     `json:",omitempty"`
	StepExecutionId      string
	OverriddenParameters map[string][]string
	IsEnd                bool            `json:",omitempty"`
	NextStep             string          `json:",omitempty"`
	IsCritical           *bool           `json:",omitempty"`
	ValidNextSteps       []string        `json:",omitempty"`
	TargetLocation       *targetLocation `json:",omitempty"`
	TriggeredAlarms      []alarmState    `json:",omitempty"`
	ParentStepDetails    *parentStep     `json:",omitempty"`
}

// parentStep is the loop that a step belongs to.
type parentStep struct {
	StepExecutionId string
	StepName        string
	Action          string
	Iteration       int
	IteratorValue   string `json:",omitempty"`
}

type resolvedTargets struct {
	ParameterValues []string
	Truncated       bool
}

// maxResolved is how many resolved targets are listed.
const maxResolved = 50

type progressCounters struct{ TotalSteps, SuccessSteps, FailedSteps, CancelledSteps, TimedOutSteps int }

type executionDetail struct {
	AutomationExecutionId       string
	DocumentName                string
	DocumentVersion             string
	ExecutionStartTime          epoch
	ExecutionEndTime            epoch `json:",omitzero"`
	AutomationExecutionStatus   string
	StepExecutions              []stepExecution
	StepExecutionsTruncated     bool
	Parameters                  map[string][]string
	Outputs                     map[string][]string
	FailureMessage              string `json:",omitempty"`
	Mode                        string
	ParentAutomationExecutionId string `json:",omitempty"`
	ExecutedBy                  string
	CurrentStepName             string `json:",omitempty"`
	CurrentAction               string `json:",omitempty"`
	TargetParameterName         string `json:",omitempty"`
	Targets                     []target
	TargetMaps                  []map[string][]string `json:",omitempty"`
	ResolvedTargets             resolvedTargets
	MaxConcurrency              string              `json:",omitempty"`
	MaxErrors                   string              `json:",omitempty"`
	Target                      string              `json:",omitempty"`
	TargetLocations             []targetLocation    `json:",omitempty"`
	ProgressCounters            *progressCounters   `json:",omitempty"`
	AlarmConfiguration          *alarmConfiguration `json:",omitempty"`
	TriggeredAlarms             []alarmState        `json:",omitempty"`
	Variables                   map[string][]string `json:",omitempty"`
}

type executionMetadata struct {
	AutomationExecutionId       string
	DocumentName                string
	DocumentVersion             string
	AutomationExecutionStatus   string
	ExecutionStartTime          epoch
	ExecutionEndTime            epoch `json:",omitzero"`
	ExecutedBy                  string
	LogFile                     string
	Outputs                     map[string][]string
	Mode                        string
	ParentAutomationExecutionId string `json:",omitempty"`
	CurrentStepName             string `json:",omitempty"`
	CurrentAction               string `json:",omitempty"`
	FailureMessage              string `json:",omitempty"`
	TargetParameterName         string `json:",omitempty"`
	Targets                     []target
	TargetMaps                  []map[string][]string `json:",omitempty"`
	ResolvedTargets             resolvedTargets
	MaxConcurrency              string `json:",omitempty"`
	MaxErrors                   string `json:",omitempty"`
	Target                      string `json:",omitempty"`
	AutomationType              string
	AlarmConfiguration          *alarmConfiguration `json:",omitempty"`
	TriggeredAlarms             []alarmState        `json:",omitempty"`
}

// maxStepsInGet is how many steps GetAutomationExecution lists before it says that there are more.
const maxStepsInGet = 100

func (e *execution) currentLocked() (name, action string) {
	run := e.current
	if e.drive != nil { // several run at once: the newest of them
		run = nil
		for _, other := range slices.Backward(e.order) {
			if !ended(other.status) {
				run = other
				break
			}
		}
	}
	if run == nil {
		return "", ""
	}
	return run.step.Name, run.step.Action
}

func (e *execution) detail() executionDetail {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := executionDetail{
		AutomationExecutionId: e.id, DocumentName: e.document, DocumentVersion: strconv.Itoa(e.version), ExecutionStartTime: epoch{e.started},
		ExecutionEndTime: epoch{e.ended}, AutomationExecutionStatus: e.status, StepExecutions: e.stepsLocked(maxStepsInGet),
		StepExecutionsTruncated: len(e.runsLocked()) > maxStepsInGet, Parameters: e.parameters.Wire(),
		Outputs: e.outputsLocked(), FailureMessage: e.failure, Mode: e.mode, ParentAutomationExecutionId: e.parentID, ExecutedBy: e.executedBy,
		TargetParameterName: e.asked.TargetParameterName, Targets: e.targets(), TargetMaps: e.asked.TargetMaps, ResolvedTargets: e.resolvedLocked(),
		MaxConcurrency: e.asked.MaxConcurrency, MaxErrors: e.asked.MaxErrors, Target: e.target, TargetLocations: e.asked.TargetLocations,
		ProgressCounters: e.progressLocked(), AlarmConfiguration: e.asked.AlarmConfiguration, TriggeredAlarms: e.triggered,
		Variables: e.wireVariables(),
	}
	out.CurrentStepName, out.CurrentAction = e.currentLocked()
	return out
}

func (e *execution) metadata() executionMetadata {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := executionMetadata{
		AutomationExecutionId: e.id, DocumentName: e.document, DocumentVersion: strconv.Itoa(e.version), AutomationExecutionStatus: e.status,
		ExecutionStartTime: epoch{e.started}, ExecutionEndTime: epoch{e.ended}, ExecutedBy: e.executedBy, Outputs: e.outputsLocked(), Mode: e.mode,
		ParentAutomationExecutionId: e.parentID, FailureMessage: e.failure, TargetParameterName: e.asked.TargetParameterName, Targets: e.targets(),
		TargetMaps: e.asked.TargetMaps, ResolvedTargets: e.resolvedLocked(), MaxConcurrency: e.asked.MaxConcurrency, MaxErrors: e.asked.MaxErrors,
		Target: e.target, AutomationType: "Local", AlarmConfiguration: e.asked.AlarmConfiguration, TriggeredAlarms: e.triggered,
	}
	if len(e.asked.TargetLocations) > 0 {
		out.AutomationType = "CrossAccount"
	}
	out.CurrentStepName, out.CurrentAction = e.currentLocked()
	return out
}

// targets are those that were asked for, an empty list if there were none.
func (e *execution) targets() []target {
	if e.asked.Targets == nil {
		return []target{}
	}
	return e.asked.Targets
}

func (e *execution) resolvedLocked() resolvedTargets {
	shown := min(len(e.resolved), maxResolved)
	return resolvedTargets{ParameterValues: append([]string{}, e.resolved[:shown]...), Truncated: shown < len(e.resolved)}
}

// progressLocked counts the children of a parent of many; nil for other executions.
func (e *execution) progressLocked() *progressCounters {
	if e.drive == nil {
		return nil
	}
	out := &progressCounters{TotalSteps: len(e.main)}
	for _, run := range e.main {
		switch run.status {
		case statusSuccess:
			out.SuccessSteps++
		case statusFailed:
			out.FailedSteps++
		case statusCancelled:
			out.CancelledSteps++
		case statusTimedOut:
			out.TimedOutSteps++
		}
	}
	return out
}

func (e *execution) wireVariables() map[string][]string {
	out := make(map[string][]string, len(e.variables))
	for name, value := range e.variables {
		out[name] = wireOutput(value)
	}
	return out
}

// runsLocked lists the steps that ran, in the order in which they started, then those still pending in document order.
func (e *execution) runsLocked() []*stepRun {
	out := make([]*stepRun, 0, len(e.order)+len(e.main))
	out = append(out, e.order...)
	for _, run := range e.main {
		if run.status == statusPending {
			out = append(out, run)
		}
	}
	return out
}

// stepsLocked describes the first of the steps.
func (e *execution) stepsLocked(most int) []stepExecution {
	runs := e.runsLocked()
	runs = runs[:min(len(runs), most)]
	out := make([]stepExecution, 0, len(runs))
	for _, run := range runs {
		out = append(out, e.stepLocked(run))
	}
	return out
}

func (e *execution) stepLocked(run *stepRun) stepExecution {
	step := run.step
	out := stepExecution{
		StepName: step.Name, Action: step.Action, TimeoutSeconds: step.TimeoutSeconds, OnFailure: step.OnFailure, MaxAttempts: step.MaxAttempts,
		ExecutionStartTime: epoch{run.started}, ExecutionEndTime: epoch{run.ended}, StepStatus: run.status, Inputs: maps.Clone(run.inputs),
		Outputs: run.wireOutputs(), FailureMessage: run.failure.message(), StepExecutionId: run.id, OverriddenParameters: map[string][]string{},
		IsEnd: step.IsEnd, NextStep: step.NextStep, IsCritical: step.IsCritical, ValidNextSteps: run.successors(), TargetLocation: run.location,
	}
	if run == e.triggeredAt {
		out.TriggeredAlarms = e.triggered
	}
	if run.failure != nil {
		out.FailureDetails = &failureDetails{FailureStage: run.failure.stage, FailureType: run.failure.kind, Details: map[string][]string{}}
	}
	if run.turn != nil {
		out.ParentStepDetails = &parentStep{StepExecutionId: run.turn.loop.id, StepName: run.turn.loop.step.Name, Action: run.turn.loop.step.Action,
			Iteration: run.turn.iteration}
		out.ParentStepDetails.IteratorValue = run.turn.text()
	}
	return out
}

// successors are the steps that can follow when it succeeds.
func (run *stepRun) successors() []string {
	return (&runbook.Document{Steps: run.block}).Successors(*run.step)
}

// text is the iterator's value as the API carries it, "" if there is none.
func (t *turn) text() string {
	if t.value == nil {
		return ""
	}
	return asText(t.value)
}
