package slackserver

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	postTextMax   = 40_000 // longer text is cut: docs.slack.dev, chat.postMessage
	updateTextMax = 4_000  // longer text is refused: docs.slack.dev, chat.update
	metadataMax   = 16_000
)

// target finds the conversation of a write; a person's ID means the direct
// conversation. The caller holds mu for writing.
func (c *call) target() (*channel, error) {
	w := c.s.world
	name := c.args["channel"]
	if name == "" {
		return nil, refuse("channel_not_found")
	}
	found := w.channel(name)
	if found == nil && (name[0] == 'U' || name[0] == 'W') {
		if u := w.user(name); u != nil && !u.IsBot {
			found, _ = w.openIM(u, c.now.Unix())
		}
	}
	switch {
	case found == nil, found.IsPrivate && !found.BotMember:
		return nil, refuse("channel_not_found")
	case found.IsArchived:
		return nil, refuse("is_archived")
	case !found.BotMember:
		return nil, refuse("not_in_channel")
	}
	return found, nil
}

func chatPostMessage(c *call) (reply, error) {
	body, err := c.content()
	if err != nil {
		return nil, err
	}
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, err := c.target()
	if err != nil {
		return nil, err
	}
	m := c.s.appMessage(body)
	if err := m.placeInThread(ch, c.args["thread_ts"]); err != nil {
		return nil, err
	}
	m.broadcast = m.threadTS != "" && c.args.bool("reply_broadcast")
	m.username = c.args["username"]
	out := reply{"channel": ch.ID}
	if utf8.RuneCountInString(m.text) > postTextMax {
		m.text = string([]rune(m.text)[:postTextMax])
		out["warning"] = "message_truncated"
		out["response_metadata"] = reply{"warnings": []string{"message_truncated"}}
	}
	w.add(ch, m)
	c.s.changed(ch, m)
	out["ts"], out["message"] = m.ts, w.render(m, true)
	return out, nil
}

// placeInThread sets the thread of a new message; a reply to a reply belongs to
// the root. An unknown root is refused, where Slack would post to the channel:
// a bot that lost its thread should hear of it. The caller holds mu.
func (m *message) placeInThread(ch *channel, ts string) error {
	if ts == "" {
		return nil
	}
	root := ch.byTS[ts]
	if root == nil {
		return refuse("cannot_reply_to_message")
	}
	if root.onlyFor != "" && m.onlyFor == "" {
		return refuse("cannot_reply_to_message")
	}
	if root.threadTS != "" {
		ts = root.threadTS
	}
	m.threadTS = ts
	return nil
}

func chatPostEphemeral(c *call) (reply, error) {
	body, err := c.content()
	if err != nil {
		return nil, err
	}
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, err := c.target()
	if err != nil {
		return nil, err
	}
	u := w.byUserID(c.args["user"])
	if u == nil || u.Deleted || !w.has(ch, u.ID) {
		return nil, refuse("user_not_in_channel")
	}
	if utf8.RuneCountInString(body.text) > postTextMax {
		return nil, refuse("msg_too_long")
	}
	m := c.s.appMessage(body)
	m.onlyFor = u.ID
	if err := m.placeInThread(ch, c.args["thread_ts"]); err != nil {
		return nil, err
	}
	w.add(ch, m)
	c.s.changed(ch, m)
	return reply{"message_ts": m.ts}, nil
}

func chatUpdate(c *call) (reply, error) {
	if utf8.RuneCountInString(c.args["text"]) > updateTextMax {
		return nil, refuse("msg_too_long")
	}
	body, err := c.content()
	if err != nil {
		return nil, err
	}
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := c.ownMessage("cant_update_message")
	if err != nil {
		return nil, err
	}
	w.replace(m, body)
	if body.blocks == nil { // the flag is not shown on updated blocks: docs.slack.dev, chat.update
		m.editedTS = c.s.stamps.next()
	}
	c.s.changed(ch, m)
	return reply{"channel": ch.ID, "ts": m.ts, "text": m.text, "message": w.render(m, true)}, nil
}

func chatDelete(c *call) (reply, error) {
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := c.ownMessage("cant_delete_message")
	if err != nil {
		return nil, err
	}
	w.remove(m)
	c.s.deleted(ch, m)
	return reply{"channel": ch.ID, "ts": m.ts}, nil
}

// ownMessage finds the app's message named by channel and ts. Ephemeral ones
// cannot be found this way. The caller holds mu for writing.
func (c *call) ownMessage(refusal string) (*channel, *message, error) {
	if !c.args.has("ts") {
		return nil, nil, missing("ts")
	}
	ch := c.s.world.byID[c.args["channel"]]
	if ch == nil || ch.IsPrivate && !ch.BotMember {
		return nil, nil, refuse("channel_not_found")
	}
	m := ch.byTS[c.args["ts"]]
	switch {
	case m == nil, m.onlyFor != "":
		return nil, nil, refuse("message_not_found")
	case !m.byApp:
		return nil, nil, refuse(refusal)
	}
	return ch, m, nil
}

func chatGetPermalink(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	ch := w.byID[c.args["channel"]]
	if ch == nil {
		return nil, refuse("channel_not_found")
	}
	m := ch.byTS[c.args["message_ts"]]
	if m == nil || m.onlyFor != "" {
		return nil, refuse("message_not_found")
	}
	link := c.base + "/archives/" + ch.ID + "/p" + strings.ReplaceAll(m.ts, ".", "")
	if m.threadTS != "" && m.threadTS != m.ts {
		link += "?thread_ts=" + m.threadTS + "&cid=" + ch.ID
	}
	return reply{"channel": ch.ID, "permalink": link}, nil
}

// appMessage is a new message by the app.
func (s *Server) appMessage(body content) *message {
	return &message{
		ts: s.stamps.next(), user: s.opt.BotUserID, byApp: true,
		text: body.text, blocks: body.blocks, attach: body.attachments, metadata: body.metadata,
	}
}

// content is what a message says.
type content struct {
	text             string
	blocks           json.RawMessage
	attachments      json.RawMessage
	metadata         json.RawMessage
	attachmentsGiven bool
	metadataGiven    bool
}
