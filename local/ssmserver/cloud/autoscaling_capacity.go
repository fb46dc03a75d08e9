package cloud

import (
	"fmt"
	"slices"
	"time"
)

func groupOperations() []operation {
	return []operation{
		{name: "autoscaling.ResumeProcesses", run: resumeProcesses},
		{name: "autoscaling.SetDesiredCapacity", run: setDesiredCapacity,
			note: "instances start and end; HonorCooldown is ignored; the newest instance goes first"},
		{name: "autoscaling.SetInstanceHealth", run: setInstanceHealth,
			note: "an unhealthy instance is replaced unless ReplaceUnhealthy is suspended"},
		{name: "autoscaling.SuspendProcesses", run: suspendProcesses,
			note: "Launch, Terminate, HealthCheck and ReplaceUnhealthy have an effect; HealthCheck and ReplaceUnhealthy are suspended in the world at first"},
		{name: "autoscaling.TerminateInstanceInAutoScalingGroup", run: terminateMember},
		{name: "autoscaling.UpdateAutoScalingGroup", run: updateGroup,
			note: "MinSize, MaxSize, DesiredCapacity, DefaultCooldown, HealthCheckType, HealthCheckGracePeriod, NewInstancesProtectedFromScaleIn, TerminationPolicies"},
	}
}

func processes() []string {
	return []string{"Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck", "InstanceRefresh",
		"ReplaceUnhealthy", "ScheduledActions"}
}

// asked are the processes that a request names, all if it names none.
func (in request) processes() ([]string, error) {
	asked := in.texts("ScalingProcesses")
	for _, name := range asked {
		if !slices.Contains(processes(), name) {
			return nil, in.fail("ValidationError",
				"1 validation error detected: Value '[%s]' at 'scalingProcesses' failed to satisfy constraint", brief(name))
		}
	}
	if len(asked) == 0 {
		return processes(), nil
	}
	return asked, nil
}

// groupProcesses is the group of a request and those of its processes that the request means.
func (c *Cloud) groupProcesses(in request) (*group, []string, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, nil, err
	}
	asked, err := in.processes()
	return g, asked, err
}

func suspendProcesses(c *Cloud, in request) (map[string]any, error) {
	g, asked, err := c.groupProcesses(in)
	if err != nil {
		return nil, err
	}
	for _, name := range asked {
		if g.runs(name) {
			g.suspended[name] = userSuspended(in.now)
		}
	}
	return nil, nil
}

func resumeProcesses(c *Cloud, in request) (map[string]any, error) {
	g, asked, err := c.groupProcesses(in)
	if err != nil {
		return nil, err
	}
	for _, name := range asked {
		delete(g.suspended, name)
	}
	for _, m := range slices.Clone(g.members) {
		c.noticed(m.machine.id, in.now)
	}
	c.balance(g, in.because("processes were resumed"), in.now)
	return nil, nil
}

// because is the cause of an activity.
func (in request) because(what string) string {
	return fmt.Sprintf("At %s a user request: %s.", in.now.UTC().Format(time.RFC3339), what)
}

func setDesiredCapacity(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	wanted := in.number("DesiredCapacity", 0)
	if wanted > g.most {
		return nil, in.fail("ValidationError", "New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", wanted, g.most)
	}
	if wanted < g.least {
		return nil, in.fail("ValidationError", "New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", wanted, g.least)
	}
	c.want(g, wanted, in)
	return nil, nil
}

func (c *Cloud) want(g *group, wanted int64, in request) {
	cause := in.because(fmt.Sprintf("the desired capacity changed from %d to %d", g.wanted, wanted))
	g.wanted = wanted
	c.balance(g, cause, in.now)
}

func updateGroup(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	known := []string{"AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity", "DefaultCooldown", "HealthCheckType",
		"HealthCheckGracePeriod", "NewInstancesProtectedFromScaleIn", "TerminationPolicies"}
	for name := range in.params {
		if !slices.Contains(known, name) {
			return nil, in.fail("ValidationError", "The local AWS does not update %s", name)
		}
	}
	least, most := in.number("MinSize", g.least), in.number("MaxSize", g.most)
	wanted := min(max(in.number("DesiredCapacity", g.wanted), least), most)
	switch {
	case least > most:
		return nil, in.fail("ValidationError", "Max bound, %d, must be greater than or equal to min bound, %d", most, least)
	case least < 0 || most > maxThings:
		return nil, in.fail("ValidationError", "Sizes must be between 0 and %d", maxThings)
	case in.has("DesiredCapacity") && in.number("DesiredCapacity", 0) != wanted:
		return nil, in.fail("ValidationError", "Desired capacity:%d must be between the specified min size:%d and max size:%d",
			in.number("DesiredCapacity", 0), least, most)
	}
	g.least, g.most = least, most
	in.changes(map[string]*string{"HealthCheckType": &g.healthCheck}, map[string]*int64{"DefaultCooldown": &g.cooldown,
		"HealthCheckGracePeriod": &g.grace},
		map[string]*bool{"NewInstancesProtectedFromScaleIn": &g.protectNew})
	if policies := in.texts("TerminationPolicies"); policies != nil {
		g.terminationPolicies = policies
	}
	if wanted != g.wanted {
		c.want(g, wanted, in)
	}
	return nil, nil
}

// managed is a member by its InstanceId alone.
func (c *Cloud) managed(in request) (*group, *groupMember, error) {
	id := in.text("InstanceId")
	g, m := c.groupOf(id)
	if g == nil {
		return nil, nil, in.fail("ValidationError", "Instance Id not found - No managed instance found for instance ID: %s", brief(id))
	}
	return g, m, nil
}

func terminateMember(c *Cloud, in request) (map[string]any, error) {
	g, m, err := c.managed(in)
	if err != nil {
		return nil, err
	}
	if in.flag("ShouldDecrementDesiredCapacity") {
		if g.wanted-1 < g.least {
			return nil, in.fail("ValidationError",
				"Currently, desiredSize equals minSize (%d). Terminating instance without replacement will violate group's min size constraint. "+
					"Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.", g.least)
		}
		g.wanted--
	}
	cause := in.because("instance " + m.machine.id + " was terminated")
	a := c.endMember(g, m, cause, in.now)
	c.balance(g, cause, in.now)
	return map[string]any{"Activity": a.describe(g)}, nil
}

func setInstanceHealth(c *Cloud, in request) (map[string]any, error) {
	g, m, err := c.managed(in)
	if err != nil {
		return nil, err
	}
	switch in.text("HealthStatus") {
	case "Healthy":
		m.unhealthy = false
	case "Unhealthy":
		c.unhealthy(g, m, in.now)
	default:
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value '%s' at 'healthStatus' failed to satisfy constraint: Member must satisfy enum value set: [Healthy, Unhealthy]", brief(in.text("HealthStatus")))
	}
	return nil, nil
}
