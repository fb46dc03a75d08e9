package automation

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"handrail/audit"
	"handrail/policy"
)

const ourRole = "arn:aws:iam::123456789012:role/AmazonSSMAutomationRole"

// account is what AWS lists, and what the store remembers of it.
type account struct {
	mu      sync.Mutex
	runs    []Sighting
	tags    map[string]string // tag to automation
	down    error
	asked   int // calls of Sight
	turns   map[string]time.Time
	until   map[string]time.Time
	ours    map[string]bool
	rows    []*Execution
	told    map[string]audit.Entry
	written error
}

func (a *account) Started(_ context.Context, _ string, from, to time.Time) ([]Sighting, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Sighting
	for _, s := range a.runs {
		if !s.StartedAt.Before(from) && s.StartedAt.Before(to) {
			s.Parameters = nil
			out = append(out, s)
		}
	}
	return out, a.down
}

func (a *account) Sight(_ context.Context, _, id string) (Sighting, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	for _, s := range a.runs {
		if s.AWSID == id {
			return s, a.down
		}
	}
	return Sighting{}, &Fault{Kind: Missing, Operation: opGet, Err: errors.New("gone")}
}

func (a *account) Find(_ context.Context, _, tag string) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if id := a.tags[tag]; id != "" {
		return []string{id}, nil
	}
	return nil, nil
}

func (a *account) Turn(_ context.Context, region string, now, unless time.Time) (time.Time, bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.turns[region].After(unless) {
		return time.Time{}, false, nil
	}
	a.turns[region] = now
	return a.until[region], true, nil
}

func (a *account) Looked(_ context.Context, region string, until time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.until[region] = until
	return nil
}

func (a *account) Known(_ context.Context, ids []string) (map[string]bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := map[string]bool{}
	for _, id := range ids {
		if _, ghost := a.told[id]; ghost || a.ours[id] {
			known[id] = true
		}
	}
	return known, nil
}

func (a *account) Sighted(_ context.Context, id string, e audit.Entry) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ghost := a.told[id]; ghost || a.written != nil {
		return false, a.written
	}
	a.told[id] = e
	return true, nil
}

func (a *account) Executions(context.Context, Query) ([]*Execution, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.rows), nil
}

// ghosts are the automations that the watch has told of.
func (a *account) ghosts() []string {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	ids := make([]string, 0, len(a.told))
	for id := range a.told {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func newAccount(runs ...Sighting) *account {
	return &account{runs: runs, turns: map[string]time.Time{}, until: map[string]time.Time{}, ours: map[string]bool{},
		told: map[string]audit.Entry{}, tags: map[string]string{}}
}

// haunt runs a story beside watches of a few replicas, in virtual time.
func haunt(t *testing.T, a *account, replicas int, story func(t *testing.T, alarms func() []Alarm)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		gate := policy.NewGate(mustPolicy(t, testPolicy))
		var mu sync.Mutex
		var alarms []Alarm
		var done sync.WaitGroup
		for range replicas {
			g := NewGhostWatch(GhostOptions{Gate: gate, AWS: a, Sightings: a, Catalogue: NewCatalogue(newCloud(), "eu-west-1"),
				OnAlarm: func(al Alarm) { mu.Lock(); alarms = append(alarms, al); mu.Unlock() }})
			done.Go(func() {
				if err := g.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		story(t, func() []Alarm { synctest.Wait(); mu.Lock(); defer mu.Unlock(); return slices.Clone(alarms) })
		cancel()
		done.Wait()
	})
}

func run(id, parent, by string, parameters map[string][]string) Sighting {
	return Sighting{AWSID: id, Parent: parent, Document: "Any", Version: "1", ExecutedBy: by, Parameters: parameters,
		StartedAt: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func TestGhosts(t *testing.T) {
	mallory := "arn:aws:iam::123456789012:user/mallory"
	inRole := map[string][]string{"AutomationAssumeRole": {ourRole}}
	a := newAccount(
		run("ours", "", "arn:aws:sts::123456789012:assumed-role/Bot/i-1", inRole),
		run("our-child", "ours", "arn:aws:sts::123456789012:assumed-role/Bot/i-1", inRole),
		run("our-grandchild", "our-child", mallory, inRole),
		run("ghost", "", mallory, inRole),
		run("ghost-child", "ghost", mallory, inRole),
		run("another-role", "", mallory, map[string][]string{"AutomationAssumeRole": {"arn:aws:iam::123456789012:role/Other"}}),
		run("only-mentions-it", "", mallory, map[string][]string{"RoleToLookAt": {ourRole}}),
		run("in-a-session", "", "arn:aws:sts::123456789012:assumed-role/AmazonSSMAutomationRole/Automation-1", nil),
		run("another-session", "", "arn:aws:sts::999999999999:assumed-role/AmazonSSMAutomationRole/Automation-1", nil),
		run("foreign-parent", "", mallory, nil),
		run("child-in-role", "foreign-parent", mallory, inRole),
		run("orphan", "forgotten", mallory, inRole),
		run("unclear", "", "arn:aws:sts::123456789012:assumed-role/Bot/i-1", inRole),
	)
	a.ours["ours"] = true
	a.rows = []*Execution{{State: Starting, Request: StartRequest{Tag: "handrail:x"}}, {State: Running, AWSID: "ours", Request: StartRequest{Tag: "handrail:y"}}}
	a.tags["handrail:x"] = "unclear"
	haunt(t, a, 3, func(t *testing.T, alarms func() []Alarm) {
		time.Sleep(ripe - time.Second)
		if got := a.ghosts(); len(got) != 0 {
			t.Errorf("told of %v before anybody could know", got)
		}
		time.Sleep(time.Hour)
		want := []string{"child-in-role", "ghost", "in-a-session", "orphan"}
		if got := a.ghosts(); !slices.Equal(got, want) {
			t.Errorf("told of %v, want %v", got, want)
		}
		if got := alarms(); len(got) != len(want) || got[0].Kind != GhostRun {
			t.Errorf("%d alarms for %d ghosts", len(got), len(want))
		}
		for _, al := range alarms() {
			if al.AWSID == "ghost" && al.Message != mallory+" started Any version 1 under the service role at 2000-01-01T00:00:00Z, as ghost in eu-west-1. Handrail did not." {
				t.Errorf("%q", al.Message)
			}
		}
		a.mu.Lock()
		asked := a.asked
		a.mu.Unlock()
		time.Sleep(time.Hour)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.asked != asked {
			t.Errorf("AWS was asked %d times more about old automations", a.asked-asked)
		}
	})
}

func TestGhostsAreFoundAfterAnOutage(t *testing.T) {
	a := newAccount()
	haunt(t, a, 2, func(t *testing.T, alarms func() []Alarm) {
		time.Sleep(10 * time.Minute)
		a.mu.Lock()
		a.down = &Fault{Kind: Throttled, Operation: opDescribe, Err: errors.New("rate exceeded")}
		s := run("late", "", "", map[string][]string{"AutomationAssumeRole": {ourRole}})
		s.StartedAt = time.Now()
		a.runs = append(a.runs, s)
		a.mu.Unlock()
		time.Sleep(5 * time.Hour)
		if len(alarms()) != 0 {
			t.Error("found while AWS was down")
		}
		a.mu.Lock()
		a.down, a.written = nil, errors.New("disk full")
		a.mu.Unlock()
		time.Sleep(time.Hour)
		if len(alarms()) != 0 {
			t.Error("told without a record")
		}
		a.mu.Lock()
		a.written = nil
		a.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if got := alarms(); len(got) != 1 || got[0].AWSID != "late" {
			t.Errorf("after it: %v", got)
		}
	})
}
