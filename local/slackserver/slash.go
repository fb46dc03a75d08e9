package slackserver

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// typedCommand is a slash command as a person gives it; the last fields let a
// script forge one.
type typedCommand struct {
	User      string `json:"user"`
	Channel   string `json:"channel"`
	Command   string `json:"command"`
	Text      string `json:"text"`
	ThreadTS  string `json:"thread_ts,omitempty"`
	Raw       bool   `json:"raw,omitempty"`       // text is sent as it is, without escaping
	Force     bool   `json:"force,omitempty"`     // send a command that is not registered
	Team      string `json:"team,omitempty"`      // instead of the workspace's ID
	App       string `json:"app,omitempty"`       // instead of the app's ID
	Redeliver int    `json:"redeliver,omitempty"` // send the same delivery again, this often
}

// command sends a slash command to the app and shows the person its answer.
func (s *Server) command(ctx context.Context, base string, t typedCommand) (reply, error) {
	w := s.world
	w.mu.RLock()
	u, ch, err := w.place(t.User, t.Channel)
	if err == nil && !t.Raw {
		t.Text = w.escapeTyped(t.Text, true)
	}
	w.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(t.Command, "/") {
		t.Command = "/" + t.Command
	}
	if t.ThreadTS != "" {
		words := t.Command + " is not supported in threads. Sorry!"
		s.say(ch, u.ID, t.ThreadTS, words)
		return nil, &apiError{code: "not_supported_in_threads", extra: map[string]any{"message": words}}
	}
	if !t.Force && !s.registered(t.Command) {
		words := t.Command + " is not a valid command. In Slack, all messages that start with the \"/\" character are interpreted as commands."
		s.say(ch, u.ID, "", words)
		return nil, &apiError{code: "unknown_command", extra: map[string]any{"message": words}}
	}
	k := &hook{channel: ch.ID, user: u.ID, issued: s.now()}
	d := s.seal(delivery{kind: kindCommand, url: s.opt.CommandURL, payload: s.commandPayload(base, t, u, ch, k)})
	out := s.deliver(ctx, d, 0, "")
	if out.code != "" {
		s.again(d, out)
		return nil, s.commandFailed(ch, u, t.Command, out.code)
	}
	if err := s.showAck(k, out); err != nil {
		s.log.Warn("the acknowledgement of a command holds a bad message", "error", err)
		return nil, s.commandFailed(ch, u, t.Command, "invalid_command_response")
	}
	answer := reply{"ok": true, "ack": out.ack}
	if t.Redeliver > 0 {
		answer["redelivered"] = s.repeat(ctx, d, t.Redeliver)
	}
	return answer, nil
}

func (s *Server) registered(command string) bool {
	for _, c := range s.opt.Commands {
		if c.Name == command {
			return true
		}
	}
	return false
}

// commandFailed tells the person in Slack's own words.
func (s *Server) commandFailed(ch *channel, u *User, command, code string) error {
	words := fmt.Sprintf("%s failed with the error \"%s\"", command, code)
	s.say(ch, u.ID, "", words)
	return &apiError{code: code, extra: map[string]any{"message": words}}
}

// commandPayload is the payload of facts that a real one has; every value is
// text, so that it can become a form.
func (s *Server) commandPayload(base string, t typedCommand, u *User, ch *channel, k *hook) json.RawMessage {
	team := nonEmpty(t.Team, s.opt.TeamID)
	name := ch.Name
	if ch.isIM {
		name = "directmessage"
	}
	return toJSON(reply{
		"token": "local", "team_id": team, "team_domain": s.opt.TeamDomain, "channel_id": ch.ID, "channel_name": name,
		"user_id": u.ID, "user_name": u.Name, "command": t.Command, "text": t.Text,
		"api_app_id": nonEmpty(t.App, s.opt.AppID), "is_enterprise_install": "false",
		"response_url": s.hooks.issue(base, "commands", s.opt.TeamID, k),
		"trigger_id":   s.tickets.issue(u.ID, "", s.now()),
	})
}

// showAck turns the acknowledgement of a command into a message.
func (s *Server) showAck(k *hook, out outcome) error {
	a, err := jsonArgs(out.ack)
	if err != nil {
		return err
	}
	if out.plain != "" {
		a["text"] = out.plain
	}
	if a["text"] == "" && empty(a["blocks"]) && empty(a["attachments"]) {
		return nil
	}
	body, err := readContent(a)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return s.answerVia(k, a, body)
}

// say shows one person Slack's own words.
func (s *Server) say(ch *channel, userID, threadTS, words string) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &message{ts: s.stamps.next(), bySlack: true, onlyFor: userID, text: escapeText.Replace(words)}
	if ch.byTS[threadTS] != nil {
		m.threadTS = threadTS
	}
	w.add(ch, m)
	s.changed(ch, m)
}

// place finds who acts where. The caller holds mu.
func (w *workspace) place(who, where string) (*User, *channel, error) {
	u := w.user(who)
	if u == nil {
		return nil, nil, refuse("user_not_found")
	}
	ch := w.channel(where)
	if ch == nil {
		return nil, nil, refuse("channel_not_found")
	}
	if !w.has(ch, u.ID) {
		return nil, nil, refuse("not_in_channel")
	}
	if ch.IsArchived {
		return nil, nil, refuse("is_archived")
	}
	copied := *u
	return &copied, ch, nil
}
