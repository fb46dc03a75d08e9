package ssmserver

import (
	"context"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

// How long aws:approve and aws:pause wait, by default and at most:
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-approve.html and automation-action-pause.html.
const (
	signalTime    = 604_800 * time.Second
	maxSignalTime = 2_592_000
)

// Limits of aws:approve, from the same page.
const (
	maxApprovers       = 10
	maxApprovalMessage = 4096
)

var approvalTopic = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:Automation[A-Za-z0-9_-]{0,246}$`)

func approveAction() action {
	return action{name: "aws:approve", timeout: signalTime, run: runApprove, idle: blocking, verifying: "waiting for the approvals",
		note: "Approvers by user name, user ARN, role ARN or session ARN; the form of NotificationArn is checked, and nothing is sent there; no EnhancedApprovals"}
}

func runApprove(ctx context.Context, c *stepContext) (result, error) {
	a, err := readApproval(c)
	if err != nil {
		return result{}, err
	}
	c.show(a.outputs())
	if err := c.awaitSignal(ctx, a); err != nil {
		return result{}, err
	}
	c.execution.mu.Lock()
	defer c.execution.mu.Unlock()
	out := result{outputs: a.outputs()}
	if !a.rejected {
		return out, nil
	}
	last := a.decisions[len(a.decisions)-1]
	for _, d := range a.decisions {
		if !d.approved {
			last = d
		}
	}
	cause := "The approval request was rejected by " + last.arn
	if last.comment != "" {
		cause += ": " + last.comment
	}
	return out, &stepFailure{phase: phasePoll, cause: cause, stage: "PostVerification", kind: "Action", final: true}
}

func readApproval(c *stepContext) (*approval, error) {
	in := c.inputs
	if err := in.only("Approvers", "MinRequiredApprovals", "NotificationArn", "Message"); err != nil {
		return nil, err
	}
	if err := c.signalTime(); err != nil {
		return nil, err
	}
	approvers, err := in.texts("Approvers")
	if err != nil {
		return nil, err
	}
	if len(approvers) == 0 || len(approvers) > maxApprovers {
		return nil, invalidInput("The input Approvers must name 1 to 10 principals")
	}
	needed, err := in.number("MinRequiredApprovals", 1, 1, len(approvers))
	if err != nil {
		return nil, err
	}
	message, err := in.text("Message")
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(message) > maxApprovalMessage {
		return nil, invalidInput("The input Message is longer than 4096 characters")
	}
	topic, err := in.text("NotificationArn")
	if err != nil {
		return nil, err
	}
	if topic != "" && !approvalTopic.MatchString(topic) {
		return nil, invalidInput("The input NotificationArn must be the ARN of an Amazon SNS topic whose name begins with Automation")
	}
	return &approval{approvers: approvers, needed: needed}, nil
}

// signalTime refuses steps that would wait for a signal longer than AWS lets them.
func (c *stepContext) signalTime() error {
	if c.step.TimeoutSeconds > maxSignalTime {
		return invalidInput("The timeoutSeconds of " + c.step.Action + " is at most " + strconv.Itoa(maxSignalTime))
	}
	return nil
}

// show publishes outputs while the step runs. The map must not change afterwards.
func (c *stepContext) show(outputs map[string]any) {
	c.execution.mu.Lock()
	defer c.execution.mu.Unlock()
	c.run.outputs = outputs
}
