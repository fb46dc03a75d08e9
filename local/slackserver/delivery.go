package slackserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// What the app is sent; the words are those of Socket Mode envelopes.
const (
	kindCommand  = "slash_commands"
	kindInteract = "interactive"
	kindEvent    = "events_api"
)

// delivery is one payload on its way to the app.
type delivery struct {
	kind    string
	url     string // empty: Socket Mode
	payload json.RawMessage
	body    []byte // the HTTP body; made once, so that a repeat is the same bytes
	media   string
	stamp   string // X-Slack-Request-Timestamp
}

// outcome is what came back: the acknowledgement, or the error that a person
// would see.
type outcome struct {
	ack   json.RawMessage // an object; {} when the app answered nothing
	plain string          // an HTTP answer that is no JSON
	code  string          // empty when acknowledged
	final bool            // the app asked for no retry
}

// deliver sends d once and waits for its acknowledgement.
func (s *Server) deliver(ctx context.Context, d delivery, attempt int, reason string) outcome {
	began := s.now()
	ctx, cancel := context.WithTimeout(ctx, s.opt.AckWait)
	defer cancel()
	var out outcome
	status := 0
	if d.url != "" {
		out, status = s.deliverHTTP(ctx, d, attempt, reason)
	} else {
		out = s.deliverSocket(ctx, d, attempt, reason)
	}
	if out.code != "" {
		s.log.Warn("the app did not acknowledge", "delivery", d.kind, "error", out.code, "attempt", attempt)
	}
	s.journal.add(entry{Time: began, Method: d.kind, Request: d.payload, Status: out.status(status),
		Response: out.response(), DurationMS: s.since(began), Attempt: attempt})
	return out
}

func (o outcome) status(given int) int {
	switch {
	case given != 0:
		return given
	case o.code == "":
		return http.StatusOK
	}
	return 0
}

func (o outcome) response() json.RawMessage {
	switch {
	case o.code != "":
		return toJSON(reply{"error": o.code})
	case o.plain != "":
		return toJSON(o.plain)
	}
	return o.ack
}

func (s *Server) deliverSocket(ctx context.Context, d delivery, attempt int, reason string) outcome {
	c := s.sockets.pick()
	if c == nil {
		return outcome{code: "dispatch_failed"}
	}
	payload, err := c.send(ctx, d, attempt, reason)
	switch {
	case err == nil:
		return acknowledged(payload)
	case errors.Is(err, context.DeadlineExceeded):
		return outcome{code: "operation_timeout"}
	}
	return outcome{code: "dispatch_failed"}
}

// acknowledged keeps an answer that is a JSON object; slack-go omits an empty
// one and Node sends {}.
func acknowledged(payload json.RawMessage) outcome {
	var fields map[string]json.RawMessage
	if json.Unmarshal(payload, &fields) == nil && fields != nil {
		return outcome{ack: payload}
	}
	var words string
	if json.Unmarshal(payload, &words) == nil && words != "" {
		return outcome{ack: json.RawMessage("{}"), plain: words}
	}
	return outcome{ack: json.RawMessage("{}")}
}

// again delivers d a second time when Socket Mode got no acknowledgement in
// time. Nobody waits for the answer any more.
func (s *Server) again(d delivery, first outcome) {
	if d.url != "" || first.code != "operation_timeout" {
		return
	}
	s.background(func(ctx context.Context) { s.deliver(ctx, d, 1, "timeout") })
}

// repeat delivers the same bytes n more times, one after the other, for tests
// of replays. It returns the acknowledgements.
func (s *Server) repeat(ctx context.Context, d delivery, n int) []json.RawMessage {
	out := []json.RawMessage{}
	for i := range min(n, maxRepeat) {
		out = append(out, s.deliver(ctx, d, i+1, "timeout").response())
	}
	return out
}

const maxRepeat = 100
