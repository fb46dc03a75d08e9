package slackserver

import (
	"net/url"
	"strings"
)

func apiTest(c *call) (reply, error) {
	if code := c.args["error"]; code != "" {
		return nil, refuse(code)
	}
	return reply{"args": c.args}, nil
}

func authTest(c *call) (reply, error) {
	o := c.s.opt
	return reply{
		"url": c.base + "/", "team": o.TeamName, "team_id": o.TeamID, "user": strings.ToLower(o.BotName),
		"user_id": o.BotUserID, "bot_id": o.BotID, "is_enterprise_install": false,
	}, nil
}

func botsInfo(c *call) (reply, error) {
	o := c.s.opt
	if id := c.args["bot"]; id != "" && id != o.BotID {
		return nil, refuse("bot_not_found")
	}
	return reply{"bot": reply{
		"id": o.BotID, "deleted": false, "name": o.BotName, "updated": c.s.started.Unix(),
		"app_id": o.AppID, "user_id": o.BotUserID, "icons": reply{},
	}}, nil
}

func teamInfo(c *call) (reply, error) {
	o := c.s.opt
	if id := c.args["team"]; id != "" && id != o.TeamID {
		return nil, refuse("team_not_found")
	}
	return reply{"team": reply{
		"id": o.TeamID, "name": o.TeamName, "domain": o.TeamDomain, "email_domain": "", "url": c.base + "/", "icon": reply{},
	}}, nil
}

// connectionsOpen hands out a one-shot Socket Mode URL.
func connectionsOpen(c *call) (reply, error) {
	ticket, err := c.s.sockets.issue(c.now)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.base)
	if err != nil {
		return nil, refuse("internal_error")
	}
	u.Scheme = map[string]string{"https": "wss"}[u.Scheme]
	if u.Scheme == "" {
		u.Scheme = "ws"
	}
	u.Path = "/link/"
	u.RawQuery = url.Values{"ticket": {ticket}, "app_id": {c.s.opt.AppID}}.Encode()
	return reply{"url": u.String()}, nil
}
