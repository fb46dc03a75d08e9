package slackserver

import (
	"context"
	"encoding/json"
)

// query is what a person typed into a select whose options the app gives.
type query struct {
	User      string `json:"user"`
	Channel   string `json:"channel,omitempty"`
	MessageTS string `json:"message_ts,omitempty"`
	ViewID    string `json:"view_id,omitempty"`
	ActionID  string `json:"action_id"`
	BlockID   string `json:"block_id,omitempty"`
	Value     string `json:"value"`
}

// suggest asks the app for options.
func (s *Server) suggest(ctx context.Context, base string, t query) (reply, error) {
	payload, err := s.suggestPayload(base, t)
	if err != nil {
		return nil, err
	}
	out := s.deliver(ctx, s.seal(delivery{kind: kindInteract, url: s.opt.OptionsURL, payload: payload}), 0, "")
	if out.code != "" {
		return nil, refuse(out.code)
	}
	var given struct {
		Options []any `json:"options"`
		Groups  []any `json:"option_groups"`
	}
	if json.Unmarshal(out.ack, &given) != nil || len(given.Options) > 100 || len(given.Groups) > 100 {
		return nil, refuse("invalid_options")
	}
	return reply{"options": append([]any{}, given.Options...), "option_groups": append([]any{}, given.Groups...)}, nil
}

func (s *Server) suggestPayload(base string, t query) (json.RawMessage, error) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(t.User)
	if u == nil {
		return nil, refuse("user_not_found")
	}
	payload := s.interaction("block_suggestion", u, "", "")
	c := click{User: t.User, Channel: t.Channel, MessageTS: t.MessageTS, ViewID: t.ViewID, ActionID: t.ActionID, BlockID: t.BlockID}
	var found element
	var err error
	if t.ViewID != "" {
		found, err = s.inView(payload, u, c)
	} else {
		found, err = s.inMessage(payload, base, u, c)
		delete(payload, "response_url")
	}
	if err != nil {
		return nil, err
	}
	payload["action_id"], payload["block_id"], payload["value"] = t.ActionID, found.block, t.Value
	return toJSON(payload), nil
}
