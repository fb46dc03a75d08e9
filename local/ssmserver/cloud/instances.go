package cloud

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Instance is an EC2 instance of the fleet.
type Instance struct {
	ID   string            `json:"id"`
	Tags map[string]string `json:"tags"`
	// State is pending, running, stopping, stopped, shutting-down or terminated; "" means running.
	State string `json:"state"`
	// StatusOK says whether both status checks pass. It is an output only.
	StatusOK bool `json:"status_ok"`
}

// DefaultFleet is three web servers and a database, all running.
func DefaultFleet() []Instance {
	web, db := map[string]string{"Role": "web"}, map[string]string{"Role": "db"}
	return []Instance{
		{ID: "i-0aaaaaaaaaaaaaaa1", Tags: web}, {ID: "i-0aaaaaaaaaaaaaaa2", Tags: web}, {ID: "i-0aaaaaaaaaaaaaaa3", Tags: web},
		{ID: "i-0bbbbbbbbbbbbbbb1", Tags: db},
	}
}

const (
	statePending      = "pending"
	stateRunning      = "running"
	stateStopping     = "stopping"
	stateStopped      = "stopped"
	stateShuttingDown = "shutting-down"
	stateTerminated   = "terminated"
)

func instanceStates() []string {
	return []string{statePending, stateRunning, stateStopping, stateStopped, stateShuttingDown, stateTerminated}
}

// machine is an instance of the world.
type machine struct {
	moving
	id   string
	tags map[string]string
	// checked is when the status checks pass.
	checked time.Time
}

var instancePattern = regexp.MustCompile(`^m?i-([0-9a-f]{8}|[0-9a-f]{17})$`)

func (c *Cloud) placeFleet(fleet []Instance) error {
	for _, i := range fleet {
		state := i.State
		if state == "" {
			state = stateRunning
		}
		if !instancePattern.MatchString(i.ID) {
			return fmt.Errorf("instance %q: an ID is i- and 8 or 17 hexadecimal digits", i.ID)
		}
		if !slices.Contains(instanceStates(), state) {
			return fmt.Errorf("instance %s: state %q must be one of %s", i.ID, state, strings.Join(instanceStates(), ", "))
		}
		if c.machines.has(i.ID) {
			return fmt.Errorf("instance %s is listed twice", i.ID)
		}
		c.machines.put(i.ID, &machine{id: i.ID, tags: maps.Clone(i.Tags), moving: moving{state: state}})
	}
	return nil
}

// settle ends a passing state whose time has come.
func (c *Cloud) settle(m *machine, now time.Time) {
	due := m.due
	if m.moving.settle(now) && m.state == stateRunning {
		m.checked = due.Add(c.options.CheckTime)
	}
}

func (m *machine) passes(now time.Time) bool {
	return m.state == stateRunning && !now.Before(m.checked)
}

// Instances lists the fleet as it is now, in the order in which instances were made.
func (c *Cloud) Instances() []Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	out := []Instance{}
	for _, id := range c.machines.order {
		m := c.machines.items[id]
		c.settle(m, now)
		out = append(out, Instance{ID: id, Tags: maps.Clone(m.tags), State: m.state, StatusOK: m.passes(now)})
	}
	return out
}

// SetInstance puts an instance into a state by hand. A passing state set so does not end by itself.
func (c *Cloud) SetInstance(id, state string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.machines.items[id]
	if m == nil {
		return fmt.Errorf("there is no instance %q; the fleet is %s", id, strings.Join(c.machines.order, ", "))
	}
	if !slices.Contains(instanceStates(), state) {
		return fmt.Errorf("state %q must be one of %s", state, strings.Join(instanceStates(), ", "))
	}
	m.moving, m.checked = moving{state: state}, time.Time{}
	c.touch()
	return nil
}

// find answers as EC2 does: one unknown instance refuses the whole call. No IDs means every instance.
func (c *Cloud) find(in request, ids []string) ([]*machine, error) {
	var out []*machine
	var missing []string
	if ids == nil {
		ids = c.machines.order
	}
	for _, id := range ids {
		if !instancePattern.MatchString(id) {
			return nil, in.fail("InvalidInstanceID.Malformed", "Invalid id: %q", id)
		}
		m := c.machines.items[id]
		if m == nil {
			missing = append(missing, id)
			continue
		}
		c.settle(m, in.now)
		out = append(out, m)
	}
	if len(missing) == 1 {
		return nil, in.fail("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", missing[0])
	}
	if len(missing) > 1 {
		return nil, in.fail("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(missing, ", "))
	}
	return out, nil
}
