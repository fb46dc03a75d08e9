package bot

import (
	"context"
	"time"
)

// settle decides what a failed step means for the card. nil means that the card goes on, perhaps
// another way; errGone that it is out of hand.
func (a *announcer) settle(ctx context.Context, c *card, err error) error {
	if err == nil {
		if c.doing.kind != stepFind {
			a.mu.Lock()
			delete(a.refused, c.e.ID)
			a.mu.Unlock()
		}
		if c.sent {
			a.plainly(c)
		}
		return nil
	}
	switch classify(err) {
	case limited:
		return nil // the method is closed as long as Slack says; the card waits in hand
	case locked:
		c.wait = time.Now().Add(jittered(30 * time.Second))
		return err
	case unfit:
		return a.simpler(ctx, c, err)
	case blocked:
		return a.elsewhere(ctx, c, err)
	case vanished:
		return a.replace(ctx, c, err)
	case strange:
		return a.insist(ctx, c, err)
	}
	return a.postpone(ctx, c, err)
}

// patience is how often Slack may say a no that we do not know.
const patience = 5

// insist tries again what Slack refuses for a reason that we do not know, and then does without: it goes elsewhere, and
// gives up there.
func (a *announcer) insist(ctx context.Context, c *card, err error) error {
	a.mu.Lock()
	if len(a.refused) >= manyRefused {
		clear(a.refused)
	}
	a.refused[c.e.ID]++
	again := a.refused[c.e.ID] < patience
	if !again {
		delete(a.refused, c.e.ID)
	}
	a.mu.Unlock()
	if again {
		return a.postpone(ctx, c, err)
	}
	return a.elsewhere(ctx, c, err)
}

const manyRefused = 1_000

// plainly remembers for the whole workspace that plans are refused but plain blocks are not.
func (a *announcer) plainly(c *card) {
	if c.looks.form == plain {
		a.noPlans.Store(true)
	}
}

// simpler tries again with less: without a plan, then without blocks.
func (a *announcer) simpler(ctx context.Context, c *card, err error) error {
	if c.looks.form == bare {
		return a.postpone(ctx, c, err)
	}
	c.looks.form++
	a.log.Warn("slack refuses the blocks of a message; trying simpler ones", "execution", c.e.ID, "step", string(c.doing.kind), "error", err)
	return nil
}

// elsewhere goes to a direct message with the person who asked, where the bot may always write.
// A card that cannot be updated any more is replaced only at the end.
func (a *announcer) elsewhere(ctx context.Context, c *card, err error) error {
	n := &c.e.Announcement
	switch {
	case c.away() || !isUser(c.e.Requester):
		return a.giveUp(ctx, c, err)
	case n.Card != "" && !c.e.State.Terminal():
		a.log.Warn("a card cannot be changed now", "execution", c.e.ID, "error", err)
		return a.giveUp(ctx, c, nil)
	}
	a.log.Warn("may not write in the channel; the person who asked is told directly", "execution", c.e.ID, "channel", c.e.Channel, "error", err)
	n.Channel, n.Card, n.Replies = c.e.Requester, "", aside(n.Replies)
	return nil
}

// replace posts a card anew that somebody deleted, or leaves a thread that is gone, once.
func (a *announcer) replace(ctx context.Context, c *card, err error) error {
	n := &c.e.Announcement
	if n.Replies[lost] != "" {
		return a.giveUp(ctx, c, err)
	}
	gone := n.Card
	if c.doing.kind != stepUpdate {
		gone = firstOf(c.thread(), n.Card)
	}
	if gone == c.e.Thread || n.Card == "" && c.thread() != "" {
		// The thread is gone: the card, if there is one, becomes the thread.
		c.told(lost, c.e.Thread)
		return nil
	}
	n.Card, n.Replies = "", aside(n.Replies)
	c.told(lost, gone)
	return nil
}

// aside is what Replies remembers about messages beside the card, which stay where they are.
func aside(replies map[string]string) map[string]string {
	var kept map[string]string
	for _, kind := range []string{besideHere, besideLost, besideOver, emergency} {
		if ts, ok := replies[kind]; ok {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[kind] = ts
		}
	}
	return kept
}

// giveUp counts the version as told although nobody can be told.
func (a *announcer) giveUp(ctx context.Context, c *card, err error) error {
	if err != nil {
		a.log.Error("nobody can be told about an execution", "execution", c.e.ID, "state", string(c.e.State), "error", err)
	}
	c.shown = c.e.Version
	return a.save(ctx, c, true)
}
