package automation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"handrail/audit"
	"handrail/policy"
	"handrail/runbook"
)

// Sightings remember what was seen in AWS, for all replicas.
type Sightings interface {
	// Turn takes the turn to look at a Region, unless somebody took one after unless. It returns until when the Region was
	// looked through, zero if it never was.
	Turn(ctx context.Context, region string, now, unless time.Time) (until time.Time, ok bool, err error)
	// Looked notes until when the Region is looked through.
	Looked(ctx context.Context, region string, until time.Time) error
	// Known returns those of the automations that are executions of ours, or ghosts that were told of.
	Known(ctx context.Context, awsIDs []string) (map[string]bool, error)
	// Sighted remembers a ghost and appends e to the audit log, in one transaction. It returns false, and does nothing,
	// if the ghost was remembered before.
	Sighted(ctx context.Context, awsID string, e audit.Entry) (bool, error)
	// Executions returns what q selects, as Store does.
	Executions(ctx context.Context, q Query) ([]*Execution, error)
}

// GhostOptions of a GhostWatch. The first four are required.
type GhostOptions struct {
	Gate      *policy.Gate
	AWS       Patrol
	Sightings Sightings
	Catalogue *Catalogue
	Every     time.Duration // between two looks; 5 min if 0
	OnAlarm   func(Alarm)   // called once for each ghost, by the replica that found it; must not block; nil means nobody
	Log       *slog.Logger  // nil discards
}

// GhostWatch finds automations under the service role that Handrail did not start, and that nothing started which Handrail
// did. It sees them some minutes late, and those alone that AWS still lists.
type GhostWatch struct {
	GhostOptions
	mine map[string]bool // judged before, and no ghosts
}

const (
	// ripe is how old a start is before it is judged: a start of ours may not have written down yet what AWS called it.
	ripe = 2 * time.Minute
	// overlap is how far a look goes back behind the one before: AWS's lists are eventually consistent.
	overlap = 5 * time.Minute
	// stretch is how much time one list covers, so that it stays of a size that can be paged through.
	stretch = time.Hour
	// lookBack is how far the first look goes back, and farthest any other.
	lookBack, farthest = time.Hour, 7 * 24 * time.Hour
	// maxMine bounds the memory of what was judged.
	maxMine = 20_000
)

// NewGhostWatch returns a watch that does nothing until Run.
func NewGhostWatch(o GhostOptions) *GhostWatch {
	if o.Every == 0 {
		o.Every = 5 * time.Minute
	}
	if o.OnAlarm == nil {
		o.OnAlarm = func(Alarm) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &GhostWatch{GhostOptions: o, mine: map[string]bool{}}
}

// Run looks until ctx ends. Of many replicas one looks at a time; if two do, each ghost is told of once all the same.
func (g *GhostWatch) Run(ctx context.Context) error {
	tick := time.NewTicker(g.Every)
	defer tick.Stop()
	for {
		for _, region := range g.regions() {
			if err := g.look(ctx, region); err != nil && ctx.Err() == nil {
				g.Log.Warn("looking for automations that Handrail did not start", "region", region, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// regions are those that the policy's runbooks run in.
func (g *GhostWatch) regions() []string {
	var regions []string
	if p := g.Gate.Policy(); p != nil {
		for _, rb := range p.Runbooks() {
			regions = append(regions, g.Catalogue.Region(rb))
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

// look looks through a Region from where the last look ended. What it could not judge is looked at again.
func (g *GhostWatch) look(ctx context.Context, region string) error {
	now := time.Now()
	from, ok, err := g.Sightings.Turn(ctx, region, now, now.Add(-g.Every*9/10))
	if err != nil || !ok {
		return err
	}
	if from.IsZero() {
		from = now.Add(-lookBack)
	}
	if oldest := now.Add(-farthest); from.Before(oldest) {
		from = oldest
	}
	for until := now.Add(-ripe); from.Before(until); {
		to := from.Add(stretch)
		if to.After(until) {
			to = until
		}
		if err := g.through(ctx, region, from.Add(-overlap), to); err != nil {
			return err
		}
		if err := g.Sightings.Looked(ctx, region, to); err != nil {
			return fmt.Errorf("noting what was looked through: %w", err)
		}
		from = to
	}
	return nil
}

// through judges what started from one moment to another, the oldest first: a parent comes before its children.
func (g *GhostWatch) through(ctx context.Context, region string, from, to time.Time) error {
	seen, err := g.AWS.Started(ctx, region, from, to)
	if errors.Is(err, errTooMany) {
		g.Log.Error("not every automation was looked at", "region", region, "started", from, "error", err)
		err = nil
	}
	if err != nil {
		return err
	}
	seen = slices.DeleteFunc(seen, func(s Sighting) bool { return g.mine[s.AWSID] })
	slices.SortFunc(seen, func(a, b Sighting) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), strings.Compare(a.AWSID, b.AWSID))
	})
	known, err := g.known(ctx, seen)
	if err != nil {
		return err
	}
	for _, s := range seen {
		if known[s.AWSID] {
			continue
		}
		if err := g.judge(ctx, region, s); err != nil {
			return fmt.Errorf("judging the automation %s: %w", s.AWSID, err)
		}
	}
	return nil
}

func (g *GhostWatch) known(ctx context.Context, seen []Sighting) (map[string]bool, error) {
	ids := make([]string, len(seen))
	for i, s := range seen {
		ids[i] = s.AWSID
	}
	return g.Sightings.Known(ctx, ids)
}

// judge tells of the ghost that s is, or belongs to, if there is one.
func (g *GhostWatch) judge(ctx context.Context, region string, s Sighting) error {
	ghost, err := g.ghost(ctx, region, s.AWSID)
	switch {
	case err != nil && kindOf(err) == Missing: // AWS has forgotten it
		return nil
	case err != nil:
		return err
	case ghost.AWSID != "":
		if err := g.tell(ctx, region, ghost); err != nil {
			return err
		}
	}
	if len(g.mine) >= maxMine {
		clear(g.mine)
	}
	g.mine[s.AWSID] = true
	return nil
}

// ghost returns the first of an automation and its ancestors that runs under the service role, or the zero Sighting if none
// does, or if any of them is known.
func (g *GhostWatch) ghost(ctx context.Context, region, awsID string) (Sighting, error) {
	role := g.Gate.Policy().ServiceRole()
	s, err := g.AWS.Sight(ctx, region, awsID)
	if err != nil {
		return Sighting{}, err
	}
	under, err := g.under(ctx, region, s, role)
	if err != nil || !under {
		return Sighting{}, err
	}
	first := s
	for depth := 0; s.Parent != "" && depth < maxAncestors; depth++ {
		known, err := g.Sightings.Known(ctx, []string{s.Parent})
		if err != nil || known[s.Parent] {
			return Sighting{}, err
		}
		if s, err = g.AWS.Sight(ctx, region, s.Parent); err != nil && kindOf(err) != Missing {
			return Sighting{}, err
		}
		switch under, err := g.under(ctx, region, s, role); {
		case err != nil:
			return Sighting{}, err
		case under:
			first = s
		}
	}
	ours, err := g.unclear(ctx, region, first)
	if err != nil || ours {
		return Sighting{}, err
	}
	return first, nil
}

// maxAncestors is more than automations nest: docs.aws.amazon.com/general/latest/gr/ssm.html.
const maxAncestors = 8

// under says whether an automation runs under the role: its document takes it as a parameter or names it, or who started
// it had it already, which counts where a document names no role. Where the document cannot be read, or is not the one of
// that name here, its parameters have to do.
func (g *GhostWatch) under(ctx context.Context, region string, s Sighting, role string) (bool, error) {
	if s.AWSID == "" {
		return false, nil
	}
	if session(s.ExecutedBy, role) {
		return true, nil
	}
	for name, values := range s.Parameters {
		if strings.HasSuffix(strings.ToLower(name), "assumerole") && slices.Contains(values, role) {
			return true, nil
		}
	}
	content, err := g.Catalogue.content(ctx, region, s.Document, s.Version)
	switch {
	case err != nil && kindOf(err) != Missing && kindOf(err) != Rejected:
		return false, err
	case err != nil || content == nil:
		for _, values := range s.Parameters {
			if slices.Contains(values, role) {
				return true, nil
			}
		}
		return false, nil
	}
	switch r := content.Role(); r.Kind {
	case runbook.RoleParameter:
		return slices.Contains(s.Parameters[r.Parameter], role), nil
	case runbook.RoleFixed:
		return r.ARN == role, nil
	}
	return false, nil
}

// session says whether who is a session of the role: arn:aws:sts::123456789012:assumed-role/NAME/….
func session(who, role string) bool {
	a, b := strings.SplitN(who, ":", 6), strings.SplitN(role, ":", 6)
	if len(a) < 6 || len(b) < 6 || a[2] != "sts" || a[4] != b[4] {
		return false
	}
	parts := strings.Split(a[5], "/")
	return len(parts) >= 2 && parts[0] == "assumed-role" && parts[1] == b[5][strings.LastIndex(b[5], "/")+1:]
}

// unclear says whether s is a start of ours that got no clear answer. Such a start carries the tag of its execution.
func (g *GhostWatch) unclear(ctx context.Context, region string, s Sighting) (bool, error) {
	rows, err := g.Sightings.Executions(ctx, Query{Since: s.StartedAt.Add(-farthest), Limit: 5_000})
	if err != nil {
		return false, err
	}
	for _, x := range rows {
		if x.AWSID != "" || x.Request.Tag == "" || x.State != Starting && x.State != StartUnknown {
			continue
		}
		found, err := g.AWS.Find(ctx, region, x.Request.Tag)
		if err != nil || slices.Contains(found, s.AWSID) {
			return err == nil, err
		}
	}
	return false, nil
}

// tell remembers the ghost and raises the alarm.
func (g *GhostWatch) tell(ctx context.Context, region string, s Sighting) error {
	a := Alarm{Kind: GhostRun, At: time.Now().UTC().Truncate(time.Millisecond), Region: region, AWSID: s.AWSID, Document: s.Document, Version: s.Version,
		ExecutedBy: s.ExecutedBy, StartedAt: s.StartedAt.UTC(), Message: fmt.Sprintf("%s started %s version %s under the service role at %s, as %s in %s. Handrail did not.",
			cmp.Or(s.ExecutedBy, "Somebody"), s.Document, s.Version, s.StartedAt.UTC().Format(time.RFC3339), s.AWSID, region)}
	entry, err := a.entry()
	if err != nil {
		return err
	}
	first, err := g.Sightings.Sighted(ctx, s.AWSID, entry)
	if err != nil || !first {
		return err
	}
	g.Log.Error("an automation runs under the service role that Handrail did not start", "aws_execution", s.AWSID, "region", region,
		"document", s.Document, "version", s.Version, "executed_by", s.ExecutedBy, "started", s.StartedAt)
	g.OnAlarm(a)
	return nil
}
