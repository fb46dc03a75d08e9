package ssmserver

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"handrail/runbook"
)

// The statuses that occur here, of the 19 in the API model.
const (
	statusPending    = "Pending"
	statusInProgress = "InProgress"
	statusSuccess    = "Success"
	statusTimedOut   = "TimedOut"
	statusCancelling = "Cancelling"
	statusCancelled  = "Cancelled"
	statusFailed     = "Failed"
)

func statuses() []string {
	return []string{statusPending, statusInProgress, "Waiting", statusSuccess, statusTimedOut, statusCancelling, statusCancelled, statusFailed,
		"PendingApproval", "Approved", "Rejected", "Scheduled", "RunbookInProgress", "PendingChangeCalendarOverride",
		"ChangeCalendarOverrideApproved", "ChangeCalendarOverrideRejected", "CompletedWithSuccess", "CompletedWithFailure", "Exited"}
}

func ended(status string) bool {
	return status == statusSuccess || status == statusTimedOut || status == statusCancelled || status == statusFailed
}

// execution is one run of a document. Everything above mu never changes.
type execution struct {
	id, executedBy, mode      string
	number                    int64 // order of start
	document                  string
	version                   int
	parsed                    *runbook.Document
	parameters                runbook.Values
	role                      string // what the steps run as; "" is the caller
	tags                      map[string]bool
	maxConcurrency, maxErrors string
	token, tokenRequest       string
	started                   time.Time

	mu      sync.Mutex
	status  string
	ended   time.Time
	failure string
	outcome string // the first critical failure's status, "" so far
	current int    // index of the running step, -1 if none
	steps   []*stepRun
	order   []int // indexes of the steps in the order in which they started
	// cancel interrupts what runs now; cut says that the server closes and nothing is to be written any more.
	cancel        context.CancelCauseFunc
	complete, cut bool
}

// stepRun is what happened to one step of an execution.
type stepRun struct {
	step           runbook.Step
	id             string
	status         string
	started, ended time.Time
	inputs         map[string]string
	outputs        map[string]any
	failure        *stepFailure
}

func newExecution(d document, v *version, values runbook.Values) *execution {
	e := &execution{id: uuid.NewString(), document: d.name, version: v.number, parsed: v.parsed, parameters: values, mode: "Auto",
		status: statusPending, current: -1, started: time.Now()}
	for _, step := range v.parsed.Steps {
		e.steps = append(e.steps, &stepRun{step: step, id: uuid.NewString(), status: statusPending})
	}
	return e
}

func (e *execution) index(step string) int {
	for i, s := range e.steps {
		if s.step.Name == step {
			return i
		}
	}
	return -1
}

// enter makes a step the current one.
func (e *execution) enter(i int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.steps[i]
	if s.status == statusPending {
		e.order = append(e.order, i)
	}
	if e.status == statusPending {
		e.status = statusInProgress
	}
	s.status, s.started, e.current = statusInProgress, time.Now(), i
}

// noOutput stands for the outputs of steps that did not succeed.
const noOutput = "No output available yet because the step is not successfully executed"

// outputsLocked gives the document's outputs, with placeholders for what is not there yet.
func (e *execution) outputsLocked() map[string][]string {
	out := map[string][]string{}
	for _, name := range e.parsed.Outputs {
		out[name] = []string{noOutput}
		step, output, _ := strings.Cut(name, ".")
		i := e.index(step)
		if i < 0 || e.steps[i].status != statusSuccess {
			continue
		}
		out[name] = []string{}
		if value, ok := e.steps[i].outputs[output]; ok {
			out[name] = wireOutput(value)
		}
	}
	return out
}

// wireOutput gives a list as its elements and anything that is no string as compact JSON.
func wireOutput(value any) []string { return runbook.WireValue(value) }

// jsonText is compact JSON, "" for what has none.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}
