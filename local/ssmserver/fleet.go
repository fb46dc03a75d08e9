package ssmserver

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
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

func states() []string {
	return []string{statePending, stateRunning, stateStopping, stateStopped, stateShuttingDown, stateTerminated}
}

// fleet moves instances by the clock: a passing state has a time when it ends, looked at whenever someone asks.
type fleet struct {
	stopTime, startTime, checkTime time.Duration

	mu      sync.Mutex
	order   []string
	machine map[string]*machine
	changed chan struct{} // closed and replaced at every command
}

type machine struct {
	tags  map[string]string
	state string
	// due is when a passing state ends; zero means never.
	due time.Time
	// checked is when the status checks pass.
	checked time.Time
}

var instancePattern = regexp.MustCompile(`^m?i-([0-9a-f]{8}|[0-9a-f]{17})$`)

func newFleet(o Options) (*fleet, error) {
	f := &fleet{stopTime: o.StopTime, startTime: o.StartTime, checkTime: o.CheckTime, machine: map[string]*machine{}, changed: make(chan struct{})}
	for _, i := range o.Fleet {
		state := i.State
		if state == "" {
			state = stateRunning
		}
		if !instancePattern.MatchString(i.ID) {
			return nil, fmt.Errorf("instance %q: an ID is i- and 8 or 17 hexadecimal digits", i.ID)
		}
		if !slices.Contains(states(), state) {
			return nil, fmt.Errorf("instance %s: state %q must be one of %s", i.ID, state, strings.Join(states(), ", "))
		}
		if f.machine[i.ID] != nil {
			return nil, fmt.Errorf("instance %s is listed twice", i.ID)
		}
		f.machine[i.ID] = &machine{tags: maps.Clone(i.Tags), state: state}
		f.order = append(f.order, i.ID)
	}
	return f, nil
}

// settle ends a passing state whose time has come.
func (f *fleet) settle(m *machine, now time.Time) {
	if m.due.IsZero() || now.Before(m.due) {
		return
	}
	switch m.state {
	case statePending:
		m.state, m.checked = stateRunning, m.due.Add(f.checkTime)
	case stateStopping:
		m.state = stateStopped
	case stateShuttingDown:
		m.state = stateTerminated
	}
	m.due = time.Time{}
}

func (f *fleet) list() []Instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	out := []Instance{}
	for _, id := range f.order {
		m := f.machine[id]
		f.settle(m, now)
		out = append(out, m.instance(id, now))
	}
	return out
}

func (m *machine) instance(id string, now time.Time) Instance {
	return Instance{ID: id, Tags: maps.Clone(m.tags), State: m.state, StatusOK: m.state == stateRunning && !now.Before(m.checked)}
}

// set puts an instance into a state by hand. A passing state set so does not end by itself.
func (f *fleet) set(id, state string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.machine[id]
	if m == nil {
		return fmt.Errorf("there is no instance %q; the fleet is %s", id, strings.Join(f.order, ", "))
	}
	if !slices.Contains(states(), state) {
		return fmt.Errorf("state %q must be one of %s", state, strings.Join(states(), ", "))
	}
	m.state, m.due, m.checked = state, time.Time{}, time.Time{}
	f.wake()
	return nil
}

func (f *fleet) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// find answers as EC2 does: one unknown instance refuses the whole call.
func (f *fleet) find(ids []string, now time.Time) ([]*machine, error) {
	var out []*machine
	var missing []string
	for _, id := range ids {
		if !instancePattern.MatchString(id) {
			return nil, ec2Error("InvalidInstanceID.Malformed", "Invalid id: %q", id)
		}
		m := f.machine[id]
		if m == nil {
			missing = append(missing, id)
			continue
		}
		f.settle(m, now)
		out = append(out, m)
	}
	if len(missing) == 1 {
		return nil, ec2Error("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", missing[0])
	}
	if len(missing) > 1 {
		return nil, ec2Error("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(missing, ", "))
	}
	return out, nil
}

// ec2Error has the text in which the Java SDK, and so SSM, reports EC2's refusals.
func ec2Error(code, format string, args ...any) error {
	return fmt.Errorf(format+" (Service: AmazonEC2; Status Code: 400; Error Code: %s; Request ID: %s; Proxy: null)",
		append(args, code, uuid.NewString())...)
}

// command moves instances towards stopped, running or terminated. Nothing moves if one of them cannot.
func (f *fleet) command(ids []string, desired string, force bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	found, err := f.find(ids, now)
	if err != nil {
		return err
	}
	for i, m := range found {
		if !m.can(desired) {
			verb := map[string]string{stateStopped: "stopped", stateRunning: "started"}[desired]
			return ec2Error("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", ids[i], verb)
		}
	}
	for _, m := range found {
		f.move(m, desired, force, now)
	}
	f.wake()
	return nil
}

func (m *machine) can(desired string) bool {
	switch desired {
	case stateStopped:
		return m.state == stateRunning || m.state == stateStopping || m.state == stateStopped
	case stateRunning:
		return m.state == stateStopped || m.state == statePending || m.state == stateRunning
	}
	return true
}

func (f *fleet) move(m *machine, desired string, force bool, now time.Time) {
	switch {
	case desired == stateStopped && (m.state == stateRunning || m.state == stateStopping && force && m.due.IsZero()):
		m.state, m.due = stateStopping, now.Add(f.stopTime)
	case desired == stateRunning && m.state == stateStopped:
		m.state, m.due = statePending, now.Add(f.startTime)
	case desired == stateTerminated && m.state != stateTerminated && m.state != stateShuttingDown:
		m.state, m.due = stateShuttingDown, now.Add(f.stopTime)
	}
}

// watch waits until done answers true or an error for the instances' states, or ctx ends.
func (f *fleet) watch(ctx context.Context, ids []string, done func([]Instance) (bool, error)) error {
	for {
		seen, next, changed, err := f.look(ids)
		if err != nil {
			return err
		}
		if ok, err := done(seen); ok || err != nil {
			return err
		}
		if err := waitFor(ctx, next, changed); err != nil {
			return err
		}
	}
}

// look answers the states, when the next of them changes by itself (zero: never), and what is closed at a command.
func (f *fleet) look(ids []string) (seen []Instance, next time.Time, changed <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	found, err := f.find(ids, now)
	if err != nil {
		return nil, next, nil, err
	}
	for i, m := range found {
		seen = append(seen, m.instance(ids[i], now))
		for _, at := range []time.Time{m.due, m.checked} {
			if at.After(now) && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return seen, next, f.changed, nil
}

func waitFor(ctx context.Context, next time.Time, changed <-chan struct{}) error {
	var timer <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(time.Until(next))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer:
	case <-changed:
	}
	return nil
}
