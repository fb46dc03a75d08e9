package slackserver

import "encoding/json"

// message is one message of a channel. Once stored it is only changed under the
// workspace's lock.
type message struct {
	channel   string
	ts        string
	threadTS  string // root's ts; equal to ts on a root that has replies
	user      string
	byApp     bool
	username  string // chat.postMessage's override
	text      string
	blocks    json.RawMessage
	attach    json.RawMessage
	metadata  json.RawMessage
	editedTS  string
	broadcast bool
	onlyFor   string // the one user who sees an ephemeral message
	bySlack   bool   // Slack's own words, such as a failed command
	reactions []reaction
	replies   []*message // of a root, oldest first
}

type reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// messageJSON is a message as conversations.history has it, with "ephemeral"
// for the control routes.
type messageJSON struct {
	Type            string          `json:"type"`
	Subtype         string          `json:"subtype,omitempty"`
	User            string          `json:"user,omitempty"`
	Username        string          `json:"username,omitempty"`
	Text            string          `json:"text"`
	TS              string          `json:"ts"`
	ThreadTS        string          `json:"thread_ts,omitempty"`
	ParentUserID    string          `json:"parent_user_id,omitempty"`
	BotID           string          `json:"bot_id,omitempty"`
	AppID           string          `json:"app_id,omitempty"`
	BotProfile      *botProfile     `json:"bot_profile,omitempty"`
	Team            string          `json:"team,omitempty"`
	Blocks          json.RawMessage `json:"blocks,omitempty"`
	Attachments     json.RawMessage `json:"attachments,omitempty"`
	Metadata        json.RawMessage `json:"metadata,omitempty"`
	Edited          *edited         `json:"edited,omitempty"`
	ReplyCount      int             `json:"reply_count,omitempty"`
	ReplyUsersCount int             `json:"reply_users_count,omitempty"`
	ReplyUsers      []string        `json:"reply_users,omitempty"`
	LatestReply     string          `json:"latest_reply,omitempty"`
	Reactions       []reaction      `json:"reactions,omitempty"`
	Ephemeral       bool            `json:"ephemeral,omitempty"`
}

type edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

type botProfile struct {
	ID     string `json:"id"`
	AppID  string `json:"app_id"`
	UserID string `json:"user_id"`
	Name   string `json:"name"`
	TeamID string `json:"team_id"`
}

// render copies m into its wire form. The caller holds the workspace's lock.
func (w *workspace) render(m *message, withMetadata bool) messageJSON {
	out := messageJSON{
		Type: "message", User: m.user, Username: m.username, Text: m.text, TS: m.ts, ThreadTS: m.threadTS,
		Team: w.teamID, Blocks: m.blocks, Attachments: m.attach, Ephemeral: m.onlyFor != "",
	}
	if len(m.reactions) > 0 {
		out.Reactions = append([]reaction(nil), m.reactions...)
	}
	if withMetadata {
		out.Metadata = m.metadata
	}
	if m.byApp {
		out.BotID, out.AppID = w.bot.botID, w.bot.appID
		out.BotProfile = &botProfile{ID: w.bot.botID, AppID: w.bot.appID, UserID: w.bot.userID, Name: w.bot.name, TeamID: w.teamID}
	}
	if m.bySlack {
		out.User, out.Subtype = "USLACKBOT", "slackbot_response"
	}
	if m.editedTS != "" {
		out.Edited = &edited{User: m.user, TS: m.editedTS}
	}
	if m.broadcast {
		out.Subtype = "thread_broadcast"
	}
	w.renderThread(m, &out)
	return out
}

func (w *workspace) renderThread(m *message, out *messageJSON) {
	if m.threadTS != "" && m.threadTS != m.ts {
		if root := w.find(m.channel, m.threadTS); root != nil {
			out.ParentUserID = root.user
		}
		return
	}
	seen := map[string]bool{}
	for _, reply := range m.replies {
		if reply.onlyFor != "" {
			continue
		}
		out.ReplyCount++
		out.LatestReply = reply.ts
		if !seen[reply.user] && len(seen) < 5 {
			seen[reply.user] = true
			out.ReplyUsers = append(out.ReplyUsers, reply.user)
		}
	}
	out.ReplyUsersCount = len(out.ReplyUsers)
}
