package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// finder looks for messages of ours by their metadata, after it became unclear whether they were
// sent. That needs channels:history (groups:history, im:history); without it the answer is no, and
// a message may be sent twice.
type finder struct {
	api  *slack.Client
	home func(context.Context) (*installation, error)
}

// find takes over what is there. A failure that will not pass counts as nothing found.
func (a *announcer) find(ctx context.Context, c *card) error {
	home, err := a.finder.home(ctx)
	if err != nil {
		return err
	}
	var messages []slack.Message
	root := firstOf(c.thread(), c.e.Announcement.Card)
	if root == "" {
		messages, err = a.finder.history(ctx, c.place(), c.e)
	} else {
		messages, err = a.finder.replies(ctx, c.place(), root, c.e)
	}
	switch classify(err) {
	case fine:
	case limited, broken, unheard:
		return err
	default:
		a.log.Info("cannot look for earlier messages; one may appear twice", "execution", c.e.ID, "error", err)
	}
	c.verify = adopt(c, home, messages) && root == "" // a card that was found may have replies, too
	return nil
}

// history returns the newest messages since e was made. A user ID has none.
func (f finder) history(ctx context.Context, channel string, e *automation.Execution) ([]slack.Message, error) {
	if !isChannel(channel) {
		return nil, nil
	}
	r, err := f.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: since(e), Inclusive: true, Limit: 100, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, err
	}
	return r.Messages, nil
}

// since allows for a clock that is ten minutes off.
func since(e *automation.Execution) string {
	return fmt.Sprintf("%d.000000", e.CreatedAt.Add(-10*time.Minute).Unix())
}

func (f finder) replies(ctx context.Context, channel, root string, e *automation.Execution) ([]slack.Message, error) {
	messages, _, _, err := f.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
		ChannelID: channel, Timestamp: root, Oldest: since(e), Limit: 200, IncludeAllMetadata: true,
	})
	return messages, err
}

// adopt notes the messages that we sent for the execution, and says whether the card was among them.
func adopt(c *card, home *installation, messages []slack.Message) (found bool) {
	for _, m := range messages {
		kind := mine(m, home, c.e.ID)
		switch {
		case kind == kindAsk || kind == emergency: // beside the card, even in its channel
		case kind == "card" && c.e.Announcement.Card == "":
			c.e.Announcement.Channel, c.e.Announcement.Card, c.unsaid = c.place(), m.Timestamp, true
			found = true
		case kind != "card" && kind != "":
			if _, ok := c.e.Announcement.Replies[kind]; !ok {
				c.told(kind, m.Timestamp)
			}
		}
	}
	return found
}

// mine is the kind of a message that we sent for an execution, "" if we did not.
func mine(m slack.Message, home *installation, execution string) string {
	ours := m.User == home.user || m.BotID == home.bot
	if !ours || m.Metadata.EventType != metadataType || m.Metadata.EventPayload["execution"] != execution {
		return ""
	}
	kind, _ := m.Metadata.EventPayload["kind"].(string)
	return kind
}
