// Package automation runs allowed runbooks under the fixed role: it accepts, starts, follows and
// cancels executions, and remembers each step of that in its Store. It knows AWS, and knows
// nothing of Slack, of the command grammar or of SQL.
package automation

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/policy"
)

// Options of an Engine. The first five are required.
type Options struct {
	Store     Store
	Gate      *policy.Gate
	Directory Directory
	AWS       AWS
	Catalogue *Catalogue

	Owner       string           // this replica's name, unique among those that share the store
	Lease       time.Duration    // how long the store waits for a silent replica; 4 s if 0
	StartWithin time.Duration    // an execution not started by then never is; 10 min if 0
	Poll        time.Duration    // shortest time between two looks at an execution; 1 s if 0
	OnChange    func(*Execution) // called after each durable change, with a copy; must not block; nil means nobody
	OnAlarm     func(Alarm)      // called once for each alarm; must not block; nil means nobody
	Log         *slog.Logger     // nil discards

	Incident func(ctx context.Context, channel string) *policy.Incident // whose channel it is, nil if no incident's; nil means that there are none
}

// starters is how many starts are in hand at once; AWS allows one a second by default.
const starters = 8

// Engine is the one door to AWS.
type Engine struct {
	Options
	starts chan *Execution // leased rows to start
	room   chan struct{}   // a place in starts, or with a starter
	wake   chan struct{}

	mu      sync.Mutex
	begun   map[string]bool // rows with the starters
	watched map[string]*watch
	some    chan struct{} // closed while watched is not empty
}

// New returns an engine that does nothing until Run.
func New(o Options) *Engine {
	if o.Lease == 0 {
		o.Lease = 4 * time.Second
	}
	if o.StartWithin == 0 {
		o.StartWithin = 10 * time.Minute
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnChange == nil {
		o.OnChange = func(*Execution) {}
	}
	if o.OnAlarm == nil {
		o.OnAlarm = func(Alarm) {}
	}
	return &Engine{Options: o, starts: make(chan *Execution, 2*starters), room: make(chan struct{}, 2*starters),
		wake: make(chan struct{}, 1), begun: map[string]bool{}, watched: map[string]*watch{}, some: make(chan struct{})}
}

// Wake makes the engine look for due work now. It never blocks.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// grace is how long a start in hand may go on while stopping: its answer is worth more than the time.
const grace = 5 * time.Second

// lingering returns a context that ends d after ctx does.
func lingering(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return late, func() { stop(); cancel() }
}

// Run works until ctx ends, then finishes the starts in hand and gives back all leases, within eight seconds.
func (e *Engine) Run(ctx context.Context) error {
	var g errgroup.Group
	hand, cancel := lingering(ctx, grace)
	defer cancel()
	for range starters {
		g.Go(func() error { e.startAll(ctx, hand); return nil })
	}
	g.Go(func() error { e.claimAll(ctx); return nil })
	g.Go(func() error { e.watchAll(ctx); return nil })
	g.Go(func() error { e.stopAll(ctx); return nil })
	g.Go(func() error { e.signalAll(ctx); return nil })
	g.Go(func() error { e.keepAll(ctx); return nil })
	_ = g.Wait() // none of them returns an error
	last, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer done()
	if err := e.Store.Release(last, e.Owner); err != nil {
		e.Log.Error("giving back leases", "error", err)
	}
	return nil
}

// claimAll takes due rows whenever it is woken, and once a second.
func (e *Engine) claimAll(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := e.claim(ctx); err != nil && ctx.Err() == nil {
			e.Log.Error("claiming executions", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-tick.C:
		}
	}
}

// claim takes as many rows as there is room to start, so that none waits here while another replica is idle.
func (e *Engine) claim(ctx context.Context) error {
	for {
		free := cap(e.room) - len(e.room)
		if free == 0 {
			return nil
		}
		now := time.Now()
		brief, done := context.WithTimeout(ctx, storeWithin)
		rows, err := e.Store.Claim(brief, Claim{Owner: e.Owner, Now: now, Until: now.Add(e.Lease), Limit: free})
		done()
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, x := range rows {
			e.hand(ctx, x)
		}
		if len(rows) < free {
			return nil
		}
	}
}

// hand gives a leased row to the starters or to the watcher. One that waits for approval is looked after here and now.
func (e *Engine) hand(ctx context.Context, x *Execution) {
	switch x.State {
	case Queued, Starting:
	case AwaitingApproval:
		e.guard(ctx, x, func() { e.remind(ctx, x) })
		return
	default:
		e.follow(x)
		return
	}
	select {
	case e.room <- struct{}{}:
		e.begin(x)
	case <-ctx.Done():
	}
}

// begin gives a leased row, for which there is room, to the starters.
func (e *Engine) begin(x *Execution) {
	e.mu.Lock()
	e.begun[x.ID] = true
	e.mu.Unlock()
	e.starts <- x
}

// storeWithin keeps a connection that hangs from stopping a loop.
const storeWithin = 5 * time.Second

// keepAll extends the leases of what is in hand and learns what others took or changed. A row that is not in hand,
// whatever the reason, is not kept: its lease lapses, and it is claimed again.
func (e *Engine) keepAll(ctx context.Context) {
	tick := time.NewTicker(e.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			e.keep(context.WithoutCancel(ctx), grace+time.Second) // starts in hand go on for a while
			return
		case <-tick.C:
			e.keep(ctx, e.Lease)
		}
	}
}

func (e *Engine) keep(ctx context.Context, lease time.Duration) {
	asked := e.inHand()
	if len(asked) == 0 {
		return
	}
	ctx, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	held, err := e.Store.Keep(ctx, e.Owner, time.Now().Add(lease), asked)
	if err != nil {
		e.Log.Error("keeping leases", "error", err)
		return
	}
	e.reconcile(ctx, asked, held)
}

func (e *Engine) inHand() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := slices.Collect(maps.Keys(e.watched))
	for id := range e.begun {
		if e.watched[id] == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// poison is how many panics an execution may cause before it is set aside for an operator.
const poison = 5

// guard keeps one bad row from stopping the others.
func (e *Engine) guard(ctx context.Context, x *Execution, f func()) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		e.Log.Error("handling execution panicked", "execution", x.ID, "panic", cause)
		x.Attempts++
		x.NextAttempt = time.Now().Add(backoff(x.Attempts))
		if x.Attempts >= poison {
			x.Parked = "it stopped the program's work on it five times"
			if err := e.save(ctx, x); err != nil {
				e.Log.Error("parking execution", "execution", x.ID, "error", err)
			}
		}
		e.postpone(ctx, x)
	}()
	f()
}

func (e *Engine) postpone(ctx context.Context, x *Execution) {
	ctx, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	if err := e.Store.Postpone(ctx, e.Owner, x); err != nil && ctx.Err() == nil {
		e.Log.Error("postponing execution", "execution", x.ID, "error", err)
	}
}

// save writes x and tells whoever listens.
func (e *Engine) save(ctx context.Context, x *Execution) error {
	ctx, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	var next Execution
	err := e.Store.Update(ctx, func(tx Tx) error {
		next = *x
		return put(ctx, tx, &next)
	})
	if err == nil {
		*x = next
		e.changed(x)
	}
	return err
}

func (e *Engine) changed(x *Execution) {
	e.Log.Info("execution changed", "execution", x.ID, "state", string(x.State), "aws_status", x.AWSStatus, "version", x.Version)
	shown := *x
	e.OnChange(&shown)
}
