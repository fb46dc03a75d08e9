package bot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

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
	Trigger string `json:"trigger_id"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		Channel string `json:"channel_id"`
		Message string `json:"message_ts"`
		Thread  string `json:"thread_ts"`
	} `json:"container"`
	Message struct {
		TS     string `json:"ts"`
		Thread string `json:"thread_ts"`
	} `json:"message"`
	Actions []struct {
		ID    string `json:"action_id"`
		Block string `json:"block_id"`
		Value string `json:"value"`
		TS    string `json:"action_ts"`
	} `json:"actions"`
	View struct {
		ID       string `json:"id"`
		App      string `json:"app_id"`
		Hash     string `json:"hash"`
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]struct {
				Value string `json:"value"`
			} `json:"values"`
		} `json:"state"`
	} `json:"view"`
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
	case i.Type == "view_submission":
		return b.submitted(ctx, in, i)
	case i.Type == "block_actions" && len(i.Actions) == 1 && slices.Contains(buttons, i.Actions[0].ID):
		return b.clicked(ctx, in, i)
	}
	return taken() // a link's click, or a form that is not ours
}

// buttons are the action IDs that do something.
var buttons = []string{actionCancel, actionApprove, actionDeny, actionApproveStep, actionDenyStep, actionAsk}

// click is a verified use of a button: who, where and which, and nothing about state.
type click struct {
	inv     commands.Invocation
	ts      string // of the message
	action  string
	value   string
	block   string
	trigger string
}

// clickOf reads a click, or says that it is malformed.
func clickOf(in received, i interaction) (click, bool) {
	channel, ts := firstOf(i.Container.Channel, i.Channel.ID), firstOf(i.Container.Message, i.Message.TS)
	action := i.Actions[0]
	if !isUser(i.User.ID) || !isChannel(channel) || !stamp.MatchString(ts) || !stamp.MatchString(action.TS) ||
		i.Channel.ID != "" && i.Channel.ID != channel || i.Message.TS != "" && i.Message.TS != ts {
		return click{}, false
	}
	thread := firstOf(i.Message.Thread, i.Container.Thread)
	if thread == ts || !stamp.MatchString(thread) { // a card with replies stands in the channel all the same, and is answered there
		thread = ""
	}
	inv := commands.Invocation{
		Key:   strings.Join([]string{"button", channel, ts, action.ID, i.User.ID, action.TS}, ":"),
		Entry: policy.ByButton, Team: firstOf(i.User.Team, i.Team.ID, i.Enterprise.ID), User: i.User.ID,
		Channel: channel, Thread: thread, Command: "/runbook", At: in.at,
	}
	return click{inv: inv, ts: ts, action: action.ID, value: action.Value, block: action.Block, trigger: i.Trigger}, true
}

// clicked turns a click into the command that it stands for, or opens the form that asks for the rest of it.
func (b *Bot) clicked(ctx context.Context, in received, i interaction) acknowledgement {
	k, ok := clickOf(in, i)
	if !ok {
		b.opt.Log.Warn("refusing a malformed click")
		return refused(http.StatusBadRequest)
	}
	if k.action == actionAsk {
		return b.askClicked(k)
	}
	e, no := b.row(ctx, k.inv, k.ts, k.action, k.value)
	var step string
	if no == nil && (k.action == actionApproveStep || k.action == actionDenyStep) {
		step, no = b.stepOf(e, k.block)
	}
	var a commands.Answer
	switch {
	case no != nil:
		a = *no
	case k.action == actionDeny || k.action == actionDenyStep:
		return b.denyClicked(k, e, step)
	default:
		k.inv.Args = args(k.action, e.Ref, step, "")
		a = b.ask(ctx, k.inv)
	}
	return taken().then(func(ctx context.Context) { b.whisper(ctx, k.inv, a) })
}

// args are the words of a command that a button or a form stands for.
func args(action, ref, step, reason string) []commands.Word {
	verb := map[string]string{actionCancel: "cancel", actionApprove: "approve", actionApproveStep: "approve",
		actionDeny: "deny", actionDenyStep: "deny", actionAsk: "ask"}[action]
	all := []commands.Word{{Value: verb}, {Value: ref}}
	if step != "" {
		all = append(all, commands.Word{Key: "step", Value: step})
	}
	if reason != "" {
		all = append(all, commands.Word{Key: "reason", Value: reason})
	}
	return all
}

// A click can be faster than the note of where its message is.
const (
	cardTries = 5
	cardPause = 100 * time.Millisecond
)

// byCard finds the execution that a message shows.
func (b *Bot) byCard(ctx context.Context, channel, ts string) (e *automation.Execution, err error) {
	for try := 1; ; try++ {
		e, err = b.opt.Store.ByCard(ctx, channel, ts)
		if !errors.Is(err, automation.ErrNotFound) || try == cardTries || !sleep(ctx, cardPause) {
			return e, err
		}
	}
}

// row believes the store about which execution a message shows, and only that. Without one it says why not.
func (b *Bot) row(ctx context.Context, inv commands.Invocation, ts, action, id string) (*automation.Execution, *commands.Answer) {
	e, err := b.byCard(ctx, inv.Channel, ts)
	var no commands.Answer
	switch {
	case errors.Is(err, automation.ErrNotFound) || err == nil && e.ID != id:
		b.opt.Log.Warn("refusing a click on a message that is not the execution's card", "user", inv.User, "channel", inv.Channel)
		b.misplaced(ctx, inv, action, id)
		no = sayPlainly("This button does not belong to an execution that I know. Nothing was done; `/runbook status` lists those that run.")
	case err != nil:
		b.opt.Log.Error("looking up the card of a click", "error", err)
		no = sayPlainly("I cannot reach my own records at the moment. Nothing was done; try again in a minute.")
	default:
		return e, nil
	}
	return nil, &no
}

// misplaced has a click written down that names an execution on a message which is not its card. That is a no already,
// whether or not it can be recorded.
func (b *Bot) misplaced(ctx context.Context, inv commands.Invocation, button, id string) {
	if b.opt.Misplaced == nil {
		return
	}
	action := policy.Approve
	switch button {
	case actionCancel:
		action = policy.Cancel
	case actionDeny, actionDenyStep:
		action = policy.Reject
	}
	err := b.opt.Misplaced(ctx, automation.ApproveAsk{Entry: inv.Entry, Team: inv.Team, User: inv.User, Channel: inv.Channel, Execution: id, At: inv.At}, action)
	if err != nil && !errors.Is(err, automation.ErrNotFound) {
		b.opt.Log.Error("recording a click on another message", "error", err)
	}
}

// stepOf is the step that a block of buttons is for, if the row says that it waits for an answer.
func (b *Bot) stepOf(e *automation.Execution, block string) (string, *commands.Answer) {
	name, ours := strings.CutPrefix(block, stepBlock)
	if ours && slices.Contains(b.announce.look.answerable(e), name) {
		return name, nil
	}
	no := sayPlainly("No step of " + e.Ref + " waits for this answer any more. Nothing was done.")
	return "", &no
}
