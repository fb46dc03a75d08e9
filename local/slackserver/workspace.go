package slackserver

import (
	"slices"
	"strings"
	"sync"
)

// botIdentity is the one app installed in the workspace.
type botIdentity struct{ appID, botID, userID, name string }

// workspace is everything that people and the app share. Fields are guarded by
// mu; methods say whether they lock.
type workspace struct {
	mu       sync.RWMutex
	teamID   string
	bot      botIdentity
	max      int
	users    []*User
	channels []*channel
	groups   []Usergroup
	byID     map[string]*channel
	views    *viewStore
}

// channel is a conversation and its messages.
type channel struct {
	Channel
	isIM     bool
	imUser   string
	created  int64
	messages []*message // oldest first, ephemeral ones and replies included
	byTS     map[string]*message
	bytes    int // of all messages, about
}

func newWorkspace(o Options) *workspace {
	w := &workspace{
		teamID: o.TeamID,
		bot:    botIdentity{appID: o.AppID, botID: o.BotID, userID: o.BotUserID, name: o.BotName},
		max:    o.MaxMessages,
		groups: slices.Clone(o.Usergroups),
		byID:   map[string]*channel{},
		views:  newViewStore(),
	}
	for _, u := range o.Users {
		w.users = append(w.users, fillUser(u, o.TeamID))
	}
	w.users = append(w.users, fillUser(User{ID: o.BotUserID, Name: strings.ToLower(o.BotName), RealName: o.BotName, IsBot: true}, o.TeamID))
	for _, c := range o.Channels {
		w.addChannel(&channel{Channel: c, created: o.Now().Unix()})
	}
	return w
}

func fillUser(u User, team string) *User {
	if u.RealName == "" {
		u.RealName = u.Name
	}
	if u.TZ == "" {
		u.TZ = "Etc/UTC"
	}
	if u.TeamID == "" {
		u.TeamID = team
	}
	return &u
}

func (w *workspace) addChannel(c *channel) {
	c.byTS = map[string]*message{}
	w.channels = append(w.channels, c)
	w.byID[c.ID] = c
}

// user finds a person by ID or name, with or without @; nil if there is none.
// The caller holds mu.
func (w *workspace) user(who string) *User {
	name := strings.ToLower(strings.TrimPrefix(who, "@"))
	for _, u := range w.users {
		if u.ID == who || u.Name == name {
			return u
		}
	}
	return nil
}

// channel finds a conversation by ID or name, with or without #; nil if there
// is none. The caller holds mu.
func (w *workspace) channel(which string) *channel {
	if c := w.byID[which]; c != nil {
		return c
	}
	name := strings.ToLower(strings.TrimPrefix(which, "#"))
	for _, c := range w.channels {
		if !c.isIM && c.Name == name {
			return c
		}
	}
	return nil
}

// has says whether the person is in the channel. The caller holds mu.
func (w *workspace) has(c *channel, userID string) bool {
	switch {
	case userID == w.bot.userID:
		return c.BotMember
	case c.isIM:
		return c.imUser == userID
	case c.Members == nil:
		return w.user(userID) != nil
	}
	return slices.Contains(c.Members, userID)
}

// members lists who is in the channel, the app last. The caller holds mu.
func (w *workspace) members(c *channel) []string {
	var ids []string
	for _, u := range w.users {
		if !u.Deleted && w.has(c, u.ID) {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

// openIM returns the app's direct conversation with the person, made on first
// use. The caller holds mu for writing.
func (w *workspace) openIM(u *User, now int64) (c *channel, existed bool) {
	for _, c := range w.channels {
		if c.isIM && c.imUser == u.ID {
			return c, true
		}
	}
	c = &channel{Channel: Channel{ID: "D" + strings.TrimLeft(u.ID, "UW"), BotMember: true}, isIM: true, imUser: u.ID, created: now}
	w.addChannel(c)
	return c, false
}
