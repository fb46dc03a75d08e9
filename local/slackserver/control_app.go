package slackserver

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
)

// disconnection closes Socket Mode connections for a test.
type disconnection struct {
	Reason string `json:"reason"`          // drop, refresh_requested, warning, link_disabled, too_many_websockets
	Count  int    `json:"count,omitempty"` // 0: all
}

// disconnect cuts connections, or asks the app to leave; a warning closes
// nothing. It answers how many connections were meant.
func (s *Server) disconnect(ctx context.Context, _ string, t disconnection) (reply, error) {
	if !slices.Contains([]string{"drop", "refresh_requested", "warning", "link_disabled", "too_many_websockets"}, t.Reason) {
		return nil, badArgument("reason", "must be drop, refresh_requested, warning, link_disabled or too_many_websockets")
	}
	conns := s.sockets.first(t.Count)
	for _, c := range conns {
		if t.Reason == "drop" || c.disconnect(ctx, t.Reason) != nil {
			c.drop()
			continue
		}
		if t.Reason != "warning" {
			s.sockets.leave(c) // nothing more is sent to it
			s.background(c.leaveOrDrop)
		}
	}
	return reply{"connections": len(conns)}, nil
}

// verification asks an events URL to prove itself.
type verification struct{}

// verifyURL sends url_verification to the events URL, as Slack does when the URL
// is configured.
func (s *Server) verifyURL(ctx context.Context, _ string, _ verification) (reply, error) {
	if s.opt.EventsURL == "" {
		return nil, refuse("no_events_url")
	}
	challenge := randomToken(32)
	payload := toJSON(reply{"token": "local", "challenge": challenge, "type": "url_verification"})
	out := s.deliver(ctx, s.seal(delivery{kind: kindEvent, url: s.opt.EventsURL, payload: payload}), 0, "")
	if out.code != "" {
		return nil, refuse(out.code)
	}
	var said struct {
		Challenge string `json:"challenge"`
	}
	_ = json.Unmarshal(out.ack, &said) // no challenge is a wrong one
	form, err := url.ParseQuery(out.plain)
	if said.Challenge != challenge && out.plain != challenge && (err != nil || form.Get("challenge") != challenge) {
		return nil, refuse("challenge_failed")
	}
	return reply{}, nil
}

// opening is a person who looks at the app's Home tab.
type opening struct {
	User string `json:"user"`
}

// openHome sends app_home_opened and answers the Home view, when there is one.
func (s *Server) openHome(_ context.Context, _ string, t opening) (reply, error) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(t.User)
	if u == nil {
		return nil, refuse("user_not_found")
	}
	ch, existed := w.openIM(u, s.now().Unix())
	if !existed {
		s.channelsChanged()
	}
	event := reply{"type": "app_home_opened", "user": u.ID, "channel": ch.ID, "tab": "home", "event_ts": s.stamps.next()}
	out := reply{"view": nil}
	if home := w.views.homes[u.ID]; home != nil {
		event["view"], out["view"] = home.wire(), home.wire()
	}
	s.emit("app_home_opened", event, eventOptions{})
	return out, nil
}
