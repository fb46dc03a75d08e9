package cloud

import (
	"strings"
	"time"
)

func standbyOperations() []operation {
	return []operation{
		{name: "autoscaling.AttachInstances", run: attachInstances},
		{name: "autoscaling.DetachInstances", run: detachInstances},
		{name: "autoscaling.EnterStandby", run: enterStandby},
		{name: "autoscaling.ExitStandby", run: exitStandby},
	}
}

// chosenMembers are the members that InstanceIds names, each of them in one of the states.
func (c *Cloud) chosenMembers(in request, g *group, states ...string) ([]*groupMember, error) {
	var out []*groupMember
	for _, id := range in.texts("InstanceIds") {
		m := g.member(id)
		if m == nil {
			return nil, in.fail("ValidationError", "The instance %s is not part of Auto Scaling group %s.", brief(id), g.name)
		}
		ok := false
		for _, s := range states {
			ok = ok || m.name == s
		}
		if !ok {
			return nil, in.fail("ValidationError", "The instance %s is not in %s.", m.machine.id, states[0])
		}
		out = append(out, m)
	}
	return out, nil
}

// shrink takes n from what the group wants, if the request says so.
func (g *group) shrink(in request, n int, doing string) error {
	if !in.flag("ShouldDecrementDesiredCapacity") {
		return nil
	}
	if g.wanted-int64(n) < g.least {
		return in.fail("ValidationError",
			"AutoScalingGroup %s has min-size=%d, max-size=%d, and desired-size=%d. To %s %d instance(s), please update the AutoScalingGroup sizes appropriately.",
			g.name, g.least, g.most, g.wanted, doing, n)
	}
	g.wanted -= int64(n)
	return nil
}

func enterStandby(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	members, err := c.chosenMembers(in, g, inService)
	if err != nil {
		return nil, err
	}
	if err := g.shrink(in, len(members), "place into standby"); err != nil {
		return nil, err
	}
	out := []any{}
	for _, m := range members {
		c.withdraw(g, m, in.now)
		c.pass(&m.state, "EnteringStandby", in.now, c.options.SettleTime, inStandby, nil)
		a := c.did(g, "Moving EC2 instance to Standby: "+m.machine.id, in.because("instance "+m.machine.id+" was moved to standby"), in.now,
			c.options.SettleTime)
		out = append(out, a.describe(g))
	}
	c.balance(g, in.because("instances were moved to standby"), in.now)
	return map[string]any{"Activities": out}, nil
}

func exitStandby(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	members, err := c.chosenMembers(in, g, inStandby)
	if err != nil {
		return nil, err
	}
	if err := g.grow(in, len(members), "move out of standby"); err != nil {
		return nil, err
	}
	out := []any{}
	for _, m := range members {
		c.serve(g, m, in.now, c.options.SettleTime)
		a := c.did(g, "Moving EC2 instance out of Standby: "+m.machine.id, in.because("instance "+m.machine.id+" was moved out of standby"),
			in.now, c.options.SettleTime)
		out = append(out, a.describe(g))
	}
	return map[string]any{"Activities": out}, nil
}

// grow adds n to what the group wants.
func (g *group) grow(in request, n int, doing string) error {
	if g.wanted+int64(n) > g.most {
		return in.fail("ValidationError",
			"AutoScalingGroup %s has min-size=%d, max-size=%d, and desired-size=%d. To %s %d instance(s), please update the AutoScalingGroup sizes appropriately.",
			g.name, g.least, g.most, g.wanted, doing, n)
	}
	g.wanted += int64(n)
	return nil
}

func detachInstances(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	members, err := c.chosenMembers(in, g, inService, inStandby)
	if err != nil {
		return nil, err
	}
	if err := g.shrink(in, len(members), "detach"); err != nil {
		return nil, err
	}
	out := []any{}
	for _, m := range members {
		c.withdraw(g, m, in.now)
		c.leave(g, m, "Detaching", in.now, c.options.SettleTime)
		a := c.did(g, "Detaching EC2 instance: "+m.machine.id, in.because("instance "+m.machine.id+" was detached"), in.now, c.options.SettleTime)
		out = append(out, a.describe(g))
	}
	c.balance(g, in.because("instances were detached"), in.now)
	return map[string]any{"Activities": out}, nil
}

func attachInstances(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	ids := in.texts("InstanceIds")
	if len(ids) == 0 {
		return nil, in.fail("ValidationError", "At least one instance is required")
	}
	found, err := c.findInstances(in, ids)
	if err != nil {
		return nil, in.fail("ValidationError", "Invalid Instance ID(s): [%s] for the Auto Scaling group.", brief(strings.Join(ids, ", ")))
	}
	for _, m := range found {
		if other, _ := c.groupOf(m.id); other != nil {
			return nil, in.fail("ValidationError", "The instance %s is already part of AutoScalingGroup:%s.", m.id, other.name)
		}
		if m.name != stateRunning {
			return nil, in.fail("ValidationError", "The instance %s is not in correct state. Instance(s) must be in 'running' state.", m.id)
		}
	}
	if err := g.grow(in, len(found), "attach"); err != nil {
		return nil, err
	}
	for _, m := range found {
		m.group = g.name
		member := &groupMember{machine: m}
		g.members = append(g.members, member)
		c.serve(g, member, in.now, c.options.SettleTime)
		c.did(g, "Attaching an existing EC2 instance: "+m.id, in.because("instance "+m.id+" was attached"), in.now, c.options.SettleTime)
	}
	return nil, nil
}

func refreshOperations() []operation {
	return []operation{
		{name: "autoscaling.CancelInstanceRefresh", run: cancelRefresh},
		{name: "autoscaling.StartInstanceRefresh", run: startRefresh,
			note: "replaces one instance after the other; of Preferences and DesiredConfiguration nothing is done"},
	}
}

// refresh replaces the members of a group one after the other.
type refresh struct {
	state
	id             string
	left           []*groupMember // still to be replaced
	total          int
	started, ended time.Time
}

func (r *refresh) describe(g *group) map[string]any {
	done := 100
	if r.total > 0 {
		done = 100 * (r.total - len(r.left)) / r.total
	}
	out := map[string]any{"InstanceRefreshId": r.id, "AutoScalingGroupName": g.name, "Status": r.name, "PercentageComplete": done,
		"InstancesToUpdate": len(r.left), "StartTime": seconds(r.started)}
	if !r.ended.IsZero() {
		out["EndTime"] = seconds(r.ended)
	}
	return out
}

func (r *refresh) active() bool {
	return r.name == "Pending" || r.name == "InProgress" || r.name == "Cancelling"
}

func describeRefreshes(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	asked := in.texts("InstanceRefreshIds")
	var out []any
	for _, r := range g.refreshes {
		kept := len(asked) == 0
		for _, id := range asked {
			kept = kept || id == r.id
		}
		if kept {
			out = append(out, r.describe(g))
		}
	}
	return in.groupPage("InstanceRefreshes", out, 100)
}

func startRefresh(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	if len(g.refreshes) > 0 && g.refreshes[0].active() {
		return nil, in.fail("InstanceRefreshInProgress",
			"An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.")
	}
	left := g.serving()
	r := &refresh{id: newID("refresh"), left: left, total: len(left), started: in.now}
	g.refreshes = append([]*refresh{r}, g.refreshes[:min(len(g.refreshes), maxActivities-1)]...)
	c.pass(&r.state, "Pending", in.now, c.options.SettleTime, "InProgress", func(at time.Time) { c.replaceNext(g, r, at) })
	return map[string]any{"InstanceRefreshId": r.id}, nil
}

// replaceNext ends one member, and goes on when its successor runs.
func (c *Cloud) replaceNext(g *group, r *refresh, now time.Time) {
	if r.name != "InProgress" {
		return
	}
	if len(r.left) == 0 {
		r.ended = now
		r.set("Successful")
		return
	}
	m := r.left[0]
	cause := "At " + now.UTC().Format(time.RFC3339) + " an instance refresh replaced an instance."
	if m.name == inService || m.name == "Pending" {
		c.endMember(g, m, cause, now)
	}
	c.balance(g, cause, now)
	c.plan(now.Add(c.options.StartTime+c.options.CheckTime), func(at time.Time) {
		r.left = r.left[1:]
		c.replaceNext(g, r, at)
	})
}

func cancelRefresh(c *Cloud, in request) (map[string]any, error) {
	g, err := c.group(in)
	if err != nil {
		return nil, err
	}
	if len(g.refreshes) == 0 || !g.refreshes[0].active() {
		return nil, in.fail("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found for Auto Scaling group %s", g.name)
	}
	r := g.refreshes[0]
	c.pass(&r.state, "Cancelling", in.now, c.options.SettleTime, "Cancelled", func(at time.Time) { r.ended = at })
	return map[string]any{"InstanceRefreshId": r.id}, nil
}
