package ssmserver

import (
	"context"
	"encoding/json"
	"slices"
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
	statusWaiting    = "Waiting"
	statusSuccess    = "Success"
	statusTimedOut   = "TimedOut"
	statusCancelling = "Cancelling"
	statusCancelled  = "Cancelled"
	statusFailed     = "Failed"
	// statusExited is that of a loop one of whose steps went on outside of it.
	statusExited = "Exited"
)

func statuses() []string {
	return []string{statusPending, statusInProgress, statusWaiting, statusSuccess, statusTimedOut, statusCancelling, statusCancelled, statusFailed,
		"PendingApproval", "Approved", "Rejected", "Scheduled", "RunbookInProgress", "PendingChangeCalendarOverride",
		"ChangeCalendarOverrideApproved", "ChangeCalendarOverrideRejected", "CompletedWithSuccess", "CompletedWithFailure", statusExited}
}

func ended(status string) bool {
	switch status {
	case statusSuccess, statusTimedOut, statusCancelled, statusFailed, statusExited:
		return true
	}
	return false
}

// execution is one run of a document. Everything above mu never changes once it is in the registry.
type execution struct {
	id, executedBy, mode string
	number               int64 // order of start
	document             string
	version              int
	parsed               *runbook.Document
	parameters           runbook.Values
	role                 string // what the steps run as; "" is the caller
	// identity is the ARN that the calls of the steps count as: a session of the role, or the caller.
	identity        string
	account, region string
	parentID        string
	depth           int    // 0 for what a client started, 1 for what that one started
	target          string // what the parent of many targets started this child for
	placed          string // the role of the location that the execution was placed in, "" if none
	// overseas and rated say that an ancestor runs in several accounts and Regions, and that one is a parent of many.
	overseas, rated bool
	token           string
	asked           startRequest
	started         time.Time
	slot            *slot
	// observe is told every change, under mu; nil means nobody listens.
	observe func(Change)
	// publish gets the events of the statuses that have one, under mu, too; nil means that there are none.
	publish func(event)
	// drive replaces the walk through the document's steps, for the parents of many targets; nil means the walk.
	drive func(context.Context)
	// done is closed when the execution has ended, or the server closes.
	done chan struct{}

	mu      sync.Mutex
	status  string
	ended   time.Time
	failure string
	// outcome is the status of the first failure that decides about the whole, "" so far, and reason what it said. The
	// execution's failure says it when it ends.
	outcome, reason string
	main            []*stepRun // the document's own steps, in its order
	order           []*stepRun // every run of a step, in the order in which they started
	// latest is each step's newest run, which references mean.
	latest    map[string]*stepRun
	current   *stepRun // the innermost running step, nil if none
	variables map[string]any
	// awsCalls are the newest AWS operations; awsForgotten counts the older ones.
	awsCalls     []AWSCall
	awsForgotten int
	tags         []tag
	resolved     []string // what the targets are
	// triggered is the alarm that stopped the execution, triggeredAt the step that ran then.
	triggered   []alarmState
	triggeredAt *stepRun
	// cancel interrupts what runs now; cut says that the server closes and nothing is to be written any more.
	cancel        context.CancelCauseFunc
	complete, cut bool
	cancelBy      time.Time // when what follows a cancellation must have ended, zero so far
	keeps         keeper
	awaited       *awaited // what waits for a signal, nil if nothing does
	hand          *hand    // of executions whose steps are started one by one; nil for the others
}

// stepRun is what happened to one step of an execution, once. It is guarded by its execution's mu.
type stepRun struct {
	step           *runbook.Step  // as the document has it, never changed
	block          []runbook.Step // the steps it stands among, nil for one that stands in no document
	id             string
	turn           *turn // nil outside of loops
	status         string
	started, ended time.Time
	inputs         map[string]string
	outputs        map[string]any
	failure        *stepFailure
	location       *targetLocation // where a parent of many locations started the child
}

// turn is one iteration of a loop.
type turn struct {
	loop      *stepRun
	iteration int // from 1
	value     any // of the iterator; nil for loops that have a condition
}

func newStepRun(step *runbook.Step, in *turn) *stepRun {
	return &stepRun{step: step, id: uuid.NewString(), turn: in, status: statusPending}
}

// newBlock makes the runs of steps that run one after another.
func newBlock(steps []runbook.Step, in *turn) []*stepRun {
	out := make([]*stepRun, len(steps))
	for i := range steps {
		out[i] = newStepRun(&steps[i], in)
		out[i].block = steps
	}
	return out
}

func newExecution(d document, v *version, values runbook.Values) *execution {
	e := &execution{id: uuid.NewString(), document: d.name, version: v.number, parsed: v.parsed, parameters: values, mode: "Auto",
		status: statusPending, started: time.Now(), latest: map[string]*stepRun{}, variables: map[string]any{}, done: make(chan struct{})}
	e.main = newBlock(v.parsed.Steps, nil)
	for _, v := range v.parsed.Variables {
		if v.Default != nil {
			e.variables[v.Name] = v.Default
		}
	}
	return e
}

// enter makes a run the current one, unless it was entered before.
func (e *execution) enter(run *stepRun) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.enterLocked(run)
}

func (e *execution) enterLocked(run *stepRun) {
	if e.cut || run.status != statusPending {
		return
	}
	e.order = append(e.order, run)
	e.latest[run.step.Name] = run
	run.started, e.current = time.Now(), run
	if e.status != statusCancelling {
		e.setStatus(statusInProgress)
	}
	e.setStep(run, statusInProgress)
}

// noOutput stands for the outputs of steps that did not succeed.
const noOutput = "No output available yet because the step is not successfully executed"

// outputsLocked gives the document's outputs, with placeholders for what is not there yet.
func (e *execution) outputsLocked() map[string][]string {
	out := map[string][]string{}
	if e.drive != nil {
		return out
	}
	for _, name := range e.parsed.Outputs {
		out[name] = []string{noOutput}
		step, output, _ := strings.Cut(name, ".")
		run := e.latest[step]
		if run == nil || run.status != statusSuccess && run.status != statusExited {
			continue
		}
		out[name] = []string{}
		if value, ok := run.outputs[output]; ok {
			out[name] = wireOutput(value)
		}
	}
	return out
}

// wireOutputs gives a step's outputs as the API carries them; nil if there are none.
func (run *stepRun) wireOutputs() map[string][]string {
	if len(run.outputs) == 0 {
		return nil
	}
	out := make(map[string][]string, len(run.outputs))
	for name, value := range run.outputs {
		out[name] = wireOutput(value)
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

func (e *execution) tagged(key string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.tags, func(t tag) bool { return t.Key == key })
}
