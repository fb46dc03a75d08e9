package slackserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is one Web API request on its way through a method.
type call struct {
	s    *Server
	args args
	base string // how the caller reaches this server
	now  time.Time
}

// reply is what a method answers beside "ok".
type reply map[string]any

// serveAPI answers /api/METHOD. Errors are HTTP 200 with ok:false, as Slack's.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	name := strings.TrimPrefix(r.URL.Path, "/api/")
	a, token, err := readArgs(w, r)
	out := answer{status: http.StatusOK}
	f := s.faults.take(name)
	if err == nil && f != nil {
		s.waitFault(r.Context(), f)
		out = f.answer()
	}
	if f == nil || !f.instead() {
		out = s.invoke(name, a, token, s.base(r), err)
	}
	s.journal.add(entry{Time: began, Method: name, Request: toJSON(a.journalled()), Status: out.status,
		Response: out.body, DurationMS: s.since(began), Dropped: f != nil && f.DropReply})
	if f != nil && f.DropReply {
		panic(http.ErrAbortHandler) // cuts the connection; net/http recovers it silently
	}
	out.write(w)
}

// answer is an HTTP reply before it is written.
type answer struct {
	status     int
	retryAfter int
	body       json.RawMessage
	text       string // instead of body, for failures that are not JSON
}

func (a answer) write(w http.ResponseWriter) {
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	if a.text != "" {
		http.Error(w, a.text, a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (s *Server) invoke(name string, a args, token, base string, bad error) answer {
	out, err := s.run(name, a, token, base, bad)
	if err == nil {
		if out == nil {
			out = reply{}
		}
		out["ok"] = true
		return answer{status: http.StatusOK, body: toJSON(out)}
	}
	return s.refusal(name, err)
}

func (s *Server) run(name string, a args, token, base string, bad error) (reply, error) {
	m, known := s.methods[name]
	if !known {
		s.log.Warn("unknown Web API method", "method", name)
		return nil, refuse("unknown_method")
	}
	if err := s.authorize(m, token); err != nil {
		return nil, err
	}
	if bad != nil {
		return nil, bad
	}
	now := s.now()
	if wait := s.limits.wait(m, a["channel"], now); wait > 0 {
		return nil, &rateLimited{after: wait}
	}
	return m.run(&call{s: s, args: a, base: base, now: now})
}

// authorize checks the token against the kind that the method wants.
func (s *Server) authorize(m method, token string) error {
	switch {
	case m.token == noToken:
		return nil
	case token == "":
		return refuse("not_authed")
	case token != s.opt.BotToken && token != s.opt.AppToken:
		return refuse("invalid_auth")
	case m.token == anyToken, token == s.opt.BotToken && m.token == botToken, token == s.opt.AppToken && m.token == appToken:
		return nil
	}
	return refuse("not_allowed_token_type")
}

// rateLimited is a refusal by a tier.
type rateLimited struct{ after time.Duration }

func (e *rateLimited) Error() string { return "ratelimited" }

func (s *Server) refusal(name string, err error) answer {
	var limited *rateLimited
	if errors.As(err, &limited) {
		seconds := int((limited.after + time.Second - 1) / time.Second)
		return answer{status: http.StatusTooManyRequests, retryAfter: max(1, seconds), body: failure("ratelimited")}
	}
	var known *apiError
	if !errors.As(err, &known) {
		s.log.Error("answering a Web API call", "method", name, "error", err)
		return answer{status: http.StatusOK, body: failure("internal_error")}
	}
	body := reply{"ok": false, "error": known.code}
	for key, value := range known.extra {
		body[key] = value
	}
	if len(known.messages) > 0 {
		body["response_metadata"] = reply{"messages": known.messages}
	}
	return answer{status: http.StatusOK, body: toJSON(body)}
}

func failure(code string) json.RawMessage { return toJSON(reply{"ok": false, "error": code}) }
