package slackserver

import (
	"encoding/json"
	"maps"
	"slices"
)

const (
	viewMax      = 250_000 // bytes: docs.slack.dev, view_too_large
	viewStack    = 3       // docs.slack.dev/surfaces/modals
	viewsPerUser = 20      // older open modals of one person are forgotten
)

// view is a modal or a Home tab. Guarded by the workspace's lock.
type view struct {
	id, user   string
	bot        botIdentity
	team       string
	root, prev string
	hash       string
	spec       map[string]any // as the app gave it
	state      map[string]any // values by block_id and action_id
	errors     map[string]string
}

// viewStore keeps the open views, each person's modal stack oldest first.
type viewStore struct {
	modals []*view
	homes  map[string]*view // by user
}

func newViewStore() *viewStore { return &viewStore{homes: map[string]*view{}} }

func (v *view) blocks() []any { return array(v.spec["blocks"]) }

// wire is the view as Slack answers and sends it.
func (v *view) wire() map[string]any {
	out := map[string]any{
		"callback_id": "", "private_metadata": "", "external_id": "", "clear_on_close": false, "notify_on_close": false,
		"title": nil, "submit": nil, "close": nil,
	}
	maps.Copy(out, v.spec)
	state := map[string]any{}
	maps.Copy(state, v.state)
	maps.Copy(out, map[string]any{
		"id": v.id, "team_id": v.team, "app_id": v.bot.appID, "bot_id": v.bot.botID, "app_installed_team_id": v.team,
		"root_view_id": v.root, "previous_view_id": nullable(v.prev), "hash": v.hash, "state": map[string]any{"values": state},
	})
	return out
}

// open finds a person's open view by ID, or nil.
func (s *viewStore) open(id, userID string) *view {
	if home := s.homes[userID]; home != nil && home.id == id {
		return home
	}
	for _, v := range s.modals {
		if v.id == id && v.user == userID {
			return v
		}
	}
	return nil
}

// find finds any open view by ID or external ID, or nil.
func (s *viewStore) find(id, external string) *view {
	for _, v := range slices.Concat(s.modals, slices.Collect(maps.Values(s.homes))) {
		if id != "" && v.id == id || external != "" && text(v.spec["external_id"]) == external {
			return v
		}
	}
	return nil
}

// of lists a person's open modals, the topmost last.
func (s *viewStore) of(userID string) []*view {
	var out []*view
	for _, v := range s.modals {
		if v.user == userID {
			out = append(out, v)
		}
	}
	return out
}

func (s *viewStore) add(v *view) {
	s.modals = append(s.modals, v)
	if mine := s.of(v.user); len(mine) > viewsPerUser {
		s.remove(mine[0])
	}
}

func (s *viewStore) remove(gone *view) {
	s.modals = slices.DeleteFunc(s.modals, func(v *view) bool { return v == gone })
}

// removeStack closes every view above the same root.
func (s *viewStore) removeStack(root, userID string) {
	s.modals = slices.DeleteFunc(s.modals, func(v *view) bool { return v.user == userID && v.root == root })
}

func (s *viewStore) stack(root string) []*view {
	return slices.DeleteFunc(slices.Clone(s.modals), func(v *view) bool { return v.root != root })
}

func decodeView(raw string) (map[string]any, error) {
	if len(raw) > viewMax {
		return nil, refuse("view_too_large")
	}
	v, err := decode([]byte(raw))
	if err != nil || object(v) == nil {
		return nil, badArgument("view", "must be a JSON object")
	}
	filled, err := fillIDs(toJSON(array(object(v)["blocks"])))
	if err != nil {
		return nil, err
	}
	var blocks []any
	if json.Unmarshal(filled, &blocks) == nil {
		object(v)["blocks"] = blocks
	}
	return object(v), nil
}
