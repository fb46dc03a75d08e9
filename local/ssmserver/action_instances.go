package ssmserver

import (
	"context"
	"slices"
)

func runInstances() action {
	return action{name: "aws:runInstances", timeout: waitTime, run: runRunInstances, verifying: "verifying the instances are running",
		note: "waits until the instances run; those of the local AWS need an ImageId that it has"}
}

func runInstancesInputs() []string {
	return []string{"AdditionalInfo", "BlockDeviceMappings", "ClientToken", "DisableApiTermination", "EbsOptimized",
		"IamInstanceProfileArn", "IamInstanceProfileName",
		"ImageId", "InstanceInitiatedShutdownBehavior", "InstanceType", "KernelId", "KeyName", "MaxInstanceCount", "MetadataOptions",
		"MinInstanceCount", "Monitoring",
		"NetworkInterfaces", "Placement", "PrivateIpAddress", "RamdiskId", "SecurityGroupIds", "SecurityGroups", "SubnetId",
		"TagSpecifications", "UserData"}
}

// launchParameters are those of RunInstances.
func launchParameters(in inputs) (map[string]any, error) {
	if err := in.only(runInstancesInputs()...); err != nil {
		return nil, err
	}
	if _, err := in.required("ImageId"); err != nil {
		return nil, err
	}
	params, err := in.parameters(map[string]string{"MinInstanceCount": "MinCount", "MaxInstanceCount": "MaxCount"}, "DisableApiTermination",
		"EbsOptimized", "Monitoring")
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{"InstanceType": "m1.small", "MinCount": 1, "MaxCount": 1} {
		if params[name] == nil || params[name] == "" {
			params[name] = value
		}
	}
	if enabled, ok := params["Monitoring"]; ok {
		params["Monitoring"] = map[string]any{"Enabled": enabled}
	}
	profile := map[string]any{}
	for input, name := range map[string]string{"IamInstanceProfileArn": "Arn", "IamInstanceProfileName": "Name"} {
		if value := params[input]; value != nil && value != "" {
			profile[name] = value
		}
		delete(params, input)
	}
	if len(profile) > 0 {
		params["IamInstanceProfile"] = profile
	}
	for _, name := range []string{"SecurityGroupIds", "SecurityGroups"} {
		if params[name] == nil {
			continue
		}
		list, err := in.texts(name)
		if err != nil {
			return nil, err
		}
		params[name] = anyList(list)
	}
	return params, nil
}

func runRunInstances(ctx context.Context, c *stepContext) (result, error) {
	params, err := launchParameters(c.inputs)
	if err != nil {
		return result{}, err
	}
	answer, err := c.call(ctx, "ec2", "RunInstances", params)
	if err != nil {
		return result{}, ec2Failed(err)
	}
	var made struct{ Instances []ec2Instance }
	readInto(answer, &made)
	var ids []string
	for _, i := range made.Instances {
		ids = append(ids, i.InstanceId)
	}
	if len(ids) == 0 {
		return result{}, endedWrong("RunInstances answered no instances")
	}
	var states []any
	err = c.poll(ctx, func() (done bool, err error) {
		states, done, err = lookAtLaunch(ctx, c, ids)
		return done, err
	})
	if err != nil {
		return result{}, err
	}
	return result{outputs: map[string]any{"InstanceIds": anyList(ids), "InstanceStates": states}}, nil
}

// ec2Instance is one of the answers of RunInstances and DescribeInstances.
type ec2Instance struct {
	InstanceId  string
	State       struct{ Name string }
	StateReason struct{ Message string }
}

// lookAtLaunch gives the states of new instances, and whether all of them run.
func lookAtLaunch(ctx context.Context, c *stepContext, ids []string) (states []any, done bool, err error) {
	answer, err := c.call(ctx, "ec2", "DescribeInstances", map[string]any{"InstanceIds": anyList(ids)})
	if err != nil {
		return nil, false, ec2Failed(err)
	}
	var seen struct {
		Reservations []struct{ Instances []ec2Instance }
	}
	readInto(answer, &seen)
	state := map[string]ec2Instance{}
	for _, r := range seen.Reservations {
		for _, i := range r.Instances {
			state[i.InstanceId] = i
		}
	}
	done = true
	for _, id := range ids {
		i := state[id]
		if slices.Contains([]string{"shutting-down", stateTerminated, "stopping", stateStopped}, i.State.Name) {
			return nil, false, endedWrong("The instance %s is %s. %s", id, i.State.Name, i.StateReason.Message)
		}
		states = append(states, i.State.Name)
		done = done && i.State.Name == stateRunning
	}
	return states, done, nil
}
