package automation

import (
	"context"
	"time"
)

// slowest is the longest time between two looks at an execution in which nothing changes.
const slowest = 60 * time.Second

// stepTries is how often the last list of steps is asked for before the end is shown without it.
const stepTries = 5

// watch is one leased execution that AWS works on. Engine.mu guards it; x is replaced, never changed.
type watch struct {
	x      *Execution
	next   time.Time // when to look again
	calm   time.Time // since when nothing changed
	tries  int       // failed attempts at the steps
	missed time.Time // since when AWS does not list it; zero if it does
	stopAt time.Time // when to ask AWS to stop it; zero if that is not wanted, or done
	stops  int       // failed attempts at the stop

	signalAt time.Time // when to send what was decided about a step; zero is at once
	signals  int       // failed attempts at that

	trusted bool // AWS is known to run what was decided, or known not to and told of
	doubts  int  // failed attempts to find that out
	fouled  bool // it runs something else
}

// follow begins to watch x.
func (e *Engine) follow(x *Execution) {
	now := time.Now()
	w := &watch{x: x, next: now, calm: now, fouled: fouled(x), trusted: fouled(x) || x.AWSStatus != ""}
	if x.CancelBy != "" || w.fouled {
		w.stopAt = now
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watched[x.ID] = w
	e.counted()
}

// amend changes the watch of an execution, if there still is one.
func (e *Engine) amend(id string, f func(*watch)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.watched[id]; w != nil {
		f(w)
	}
}

func (e *Engine) drop(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.watched, id)
	e.counted()
}

// watchAll looks at what is due, several times a second at most, and sleeps while nothing is watched.
func (e *Engine) watchAll(ctx context.Context) {
	e.whileBusy(ctx, e.Poll/4, func() {
		for region, due := range e.due() {
			for len(due) > 0 && ctx.Err() == nil {
				n := min(len(due), DescribeBatch)
				e.look(ctx, region, due[:n])
				due = due[n:]
			}
		}
	})
}

// whileBusy runs f every d while something is watched, until ctx ends.
func (e *Engine) whileBusy(ctx context.Context, d time.Duration, f func()) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.busy():
		}
		timer.Reset(d)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			f()
		}
	}
}

// busy returns a channel that is closed while something is watched.
func (e *Engine) busy() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.some
}

// counted opens or closes the channel of busy after watched has changed. The caller holds mu.
func (e *Engine) counted() {
	select {
	case <-e.some:
		if len(e.watched) == 0 {
			e.some = make(chan struct{})
		}
	default:
		if len(e.watched) > 0 {
			close(e.some)
		}
	}
}

// due returns what to look at now, by Region.
func (e *Engine) due() map[string][]*Execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	var by map[string][]*Execution
	for _, w := range e.watched {
		if now.Before(w.next) {
			continue
		}
		if by == nil {
			by = map[string][]*Execution{}
		}
		by[w.x.Region] = append(by[w.x.Region], w.x)
	}
	return by
}

// look asks AWS about a batch in one call and takes in the answers.
func (e *Engine) look(ctx context.Context, region string, batch []*Execution) {
	ids := make([]string, len(batch))
	for i, x := range batch {
		ids[i] = x.AWSID
	}
	os, err := e.AWS.Describe(ctx, region, ids)
	if err != nil && kindOf(err) == Rejected && len(batch) > 1 { // one of them spoils it for the others
		for i := range batch {
			e.look(ctx, region, batch[i:i+1])
		}
		return
	}
	if err != nil {
		e.Log.Warn("looking at automations", "region", region, "count", len(ids), "error", err)
	}
	seen := map[string]Observation{}
	for _, o := range os {
		seen[o.AWSID] = o
	}
	for _, x := range batch {
		o, ok := seen[x.AWSID]
		switch {
		case ok:
			e.guard(ctx, x, func() { e.observe(ctx, x, o) })
		case err == nil:
			e.guard(ctx, x, func() { e.unlisted(ctx, x) })
		}
		e.amend(x.ID, func(w *watch) { w.next = time.Now().Add(e.pause(w)) })
	}
}

// AWS's lists are eventually consistent, so a new automation may be missing for a while. One that is missing for longer
// was started elsewhere than we look, or is older than the 30 days that AWS remembers.
const (
	unlistedAfter  = time.Minute
	forgottenAfter = 24 * time.Hour
)

// unlisted says that AWS does not list an automation, and in the end gives up on it.
func (e *Engine) unlisted(ctx context.Context, x *Execution) {
	const note = "AWS does not list this automation. Is it the right account, Region and endpoint?"
	var since time.Time
	e.amend(x.ID, func(w *watch) {
		if w.missed.IsZero() {
			w.missed = time.Now()
		}
		since = w.missed
	})
	next := *x
	switch {
	case since.IsZero() || time.Since(since) < unlistedAfter:
		return
	case time.Since(since) > forgottenAfter:
		next.State, next.EndedAt = StartUnknown, time.Now()
		next.Note = "AWS has not listed this automation for a day, so nobody can say how it ended. Please look there."
	case x.Note == note, fouled(x):
		return
	default:
		next.Note = note
	}
	e.Log.Warn("an automation is not listed", "execution", x.ID, "aws_execution", x.AWSID, "region", x.Region)
	e.write(ctx, &next)
}

// pause grows from Poll towards a minute while nothing changes.
func (e *Engine) pause(w *watch) time.Duration {
	return max(e.Poll, min(time.Since(w.calm)/20, slowest))
}

// observe takes one answer in. Steps are fetched only when the status or the current step changed.
func (e *Engine) observe(ctx context.Context, x *Execution, o Observation) {
	if !e.examined(ctx, x, o) {
		return
	}
	next := *x
	changed := fold(&next, o, e.Log)
	tries := 0
	e.amend(x.ID, func(w *watch) { tries, w.missed = w.tries, time.Time{} })
	if !changed && tries == 0 {
		return
	}
	steps, err := e.AWS.Steps(ctx, next.Region, next.AWSID)
	if err != nil {
		e.Log.Warn("reading steps", "execution", next.ID, "error", err)
		if tries+1 < stepTries {
			e.amend(x.ID, func(w *watch) { w.tries++ })
			return
		}
	} else {
		changed = foldSteps(&next, steps) || changed
		e.expectAnswers(&next)
	}
	e.amend(x.ID, func(w *watch) { w.tries = 0 })
	if changed {
		e.write(ctx, &next)
	}
}

// write saves what was observed. After a clash it takes over the other's change, and the next look goes on from there.
func (e *Engine) write(ctx context.Context, x *Execution) {
	switch err := e.save(ctx, x); {
	case isStale(err):
		e.reload(ctx, x.ID)
	case err != nil:
		e.Log.Error("writing what AWS reports", "execution", x.ID, "error", err)
	case x.State.Terminal():
		e.drop(x.ID)
	default:
		e.amend(x.ID, func(w *watch) {
			if w.x.Version < x.Version { // not if a cancel was read meanwhile
				w.x, w.calm = x, time.Now()
			}
		})
	}
}

// reload reads a row that somebody else changed, and follows it from there.
func (e *Engine) reload(ctx context.Context, id string) {
	stored, err := e.Store.Execution(ctx, id)
	switch {
	case err != nil:
		e.Log.Error("reading an execution again", "execution", id, "error", err)
	case stored.State.Terminal():
		e.drop(id)
	default:
		e.amend(id, func(w *watch) {
			wanted := stored.CancelBy != "" && w.x.CancelBy == ""
			w.x, w.next, w.calm = stored, time.Now(), time.Now()
			if wanted {
				w.stopAt = w.next
			}
		})
	}
}

// reconcile compares what we asked to keep with what the store says we hold.
func (e *Engine) reconcile(ctx context.Context, asked []string, held map[string]int64) {
	var stale []string
	e.mu.Lock()
	for _, id := range asked {
		w := e.watched[id]
		version, ours := held[id]
		switch {
		case w == nil:
		case !ours:
			delete(e.watched, id) // another replica took it
		case version != w.x.Version:
			stale = append(stale, id)
		}
	}
	e.counted()
	e.mu.Unlock()
	for _, id := range stale {
		e.reload(ctx, id)
	}
}
