package bot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

// The buttons of a card. A button's value is an execution's ID and nothing else.
const actionCancel = "cancel"

// interaction is what counts of an interactive payload.
type interaction struct {
	Type string `json:"type"`
	App  string `json:"api_app_id"`
	Team struct {
		ID         string `json:"id"`
		Enterprise string `json:"enterprise_id"`
	} `json:"team"`
	Enterprise struct {
		ID string `json:"id"`
	} `json:"enterprise"`
	User struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		Channel string `json:"channel_id"`
		Message string `json:"message_ts"`
	} `json:"container"`
	Message struct {
		TS     string `json:"ts"`
		Thread string `json:"thread_ts"`
	} `json:"message"`
	Actions []struct {
		ID    string `json:"action_id"`
		Value string `json:"value"`
		TS    string `json:"action_ts"`
	} `json:"actions"`
}

func (b *Bot) interactive(ctx context.Context, in received) acknowledgement {
	var i interaction
	if json.Unmarshal(in.payload, &i) != nil {
		return refused(http.StatusBadRequest)
	}
	home, err := b.opt.Workspace.known(ctx)
	if err != nil {
		b.opt.Log.Error("refusing a click", "error", err)
		return refused(http.StatusServiceUnavailable)
	}
	if !home.admits(i.Team.ID, firstOf(i.Enterprise.ID, i.Team.Enterprise), i.App) {
		return b.foreign(i.Team.ID, i.App)
	}
	switch {
	case i.Type == "block_suggestion":
		return answered([]byte(`{"options":[]}`))
	case i.Type != "block_actions" || len(i.Actions) != 1 || i.Actions[0].ID != actionCancel:
		return taken() // a link's click, or a form that is not ours
	}
	return b.cancel(ctx, in, i)
}

// cancel turns a click on a card into the command that it stands for.
func (b *Bot) cancel(ctx context.Context, in received, i interaction) acknowledgement {
	channel, ts := firstOf(i.Container.Channel, i.Channel.ID), firstOf(i.Container.Message, i.Message.TS)
	action := i.Actions[0]
	if !isUser(i.User.ID) || !isChannel(channel) || !stamp.MatchString(ts) || action.TS == "" ||
		i.Channel.ID != "" && i.Channel.ID != channel || i.Message.TS != "" && i.Message.TS != ts {
		b.opt.Log.Warn("refusing a malformed click")
		return refused(http.StatusBadRequest)
	}
	thread := i.Message.Thread
	if thread == ts { // a card with replies stands in the channel all the same, and is answered there
		thread = ""
	}
	inv := commands.Invocation{
		Key:   strings.Join([]string{"button", channel, ts, action.ID, i.User.ID, action.TS}, ":"),
		Entry: policy.ByButton, Team: firstOf(i.User.Team, i.Team.ID, i.Enterprise.ID), User: i.User.ID,
		Channel: channel, Thread: thread, Command: "/runbook", At: in.at,
	}
	a := b.click(ctx, inv, ts, action.Value)
	return taken().then(func(ctx context.Context) { b.whisper(ctx, inv, a) })
}

// click believes the store about which execution a card shows, and only that.
func (b *Bot) click(ctx context.Context, inv commands.Invocation, ts, value string) commands.Answer {
	e, err := b.opt.Store.ByCard(ctx, inv.Channel, ts)
	switch {
	case errors.Is(err, automation.ErrNotFound) || err == nil && e.ID != value:
		b.opt.Log.Warn("refusing a click on a message that is not the execution's card", "user", inv.User, "channel", inv.Channel)
		return sayPlainly("This button does not belong to an execution that I know. Nothing was done; `/runbook status` lists those that run.")
	case err != nil:
		b.opt.Log.Error("looking up the card of a click", "error", err)
		return sayPlainly("I cannot reach my own records at the moment. Nothing was done; try again in a minute.")
	}
	inv.Text = "cancel " + e.Ref
	return b.ask(ctx, inv)
}
