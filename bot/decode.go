package bot

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"handrail/commands"
	"handrail/policy"
)

// kind is the type of a payload, as Socket Mode's envelopes name it.
type kind string

const (
	kindCommand     kind = "slash_commands"
	kindInteractive kind = "interactive"
	kindEvent       kind = "events_api"
)

// slash is what counts of a slash command's payload. Names in it are not looked at: people choose them.
type slash struct {
	Team       string `json:"team_id"`
	Enterprise string `json:"enterprise_id"`
	App        string `json:"api_app_id"`
	Channel    string `json:"channel_id"`
	User       string `json:"user_id"`
	Command    string `json:"command"`
	Text       string `json:"text"`
	Trigger    string `json:"trigger_id"`
}

func slashOf(in received) (s slash, ok bool) {
	if in.form == nil {
		return s, json.Unmarshal(in.payload, &s) == nil
	}
	one := func(name string) string {
		if len(in.form[name]) > 1 {
			ok = false
		}
		return in.form.Get(name)
	}
	ok = true
	s = slash{
		Team: one("team_id"), Enterprise: one("enterprise_id"), App: one("api_app_id"), Channel: one("channel_id"),
		User: one("user_id"), Command: one("command"), Text: one("text"), Trigger: one("trigger_id"),
	}
	return s, ok
}

func (b *Bot) command(ctx context.Context, in received) acknowledgement {
	s, ok := slashOf(in)
	if !ok || s.Trigger == "" || !isUser(s.User) || !isChannel(s.Channel) || s.Command == "" {
		b.opt.Log.Warn("refusing a malformed slash command")
		return refused(http.StatusBadRequest)
	}
	home, err := b.opt.Workspace.known(ctx)
	if err != nil {
		b.opt.Log.Error("refusing a slash command", "error", err)
		return answered(ackJSON(sayPlainly("I cannot reach Slack to check where this comes from. Nothing was done; try again in a minute.")))
	}
	if !home.admits(s.Team, s.Enterprise, s.App) {
		return b.foreign(s.Team, s.App)
	}
	a := b.ask(ctx, commands.Invocation{
		Key: "slash:" + s.Trigger, Entry: policy.ByCommand, Team: s.Team, User: s.User, Channel: s.Channel,
		Text: s.Text, Command: s.Command, At: in.at,
	})
	return answered(ackJSON(a))
}

// foreign refuses a payload that is meant for another installation.
func (b *Bot) foreign(team, app string) acknowledgement {
	b.opt.Log.Warn("refusing a payload of another team or app", "team", clean(team), "app", clean(app))
	return refused(http.StatusForbidden)
}

// envelope is the outside of an Events API payload.
type envelope struct {
	Type       string          `json:"type"`
	Challenge  string          `json:"challenge"`
	Team       string          `json:"team_id"`
	Enterprise string          `json:"enterprise_id"`
	App        string          `json:"api_app_id"`
	ID         string          `json:"event_id"`
	Event      json.RawMessage `json:"event"`
}

// mention is an app_mention event.
type mention struct {
	Type     string          `json:"type"`
	Subtype  string          `json:"subtype"`
	User     string          `json:"user"`
	UserTeam string          `json:"user_team"`
	BotID    string          `json:"bot_id"`
	Text     string          `json:"text"`
	Channel  string          `json:"channel"`
	Thread   string          `json:"thread_ts"`
	Edited   json.RawMessage `json:"edited"`
}

func (b *Bot) event(ctx context.Context, in received) acknowledgement {
	var e envelope
	if json.Unmarshal(in.payload, &e) != nil {
		return refused(http.StatusBadRequest)
	}
	if e.Type == "url_verification" {
		body, _ := json.Marshal(map[string]string{"challenge": e.Challenge}) // strings always encode
		return answered(body)
	}
	if e.Type != "event_callback" {
		b.opt.Log.Warn("ignoring an event", "type", clean(e.Type))
		return taken()
	}
	home, err := b.opt.Workspace.known(ctx)
	if err != nil {
		b.opt.Log.Error("refusing an event", "error", err)
		return refused(http.StatusServiceUnavailable) // Slack sends it again
	}
	if !home.admits(e.Team, e.Enterprise, e.App) {
		return b.foreign(e.Team, e.App)
	}
	return b.inner(ctx, in, e, home)
}

func (b *Bot) inner(ctx context.Context, in received, e envelope, home *installation) acknowledgement {
	var m mention
	if json.Unmarshal(e.Event, &m) != nil {
		var other struct{ Type string }
		if json.Unmarshal(e.Event, &other) == nil {
			b.opt.Workspace.learn(other.Type, e.Event)
		}
		return taken()
	}
	if m.Type != "app_mention" {
		b.opt.Workspace.learn(m.Type, e.Event)
		return taken()
	}
	if !m.typed(home) {
		return taken()
	}
	if e.ID == "" || !isUser(m.User) || !isChannel(m.Channel) || m.Thread != "" && !stamp.MatchString(m.Thread) {
		b.opt.Log.Warn("ignoring a malformed mention")
		return refused(http.StatusBadRequest)
	}
	text, ours := afterMention(m.Text, home.user)
	if !ours {
		return taken()
	}
	inv := commands.Invocation{
		Key: "event:" + e.ID, Entry: policy.ByMention, Team: firstOf(m.UserTeam, e.Team), User: m.User, Channel: m.Channel,
		Thread: m.Thread, Text: text, Command: home.name, At: in.at,
	}
	a := b.ask(ctx, inv)
	return taken().then(func(ctx context.Context) { b.whisper(ctx, inv, a) })
}

// typed says whether a person wrote the mention just now: not a bot, not we, not by editing.
func (m mention) typed(home *installation) bool {
	edited := len(m.Edited) > 0 && string(m.Edited) != "null"
	return m.BotID == "" && m.Subtype == "" && m.User != "" && m.User != home.user && !edited
}

// greetings may stand before a mention; with anything else before it, people talk about us and not to us.
const greetings = " hey hi hello "

// afterMention is what follows a mention of us at the beginning of a message. ok is false if there is none.
func afterMention(text, user string) (rest string, ok bool) {
	text = strings.TrimSpace(text)
	before, after, found := strings.Cut(text, "<@"+user)
	if !found {
		return "", false
	}
	if before = strings.ToLower(strings.Trim(before, " \t\n,!.")); before != "" && !strings.Contains(greetings, " "+before+" ") {
		return "", false
	}
	label, rest, closed := strings.Cut(after, ">")
	if !closed || label != "" && label[0] != '|' {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
