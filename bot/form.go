package bot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

// The only field of our forms, as block_id and as action_id.
const fieldReason = "reason"

// triggerLives is how long Slack takes a trigger_id: docs.slack.dev/interactivity/handling-user-interaction.
const triggerLives = 3 * time.Second

// viewID is the form of a view's ID.
var viewID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// used says whether a trigger was used before.
func used(err error) bool {
	var no slack.SlackErrorResponse
	return errors.As(err, &no) && (no.Err == "exchanged_trigger_id" || no.Err == "trigger_exchanged")
}

// maxReason is how long a reason may be, in characters.
const maxReason = 300

// origin is what a form remembers of the click that opened it: references, which are looked up again when it is sent.
type origin struct {
	ID      string `json:"id"`      // execution, or decision for actionAsk
	Channel string `json:"channel"` // of the message that has the button
	Message string `json:"ts"`      // that message
	Thread  string `json:"thread,omitzero"`
	Step    string `json:"step,omitzero"`
}

// denyClicked opens the form that asks why, unless there is nothing to deny any more.
func (b *Bot) denyClicked(k click, e *automation.Execution, step string) acknowledgement {
	if step == "" && !awaits(e) {
		return taken().then(func(ctx context.Context) { b.whisper(ctx, k.inv, sayPlainly(waitOver(e))) })
	}
	return b.opening(k, denyForm(k.action, e, step), origin{ID: e.ID, Channel: k.inv.Channel, Message: k.ts, Thread: k.inv.Thread, Step: step})
}

// denyForm asks why somebody says no, to a start or to a step.
func denyForm(action string, e *automation.Execution, step string) slack.ModalViewRequest {
	title, about, button := "Deny "+limit(clean(e.Runbook), 19), person(e.Requester)+" asked for "+bold(e.Runbook)+" · "+code(e.Ref), "Deny"
	if step != "" {
		title, about, button = "Reject a step", "Step "+code(step)+" of "+bold(e.Runbook)+" · "+code(e.Ref)+". What ran before it stays done.", "Reject"
	}
	return formFor(action, title, button, about, "Why not?", "Everybody in the channel reads it, and the record keeps it.")
}

// askClicked opens the form for a one-time approval. Whether the person may ask is looked up when it is sent: the button is
// on a message that nobody stores.
func (b *Bot) askClicked(k click) acknowledgement {
	if !decisionID.MatchString(k.value) {
		b.opt.Log.Warn("refusing a click on a button that names no decision", "user", k.inv.User, "channel", k.inv.Channel)
		return taken().then(func(ctx context.Context) {
			b.whisper(ctx, k.inv, sayPlainly("This button does not belong to a decision that I know. Nothing was done."))
		})
	}
	view := formFor(actionAsk, "Ask for approval", "Ask", "Others have to agree before it runs. You do not get the right to run it again.",
		"Why do you need it?", "Those who may approve read it, and the record keeps it.")
	return b.opening(k, view, origin{ID: k.value, Channel: k.inv.Channel, Message: k.ts, Thread: k.inv.Thread})
}

// formFor is a form with one field. Slack allows a title and a button of 24 characters.
func formFor(callback, title, button, about, what, hint string) slack.ModalViewRequest {
	input := slack.NewPlainTextInputBlockElement(nil, fieldReason).WithMultiline(true).WithMinLength(1).WithMaxLength(maxReason)
	input.FocusOnLoad = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, Title: label(limit(title, 24)), Submit: label(button), Close: label("Back"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(about), slack.NewInputBlock(fieldReason, label(what), label(hint), input)}},
	}
}

// opening acknowledges the click, and then opens the form: the trigger is good for three seconds and for one use.
func (b *Bot) opening(k click, view slack.ModalViewRequest, from origin) acknowledgement {
	meta, err := json.Marshal(from)
	if err != nil || !b.intake.patient(k.inv.User, false) {
		return taken().then(func(ctx context.Context) {
			b.whisper(ctx, k.inv, sayPlainly("You ask faster than I can answer. Nothing was done; wait a few seconds and try again."))
		})
	}
	view.PrivateMetadata = string(meta)
	return taken().then(func(ctx context.Context) {
		within, cancel := context.WithDeadline(ctx, k.inv.At.Add(triggerLives))
		defer cancel()
		err := b.announce.limits.wait(within, methodOpen, k.inv.Channel)
		if err == nil {
			_, err = b.opt.Workspace.api.OpenViewContext(within, k.trigger, view)
			b.announce.limits.learn(methodOpen, err)
		}
		switch {
		case err == nil || used(err): // the same click came twice
		default:
			b.opt.Log.Warn("a form was not opened", "key", k.inv.Key, "error", redacted(err))
			b.whisper(ctx, k.inv, sayPlainly("I could not open the form in time. Nothing was done; click once more."))
		}
	})
}

// submitted takes a form that somebody sent.
func (b *Bot) submitted(ctx context.Context, in received, i interaction) acknowledgement {
	v := i.View
	var from origin
	switch {
	case v.Callback != actionDeny && v.Callback != actionDenyStep && v.Callback != actionAsk:
		return taken() // not one of ours
	case !isUser(i.User.ID) || v.App != "" && v.App != i.App || !viewID.MatchString(v.ID) || len(v.Hash) > 100 || len(v.Metadata) > 3_000,
		json.Unmarshal([]byte(v.Metadata), &from) != nil, !isChannel(from.Channel), !stamp.MatchString(from.Message),
		from.Thread != "" && !stamp.MatchString(from.Thread):
		b.opt.Log.Warn("refusing a malformed form")
		return refused(http.StatusBadRequest)
	}
	inv := commands.Invocation{
		Key: strings.Join([]string{"form", v.ID, v.Hash, i.User.ID}, ":"), Entry: policy.ByForm, Team: firstOf(i.User.Team, i.Team.ID, i.Enterprise.ID),
		User: i.User.ID, Channel: from.Channel, Thread: from.Thread, Command: "/runbook", At: in.at,
	}
	reason, wrong := reasonOf(v.State.Values[fieldReason][fieldReason].Value)
	if wrong != "" {
		return invalid(wrong)
	}
	return b.sent(ctx, inv, v.Callback, from, reason)
}

// sent turns a form into the command that it stands for. The row is read again: the form may be old.
func (b *Bot) sent(ctx context.Context, inv commands.Invocation, action string, from origin, reason string) acknowledgement {
	name := from.ID
	if action == actionAsk {
		if !decisionID.MatchString(from.ID) || from.Step != "" {
			return invalid("This form does not belong to a decision that I know. Nothing was done.")
		}
	} else {
		e, no := b.row(ctx, inv, from.Message, action, from.ID)
		if no == nil && action == actionDenyStep {
			from.Step, no = b.stepOf(e, stepBlock+from.Step)
		}
		if no == nil && action == actionDeny && !awaits(e) {
			over := sayPlainly(waitOver(e))
			no = &over
		}
		if no == nil && action == actionDeny && from.Step != "" {
			malformed := sayPlainly("This form does not belong to an execution that I know. Nothing was done.")
			no = &malformed
		}
		if no != nil {
			return invalid(plainText(*no))
		}
		name = e.Ref
	}
	inv.Args = args(action, name, from.Step, reason)
	a, busy := b.tryAsk(ctx, inv)
	if busy {
		return invalid(plainText(a)) // what was written stays in the form
	}
	return taken().then(func(ctx context.Context) { b.whisper(ctx, inv, a) })
}

// waitOver says why there is nothing to answer.
func waitOver(e *automation.Execution) string {
	_, word := face(e)
	return "It is too late for that: " + e.Ref + " is " + word + ". Nothing was done."
}

// reasonOf reads a reason from a form: one line, without anything invisible.
func reasonOf(typed string) (reason, wrong string) {
	if utf8.RuneCountInString(typed) > 2*maxReason {
		return "", "Please say it in 300 characters."
	}
	reason = strings.Join(strings.Fields(clean(typed)), " ")
	switch {
	case reason == "":
		return "", "Please say why, in a few words."
	case utf8.RuneCountInString(reason) > maxReason:
		return "", "Please say it in 300 characters."
	}
	return reason, ""
}

// invalid keeps a form open and shows what is wrong beside its field.
func invalid(why string) acknowledgement {
	body, err := json.Marshal(map[string]any{"response_action": "errors", "errors": map[string]string{fieldReason: limit(why, 1_000)}})
	if err != nil {
		return refused(http.StatusInternalServerError)
	}
	return answered(body)
}

// plainText is an answer as one line of plain text.
func plainText(a commands.Answer) string {
	var lines []string
	for _, line := range a.Lines {
		var b strings.Builder
		for _, s := range line {
			b.WriteString(s.Text)
		}
		lines = append(lines, clean(b.String()))
	}
	return strings.Join(lines, " ")
}
