package slackserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// controlRoutes are for scripts and the page: they play the people.
func (s *Server) controlRoutes(mux *http.ServeMux) {
	post := func(path string, h http.HandlerFunc) { mux.Handle("POST /control/"+path, guard(s.hosts(), h)) }
	get := func(path string, h http.HandlerFunc) { mux.Handle("GET /control/"+path, guard(s.hosts(), h)) }
	post("command", control(s, s.command))
	post("message", control(s, s.speak))
	post("action", control(s, s.act))
	post("submit", control(s, s.submit))
	post("close", control(s, s.dismiss))
	post("options", control(s, s.suggest))
	post("home", control(s, s.openHome))
	post("users", control(s, s.changeUser))
	post("channels", control(s, s.changeChannel))
	post("disconnect", control(s, s.disconnect))
	post("verify", control(s, s.verifyURL))
	post("faults", control(s, s.changeFaults))
	post("reset", control(s, s.reset))
	mux.Handle("DELETE /control/faults", guard(s.hosts(), control(s, s.clearFaults)))
	get("messages", s.listMessages)
	get("calls", s.listCalls)
	get("faults", s.listFaults)
	get("coverage", s.listCoverage)
}

// control decodes the body, strictly, and answers as the Web API does.
func control[T any](s *Server, do func(context.Context, string, T) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var t T
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&t); err != nil && !errors.Is(err, io.EOF) {
			s.refusal("control", &apiError{code: "invalid_arguments", extra: map[string]any{"message": err.Error()}}).write(w)
			return
		}
		out, err := do(r.Context(), s.base(r), t)
		if err != nil {
			s.refusal("control", err).write(w)
			return
		}
		out["ok"] = true
		answer{status: http.StatusOK, body: toJSON(out)}.write(w)
	}
}

func (s *Server) listMessages(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	out, err := s.seen(q.Get("channel"), q.Get("user"), q.Get("thread_ts"))
	if err != nil {
		s.refusal("control", err).write(w)
		return
	}
	answer{status: http.StatusOK, body: toJSON(out)}.write(w)
}

// seen is what a person sees: a channel or a thread of it, and open forms.
func (s *Server) seen(channelName, userName, threadTS string) (reply, error) {
	w := s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	userID := ""
	if userName != "" {
		u := w.user(userName)
		if u == nil {
			return nil, refuse("user_not_found")
		}
		userID = u.ID
	}
	ch := w.channel(channelName)
	if ch == nil || userID != "" && !w.has(ch, userID) {
		return nil, refuse("channel_not_found")
	}
	list := []messageJSON{}
	for _, m := range ch.visible(userID, threadTS) {
		list = append(list, w.render(m, true))
	}
	return reply{"ok": true, "messages": list, "views": s.openViews(userID)}, nil
}

// openViews are a person's open modals. The caller holds mu.
func (s *Server) openViews(userID string) []map[string]any {
	out := []map[string]any{}
	for _, v := range s.world.views.of(userID) {
		wire := v.wire()
		if len(v.errors) > 0 {
			wire["errors"] = v.errors
		}
		out = append(out, wire)
	}
	return out
}

func (s *Server) listCalls(w http.ResponseWriter, r *http.Request) {
	answer{status: http.StatusOK, body: toJSON(reply{"ok": true, "calls": s.journal.list(r.URL.Query().Get("method"))})}.write(w)
}

func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) {
	answer{status: http.StatusOK, body: toJSON(reply{"ok": true, "faults": s.faults.waiting()})}.write(w)
}

// faultChange adds a fault, or takes all away with {"reset":true}.
type faultChange struct {
	fault
	Reset bool `json:"reset,omitempty"`
}

func (s *Server) changeFaults(_ context.Context, _ string, t faultChange) (reply, error) {
	if t.Reset {
		s.faults.clear()
	}
	if !t.Reset || t.Match != "" {
		if err := s.faults.add(t.fault); err != nil {
			return nil, err
		}
	}
	return reply{"faults": s.faults.waiting()}, nil
}

// clearFaults takes all faults away, as {"reset":true} does.
func (s *Server) clearFaults(context.Context, string, struct{}) (reply, error) {
	s.faults.clear()
	return reply{"faults": s.faults.waiting()}, nil
}

// reset forgets messages, views, calls and faults; people, channels and
// connections stay.
func (s *Server) reset(context.Context, string, struct{}) (reply, error) {
	w := s.world
	w.mu.Lock()
	for _, c := range w.channels {
		w.forget(c, len(c.messages))
	}
	w.views = newViewStore()
	w.mu.Unlock()
	s.journal.clear()
	s.faults.clear()
	s.pages.send(pageEvent{Type: "reload"})
	return reply{}, nil
}
