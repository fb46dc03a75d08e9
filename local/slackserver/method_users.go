package slackserver

import (
	"slices"
	"strings"
	"time"
)

// byUserID finds a person by ID only, as the Web API does. The caller holds mu.
func (w *workspace) byUserID(id string) *User {
	for _, u := range w.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func usersInfo(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	u := w.byUserID(c.args["user"])
	switch {
	case u == nil:
		return nil, refuse("user_not_found")
	case u.IsStranger:
		return nil, refuse("user_not_visible")
	}
	return reply{"user": w.person(u, c.now)}, nil
}

func usersList(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	var all []reply
	for _, u := range w.users {
		if !u.IsStranger {
			all = append(all, w.person(u, c.now))
		}
	}
	page, next, err := paged(c, all, 200)
	return reply{"members": page, "cache_ts": c.now.Unix(), "response_metadata": reply{"next_cursor": next}}, err
}

// person is the wire form of a user.
func (w *workspace) person(u *User, now time.Time) reply {
	profile := reply{
		"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name, "display_name_normalized": u.Name,
		"title": u.Title, "team": u.TeamID, "email": u.Email, "status_text": "", "status_emoji": "", "avatar_hash": "",
	}
	first, last, _ := strings.Cut(u.RealName, " ")
	profile["first_name"], profile["last_name"] = first, last
	if u.IsBot {
		profile["bot_id"], profile["api_app_id"] = w.bot.botID, w.bot.appID
	}
	out := reply{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": u.RealName, "deleted": u.Deleted, "profile": profile,
		"is_bot": u.IsBot, "is_app_user": false, "is_workflow_bot": u.IsWorkflowBot, "updated": now.Unix(), "color": "4bbe2e",
		"is_admin": u.IsAdmin, "is_owner": false, "is_primary_owner": false, "is_email_confirmed": true,
		"is_restricted": u.IsRestricted || u.IsUltraRestricted, "is_ultra_restricted": u.IsUltraRestricted,
		"who_can_share_contact_card": "EVERYONE",
	}
	if u.TeamID != w.teamID {
		out["is_stranger"] = u.IsStranger
	}
	zone, err := time.LoadLocation(u.TZ)
	if err == nil {
		name, offset := now.In(zone).Zone()
		out["tz"], out["tz_label"], out["tz_offset"] = u.TZ, name, offset
	}
	return out
}

func usergroupsList(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	all := []reply{}
	for _, g := range w.groups {
		if g.Disabled && !c.args.bool("include_disabled") {
			continue
		}
		item := reply{
			"id": g.ID, "team_id": w.teamID, "is_usergroup": true, "handle": g.Handle, "name": nonEmpty(g.Name, g.Handle),
			"description": "", "is_external": false, "date_create": c.s.started.Unix(), "date_update": c.s.started.Unix(),
			"date_delete": 0, "user_count": len(g.Users), "prefs": reply{"channels": []string{}, "groups": []string{}},
		}
		if g.Disabled {
			item["date_delete"] = c.s.started.Unix()
		}
		if c.args.bool("include_users") {
			item["users"] = append([]string{}, g.Users...)
		}
		all = append(all, item)
	}
	return reply{"usergroups": all}, nil
}

func usergroupsUsersList(c *call) (reply, error) {
	w := c.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	i := slices.IndexFunc(w.groups, func(g Usergroup) bool { return g.ID == c.args["usergroup"] })
	if i < 0 || w.groups[i].Disabled && !c.args.bool("include_disabled") {
		return nil, refuse("no_such_subteam")
	}
	active := []string{}
	for _, id := range w.groups[i].Users {
		if u := w.byUserID(id); u != nil && !u.Deleted {
			active = append(active, id)
		}
	}
	return reply{"users": active}, nil
}

func nonEmpty(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
