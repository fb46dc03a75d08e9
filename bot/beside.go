package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// Messages beside the card: the one in the approvers' channel, which shows the row as the card does until people have
// decided, and the one that tells a channel of a break-glass run. They come after the card and its thread, and whatever
// becomes of them, the card goes on.

// What Replies remembers about messages beside the card.
const (
	besideHere = "approvers:here" // the approvers' channel is the one that has the card
	besideLost = "approvers:lost" // it cannot be reached
	besideOver = "approvers:over" // its message shows what became of it, for good
	emergency  = "emergency"      // ts of the message about a break-glass run, or notTold
)

const notTold = "lost"

const (
	stepAskPost   stepKind = "ask-post"   // the approvers' message
	stepAskUpdate stepKind = "ask-update" // the same, changed
	stepAskFind   stepKind = "ask-find"   // look for it after an unclear failure
	stepEmergency stepKind = "emergency"  // tell of a break-glass run
	stepRest      stepKind = "rest"       // wait before another try
)

// kindAsk marks the approvers' message in its metadata.
const kindAsk = "approvers"

const (
	besideTries  = 6               // about half a minute, then the card says that it could not be done
	besideWithin = 5 * time.Second // a call beside the card holds up the card no longer than this
)

// askPlace is the approvers' channel as the policy names it, or its ID once it is known; "" if there is none.
func askPlace(e *automation.Execution) string {
	if e.Announcement.AskChannel != "" {
		return e.Announcement.AskChannel
	}
	for _, n := range needs(e) {
		if n.Channel != "" {
			return n.Channel
		}
	}
	return ""
}

// decided says whether the wait for approvals is over and what came of it is known.
func decided(e *automation.Execution) bool {
	switch e.State {
	case automation.AwaitingApproval, automation.Queued, automation.Starting:
		return false
	}
	return true
}

// beside is the next message beside the card that is not as the row says, stepSave if all are.
func (c *card) beside() step {
	n := c.e.Announcement
	has := func(kind string) bool { return n.Replies[kind] != "" }
	place := askPlace(c.e)
	switch {
	case place == "" || has(besideHere) || has(besideLost) || has(besideOver):
	case n.AskCard == "" && awaits(c.e) && c.unsure && isChannel(place):
		return step{kind: stepAskFind, method: methodHistory}
	case n.AskCard == "" && awaits(c.e):
		return step{kind: stepAskPost, method: methodPost}
	case n.AskCard != "" && n.Asked < c.e.Version:
		return step{kind: stepAskUpdate, method: methodUpdate}
	}
	started := c.e.AWSID != "" // whatever became of its rule since, the card says that nobody was told
	if c.e.BreakGlass && c.looks.emergency != nil && !has(emergency) && (started || c.looks.notified(c.e) != "") {
		return step{kind: stepEmergency, method: methodPost}
	}
	return step{kind: stepSave}
}

// notified is the channel that is told of a break-glass run, "" if none is.
func (l look) notified(e *automation.Execution) string {
	if l.emergency == nil || !e.BreakGlass {
		return ""
	}
	return l.emergency(e.Rule)
}

// aside says whether the call in flight is beside the card.
func (s step) aside() bool {
	return s.kind == stepAskPost || s.kind == stepAskUpdate || s.kind == stepAskFind || s.kind == stepEmergency
}

// target is where a step writes.
func (c *card) target() string {
	switch c.doing.kind {
	case stepAskPost, stepAskUpdate, stepAskFind:
		return askPlace(c.e)
	case stepEmergency:
		return c.looks.notified(c.e)
	}
	return c.place()
}

// doBeside performs a step beside the card.
func (a *announcer) doBeside(ctx context.Context, c *card) error {
	ctx, cancel := context.WithTimeout(ctx, besideWithin)
	defer cancel()
	switch c.doing.kind {
	case stepAskFind:
		return a.findAsk(ctx, c)
	case stepAskPost:
		return a.postAsk(ctx, c)
	case stepAskUpdate:
		return a.updateAsk(ctx, c)
	}
	return a.postEmergency(ctx, c)
}

func (a *announcer) postAsk(ctx context.Context, c *card) error {
	place := askPlace(c.e)
	if a.same(ctx, place, c.place()) {
		c.told(besideHere, "yes")
		return nil
	}
	version := c.e.Version
	opts := append(options(c.looks.askCard(c.e)), slack.MsgOptionMetadata(metadata(c.e, kindAsk)))
	channel, ts, err := a.api.PostMessageContext(ctx, place, opts...)
	if err == nil && ts == "" {
		err = errNoStamp
	}
	if err == nil {
		n := &c.e.Announcement
		n.AskChannel, n.AskCard, n.Asked, c.unsaid = firstOf(channel, place), ts, version, true
	}
	return err
}

// same says whether a channel as the policy names it is the one with this ID.
func (a *announcer) same(ctx context.Context, named, id string) bool {
	if named == id {
		return true
	}
	if isChannel(named) || a.channel == nil || !isChannel(id) {
		return false
	}
	channel, err := a.channel(ctx, id)
	return err == nil && channel.Name != "" && channel.Name == strings.TrimPrefix(named, "#")
}

func (a *announcer) updateAsk(ctx context.Context, c *card) error {
	n := &c.e.Announcement
	version, over := c.e.Version, decided(c.e)
	opts := append(options(c.looks.askCard(c.e)), slack.MsgOptionMetadata(metadata(c.e, kindAsk)))
	_, _, _, err := a.api.UpdateMessageContext(ctx, n.AskChannel, n.AskCard, opts...)
	if err == nil {
		n.Asked, c.unsaid = version, true
		if over {
			c.told(besideOver, n.AskCard)
		}
	}
	return err
}

// findAsk takes over a message that was sent without our learning so.
func (a *announcer) findAsk(ctx context.Context, c *card) error {
	home, err := a.finder.home(ctx)
	if err != nil {
		return err
	}
	place := askPlace(c.e)
	messages, err := a.finder.history(ctx, place, c.e)
	switch classify(err) {
	case fine:
	case limited, broken, unheard:
		return err
	default:
		a.log.Info("cannot look for an earlier message; it may appear twice", "execution", c.e.ID, "error", err)
	}
	c.unsure = false
	for _, m := range messages {
		if mine(m, home, c.e.ID) == kindAsk {
			n := &c.e.Announcement
			n.AskChannel, n.AskCard, n.Asked, c.unsaid = place, m.Timestamp, 0, true
		}
	}
	return nil
}

var errNoRule = errors.New("the emergency rule is not in the policy any more")

func (a *announcer) postEmergency(ctx context.Context, c *card) error {
	place := c.looks.notified(c.e)
	if place == "" {
		a.abandon(c, errNoRule)
		return nil
	}
	opts := append(options(c.looks.emergencyNotice(c.e)), slack.MsgOptionMetadata(metadata(c.e, emergency)))
	_, ts, err := a.api.PostMessageContext(ctx, place, opts...)
	if err == nil {
		c.told(emergency, firstOf(ts, "sent"))
	}
	return err
}

// settleBeside decides what a failure beside the card means. The card stays in hand: nothing about it is postponed.
func (a *announcer) settleBeside(ctx context.Context, c *card, err error) error {
	class := classify(err)
	switch {
	case class == fine:
		c.tries = 0
		return nil
	case class == limited:
		return nil // the method is closed as long as Slack says
	case class == locked && !without(err):
		c.rest = time.Now().Add(jittered(30 * time.Second))
		return err
	case class == unfit && c.looks.form != bare:
		return a.simpler(ctx, c, err)
	case class == vanished && c.doing.kind == stepAskUpdate:
		c.told(besideOver, "gone") // somebody deleted it; the card has it all
		return nil
	}
	c.tries++
	if class == broken {
		c.unsure = true
	}
	if class == blocked || class == vanished || class == unfit || class == locked || c.tries >= besideTries {
		a.abandon(c, err)
		return nil
	}
	c.rest = time.Now().Add(jittered(min(a.retry<<min(c.tries-1, 10), 10*a.retry)))
	return err
}

// without says whether Slack's no is about this channel and not about our token.
func without(err error) bool {
	var no slack.SlackErrorResponse
	return errors.As(err, &no) && (no.Err == "no_permission" || no.Err == "missing_scope")
}

// abandon remembers that a message beside the card cannot be sent, and lets the card say so.
func (a *announcer) abandon(c *card, err error) {
	kind := besideLost
	switch {
	case c.doing.kind == stepEmergency:
		kind = emergency
	case c.doing.kind == stepAskUpdate:
		kind = besideOver
	}
	a.log.Error("a channel that the policy names cannot be told", "execution", c.e.ID, "channel", c.target(), "step", string(c.doing.kind), "error", redacted(err))
	c.told(kind, notTold)
	c.tries, c.shown = 0, min(c.shown, c.e.Version-1)
}

// untold says which channels could not be told.
func untold(e *automation.Execution) (lines []string) {
	n := e.Announcement.Replies
	switch {
	case !awaits(e):
	case !callable(e) && (askPlace(e) == "" || n[besideLost] != ""):
		lines = append(lines, "⚠️ I may not write where this was asked, so nobody who may approve sees it. Tell them: "+code("/runbook approve "+e.Ref))
	case n[besideLost] != "":
		lines = append(lines, "⚠️ I could not reach the approvers' channel "+spot(askPlace(e))+". Whoever may approve can do it here.")
	}
	if n[emergency] == notTold {
		lines = append(lines, "⚠️ I could not tell the channel that the policy names for this. Tell them.")
	}
	return lines
}

// elsewhereAsked is the part of the small print about the approvers' channel.
func elsewhereAsked(e *automation.Execution) []string {
	n := e.Announcement.Replies
	if at := askPlace(e); at != "" && n[besideHere] == "" && n[besideLost] == "" && (awaits(e) || e.Announcement.AskCard != "") {
		return []string{"approvers asked in " + spot(at)}
	}
	return nil
}

// spot shows a channel by ID or by name.
func spot(id string) string {
	if isChannel(id) {
		return "<#" + id + ">"
	}
	return code(id)
}
