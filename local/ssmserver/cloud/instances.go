package cloud

import (
	"cmp"
	"errors"
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
	state
	id, reservation string
	index           int64 // in its reservation
	tags            map[string]string
	group           string // the Auto Scaling group it belongs to, "" for none
	// checked says that the status checks pass while it runs.
	checked bool

	image, kind, zone, subnet, vpc string
	address                        string // in the VPC
	securityGroups                 []string
	keyName, profile, userData     string
	shutdown                       string // what a shutdown from inside does
	keepRunning, keepAlive         bool   // DisableApiStop, DisableApiTermination
	ebsOptimized, sourceDestCheck  bool
	monitored                      bool
	launched                       time.Time
	reason                         string // why the state changed
	token                          string // of the request that launched it
}

var instancePattern = regexp.MustCompile(`^m?i-([0-9a-f]{8}|[0-9a-f]{17})$`)

func (c *Cloud) placeFleet(now time.Time) error {
	for _, i := range c.options.Fleet {
		at := cmp.Or(i.State, stateRunning)
		if !instancePattern.MatchString(i.ID) {
			return fmt.Errorf("instance %q: an ID is i- and 8 or 17 hexadecimal digits", i.ID)
		}
		if !slices.Contains(instanceStates(), at) {
			return fmt.Errorf("instance %s: state %q must be one of %s", i.ID, at, strings.Join(instanceStates(), ", "))
		}
		if c.machines.has(i.ID) {
			return fmt.Errorf("instance %s is listed twice", i.ID)
		}
		m := c.newMachine(i.ID, now.Add(-24*time.Hour))
		m.tags, m.name, m.checked = maps.Clone(i.Tags), at, at == stateRunning
		c.addMachine(m)
	}
	return nil
}

// newMachine has what every instance has that is told nothing else.
func (c *Cloud) newMachine(id string, now time.Time) *machine {
	n := len(c.machines.order) + 10
	return &machine{id: id, reservation: "r-" + strings.TrimPrefix(id, "i-"), launched: now, tags: map[string]string{},
		image: DefaultImage, kind: "t3.micro", subnet: defaultSubnet, vpc: defaultVPC, securityGroups: []string{defaultSecurityGroup},
		address: fmt.Sprintf("10.0.%d.%d", n/250, n%250+1), shutdown: "stop", sourceDestCheck: true}
}

// room says whether another n instances fit; those that ended first are forgotten for them.
func (c *Cloud) room(n int64) bool {
	for _, m := range c.machines.all() {
		if int64(len(c.machines.order))+n <= maxThings {
			break
		}
		if m.name == stateTerminated {
			c.machines.remove(m.id)
		}
	}
	return int64(len(c.machines.order))+n <= maxThings
}

// addMachine puts an instance with its root volume into the world.
func (c *Cloud) addMachine(m *machine) {
	c.machines.put(m.id, m)
	c.attachRoot(m)
}

// passes says whether both status checks do.
func (m *machine) passes() bool { return m.name == stateRunning && m.checked }

// Instances lists the fleet as it is now, in the order in which instances were made.
func (c *Cloud) Instances() []Instance {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(time.Now())
	out := []Instance{}
	for _, m := range c.machines.all() {
		out = append(out, Instance{ID: m.id, Tags: maps.Clone(m.tags), State: m.name, StatusOK: m.passes()})
	}
	return out
}

// ErrNoInstance says that there is no such instance.
var ErrNoInstance = errors.New("there is no such instance")

// Retag gives an instance the tags that change makes of a copy of its own. The error is ErrNoInstance or that of change,
// which must not call the cloud.
func (c *Cloud) Retag(id string, change func(map[string]string) (map[string]string, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.machines.items[id]
	if m == nil {
		return ErrNoInstance
	}
	tags, err := change(maps.Clone(m.tags))
	if err != nil {
		return err
	}
	if !maps.Equal(tags, m.tags) {
		m.tags = maps.Clone(tags)
		c.touch()
	}
	return nil
}

// SetInstance puts an instance into a state by hand. A passing state set so does not end by itself.
func (c *Cloud) SetInstance(id, to string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(time.Now())
	m := c.machines.items[id]
	if m == nil {
		return fmt.Errorf("there is no instance %q; the fleet is %s", id, strings.Join(c.machines.order, ", "))
	}
	if !slices.Contains(instanceStates(), to) {
		return fmt.Errorf("state %q must be one of %s", to, strings.Join(instanceStates(), ", "))
	}
	m.set(to)
	m.checked = true
	c.touch()
	return nil
}

func (c *Cloud) start(m *machine, now time.Time) {
	m.reason, m.launched = "", now
	c.boot(m, now)
}

// boot takes an instance through pending to running, and later through its status checks.
func (c *Cloud) boot(m *machine, now time.Time) {
	c.pass(&m.state, statePending, now, c.options.StartTime, stateRunning, func(at time.Time) { c.recheck(m, at) })
}

// recheck lets the status checks pass after a while.
func (c *Cloud) recheck(m *machine, now time.Time) {
	m.checked = false
	turn := m.turn
	c.plan(now.Add(c.options.CheckTime), func(time.Time) {
		if m.turn == turn {
			m.checked = true
		}
	})
}

func (c *Cloud) stop(m *machine, now time.Time) {
	m.reason = "User initiated (" + now.UTC().Format("2006-01-02 15:04:05 GMT") + ")"
	c.pass(&m.state, stateStopping, now, c.options.StopTime, stateStopped, nil)
	c.noticed(m.id, now)
}

func (c *Cloud) terminate(m *machine, now time.Time) {
	m.reason = "User initiated (" + now.UTC().Format("2006-01-02 15:04:05 GMT") + ")"
	c.pass(&m.state, stateShuttingDown, now, c.options.StopTime, stateTerminated, func(time.Time) { c.releaseVolumes(m) })
	c.noticed(m.id, now)
}

// findInstances answers as EC2 does: one unknown instance refuses the whole call. No IDs means every instance.
func (c *Cloud) findInstances(in request, ids []string) ([]*machine, error) {
	if len(ids) == 0 {
		return c.machines.all(), nil
	}
	var out []*machine
	var missing []string
	for _, id := range ids {
		if !instancePattern.MatchString(id) {
			return nil, in.fail("InvalidInstanceID.Malformed", "Invalid id: %q", brief(id))
		}
		m := c.machines.items[id]
		if m == nil {
			missing = append(missing, id)
			continue
		}
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	if len(missing) == 1 {
		return nil, in.fail("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", missing[0])
	}
	if len(missing) > 1 {
		return nil, in.fail("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(missing[:min(len(missing), 100)], ", "))
	}
	return out, nil
}
