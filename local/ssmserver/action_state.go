package ssmserver

import (
	"context"
	"slices"
)

func changeInstanceState() action {
	return action{name: "aws:changeInstanceState", timeout: waitTime, run: runChangeState,
		verifying: "verifying the instances have reached the desired state",
		note:      "running, stopped, terminated; CheckStateOnly, Force, FailOnUnexpectedStopped; AdditionalInfo is passed on"}
}

const (
	stateRunning    = "running"
	stateStopped    = "stopped"
	stateTerminated = "terminated"
)

type stateChange struct {
	ids                               []string
	desired                           string
	checkOnly, force, failWhenStopped bool
	additional                        string
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
	if c.additional, err = in.text("AdditionalInfo"); err != nil {
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
	if !change.checkOnly {
		if err := change.command(ctx, c); err != nil {
			return result{}, ec2Failed(err)
		}
	}
	var reached []any
	err = c.poll(ctx, func() (done bool, err error) {
		reached, done, err = change.look(ctx, c)
		return done, err
	})
	if err != nil {
		return result{}, err
	}
	return result{outputs: map[string]any{"InstanceStates": reached}}, nil
}

// command tells EC2 to move the instances.
func (change stateChange) command(ctx context.Context, c *stepContext) error {
	params := map[string]any{"InstanceIds": anyList(change.ids)}
	operation := "TerminateInstances"
	switch change.desired {
	case stateRunning:
		operation = "StartInstances"
		if change.additional != "" {
			params["AdditionalInfo"] = change.additional
		}
	case stateStopped:
		operation = "StopInstances"
		if change.force {
			params["Force"] = true
		}
	}
	_, err := c.call(ctx, "ec2", operation, params)
	return err
}

// look gives the instances' states, and whether all are as desired: where they start, the status checks must pass too.
func (change stateChange) look(ctx context.Context, c *stepContext) (reached []any, done bool, err error) {
	answer, err := c.call(ctx, "ec2", "DescribeInstanceStatus", map[string]any{"InstanceIds": anyList(change.ids), "IncludeAllInstances": true})
	if err != nil {
		return nil, false, ec2Failed(err)
	}
	var all struct{ InstanceStatuses []instanceStatus }
	readInto(answer, &all)
	seen := map[string]instanceStatus{}
	for _, s := range all.InstanceStatuses {
		seen[s.InstanceId] = s
	}
	done = true
	for _, id := range change.ids {
		s := seen[id]
		state := s.InstanceState.Name
		reached = append(reached, state)
		done = done && state == change.desired && (change.desired != stateRunning || s.passes())
		if change.failWhenStopped && change.desired == stateRunning && state == stateStopped {
			return nil, false, endedWrong("The instance %s is unexpectedly stopped", id)
		}
	}
	return reached, done, nil
}

// instanceStatus is one of the answers of DescribeInstanceStatus.
type instanceStatus struct {
	InstanceId                   string
	InstanceState                struct{ Name string }
	InstanceStatus, SystemStatus struct{ Status string }
}

func (s instanceStatus) passes() bool {
	return s.InstanceStatus.Status == "ok" && s.SystemStatus.Status == "ok"
}
