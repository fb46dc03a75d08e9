package slackserver

import (
	"context"
	"encoding/json"
	"slices"
)

// submission is a form that a person sends.
type submission struct {
	User      string                                `json:"user"`
	ViewID    string                                `json:"view_id"`
	Values    map[string]map[string]json.RawMessage `json:"values"`
	Force     bool                                  `json:"force,omitempty"` // values that the form does not offer
	Team      string                                `json:"team,omitempty"`
	App       string                                `json:"app,omitempty"`
	Redeliver int                                   `json:"redeliver,omitempty"`
}

// submit sends a form to the app and does what its answer asks for. Errors that
// the app names are in "errors"; the view stays open then.
func (s *Server) submit(ctx context.Context, base string, t submission) (reply, error) {
	payload, err := s.submitPayload(t)
	if err != nil {
		return nil, err
	}
	d, out, err := s.interact(ctx, payload)
	if err != nil {
		return nil, err
	}
	answer := reply{"ok": true, "ack": out.ack}
	if err := s.afterSubmit(t, out.ack, answer); err != nil {
		s.log.Warn("the acknowledgement of a form holds a bad answer", "error", err)
		return nil, err
	}
	if t.Redeliver > 0 {
		answer["redelivered"] = s.repeat(ctx, d, t.Redeliver)
	}
	return answer, nil
}

func (s *Server) submitPayload(t submission) (json.RawMessage, error) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(t.User)
	if u == nil {
		return nil, refuse("user_not_found")
	}
	v := w.views.open(t.ViewID, u.ID)
	if v == nil {
		return nil, refuse("view_not_found")
	}
	state, errs, err := fillState(v, t)
	if err != nil {
		return nil, err
	}
	if len(errs) > 0 && !t.Force {
		v.errors = errs
		s.viewsChanged(u.ID)
		return nil, &apiError{code: "missing_values", extra: map[string]any{"errors": errs}}
	}
	v.state = state
	payload := s.interaction("view_submission", u, t.Team, t.App)
	payload["view"] = v.wire()
	payload["trigger_id"] = s.tickets.issue(u.ID, v.id, s.now())
	payload["response_urls"] = []reply{}
	return toJSON(payload), nil
}

// fillState turns the given values into Slack's state.values. A required input
// without a value is an error, as the client tells the person.
func fillState(v *view, t submission) (map[string]any, map[string]string, error) {
	state, errs := map[string]any{}, map[string]string{}
	for _, item := range v.blocks() {
		block := object(item)
		id := text(block["block_id"])
		for _, spec := range interactive(block) {
			kind := text(spec["type"])
			if kind == "button" || kind == "overflow" {
				continue
			}
			action := text(spec["action_id"])
			raw, given := t.Values[id][action]
			if !given {
				raw = initial(spec)
			}
			value, err := chosen(spec, raw, t.Force)
			if err != nil {
				return nil, nil, err
			}
			value["type"] = kind
			state[id] = map[string]any{action: value}
			optional, _ := block["optional"].(bool)
			if one, many, _ := values(raw); text(block["type"]) == "input" && !optional && one == "" && len(many) == 0 {
				errs[id] = "Please complete this required field."
			}
		}
	}
	for id := range t.Values {
		if _, known := state[id]; !known && !t.Force {
			return nil, nil, badArgument("values/"+id, "no input block has this block_id")
		}
	}
	return state, errs, nil
}

// initial is the value that an element starts with.
func initial(spec map[string]any) json.RawMessage {
	for _, key := range []string{"initial_value", "initial_date", "initial_time", "initial_user", "initial_channel", "initial_conversation",
		"initial_users", "initial_channels", "initial_conversations", "initial_date_time"} {
		if v, given := spec[key]; given {
			return toJSON(v)
		}
	}
	if o := object(spec["initial_option"]); o != nil {
		return toJSON(o["value"])
	}
	var list []any
	for _, o := range array(spec["initial_options"]) {
		list = append(list, object(o)["value"])
	}
	if list == nil {
		return nil
	}
	return toJSON(list)
}

// afterSubmit does what the app answered: close, errors, update, push or clear.
func (s *Server) afterSubmit(t submission, ack json.RawMessage, answer reply) error {
	var said struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if json.Unmarshal(ack, &said) != nil {
		return refuse("invalid_response")
	}
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(t.User)
	v := w.views.open(t.ViewID, u.ID)
	if v == nil { // the app closed or replaced it meanwhile
		return nil
	}
	defer s.viewsChanged(u.ID)
	switch said.Action {
	case "":
		w.views.remove(v)
	case "clear":
		w.views.removeStack(v.root, u.ID)
	case "errors":
		return s.showErrors(v, said.Errors, answer)
	case "update", "push":
		return s.answerView(v, said.Action, said.View)
	default:
		return refuse("invalid_response_action")
	}
	return nil
}

// showErrors keeps the form open. Errors must name input blocks; for others
// Slack only shows that there was trouble.
func (s *Server) showErrors(v *view, errs map[string]string, answer reply) error {
	for id := range errs {
		if !slices.ContainsFunc(v.blocks(), func(b any) bool {
			return text(object(b)["block_id"]) == id && text(object(b)["type"]) == "input"
		}) {
			return refuse("invalid_response_errors")
		}
	}
	v.errors = errs
	answer["errors"] = errs
	return nil
}

func (s *Server) answerView(v *view, action string, raw json.RawMessage) error {
	spec, err := readView(string(raw), "modal")
	if err != nil {
		return err
	}
	if action == "update" {
		s.refresh(v, spec)
		return nil
	}
	if len(s.world.views.stack(v.root)) >= viewStack {
		return refuse("push_limit_reached")
	}
	s.world.views.add(s.newView(v.user, spec, v))
	return nil
}

// closing is a form that a person leaves.
type closing struct {
	User   string `json:"user"`
	ViewID string `json:"view_id"`
}

// dismiss closes a view and tells an app that asked to be told.
func (s *Server) dismiss(ctx context.Context, _ string, t closing) (reply, error) {
	w := s.world
	w.mu.Lock()
	u := w.user(t.User)
	var v *view
	if u != nil {
		v = w.views.open(t.ViewID, u.ID)
	}
	if v == nil || text(v.spec["type"]) == "home" {
		w.mu.Unlock()
		return nil, refuse("view_not_found")
	}
	cleared, _ := v.spec["clear_on_close"].(bool)
	if cleared {
		w.views.removeStack(v.root, u.ID)
	} else {
		w.views.remove(v)
	}
	payload := s.interaction("view_closed", u, "", "")
	payload["view"], payload["is_cleared"] = v.wire(), cleared
	s.viewsChanged(u.ID)
	w.mu.Unlock()
	if notify, _ := v.spec["notify_on_close"].(bool); notify {
		s.deliver(ctx, s.seal(delivery{kind: kindInteract, url: s.opt.InteractivityURL, payload: toJSON(payload)}), 0, "")
	}
	return reply{"ok": true}, nil
}
