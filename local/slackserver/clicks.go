package slackserver

import (
	"context"
	"encoding/json"
	"slices"
)

// click is a use of one element of a message or a view, as POST
// /control/action takes it; the last fields let a script forge one.
type click struct {
	User      string          `json:"user"`
	Channel   string          `json:"channel"`
	MessageTS string          `json:"message_ts"`
	ViewID    string          `json:"view_id,omitempty"` // instead of a message
	ActionID  string          `json:"action_id"`
	BlockID   string          `json:"block_id,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"` // text, or a list of texts
	Force     bool            `json:"force,omitempty"` // even what the message does not hold
	Team      string          `json:"team,omitempty"`
	App       string          `json:"app,omitempty"`
	Redeliver int             `json:"redeliver,omitempty"`
}

// element is an interactive element and the block it stands in.
type element struct {
	block string
	spec  map[string]any
}

// act sends a click to the app.
func (s *Server) act(ctx context.Context, base string, t click) (reply, error) {
	payload, err := s.actionPayload(base, t)
	if err != nil {
		return nil, err
	}
	d, out, err := s.interact(ctx, payload)
	if err != nil {
		return nil, err
	}
	answer := reply{"ok": true, "ack": out.ack}
	if t.Redeliver > 0 {
		answer["redelivered"] = s.repeat(ctx, d, t.Redeliver)
	}
	return answer, nil
}

// interact sends a click or a form to the app. What the app does not answer comes again, as Slack does it.
func (s *Server) interact(ctx context.Context, payload json.RawMessage) (delivery, outcome, error) {
	d := s.seal(delivery{kind: kindInteract, url: s.opt.InteractivityURL, payload: payload})
	out := s.deliver(ctx, d, 0, "")
	if out.code != "" {
		s.again(d, out)
		return d, out, refuse(out.code)
	}
	return d, out, nil
}

func (s *Server) actionPayload(base string, t click) (json.RawMessage, error) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(t.User)
	if u == nil {
		return nil, refuse("user_not_found")
	}
	payload := s.interaction("block_actions", u, t.Team, t.App)
	var err error
	var found element
	if t.ViewID != "" {
		found, err = s.inView(payload, u, t)
	} else {
		found, err = s.inMessage(payload, base, u, t)
	}
	if err != nil {
		return nil, err
	}
	value, err := chosen(found.spec, t.Value, t.Force)
	if err != nil {
		return nil, err
	}
	action := reply{"action_id": t.ActionID, "block_id": found.block, "type": nonEmpty(text(found.spec["type"]), "button"), "action_ts": s.stamps.next()}
	for _, key := range []string{"text", "style", "placeholder", "confirm", "url"} {
		if v, given := found.spec[key]; given {
			action[key] = v
		}
	}
	for key, v := range value {
		action[key] = v
	}
	payload["actions"] = []reply{action}
	payload["trigger_id"] = s.tickets.issue(u.ID, t.ViewID, s.now())
	return toJSON(payload), nil
}

// interaction is what every interactive payload begins with.
func (s *Server) interaction(kind string, u *User, team, app string) reply {
	return reply{
		"type": kind, "token": "local", "api_app_id": nonEmpty(app, s.opt.AppID), "enterprise": nil, "is_enterprise_install": false,
		"team": reply{"id": nonEmpty(team, s.opt.TeamID), "domain": s.opt.TeamDomain},
		"user": reply{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
	}
}

// inMessage finds the element in a stored message that the person sees, and
// describes the message in the payload. The caller holds mu for writing.
func (s *Server) inMessage(payload reply, base string, u *User, t click) (element, error) {
	w := s.world
	_, ch, err := w.place(t.User, t.Channel)
	if err != nil {
		return element{}, err
	}
	m := ch.byTS[t.MessageTS]
	if m == nil || !m.seenBy(u.ID) {
		return element{}, refuse("message_not_found")
	}
	found, ok := pick(m.elements(), u.ID, t)
	if !ok && !t.Force {
		return element{}, refuse("action_not_found")
	}
	name := ch.Name
	if ch.isIM {
		name = "directmessage"
	}
	container := reply{"type": "message", "message_ts": m.ts, "channel_id": ch.ID, "is_ephemeral": m.onlyFor != ""}
	if m.threadTS != "" {
		container["thread_ts"] = m.threadTS
	}
	k := &hook{channel: ch.ID, user: u.ID, threadTS: otherThan(m.threadTS, m.ts), original: m.ts, issued: s.now()}
	payload["container"] = container
	payload["channel"] = reply{"id": ch.ID, "name": name}
	payload["message"] = w.render(m, true)
	payload["state"] = reply{"values": reply{}}
	payload["response_url"] = s.hooks.issue(base, "actions", s.opt.TeamID, k)
	return found, nil
}

// otherThan drops a thread_ts that only marks a root.
func otherThan(threadTS, ts string) string {
	if threadTS == ts {
		return ""
	}
	return threadTS
}

// inView finds the element in an open view of the person.
func (s *Server) inView(payload reply, u *User, t click) (element, error) {
	v := s.world.views.open(t.ViewID, u.ID)
	if v == nil {
		return element{}, refuse("view_not_found")
	}
	found, ok := pick(elementsOf(v.blocks()), u.ID, t)
	if !ok && !t.Force {
		return element{}, refuse("action_not_found")
	}
	payload["container"] = reply{"type": "view", "view_id": v.id}
	payload["view"] = v.wire()
	return found, nil
}

func (m *message) elements() []element {
	blocks, err := decode(m.blocks)
	if err != nil {
		return nil
	}
	return elementsOf(array(blocks))
}

func elementsOf(blocks []any) []element {
	var out []element
	for _, item := range blocks {
		block := object(item)
		for _, spec := range interactive(block) {
			out = append(out, element{block: text(block["block_id"]), spec: spec})
		}
	}
	return out
}

// pick finds the element that is meant: by action_id, by block_id where given,
// and by value where several share an action_id. What is hidden from the person
// is not found.
func pick(list []element, userID string, t click) (element, bool) {
	var first *element
	var value string
	_ = json.Unmarshal(t.Value, &value) // a list of values names no button
	for i, e := range list {
		if text(e.spec["action_id"]) != t.ActionID || t.BlockID != "" && e.block != t.BlockID || !shownTo(e.spec, userID) {
			continue
		}
		if first == nil {
			first = &list[i]
		}
		if value != "" && (text(e.spec["value"]) == value || option(e.spec, value) != nil) {
			return e, true
		}
	}
	if first == nil {
		return element{block: t.BlockID}, false
	}
	return *first, true
}

func shownTo(spec map[string]any, userID string) bool {
	list, limited := spec["visible_to_user_ids"].([]any)
	return !limited || len(list) == 0 || slices.Contains(list, any(userID))
}
