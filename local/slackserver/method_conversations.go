package slackserver

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// readable finds a conversation that the app may look at. The caller holds mu.
func (c *call) readable() (*channel, error) {
	ch := c.s.world.byID[c.args["channel"]]
	if ch == nil || ch.IsPrivate && !ch.BotMember {
		return nil, refuse("channel_not_found")
	}
	return ch, nil
}

func conversationsInfo(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	out := w.conversation(ch)
	if c.args.bool("include_num_members") {
		out["num_members"] = len(w.members(ch))
	}
	return reply{"channel": out}, nil
}

// conversation is the wire form of a channel. The caller holds mu.
func (w *workspace) conversation(ch *channel) reply {
	if ch.isIM {
		return reply{
			"id": ch.ID, "created": ch.created, "is_im": true, "is_org_shared": false, "user": ch.imUser,
			"is_archived": false, "is_open": true, "is_channel": false, "is_group": false, "is_mpim": false, "context_team_id": w.teamID,
		}
	}
	return reply{
		"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "created": ch.created, "creator": w.creator(),
		"is_channel": !ch.IsPrivate, "is_group": false, "is_im": false, "is_mpim": false, "is_private": ch.IsPrivate,
		"is_archived": ch.IsArchived, "is_general": false, "is_member": ch.BotMember, "unlinked": 0,
		"is_shared": ch.IsExtShared || ch.IsOrgShared, "is_org_shared": ch.IsOrgShared, "is_ext_shared": ch.IsExtShared,
		"is_pending_ext_shared": ch.IsPendingExtShared, "pending_shared": []string{}, "previous_names": []string{},
		"shared_team_ids": []string{w.teamID}, "context_team_id": w.teamID, "parent_conversation": nil,
		"topic":   reply{"value": ch.Topic, "creator": "", "last_set": 0},
		"purpose": reply{"value": ch.Purpose, "creator": "", "last_set": 0},
	}
}

func (w *workspace) creator() string {
	if len(w.users) == 0 {
		return ""
	}
	return w.users[0].ID
}

func conversationsList(c *call) (reply, error) {
	kinds := c.args.list("types")
	if len(kinds) == 0 {
		kinds = []string{"public_channel"}
	}
	for _, kind := range kinds {
		if !slices.Contains([]string{"public_channel", "private_channel", "im", "mpim"}, kind) {
			return nil, refuse("invalid_types")
		}
	}
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	var all []reply
	for _, ch := range w.channels {
		if ch.IsPrivate && !ch.BotMember || ch.IsArchived && c.args.bool("exclude_archived") || !slices.Contains(kinds, ch.kind()) {
			continue
		}
		all = append(all, w.conversation(ch))
	}
	page, next, err := paged(c, all, 100)
	return reply{"channels": page, "response_metadata": reply{"next_cursor": next}}, err
}

func (c *channel) kind() string {
	switch {
	case c.isIM:
		return "im"
	case c.IsPrivate:
		return "private_channel"
	}
	return "public_channel"
}

func conversationsMembers(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	page, next, err := paged(c, w.members(ch), 100)
	return reply{"members": page, "response_metadata": reply{"next_cursor": next}}, err
}

func conversationsJoin(c *call) (reply, error) {
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, err := c.readable()
	switch {
	case err != nil:
		return nil, err
	case ch.isIM, ch.IsPrivate:
		return nil, refuse("method_not_supported_for_channel_type")
	case ch.IsArchived:
		return nil, refuse("is_archived")
	}
	out := reply{}
	if ch.BotMember {
		out["warning"] = "already_in_channel"
		out["response_metadata"] = reply{"warnings": []string{"already_in_channel"}}
	}
	ch.BotMember = true
	out["channel"] = w.conversation(ch)
	return out, nil
}

// conversationsOpen opens the direct conversation with one person.
func conversationsOpen(c *call) (reply, error) {
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if id := c.args["channel"]; id != "" {
		ch := w.byID[id]
		if ch == nil || !ch.isIM {
			return nil, refuse("channel_not_found")
		}
		return reply{"no_op": true, "already_open": true, "channel": c.opened(ch)}, nil
	}
	users := c.args.list("users")
	switch len(users) {
	case 0:
		return nil, refuse("users_list_not_supplied")
	case 1:
	default:
		return nil, refuse("method_not_supported_for_channel_type")
	}
	u := w.byUserID(users[0])
	switch {
	case u == nil:
		return nil, refuse("user_not_found")
	case u.Deleted:
		return nil, refuse("user_disabled")
	case u.IsStranger:
		return nil, refuse("user_not_visible")
	case u.ID == w.bot.userID:
		return nil, refuse("invalid_user_combination")
	}
	ch, existed := w.openIM(u, c.now.Unix())
	if !existed {
		c.s.channelsChanged()
	}
	return reply{"no_op": existed, "already_open": existed, "channel": c.opened(ch)}, nil
}

func (c *call) opened(ch *channel) reply {
	if c.args.bool("return_im") {
		return c.s.world.conversation(ch)
	}
	return reply{"id": ch.ID}
}

func conversationsHistory(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	if !ch.BotMember {
		return nil, refuse("not_in_channel")
	}
	found, err := c.between(ch.visible("", ""))
	if err != nil {
		return nil, err
	}
	slices.Reverse(found) // history is newest first
	return c.messagesPage(found, 100)
}

func conversationsReplies(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	if !ch.BotMember {
		return nil, refuse("channel_not_found")
	}
	m := ch.byTS[c.args["ts"]]
	if m == nil || m.onlyFor != "" {
		return nil, refuse("thread_not_found")
	}
	found, err := c.between(ch.visible("", cmp.Or(m.threadTS, m.ts)))
	if err != nil {
		return nil, err
	}
	return c.messagesPage(found, 1000)
}

// between keeps the messages after oldest and before latest.
func (c *call) between(list []*message) ([]*message, error) {
	for _, key := range []string{"oldest", "latest"} {
		if _, err := strconv.ParseFloat(cmp.Or(c.args[key], "0"), 64); err != nil {
			return nil, refuse("invalid_ts_" + key)
		}
	}
	oldest, latest, inclusive := c.args["oldest"], c.args["latest"], c.args.bool("inclusive")
	after := func(ts, bound string) bool { return tsLess(bound, ts) || inclusive && ts == bound }
	var out []*message
	for _, m := range list {
		if (oldest == "" || oldest == "0" || after(m.ts, oldest)) && (latest == "" || tsLess(m.ts, latest) || inclusive && m.ts == latest) {
			out = append(out, m)
		}
	}
	return out, nil
}

// tsLess compares timestamps as numbers: a bound may come without its fraction.
func tsLess(a, b string) bool {
	aWhole, aPart, _ := strings.Cut(a, ".")
	bWhole, bPart, _ := strings.Cut(b, ".")
	if len(aWhole) != len(bWhole) {
		return len(aWhole) < len(bWhole)
	}
	return cmp.Or(cmp.Compare(aWhole, bWhole), cmp.Compare(aPart, bPart)) < 0
}

func (c *call) messagesPage(found []*message, limit int) (reply, error) {
	page, next, err := paged(c, found, limit)
	if err != nil {
		return nil, err
	}
	out := make([]messageJSON, 0, len(page))
	for _, m := range page {
		out = append(out, c.s.world.render(m, c.args.bool("include_all_metadata")))
	}
	return reply{"messages": out, "has_more": next != "", "pin_count": 0, "response_metadata": reply{"next_cursor": next}}, nil
}

// paged cuts one page by limit and cursor out of the list.
func paged[T any](c *call, list []T, fallback int) ([]T, string, error) {
	limit, err := c.args.int("limit", fallback, 1, 1000)
	if err != nil {
		return nil, "", refuse("invalid_limit")
	}
	from := 0
	if cursor := c.args["cursor"]; cursor != "" {
		raw, err := base64.StdEncoding.DecodeString(cursor)
		if err == nil {
			from, err = strconv.Atoi(strings.TrimPrefix(string(raw), "offset:"))
		}
		if err != nil || from < 0 || from > len(list) {
			return nil, "", refuse("invalid_cursor")
		}
	}
	end := min(from+limit, len(list))
	next := ""
	if end < len(list) {
		next = base64.StdEncoding.EncodeToString([]byte("offset:" + strconv.Itoa(end)))
	}
	return append([]T{}, list[from:end]...), next, nil
}
