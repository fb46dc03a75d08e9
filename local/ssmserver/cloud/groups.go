package cloud

import (
	"fmt"
	"slices"
	"time"
)

// group is an Auto Scaling group. It keeps as many instances in service as it wants, from its own launch template.
type group struct {
	name                   string
	least, most, wanted    int64
	cooldown, grace        int64
	members                []*groupMember
	suspended              map[string]string // process: reason
	targetGroups           []string
	tags                   map[string]string
	created                time.Time
	activities             []*activity // newest first
	refreshes              []*refresh  // newest first
	protectNew             bool
	terminationPolicies    []string
	healthCheck, templated string
}

// groupMember is an instance of a group, in one of the states of its life cycle.
type groupMember struct {
	state
	machine   *machine
	unhealthy bool
	protected bool
}

const (
	inService = "InService"
	inStandby = "Standby"
)

// activity is something that a group did.
type activity struct {
	id, description, cause, status string
	progress                       int
	started, ended                 time.Time
}

// maxActivities bounds what a group remembers.
const maxActivities = 100

// did writes down an activity that ends after a while.
func (c *Cloud) did(g *group, description, cause string, now time.Time, while time.Duration) *activity {
	a := &activity{id: newID("activity"), description: description, cause: cause, status: "InProgress", progress: 50, started: now}
	g.activities = append([]*activity{a}, g.activities[:min(len(g.activities), maxActivities-1)]...)
	c.plan(now.Add(while), func(at time.Time) { a.status, a.progress, a.ended = "Successful", 100, at })
	return a
}

func (a *activity) describe(g *group) map[string]any {
	out := map[string]any{"ActivityId": a.id, "AutoScalingGroupName": g.name, "Description": a.description, "Cause": a.cause, "StatusCode": a.status,
		"Progress": a.progress, "StartTime": seconds(a.started), "Details": `{"Subnet ID":"` + defaultSubnet + `"}`}
	if !a.ended.IsZero() {
		out["EndTime"] = seconds(a.ended)
	}
	return out
}

func (g *group) member(id string) *groupMember {
	for _, m := range g.members {
		if m.machine.id == id {
			return m
		}
	}
	return nil
}

// groupOf is the group that an instance belongs to, with its membership; nil if there is none.
func (c *Cloud) groupOf(id string) (*group, *groupMember) {
	for _, g := range c.groups.all() {
		if m := g.member(id); m != nil {
			return g, m
		}
	}
	return nil, nil
}

// serving are the members that count towards what the group wants.
func (g *group) serving() []*groupMember {
	var out []*groupMember
	for _, m := range g.members {
		if m.name == inService || m.name == "Pending" {
			out = append(out, m)
		}
	}
	return out
}

func (g *group) runs(process string) bool { _, stopped := g.suspended[process]; return !stopped }

// balance launches and ends instances until the group has what it wants.
func (c *Cloud) balance(g *group, cause string, now time.Time) {
	serving := g.serving()
	for missing := g.wanted - int64(len(serving)); missing > 0 && g.runs("Launch") && c.room(1); missing-- {
		c.launchMember(g, cause, now)
	}
	for i := len(serving) - 1; i >= 0 && int64(len(g.serving())) > g.wanted && g.runs("Terminate"); i-- {
		if m := serving[i]; !m.protected {
			c.endMember(g, m, cause, now)
		}
	}
}

func (c *Cloud) launchMember(g *group, cause string, now time.Time) {
	template := *c.newMachine("", now)
	template.tags = g.tags
	made := c.launch(template, newID("r"), 0, now)
	made.group = g.name
	m := &groupMember{machine: made, protected: g.protectNew}
	g.members = append(g.members, m)
	c.did(g, "Launching a new EC2 instance: "+made.id, cause, now, c.options.StartTime)
	c.serve(g, m, now, c.options.StartTime)
}

// serve takes a member through Pending into service, and into the group's target groups.
func (c *Cloud) serve(g *group, m *groupMember, now time.Time, while time.Duration) {
	c.pass(&m.state, "Pending", now, while, inService, func(at time.Time) {
		for _, name := range g.targetGroups {
			if t := c.targetGroups.items[name]; t != nil {
				c.register(t, target{id: m.machine.id, port: t.port}, at)
			}
		}
	})
}

// withdraw takes a member out of the group's target groups.
func (c *Cloud) withdraw(g *group, m *groupMember, now time.Time) {
	for _, name := range g.targetGroups {
		if t := c.targetGroups.items[name]; t != nil {
			c.deregister(t, target{id: m.machine.id, port: t.port}, now)
		}
	}
}

// endMember terminates a member and takes it out of its group.
func (c *Cloud) endMember(g *group, m *groupMember, cause string, now time.Time) *activity {
	c.withdraw(g, m, now)
	if m.machine.name != stateTerminated && m.machine.name != stateShuttingDown {
		c.terminate(m.machine, now)
	}
	c.leave(g, m, "Terminating", now, c.options.StopTime)
	return c.did(g, "Terminating EC2 instance: "+m.machine.id, cause, now, c.options.StopTime)
}

// leave takes a member out of its group after a while.
func (c *Cloud) leave(g *group, m *groupMember, through string, now time.Time, while time.Duration) {
	c.pass(&m.state, through, now, while, "Detached", func(time.Time) {
		g.members = slices.DeleteFunc(g.members, func(other *groupMember) bool { return other == m })
		m.machine.group = ""
	})
}

// noticed lets a group replace an instance of its own that somebody stopped or terminated.
func (c *Cloud) noticed(id string, now time.Time) {
	g, m := c.groupOf(id)
	if g == nil {
		return
	}
	c.plan(now.Add(c.options.StopTime), func(at time.Time) {
		down := m.machine.name != stateRunning && m.machine.name != statePending
		if m.name == inService && down && g.runs("HealthCheck") {
			c.unhealthy(g, m, at)
		}
	})
}

// unhealthy replaces a member, unless the group is told not to.
func (c *Cloud) unhealthy(g *group, m *groupMember, now time.Time) {
	m.unhealthy = true
	if m.name != inService || !g.runs("ReplaceUnhealthy") {
		return
	}
	cause := fmt.Sprintf("At %s an instance was taken out of service in response to a health check.", now.UTC().Format(time.RFC3339))
	c.endMember(g, m, cause, now)
	c.balance(g, cause, now)
}

// placeGroup puts a group of the web instances into the world.
func (c *Cloud) placeGroup(now time.Time) {
	g := &group{name: "web", least: 1, most: 6, cooldown: 300, grace: 0, tags: map[string]string{"Role": "web"},
		created:      now.Add(-30 * 24 * time.Hour),
		targetGroups: []string{"web"}, healthCheck: "EC2", templated: "web", terminationPolicies: []string{"Default"},
		// Otherwise it would replace every instance that a runbook stops.
		suspended: map[string]string{"HealthCheck": userSuspended(now), "ReplaceUnhealthy": userSuspended(now)}}
	for _, m := range c.machines.all() {
		if m.tags["Role"] == "web" && m.name != stateTerminated {
			m.group = g.name
			member := &groupMember{machine: m}
			member.set(inService)
			g.members = append(g.members, member)
		}
	}
	g.wanted = int64(len(g.members))
	g.least, g.most = min(g.least, g.wanted), max(g.most, g.wanted)
	c.groups.put(g.name, g)
}

func userSuspended(now time.Time) string {
	return "User suspended at " + now.UTC().Format("2006-01-02T15:04:05Z")
}
