package bot

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"handrail/automation"
	"handrail/policy"
)

const (
	atOnce     = 16  // calls to Slack in flight
	inHand     = 512 // executions claimed at a time: AWS runs 500 at most
	callWithin = 10 * time.Second
	alarmEvery = time.Minute

	storeWithin = 5 * time.Second // a connection that hangs must not stop the announcer
)

// announcer keeps every thread as its row says. It is level-triggered: what is behind is claimed,
// rendered whole from the stored row and sent, until the announced version is the row's. Hints only
// make it look sooner. One goroutine decides what is sent next; calls run beside it.
type announcer struct {
	store    Announcements
	api      *slack.Client
	owner    string
	log      *slog.Logger
	limits   *limits
	look     look
	poll     time.Duration
	interval time.Duration
	retry    time.Duration
	drain    time.Duration
	lease    time.Duration
	finder   finder
	channel  func(ctx context.Context, id string) (policy.Channel, error)

	noPlans atomic.Bool // the workspace refuses plan blocks

	mu      sync.Mutex
	hinted  map[string]hint                  // by execution
	births  map[string]*automation.Execution // as they were accepted by this process a moment ago
	refused map[string]int                   // how often Slack said a no that we do not know, in a row, by execution
	signal  chan struct{}

	// Only the goroutine of run touches what follows.
	began   time.Time
	hand    map[string]*card
	fresh   map[string]time.Time // executions whose birth this process has heard of
	updated map[string]time.Time // when cards were last updated
	done    chan *card
	flying  int
	alarmed time.Time
	pruned  time.Time
}

// card is an execution in hand. While it is busy, the loop touches only the first four fields.
type card struct {
	until   time.Time // end of the lease
	busy    bool      // a call is in flight
	hint    hint
	claimed *automation.Execution // the row, if it was given back and claimed again before the call had landed

	e      *automation.Execution
	since  time.Time // when it came into hand
	shown  int64     // version that the card shows, saved or not
	verify bool      // a message may be there that the row does not know of
	looks  look      // how to render it
	doing  step      // the call in flight
	sent   bool      // the card itself was sent with that call
	err    error     // what became of it
	unsaid bool      // the announcement has to be saved before anything else is sent
	wait   time.Time // not before this

	rest   time.Time // nothing beside the card before this
	tries  int       // at the present message beside the card
	unsure bool      // the approvers' message may be there
	heard  int64     // newest version that was looked for while the card rested
}

func newAnnouncer(o Options) *announcer {
	return &announcer{
		store: o.Store, api: o.Workspace.api, owner: o.Owner, log: o.Log, limits: newLimits(),
		look: o.look(), poll: o.Limits.Poll, interval: o.Limits.Interval, retry: o.Limits.Retry, drain: o.Limits.Drain, lease: o.Limits.Lease,
		finder: finder{api: o.Workspace.api, home: o.Workspace.known}, channel: o.Workspace.Channel,
		hinted: map[string]hint{}, births: map[string]*automation.Execution{}, refused: map[string]int{}, signal: make(chan struct{}, 1),
		hand: map[string]*card{}, fresh: map[string]time.Time{}, updated: map[string]time.Time{}, done: make(chan *card, atOnce),
	}
}

// run announces until ctx ends, then waits for the calls in flight.
func (a *announcer) run(ctx context.Context) error {
	a.began = time.Now()
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due, next, keep time.Time // of the next claim, of the next launch, and of the next look at the leases
	for {
		claim, urgent := a.take()
		now := time.Now()
		if len(a.hand) == 0 {
			keep = now.Add(a.lease / 3)
		} else if !now.Before(keep) {
			keep = now.Add(a.lease / 3)
			if a.keep(ctx, storeWithin) {
				urgent = true
			}
		}
		if claim {
			due = earlier(due, now.Add(a.unhurried()))
		}
		if !now.Before(due) {
			a.claim(ctx)
			due, urgent = now.Add(a.poll), true
		}
		if urgent || !now.Before(next) {
			next = now.Add(a.launch(calls))
		}
		wake := earlier(due, next)
		if len(a.hand) > 0 {
			wake = earlier(wake, keep)
		}
		timer.Reset(time.Until(wake))
		select {
		case <-ctx.Done():
			a.finish(cancel)
			return nil
		case <-a.signal:
		case c := <-a.done:
			next = time.Time{}
			if a.landed(c) {
				due = time.Time{}
			}
		case <-timer.C:
		}
	}
}

// unhurried is how long a claim may wait for others: not at all, unless much is in hand already.
func (a *announcer) unhurried() time.Duration {
	if len(a.hand) < 4*atOnce {
		return 0
	}
	return 50 * time.Millisecond
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// finish waits for what is in flight, but not for long, and holds its leases meanwhile: nobody else may send the
// same. Then it gives back all that is left.
func (a *announcer) finish(cancel context.CancelFunc) {
	timer := time.AfterFunc(a.drain, cancel)
	defer timer.Stop()
	beat := time.NewTicker(a.lease / 3)
	defer beat.Stop()
	for a.flying > 0 {
		select {
		case c := <-a.done:
			a.landed(c)
		case <-beat.C:
			a.keep(context.Background(), a.lease/3)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	for _, c := range a.hand {
		if c.unsaid {
			a.lastWord(ctx, c)
		}
	}
	if err := a.store.ReleaseAnnouncements(ctx, a.owner); err != nil {
		a.log.Warn("giving back announcements", "error", err)
	}
}

// lastWord notes what was sent and could not be noted before.
func (a *announcer) lastWord(ctx context.Context, c *card) {
	if err := a.store.SaveAnnouncement(ctx, a.owner, c.e.ID, c.e.Announcement); err != nil {
		a.log.Warn("remembering what slack was told", "execution", c.e.ID, "error", err)
	}
}

// claim takes rows that are behind, and lets go of those whose lease ran out in hand.
func (a *announcer) claim(ctx context.Context) {
	now := time.Now()
	for id, c := range a.hand {
		if !c.busy && !now.Before(c.until) {
			delete(a.hand, id)
		}
	}
	asking, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	rows, err := a.store.ClaimAnnouncements(asking, automation.Claim{Owner: a.owner, Now: now, Until: now.Add(a.lease), Limit: inHand - len(a.hand)})
	if err != nil {
		if ctx.Err() == nil {
			a.log.Error("claiming announcements", "error", err)
		}
		return
	}
	for _, e := range rows {
		if old := a.hand[e.ID]; old != nil {
			old.until, old.claimed = now.Add(a.lease), e
			continue
		}
		a.pick(e, now)
	}
}

// pick takes a claimed row in hand.
func (a *announcer) pick(e *automation.Execution, now time.Time) {
	c := &card{e: e, until: now.Add(a.lease), since: now, shown: e.Announcement.Version, verify: a.doubtful(e, now), looks: a.look}
	_, ours := a.fresh[e.ID]
	c.unsure = e.Announcement.Attempts > 0 || !ours && now.Sub(a.began) < time.Minute
	if a.noPlans.Load() {
		c.looks.form = plain
	}
	a.hand[e.ID] = c
}

// keep extends the leases of what is in hand, and lets go of what another has taken. It says whether a card that rests
// has changed meanwhile.
func (a *announcer) keep(ctx context.Context, within time.Duration) (news bool) {
	asking, done := context.WithTimeout(ctx, within)
	defer done()
	until := time.Now().Add(a.lease)
	held, err := a.store.KeepAnnouncements(asking, a.owner, until, slices.Collect(maps.Keys(a.hand)))
	if err != nil {
		if ctx.Err() == nil {
			a.log.Error("keeping announcements", "error", err)
		}
		return false
	}
	for id, c := range a.hand {
		if version, ours := held[id]; ours {
			c.until = until
			if c.resting() && version > c.hint.version {
				c.hint.version, news = version, true
			}
		} else if !c.busy {
			delete(a.hand, id)
		}
	}
	return news
}

// doubtful says whether a message may be there that the row does not know of: somebody else, or we
// before a restart, may have sent it and died.
func (a *announcer) doubtful(e *automation.Execution, now time.Time) bool {
	if e.Announcement.Attempts > 0 {
		return true
	}
	if _, ours := a.fresh[e.ID]; ours {
		return false
	}
	if e.Announcement.Card == "" {
		return now.Sub(e.CreatedAt) > 2*time.Second
	}
	return now.Sub(a.began) < time.Minute && missing(e) != ""
}

// launch starts whatever may be sent now and returns how long nothing more can be.
func (a *announcer) launch(ctx context.Context) time.Duration {
	idle := time.Hour
	for _, c := range a.order() {
		if a.flying == atOnce {
			return time.Hour // a landing comes first
		}
		wait := time.Until(c.wait)
		if wait <= 0 {
			c.doing = c.next()
			wait = a.allow(c)
		}
		if wait > 0 {
			idle = min(idle, wait)
			continue
		}
		c.busy, c.sent, c.err, c.heard = true, false, nil, c.hint.version
		a.flying++
		go func() { a.perform(ctx, c); a.done <- c }()
	}
	return idle
}

// order lists what waits: ends and first posts, then replies, then the cards that were not updated
// for longest.
func (a *announcer) order() []*card {
	var waiting []*card
	for _, c := range a.hand {
		if !c.busy {
			waiting = append(waiting, c)
		}
	}
	slices.SortFunc(waiting, func(x, y *card) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), a.updated[x.e.ID].Compare(a.updated[y.e.ID]), x.since.Compare(y.since), cmp.Compare(x.e.ID, y.e.ID))
	})
	return waiting
}

func (c *card) rank() int {
	switch {
	case c.ended() || c.e.Announcement.Card == "":
		return 0
	case c.shown >= c.e.Version:
		return 1
	}
	return 2
}

// ended says whether the row, or what was heard of it since, is final.
func (c *card) ended() bool { return c.e.State.Terminal() || c.hint.ended }

// allow takes what the next step needs and returns 0, or returns how long to wait.
func (a *announcer) allow(c *card) time.Duration {
	if c.doing.kind == stepRest {
		return max(time.Until(c.rest), time.Millisecond)
	}
	if c.doing.method == "" {
		return 0
	}
	if c.doing.kind == stepUpdate && !c.ended() {
		if wait := a.interval - time.Since(a.updated[c.e.ID]); wait > 0 {
			return wait
		}
	}
	return a.limits.take(c.doing.method, c.target())
}

// landed settles a call that has ended. It says whether the row should be claimed again at once.
func (a *announcer) landed(c *card) bool {
	c.busy = false
	a.flying--
	id := c.e.ID
	switch {
	case errors.Is(c.err, errGone) && c.claimed != nil:
		a.pick(c.claimed, time.Now())
		a.hand[id].hint = c.hint
	case errors.Is(c.err, errGone):
		delete(a.hand, id)
	case c.err != nil:
		a.log.Warn("announcing", "execution", id, "step", string(c.doing.kind), "attempts", c.e.Announcement.Attempts, "error", redacted(c.err))
	}
	c.claimed = nil
	if c.sent {
		a.updated[id] = time.Now()
	}
	if classify(c.err) == locked && time.Since(a.alarmed) > alarmEvery {
		a.alarmed = time.Now()
		a.log.Error("slack refuses our token; threads stand still until it is replaced", "error", redacted(c.err))
	}
	return errors.Is(c.err, errGone) && c.hint.version > c.shown
}
