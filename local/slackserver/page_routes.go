package slackserver

import (
	"net/http"
	"time"

	"handrail/local/slackserver/page"
)

const (
	pageMessages = 200 // per channel at the start; the rest is fetched on demand
	keepAlive    = 15 * time.Second
)

// pageRoutes serve the page and what only it needs.
func (s *Server) pageRoutes(mux *http.ServeMux) {
	mux.Handle("GET /page/state", guard(s.hosts(), http.HandlerFunc(s.pageState)))
	mux.Handle("GET /page/views", guard(s.hosts(), http.HandlerFunc(s.pageViews)))
	mux.Handle("GET /page/events", guard(s.hosts(), http.HandlerFunc(s.pageEvents)))
	mux.Handle("/", guard(s.hosts(), page.Handler()))
}

// pageState is all that a person's page starts with.
func (s *Server) pageState(rw http.ResponseWriter, r *http.Request) {
	w := s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	u := w.user(r.URL.Query().Get("user"))
	if u == nil && len(w.users) > 0 {
		u = w.users[0]
	}
	if u == nil {
		s.refusal("page", refuse("user_not_found")).write(rw)
		return
	}
	channels := []reply{}
	for _, ch := range w.channels {
		if w.has(ch, u.ID) {
			channels = append(channels, s.pageChannel(ch, u))
		}
	}
	users := []reply{}
	now := s.now()
	for _, other := range w.users {
		users = append(users, w.person(other, now))
	}
	commands := []reply{}
	for _, c := range s.opt.Commands {
		commands = append(commands, reply{"name": c.Name, "description": c.Description, "usage_hint": c.UsageHint})
	}
	out := reply{
		"ok": true, "me": u.ID, "users": users, "channels": channels, "commands": commands, "views": s.openViews(u.ID),
		"usergroups": w.groups, "bot": reply{"user_id": w.bot.userID, "bot_id": w.bot.botID, "app_id": w.bot.appID, "name": w.bot.name},
		"team": reply{"id": s.opt.TeamID, "name": s.opt.TeamName},
	}
	if home := w.views.homes[u.ID]; home != nil {
		out["home"] = home.wire()
	}
	answer{status: http.StatusOK, body: toJSON(out)}.write(rw)
}

// pageViews are the forms that a person has open, and the Home view.
func (s *Server) pageViews(rw http.ResponseWriter, r *http.Request) {
	w := s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	u := w.user(r.URL.Query().Get("user"))
	if u == nil {
		s.refusal("page", refuse("user_not_found")).write(rw)
		return
	}
	out := reply{"ok": true, "views": s.openViews(u.ID)}
	if home := w.views.homes[u.ID]; home != nil {
		out["home"] = home.wire()
	}
	answer{status: http.StatusOK, body: toJSON(out)}.write(rw)
}

func (s *Server) pageChannel(ch *channel, u *User) reply {
	out := s.world.conversation(ch)
	visible := ch.visible(u.ID, "")
	out["has_more"] = len(visible) > pageMessages
	if len(visible) > pageMessages {
		visible = visible[len(visible)-pageMessages:]
	}
	list := make([]messageJSON, 0, len(visible))
	for _, m := range visible {
		list = append(list, s.world.render(m, false))
	}
	out["messages"] = list
	return out
}

// pageEvents streams changes as server-sent events until either side ends.
func (s *Server) pageEvents(w http.ResponseWriter, r *http.Request) {
	s.world.mu.RLock()
	u := s.world.user(r.URL.Query().Get("user"))
	s.world.mu.RUnlock()
	if u == nil {
		s.refusal("page", refuse("user_not_found")).write(w)
		return
	}
	one, ok := s.pages.join(u.ID)
	if !ok {
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer s.pages.leave(one)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	line := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(writeWait))
		if _, err := w.Write([]byte(text)); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !line("retry: 500\ndata: {\"type\":\"hello\"}\n\n") {
		return
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			if !line(": still here\n\n") {
				return
			}
		case raw, open := <-one.events:
			if !open || !line("data: "+string(raw)+"\n\n") {
				return
			}
		}
	}
}
