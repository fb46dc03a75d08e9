package ssmserver

import (
	"context"
	"slices"
	"time"
)

func changeInstanceState() action {
	return action{name: "aws:changeInstanceState", timeout: time.Hour, run: runChangeState,
		verifying: "verifying the instances have reached the desired state",
		note:      "running, stopped, terminated; CheckStateOnly, Force, FailOnUnexpectedStopped; AdditionalInfo is ignored"}
}

type stateChange struct {
	ids                               []string
	desired                           string
	checkOnly, force, failWhenStopped bool
}

func readStateChange(in inputs) (stateChange, error) {
	var c stateChange
	if err := in.only("InstanceIds", "DesiredState", "CheckStateOnly", "Force", "AdditionalInfo", "FailOnUnexpectedStopped"); err != nil {
		return c, err
	}
	var err error
	if c.ids, err = in.texts("InstanceIds"); err != nil {
		return c, err
	}
	if c.desired, err = in.text("DesiredState"); err != nil {
		return c, err
	}
	for name, flag := range map[string]*bool{"CheckStateOnly": &c.checkOnly, "Force": &c.force, "FailOnUnexpectedStopped": &c.failWhenStopped} {
		if *flag, err = in.flag(name); err != nil {
			return c, err
		}
	}
	if len(c.ids) == 0 {
		return c, invalidInput("The input InstanceIds must name at least one instance")
	}
	if !slices.Contains([]string{stateRunning, stateStopped, stateTerminated}, c.desired) {
		return c, invalidInput("The input DesiredState must be running, stopped or terminated")
	}
	return c, nil
}

func runChangeState(ctx context.Context, c *stepContext) (result, error) {
	change, err := readStateChange(c.inputs)
	if err != nil {
		return result{}, err
	}
	fleet := c.server.fleet
	if !change.checkOnly {
		if err := fleet.command(change.ids, change.desired, change.force); err != nil {
			return result{}, actionFailed(err)
		}
	}
	var reached []any
	err = fleet.watch(ctx, change.ids, func(seen []Instance) (bool, error) {
		reached = nil
		done := true
		for _, i := range seen {
			reached = append(reached, i.State)
			done = done && change.reached(i)
			if change.failWhenStopped && change.desired == stateRunning && i.State == stateStopped {
				return false, &stepFailure{phase: phasePoll, cause: "The instance " + i.ID + " is unexpectedly stopped", stage: "PostVerification", kind: "Verification"}
			}
		}
		return done, nil
	})
	if err != nil {
		return result{}, err
	}
	return result{outputs: map[string]any{"InstanceStates": reached}}, nil
}

// reached waits for the status checks too where instances start.
func (c stateChange) reached(i Instance) bool {
	return i.State == c.desired && (c.desired != stateRunning || i.StatusOK)
}
