package ssmserver

import (
	"fmt"
	"sync/atomic"
)

const (
	// maxOutputs bounds the outputs of one step in bytes, whatever its action.
	maxOutputs = 1 << 20
	// maxKeptBytes bounds what one execution keeps of the inputs, outputs, failures and AWS operations of its steps, in bytes.
	maxKeptBytes = 32 << 20
	// maxAllBytes bounds what all executions keep; above half of it the oldest finished ones are forgotten.
	maxAllBytes = 512 << 20
	// maxCause bounds the reason of a failure in characters, shortCause where there is no room for more.
	maxCause, shortCause = 16 << 10, 200
)

// keeper counts the bytes that an execution keeps. It is guarded by the execution's mu.
type keeper struct {
	bytes int
	// all counts those of every execution; nil counts nothing.
	all *atomic.Int64
}

// room takes n bytes, or answers false if there are not so many left.
func (k *keeper) room(n int) bool {
	if k.bytes+n > maxKeptBytes || k.all != nil && k.all.Load()+int64(n) > maxAllBytes {
		return false
	}
	k.add(n)
	return true
}

func (k *keeper) add(n int) {
	k.bytes += n
	if k.all != nil {
		k.all.Add(int64(n))
	}
}

// free gives everything back, and counts no more.
func (k *keeper) free() {
	k.add(-k.bytes)
	k.all = nil
}

func noRoom(phase, stage string) *stepFailure {
	return &stepFailure{phase: phase, stage: stage, kind: "Action", final: true, cause: fmt.Sprintf(
		"The local SSM keeps %d MB of the inputs and outputs of one automation and %d MB of all, and there is no room for those of this step", maxKeptBytes>>20, maxAllBytes>>20)}
}

// keepInputs writes the inputs of a step down, if there is room. The caller holds e.mu.
func (e *execution) keepInputs(run *stepRun, texts map[string]string) error {
	total := 0
	for name, text := range texts {
		total += len(name) + len(text)
	}
	if !e.keeps.room(total) {
		return noRoom(phaseInputs, "InputValidation")
	}
	run.inputs = texts
	return nil
}

// keepOutputs writes the outputs of a step down, if there is room. The caller holds e.mu.
func (e *execution) keepOutputs(run *stepRun, outputs map[string]any) error {
	total := 0
	for name, value := range outputs {
		if total += len(name) + size(value, maxOutputs); total > maxOutputs {
			return &stepFailure{phase: phaseExecute, stage: "Invocation", kind: "Action", final: true,
				cause: fmt.Sprintf("The outputs of the step are larger than %d MB", maxOutputs>>20)}
		}
	}
	if !e.keeps.room(total) {
		return noRoom(phaseExecute, "Invocation")
	}
	run.outputs = outputs
	return nil
}

// keepFailure writes a failure down, cut to what there is room for. The caller holds e.mu.
func (e *execution) keepFailure(run *stepRun, failure stepFailure) {
	failure.cause = cut(failure.cause, maxCause)
	if !e.keeps.room(len(failure.cause)) {
		failure.cause = cut(failure.cause, shortCause)
	}
	run.failure = &failure
}

// size is about how many bytes a value has as text. It stops counting soon after most.
func size(value any, most int) int {
	total := 8
	switch v := value.(type) {
	case string:
		total += len(v)
	case []any:
		for _, item := range v {
			if total += size(item, most-total); total > most {
				break
			}
		}
	case map[string]any:
		for name, item := range v {
			if total += len(name) + size(item, most-total); total > most {
				break
			}
		}
	}
	return total
}
