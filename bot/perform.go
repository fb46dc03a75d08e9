package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// errGone says that a card is no longer in hand: told in full, postponed, or taken by another.
var errGone = errors.New("no longer in hand")

// step is the next thing to do for a card.
type step struct {
	kind   stepKind
	method method // what it costs; "" if nothing
	reply  string // for stepReply
}

type stepKind string

const (
	stepFind   stepKind = "find"   // look for messages that the row does not know of
	stepPost   stepKind = "post"   // the first card
	stepUpdate stepKind = "update" // the card
	stepReply  stepKind = "reply"  // in the thread
	stepSave   stepKind = "save"   // everything is told
)

// lost is the entry of Replies that remembers a message or thread which is gone, so that it is
// replaced once only.
const lost = "lost"

// next derives the next step from the row alone.
func (c *card) next() step {
	a := c.e.Announcement
	switch {
	case c.unsaid:
		return step{kind: stepSave}
	case c.verify && a.Card == "" && c.thread() == "":
		return step{kind: stepFind, method: methodHistory}
	case c.verify:
		return step{kind: stepFind, method: methodReplies}
	case a.Card == "":
		return step{kind: stepPost, method: methodPost}
	case c.shown < c.e.Version:
		return step{kind: stepUpdate, method: methodUpdate}
	}
	if kind := missing(c.e); kind != "" {
		return step{kind: stepReply, method: methodPost, reply: kind}
	}
	last := c.beside()
	switch {
	case last.kind == stepSave:
	case c.hint.version > max(c.e.Version, c.heard): // what the card shows is behind: that comes first
		return step{kind: stepUpdate, method: methodUpdate}
	case time.Now().Before(c.rest):
		return step{kind: stepRest}
	}
	return last
}

// resting says whether the card waits in hand for something beside it.
func (c *card) resting() bool { return !c.busy && (c.doing.kind == stepRest || c.doing.aside()) }

// missing is the first thread reply that e wants and that is not there, "" if none.
func missing(e *automation.Execution) string {
	for _, kind := range replies(e) {
		if _, ok := e.Announcement.Replies[kind]; !ok {
			return kind
		}
	}
	return ""
}

// place is the channel, or the user, that the card goes to.
func (c *card) place() string { return firstOf(c.e.Announcement.Channel, c.e.Channel) }

// away says that the card is not where it was asked for.
func (c *card) away() bool { return c.place() != c.e.Channel }

// thread is where the card goes: the thread it was asked in, "" at the top of the channel.
func (c *card) thread() string {
	if c.away() || c.e.Announcement.Replies[lost] == c.e.Thread {
		return ""
	}
	return c.e.Thread
}

// perform does c.doing. It runs beside the loop, which leaves a busy card alone but for c.stale.
func (a *announcer) perform(ctx context.Context, c *card) {
	defer func() {
		if cause := recover(); cause != nil {
			c.err = a.postpone(ctx, c, fmt.Errorf("announcing panicked: %v", cause))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	if c.doing.kind == stepUpdate {
		a.reread(ctx, c)
	}
	var err error
	switch c.doing.kind {
	case stepFind:
		err = a.find(ctx, c)
	case stepPost:
		err = a.post(ctx, c)
	case stepUpdate:
		err = a.update(ctx, c)
	case stepReply:
		err = a.reply(ctx, c)
	case stepAskFind, stepAskPost, stepAskUpdate, stepEmergency:
		err = a.doBeside(ctx, c)
	}
	if c.doing.method != "" {
		a.limits.learn(c.doing.method, err)
	}
	if c.doing.aside() {
		c.err = a.settleBeside(ctx, c, err)
	} else {
		c.err = a.settle(ctx, c, err)
	}
	if c.err == nil && (c.unsaid || c.whole()) {
		c.err = a.save(ctx, c, c.whole())
	}
}

// whole says whether Slack has been told everything that the row in hand says.
func (c *card) whole() bool {
	return c.e.Announcement.Card != "" && c.shown >= c.e.Version && missing(c.e) == "" && !c.verify && c.beside().kind == stepSave
}

// reread takes the newest row, so that what is sent is what is true now. What Slack has been told
// is kept from the card in hand: nobody else writes it while we hold it.
func (a *announcer) reread(ctx context.Context, c *card) {
	ctx, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	e, err := a.store.Execution(ctx, c.e.ID)
	if err != nil || e.Version < c.e.Version {
		return // the row in hand will do; a newer one is claimed later
	}
	e.Announcement = c.e.Announcement
	c.e = e
}

// first is what the first card shows: what was accepted, so that people see it before the end of a quick run, or what is
// true now if that was a while ago. A row that this process accepted has gone on only after it heard of the birth, so
// that is looked for again after a look at the row.
func (a *announcer) first(ctx context.Context, c *card) *automation.Execution {
	birth := a.birth(c.e.ID)
	if birth == nil {
		a.reread(ctx, c)
		birth = a.birth(c.e.ID)
	}
	if birth == nil {
		return c.e
	}
	shown := *birth
	shown.Announcement = c.e.Announcement
	return &shown
}

func (a *announcer) post(ctx context.Context, c *card) error {
	e := a.first(ctx, c)
	m := c.looks.card(e)
	opts := append(options(m), slack.MsgOptionMetadata(metadata(e, "card")))
	if ts := c.thread(); ts != "" {
		opts = append(opts, slack.MsgOptionTS(ts))
	}
	version := e.Version
	channel, ts, err := a.api.PostMessageContext(ctx, c.place(), opts...)
	if err == nil && ts == "" {
		err = errNoStamp
	}
	if err != nil {
		return err
	}
	if c.away() || channel != c.e.Channel {
		c.e.Announcement.Channel = channel
	} else {
		c.e.Announcement.Channel = c.e.Channel
	}
	c.e.Announcement.Card, c.shown, c.unsaid, c.sent = ts, version, true, true
	return nil
}

// errNoStamp is an answer of Slack that says neither yes nor no.
var errNoStamp = errors.New("slack's answer has no message timestamp")

func (a *announcer) update(ctx context.Context, c *card) error {
	m := c.looks.card(c.e)
	version := c.e.Version
	opts := append(options(m), slack.MsgOptionMetadata(metadata(c.e, "card")))
	_, _, _, err := a.api.UpdateMessageContext(ctx, c.place(), c.e.Announcement.Card, opts...)
	if err == nil {
		c.shown, c.sent = version, true
	}
	return err
}

func (a *announcer) reply(ctx context.Context, c *card) error {
	m := c.looks.reply(c.e, c.doing.reply)
	opts := append(options(m), slack.MsgOptionMetadata(metadata(c.e, c.doing.reply)), slack.MsgOptionTS(firstOf(c.thread(), c.e.Announcement.Card)))
	_, ts, err := a.api.PostMessageContext(ctx, c.place(), opts...)
	if err == nil && ts == "" {
		err = errNoStamp
	}
	if err == nil {
		c.told(c.doing.reply, ts)
	}
	return err
}

// told notes a reply. The map is replaced, since the row that was claimed may be read elsewhere.
func (c *card) told(kind, ts string) {
	replies := maps.Clone(c.e.Announcement.Replies)
	if replies == nil {
		replies = map[string]string{}
	}
	replies[kind] = ts
	c.e.Announcement.Replies, c.unsaid = replies, true
}

// save writes what Slack has been told. A whole announcement is given back with it.
func (a *announcer) save(ctx context.Context, c *card, whole bool) error {
	n := c.e.Announcement
	if whole {
		n.Version, n.Attempts, n.NextAttempt = c.shown, 0, time.Time{}
	}
	// What was said is remembered even if the call to Slack took all its time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	err := a.store.SaveAnnouncement(ctx, a.owner, c.e.ID, n)
	switch {
	case errors.Is(err, automation.ErrStale) || errors.Is(err, automation.ErrNotFound):
		a.log.Warn("another replica has taken an announcement", "execution", c.e.ID)
		return errGone
	case err != nil:
		c.wait = time.Now().Add(jittered(a.retry))
		c.unsaid = true
		return fmt.Errorf("remembering what slack was told: %w", err)
	case whole:
		return errGone
	}
	c.e.Announcement, c.unsaid = n, false
	return nil
}

// postpone gives the card back until later, longer each time. What failed may have been done all the
// same, so whoever takes it up again looks first.
func (a *announcer) postpone(ctx context.Context, c *card, cause error) error {
	c.verify = true
	n := &c.e.Announcement
	n.Attempts++
	n.NextAttempt = time.Now().Add(jittered(min(a.retry<<min(n.Attempts-1, 10), 10*a.retry)))
	if err := a.save(ctx, c, false); err != nil && !errors.Is(err, errGone) {
		return errors.Join(cause, err)
	}
	a.log.Warn("announcing later", "execution", c.e.ID, "step", string(c.doing.kind), "attempts", n.Attempts, "error", redacted(cause))
	return errGone
}

// jittered is between three quarters and five quarters of d.
func jittered(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(rand.Int64N(int64(d/2)+1))
}

// metadata marks our messages, so that one can be found again.
func metadata(e *automation.Execution, kind string) slack.SlackMetadata {
	return slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"execution": e.ID, "kind": kind}}
}

const metadataType = "handrail_execution"
