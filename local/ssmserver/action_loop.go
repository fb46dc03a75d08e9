package ssmserver

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"handrail/runbook"
)

const actionLoop = "aws:loop"

const (
	// maxTurns: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-loop.html.
	maxTurns = 100
	// maxStepRuns bounds the runs of steps that one execution keeps.
	maxStepRuns = 100_000
)

func loopAction() action {
	return action{name: actionLoop, run: runLoop, raw: []string{"Steps", "LoopCondition"}, verifying: "running the iterations of the loop",
		note: "Iterators or LoopCondition, MaxIterations; a loop inside a loop is refused"}
}

// loop is what the inputs of an aws:loop say.
type loop struct {
	values    []any          // of the iterator; nil for a loop that has a condition
	condition map[string]any // unresolved; nil for a loop over values
	turns     int            // at most
}

func runLoop(ctx context.Context, c *stepContext) (result, error) {
	l, err := readLoop(c)
	if err != nil {
		return result{}, err
	}
	var out result
	for n := 1; n <= l.turns; n++ {
		t := &turn{loop: c.run, iteration: n}
		out = result{outputs: map[string]any{"CurrentIteration": json.Number(strconv.Itoa(n))}}
		if l.condition == nil {
			t.value = l.values[n-1]
			out.outputs["CurrentIteratorValue"] = t.value
		}
		c.show(out.outputs)
		end, err := c.turn(ctx, t)
		switch {
		case err != nil:
			return out, err
		case end.exit != "":
			out.status, out.next, out.cancelled = statusExited, end.exit, end.cancelled
			return out, nil
		case end.aborted != nil:
			return out, c.aborted(end.aborted)
		}
		if again, err := c.again(l); err != nil || !again {
			return out, err
		}
	}
	return out, nil
}

// turn runs the steps once.
func (c *stepContext) turn(ctx context.Context, t *turn) (ending, error) {
	if ctx.Err() != nil {
		return ending{}, ctx.Err()
	}
	if c.execution.kept()+len(c.step.Steps) > maxStepRuns {
		failure := actionFailed(fmt.Errorf("the local SSM keeps %d steps of an execution, and this loop runs more", maxStepRuns))
		failure.final = true
		return ending{}, failure
	}
	end := c.server.walk(ctx, c.execution, &block{runs: newBlock(c.run.step.Steps, t), turn: t}, 0)
	if end.exit == "" && ctx.Err() != nil {
		return ending{}, ctx.Err()
	}
	return end, nil
}

func (e *execution) kept() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.order)
}

// aborted is the failure of a loop one of whose steps failed with onFailure Abort: that of the step.
func (c *stepContext) aborted(run *stepRun) *stepFailure {
	c.execution.mu.Lock()
	defer c.execution.mu.Unlock()
	failure := *run.failure
	if !failure.timedOut {
		failure.cause = fmt.Sprintf("The step %s failed in iteration %d: %s", run.step.Name, run.turn.iteration, failure.cause)
	}
	return &failure
}

// again evaluates the condition after a turn. Loops over values have none.
func (c *stepContext) again(l loop) (bool, error) {
	if l.condition == nil {
		return true, nil
	}
	resolved, err := runbook.Resolve(l.condition, c.server.lookup(c.execution))
	if err != nil {
		return false, invalidInput(err.Error())
	}
	condition, _ := resolved.(map[string]any)
	again, err := holds(condition)
	if err != nil {
		return false, invalidInput("The input LoopCondition is not valid: " + err.Error())
	}
	return again, nil
}

func holds(choice map[string]any) (bool, error) { return condition(choice, 0) }

func readLoop(c *stepContext) (loop, error) {
	if err := c.inputs.only("Steps", "Iterators", "IteratorDataType", "LoopCondition", "MaxIterations"); err != nil {
		return loop{}, err
	}
	for _, step := range c.step.Steps {
		if step.Action == actionLoop {
			return loop{}, invalidInput("The step " + step.Name + " is a loop; a loop cannot stand inside a loop")
		}
	}
	turns, err := c.inputs.number("MaxIterations", maxTurns, 1, maxTurns)
	if err != nil {
		return loop{}, err
	}
	condition, hasCondition := c.inputs["LoopCondition"]
	given, hasValues := c.inputs["Iterators"]
	if hasCondition == hasValues {
		return loop{}, invalidInput("Exactly one of the inputs Iterators and LoopCondition is required")
	}
	if hasCondition {
		choice, ok := condition.(map[string]any)
		if !ok {
			return loop{}, invalidInput("The input LoopCondition must be a condition")
		}
		return loop{condition: choice, turns: turns}, nil
	}
	kind, err := c.inputs.text("IteratorDataType")
	if err != nil {
		return loop{}, err
	}
	values, err := iterators(given, kind)
	if err != nil {
		return loop{}, err
	}
	return loop{values: values, turns: min(turns, len(values))}, nil
}

// iterators gives the values their type. A list inside the list, such as a reference to a StringList, is spread.
func iterators(given any, kind string) ([]any, error) {
	list, ok := given.([]any)
	if !ok {
		list = []any{given}
	}
	var out []any
	for _, item := range list {
		if inner, ok := item.([]any); ok {
			out = append(out, inner...)
		} else {
			out = append(out, item)
		}
	}
	if len(out) > maxTurns {
		return nil, invalidInput(fmt.Sprintf("The input Iterators has %d values; at most %d are allowed", len(out), maxTurns))
	}
	for i, item := range out {
		value, ok, known := iterator(item, kind)
		switch {
		case !known:
			return nil, invalidInput("The input IteratorDataType must be Boolean, Integer, String or StringMap")
		case !ok:
			return nil, invalidInput(fmt.Sprintf("The value %d of the input Iterators is of type %s, but expected type is %s", i+1, javaType(item), outputType(kind)))
		}
		out[i] = value
	}
	return out, nil
}

// iterator gives one value its type; a map may come as JSON.
func iterator(item any, kind string) (value any, ok, known bool) {
	switch kind {
	case "", "String", "Integer", "Boolean":
		if item == nil {
			return nil, false, true
		}
		value, ok = scalarOutput(item, outputType(kind))
		return value, ok, true
	case "StringMap":
		if text, isText := item.(string); isText {
			decoder := json.NewDecoder(strings.NewReader(text))
			decoder.UseNumber()
			var object map[string]any
			err := decoder.Decode(&object)
			return object, err == nil && object != nil, true
		}
		value, ok = mapOutput(item)
		return value, ok, true
	}
	return nil, false, false
}
