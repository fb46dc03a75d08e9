package slackserver

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// serveHook answers a POST to a response URL with "ok", or refuses it.
func (s *Server) serveHook(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	out := answer{status: http.StatusOK}
	f := s.faults.take("response_url")
	if f != nil {
		s.waitFault(r.Context(), f)
		out = f.answer()
	}
	if f == nil || !f.instead() {
		if err == nil {
			err = s.respond(r.URL.Path, raw)
		}
		out = s.hookAnswer(err)
	}
	s.journal.add(entry{Time: began, Method: "response_url", Request: requestJSON(raw), Status: out.status,
		Response: out.body, DurationMS: s.since(began), Dropped: f != nil && f.DropReply})
	if f != nil && f.DropReply {
		panic(http.ErrAbortHandler) // cuts the connection; net/http recovers it silently
	}
	if out.status == http.StatusOK && f == nil {
		_, _ = io.WriteString(w, "ok")
		return
	}
	out.write(w)
}

func requestJSON(raw []byte) []byte {
	if v, err := decode(raw); err == nil {
		return toJSON(v)
	}
	return toJSON(string(raw))
}

// hookAnswer is 404 for a URL that no longer works and 400 for a bad message.
func (s *Server) hookAnswer(err error) answer {
	var known *apiError
	switch {
	case err == nil:
		return answer{status: http.StatusOK, body: toJSON("ok")}
	case !errors.As(err, &known):
		return answer{status: http.StatusBadRequest, body: failure("invalid_payload")}
	}
	out := s.refusal("response_url", err)
	out.status = http.StatusBadRequest
	if strings.HasSuffix(known.code, "_url") {
		out.status = http.StatusNotFound
	}
	return out
}

// respond does what the body of a response URL asks for.
func (s *Server) respond(path string, raw []byte) error {
	k := s.hooks.find(path)
	if k == nil {
		return refuse("invalid_url")
	}
	a, err := hookArgs(raw)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.use(s.now()); err != nil {
		return err
	}
	if a.bool("delete_original") {
		return s.deleteOriginal(k)
	}
	body, err := readContent(a)
	if err != nil {
		return err
	}
	if a.bool("replace_original") && s.replaceOriginal(k, body) {
		return nil
	}
	return s.answerVia(k, a, body)
}

// hookArgs reads the JSON body; slack-go's empty metadata counts as none.
func hookArgs(raw []byte) (args, error) {
	if strings.HasPrefix(string(raw), "payload=") {
		return nil, refuse("invalid_payload")
	}
	a, err := jsonArgs(raw)
	if err != nil {
		return nil, refuse("invalid_payload")
	}
	if v, err := decode([]byte(a["metadata"])); err == nil && text(object(v)["event_type"]) == "" {
		delete(a, "metadata")
	}
	return a, nil
}

func (s *Server) deleteOriginal(k *hook) error {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.find(k.channel, k.original)
	if m == nil {
		return refuse("message_not_found")
	}
	w.remove(m)
	s.deleted(w.byID[k.channel], m)
	return nil
}

// replaceOriginal says whether there was a message to replace.
func (s *Server) replaceOriginal(k *hook, body content) bool {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.find(k.channel, k.original)
	if m == nil {
		return false
	}
	w.replace(m, body)
	s.changed(w.byID[k.channel], m)
	return true
}

// answerVia posts a new message through a response URL.
func (s *Server) answerVia(k *hook, a args, body content) error {
	kind := nonEmpty(a["response_type"], "ephemeral")
	if kind != "ephemeral" && kind != "in_channel" {
		return refuse("invalid_response_type")
	}
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.byID[k.channel]
	if ch == nil {
		return refuse("channel_not_found")
	}
	m := s.appMessage(body)
	if kind == "ephemeral" {
		m.onlyFor = k.user
	}
	if err := m.placeInThread(ch, nonEmpty(a["thread_ts"], k.threadTS)); err != nil {
		return err
	}
	w.add(ch, m)
	s.changed(ch, m)
	if k.original == "" {
		k.original = m.ts
	}
	return nil
}
