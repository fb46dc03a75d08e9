package bot

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// The buttons. A button's value is the ID of an execution, or of a decision for actionAsk, and nothing else. The name of a
// step is in its block_id. Whatever comes back is compared with the row.
const (
	actionCancel      = "cancel"
	actionApprove     = "approve"
	actionDeny        = "deny"
	actionApproveStep = "approve_step"
	actionDenyStep    = "deny_step"
	actionAsk         = "ask"
)

// stepBlock begins the block_id of a step's buttons.
const stepBlock = "step:"

// stepName is the form of a step's name in AWS; another gets no buttons.
var stepName = regexp.MustCompile(`^[A-Za-z0-9_]{1,128}$`)

// decisionID is the form of a record's ID.
var decisionID = regexp.MustCompile(`^d-[a-z2-7]{12}$`)

func label(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// confirming asks again after a click. Slack allows a title of 100 characters, a text of 300 and buttons of 30.
func confirming(title, text, yes, no string, style slack.Style) *slack.ConfirmationBlockObject {
	return slack.NewConfirmationBlockObject(label(limit(title, 100)), label(limit(text, 300)), label(yes), label(no)).WithStyle(style)
}

// actions are the buttons that the row calls for. approvers says whether this is the message in the approvers' channel.
func (l look) actions(e *automation.Execution, approvers bool) []slack.Block {
	var out []slack.Block
	var row []slack.BlockElement
	if awaits(e) && !cancelling(e) {
		row = append(row, approveButton(e), slack.NewButtonBlockElement(actionDeny, e.ID, label("Deny…")))
	}
	if !approvers {
		out = append(out, l.stepButtons(e)...)
		if cancellable(e) {
			row = append(row, cancelButton(e))
		}
	}
	if len(row) > 0 {
		out = append(out, slack.NewActionBlock("", row...))
	}
	return out
}

func approveButton(e *automation.Execution) slack.BlockElement {
	style, text := slack.StylePrimary, "Once enough people agree, it runs"
	if parts := effect(e); parts != "" {
		text += ": " + parts
	}
	if e.Approval != nil && e.Approval.Changes > 0 {
		style = slack.StyleDanger
	}
	lines := parameterRows(e)
	if rest := strings.Join(lines, ", "); len(lines) > 0 {
		text += ". " + limit(rest, 160)
	}
	title := "Run " + limit(firstOf(clean(e.Runbook), "this"), 80) + "?"
	return slack.NewButtonBlockElement(actionApprove, e.ID, label("Approve")).WithStyle(slack.StylePrimary).
		WithConfirm(confirming(title, text, "Approve", "Not now", style))
}

func cancelButton(e *automation.Execution) slack.BlockElement {
	name := limit(clean(e.Runbook), 80)
	confirm := confirming("Cancel "+name+"?", "AWS stops the step that is under way. What is done stays done.", "Cancel the run", "Keep it running", slack.StyleDanger)
	if awaits(e) {
		confirm = confirming("Withdraw "+name+"?", "Nothing has started, and nobody can approve it after this.", "Withdraw it", "Keep waiting", slack.StyleDanger)
	}
	return slack.NewButtonBlockElement(actionCancel, e.ID, label("Cancel")).WithStyle(slack.StyleDanger).WithConfirm(confirm)
}

// answerable lists the steps that wait for a person here, under the policy's own rule for them.
func (l look) answerable(e *automation.Execution) (names []string) {
	if e.State != automation.Waiting || l.stepRule == nil || cancelling(e) {
		return nil
	}
	for _, s := range e.Steps {
		if s.Action == "aws:approve" && kindOf(s.Status) == stepActive && stepName.MatchString(s.Name) && !signalled(e, s) && l.stepRule(e.Runbook, s.Name) {
			names = append(names, s.Name)
		}
	}
	return names[:min(len(names), 5)]
}

// signalled says whether enough people have answered this passing of a step, and AWS hears of it.
func signalled(e *automation.Execution, step automation.Step) bool {
	if e.Approval == nil {
		return false
	}
	for _, a := range e.Approval.Steps {
		if a.Step == step.Name && a.ID == step.ID && a.Signal != "" {
			return true
		}
	}
	return false
}

func (l look) stepButtons(e *automation.Execution) (out []slack.Block) {
	for _, name := range l.answerable(e) {
		confirm := confirming("Approve the step "+limit(name, 80)+"?", fmt.Sprintf("%s goes on with the steps after it.", limit(clean(e.Runbook), 100)), "Approve", "Not now", slack.StylePrimary)
		out = append(out,
			slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, "Step "+code(name)+" waits for somebody who may answer it", false, true)),
			slack.NewActionBlock(stepBlock+name,
				slack.NewButtonBlockElement(actionApproveStep, e.ID, label("Approve step")).WithStyle(slack.StylePrimary).WithConfirm(confirm),
				slack.NewButtonBlockElement(actionDenyStep, e.ID, label("Reject step…"))))
	}
	return out
}

// askButton offers to ask for a one-time approval after a refusal; nil if the refusal does not allow it.
func askButton(decision string) slack.Block {
	if !decisionID.MatchString(decision) {
		return nil
	}
	return slack.NewActionBlock("", slack.NewButtonBlockElement(actionAsk, decision, label("Ask for one-time approval")))
}
