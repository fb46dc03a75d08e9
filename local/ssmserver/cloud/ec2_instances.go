package cloud

import "slices"

func instanceOperations() []operation {
	return []operation{
		{service: "ec2", name: "DescribeInstances", run: describeInstances},
		{service: "ec2", name: "DescribeInstanceStatus", run: describeInstanceStatus},
		{service: "ec2", name: "DescribeTags", run: describeTags},
		{service: "ec2", name: "StartInstances", run: startInstances},
		{service: "ec2", name: "StopInstances", run: stopInstances},
		{service: "ec2", name: "TerminateInstances", run: terminateInstances},
	}
}

func stateCode(state string) map[string]any {
	codes := map[string]int{statePending: 0, stateRunning: 16, stateShuttingDown: 32, stateTerminated: 48, stateStopping: 64, stateStopped: 80}
	return map[string]any{"Code": codes[state], "Name": state}
}

func describeInstances(c *Cloud, in request) (map[string]any, error) {
	found, err := c.find(in, in.texts("InstanceIds"))
	if err != nil {
		return nil, err
	}
	reservations := []any{}
	for _, m := range found {
		reservations = append(reservations, map[string]any{"ReservationId": "r-" + m.id[2:], "OwnerId": c.options.Account,
			"Instances": []any{map[string]any{"InstanceId": m.id, "State": stateCode(m.state), "Tags": tagSet(m.tags)}}})
	}
	return map[string]any{"Reservations": reservations}, nil
}

func describeInstanceStatus(c *Cloud, in request) (map[string]any, error) {
	found, err := c.find(in, in.texts("InstanceIds"))
	if err != nil {
		return nil, err
	}
	statuses := []any{}
	for _, m := range found {
		if m.state != stateRunning && !in.flag("IncludeAllInstances") {
			continue
		}
		check := "not-applicable"
		if m.passes(in.now) {
			check = "ok"
		} else if m.state == stateRunning {
			check = "initializing"
		}
		statuses = append(statuses, map[string]any{"InstanceId": m.id, "InstanceState": stateCode(m.state),
			"InstanceStatus": map[string]any{"Status": check}, "SystemStatus": map[string]any{"Status": check}})
	}
	return map[string]any{"InstanceStatuses": statuses}, nil
}

func describeTags(c *Cloud, _ request) (map[string]any, error) {
	out := []any{}
	for _, id := range c.machines.order {
		for _, tag := range tagSet(c.machines.items[id].tags) {
			tag := tag.(map[string]any)
			tag["ResourceId"], tag["ResourceType"] = id, "instance"
			out = append(out, tag)
		}
	}
	return map[string]any{"Tags": out}, nil
}

func startInstances(c *Cloud, in request) (map[string]any, error) {
	return c.command(in, "StartingInstances", "started", []string{stateStopped, statePending, stateRunning}, func(m *machine) {
		if m.state == stateStopped {
			c.move(&m.moving, statePending, stateRunning, in.now, c.options.StartTime)
			c.dues = append(c.dues, m.due.Add(c.options.CheckTime))
		}
	})
}

func stopInstances(c *Cloud, in request) (map[string]any, error) {
	return c.command(in, "StoppingInstances", "stopped", []string{stateRunning, stateStopping, stateStopped}, func(m *machine) {
		stuck := m.state == stateStopping && m.due.IsZero()
		if m.state == stateRunning || stuck && in.flag("Force") {
			c.move(&m.moving, stateStopping, stateStopped, in.now, c.options.StopTime)
		}
	})
}

func terminateInstances(c *Cloud, in request) (map[string]any, error) {
	return c.command(in, "TerminatingInstances", "terminated", instanceStates(), func(m *machine) {
		if m.state != stateTerminated && m.state != stateShuttingDown {
			c.move(&m.moving, stateShuttingDown, stateTerminated, in.now, c.options.StopTime)
		}
	})
}

// command moves instances. Nothing moves if one of them is in a state from which it cannot.
func (c *Cloud) command(in request, answer, verb string, from []string, move func(*machine)) (map[string]any, error) {
	ids := in.texts("InstanceIds")
	if len(ids) == 0 {
		return nil, in.fail("MissingParameter", "The request must contain the parameter InstanceId")
	}
	found, err := c.find(in, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range found {
		if !slices.Contains(from, m.state) {
			return nil, in.fail("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", m.id, verb)
		}
	}
	changes := []any{}
	for _, m := range found {
		before := stateCode(m.state)
		move(m)
		changes = append(changes, map[string]any{"InstanceId": m.id, "PreviousState": before, "CurrentState": stateCode(m.state)})
	}
	c.touch()
	return map[string]any{answer: changes}, nil
}
