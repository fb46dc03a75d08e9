package slackserver

import (
	"context"
	"encoding/base64"
	"slices"
	"time"
)

// emit sends an event to the app when it is subscribed, and retries as Slack
// does. It returns the event's ID, or "" when the app is not subscribed.
func (s *Server) emit(name string, event reply, o eventOptions) string {
	if !slices.Contains(s.opt.Events, name) {
		return ""
	}
	id := newID("Ev")
	d := s.seal(delivery{kind: kindEvent, url: s.opt.EventsURL, payload: toJSON(s.wrap(id, event, o))})
	s.background(func(ctx context.Context) {
		s.persist(ctx, d)
		s.repeat(ctx, d, o.redeliver)
	})
	return id
}

// eventOptions are what a script may forge about an event.
type eventOptions struct {
	team, app string
	shared    bool
	redeliver int
}

// wrap is the outer event.
func (s *Server) wrap(id string, event reply, o eventOptions) reply {
	team, app := nonEmpty(o.team, s.opt.TeamID), nonEmpty(o.app, s.opt.AppID)
	return reply{
		"token": "local", "team_id": team, "context_team_id": team, "context_enterprise_id": nil, "api_app_id": app,
		"event": event, "type": "event_callback", "event_id": id, "event_time": s.now().Unix(),
		"authorizations": []reply{{
			"enterprise_id": nil, "team_id": team, "user_id": s.opt.BotUserID, "is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": o.shared,
		"event_context":         "4-" + base64.RawURLEncoding.EncodeToString(toJSON(reply{"et": event["type"], "tid": team, "aid": app, "eid": id})),
	}
}

// persist delivers an event until it is acknowledged, at most four times.
func (s *Server) persist(ctx context.Context, d delivery) {
	reason := ""
	for attempt := 0; ; attempt++ {
		out := s.deliver(ctx, d, attempt, reason)
		if out.code == "" || out.final || attempt >= len(s.opt.RetryDelays) {
			return
		}
		reason = retryReason(out.code)
		if d.url == "" && out.code == "operation_timeout" {
			reason = "timeout" // Socket Mode's own word
		}
		if !s.sleep(ctx, s.opt.RetryDelays[attempt]) {
			return
		}
	}
}

// retryReason is Slack's word in X-Slack-Retry-Reason.
func retryReason(code string) string {
	switch code {
	case "operation_timeout":
		return "http_timeout"
	case "dispatch_failed":
		return "connection_failed"
	}
	return "http_error"
}

// sleep waits, and says whether there is reason to go on.
func (s *Server) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
