package slackserver

import "context"

// userChange changes a person's flags, or adds a person when ID and Name are
// new. Absent fields stay as they are.
type userChange struct {
	User              string  `json:"user"`
	ID                string  `json:"id,omitempty"` // with it an unknown user is added
	RealName          *string `json:"real_name,omitempty"`
	Title             *string `json:"title,omitempty"`
	TeamID            *string `json:"team_id,omitempty"`
	Deleted           *bool   `json:"deleted,omitempty"`
	IsBot             *bool   `json:"is_bot,omitempty"`
	IsWorkflowBot     *bool   `json:"is_workflow_bot,omitempty"`
	IsRestricted      *bool   `json:"is_restricted,omitempty"`
	IsUltraRestricted *bool   `json:"is_ultra_restricted,omitempty"`
	IsStranger        *bool   `json:"is_stranger,omitempty"`
	IsAdmin           *bool   `json:"is_admin,omitempty"`
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *Server) changeUser(_ context.Context, _ string, t userChange) (reply, error) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.user(t.User)
	if u == nil {
		if t.ID == "" || t.User == "" {
			return nil, refuse("user_not_found")
		}
		u = fillUser(User{ID: t.ID, Name: t.User}, s.opt.TeamID)
		w.users = append(w.users, u)
	}
	set(&u.RealName, t.RealName)
	set(&u.Title, t.Title)
	set(&u.TeamID, t.TeamID)
	set(&u.Deleted, t.Deleted)
	set(&u.IsBot, t.IsBot)
	set(&u.IsWorkflowBot, t.IsWorkflowBot)
	set(&u.IsRestricted, t.IsRestricted)
	set(&u.IsUltraRestricted, t.IsUltraRestricted)
	set(&u.IsStranger, t.IsStranger)
	set(&u.IsAdmin, t.IsAdmin)
	now := s.now()
	s.pages.send(pageEvent{Type: "reload"})
	s.emit("user_change", reply{"type": "user_change", "user": w.person(u, now), "cache_ts": now.Unix(), "event_ts": s.stamps.next()}, eventOptions{})
	return reply{"user": w.person(u, now)}, nil
}

// channelChange changes a channel's flags, or adds a channel when ID and
// Channel are new.
type channelChange struct {
	Channel            string    `json:"channel"`
	ID                 string    `json:"id,omitempty"` // with it an unknown channel is added
	Topic              *string   `json:"topic,omitempty"`
	IsPrivate          *bool     `json:"is_private,omitempty"`
	IsArchived         *bool     `json:"is_archived,omitempty"`
	IsExtShared        *bool     `json:"is_ext_shared,omitempty"`
	IsPendingExtShared *bool     `json:"is_pending_ext_shared,omitempty"`
	IsOrgShared        *bool     `json:"is_org_shared,omitempty"`
	BotMember          *bool     `json:"bot_member,omitempty"`
	Members            *[]string `json:"members,omitempty"` // user IDs or names
}

func (s *Server) changeChannel(_ context.Context, _ string, t channelChange) (reply, error) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channel(t.Channel)
	if ch == nil {
		if t.ID == "" || t.Channel == "" {
			return nil, refuse("channel_not_found")
		}
		ch = &channel{Channel: Channel{ID: t.ID, Name: t.Channel}, created: s.now().Unix()}
		w.addChannel(ch)
	}
	set(&ch.Topic, t.Topic)
	set(&ch.IsPrivate, t.IsPrivate)
	set(&ch.IsArchived, t.IsArchived)
	set(&ch.IsExtShared, t.IsExtShared)
	set(&ch.IsPendingExtShared, t.IsPendingExtShared)
	set(&ch.IsOrgShared, t.IsOrgShared)
	set(&ch.BotMember, t.BotMember)
	if t.Members != nil {
		members := []string{}
		for _, who := range *t.Members {
			u := w.user(who)
			if u == nil {
				return nil, refuse("user_not_found")
			}
			members = append(members, u.ID)
		}
		ch.Members = members
	}
	s.channelsChanged()
	return reply{"channel": w.conversation(ch)}, nil
}
