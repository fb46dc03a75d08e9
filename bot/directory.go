package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"handrail/policy"
)

// Actor says who a person is. team is the team that the payload names for the person. The zero
// standing comes with an error.
func (w *Workspace) Actor(ctx context.Context, team, user string) (policy.Actor, error) {
	unknown := policy.Actor{ID: user, Team: team}
	if !isUser(user) {
		return unknown, fmt.Errorf("looking up a person: %q is no user ID", clean(user))
	}
	actor, err := w.actors.get(ctx, team+"/"+user, func(ctx context.Context) (policy.Actor, error) {
		home, err := w.known(ctx)
		if err != nil {
			return unknown, err
		}
		u, err := w.api.GetUserInfoContext(ctx, user, slack.GetUserInfoOptionIncludeLocale(false))
		if err != nil {
			return unknown, redacted(err)
		}
		if u.ID != user {
			return unknown, fmt.Errorf("slack answered for another user")
		}
		return policy.Actor{ID: user, Team: team, Standing: standing(u, home, team), Mail: mail(u)}, nil
	})
	if err != nil {
		return unknown, fmt.Errorf("looking up a person: %w", err)
	}
	if actor.UserGroups, actor.Unread, err = w.groupsOf(ctx, user); err != nil {
		return unknown, fmt.Errorf("looking up a person's user groups: %w", err)
	}
	return actor, nil
}

// groupsOf lists the user groups that the person is in, of those that decisions depend on. A group that cannot be
// looked up is listed as unread: a failure never widens what somebody may do. If it could be why the person is in none, that is an
// error, so that whoever can wait does not take it for a no. A group that Slack does not show us is nobody's.
func (w *Workspace) groupsOf(ctx context.Context, user string) (in, unread []string, err error) {
	if w.opt.UserGroups == nil {
		return nil, nil, nil
	}
	var unclear error
	for _, id := range w.opt.UserGroups() {
		members, err := w.groups.get(ctx, id, func(ctx context.Context) (map[string]struct{}, error) { return w.members(ctx, id) })
		switch _, member := members[user]; {
		case err == nil && member:
			in = append(in, id)
		case err != nil:
			w.opt.Log.Warn("looking up a user group", "usergroup", id, "error", err)
			unread = append(unread, id)
			if !hidden(err) {
				unclear = err
			}
		}
	}
	if len(in) > 0 {
		return in, unread, nil
	}
	return nil, unread, unclear
}

func (w *Workspace) members(ctx context.Context, group string) (map[string]struct{}, error) {
	users, err := w.api.GetUserGroupMembersContext(ctx, group)
	if err != nil {
		return nil, redacted(err)
	}
	members := make(map[string]struct{}, len(users))
	for _, u := range users {
		members[u] = struct{}{}
	}
	return members, nil
}

// hidden says whether Slack's no is about this group alone and will stay: it is gone, or we lack the scope to see any.
func hidden(err error) bool {
	var no slack.SlackErrorResponse
	return classify(err) == strange || errors.As(err, &no) && no.Err == "missing_scope"
}

// standing reads the flags of users.info. is_app_user is not among them: it marks people who
// authorised an app themselves, not bots.
func standing(u *slack.User, home *installation, team string) policy.Standing {
	switch {
	case u.Deleted:
		return policy.StandingDeactivated
	case u.IsBot || u.IsWorkflowBot || u.IsConnectorBot || u.ID == home.user || u.ID == "USLACKBOT":
		return policy.StandingBot
	case u.IsStranger || !homely(u, home, team):
		return policy.StandingExternal
	case u.IsRestricted || u.IsUltraRestricted || u.IsInvitedUser:
		return policy.StandingGuest
	}
	return policy.StandingMember
}

// mail is the address that Slack has confirmed, "" without the scope users:read.email.
func mail(u *slack.User) string {
	if address := u.Profile.Email; len(address) <= 254 && clean(address) == address {
		return address
	}
	return ""
}

// homely says whether the person, and the team that the payload names, are of our workspace or of
// our enterprise.
func homely(u *slack.User, home *installation, team string) bool {
	shared := home.enterprise != "" && u.Enterprise.EnterpriseID == home.enterprise
	if u.TeamID != home.team && !shared {
		return false
	}
	return team == "" || team == home.team || shared && (team == home.enterprise || slices.Contains(u.Enterprise.Teams, team))
}

// Channel says what a conversation is. A direct message has no name and needs no look-up.
func (w *Workspace) Channel(ctx context.Context, id string) (policy.Channel, error) {
	unknown := policy.Channel{ID: id}
	if !isChannel(id) {
		return unknown, fmt.Errorf("looking up a channel: %q is no channel ID", clean(id))
	}
	if strings.HasPrefix(id, "D") {
		return policy.Channel{ID: id, Known: true}, nil
	}
	channel, err := w.channels.get(ctx, id, func(ctx context.Context) (policy.Channel, error) {
		c, err := w.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		if err != nil {
			return unknown, redacted(err)
		}
		if c.ID != id {
			return unknown, fmt.Errorf("slack answered for another channel")
		}
		return place(c), nil
	})
	if err != nil {
		return unknown, fmt.Errorf("looking up a channel: %w", err)
	}
	return channel, nil
}

func place(c *slack.Channel) policy.Channel {
	shared := c.IsShared || c.IsExtShared || c.IsPendingExtShared || c.IsOrgShared || c.IsGlobalShared ||
		len(c.PendingShared) > 0 || len(c.ConnectedTeamIDs) > 0
	name := c.Name
	if c.IsIM || c.IsMpIM {
		name = ""
	}
	return policy.Channel{ID: c.ID, Name: name, Shared: shared, Known: true}
}

// learn forgets what an Events API event says has changed.
func (w *Workspace) learn(kind string, event json.RawMessage) {
	switch kind {
	case "user_change":
		var e struct {
			User struct{ ID string } `json:"user"`
		}
		if json.Unmarshal(event, &e) == nil {
			w.forgetActor(e.User.ID)
		}
	case "subteam_members_changed", "subteam_updated":
		w.groups.forgetIf(func(string) bool { return true })
	case "channel_rename", "group_rename":
		var e struct {
			Channel struct{ ID string } `json:"channel"`
		}
		if json.Unmarshal(event, &e) == nil {
			w.channels.forget(e.Channel.ID)
		}
	case "channel_shared", "channel_unshared", "channel_archive", "channel_unarchive", "channel_convert_to_private":
		var e struct{ Channel string }
		if json.Unmarshal(event, &e) == nil {
			w.channels.forget(e.Channel)
		}
	}
}

// forgetActor drops a person under every team a payload has named for them.
func (w *Workspace) forgetActor(user string) {
	w.actors.forgetIf(func(key string) bool { return strings.HasSuffix(key, "/"+user) })
}
