package slackserver

import (
	"context"
	"strings"
)

// typedMessage is what a person writes; the last fields let a script forge the
// event that it causes.
type typedMessage struct {
	User      string `json:"user"`
	Channel   string `json:"channel"`
	Text      string `json:"text"`
	ThreadTS  string `json:"thread_ts,omitempty"`
	Raw       bool   `json:"raw,omitempty"`
	Team      string `json:"team,omitempty"`
	App       string `json:"app,omitempty"`
	BotID     string `json:"bot_id,omitempty"` // as if a bot had written it
	Redeliver int    `json:"redeliver,omitempty"`
}

const typedMax = 40_000

// speak stores a person's message and tells the app when it is mentioned or
// written to directly. A direct conversation is made when the channel is
// "@handrail" or the app's user ID.
func (s *Server) speak(_ context.Context, _ string, t typedMessage) (reply, error) {
	if strings.TrimSpace(t.Text) == "" {
		return nil, refuse("no_text")
	}
	if len(t.Text) > typedMax {
		return nil, refuse("msg_too_long")
	}
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if app := w.user(t.Channel); app != nil && app.ID == w.bot.userID {
		if u := w.user(t.User); u != nil && !u.IsBot {
			ch, existed := w.openIM(u, s.now().Unix())
			t.Channel = ch.ID
			if !existed {
				s.channelsChanged()
			}
		}
	}
	u, ch, err := w.place(t.User, t.Channel)
	if err != nil {
		return nil, err
	}
	m := &message{ts: s.stamps.next(), user: u.ID, text: t.Text}
	if !t.Raw {
		m.text = w.escapeTyped(t.Text, false)
	}
	if err := m.placeInThread(ch, t.ThreadTS); err != nil {
		return nil, err
	}
	w.add(ch, m)
	s.changed(ch, m)
	answer := reply{"ok": true, "channel": ch.ID, "ts": m.ts}
	if id := s.announce(ch, u, m, t); id != "" {
		answer["event_id"] = id
	}
	return answer, nil
}

// announce sends the app what it is subscribed to. The caller holds mu.
func (s *Server) announce(ch *channel, u *User, m *message, t typedMessage) string {
	event := reply{
		"user": u.ID, "text": m.text, "ts": m.ts, "event_ts": m.ts, "channel": ch.ID,
		"team": s.opt.TeamID, "user_team": u.TeamID, "source_team": u.TeamID, "client_msg_id": randomHex(16),
	}
	if t.BotID != "" {
		event["bot_id"] = t.BotID
	}
	if m.threadTS != "" {
		event["thread_ts"] = m.threadTS
		if root := ch.byTS[m.threadTS]; root != nil {
			event["parent_user_id"] = root.user
		}
	}
	o := eventOptions{team: t.Team, app: t.App, shared: ch.IsExtShared, redeliver: t.Redeliver}
	switch {
	case ch.isIM:
		event["type"], event["channel_type"] = "message", "im"
		return s.emit("message.im", event, o)
	case ch.BotMember && strings.Contains(m.text, "<@"+s.opt.BotUserID):
		event["type"] = "app_mention"
		return s.emit("app_mention", event, o)
	}
	return ""
}
