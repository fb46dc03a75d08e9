package slackserver

import (
	"encoding/json"
	"errors"

	"handrail/local/slackserver/blockkit"
)

// readView checks the view argument for its surface.
func readView(raw, kind string) (map[string]any, error) {
	if empty(raw) {
		return nil, missing("view")
	}
	spec, err := decodeView(raw)
	if err != nil {
		return nil, err
	}
	if text(spec["type"]) != kind {
		return nil, badArgument("view/type", "must be "+kind)
	}
	surface := blockkit.Modal
	if kind == "home" {
		surface = blockkit.Home
	}
	problems := blockProblems(surface, json.RawMessage(raw), "/view")
	if refused, ok := errors.AsType[*apiError](problems); ok {
		refused.code = "invalid_arguments"
		return nil, refused
	}
	return spec, nil
}

func viewsOpen(c *call) (reply, error) {
	return c.openView(func(t trigger) (*view, error) { return nil, nil })
}

// viewsPush opens above the view in which the person acted.
func viewsPush(c *call) (reply, error) {
	return c.openView(func(t trigger) (*view, error) {
		below := c.s.world.views.open(t.view, t.user)
		if below == nil {
			return nil, refuse("invalid_trigger_id")
		}
		if len(c.s.world.views.stack(below.root)) >= viewStack {
			return nil, refuse("push_limit_reached")
		}
		return below, nil
	})
}

func (c *call) openView(below func(trigger) (*view, error)) (reply, error) {
	if !c.args.has("trigger_id") {
		return nil, missing("trigger_id")
	}
	spec, err := readView(c.args["view"], "modal")
	if err != nil {
		return nil, err
	}
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if id := text(spec["external_id"]); id != "" && w.views.find("", id) != nil {
		return nil, refuse("duplicate_external_id")
	}
	t, err := c.s.tickets.exchange(c.args["trigger_id"], c.now)
	if err != nil {
		return nil, err
	}
	under, err := below(t)
	if err != nil {
		return nil, err
	}
	v := c.s.newView(t.user, spec, under)
	w.views.add(v)
	c.s.viewsChanged(t.user)
	return reply{"view": v.wire()}, nil
}

// newView makes a view, above another one where given.
func (s *Server) newView(userID string, spec map[string]any, under *view) *view {
	v := &view{id: newID("V"), user: userID, bot: s.world.bot, team: s.opt.TeamID, spec: spec, state: map[string]any{}, hash: s.viewHash()}
	v.root = v.id
	if under != nil {
		v.root, v.prev = under.root, under.id
	}
	return v
}

func (s *Server) viewHash() string { return s.stamps.next() + "." + randomToken(8) }

func viewsUpdate(c *call) (reply, error) {
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.views.find(c.args["view_id"], c.args["external_id"])
	if v == nil {
		return nil, refuse("not_found")
	}
	spec, err := readView(c.args["view"], text(v.spec["type"]))
	if err != nil {
		return nil, err
	}
	if hash := c.args["hash"]; hash != "" && hash != v.hash {
		return nil, refuse("hash_conflict")
	}
	if id := text(spec["external_id"]); id != "" {
		if other := w.views.find("", id); other != nil && other != v {
			return nil, refuse("duplicate_external_id")
		}
	}
	c.s.refresh(v, spec)
	return reply{"view": v.wire()}, nil
}

// refresh gives v a new content. Values stay where block_id and action_id do.
// The caller holds mu for writing.
func (s *Server) refresh(v *view, spec map[string]any) {
	v.spec, v.hash, v.errors = spec, s.viewHash(), nil
	kept := map[string]any{}
	for _, e := range elementsOf(v.blocks()) {
		id := text(e.spec["action_id"])
		if old, ok := object(v.state[e.block])[id]; ok {
			kept[e.block] = map[string]any{id: old}
		}
	}
	v.state = kept
	s.viewsChanged(v.user)
}

func viewsPublish(c *call) (reply, error) {
	spec, err := readView(c.args["view"], "home")
	if err != nil {
		return nil, err
	}
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.byUserID(c.args["user_id"])
	if u == nil || u.IsBot {
		return nil, badArgument("user_id", "must be the ID of a person")
	}
	v := w.views.homes[u.ID]
	if hash := c.args["hash"]; hash != "" && (v == nil || hash != v.hash) {
		return nil, refuse("hash_conflict")
	}
	if v == nil {
		v = c.s.newView(u.ID, spec, nil)
		w.views.homes[u.ID] = v
	}
	c.s.refresh(v, spec)
	return reply{"view": v.wire()}, nil
}
