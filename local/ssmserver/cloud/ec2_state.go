package cloud

import "slices"

// stateOperations start, stop and end instances, and say how they are.
func stateOperations() []operation {
	return []operation{
		{name: "ec2.DescribeInstanceStatus", run: describeInstanceStatus,
			note: "no scheduled events; filters instance-state-name, instance-status.status, system-status.status, availability-zone"},
		{name: "ec2.RebootInstances", run: rebootInstances, note: "the status checks start again"},
		{name: "ec2.StartInstances", run: startInstances},
		{name: "ec2.StopInstances", run: stopInstances, note: "Force ends a stop that hangs; Hibernate is ignored"},
		{name: "ec2.TerminateInstances", run: terminateInstances, note: "an instance stays to be seen as terminated"},
	}
}

func stateCode(name string) map[string]any {
	codes := map[string]int{statePending: 0, stateRunning: 16, stateShuttingDown: 32, stateTerminated: 48, stateStopping: 64, stateStopped: 80}
	return map[string]any{"Code": codes[name], "Name": name}
}

// check is how one status check stands.
func (m *machine) check() string {
	switch {
	case m.name != stateRunning:
		return "not-applicable"
	case m.checked:
		return "ok"
	}
	return "initializing"
}

func describeInstanceStatus(c *Cloud, in request) (map[string]any, error) {
	found, err := c.findInstances(in, in.texts("InstanceIds"))
	if err != nil {
		return nil, err
	}
	var kept []*machine
	for _, m := range found {
		if m.name != stateRunning && !in.flag("IncludeAllInstances") {
			continue
		}
		ok, err := in.keeps(fields(nil, map[string][]string{"instance-state-name": {m.name}, "instance-status.status": {m.check()},
			"system-status.status": {m.check()}, "availability-zone": {m.zoneIn(in.Region)}}))
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, m)
		}
	}
	return in.ec2Page("InstanceStatuses", answers(kept, func(m *machine) map[string]any { return m.status(in.Region) }))
}

func (m *machine) status(region string) map[string]any {
	summary := func() map[string]any {
		reachability := map[string]string{"ok": "passed", "initializing": "initializing"}[m.check()]
		if reachability == "" {
			return map[string]any{"Status": m.check()}
		}
		return map[string]any{"Status": m.check(), "Details": []any{map[string]any{"Name": "reachability", "Status": reachability}}}
	}
	return map[string]any{"InstanceId": m.id, "AvailabilityZone": m.zoneIn(region), "InstanceState": stateCode(m.name),
		"InstanceStatus": summary(), "SystemStatus": summary()}
}

func startInstances(c *Cloud, in request) (map[string]any, error) {
	return c.command(in, "StartingInstances", "started", []string{stateStopped, statePending, stateRunning}, func(m *machine) {
		if m.name == stateStopped {
			c.start(m, in.now)
		}
	})
}

func stopInstances(c *Cloud, in request) (map[string]any, error) {
	for _, id := range in.texts("InstanceIds") {
		if m := c.machines.items[id]; m != nil && m.keepRunning {
			return nil, in.fail("OperationNotPermitted",
				"The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", id)
		}
	}
	return c.command(in, "StoppingInstances", "stopped", []string{stateRunning, stateStopping, stateStopped}, func(m *machine) {
		if m.name == stateRunning || m.name == stateStopping && in.flag("Force") {
			c.stop(m, in.now)
		}
	})
}

func terminateInstances(c *Cloud, in request) (map[string]any, error) {
	for _, id := range in.texts("InstanceIds") {
		if m := c.machines.items[id]; m != nil && m.keepAlive {
			return nil, in.fail("OperationNotPermitted",
				"The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", id)
		}
	}
	return c.command(in, "TerminatingInstances", "terminated", instanceStates(), func(m *machine) {
		if m.name != stateTerminated && m.name != stateShuttingDown {
			c.terminate(m, in.now)
		}
	})
}

func rebootInstances(c *Cloud, in request) (map[string]any, error) {
	_, err := c.command(in, "", "rebooted", []string{stateRunning}, func(m *machine) {
		m.set(stateRunning)
		c.recheck(m, in.now)
	})
	return nil, err
}

// command moves instances. Nothing moves if one of them is in a state from which it cannot.
func (c *Cloud) command(in request, answer, verb string, from []string, move func(*machine)) (map[string]any, error) {
	ids := in.texts("InstanceIds")
	if len(ids) == 0 {
		return nil, in.fail("MissingParameter", "The request must contain the parameter InstanceId")
	}
	found, err := c.findInstances(in, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range found {
		if !slices.Contains(from, m.name) {
			return nil, in.fail("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", m.id, verb)
		}
	}
	changes := answers(found, func(m *machine) map[string]any {
		before := stateCode(m.name)
		move(m)
		return map[string]any{"InstanceId": m.id, "PreviousState": before, "CurrentState": stateCode(m.name)}
	})
	return map[string]any{answer: changes}, nil
}
