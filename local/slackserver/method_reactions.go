package slackserver

import (
	"slices"
	"strings"
)

const maxReactions = 23 // kinds of emoji on one message: slack.com/help, "too_many_emoji"

func reactionsAdd(c *call) (reply, error) {
	name := strings.Trim(c.args["name"], ":")
	if name == "" || strings.ContainsAny(name, " <>&") || len(name) > 100 {
		return nil, refuse("invalid_name")
	}
	w := c.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	if c.args["timestamp"] == "" {
		return nil, refuse("no_item_specified")
	}
	m := ch.byTS[c.args["timestamp"]]
	if m == nil || m.onlyFor != "" {
		return nil, refuse("message_not_found")
	}
	if err := m.react(name, w.bot.userID); err != nil {
		return nil, err
	}
	c.s.changed(ch, m)
	return reply{}, nil
}

func (m *message) react(name, user string) error {
	for i := range m.reactions {
		r := &m.reactions[i]
		if r.Name != name {
			continue
		}
		if slices.Contains(r.Users, user) {
			return refuse("already_reacted")
		}
		r.Users, r.Count = append(slices.Clone(r.Users), user), r.Count+1
		return nil
	}
	if len(m.reactions) >= maxReactions {
		return refuse("too_many_emoji")
	}
	m.reactions = append(m.reactions, reaction{Name: name, Users: []string{user}, Count: 1})
	return nil
}
